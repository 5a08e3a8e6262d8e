//! Options of transports and heartbeats.

use std::time::Duration;

use super::Builder;
use crate::engine::TransportKind;
use crate::http::{AllowedOrigins, Cookie};
use crate::parser::Parser;

/// Transports and heartbeats.
impl Builder {
    /// Sets the path at which Socket.IO is served, with and without a slash at its end. It begins with a slash and is
    /// percent-encoded, as in a URL. Default `/socket.io`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.http.path = path.into();
        self
    }

    /// Sets the transports that clients may use. Default: polling and WebSocket. WebTransport is not among them: with
    /// the feature `webtransport`, `Server::serve_webtransport` lets clients use it.
    pub fn transports(mut self, transports: impl IntoIterator<Item = TransportKind>) -> Self {
        self.http.transports = transports.into_iter().collect();
        self
    }

    /// Sets how Socket.IO packets are encoded. Default JSON; all clients have to use the same.
    ///
    /// # Examples
    ///
    /// For clients that connect with `io(url, { parser: require("socket.io-msgpack-parser") })`:
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// # #[cfg(feature = "msgpack")]
    /// let builder = Server::builder().parser(sio::options::Parser::MessagePack);
    /// # #[cfg(feature = "msgpack")]
    /// # drop(builder);
    /// ```
    pub fn parser(mut self, parser: Parser) -> Self {
        self.options.parser = parser;
        self
    }

    /// Sets whether a client on polling may move to WebSocket or WebTransport. Default true.
    pub fn allow_upgrades(mut self, allow: bool) -> Self {
        self.http.allow_upgrades = allow;
        self
    }

    /// Sets the time from the open packet, and from each pong, to the next ping. Default 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.engine.ping_interval = interval;
        self
    }

    /// Sets how long a client may take to answer a ping before it is disconnected with `ping timeout`. Default 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.engine.ping_timeout = timeout;
        self
    }

    /// Sets how long an upgrade from polling may take; after that the client stays on polling. A WebTransport session has
    /// as long for its first packet. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.engine.upgrade_timeout = timeout;
        self
    }

    /// Sets how long a client may be connected before it asks for its first namespace. Must be longer than zero;
    /// default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.options.connect_timeout = timeout;
        self
    }

    /// Sets a cookie that holds the session's id, for load balancers that route by it. Default none.
    pub fn cookie(mut self, cookie: Cookie) -> Self {
        self.http.cookie = Some(cookie);
        self
    }

    /// Sets from which pages browsers may connect, on polling and WebSocket alike. Default: those of the same origin.
    /// Requests without an `Origin` header do not come from a page and are always allowed.
    ///
    /// A listed origin that is not `scheme://host[:port]` is an error of [`Builder::build`].
    pub fn allowed_origins(mut self, origins: impl Into<AllowedOrigins>) -> Self {
        self.http.allowed_origins = origins.into();
        self
    }
}
