//! The facts about a client that come from the request that opened its session.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::AtomicUsize;
use std::time::SystemTime;

use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::http::Extensions;
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use sio_core::engine::config::Revision;
use sio_core::id::SessionId;

use crate::guarded::Guarded;
use crate::peer::Peer;

/// The request that opened a client's session: headers, query, address, time, and what layers have added to it.
///
/// It is the same for all namespaces of one connection, and stays what it was when the transport changes.
///
/// # Examples
///
/// ```
/// use sio::prelude::*;
///
/// fn language(handshake: &Handshake) -> &str {
///     handshake.header("accept-language").unwrap_or("en")
/// }
/// ```
pub struct Handshake {
    /// Path and query, a line feed, then `name: value` lines. One block: headers in a map would take more
    /// memory than everything else that an idle connection holds.
    head: Box<[u8]>,
    peer: Peer,
    time: SystemTime,
    revision: Revision,
    subprotocol: Option<Box<str>>,
    own_session: Option<Box<SessionId>>,
    /// How many sockets of the connection are waited for. Here because they have this in common.
    parked: AtomicUsize,
    /// A pointer, null when there are none.
    extensions: Guarded<Extensions>,
}

impl Handshake {
    pub(crate) fn of(request: &Parts, peer: Peer, time: SystemTime) -> Self {
        let target = request.uri.path_and_query().map_or("/", |target| target.as_str());
        let headers: usize =
            request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 3).sum();
        let mut head = Vec::with_capacity(target.len() + 1 + headers);
        head.extend_from_slice(target.as_bytes());
        head.push(b'\n');
        for (name, value) in &request.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.extend_from_slice(b": ");
            head.extend_from_slice(value.as_bytes());
            head.push(b'\n');
        }
        Self {
            head: head.into_boxed_slice(),
            peer,
            time,
            revision: Revision::default(),
            subprotocol: None,
            parked: AtomicUsize::new(0),
            own_session: None,
            extensions: Guarded::new(kept(&request.extensions)),
        }
    }

    /// The handshake of a client of another node, of what that node tells of it.
    #[cfg(feature = "cluster")]
    pub(crate) fn of_other_node(
        head: Vec<u8>,
        peer: Peer,
        time: SystemTime,
        revision: Revision,
        subprotocol: Option<Box<str>>,
    ) -> Self {
        Self {
            head: head.into_boxed_slice(),
            peer,
            time,
            revision,
            subprotocol,
            own_session: None,
            parked: AtomicUsize::new(0),
            extensions: Guarded::new(Extensions::new()),
        }
    }

    /// Path, query and headers as one text, which [`Self::of_other_node`] takes.
    #[cfg(feature = "cluster")]
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// With what the two sides have agreed on.
    pub(crate) fn agreed(self, revision: Revision, subprotocol: Option<Box<str>>) -> Self {
        Self { revision, subprotocol, ..self }
    }

    /// With the id of the session, which the client takes for its own and which is therefore to be no secret.
    pub(crate) fn of_session(self, session: SessionId) -> Self {
        Self { own_session: Some(Box::new(session)), ..self }
    }

    /// The id of the session, if it is no secret.
    pub(crate) fn own_session(&self) -> Option<&SessionId> {
        self.own_session.as_deref()
    }

    /// Returns the value of a header that is valid text, by its name in any case; the first if it was sent twice.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.lines();
        let (_, value) = lines.find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))?;
        std::str::from_utf8(value).ok()
    }

    /// Returns all headers. Each call builds a new map: use [`Handshake::header`] for a single header.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        let pairs = self.lines().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
        });
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value);
        }
        headers
    }

    fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let lines = self.head.split(|byte| *byte == b'\n').skip(1);
        lines.filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((&line[..colon], line.get(colon + 2..)?))
        })
    }

    /// Returns the path of the request.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target().split('?').next().unwrap_or_default()
    }

    /// Returns the query string as it was sent, without the question mark; empty when there was none.
    #[must_use]
    pub fn query(&self) -> &str {
        self.target().split_once('?').map_or("", |(_, query)| query)
    }

    /// Returns one parameter of the query, percent-decoded; the first if it was given twice.
    #[must_use]
    pub fn query_param(&self, name: &str) -> Option<String> {
        self.query_params().find(|(found, _)| found == name).map(|(_, value)| value)
    }

    /// Returns all parameters of the query in their order, percent-decoded.
    pub fn query_params(&self) -> impl Iterator<Item = (String, String)> {
        form_urlencoded::parse(self.query().as_bytes())
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
    }

    /// Returns the revision of Engine.IO that the client speaks: 4, or 3 if
    /// [`Builder::allow_eio3`](crate::Builder::allow_eio3) lets older clients in, including those that name no
    /// revision. Older clients have no auth payload: what they want to say when they connect to `/` is in the query.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::engine::Revision;
    /// use sio::Value;
    /// use sio::prelude::*;
    ///
    /// fn token(handshake: &Handshake, auth: &Value) -> Option<String> {
    ///     match handshake.revision() {
    ///         Revision::V3 => handshake.query_param("token"),
    ///         Revision::V4 => auth.get("token").and_then(Value::as_str).map(str::to_owned),
    ///     }
    /// }
    /// ```
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Returns the WebSocket subprotocol that was agreed on, if the client asked for one in `Sec-WebSocket-Protocol`:
    /// the first that it named, unless [`Builder::subprotocols`](crate::Builder::subprotocols) chooses.
    ///
    /// `None` as well for a session that opened over polling. If such a client asks for subprotocols when it changes to
    /// WebSocket, it is answered by the same rule.
    #[must_use]
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    fn target(&self) -> &str {
        let end = self.head.iter().position(|byte| *byte == b'\n').unwrap_or(self.head.len());
        // hyper accepts only ASCII in a request's target.
        std::str::from_utf8(&self.head[..end]).unwrap_or_default()
    }

    /// Returns the address of the client: the one that [trusted proxies](crate::Builder::forwarded) report, with port
    /// 0 if they name none; otherwise the peer of the connection, which is the proxy if there is one. `None` if the
    /// proxy does not know it, or the server that owns the connection did not [set](crate::http::Peer) it.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer.address()
    }

    /// Returns the client's IP address, without the port; known if [`Handshake::peer`] is.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.peer.ip()
    }

    /// Returns whether the client's connection is encrypted, as [trusted proxies](crate::Builder::forwarded) report
    /// or as far as this server can see.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.peer.is_secure()
    }

    /// Returns a value from the extensions of the request, which a layer in front of the server has stored there,
    /// such as the user whom it has authenticated. `None` if there is none of this type. Handlers can take it as
    /// [`HttpExtension<T>`](crate::extract::HttpExtension) too.
    ///
    /// Values are copied when the session opens, and live as long as it does; later requests of the session are not
    /// looked at. Those that say who the client is ([`Peer`], axum's `ConnectInfo`) are left out:
    /// [`Handshake::peer`] has them.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// #[derive(Clone)]
    /// struct User(String);
    ///
    /// fn name(handshake: &Handshake) -> &str {
    ///     handshake.extension::<User>().map_or("nobody", |user| &user.0)
    /// }
    /// ```
    #[must_use]
    pub fn extension<T: Send + Sync + 'static>(&self) -> Option<&T> {
        self.extensions.get()
    }

    /// How many sockets of the connection are waited for.
    pub(crate) fn parked(&self) -> &AtomicUsize {
        &self.parked
    }

    /// Returns when the request was received.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }
}

/// The extensions that are the application's.
fn kept(extensions: &Extensions) -> Extensions {
    if extensions.is_empty() {
        return Extensions::new();
    }
    let mut kept = extensions.clone();
    // It would keep a half of the connection alive.
    kept.remove::<OnUpgrade>();
    // Known already, and nothing that an idle connection should pay for twice.
    kept.remove::<Peer>();
    #[cfg(feature = "axum")]
    kept.remove::<axum::extract::ConnectInfo<SocketAddr>>();
    if kept.is_empty() { Extensions::new() } else { kept }
}

impl fmt::Debug for Handshake {
    /// Leaves headers and extensions out: they hold cookies and tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handshake")
            .field("path", &self.path())
            .field("peer", &self.peer.address())
            .field("is_secure", &self.peer.is_secure())
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}
