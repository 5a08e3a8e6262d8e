//! WebSocket frames from server to client (RFC 6455, section 5.2), as bytes.
//!
//! Frames that a server sends are not masked, so the complete frame, header included, is the same for every
//! receiver and can be shared. This module writes such frames, and reads back runs of frames that it wrote, for
//! the sessions that turn out to be on polling. It is not a parser for what a peer sends: no masks, no fragments,
//! no control frames.

use bytes::{Buf, Bytes};

/// FIN set, opcode 1.
const FINAL_TEXT: u8 = 0x81;
/// FIN set, opcode 2.
const FINAL_BINARY: u8 = 0x82;
/// The longest header, in bytes.
pub(crate) const MAX_HEADER: usize = 10;
/// Lengths up to this stand in the second byte of the header.
const MAX_SHORT: usize = 125;
/// Says that two bytes of length follow.
const LENGTH_16: u8 = 126;
/// Says that eight bytes of length follow.
const LENGTH_64: u8 = 127;

/// Appends one unmasked text frame that holds the concatenation of `parts`.
///
/// The parts must be UTF-8 together; that is not checked.
///
/// ```
/// let mut out = Vec::new();
/// sio_core::engine::frame::write_text_frame(&mut out, &[b"4", b"hi"]);
/// assert_eq!(out, b"\x81\x034hi");
/// ```
pub fn write_text_frame(out: &mut Vec<u8>, parts: &[&[u8]]) {
    write_frame(out, FINAL_TEXT, parts);
}

/// Appends one unmasked binary frame that holds `data`.
///
/// ```
/// let mut out = Vec::new();
/// sio_core::engine::frame::write_binary_frame(&mut out, &[1, 2]);
/// assert_eq!(out, [0x82, 2, 1, 2]);
/// ```
pub fn write_binary_frame(out: &mut Vec<u8>, data: &[u8]) {
    write_binary_frame_of(out, &[data]);
}

/// Appends one unmasked binary frame that holds the concatenation of `parts`.
pub(crate) fn write_binary_frame_of(out: &mut Vec<u8>, parts: &[&[u8]]) {
    write_frame(out, FINAL_BINARY, parts);
}

fn write_frame(out: &mut Vec<u8>, first: u8, parts: &[&[u8]]) {
    let length = parts.iter().map(|part| part.len()).sum();
    write_header(out, first, length);
    for part in parts {
        out.extend_from_slice(part);
    }
}

fn write_header(out: &mut Vec<u8>, first: u8, length: usize) {
    let mut bytes = [0; MAX_HEADER];
    let header = header_of(first, length, &mut bytes);
    // Not a byte more: a vector that is full becomes `Bytes` without another allocation.
    out.reserve(length.saturating_add(header.len()));
    out.extend_from_slice(header);
}

/// Returns the header of a text frame with a payload of so many bytes, written into `bytes`.
pub(crate) fn text_header(length: usize, bytes: &mut [u8; MAX_HEADER]) -> &[u8] {
    header_of(FINAL_TEXT, length, bytes)
}

/// Returns the header of a binary frame with a payload of so many bytes, written into `bytes`.
#[cfg(feature = "msgpack")]
pub(crate) fn binary_header(length: usize, bytes: &mut [u8; MAX_HEADER]) -> &[u8] {
    header_of(FINAL_BINARY, length, bytes)
}

fn header_of(first: u8, length: usize, bytes: &mut [u8; MAX_HEADER]) -> &[u8] {
    bytes[0] = first;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if length <= MAX_SHORT => {
            bytes[1] = short;
            &bytes[..2]
        }
        (_, Ok(medium)) => {
            bytes[1] = LENGTH_16;
            bytes[2..4].copy_from_slice(&medium.to_be_bytes());
            &bytes[..4]
        }
        _ => {
            bytes[1] = LENGTH_64;
            bytes[2..].copy_from_slice(&(length as u64).to_be_bytes());
            bytes
        }
    }
}

