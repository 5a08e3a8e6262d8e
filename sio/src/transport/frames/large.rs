//! Large frames: their decoding, and the memory that they are read into.

use bytes::{Bytes, BytesMut};
use fastwebsockets::{OpCode, Payload};

use super::{Frame, RESERVED_BITS, ReadError, Rules, UNKNOWN_OPCODE, deflated, taken};
use crate::transport::deflate::RSV1;

/// The longest payload whose memory a thread keeps for the next large frame. The pages of what goes back to the system
/// have to be made again.
const MAX_KEPT: usize = 1024 * 1024;

/// After so many turns without a large frame, its memory is not kept any more.
const PATIENCE: u32 = 1000;

/// The last large message that a thread has read, with whose memory the next can be read when nobody else has it.
#[derive(Debug, Default)]
pub(super) struct Kept {
    message: Option<Bytes>,
    /// How many turns have ended since.
    turns: u32,
}

impl Kept {
    pub(super) fn keep(&mut self, frame: &Frame) {
        // What is put together of several frames, or inflated, is taken over without a copy if nobody else has it.
        if frame.fin && !frame.is_deflated && frame.payload.len() <= MAX_KEPT {
            (self.message, self.turns) = (Some(frame.payload.clone()), 0);
        }
    }

    /// Takes the memory, if it can be had and fits so many bytes: it is theirs for as long as they are kept.
    pub(super) fn take(&mut self, length: usize) -> Option<BytesMut> {
        match self.message.take()?.try_into_mut() {
            Ok(mut memory) => {
                memory.clear();
                if memory.try_reclaim(length) && memory.capacity() / 2 <= length {
                    return Some(memory);
                }
                self.message = Some(memory.freeze());
            }
            Err(message) => self.message = Some(message),
        }
        None
    }

    pub(super) fn end_turn(&mut self) {
        if self.message.is_some() {
            self.turns += 1;
            if self.turns > PATIENCE {
                self.message = None;
            }
        }
    }
}

/// Decodes a whole frame where it is. Only its header is read here, the length of which has been found before.
pub(super) fn decode(mut bytes: BytesMut, rules: Rules) -> Result<Frame, ReadError> {
    let is_deflated = rules.may_deflate && deflated(bytes[0]).is_some();
    if is_deflated {
        bytes[0] &= !RSV1;
    }
    let extended = if bytes[1] & 0x7f == 126 { 2 } else { 8 };
    let head = bytes.split_to(2 + extended + 4);
    if head[0] & 0x70 != 0 {
        return Err(RESERVED_BITS);
    }
    let (fin, mask) = (head[0] & 0x80 != 0, head.last_chunk().copied());
    let opcode = OpCode::try_from(head[0] & 0x0f).map_err(|_| UNKNOWN_OPCODE)?;
    let mut frame = fastwebsockets::Frame::new(fin, opcode, mask, Payload::Bytes(bytes));
    frame.unmask();
    Ok(Frame { is_deflated, ..taken(frame) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(payload: Vec<u8>, fin: bool) -> Frame {
        Frame { fin, opcode: OpCode::Binary, is_deflated: false, payload: payload.into() }
    }

    #[test]
    fn the_memory_of_a_message_is_had_when_nobody_needs_it() {
        let mut kept = Kept::default();
        assert!(kept.take(1).is_none());
        let message = frame(vec![7; 500_000], true);
        let memory = message.payload.as_ptr();
        kept.keep(&message);
        assert!(kept.take(500_000).is_none(), "a handler has it");
        drop(message);
        assert_eq!(kept.take(500_000).map(|memory| (memory.as_ptr(), memory.len())), Some((memory, 0)));
        assert!(kept.take(1).is_none(), "it has been taken");
    }

    #[test]
    fn memory_that_does_not_fit_is_not_taken_and_a_long_one_not_kept() {
        let mut kept = Kept::default();
        kept.keep(&frame(vec![7; 500_000], true));
        assert!(kept.take(500_001).is_none() && kept.take(249_000).is_none());
        assert!(kept.take(250_000).is_some());
        kept.keep(&frame(vec![7; MAX_KEPT + 1], true));
        kept.keep(&frame(vec![7; MAX_KEPT], false));
        assert!(kept.message.is_none());
    }

    #[test]
    fn memory_is_kept_for_some_turns() {
        let mut kept = Kept::default();
        kept.keep(&frame(vec![7; 500_000], true));
        (0..PATIENCE).for_each(|_| kept.end_turn());
        assert!(kept.message.is_some());
        kept.end_turn();
        assert!(kept.message.is_none());
    }
}
