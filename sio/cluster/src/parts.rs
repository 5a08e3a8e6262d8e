//! Frames that are larger than the messages of a broker, in several of them.
//!
//! ```text
//!  0  2  "sp"
//!  2  8  the connection that sends, a random number
//! 10  4  which of its frames          14  2  which part of it          16  2  of how many
//! 18  …  bytes of the frame
//! ```
//!
//! A connection sends the parts of a frame one after the other, and the broker keeps that order; parts of other
//! connections may come in between. A frame of which a part is missing is given up: its number will be missed.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::random;

const MAGIC: &[u8; 2] = b"sp";

/// Bytes in front of each part.
const HEAD_LEN: usize = 18;

/// Frames that may be incomplete at a time, of as many connections.
const MAX_INCOMPLETE: usize = 64;

/// Takes frames apart.
#[derive(Debug)]
pub(crate) struct Splitter {
    connection: u64,
    frame: u32,
    /// Bytes of a message.
    limit: usize,
}

/// Puts them together again.
#[derive(Debug)]
pub(crate) struct Joiner {
    /// The oldest first.
    incomplete: Vec<Incomplete>,
    /// Bytes of the largest frame.
    largest: usize,
}

#[derive(Debug)]
struct Incomplete {
    connection: u64,
    frame: u32,
    /// The part that comes next.
    next: u16,
    of: u16,
    bytes: BytesMut,
}

impl Splitter {
    /// For messages of at most this many bytes.
    pub(crate) fn new(limit: usize) -> Self {
        debug_assert!(limit > HEAD_LEN);
        Self { connection: random::number(), frame: 0, limit }
    }

    /// Calls `each` with head and body of each message that brings a frame. A frame that fits into one is left as it
    /// is.
    pub(crate) fn split(&mut self, frame: &[u8], mut each: impl FnMut(&[u8], &[u8])) {
        if frame.len() <= self.limit {
            return each(&[], frame);
        }
        self.frame = self.frame.wrapping_add(1);
        let parts = frame.chunks(self.limit - HEAD_LEN);
        let of = u16::try_from(parts.len()).expect("the largest frame has fewer parts");
        for (part, body) in (0..of).zip(parts) {
            let mut head = Vec::with_capacity(HEAD_LEN);
            head.put_slice(MAGIC);
            head.put_u64_le(self.connection);
            head.put_u32_le(self.frame);
            head.put_u16_le(part);
            head.put_u16_le(of);
            each(&head, body);
        }
    }
}

impl Joiner {
    /// For frames of at most this many bytes.
    pub(crate) const fn new(largest: usize) -> Self {
        Self { incomplete: Vec::new(), largest }
    }

    /// Takes a message, and returns the frame that is complete with it.
    pub(crate) fn take(&mut self, message: Bytes) -> Option<Bytes> {
        let Some((head, body)) =
            message.split_first_chunk::<HEAD_LEN>().filter(|_| message.starts_with(MAGIC))
        else {
            return Some(message);
        };
        let (connection, frame) = (number(&head[2..10]), number(&head[10..14]) as u32);
        let (part, of) = (number(&head[14..16]) as u16, number(&head[16..18]) as u16);
        let found = self.incomplete.iter().position(|incomplete| incomplete.connection == connection);
        let at = match found {
            Some(at) if part > 0 => at,
            None if part > 0 => return None,
            // The frame before it will never be complete.
            found => self.begin(found, Incomplete { connection, frame, next: 0, of, bytes: BytesMut::new() }),
        };
        let incomplete = &mut self.incomplete[at];
        let is_next = incomplete.frame == frame && incomplete.next == part && incomplete.of == of;
        if !is_next || incomplete.bytes.len() + body.len() > self.largest {
            self.incomplete.remove(at);
            return None;
        }
        incomplete.bytes.extend_from_slice(body);
        incomplete.next += 1;
        if incomplete.next < of {
            return None;
        }
        Some(self.incomplete.remove(at).bytes.freeze())
    }

    /// Adds a frame, instead of an old one of its connection; returns where it is.
    fn begin(&mut self, old: Option<usize>, new: Incomplete) -> usize {
        if let Some(old) = old {
            self.incomplete.remove(old);
        }
        let bytes: usize = self.incomplete.iter().map(|incomplete| incomplete.bytes.len()).sum();
        if self.incomplete.len() >= MAX_INCOMPLETE || bytes > 4 * self.largest {
            self.incomplete.remove(0);
        }
        self.incomplete.push(new);
        self.incomplete.len() - 1
    }
}

