//! Packets on their way out, between a session's mailbox and its transport.

use bytes::Bytes;
use smallvec::SmallVec;

/// Packets as ready-made WebSocket frames, each entry with its attachments. Two fit without an allocation, so
/// that a client that keeps up costs none for its queue.
pub(crate) type Queue = SmallVec<[Bytes; 2]>;

/// A packet on its way into the mailbox.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) frames: Bytes,
    /// Whether the polling answer that brings it may be compressed.
    pub(crate) compress: bool,
}

impl From<Bytes> for Entry {
    fn from(frames: Bytes) -> Self {
        Self { frames, compress: true }
    }
}

/// So much of a queue: what a transport has taken over since it was last asked, or what it has yet to take.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Done {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}
