//! Options for what clients may speak.

use super::Builder;

/// Protocols.
impl Builder {
    /// Sets whether clients of older protocol versions may connect too: `socket.io-client` 2.x and others that speak
    /// Engine.IO 3, including those that name no revision. Default false: they are answered with status 400. Takes a
    /// `bool`, or an [`Eio3`] with further options.
    ///
    /// The same consumers serve them, beside clients of Engine.IO 4. The differences for them:
    ///
    /// * The server puts each of them into `/` without being asked, so the `connect` hook of `/` runs for all of them.
    /// * They have no auth payload. For namespaces other than `/`, their `query` replaces it, as an object of texts;
    ///   for `/` it is in the request: [`Handshake::query_param`](crate::Handshake::query_param).
    /// * The event `error` tells them of a refusal: with the data of the error or, without data, its message.
    /// * Their own `socket.id` is not [`Socket::id`](crate::Socket::id): they take the id of the session for it, which
    ///   is a secret here. Where a client has to know its id, emit it as an event, or see [`Eio3::client_ids`].
    /// * They ping, and the server answers. [`ping_interval`](Self::ping_interval) and
    ///   [`ping_timeout`](Self::ping_timeout) together are the time within which the next ping has to come.
    /// * [`connect_timeout`](Self::connect_timeout) disconnects those whom `/` has refused and who join nothing else.
    ///
    /// JSONP polling is refused. MessagePack is for clients of version 4 only: with that [parser](Self::parser) the server
    /// does not start.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().allow_eio3(true);
    /// # let _ = builder;
    /// ```
    pub fn allow_eio3(mut self, eio3: impl Into<Eio3>) -> Self {
        let eio3 = eio3.into();
        self.http.allow_eio3 = eio3.is_allowed;
        self.http.eio3_client_ids = eio3.client_ids;
        self
    }
}

/// How clients of Engine.IO 3 are served: see [`Builder::allow_eio3`].
///
/// # Examples
///
/// ```
/// use sio::options::Eio3;
/// use sio::prelude::*;
///
/// let builder = Server::builder().allow_eio3(Eio3::new().client_ids(true));
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it does nothing until a builder is given it"]
pub struct Eio3 {
    is_allowed: bool,
    client_ids: bool,
}

impl Eio3 {
    /// Lets these clients in, with the default of every option.
    pub const fn new() -> Self {
        Self { is_allowed: true, client_ids: false }
    }

    /// Sets whether [`Socket::id`](crate::Socket::id) of such a client is the `socket.id` that the client itself
    /// uses, as in Node: the id of its session in `/`, and `<namespace>#<id of its session>` elsewhere. Default
    /// false: it is random.
    ///
    /// Set it for applications that send ids to clients. The cost is secrecy: socket ids appear at other clients and
    /// in logs, and anyone who knows such an id can send and receive in that client's name while it is on polling,
    /// and can disconnect it. Clients of Engine.IO 4 are not affected.
    ///
    /// A client that leaves a namespace and joins it again before its `disconnect` hook has ended gets a random id
    /// there.
    pub const fn client_ids(mut self, client_ids: bool) -> Self {
        self.client_ids = client_ids;
        self
    }
}

impl Default for Eio3 {
    fn default() -> Self {
        Self::new()
    }
}

/// Sets whether these clients are let in; every other option keeps its default.
impl From<bool> for Eio3 {
    fn from(is_allowed: bool) -> Self {
        Self { is_allowed, client_ids: false }
    }
}
