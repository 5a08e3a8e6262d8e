//! Packets on their way out, between a session's outbox and its transport.

use bytes::Bytes;
use smallvec::SmallVec;

/// Packets as ready-made WebSocket frames, each entry with its attachments. Two fit without an allocation, so
/// that a client that keeps up costs none for its queue.
pub(crate) type Queue = SmallVec<[Bytes; 2]>;

/// A packet on its way into the outbox.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub(crate) frames: Bytes,
    /// True if the long-polling response that carries it may be compressed.
    pub(crate) compress: bool,
}

impl Entry {
    /// Takes the packet out, without a copy.
    pub(crate) fn take(&mut self) -> Self {
        Self { frames: std::mem::take(&mut self.frames), compress: self.compress }
    }
}

impl From<Bytes> for Entry {
    fn from(frames: Bytes) -> Self {
        Self { frames, compress: true }
    }
}

/// A number of packets and their bytes: taken over by a transport since it was last asked, or not yet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Amount {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
}
