//! [`Scratch`]: memory in which packets are put together.

use std::cell::Cell;
use std::mem;

use bytes::Bytes;

use crate::args::{Attachments, MAX_DIGITS, digits};
use crate::engine::frame::{MAX_HEADER, text_header, write_binary_frame};
use crate::socket::packet::{Kind, MAIN_NAMESPACE};

/// The scratch memory that a thread keeps, in bytes. Larger packets are rare; their memory becomes that of the packet.
const MAX_KEPT: usize = 64 * 1024;

/// The memory of a larger packet that a thread keeps, in bytes, for the next one. The pages of what goes back to the
/// system have to be made again.
const MAX_LARGE: usize = 1024 * 1024 + 4096;

/// After so many packets without a larger one, its memory is not kept any more.
const PATIENCE: u32 = 1000;

/// The most that stands before the JSON of a packet, but for its namespace: the frame's header, the types of Engine.IO
/// and Socket.IO, the number of attachments with its `-`, the namespace's `,`, and the id.
const MAX_HEAD: usize = MAX_HEADER + 2 + MAX_DIGITS + 1 + 1 + MAX_DIGITS;

/// Memory in which a packet is put together.
///
/// The head of a packet says how long it is and how many attachments follow, which is known when the JSON is there. So
/// the JSON is written behind room for a head, and nothing has to be moved in the end.
#[derive(Default)]
pub(super) struct Scratch {
    /// The room, and the JSON.
    packet: Vec<u8>,
    room: usize,
    attachments: BinaryFrames,
    /// The last larger packet. Its memory can be had when it has been sent.
    large: Option<Bytes>,
    /// How many packets have followed it.
    since_large: u32,
}

/// The attachments of a packet, as the frames in which they are sent.
#[derive(Default)]
pub(super) struct BinaryFrames {
    frames: Vec<u8>,
    count: usize,
    marks: bool,
}

impl Attachments for BinaryFrames {
    fn push(&mut self, bytes: &[u8]) -> usize {
        write_binary_frame(&mut self.frames, bytes);
        self.count += 1;
        self.count - 1
    }

    fn marks(&self) -> bool {
        self.marks
    }
}

thread_local! {
    /// Taken while a packet is put together: a value's `Serialize` may itself encode a packet, in memory of its own.
    static SCRATCH: Cell<Scratch> = const {
        let attachments = BinaryFrames { frames: Vec::new(), count: 0, marks: false };
        Cell::new(Scratch { packet: Vec::new(), room: 0, attachments, large: None, since_large: 0 })
    };
}

impl Scratch {
    /// The thread's scratch memory, with room for the head of a packet of this namespace.
    pub(super) fn take(namespace: &str, marks: bool) -> Self {
        // A thread that is ending has none any more.
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
        if scratch.large.is_some() {
            scratch.reuse_large();
        }
        scratch.room = MAX_HEAD + namespace.len();
        scratch.packet.resize(scratch.room, 0);
        scratch.attachments.marks = marks;
        scratch
    }

    /// Returns the vector to which the JSON is appended, and the frames of its attachments.
    pub(super) fn parts(&mut self) -> (&mut Vec<u8>, &mut BinaryFrames) {
        (&mut self.packet, &mut self.attachments)
    }

