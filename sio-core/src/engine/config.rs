//! The numbers that an Engine.IO session runs on, and the names of its transports.
//!
//! Transports, origins and paths are not configured here: they are checked before a session exists.

use std::fmt;
use std::time::Duration;

/// A way in which packets travel (Engine.IO protocol, "Transports").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TransportKind {
    /// HTTP long-polling: GET fetches packets, POST brings them.
    Polling,
    /// One WebSocket connection.
    WebSocket,
    /// One stream of a WebTransport session, over QUIC.
    WebTransport,
}

impl TransportKind {
    /// Returns the name that stands in the query and in the open packet.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::WebSocket => "websocket",
            Self::WebTransport => "webtransport",
        }
    }

    /// Finds the transport that has this name in a query; letter case matters. WebTransport has none: its clients
    /// send no query.
    ///
    /// ```
    /// use sio_core::engine::config::TransportKind;
    ///
    /// assert_eq!(TransportKind::from_name("websocket"), Some(TransportKind::WebSocket));
    /// assert_eq!(TransportKind::from_name("webtransport"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "polling" => Some(Self::Polling),
            "websocket" => Some(Self::WebSocket),
            _ => None,
        }
    }
}

impl fmt::Display for TransportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A revision of the Engine.IO protocol, as it stands in `EIO`.
///
/// [`crate::v3`] handles the differences on the wire; the heartbeat, which goes the other way round, is handled by
/// [`Session`](super::session::Session).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Revision {
    /// `EIO=3`: clients of Socket.IO 1.x and 2.x. The client pings.
    V3,
    /// `EIO=4`: clients of Socket.IO 3.x and 4.x. The server pings.
    #[default]
    V4,
}

impl Revision {
    /// Returns the number that stands in the query.
    pub const fn number(self) -> u8 {
        match self {
            Self::V3 => 3,
            Self::V4 => 4,
        }
    }

    /// Finds the revision with this number.
    ///
    /// ```
    /// use sio_core::engine::config::Revision;
    ///
    /// assert_eq!(Revision::from_number(3), Some(Revision::V3));
    /// assert_eq!(Revision::from_number(2), None);
    /// ```
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            3 => Some(Self::V3),
            4 => Some(Self::V4),
            _ => None,
        }
    }
}

/// The configuration of one [`Session`](super::session::Session).
///
/// The defaults are those of the reference server.
///
/// ```
/// use std::time::Duration;
/// use sio_core::engine::config::SessionConfig;
///
/// let config = SessionConfig { ping_interval: Duration::from_secs(10), ..SessionConfig::default() };
/// assert_eq!(config.ping_timeout, Duration::from_secs(20));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionConfig {
    /// From the open packet, or from a pong, to the next ping. Default: 25 s.
    ///
    /// In revision 3 it is the client that counts it.
    pub ping_interval: Duration,
    /// From a ping to the moment when the session closes because no pong came. Default: 20 s.
    ///
    /// In revision 3 the session closes when no ping came for `ping_interval` and `ping_timeout` together.
    pub ping_timeout: Duration,
    /// How long the WebSocket of an upgrade may take from being attached to the upgrade packet. At the limit the
    /// session stays on polling. Default: 10 s.
    pub upgrade_timeout: Duration,
    /// The largest message, and the largest polling body, in bytes. Told to the client in the open packet; the
    /// transports enforce it. Default: 1,000,000.
    pub max_payload: usize,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(25),
            ping_timeout: Duration::from_secs(20),
            upgrade_timeout: Duration::from_secs(10),
            max_payload: 1_000_000,
        }
    }
}
