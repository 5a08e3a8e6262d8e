//! How much a queue takes, and of whom.

/// How far beyond its soft bound a burst may fill a queue.
pub(super) const BURST: usize = 8;

/// How far those may fill it who have been overtaken: what is left is for the burst, whose end is that of the client.
pub(super) const OVERTAKEN: usize = BURST - 1;

/// Soft bounds of the outgoing queue of one connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueueLimits {
    pub(crate) bytes: usize,
    pub(crate) packets: usize,
}

impl QueueLimits {
    pub(super) fn times(self, factor: usize) -> Self {
        Self { bytes: self.bytes.saturating_mul(factor), packets: self.packets.saturating_mul(factor) }
    }

    pub(super) fn half(self) -> Self {
        Self { bytes: self.bytes / 2, packets: self.packets / 2 }
    }
}

/// How a packet is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// If there is room for it below the soft bound.
    Now,
    /// As [`Now`](Self::Now), after a wait in which others have kept the queue above its soft bound: there may be a
    /// little room left for others.
    Overtaken,
    /// If the transport can take it now; else it is lost.
    Volatile,
    /// As one of many copies, whose sender waits for no single receiver: in a burst up to the hard bound.
    Fanout,
}

/// Why a packet was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PushError {
    /// The queue has no room now.
    Full,
    /// The session has ended.
    Closed,
}
