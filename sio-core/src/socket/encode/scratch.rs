//! [`Scratch`]: memory in which packets are put together.

use std::cell::Cell;
use std::mem;

use bytes::Bytes;

use crate::args::{Attachments, MAX_DIGITS, digits};
use crate::engine::frame::{MAX_HEADER, text_header, write_binary_frame};
use crate::socket::packet::{Kind, MAIN_NAMESPACE};

/// The scratch memory that a thread keeps, in bytes. Larger packets are rare; their memory becomes that of the packet.
const MAX_KEPT: usize = 64 * 1024;

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
        Cell::new(Scratch { packet: Vec::new(), room: 0, attachments })
    };
}

impl Scratch {
    /// The thread's scratch memory, with room for the head of a packet of this namespace.
    pub(super) fn take(namespace: &str, marks: bool) -> Self {
        // A thread that is ending has none any more.
        let mut scratch = SCRATCH.try_with(Cell::take).unwrap_or_default();
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
        self.packet.extend_from_slice(&self.attachments.frames);
        let packet = if self.packet.len() > MAX_KEPT {
            let mut packet = mem::take(&mut self.packet);
            if packet.capacity() - packet.len() > packet.len() / 8 {
                packet.shrink_to_fit();
            }
            Bytes::from(packet).slice(start..)
        } else {
            Bytes::copy_from_slice(&self.packet[start..])
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

    pub(super) fn give_back(mut self) {
        self.attachments.count = 0;
        for memory in [&mut self.packet, &mut self.attachments.frames] {
            memory.clear();
            memory.shrink_to(MAX_KEPT);
        }
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

    #[test]
    fn the_memory_that_a_thread_keeps_is_bounded() {
        let large = "x".repeat(10 * MAX_KEPT);
        event("/", None, "a", &(large, Binary::from(vec![0; 10 * MAX_KEPT]))).unwrap();
        let kept = SCRATCH.take();
        for memory in [&kept.packet, &kept.attachments.frames] {
            assert!(memory.capacity() <= MAX_KEPT && memory.is_empty(), "{}", memory.capacity());
        }
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
