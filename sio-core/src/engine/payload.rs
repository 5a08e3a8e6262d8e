//! Polling bodies (Engine.IO protocol v4, "HTTP long-polling"): several packets in one text.
//!
//! ```text
//! body = packet *( 0x1e packet )          binary messages as "b" base64
//! ```
//!
//! A POST is decoded in one go. An answer to a GET is filled from the queue of ready-made WebSocket frames, which is
//! the one form in which a connection keeps what it has to send.

use base64::Engine as _;
use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use super::frame::Frames;
use super::packet::{BASE64, Packet, PacketError};

/// Stands between two packets: the ASCII record separator.
const SEPARATOR: u8 = 0x1e;

/// The most packets in one answer that every known client accepts: Python's clients refuse a 17th.
pub const DEFAULT_MAX_PACKETS: usize = 16;

/// Decodes the body of a POST.
///
/// Texts are slices of `body`. A body that is wrong anywhere is refused as a whole. With `limit_packets` it may hold
/// at most that many packets. Otherwise only its length limits them: a packet takes two bytes at least.
///
/// # Errors
///
/// Fails on a body that is empty or not UTF-8, on too many packets, and where one of the packets is not valid, an
/// empty one included.
///
/// ```
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::engine::payload;
///
/// let packets = payload::decode("4hi\x1ebAQI=".into(), None)?;
/// assert_eq!(packets[0], Packet::Message(Message::Text("hi".into())));
/// assert_eq!(packets[1], Packet::Message(Message::Binary(vec![1, 2].into())));
/// # Ok::<(), sio_core::engine::packet::PacketError>(())
/// ```
pub fn decode(body: Bytes, limit_packets: Option<usize>) -> Result<Vec<Packet>, PacketError> {
    let body = ByteString::try_from(body).map_err(|_| PacketError::NotUtf8)?;
    let mut packets = Vec::new();
    for item in body.split(char::from(SEPARATOR)) {
        if let Some(limit) = limit_packets
            && packets.len() == limit
        {
            return Err(PacketError::TooManyPackets(limit));
        }
        packets.push(Packet::decode_slice(item, &body)?);
    }
    Ok(packets)
}

/// Fills one answer to a GET from queued frames.
///
/// ```
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::engine::payload::{DEFAULT_MAX_PACKETS, PayloadBuilder};
///
/// let mut answer = PayloadBuilder::new(1_000_000, DEFAULT_MAX_PACKETS);
/// assert!(answer.try_push(&Packet::Message(Message::Text("hi".into())).frame()));
/// assert!(answer.try_push(&Packet::decode_binary(vec![1, 2].into()).frame()));
/// assert_eq!(answer.finish(), "4hi\x1ebAQI=");
/// ```
#[derive(Debug)]
pub struct PayloadBuilder {
    body: Vec<u8>,
    packets: usize,
    max_payload: usize,
    max_packets: usize,
}

impl PayloadBuilder {
    /// Makes an empty answer that takes up to `max_payload` bytes and `max_packets` packets.
    pub fn new(max_payload: usize, max_packets: usize) -> Self {
        Self { body: Vec::new(), packets: 0, max_payload, max_packets }
    }

    /// Appends one queued entry: whole frames that belong together, in order.
    ///
    /// Returns `false`, and adds nothing, where the entry does not fit. The first entry always fits, and fills the
    /// answer if it exceeds a limit by itself: no entry can block the queue.
    #[must_use]
    pub fn try_push(&mut self, queued: &Bytes) -> bool {
        let frames: SmallVec<[_; 4]> = Frames::new(queued.clone()).collect();
        // One separator for each packet. That is one too many for the first entry, which fits anyway.
        let length: usize = frames.iter().map(|(is_binary, data)| 1 + packet_length(*is_binary, data)).sum();
        let fits =
            self.body.len() + length <= self.max_payload && self.packets + frames.len() <= self.max_packets;
        if !fits && !self.is_empty() {
            return false;
        }
        // The first has no separator: a vector that is full becomes `Bytes` without another allocation.
        self.body.reserve(length - usize::from(self.is_empty() && length > 0));
        for (is_binary, data) in frames {
            self.push(is_binary, &data);
        }
        true
    }

    /// Says whether no packet was added so far.
    pub fn is_empty(&self) -> bool {
        self.packets == 0
    }

    /// Returns the body of the answer.
    pub fn finish(self) -> Bytes {
        self.body.into()
    }

    fn push(&mut self, is_binary: bool, data: &[u8]) {
        if self.packets > 0 {
            self.body.push(SEPARATOR);
        }
        self.packets += 1;
        if is_binary {
            self.body.push(b'b');
            let start = self.body.len();
            self.body.resize(start + base64_length(data), 0);
            BASE64.encode_slice(data, &mut self.body[start..]).expect("made long enough above");
        } else {
            self.body.extend_from_slice(data);
        }
    }
}

