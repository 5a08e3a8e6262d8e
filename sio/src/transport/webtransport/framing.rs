//! From the frames of Engine.IO's WebTransport to those of a WebSocket, and back.
//!
//! ```text
//! WebTransport                  B LLLLLLL  [length of 2 or 8 bytes]          payload
//! WebSocket, by a client   0x81 1 LLLLLLL  [length of 2 or 8 bytes]  mask    payload      text: B is 0
//! WebSocket, by a server   0x82 0 LLLLLLL  [length of 2 or 8 bytes]          payload      binary: B is 1
//! ```
//!
//! The lengths are written alike (`createPacketEncoderStream` of engine.io-parser). A mask of zeros changes nothing.

use std::task::Poll;

use bytes::{Buf, BytesMut};
use tokio::io::ReadBuf;

const TEXT: u8 = 0x81;
const BINARY: u8 = 0x82;

/// The bit of a text or binary frame that is not set in a control frame's first byte.
const CONTROL: u8 = 0x08;

/// The bit that means binary here, and masked there.
const HIGH: u8 = 0x80;

/// An empty binary message, as text: the official parser takes a frame of the length 0 for an error.
const EMPTY_BINARY: &[u8] = b"\x01b";

/// The longest header: a byte, and a length of 8.
const MAX_HEAD: usize = 9;

/// How many bytes of length follow such a byte.
const fn extended(byte: u8) -> usize {
    match byte & !HIGH {
        126 => 2,
        127 => 8,
        _ => 0,
    }
}

/// The length that stands in a header without its first byte.
fn length(byte: u8, extended: &[u8]) -> u64 {
    match extended {
        [] => u64::from(byte & !HIGH),
        bytes => bytes.iter().fold(0, |length, byte| length << 8 | u64::from(*byte)),
    }
}

/// The data of a client, as masked frames.
#[derive(Debug, Default)]
pub(super) struct Inward {
    /// The header that has come so far.
    head: [u8; MAX_HEAD],
    had: usize,
    /// The header for a WebSocket, of which a part has gone.
    translated: BytesMut,
    /// So much of the payload has yet to come.
    left: u64,
}

