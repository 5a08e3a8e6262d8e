//! Why something cannot be sent, and why a node cannot enter.

use sio_core::cluster::foreign::Inexpressible;

/// Why a broker cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct BusError {
    reason: String,
}

impl BusError {
    /// Makes an error with this text, which must not contain a password.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

/// An option is invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The prefix has no characters, too many, or such as mean something to brokers.
    #[error("the prefix `{0}` must be 1 to 64 letters, digits and `-_.:/`")]
    Prefix(String),
    /// Frames would be held for too long.
    #[error("frames can be held for a minute at most")]
    Hold,
    /// The broker carries nothing of servers of another kind, or they would use the names of this cluster.
    #[error("{servers} servers cannot be met at {bus}: {reason}")]
    Foreign {
        /// The kind of servers.
        servers: &'static str,
        /// The broker, without its password.
        bus: String,
        /// The reason.
        reason: &'static str,
    },
    /// A secret is too short.
    #[error("a secret must have 16 bytes at least: take 32 random ones")]
    Secret,
    /// There is only a second secret, or unsigned messages are to be accepted beside none that are signed.
    #[error("there is no secret to sign with")]
    NoSecret,
    /// There are too many topics of rooms.
    #[error("there can be 4096 topics of rooms at most")]
    RoomTopics,
    /// Topics of rooms are for clusters whose clients do not come back to any node.
    #[error(
        "topics of rooms and recovery exclude each other: a client could miss what is sent while it moves"
    )]
    RoomTopicsWithRecovery,
    /// Requests would never be answered.
    #[error("the request timeout must be longer than zero")]
    RequestTimeout,
}

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
    /// The format of servers of another kind has no words for it.
    #[error(transparent)]
    Inexpressible(#[from] Inexpressible),
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