fn packet_length(is_binary: bool, data: &[u8]) -> usize {
    if is_binary { 1 + base64_length(data) } else { data.len() }
}

/// The length of `data` in base64 with padding (RFC 4648, section 4).
fn base64_length(data: &[u8]) -> usize {
    data.len().div_ceil(3) * 4
}

#[cfg(test)]
mod tests {
    use super::super::frame::{write_binary_frame, write_text_frame};
    use super::super::packet::Message;
    use super::*;

    fn entry(text: &str, attachments: &[&[u8]]) -> Bytes {
        let mut out = Vec::new();
        write_text_frame(&mut out, &[text.as_bytes()]);
        for attachment in attachments {
            write_binary_frame(&mut out, attachment);
        }
        out.into()
    }

    fn decode_str(body: &'static str) -> Result<Vec<Packet>, PacketError> {
        decode(body.into(), None)
    }

    #[test]
    fn a_body_is_split_at_the_separator() {
        let text = |text: &str| Packet::Message(Message::Text(text.into()));
        assert_eq!(
            decode_str("4hello\x1e2\x1e4€"),
            Ok(vec![text("hello"), Packet::Ping("".into()), text("€")])
        );
        assert_eq!(decode_str("4"), Ok(vec![text("")]));
        assert_eq!(
            decode_str("bAQIDBA==\x1e4a"),
            Ok(vec![Packet::decode_binary(vec![1, 2, 3, 4].into()), text("a")])
        );
    }

    #[test]
    fn a_body_that_is_wrong_anywhere_is_refused() {
        assert_eq!(decode_str(""), Err(PacketError::Empty));
        assert_eq!(decode_str("4a\x1e"), Err(PacketError::Empty));
        assert_eq!(decode_str("\x1e4a"), Err(PacketError::Empty));
        assert_eq!(decode_str("4a\x1e\x1e4b"), Err(PacketError::Empty));
        assert_eq!(decode_str("4a\x1eabc"), Err(PacketError::UnknownType('a')));
        assert_eq!(decode(Bytes::from_static(b"4\xff"), None), Err(PacketError::NotUtf8));
    }

    #[test]
    fn a_limit_of_packets_holds() {
        assert_eq!(decode("6\x1e6".into(), Some(2)).map(|packets| packets.len()), Ok(2));
        assert_eq!(decode("6\x1e6\x1e6".into(), Some(2)), Err(PacketError::TooManyPackets(2)));
        assert_eq!(decode("6".into(), Some(0)), Err(PacketError::TooManyPackets(0)));
    }

    #[test]
    fn an_answer_holds_entries_in_order() {
        let mut answer = PayloadBuilder::new(100, 16);
        assert!(answer.is_empty());
        assert!(answer.try_push(&entry("451-[..]", &[&[1, 2, 3, 4]])));
        assert!(answer.try_push(&entry("2", &[])));
        assert!(!answer.is_empty());
        assert_eq!(answer.finish(), "451-[..]\x1ebAQIDBA==\x1e2");
    }

    #[test]
    fn an_answer_is_filled_up_to_the_byte() {
        // "4abc" + separator + "4de" are 8 bytes.
        for (max_payload, fits) in [(8, true), (7, false)] {
            let mut answer = PayloadBuilder::new(max_payload, 16);
            assert!(answer.try_push(&entry("4abc", &[])));
            assert_eq!(answer.try_push(&entry("4de", &[])), fits, "{max_payload}");
            assert_eq!(answer.finish(), if fits { "4abc\x1e4de" } else { "4abc" });
        }
        // The length in base64 counts: "4" + separator + "b" + 8.
        for (max_payload, fits) in [(11, true), (10, false)] {
            let mut answer = PayloadBuilder::new(max_payload, 16);
            assert!(answer.try_push(&entry("4", &[])));
            assert_eq!(
                answer.try_push(&Packet::decode_binary(vec![0; 4].into()).frame()),
                fits,
                "{max_payload}"
            );
        }
    }

    #[test]
    fn an_entry_that_exceeds_a_limit_goes_alone() {
        let mut answer = PayloadBuilder::new(4, 16);
        assert!(answer.try_push(&entry("4too long", &[])));
        assert!(!answer.try_push(&entry("2", &[])));
        assert_eq!(answer.finish(), "4too long");

        let mut answer = PayloadBuilder::new(100, 2);
        assert!(answer.try_push(&entry("452-", &[&[], &[]])));
        assert!(!answer.try_push(&entry("2", &[])));
        assert_eq!(answer.finish(), "452-\x1eb\x1eb");
    }

    #[test]
    fn an_entry_is_never_split() {
        let mut answer = PayloadBuilder::new(100, 3);
        assert!(answer.try_push(&entry("2", &[])));
        assert!(!answer.try_push(&entry("452-", &[&[], &[]])));
        assert!(answer.try_push(&entry("451-", &[&[]])));
        assert_eq!(answer.finish(), "2\x1e451-\x1eb");
    }
}
