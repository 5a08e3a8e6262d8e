//! Options for the sessions of an engine.

use std::time::Duration;

use sio_core::engine::config::SessionConfig;
use sio_core::engine::packet::Message;
use sio_core::engine::payload::DEFAULT_MAX_PACKETS;
use sio_core::id::SessionId;

use super::ids::Ids;
use super::outbox::QueueLimits;

/// The settings of an engine's sessions, with the defaults of the protocol: heartbeat, sizes, queues and counts.
///
/// `sio::Builder` has a method for each; to use [`Engine`](super::Engine) alone, set the fields. Settings for
/// requests are in [`http::Config`](crate::http::Config).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio::engine::Config;
///
/// let mut config = Config::default();
/// config.ping_interval = Duration::from_secs(10);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The time from the open packet, and from each pong, to the next ping. Default 25 s.
    pub ping_interval: Duration,
    /// How long after a ping its pong may take. Default 20 s.
    pub ping_timeout: Duration,
    /// How long an upgrade may take from the second transport's request to the upgrade packet. Default 10 s.
    pub upgrade_timeout: Duration,
    /// The largest incoming message or polling body, and the size up to which a polling response is filled, in bytes.
    /// Default 1,000,000.
    pub max_payload: usize,
    /// The most packets in one polling response, for all clients. Default: as many as fit into `max_payload`, but 16
    /// for the clients of python-engineio, which refuse more; they are known by their `User-Agent`.
    pub polling_packets: Option<usize>,
    /// The bytes that may wait for one client; broadcasts in a burst may bring eight times as many. Default 1 MiB.
    pub outgoing_queue_bytes: usize,
    /// The packets that may wait for one client; broadcasts in a burst may bring eight times as many. Default 1,024.
    pub outgoing_queue_packets: usize,
    /// How long a client may read nothing while a burst of broadcasts waits for it. Default 1 s.
    pub slow_client_grace: Duration,
    /// The most sessions open at the same time; further ones get status 403. Default unlimited.
    pub max_connections: usize,
    /// The most sessions open at the same time for one address; further ones get status 403. IPv6 addresses are
    /// counted by their /64 network. Default unlimited. Clients whose address is not known are counted together.
    pub max_connections_per_address: usize,
    /// A message that every client gets right behind the open packet. Default none.
    pub initial_packet: Option<Message>,
    /// The size in bytes from which a WebSocket message is compressed for clients that agree to permessage-deflate;
    /// `None` agrees with none of them. Default `None`.
    #[cfg(feature = "compression")]
    pub websocket_compression: Option<usize>,
    pub(crate) ids: Ids,
}

impl Default for Config {
    fn default() -> Self {
        let protocol = SessionConfig::default();
        Self {
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
            initial_packet: None,
            #[cfg(feature = "compression")]
            websocket_compression: None,
            ids: Ids::default(),
        }
    }
}

impl Config {
    /// Makes the ids of sessions. Default: 120 random bits of the operating system.
    ///
    /// An id is a secret, since anyone who knows it can read and write the session: it must not be guessable. An id
    /// that is in use is not taken again; the session gets a random one then.
    pub fn id_generator(&mut self, new_id: impl Fn() -> SessionId + Send + Sync + 'static) {
        self.ids = Ids::made_by(new_id);
    }

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

    /// The size from which on WebSocket messages are compressed, if they are.
    pub(crate) fn deflate_from(&self) -> Option<usize> {
        #[cfg(feature = "compression")]
        return self.websocket_compression;
        #[cfg(not(feature = "compression"))]
        None
    }

    pub(crate) fn queue_limits(&self) -> QueueLimits {
        QueueLimits { bytes: self.outgoing_queue_bytes, packets: self.outgoing_queue_packets }
    }
}

/// Returns whether this is the `User-Agent` of one of python-engineio's clients: that of `requests`, or of `aiohttp`
/// in Python.
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
