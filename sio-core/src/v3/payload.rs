//! Polling bodies of revision 3 (Engine.IO protocol v3, "Payload"): several packets in one text, or in one run of
//! bytes.
//!
//! ```text
//! text   = *( length ":" packet )            length in UTF-16 code units, as JavaScript counts
//! binary = *( kind *digit %xff packet )      length in bytes, each digit a byte of its own value
//! kind   = %x00 packet is UTF-8 text | %x01 packet is a type and bytes
//! ```
//!
//! The second form is that of bodies with the content type `application/octet-stream`. Clients use it where a body has
//! bytes in it, and are answered so unless they asked for base64.

use base64::Engine as _;
use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use super::packet::{BASE64_MESSAGE, MESSAGE, decode_binary, decode_slice};
use crate::engine::frame::Frames;
use crate::engine::packet::{BASE64, Packet, PacketError};

/// Ends the length in a binary body.
const END_OF_LENGTH: u8 = 255;
/// The most digits of a length. No limit of a server is near that.
const MAX_DIGITS: usize = 15;

/// Decodes the body of a POST. `is_binary` says that its content type is `application/octet-stream`.
///
/// Texts and bytes are slices of `body`. A body that is wrong anywhere is refused as a whole. With `limit_packets` it
/// may hold at most that many packets. Empty items of a text are passed over: `0:` is a body without packets.
///
/// # Errors
///
/// Fails on an empty body, on texts that are not UTF-8, on lengths that do not fit, on too many packets, and where one
/// of the packets is not valid.
///
/// # Examples
///
/// ```
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::v3::payload;
///
/// let packets = payload::decode("4:4hé€6:b4AQL/".into(), false, None)?;
/// assert_eq!(packets[0], Packet::Message(Message::Text("hé€".into())));
/// assert_eq!(packets[1], Packet::Message(Message::Binary(vec![1, 2, 255].into())));
///
/// let packets = payload::decode(b"\x00\x01\xff2\x01\x04\xff\x04\x01\x02\xff"[..].into(), true, None)?;
/// assert_eq!(packets[0], Packet::Ping("".into()));
/// assert_eq!(packets[1], Packet::Message(Message::Binary(vec![1, 2, 255].into())));
/// # Ok::<(), sio_core::engine::packet::PacketError>(())
/// ```
pub fn decode(
    body: Bytes,
    is_binary: bool,
    limit_packets: Option<usize>,
) -> Result<Vec<Packet>, PacketError> {
    if body.is_empty() {
        return Err(PacketError::Empty);
    }
    let mut packets = Packets { packets: Vec::new(), limit: limit_packets };
    if is_binary {
        decode_bytes(body, &mut packets)?;
    } else {
        let body = ByteString::try_from(body).map_err(|_| PacketError::NotUtf8)?;
        decode_texts(&body, &mut packets)?;
    }
    Ok(packets.packets)
}

struct Packets {
    packets: Vec<Packet>,
    limit: Option<usize>,
}

impl Packets {
    fn push(&mut self, packet: Packet) -> Result<(), PacketError> {
        if let Some(limit) = self.limit
            && self.packets.len() == limit
        {
            return Err(PacketError::TooManyPackets(limit));
        }
        self.packets.push(packet);
        Ok(())
    }
}

fn decode_texts(body: &ByteString, packets: &mut Packets) -> Result<(), PacketError> {
    let mut rest = &**body;
    while !rest.is_empty() {
        let (length, after) = rest.split_once(':').ok_or(PacketError::Length)?;
        let length = number(length.bytes().map(|digit| digit.wrapping_sub(b'0')))?;
        let (item, after) = split_utf16(after, length).ok_or(PacketError::Length)?;
        if !item.is_empty() {
            packets.push(decode_slice(item, body)?)?;
        }
        rest = after;
    }
    Ok(())
}

fn decode_bytes(mut rest: Bytes, packets: &mut Packets) -> Result<(), PacketError> {
    while let Some(&kind) = rest.first() {
        // A longer length than `MAX_DIGITS` is none, so it is not looked for.
        let header = rest.iter().take(MAX_DIGITS + 2).position(|byte| *byte == END_OF_LENGTH);
        let header = header.filter(|end| *end > 0).ok_or(PacketError::Length)?;
        let length = number(rest[1..header].iter().copied())?;
        let mut item = rest.split_off(header + 1);
        if length > item.len() {
            return Err(PacketError::Length);
        }
        rest = item.split_off(length);
        packets.push(match kind {
            0 => {
                let text = ByteString::try_from(item).map_err(|_| PacketError::NotUtf8)?;
                decode_slice(&text, &text)?
            }
            1 => decode_binary(item)?,
            _ => return Err(PacketError::Length),
        })?;
    }
    Ok(())
}

/// The number of these digits, each given as its value.
fn number(digits: impl ExactSizeIterator<Item = u8>) -> Result<usize, PacketError> {
    if !(1..=MAX_DIGITS).contains(&digits.len()) {
        return Err(PacketError::Length);
    }
    let mut number = 0_u64;
    for digit in digits {
        if digit > 9 {
            return Err(PacketError::Length);
        }
        number = number * 10 + u64::from(digit);
    }
    usize::try_from(number).map_err(|_| PacketError::Length)
}

