//! Options for what clients may speak.

use super::Builder;

/// Protocols.
impl Builder {
    /// Whether clients of the protocols before the present ones may connect too: `socket.io-client` 2.x and others that
    /// speak Engine.IO 3. Default false: they are answered 400.
    ///
    /// The same consumers serve them, beside clients of Engine.IO 4. What is different for them:
    ///
    /// * The server puts each of them into `/` without being asked, so the `connect` hook of `/` runs for all of them.
    /// * They have no auth payload. For another namespace than `/` their `query` stands in for it, as an object of texts;
    ///   for `/` it is in the request: [`Handshake::query_param`](crate::Handshake::query_param).
    /// * The event `error` tells them of a refusal: with the data of the error or, without data, its message.
    /// * Their own `socket.id` is not [`Socket::id`](crate::Socket::id): they take the id of the session for it, which
    ///   is a secret here. Where a client has to know its id, emit it as an event.
    /// * They ping, and the server answers. [`ping_interval`](Self::ping_interval) and
    ///   [`ping_timeout`](Self::ping_timeout) together are the time within which the next ping has to come.
    /// * [`connect_timeout`](Self::connect_timeout) disconnects those whom `/` has refused and who join nothing else.
    ///
    /// JSONP polling is not served, and neither is MessagePack: with that [parser](Self::parser) the server does not start.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().allow_eio3(true);
    /// # let _ = builder;
    /// ```
    pub fn allow_eio3(mut self, allow: bool) -> Self {
        self.engine.allow_eio3 = allow;
        self
    }
}