/// The frames of a run that [`write_text_frame`] and [`write_binary_frame`] wrote.
///
/// Each item says whether the frame is binary, and holds its payload as a slice of the run. Bytes that no frame
/// of ours begins with, or a frame that is cut off, end the iteration.
///
/// ```
/// use sio_core::engine::frame::{Frames, write_binary_frame, write_text_frame};
///
/// let mut run = Vec::new();
/// write_text_frame(&mut run, &[b"4", b"hi"]);
/// write_binary_frame(&mut run, &[1, 2]);
///
/// let mut frames = Frames::new(run.into());
/// assert_eq!(frames.next(), Some((false, "4hi".into())));
/// assert_eq!(frames.next(), Some((true, vec![1, 2].into())));
/// assert_eq!(frames.next(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Frames(Bytes);

impl Frames {
    /// Makes an iterator over the frames in `run`.
    pub fn new(run: Bytes) -> Self {
        Self(run)
    }

    /// Returns the bytes that have not been read: after the last frame there are some only if they are no frame.
    #[must_use]
    pub fn rest(&self) -> &Bytes {
        &self.0
    }
}

/// Reads the header at the front: whether the frame is binary, the header's length and the payload's length.
fn header(run: &[u8]) -> Option<(bool, usize, usize)> {
    let is_binary = match *run.first()? {
        FINAL_TEXT => false,
        FINAL_BINARY => true,
        _ => return None,
    };
    let (header, length) = match *run.get(1)? {
        LENGTH_16 => (4, u64::from(u16::from_be_bytes(*run.get(2..)?.first_chunk()?))),
        LENGTH_64 => (10, u64::from_be_bytes(*run.get(2..)?.first_chunk()?)),
        short if usize::from(short) <= MAX_SHORT => (2, u64::from(short)),
        _masked => return None,
    };
    let length = usize::try_from(length).ok()?;
    (length <= run.len() - header).then_some((is_binary, header, length))
}

/// Returns the text of the frame at the front of a run; `None` if it is no text frame.
pub(crate) fn leading_text(run: &[u8]) -> Option<&str> {
    let (is_binary, header, length) = header(run)?;
    let payload = run.get(header..)?.get(..length)?;
    if is_binary { None } else { std::str::from_utf8(payload).ok() }
}

impl Iterator for Frames {
    type Item = (bool, Bytes);

    fn next(&mut self) -> Option<Self::Item> {
        let (is_binary, header, length) = header(&self.0)?;
        self.0.advance(header);
        Some((is_binary, self.0.split_to(length)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_grows_with_the_payload() {
        for (length, header) in [
            (0, &[0x82, 0][..]),
            (125, &[0x82, 125]),
            (126, &[0x82, 126, 0, 126]),
            (65_535, &[0x82, 126, 0xff, 0xff]),
            (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let data = vec![7; length];
            let mut out = Vec::new();
            write_binary_frame(&mut out, &data);
            assert_eq!(&out[..header.len()], header, "length {length}");
            assert_eq!(out.len(), header.len() + length);
            assert_eq!(Frames::new(out.into()).collect::<Vec<_>>(), [(true, Bytes::from(data))]);
        }
    }

    #[test]
    fn frames_follow_what_was_there_before() {
        let mut out = b"\x81\x012".to_vec();
        write_text_frame(&mut out, &[b"4", b"2[\"a\"]", b""]);
        write_text_frame(&mut out, &[]);
        let frames: Vec<_> = Frames::new(out.into()).collect();
        assert_eq!(frames, [(false, "2".into()), (false, "42[\"a\"]".into()), (false, "".into())]);
    }

    #[test]
    fn a_payload_shares_the_memory_of_the_run() {
        let mut out = Vec::new();
        write_binary_frame(&mut out, &[1, 2, 3]);
        let run = Bytes::from(out);
        let (_, payload) = Frames::new(run.clone()).next().unwrap();
        assert_eq!(payload.as_ptr(), run[2..].as_ptr());
    }

    #[test]
    fn what_is_no_frame_of_ours_ends_the_iteration() {
        for bytes in [
            &b""[..],
            b"\x81",
            b"\x81\x05abc",
            b"\x81\x81abcd",
            b"\x89\x00",
            b"\x01\x01a",
            b"\x82\x7e\x01",
            b"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(Frames::new(Bytes::copy_from_slice(bytes)).next(), None, "{bytes:?}");
        }
    }
}
