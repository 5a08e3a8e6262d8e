//! Limits of what one client may bring, and of what waits for it.

use std::time::Duration;

use super::Builder;
#[cfg(doc)]
use crate::{parser::Parser, server::Server};

/// Limits.
impl Builder {
    /// Sets the largest incoming message or polling body, in bytes; a polling response is filled up to this size as
    /// well. A client that sends more is disconnected. Default 1,000,000.
    pub fn max_payload(mut self, bytes: usize) -> Self {
        self.engine.max_payload = bytes;
        self
    }

    /// Sets the largest number of binary attachments of one packet, in both directions. A client that announces more
    /// is disconnected; an emit with more fails with
    /// [`EmitError::TooManyAttachments`](crate::error::EmitError::TooManyAttachments). Default 10, which is what the
    /// official clients accept; with more they disconnect. Packets sent in `Parser::MessagePack` have no attachments,
    /// and no such limit.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.options.max_attachments = attachments;
        self
    }

    /// Sets how many clients may be connected; further ones get status 403. At least one; default unlimited.
    ///
    /// Connections that the server [accepts itself](Server::serve) are limited as well, to three for each client and
    /// four more. A connection beyond that gets the place of one that is idle, which is closed; where all are at work
    /// it is closed itself, with status 503.
    pub fn max_connections(mut self, connections: usize) -> Self {
        self.engine.max_connections = connections;
        self
    }

    /// Sets how many bytes may wait for one client: the soft limit. A burst of broadcasts may fill eight times as
    /// much: see [`slow_client_grace`](Self::slow_client_grace). At least one; default 1 MiB.
    pub fn outgoing_queue_bytes(mut self, bytes: usize) -> Self {
        self.engine.outgoing_queue_bytes = bytes;
        self
    }

    /// Sets how many packets may wait for one client: the soft limit, as for
    /// [`outgoing_queue_bytes`](Self::outgoing_queue_bytes). At least one; default 1,024.
    pub fn outgoing_queue_packets(mut self, packets: usize) -> Self {
        self.engine.outgoing_queue_packets = packets;
        self
    }

    /// Sets how long a client may read nothing while broadcasts have filled its queue beyond the soft limit. After
    /// that it is disconnected with the reason `slow client`. Must be longer than zero; default 1 s.
    ///
    /// A client that takes something keeps its place for as long as the burst stays below the hard bound, which is
    /// eight times the soft one. Beyond that it is disconnected at once.
    pub fn slow_client_grace(mut self, grace: Duration) -> Self {
        self.engine.slow_client_grace = grace;
        self
    }

    /// Sets how many packets one polling response may hold, for all clients. At least one.
    ///
    /// Default: as many as fit into [`max_payload`](Self::max_payload), and 16 for the clients of python-socketio,
    /// which refuse more. They are told by their `User-Agent` (`python-requests/…`, `Python/… aiohttp/…`): where such
    /// clients use another, set 16 here.
    pub fn polling_packets(mut self, packets: usize) -> Self {
        self.engine.polling_packets = Some(packets);
        self
    }
}
