//! How a client connects.

use std::net::SocketAddr;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::header::HeaderMap;
use serde::Serialize;
use sio_core::engine::frame::write_text_frame;
use sio_core::name;

use super::client::TestClient;
use super::conversation::{Phase, Place};
use super::http::{self, Http};
use super::outcome::Refused;
use super::session::Session;
use crate::Server;
use crate::engine::TransportKind;
use crate::handle::socket::Socket;

/// How long a client waits for anything that it awaits.
pub(super) const DEADLINE: Duration = Duration::from_secs(5);

/// Sets up a [`TestClient`]: made by [`TestServer::client`](super::TestServer::client).
///
/// # Examples
///
/// ```
/// use serde_json::json;
/// use sio::options::TransportKind;
/// use sio::testing::TestServer;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = TestServer::new(sio::Server::builder().collect(false).build()?);
/// let client = server
///     .client()
///     .transport(TransportKind::Polling)
///     .auth(&json!({ "token": "abc" }))
///     .header("Accept-Language", "fr")
///     .query("version", "2")
///     .connect()
///     .await?;
/// assert_eq!(client.socket().handshake().header("accept-language"), Some("fr"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "a client does nothing until `connect` is called"]
pub struct ClientBuilder {
    http: Http,
    transport: TransportKind,
    namespace: String,
    auth: Option<String>,
    place: Option<Place>,
    deadline: Duration,
}

impl ClientBuilder {
    pub(super) fn new(server: Server, peer: SocketAddr) -> Self {
        let headers: HeaderMap = http::default_headers();
        let http = Http { server, peer, is_secure: false, headers, query: String::new() };
        Self {
            http,
            transport: TransportKind::WebSocket,
            namespace: "/".to_owned(),
            auth: None,
            place: None,
            deadline: DEADLINE,
        }
    }

    /// Sets the namespace to connect to. Default `/`.
    ///
    /// # Panics
    ///
    /// When the text cannot be the name of a namespace.
    #[track_caller]
    pub fn namespace(mut self, namespace: &str) -> Self {
        check_namespace(namespace);
        namespace.clone_into(&mut self.namespace);
        self
    }

    /// Sets the auth payload, which the `connect` hook receives. Default none; `null` counts as none.
    ///
    /// # Panics
    ///
    /// When the value cannot be written as JSON.
    #[track_caller]
    pub fn auth(mut self, auth: &(impl Serialize + ?Sized)) -> Self {
        self.auth = auth_json(auth);
        self
    }

    /// Comes back as a client that has lost its connection, in its namespace, as the official clients do by
    /// themselves: see [`Builder::connection_state_recovery`](crate::Builder::connection_state_recovery). Events that
    /// the client has missed are the first that come; [`TestClient::is_recovered`] tells whether the server has let
    /// it go on.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::options::Recovery;
    /// use sio::testing::TestServer;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let builder = sio::Server::builder().collect(false).connection_state_recovery(Recovery::default());
    /// let server = TestServer::new(builder.build()?);
    /// let client = server.connect("/").await?;
    /// client.kill().await;
    /// client.expect_disconnect().await;
    /// server.of("/").emit("news", "Goal!").await?;
    ///
    /// let client = server.client().resume(&client).connect().await?;
    /// assert!(client.is_recovered());
    /// assert_eq!(client.next::<String>("news").await, "Goal!");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the server does not keep the state of clients.
    #[track_caller]
    pub fn resume(mut self, client: &TestClient) -> Self {
        let place = client.conversation(|conversation| conversation.place.clone());
        assert!(place.is_some(), "the server keeps no state of its clients: it was built without recovery");
        self.place = place;
        client.namespace().clone_into(&mut self.namespace);
        self
    }

    /// Sets the transport to begin with: WebSocket, which is the default, or polling. [`TestClient::upgrade`] moves on
    /// from polling.
    pub fn transport(mut self, transport: TransportKind) -> Self {
        self.transport = transport;
        self
    }