/// Splits after `units` UTF-16 code units; `None` if there are fewer or a character stands across the place.
fn split_utf16(text: &str, units: usize) -> Option<(&str, &str)> {
    let mut left = units;
    for (place, character) in text.char_indices() {
        if left == 0 {
            return Some(text.split_at(place));
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    (left == 0).then_some((text, ""))
}

/// The number of UTF-16 code units of UTF-8 text: one for each character, and one more for those that take four bytes.
fn utf16_length(text: &[u8]) -> usize {
    text.iter().map(|byte| usize::from(*byte & 0xc0 != 0x80) + usize::from(*byte >= 0xf0)).sum()
}

/// The body of an answer to a GET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The bytes of the body.
    pub bytes: Bytes,
    /// True if the content type is `application/octet-stream`; otherwise it is `text/plain; charset=UTF-8`.
    pub is_binary: bool,
}

/// Fills one answer to a GET from queued frames, like
/// [`engine::payload::PayloadBuilder`](crate::engine::payload::PayloadBuilder).
///
/// # Examples
///
/// ```
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::engine::payload::DEFAULT_MAX_PACKETS;
/// use sio_core::v3::payload::PayloadBuilder;
///
/// let mut answer = PayloadBuilder::new(1_000_000, DEFAULT_MAX_PACKETS, true);
/// assert!(answer.try_push(&Packet::Message(Message::Text("hé€".into())).frame()));
/// assert!(answer.try_push(&Packet::decode_binary(vec![1, 2, 255].into()).frame()));
/// let body = answer.finish();
/// assert!(!body.is_binary);
/// assert_eq!(body.bytes, "4:4hé€6:b4AQL/");
/// ```
#[derive(Debug)]
pub struct PayloadBuilder {
    frames: SmallVec<[(bool, Bytes); 4]>,
    length: usize,
    max_payload: usize,
    max_packets: usize,
    base64: bool,
}

impl PayloadBuilder {
    /// Makes an empty answer that takes up to `max_payload` bytes and `max_packets` packets.
    ///
    /// `base64` says that the client asked for bytes as text: `b64` in the query with which it opened the session, for
    /// it may be missing in later ones.
    pub fn new(max_payload: usize, max_packets: usize, base64: bool) -> Self {
        Self { frames: SmallVec::new(), length: 0, max_payload, max_packets, base64 }
    }

    /// Appends one queued entry: whole frames that belong together, in order.
    ///
    /// Returns `false`, and adds nothing, where the entry does not fit. The first entry always fits, and fills the
    /// answer if it exceeds a limit by itself: no entry can block the queue.
    #[must_use]
    pub fn try_push(&mut self, queued: &Bytes) -> bool {
        let entry: SmallVec<[_; 4]> = Frames::new(queued.clone()).collect();
        let length: usize = entry.iter().map(|(is_binary, data)| self.item_length(*is_binary, data)).sum();
        let fits =
            self.length + length <= self.max_payload && self.frames.len() + entry.len() <= self.max_packets;
        if !fits && !self.is_empty() {
            return false;
        }
        self.frames.extend(entry);
        self.length += length;
        true
    }

    /// Says whether no packet was added so far.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Returns the body of the answer.
    pub fn finish(self) -> Body {
        let is_binary = !self.base64 && self.frames.iter().any(|(is_binary, _)| *is_binary);
        let mut bytes = Vec::with_capacity(self.length);
        for (is_bytes, data) in &self.frames {
            match (is_binary, is_bytes) {
                (true, true) => {
                    write_digits(&mut bytes, 1, data.len() + 1);
                    bytes.push(MESSAGE);
                    bytes.extend_from_slice(data);
                }
                (true, false) => {
                    write_digits(&mut bytes, 0, data.len());
                    bytes.extend_from_slice(data);
                }
                (false, true) => {
                    let base64 = BASE64.encode(data);
                    write_length(&mut bytes, BASE64_MESSAGE.len() + base64.len());
                    bytes.extend_from_slice(BASE64_MESSAGE.as_bytes());
                    bytes.extend_from_slice(base64.as_bytes());
                }
                (false, false) => {
                    write_length(&mut bytes, utf16_length(data));
                    bytes.extend_from_slice(data);
                }
            }
        }
        Body { bytes: bytes.into(), is_binary }
    }

    /// At most how many bytes a packet takes: which of the two forms the body has is known only at its end.
    fn item_length(&self, is_binary: bool, data: &[u8]) -> usize {
        let length = match (is_binary, self.base64) {
            (false, _) => data.len(),
            (true, false) => 1 + data.len(),
            (true, true) => BASE64_MESSAGE.len() + data.len().div_ceil(3) * 4,
        };
        // The mark of a binary body is one byte more than a text body needs.
        2 + length.checked_ilog10().map_or(1, |log| log as usize + 1) + length
    }
}

fn write_length(out: &mut Vec<u8>, length: usize) {
    out.extend_from_slice(length.to_string().as_bytes());
    out.push(b':');
}

fn write_digits(out: &mut Vec<u8>, kind: u8, length: usize) {
    out.push(kind);
    out.extend(length.to_string().bytes().map(|digit| digit - b'0'));
    out.push(END_OF_LENGTH);
}

#[cfg(test)]
mod tests;