/// Reads a number of at most eight bytes, the lowest first.
fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LARGEST: usize = 10_000;

    fn messages(splitter: &mut Splitter, frame: &[u8]) -> Vec<Bytes> {
        let mut messages = Vec::new();
        splitter.split(frame, |head, body| messages.push(Bytes::from([head, body].concat())));
        messages
    }

    fn frame(len: usize, first: u8) -> Vec<u8> {
        (0..len).map(|n| (n as u8).wrapping_mul(7).wrapping_add(first)).collect()
    }

    #[test]
    fn what_is_taken_apart_is_put_together_again() {
        let (mut splitter, mut joiner) = (Splitter::new(100), Joiner::new(LARGEST));
        for len in [0, 1, 99, 100, 101, 164, 165, 1000, LARGEST] {
            let frame = frame(len, 0);
            let messages = messages(&mut splitter, &frame);
            assert_eq!(messages.len() == 1, len <= 100);
            assert!(messages.iter().all(|message| message.len() <= 100));
            let mut came: Vec<_> = messages.into_iter().filter_map(|message| joiner.take(message)).collect();
            assert_eq!(came.pop().as_deref(), Some(&frame[..]));
            assert!(came.is_empty() && joiner.incomplete.is_empty());
        }
    }

    #[test]
    fn parts_of_several_connections_may_come_in_turns() {
        let mut joiner = Joiner::new(LARGEST);
        let frames = [frame(1000, 1), frame(1000, 2)];
        let [a, b] = [0, 1].map(|n| messages(&mut Splitter::new(100), &frames[n]));
        let turns = a.into_iter().zip(b).flat_map(|(a, b)| [a, b]);
        let came: Vec<_> = turns.filter_map(|message| joiner.take(message)).collect();
        assert!(came.iter().eq(frames.iter()));
    }

    #[test]
    fn a_frame_of_which_a_part_is_missing_is_given_up_and_the_next_one_comes() {
        let (mut splitter, frames) = (Splitter::new(100), [frame(1000, 1), frame(1000, 2)]);
        let parts = messages(&mut splitter, &frames[0]).len();
        for missing in 0..2 * parts {
            let mut joiner = Joiner::new(LARGEST);
            let both = [messages(&mut splitter, &frames[0]), messages(&mut splitter, &frames[1])].concat();
            let rest =
                both.into_iter().enumerate().filter(|(n, _)| *n != missing).map(|(_, message)| message);
            let came: Vec<_> = rest.filter_map(|message| joiner.take(message)).collect();
            let expected = &frames[usize::from(missing < parts)];
            assert!(came.len() == 1 && came[0] == expected, "without part {missing}");
        }
    }

    #[test]
    fn what_never_becomes_complete_does_not_gather() {
        let mut joiner = Joiner::new(LARGEST);
        for first in 0..200 {
            let parts = messages(&mut Splitter::new(1000), &frame(LARGEST, first));
            for part in parts.into_iter().take(9) {
                assert_eq!(joiner.take(part), None);
            }
        }
        let bytes: usize = joiner.incomplete.iter().map(|incomplete| incomplete.bytes.len()).sum();
        assert!(joiner.incomplete.len() <= MAX_INCOMPLETE && bytes <= 6 * LARGEST, "{bytes}");
        // One that says it had more than a frame can have.
        let parts = messages(&mut Splitter::new(1000), &frame(2 * LARGEST, 0));
        assert!(parts.into_iter().all(|part| joiner.take(part).is_none()));
    }

    #[test]
    fn garbage_is_no_part() {
        let mut joiner = Joiner::new(LARGEST);
        assert_eq!(joiner.take(Bytes::from_static(b"sp")), Some(Bytes::from_static(b"sp")));
        for n in 0..=255_u8 {
            let mut garbage = vec![n; 18 + usize::from(n)];
            garbage[..2].copy_from_slice(MAGIC);
            joiner.take(garbage.into());
        }
        assert!(joiner.incomplete.len() <= MAX_INCOMPLETE);
    }
}
