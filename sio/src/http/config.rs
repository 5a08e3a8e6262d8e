//! Options for the requests that reach an engine.

use sio_core::engine::config::{Revision, TransportKind};

use super::cookie::Cookie;
use super::forwarded::Forwarded;
use super::hooks::Hooks;
use super::hosts::AllowedHosts;
use super::origin::AllowedOrigins;

/// The settings of an [`EngineService`](super::EngineService): which requests are answered, and how sessions open.
///
/// `sio::Builder` has a method for each; to use an [`Engine`](crate::engine::Engine) alone, set the fields.
///
/// # Examples
///
/// ```
/// use sio::engine::TransportKind;
/// use sio::http::Config;
///
/// let mut config = Config::default();
/// config.path = "/engine.io".to_owned();
/// config.transports = vec![TransportKind::WebSocket];
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The path at which requests are answered, with and without a slash at its end, and nothing below it. Default
    /// `/socket.io`.
    pub path: String,
    /// The transports that may be used. Default: polling and WebSocket. WebTransport may be used where it is served,
    /// whether or not it is among them.
    pub transports: Vec<TransportKind>,
    /// True if a client on polling may move to another transport. Default true.
    pub allow_upgrades: bool,
    /// True if clients of Engine.IO 3 may connect besides those of Engine.IO 4. Default false.
    pub allow_eio3: bool,
    /// True if their sockets have the ids that these clients derive from the id of the session.
    pub(crate) eio3_client_ids: bool,
    /// The pages from which a browser may connect. Default: those of the same origin.
    pub allowed_origins: AllowedOrigins,
    /// The hosts for which requests are answered. Default: every host.
    pub allowed_hosts: AllowedHosts,
    /// A cookie with the session's id, for load balancers that route by it. Default none.
    pub cookie: Option<Cookie>,
    /// The headers of proxies that are trusted. Default none.
    pub forwarded: Option<Forwarded>,
    /// The size in bytes from which a polling response is compressed for clients that accept gzip or deflate; `None`
    /// compresses nothing. Default 1,024.
    #[cfg(feature = "compression")]
    pub http_compression: Option<usize>,
    /// The application's decisions about requests. Default none.
    pub hooks: Hooks,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            path: "/socket.io".to_owned(),
            transports: vec![TransportKind::Polling, TransportKind::WebSocket],
            allow_upgrades: true,
            allow_eio3: false,
            eio3_client_ids: false,
            allowed_origins: AllowedOrigins::default(),
            allowed_hosts: AllowedHosts::default(),
            cookie: None,
            forwarded: None,
            #[cfg(feature = "compression")]
            http_compression: Some(1024),
            hooks: Hooks::default(),
        }
    }
}

impl Config {
    pub(super) fn allows(&self, transport: TransportKind) -> bool {
        self.transports.contains(&transport)
    }

    /// The revisions of the protocol that clients may speak.
    pub(super) fn revisions(&self) -> &'static [Revision] {
        if self.allow_eio3 { &[Revision::V3, Revision::V4] } else { &[Revision::V4] }
    }

    /// Returns whether a session on polling is told that it may move to WebSocket.
    pub(super) fn offers_websocket(&self) -> bool {
        self.allow_upgrades && self.allows(TransportKind::WebSocket)
    }
}
