//! Errors of sending events, and of waiting for their acknowledgements.

use sio_core::args::{ArgError, EncodeError};
use sio_core::name::WrongNamespace;

/// Why something could not be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmitError {
    /// The event's name is reserved, or a value cannot be written as JSON, or not in the server's
    /// [`Parser`](crate::options::Parser), or an object beside binary data would be taken for such data by clients.
    #[error(transparent)]
    Encode(EncodeError),
    /// More binary attachments than clients take in one packet, which is what
    /// [`Builder::max_attachments`](crate::Builder::max_attachments) says.
    #[error(
        "{count} binary attachments in one packet, of which clients take {max} (option `max_attachments`)"
    )]
    TooManyAttachments {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The client is not there any more.
    #[error("the socket is disconnected")]
    Disconnected,
    /// The socket's outgoing queue is full. Returned only by methods that do not wait, and by
    /// `emit` inside `connect`.
    #[error("the outgoing queue of the socket is full")]
    QueueFull,
    /// The event is larger than what can be sent to other nodes of the cluster at once. It was not sent to anybody.
    #[error("{size} bytes are more than the {limit} that can be sent to other nodes at once")]
    TooLarge {
        /// How large it is, in bytes.
        size: usize,
        /// How large it may be.
        limit: usize,
    },
    /// More rooms are named than the 65,536 that other nodes of the cluster accept. The event was not sent to anybody.
    #[error("more rooms are named than the 65,536 that other nodes accept")]
    TooManyRooms,
    /// The messages of other servers in the cluster, those of python-socketio or of Node, cannot express this. It was not sent to
    /// anybody.
    #[error("{servers} servers cannot be told: {reason}")]
    Inexpressible {
        /// The kind of servers.
        servers: &'static str,
        /// The reason.
        reason: &'static str,
    },
    /// Some other nodes of the cluster cannot be reached now. The event was not sent to anybody. Returned by
    /// [`Broadcast::strict`](crate::emit::Broadcast::strict), and by methods of a
    /// [`RemoteSocket`](crate::emit::RemoteSocket) whose node has not answered.
    #[error("other nodes cannot be reached now")]
    Unreachable,
    /// The client already has an answer: the handler failed, or ran out of time, before the acknowledgement was sent.
    #[error("the acknowledgement has already been answered")]
    AlreadyAnswered,
    /// The event is declared by [`#[emits]`](macro@crate::emits) for other namespaces. It was not sent to anybody.
    #[error(transparent)]
    Namespace(#[from] WrongNamespace),
}

/// Why there is no answer from a client.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AckError {
    /// The event could not be sent.
    #[error(transparent)]
    Emit(#[from] EmitError),
    /// The client did not answer in time.
    #[error("the client did not answer in time")]
    Timeout,
    /// The client has not been accepted: its `connect` hook still runs, and its events are sent when it has ended. A
    /// hook that awaits an answer of its own client would wait for itself; a task that it spawns can ask.
    #[error(
        "the client is not connected before its `connect` hook has ended, so that the hook cannot await its answer: \
         ask in a task that the hook spawns"
    )]
    Connecting,
    /// The limit of 65,536 awaited answers of this client is reached. The event may have been sent, but its answer is
    /// ignored.
    #[error("too many answers of the client are awaited")]
    TooMany,
    /// The client left before it answered.
    #[error("the client disconnected before it answered")]
    Disconnected,
    /// The client's node cannot be reached, or has not said whether the client is there.
    #[error("the node of the client cannot be reached")]
    Unreachable,
    /// The other node has no listener for the event, or its listener failed. Returned only by
    /// `Namespace::server_emit_with_ack`.
    #[error("the node has not handled the event")]
    Unhandled,
    /// The client's answer has an unexpected type.
    #[error("unexpected answer")]
    Payload(#[source] ArgError),
}

/// Why a socket cannot be identified: see [`Socket::identify`](crate::Socket::identify).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentifyError {
    /// The name of the user is empty, or has more than 128 bytes.
    #[error("the name of a user has 1 to 128 bytes")]
    Name,
    /// The socket was identified as another user before; [`Socket::change_user`](crate::Socket::change_user) replaces it.
    #[error("the socket is that of another user already")]
    Identified,
    /// The client is not there any more.
    #[error("the socket is disconnected")]
    Disconnected,
}

impl From<EncodeError> for EmitError {
    fn from(error: EncodeError) -> Self {
        match error {
            EncodeError::TooManyAttachments { count, max } => Self::TooManyAttachments { count, max },
            other => Self::Encode(other),
        }
    }
}
