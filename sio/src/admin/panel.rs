//! [`Panel`]: the state of a server's Admin UI.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError, Weak};
#[cfg(feature = "cluster")]
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::NAMESPACE;
use super::feed::{Feed, Watch};
use super::listing::Listing;
#[cfg(feature = "cluster")]
use super::listing::MAX_SOCKETS;
use super::logins::{Fingerprint, LASTS, Logins, Refusal};
use super::options::{Admin, AdminMode};
use super::telling;
use crate::handle::socket::Socket;
use crate::hub::Namespace;
use crate::observe::Observer;
use crate::random::Ids;
use crate::server::{Server, ServerInner};

/// How long other nodes have to say which sockets and logins they know.
#[cfg(feature = "cluster")]
const OTHERS_TAKE: Duration = Duration::from_secs(1);

/// The events between the nodes of a cluster.
#[cfg(feature = "cluster")]
mod between_nodes {
    /// Somebody has logged in.
    pub(super) const LOGIN: &str = "sio:admin login";
    /// Asks how long a login lasts.
    pub(super) const KNOWN: &str = "sio:admin known";
    /// Asks for the sockets that are listed.
    pub(super) const SOCKETS: &str = "sio:admin sockets";
}

/// The Admin UI of one server.
pub(crate) struct Panel {
    pub(super) options: Admin,
    /// None if everybody is let in.
    logins: Option<Logins>,
    pub(super) feed: Arc<Feed>,
    pub(super) listing: Mutex<Listing>,
    /// Those who have just come, and are to be told of all sockets.
    pub(super) newcomers: Mutex<Vec<Socket>>,
    /// Those who are to be told of these.
    pub(super) answers: Mutex<Vec<(Socket, Vec<Value>)>>,
    has_begun: AtomicBool,
}

impl Panel {
    pub(crate) fn new(options: Admin) -> Arc<Self> {
        if options.account.is_none() {
            tracing::warn!(target: "sio::server", "the Admin UI is open to everybody who can reach the server");
        }
        Arc::new(Self {
            logins: options.account.clone().map(Logins::new),
            options,
            feed: Arc::new(Feed::new()),
            listing: Mutex::new(Listing::new()),
            newcomers: Mutex::default(),
            answers: Mutex::default(),
            has_begun: AtomicBool::new(false),
        })
    }

    pub(super) fn is_development(&self) -> bool {
        self.options.mode == AdminMode::Development
    }

    /// Returns what is to observe the server. Counts alone need no observer.
    pub(crate) fn observer(&self) -> Option<impl Observer + use<>> {
        self.is_development().then(|| Watch(Arc::clone(&self.feed)))
    }

    /// Begins to tell, if that was not done before. Outside of a runtime it does nothing.
    pub(crate) fn begin(self: &Arc<Self>, server: &Weak<ServerInner>) {
        // Each session that is opened comes here.
        if self.has_begun.load(Relaxed) {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if !self.has_begun.swap(true, Relaxed) {
            runtime.spawn(telling::tell(Arc::clone(self), server.clone()));
        }
    }

    /// Returns until when a client is let in, which may have no end, and its new login.
    pub(super) async fn login(&self, socket: &Socket, credentials: Credentials) -> Result<Login, Refusal> {
        let Some(logins) = &self.logins else { return Ok(Login { end: None, secret: None }) };
        let ip = socket.handshake().ip();
        let known = credentials.session_id.as_deref().map(Fingerprint::of);
        if let Some(end) = known.and_then(|login| logins.known(login)) {
            return Ok(Login { end: Some(end), secret: None });
        }
        if !logins.attempt(ip) {
            return Err(Refusal::Invalid);
        }
        if let Some(end) = self.known_elsewhere(logins, socket.namespace(), known).await {
            logins.succeeded(ip);
            return Ok(Login { end: Some(end), secret: None });
        }
        let (Some(name), Some(password)) = (credentials.username, credentials.password) else {
            return Err(Refusal::Invalid);
        };
        let checked = logins.check(&name, password).await;
        if checked != Err(Refusal::Invalid) {
            logins.succeeded(ip);
        }
        checked?;
        let (secret, end) = (Ids::default().private_id().as_str().to_owned(), Instant::now() + LASTS);
        logins.add(Fingerprint::of(&secret), end);
        self.tell_others(socket.namespace(), Fingerprint::of(&secret)).await;
        Ok(Login { end: Some(end), secret: Some(secret) })
    }

    /// A client was let in.
    pub(super) fn welcome(&self, socket: &Socket) {
        if self.is_development() {
            lock(&self.newcomers).push(socket.clone());
        }
    }

    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "with the feature `cluster` others are asked")]
    async fn known_elsewhere(&self, _: &Logins, _: &Namespace, _: Option<Fingerprint>) -> Option<Instant> {
        None
    }

    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "with the feature `cluster` others are told")]
    async fn tell_others(&self, _: &Namespace, _: Fingerprint) {}

    /// Returns the sockets that other nodes list.
    #[cfg(not(feature = "cluster"))]
    #[expect(clippy::unused_async, reason = "with the feature `cluster` others are asked")]
    pub(super) async fn sockets_elsewhere(_: &Namespace) -> Vec<Value> {
        Vec::new()
    }
}

