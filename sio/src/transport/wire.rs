//! The wire form of one client's packets: the revisions of Engine.IO differ here, and nowhere above.
//!
//! A session's queue holds the same frames for every client; they are converted here to the bytes on the wire.

use bytes::Bytes;
use sio_core::engine::config::Revision;
use sio_core::engine::packet::{Message, Packet, PacketError};
use sio_core::engine::payload;
use sio_core::v3::payload::Body;
use sio_core::v3::{self, packet};

use super::deflate;
use super::outgoing::Queue;

/// The form of packets on one transport of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    V4,
    /// With `base64` the client has asked for bytes as text.
    V3 {
        base64: bool,
    },
}

impl Wire {
    /// The form for a request of this revision; `base64` is what its query says.
    pub(crate) fn new(revision: Revision, base64: bool) -> Self {
        match revision {
            // Over WebSocket bytes are always sent as they are, over polling never.
            Revision::V4 => Self::V4,
            Revision::V3 => Self::V3 { base64 },
        }
    }

    pub(crate) fn revision(self) -> Revision {
        match self {
            Self::V4 => Revision::V4,
            Self::V3 { .. } => Revision::V3,
        }
    }

    /// Turns queued packets into those that a WebSocket writes, and says by how many bytes they have changed. Those that
    /// become others are compressed from the size `deflate_from` on, if there is one.
    pub(crate) fn frame(self, packets: &mut Queue, deflate_from: Option<usize>) -> isize {
        let Self::V3 { base64 } = self else { return 0 };
        let mut change = 0;
        for packet in packets {
            let mut frames = packet::websocket_frames(packet, base64);
            let before = packet.len();
            if frames.len() != before
                && let Some(threshold) = deflate_from
                && let Some(deflated) = deflate::deflate(&frames, threshold)
            {
                frames = deflated.frames;
            }
            change += frames.len().cast_signed() - before.cast_signed();
            *packet = frames;
        }
        change
    }

    /// The packet in a message of a WebSocket.
    pub(crate) fn packet(self, message: Message) -> Result<Packet, PacketError> {
        match (self, message) {
            (Self::V4, Message::Text(text)) => Packet::decode_text(text),
            (Self::V4, Message::Binary(data)) => Ok(Packet::decode_binary(data)),
            (Self::V3 { .. }, Message::Text(text)) => packet::decode_text(text),
            (Self::V3 { .. }, Message::Binary(data)) => packet::decode_binary(data),
        }
    }

    /// The packets in the body of a POST, at most so many.
    pub(crate) fn packets(self, body: Body, limit: usize) -> Result<Vec<Packet>, PacketError> {
        match self {
            Self::V4 => payload::decode(body.bytes, Some(limit)),
            Self::V3 { .. } => v3::payload::decode(body.bytes, body.is_binary, Some(limit)),
        }
    }

    /// An answer to a GET that holds up to so many bytes and packets.
    pub(crate) fn payload(self, max_payload: usize, max_packets: usize) -> Payload {
        match self {
            Self::V4 => Payload::V4(payload::PayloadBuilder::new(max_payload, max_packets)),
            Self::V3 { base64 } => {
                Payload::V3(v3::payload::PayloadBuilder::new(max_payload, max_packets, base64))
            }
        }
    }

    /// A polling body of one packet.
    pub(crate) fn body_of(self, packet: &Packet) -> Body {
        self.body_of_all([&packet.frame()])
    }

    /// A polling body of all these entries.
    pub(crate) fn body_of_all<'a>(self, entries: impl IntoIterator<Item = &'a Bytes>) -> Body {
        let mut payload = self.payload(usize::MAX, usize::MAX);
        let fits = entries.into_iter().all(|entry| payload.try_push(entry));
        debug_assert!(fits, "there is no limit");
        payload.finish()
    }
}

/// The answer to a GET, while it is put together.
pub(crate) enum Payload {
    V4(payload::PayloadBuilder),
    V3(v3::payload::PayloadBuilder),
}

impl Payload {
    /// Appends a queued entry; false where it does not fit.
    pub(crate) fn try_push(&mut self, entry: &Bytes) -> bool {
        match self {
            Self::V4(payload) => payload.try_push(entry),
            Self::V3(payload) => payload.try_push(entry),
        }
    }

    pub(crate) fn finish(self) -> Body {
        match self {
            Self::V4(payload) => Body { bytes: payload.finish(), is_binary: false },
            Self::V3(payload) => payload.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_takes_one_byte() {
        assert_eq!(size_of::<Wire>(), 1);
    }

    #[test]
    fn what_changes_on_the_way_is_counted() {
        let binary = Packet::decode_binary(vec![1; 125].into()).frame();
        let packets = || Queue::from_iter([Packet::Noop.frame(), binary.clone(), binary.clone()]);
        let size = |packets: &Queue| packets.iter().map(Bytes::len).sum::<usize>();
        for wire in [Wire::V4, Wire::V3 { base64: false }, Wire::V3 { base64: true }] {
            let mut framed = packets();
            let change = wire.frame(&mut framed, None);
            assert_eq!(size(&packets()).checked_add_signed(change), Some(size(&framed)));
            assert_eq!(change == 0, wire == Wire::V4);
        }
    }
}