    /// Returns the vector to which the JSON is appended.
    pub(super) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.packet
    }

    /// Returns the JSON that has been written.
    pub(super) fn json(&self) -> &[u8] {
        &self.packet[self.room..]
    }

    /// Returns how many attachments it has.
    pub(super) fn attachments(&self) -> usize {
        self.attachments.count
    }

    /// Makes the packet of the JSON and the attachments, and gives the memory back.
    pub(super) fn end(mut self, kind: Kind, namespace: &str, id: Option<u64>) -> Bytes {
        let start = self.write_head(kind, namespace, id);
        self.packet.reserve_exact(self.attachments.frames.len());
        self.packet.extend_from_slice(&self.attachments.frames);
        let is_large = self.packet.len() > MAX_KEPT;
        let has_room_left = self.packet.capacity() - self.packet.len() > self.packet.len() / 8;
        if is_large {
            self.since_large = 0;
        }
        // A copy, if the memory would be much more than the packet: it may be kept for long.
        let packet = if !is_large || has_room_left && self.packet.capacity() <= MAX_LARGE {
            Bytes::copy_from_slice(&self.packet[start..])
        } else {
            let mut packet = mem::take(&mut self.packet);
            if has_room_left {
                packet.shrink_to_fit();
            }
            let is_kept = packet.capacity() <= MAX_LARGE;
            let packet = Bytes::from(packet);
            self.large = is_kept.then(|| packet.clone());
            packet.slice(start..)
        };
        self.give_back();
        packet
    }

    /// Writes everything that stands before the JSON, from its end to its beginning. Gives where it begins.
    fn write_head(&mut self, kind: Kind, namespace: &str, id: Option<u64>) -> usize {
        let count = self.attachments.count;
        let kind = if count > 0 { kind.binary() } else { kind };
        let (length, mut start) = (self.packet.len(), self.room);
        let mut put = |part: &[u8]| {
            self.packet[start - part.len()..start].copy_from_slice(part);
            start -= part.len();
            start
        };
        if let Some(id) = id {
            put(digits(id, &mut [0; MAX_DIGITS]));
        }
        if namespace != MAIN_NAMESPACE {
            put(b",");
            put(namespace.as_bytes());
        }
        if count > 0 {
            put(b"-");
            put(digits(count as u64, &mut [0; MAX_DIGITS]));
        }
        let start = put(&[b'4', kind.digit()]);
        put(text_header(length - start, &mut [0; MAX_HEADER]))
    }

    /// Takes the memory of the last larger packet, if that has been sent.
    #[cold]
    fn reuse_large(&mut self) {
        match self.large.take().map(Bytes::try_into_mut) {
            Some(Ok(mut memory)) => {
                memory.clear();
                self.packet = memory.into();
            }
            Some(Err(packet)) => self.large = Some(packet),
            None => {}
        }
    }

    pub(super) fn give_back(mut self) {
        self.since_large = self.since_large.saturating_add(1);
        let is_soon = self.since_large <= PATIENCE;
        if !is_soon {
            self.large = None;
        }
        self.packet.clear();
        self.packet.shrink_to(if is_soon { MAX_LARGE } else { MAX_KEPT });
        self.attachments.count = 0;
        self.attachments.frames.clear();
        self.attachments.frames.shrink_to(MAX_KEPT);
        // Nothing to keep it for if the thread is ending.
        let _ = SCRATCH.try_with(|kept| kept.set(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::Binary;
    use crate::engine::frame::Frames;
    use crate::socket::encode::{Encoder, event};

    /// The most that the thread keeps, in the memory of this packet and of its attachments.
    fn kept() -> (usize, usize) {
        let mut scratch = Scratch::take("/", false);
        scratch.packet.clear();
        let kept = (scratch.packet.capacity(), scratch.attachments.frames.capacity());
        scratch.give_back();
        kept
    }

    #[test]
    fn the_memory_that_a_thread_keeps_is_bounded() {
        for (text, most) in [(10 * MAX_KEPT, MAX_LARGE), (2 * MAX_LARGE, MAX_KEPT)] {
            let args = ("x".repeat(text), Binary::from(vec![0; 10 * MAX_KEPT]));
            event("/", None, "a", &args).unwrap();
            let (packet, frames) = kept();
            assert!(packet <= most && frames <= MAX_KEPT, "{text}: {packet} {frames}");
        }
    }

    #[test]
    fn the_memory_of_a_large_packet_is_that_of_the_next_when_it_has_been_sent() {
        let text = "x".repeat(4 * MAX_KEPT);
        let first = event("/", None, "a", &text).unwrap();
        let second = event("/", None, "a", &text).unwrap();
        assert_eq!(first, second);
        let memory = second.as_ptr();
        drop(second);
        event("/", None, "a", &1).unwrap();
        let third = event("/", None, "a", &text).unwrap();
        assert_eq!(third.as_ptr(), memory);
        assert_eq!(third, first);
        drop(third);
        (0..PATIENCE).for_each(|_| drop(event("/", None, "a", &1).unwrap()));
        assert!(kept().0 <= MAX_KEPT, "it is not kept for small ones");
    }

    #[test]
    fn there_is_room_for_the_longest_head() {
        let namespace = format!("/{}", "n".repeat(1000));
        let text = "x".repeat(MAX_KEPT);
        let packet =
            Encoder::new(usize::MAX).ack(&namespace, u64::MAX, &(&text, vec![Binary::from(vec![1]); 300]));
        let (is_binary, packet) = Frames::new(packet.unwrap()).next().unwrap();
        let head = format!("46300-{namespace},{}[\"{text}\",[", u64::MAX);
        assert!(!is_binary && packet.starts_with(head.as_bytes()));
    }
}