#[cfg(feature = "cluster")]
impl Panel {
    /// Hears what other nodes ask and say.
    pub(crate) fn listen(self: &Arc<Self>, events: &mut crate::cluster::ServerEvents) {
        use std::future::ready;

        use sio_cluster::NodeId;

        let panel = Arc::clone(self);
        events.add(between_nodes::LOGIN.to_owned(), move |_: NodeId, (login, seconds): (String, u64)| {
            if let (Some(logins), Some(login)) = (&panel.logins, Fingerprint::from_text(&login)) {
                logins.add(login, Instant::now() + Duration::from_secs(seconds.min(LASTS.as_secs())));
            }
            ready(())
        });
        let panel = Arc::clone(self);
        events.add(between_nodes::KNOWN.to_owned(), move |_: NodeId, login: String| {
            let login = Fingerprint::from_text(&login);
            let end = panel.logins.as_ref().and_then(|logins| logins.known(login?));
            ready(end.map(|end| end.duration_since(Instant::now()).as_secs()))
        });
        let panel = Arc::clone(self);
        events.add(between_nodes::SOCKETS.to_owned(), move |_: NodeId, _: Value| {
            ready(lock(&panel.listing).all())
        });
    }

    async fn known_elsewhere(
        &self,
        logins: &Logins,
        namespace: &Namespace,
        login: Option<Fingerprint>,
    ) -> Option<Instant> {
        let login = login?;
        let text = login.to_text();
        let asked =
            namespace.server_emit_with_ack_within::<Option<u64>>(OTHERS_TAKE, between_nodes::KNOWN, &text);
        let answers = asked.await.ok()?.items;
        let seconds = answers.into_iter().filter_map(|(_, answer)| answer.ok().flatten()).max()?;
        let end = Instant::now() + Duration::from_secs(seconds).min(LASTS);
        logins.add(login, end);
        Some(end)
    }

    async fn tell_others(&self, namespace: &Namespace, login: Fingerprint) {
        let login = (login.to_text(), LASTS.as_secs());
        if let Err(error) = namespace.server_emit(between_nodes::LOGIN, &login).await {
            tracing::warn!(target: "sio::cluster", %error, "other nodes cannot be told of a login of the Admin UI");
        }
    }

    /// Returns the sockets that other nodes list.
    pub(super) async fn sockets_elsewhere(namespace: &Namespace) -> Vec<Value> {
        let asked = namespace.server_emit_with_ack_within::<Vec<Value>>(
            OTHERS_TAKE,
            between_nodes::SOCKETS,
            &Value::Null,
        );
        let Ok(answers) = asked.await else { return Vec::new() };
        let all = answers.items.into_iter().filter_map(|(_, sockets)| sockets.ok()).flatten();
        all.take(MAX_SOCKETS).collect()
    }
}

/// The auth payload of a client.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Credentials {
    username: Option<String>,
    password: Option<String>,
    session_id: Option<String>,
}

/// A client is let in.
pub(super) struct Login {
    pub(super) end: Option<Instant>,
    /// The secret that lets it in the next time; none if it has shown that.
    pub(super) secret: Option<String>,
}

/// Returns the namespaces of a server but that of the UI.
pub(super) fn shown(server: &Server) -> Vec<Namespace> {
    let mut all = server.namespaces();
    all.retain(|namespace| namespace.path() != NAMESPACE);
    all
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
