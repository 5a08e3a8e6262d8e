//! What can be set for an Engine.IO server.

use std::time::Duration;

use sio_core::engine::config::{Revision, SessionConfig, TransportKind};
use sio_core::engine::packet::Message;
use sio_core::engine::payload::DEFAULT_MAX_PACKETS;

use super::hooks::Hooks;
use super::outbox::QueueLimits;
use crate::http::cookie::Cookie;
use crate::http::origin::AllowedOrigins;
use crate::http::{AllowedHosts, Forwarded};

/// The settings of an Engine.IO server, with the defaults of the protocol.
///
/// `sio::Builder` has a method for each; whoever uses [`Engine`](super::Engine) alone sets the fields.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio::engine::Config;
///
/// let mut config = Config::default();
/// config.path = "/engine.io".to_owned();
/// config.ping_interval = Duration::from_secs(10);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// Where requests are answered: this path, with and without a slash at its end, and nothing below it.
    /// Default `/socket.io`.
    pub path: String,
    /// The transports that may be used. Default: polling and WebSocket.
    pub transports: Vec<TransportKind>,
    /// Whether a client on polling may move to WebSocket. Default true.
    pub allow_upgrades: bool,
    /// Whether clients of Engine.IO 3 may connect besides those of Engine.IO 4. Default false.
    pub allow_eio3: bool,
    /// Whether their sockets have the ids that they give themselves, which are made of the session's.
    pub(crate) eio3_client_ids: bool,
    /// From the open packet, and from each pong, to the next ping. Default 25 s.
    pub ping_interval: Duration,
    /// How long after a ping its pong may take. Default 20 s.
    pub ping_timeout: Duration,
    /// How long an upgrade may take from the second transport's request to the upgrade packet. Default 10 s.
    pub upgrade_timeout: Duration,
    /// The size of one incoming message or polling body, and what a polling answer is filled up to, in bytes.
    /// Default 1,000,000.
    pub max_payload: usize,
    /// Packets in one polling answer, for all clients. Default: as many as fit into `max_payload`, but 16 for the clients
    /// of python-engineio, which refuse more; they are known by their `User-Agent`.
    pub polling_packets: Option<usize>,
    /// Bytes that may wait for one client; broadcasts in a burst may bring eight times as many. Default 1 MiB.
    pub outgoing_queue_bytes: usize,
    /// Packets that may wait for one client; broadcasts in a burst may bring eight times as many. Default 1,024.
    pub outgoing_queue_packets: usize,
    /// How long a client may take nothing while a burst of broadcasts waits for it. Default 1 s.
    pub slow_client_grace: Duration,
    /// Sessions open at the same time. Default unlimited; beyond it new ones get `403`.
    pub max_connections: usize,
    /// Sessions open at the same time for one address; IPv6 addresses are counted by their /64 network. Default
    /// unlimited; beyond it new ones get `403`. Clients whose address is not known are counted together.
    pub max_connections_per_address: usize,
    /// From which pages a browser may connect. Default: those of the same origin.
    pub allowed_origins: AllowedOrigins,
    /// For which hosts requests are answered. Default: every host.
    pub allowed_hosts: AllowedHosts,
    /// A cookie with the session's id, for load balancers that route by it. Default none.
    pub cookie: Option<Cookie>,
    /// Which headers of proxies are believed. Default none.
    pub forwarded: Option<Forwarded>,
    /// A message that every client gets right behind the open packet. Default none.
    pub initial_packet: Option<Message>,
    /// From which size on, in bytes, a polling answer is compressed for clients that accept gzip or deflate; none
    /// to compress nothing. Default 1,024.
    #[cfg(feature = "compression")]
    pub http_compression: Option<usize>,
    /// What the application decides about requests. Default nothing.
    pub hooks: Hooks,
}

impl Default for Config {
    fn default() -> Self {
        let protocol = SessionConfig::default();
        Self {
            path: "/socket.io".to_owned(),
            transports: vec![TransportKind::Polling, TransportKind::WebSocket],
            allow_upgrades: true,
            allow_eio3: false,
            eio3_client_ids: false,
            ping_interval: protocol.ping_interval,
            ping_timeout: protocol.ping_timeout,
            upgrade_timeout: protocol.upgrade_timeout,
            max_payload: protocol.max_payload,
            polling_packets: None,
            outgoing_queue_bytes: 1024 * 1024,
            outgoing_queue_packets: 1024,
            slow_client_grace: Duration::from_secs(1),
            max_connections: usize::MAX,
            max_connections_per_address: usize::MAX,
            allowed_origins: AllowedOrigins::default(),
            allowed_hosts: AllowedHosts::default(),
            cookie: None,
            forwarded: None,
            initial_packet: None,
            #[cfg(feature = "compression")]
            http_compression: Some(1024),
            hooks: Hooks::default(),
        }
    }
}

impl Config {
    pub(crate) fn session(&self) -> SessionConfig {
        SessionConfig {
            ping_interval: self.ping_interval,
            ping_timeout: self.ping_timeout,
            upgrade_timeout: self.upgrade_timeout,
            max_payload: self.max_payload,
        }
    }

    /// How long a packet may take from its text to the last of its attachments.
    pub(crate) fn packet_timeout(&self) -> Duration {
        self.upgrade_timeout.max(self.ping_timeout)
    }

    /// How many packets a polling answer for a client of this `User-Agent` holds.
    pub(crate) fn polling_packets_for(&self, user_agent: Option<&str>) -> usize {
        let is_careful = user_agent.is_some_and(is_python_engineio);
        self.polling_packets.unwrap_or(if is_careful { DEFAULT_MAX_PACKETS } else { usize::MAX })
    }

    pub(crate) fn queue_limits(&self) -> QueueLimits {
        QueueLimits { bytes: self.outgoing_queue_bytes, packets: self.outgoing_queue_packets }
    }

    pub(crate) fn allows(&self, transport: TransportKind) -> bool {
        self.transports.contains(&transport)
    }

    /// The revisions of the protocol that clients may speak.
    pub(crate) fn revisions(&self) -> &'static [Revision] {
        if self.allow_eio3 { &[Revision::V3, Revision::V4] } else { &[Revision::V4] }
    }

    /// Whether a session on polling is told that it may move to WebSocket.
    pub(crate) fn offers_upgrade(&self) -> bool {
        self.allow_upgrades && self.allows(TransportKind::WebSocket)
    }
}

/// Whether this is the `User-Agent` of one of python-engineio's clients: that of `requests`, or of `aiohttp` in Python.
fn is_python_engineio(user_agent: &str) -> bool {
    user_agent.starts_with("python-requests/")
        || user_agent.strip_prefix("Python/").is_some_and(|rest| rest.contains(" aiohttp/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_clients_of_python_engineio_get_few_packets() {
        let mut config = Config::default();
        for (user_agent, packets) in [
            (Some("python-requests/2.32.3"), 16),
            (Some("Python/3.12 aiohttp/3.11.11"), 16),
            (Some("Mozilla/5.0 (X11; Linux x86_64) python-requests/2"), usize::MAX),
            (Some("Python/3.12 websockets/13.1"), usize::MAX),
            (Some("node-XMLHttpRequest"), usize::MAX),
            (Some(""), usize::MAX),
            (None, usize::MAX),
        ] {
            assert_eq!(config.polling_packets_for(user_agent), packets, "{user_agent:?}");
        }
        config.polling_packets = Some(3);
        assert_eq!(config.polling_packets_for(None), 3);
        assert_eq!(config.polling_packets_for(Some("python-requests/2.32.3")), 3);
    }
}
