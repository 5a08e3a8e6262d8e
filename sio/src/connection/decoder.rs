//! From messages to packets, for clients of either revision.

use sio_core::engine::config::Revision;
use sio_core::socket::decode;
use sio_core::socket::packet::{DecodeError, Packet};
use sio_core::v3;

use crate::engine::Message;

/// The decoder of one connection.
pub(super) enum Decoder {
    V4(decode::Decoder),
    V3(v3::socket::Decoder),
}

impl Decoder {
    pub(super) fn new(revision: Revision, max_attachments: usize) -> Self {
        match revision {
            Revision::V4 => Self::V4(decode::Decoder::new(max_attachments)),
            Revision::V3 => Self::V3(v3::socket::Decoder::new(max_attachments)),
        }
    }

    /// The packet that the message completes, if it does.
    pub(super) fn decode(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match (self, message) {
            (Self::V4(decoder), Message::Text(text)) => decoder.text(text),
            (Self::V4(decoder), Message::Binary(data)) => decoder.binary(data),
            (Self::V3(decoder), Message::Text(text)) => decoder.text(text),
            (Self::V3(decoder), Message::Binary(data)) => decoder.binary(data),
        }
    }
}
