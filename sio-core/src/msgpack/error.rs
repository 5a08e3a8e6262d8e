//! Errors of the format, which those of arguments and packets hold.

/// Why a message is no packet in MessagePack. The client is to blame, and its connection is closed.
///
/// Errors that occur in both formats are variants of [`DecodeError`](crate::socket::DecodeError) itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A text message: packets are binary in this format.
    #[error("a text message")]
    Text,
    /// The message ends inside a value.
    #[error("the message ends too early")]
    Incomplete,
    /// Something follows the packet.
    #[error("bytes behind the packet")]
    TrailingBytes,
    /// `0xc1`, which begins no value.
    #[error("a byte that begins no value")]
    Reserved,
    /// The message is not a map.
    #[error("the packet is not a map")]
    NotAMap,
    /// The packet's type is missing, or none of 0 to 4.
    #[error("the packet type is missing or unknown")]
    Kind,
    /// The packet's namespace is missing, not a text, or not the name of a namespace.
    #[error("the namespace is missing or not valid")]
    Namespace,
    /// The packet's id is not a whole number from 0.
    #[error("the ack id is not a whole number from 0")]
    Id,
    /// The payload of a CONNECT is not a map, or that of a CONNECT_ERROR neither a map nor a text.
    #[error("the payload is not an object")]
    Payload,
    /// A key of a map can be no name in JSON: a list, a map, bytes, an extension, NaN or an infinity.
    #[error("a key that is not a text")]
    Key,
    /// Lists and maps are nested more than 512 deep.
    #[error("the payload is nested too deep")]
    TooDeep,
}

/// Why a packet could not be rewritten. The application is to blame: it gave text that is not JSON as the data of a
/// refusal, or something of 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the packet cannot be written as MessagePack")]
#[non_exhaustive]
pub struct EncodeError;
