//! Options for connection state recovery.

use std::time::Duration;

use crate::error::Problem;

/// Lets clients that lose their connection go on where they were: see
/// [`Builder::connection_state_recovery`](crate::Builder::connection_state_recovery).
///
/// In a cluster a client may come back at any node, also after its own node was stopped; not after that node has
/// crashed. What an application has put into [`Socket::data`](crate::Socket::data) stays at the node where it was put.
///
/// A client whose state exceeds these limits is not recovered: it comes back as a new one, with `recovered` false.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio::options::Recovery;
///
/// let recovery = Recovery::default().max_disconnection(Duration::from_secs(30)).max_packets(256);
/// # let _ = recovery;
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Recovery {
    pub(super) max_disconnection: Duration,
    pub(super) max_packets: usize,
    pub(super) max_bytes: usize,
    pub(super) max_clients: usize,
    pub(super) max_total_bytes: usize,
    pub(crate) skip_middleware: bool,
}

impl Default for Recovery {
    fn default() -> Self {
        Self {
            max_disconnection: Duration::from_secs(120),
            max_packets: 1024,
            max_bytes: 1024 * 1024,
            max_clients: 10_000,
            max_total_bytes: 256 * 1024 * 1024,
            skip_middleware: false,
        }
    }
}

impl Recovery {
    /// Sets how long after its disconnect a client may come back. Default 120 s.
    pub fn max_disconnection(mut self, duration: Duration) -> Self {
        self.max_disconnection = duration;
        self
    }

    /// Sets how many of its last events are kept for each client, connected ones included, since they may not have
    /// received them. Default 1,024. All clients share one copy of a broadcast.
    pub fn max_packets(mut self, packets: usize) -> Self {
        self.max_packets = packets;
        self
    }

    /// Sets how many bytes of its last events are kept for each client. Default 1 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// Sets how many sockets of clients that are away the server waits for at a time, in all namespaces together.
    /// Default 10,000.
    ///
    /// One that comes too late is not waited for; those that are stay. Of one connection at most 16 are, and of one
    /// IPv4 address or IPv6 /64 network no more than half of all, or once half are taken, than a 64th of those that
    /// are left. Clients whose address is not known count as one address, and so do those behind a proxy unless
    /// [`Builder::forwarded`] is set.
    ///
    /// [`Builder::forwarded`]: crate::Builder::forwarded
    pub fn max_clients(mut self, clients: usize) -> Self {
        self.max_clients = clients;
        self
    }

    /// Sets how many bytes of events the server keeps for all clients together. An event that is kept for many of
    /// them counts once, and with 64 bytes for each of them. Default 256 MiB.
    ///
    /// One client keeps at most a 64th of what is left: less than [`max_bytes`](Self::max_bytes) once the last 64 MiB
    /// are begun. Once half are taken, all clients of one IPv4 address or IPv6 /64 network share such a part, as they
    /// share [`max_clients`](Self::max_clients). But 64 KiB, or a 1,024th of less than 64 MiB, each client may keep
    /// whatever the others do; when nothing is left, what it has of that stays, and the oldest gives way to the
    /// newest.
    pub fn max_total_bytes(mut self, bytes: usize) -> Self {
        self.max_total_bytes = bytes;
        self
    }

    /// Sets whether a recovered client skips the [middleware](crate::Builder::on_connecting) in front of `connect`.
    /// Default false: a token may have expired, a user may have been banned meanwhile. `connect` itself always runs.
    pub fn skip_middleware(mut self, skip: bool) -> Self {
        self.skip_middleware = skip;
        self
    }

    /// Checks the option.
    pub(crate) fn problem(&self) -> Option<Problem> {
        let is_valid = !self.max_disconnection.is_zero()
            && self.max_packets > 0
            && self.max_bytes > 0
            && self.max_clients > 0
            && self.max_total_bytes > 0;
        let reason = "each of its bounds is more than zero".to_owned();
        (!is_valid).then_some(Problem::Option { name: "connection_state_recovery", reason })
    }
}
