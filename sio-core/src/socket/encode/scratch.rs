//! [`Scratch`]: memory in which packets are put together.

use std::cell::Cell;

use bytes::Bytes;

use crate::args::{Attachments, MAX_DIGITS, digits};
use crate::engine::frame::{write_binary_frame, write_text_frame};
use crate::socket::packet::{Kind, MAIN_NAMESPACE};

/// The scratch memory that a thread keeps, in bytes. Larger packets are rare; their memory is given back.
const MAX_KEPT: usize = 64 * 1024;

/// Memory in which a packet is put together.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) json: Vec<u8>,
    pub(super) attachments: BinaryFrames,
    run: Vec<u8>,
}

/// The attachments of a packet, as the frames in which they are sent.
#[derive(Default)]
pub(super) struct BinaryFrames {
    frames: Vec<u8>,
    pub(super) count: usize,
    pub(super) marks: bool,
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
        Cell::new(Scratch { json: Vec::new(), attachments, run: Vec::new() })
    };
}

impl Scratch {
    /// The thread's scratch memory, empty.
    pub(super) fn take() -> Self {
        // A thread that is ending has none any more.
        SCRATCH.try_with(Cell::take).unwrap_or_default()
    }

    /// Makes the packet of the JSON and the attachments, and gives the memory back.
    pub(super) fn end(mut self, kind: Kind, namespace: &str, id: Option<u64>) -> Bytes {
        let has_attachments = self.attachments.count > 0;
        let kind = if has_attachments { kind.binary() } else { kind };
        let is_main = namespace == MAIN_NAMESPACE;
        let (mut count_digits, mut id_digits) = ([0; MAX_DIGITS], [0; MAX_DIGITS]);
        write_text_frame(
            &mut self.run,
            &[
                b"4",
                &[kind.digit()],
                if has_attachments { digits(self.attachments.count as u64, &mut count_digits) } else { b"" },
                if has_attachments { b"-" } else { b"" },
                if is_main { b"" } else { namespace.as_bytes() },
                if is_main { b"" } else { b"," },
                id.map_or(&[], |id| digits(id, &mut id_digits)),
                &self.json,
            ],
        );
        self.run.extend_from_slice(&self.attachments.frames);
        let packet = Bytes::copy_from_slice(&self.run);
        self.give_back();
        packet
    }

    pub(super) fn give_back(mut self) {
        self.attachments.count = 0;
        for memory in [&mut self.json, &mut self.attachments.frames, &mut self.run] {
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
    use crate::socket::encode::event;

    #[test]
    fn the_memory_that_a_thread_keeps_is_bounded() {
        let large = "x".repeat(10 * MAX_KEPT);
        event("/", None, "a", &(large, Binary::from(vec![0; 10 * MAX_KEPT]))).unwrap();
        let kept = Scratch::take();
        for memory in [&kept.json, &kept.attachments.frames, &kept.run] {
            assert!(memory.capacity() <= MAX_KEPT && memory.is_empty(), "{}", memory.capacity());
        }
    }
}
