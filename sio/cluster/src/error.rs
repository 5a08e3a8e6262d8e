//! Why something cannot be sent, and why a node cannot enter.

use crate::bus::BusError;

/// Why something cannot be told to other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// It is larger than a frame may be, or names more rooms.
    #[error("{size} bytes are more than the {limit} that can be sent to other nodes at once")]
    TooLarge {
        /// How large it is.
        size: usize,
        /// How large it may be.
        limit: usize,
    },
    /// More rooms are named than other nodes accept.
    #[error("more rooms are named than the 65,536 that other nodes accept")]
    TooManyRooms,
}

/// Why a node cannot enter its cluster.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The broker cannot be used.
    #[error("cannot connect to {bus}: {reason}")]
    Bus {
        /// The broker, without its password.
        bus: String,
        /// The reason.
        reason: BusError,
    },
    /// It was started before.
    #[error("the cluster has been started already")]
    Started,
}