impl Inward {
    /// Fills the buffer with as much as `read` gives at once. Ready without a byte at the end of the stream.
    pub(super) fn poll_read<E>(
        &mut self,
        buf: &mut ReadBuf<'_>,
        mut read: impl FnMut(&mut ReadBuf<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<(), E>> {
        let before = buf.filled().len();
        while buf.remaining() > 0 {
            if !self.translated.is_empty() {
                let count = buf.remaining().min(self.translated.len());
                buf.put_slice(&self.translated.split_to(count));
                continue;
            }
            let outcome =
                if self.left > 0 { self.read_payload(buf, &mut read) } else { self.read_head(&mut read) };
            match outcome {
                Poll::Ready(Ok(true)) => {}
                // Whatever it is, it is told when all that came before it has been taken.
                _ if buf.filled().len() > before => break,
                outcome => return outcome.map_ok(|_| ()),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Returns whether there was anything.
    fn read_payload<E>(
        &mut self,
        buf: &mut ReadBuf<'_>,
        read: &mut impl FnMut(&mut ReadBuf<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<bool, E>> {
        let limit = usize::try_from(self.left).unwrap_or(usize::MAX).min(buf.remaining());
        let mut part = ReadBuf::new(buf.initialize_unfilled_to(limit));
        let outcome = read(&mut part);
        let count = part.filled().len();
        buf.advance(count);
        self.left -= count as u64;
        outcome.map_ok(|()| count > 0)
    }

    fn read_head<E>(
        &mut self,
        read: &mut impl FnMut(&mut ReadBuf<'_>) -> Poll<Result<(), E>>,
    ) -> Poll<Result<bool, E>> {
        let wanted = if self.had == 0 { 1 } else { 1 + extended(self.head[0]) };
        let mut part = ReadBuf::new(&mut self.head[self.had..wanted]);
        let outcome = read(&mut part);
        let count = part.filled().len();
        self.had += count;
        if self.had > 0 && self.had == 1 + extended(self.head[0]) {
            let (first, extended) = (self.head[0], &self.head[1..self.had]);
            self.left = length(first, extended);
            self.translated.extend_from_slice(&[if first & HIGH == 0 { TEXT } else { BINARY }, first | HIGH]);
            self.translated.extend_from_slice(extended);
            self.translated.extend_from_slice(&[0; 4]);
            self.had = 0;
        }
        outcome.map_ok(|()| count > 0)
    }
}

/// The data for a client, from frames without a mask. Control frames are left out: the end of a session is told otherwise.
#[derive(Debug, Default)]
pub(super) struct Outward {
    place: Place,
    pending: BytesMut,
}

/// Where in a frame the next byte stands.
#[derive(Debug, Default)]
enum Place {
    #[default]
    First,
    /// Behind the first byte.
    Second(u8),
    /// In the length, of which so much has come.
    Length {
        first: u8,
        head: [u8; MAX_HEAD],
        had: usize,
    },
    Payload {
        left: u64,
        is_control: bool,
    },
}

impl Outward {
    /// The bytes that are to be written.
    pub(super) fn pending(&self) -> &[u8] {
        &self.pending
    }

    /// So many of them have been.
    pub(super) fn advance(&mut self, count: usize) {
        self.pending.advance(count);
        if self.pending.is_empty() {
            self.pending = BytesMut::new();
        }
    }

    /// Takes the next bytes of the frames.
    pub(super) fn take(&mut self, mut frames: &[u8]) {
        self.pending.reserve(frames.len());
        while let [byte, rest @ ..] = frames {
            self.place = match std::mem::take(&mut self.place) {
                Place::Payload { left, is_control } => {
                    let count = usize::try_from(left).unwrap_or(usize::MAX).min(frames.len());
                    if !is_control {
                        self.pending.extend_from_slice(&frames[..count]);
                    }
                    frames = &frames[count..];
                    payload(left - count as u64, is_control)
                }
                place => {
                    frames = rest;
                    self.head(&place, *byte)
                }
            };
        }
    }

    /// Takes a byte of a header.
    fn head(&mut self, place: &Place, byte: u8) -> Place {
        let (first, mut head, had) = match *place {
            Place::Second(first) => (first, [0; MAX_HEAD], 0),
            Place::Length { first, head, had } => (first, head, had),
            _ => return Place::Second(byte),
        };
        head[had] = byte;
        let had = had + 1;
        if had <= extended(head[0]) {
            return Place::Length { first, head, had };
        }
        let left = length(head[0], &head[1..had]);
        let (is_control, is_binary) = (first & CONTROL != 0, first == BINARY);
        if is_binary && left == 0 {
            self.pending.extend_from_slice(EMPTY_BINARY);
        } else if !is_control {
            head[0] |= if is_binary { HIGH } else { 0 };
            self.pending.extend_from_slice(&head[..had]);
        }
        payload(left, is_control)
    }
}

fn payload(left: u64, is_control: bool) -> Place {
    if left == 0 { Place::First } else { Place::Payload { left, is_control } }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    /// Reads all of this, given in pieces and read in pieces.
    fn read(bytes: &[u8], given: usize, room: usize) -> Vec<u8> {
        let (mut inward, mut at, mut all) = (Inward::default(), 0, Vec::new());
        loop {
            let mut space = vec![0; room];
            let mut buf = ReadBuf::new(&mut space);
            let outcome = inward.poll_read(&mut buf, |part| {
                let count = part.remaining().min(given).min(bytes.len() - at);
                part.put_slice(&bytes[at..at + count]);
                at += count;
                Poll::Ready(Ok::<(), Infallible>(()))
            });
            assert!(outcome.is_ready());
            if buf.filled().is_empty() {
                return all;
            }
            all.extend_from_slice(buf.filled());
        }
    }

    fn written(frames: &[u8], given: usize) -> Vec<u8> {
        let mut outward = Outward::default();
        for part in frames.chunks(given) {
            outward.take(part);
        }
        outward.pending().to_vec()
    }

    fn with(head: &[u8], payload: usize) -> Vec<u8> {
        [head, &vec![7; payload]].concat()
    }

    #[test]
    fn frames_of_a_client_are_translated_however_they_are_cut() {
        let sent = [
            with(&[1], 1),
            with(&[HIGH], 0),
            with(&[126, 1, 0], 256),
            with(&[255, 0, 0, 0, 0, 0, 1, 0, 0], 65536),
        ];
        let wanted = [
            with(&[TEXT, 0x81, 0, 0, 0, 0], 1),
            with(&[BINARY, 0x80, 0, 0, 0, 0], 0),
            with(&[TEXT, 0xfe, 1, 0, 0, 0, 0, 0], 256),
            with(&[BINARY, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], 65536),
        ];
        for (given, room) in [(1, 1), (3, 2), (7, 1000), (100_000, 100_000)] {
            assert!(read(&sent.concat(), given, room) == wanted.concat(), "{given} {room}");
        }
    }

    #[test]
    fn frames_to_a_client_are_translated_however_they_are_cut() {
        let frames = [
            with(&[TEXT, 1], 1),
            with(&[BINARY, 0], 0),
            with(&[0x8a, 4], 4),
            with(&[BINARY, 126, 1, 0], 256),
            with(&[TEXT, 127, 0, 0, 0, 0, 0, 1, 0, 0], 65536),
            with(&[0x88, 2], 2),
            with(&[0x88, 0], 0),
        ];
        let wanted = [
            with(&[1], 1),
            EMPTY_BINARY.to_vec(),
            with(&[254, 1, 0], 256),
            with(&[127, 0, 0, 0, 0, 0, 1, 0, 0], 65536),
        ];
        for given in [1, 2, 3, 7, 100_000] {
            assert!(written(&frames.concat(), given) == wanted.concat(), "{given}");
        }
    }

    #[test]
    fn a_header_that_has_not_come_whole_says_nothing() {
        for part in [&[126][..], &[126, 1], &[127, 0, 0, 0, 0, 0, 0, 0]] {
            assert!(read(part, 100, 100).is_empty());
        }
        // One that lies about its length is told as it is: the reader judges it before the payload comes.
        let lie = [255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!(read(&lie, 100, 100), [BINARY, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 0]);
    }
}
