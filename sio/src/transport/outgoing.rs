//! Packets on their way out, between a session's mailbox and its transport.

use bytes::Bytes;
use smallvec::SmallVec;

/// Packets as ready-made WebSocket frames, each entry with its attachments. Two fit without an allocation, so
/// that a client that keeps up costs none for its queue.
pub(crate) type Queue = SmallVec<[Bytes; 2]>;

/// What a transport has taken over since it was last asked.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}