    /// Adds a header to all requests, in place of one that it has already. Browsers send `Origin`; without it
    /// every origin rule is passed.
    ///
    /// # Panics
    ///
    /// When name or value cannot stand in a request.
    #[track_caller]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        let (name, value) = http::parse_header(name, value);
        self.http.headers.insert(name, value);
        self
    }

    /// Adds a parameter to the query of all requests.
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let pair = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
        self.http.query.push_str(&pair);
        self.http.query.push('&');
        self
    }

    /// Sets the client's address as the server sees it. Default: a separate port of 127.0.0.1.
    pub fn peer(mut self, peer: SocketAddr) -> Self {
        self.http.peer = peer;
        self
    }

    /// Lets the connection count as encrypted.
    pub fn secure(mut self) -> Self {
        self.http.is_secure = true;
        self
    }

    /// Sets the deadline for everything that the client awaits, by tokio's clock. Default 5 s. See
    /// [`TestClient::within`] for a single wait.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Connects: returns when the server has let the client into the namespace.
    ///
    /// # Errors
    ///
    /// When the server refuses the client: its `connect` hook, or before that the server itself (no such
    /// namespace, a foreign origin, a transport that is not allowed).
    ///
    /// # Panics
    ///
    /// When the server does not answer within the deadline, or ends the connection instead.
    #[track_caller]
    pub fn connect(self) -> impl Future<Output = Result<TestClient, Refused>> + Send {
        let at = Location::caller();
        async move {
            let server = self.http.server.clone();
            let opening = Session::open(self.http, self.transport);
            let Ok(session) = tokio::time::timeout(self.deadline, opening).await else {
                panic!("{at}: the server did not open a connection within {:?}", self.deadline);
            };
            let session = Arc::new(session?);
            enter(session, server, &self.namespace, self.auth.as_deref(), self.place, self.deadline, at).await
        }
    }
}

/// Joins a namespace over a connection.
pub(super) async fn enter(
    session: Arc<Session>,
    server: Server,
    namespace: &str,
    auth: Option<&str>,
    place: Option<Place>,
    deadline: Duration,
    at: &'static Location<'static>,
) -> Result<TestClient, Refused> {
    let shared = Arc::clone(&session.shared);
    let auth = match &place {
        Some(place) => Some(place.auth(auth)),
        None => auth.map(str::to_owned),
    };
    let index = shared.lock().begin(namespace, place);
    let _written = shared.send(connect_packet(namespace, auth.as_deref()));
    let outcome = shared.wait(deadline, |state| {
        if let Some(fault) = &state.fault {
            return Some(Err(fault.clone()));
        }
        match &state.conversations[index].phase {
            Phase::Connecting => None,
            Phase::Gone(gone) => Some(Err(gone.to_string())),
            Phase::Connected(sid) => Some(Ok(Ok(sid.clone()))),
            Phase::Refused(refused) => Some(Ok(Err(refused.clone()))),
        }
    });
    let id = match outcome.await {
        Some(Ok(answer)) => answer?,
        Some(Err(why)) => fail(&session, namespace, at, &format!("cannot connect to {namespace}: {why}")),
        None => {
            let what = format!("the server did not answer the CONNECT to {namespace} within {deadline:?}");
            fail(&session, namespace, at, &what)
        }
    };
    let socket = server.get(namespace).and_then(|one| one.hub.member(&id)).map(Socket::new);
    Ok(TestClient { session, server, index, namespace: namespace.into(), id, socket, deadline })
}

fn fail(session: &Session, namespace: &str, at: &Location<'_>, what: &str) -> ! {
    let transcript = session.shared.lock().transcript.of(namespace);
    panic!("{at}: {what}\n\nthe conversation so far:\n{transcript}")
}

fn connect_packet(namespace: &str, auth: Option<&str>) -> Bytes {
    let mut frame = Vec::new();
    let auth = auth.unwrap_or_default().as_bytes();
    match namespace {
        "/" => write_text_frame(&mut frame, &[b"40", auth]),
        _ => write_text_frame(&mut frame, &[b"40", namespace.as_bytes(), b",", auth]),
    }
    frame.into()
}

/// # Panics
///
/// When the text cannot be the name of a namespace.
#[track_caller]
pub(super) fn check_namespace(namespace: &str) {
    if let Err(error) = name::check_namespace(namespace) {
        panic!("{namespace:?}: {error}");
    }
}

/// # Panics
///
/// When the value cannot be written as JSON.
#[track_caller]
pub(super) fn auth_json(auth: &(impl Serialize + ?Sized)) -> Option<String> {
    match serde_json::to_string(auth) {
        Ok(json) => Some(json).filter(|json| json != "null"),
        Err(error) => panic!("the auth payload cannot be written as JSON: {error}"),
    }
}
