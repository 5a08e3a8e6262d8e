//! [`EncodeError`]: why a packet could not be made.

/// Why something could not be encoded. The application is to blame.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The event's name is one of [`RESERVED`](crate::name::RESERVED).
    #[error("`{0}` is a reserved event name")]
    ReservedName(String),
    /// An argument cannot be written as JSON.
    #[error("an argument cannot be written as JSON")]
    Json(#[from] serde_json::Error),
    /// An object with a member `_placeholder` stands beside attachments: clients would take it for one of them, or give
    /// up the connection if there is none of its number. Data that an application passes on for a client may hold one.
    #[error(
        "an object with a member `_placeholder` beside binary data: clients would take it for an attachment"
    )]
    Placeholder,
    /// More attachments than clients take in one packet.
    #[error(
        "{count} binary attachments in one packet, of which clients take {max} (option `max_attachments`)"
    )]
    TooManyAttachments {
        /// How many there are.
        count: usize,
        /// How many there may be.
        max: usize,
    },
    /// The packet cannot be written as MessagePack.
    #[cfg(feature = "msgpack")]
    #[error(transparent)]
    Msgpack(#[from] crate::msgpack::EncodeError),
}
