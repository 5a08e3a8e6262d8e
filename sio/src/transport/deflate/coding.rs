//! The compressor and the decompressor of a thread.

use std::cell::Cell;

use bytes::Bytes;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use sio_core::engine::frame::{Frames, write_binary_frame, write_text_frame};

use super::{Deflated, InflateError, RSV1};

/// The quickest level leaves 61 % of a chat message of 900 bytes and 23 % of a list of 64 KiB; the default one would leave
/// 60 % and 17 %, and take five times as long.
const LEVEL: Compression = Compression::fast();

/// The end of an empty block, which follows every flush and is not sent (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0x00, 0x00, 0xff, 0xff];

/// The bytes that are put behind a message to inflate it: the part that is never sent, and an empty last block. The
/// stream then ends if, and only if, the message was whole.
const END: [u8; 9] = [0x00, 0x00, 0xff, 0xff, 0x01, 0x00, 0x00, 0xff, 0xff];

/// A thread keeps no larger buffers.
const KEPT: usize = 64 * 1024;

/// Room that is made at least, each time that there is none left.
const LEAST_ROOM: usize = 1024;

thread_local! {
    static DEFLATER: Cell<Option<Box<Deflater>>> = const { Cell::new(None) };
    static INFLATER: Cell<Option<Box<Inflater>>> = const { Cell::new(None) };
}

/// Compresses messages of at least `threshold` bytes in a run of frames. `None` if that makes none of them smaller.
pub(crate) fn deflate(run: &Bytes, threshold: usize) -> Option<Deflated> {
    let mut deflater = DEFLATER.take().unwrap_or_else(Deflater::new);
    let deflated = deflater.run(run, threshold);
    deflater.buffer.clear();
    deflater.buffer.shrink_to(KEPT);
    DEFLATER.set(Some(deflater));
    deflated
}

/// Inflates the payload of a message, which must not have more than `limit` bytes. Memory for more is never taken.
pub(crate) fn inflate(payload: &[u8], limit: usize) -> Result<Bytes, InflateError> {
    let mut inflater = INFLATER.take().unwrap_or_else(Inflater::new);
    let inflated = inflater.inflate(payload, limit).map(|()| Bytes::copy_from_slice(&inflater.buffer));
    inflater.buffer.clear();
    inflater.buffer.shrink_to(KEPT);
    INFLATER.set(Some(inflater));
    inflated
}

struct Deflater {
    state: Compress,
    buffer: Vec<u8>,
}

impl Deflater {
    fn new() -> Box<Self> {
        Box::new(Self { state: Compress::new(LEVEL, false), buffer: Vec::new() })
    }

    fn run(&mut self, run: &Bytes, threshold: usize) -> Option<Deflated> {
        let mut out = Vec::new();
        let (mut is_smaller, mut is_text) = (false, true);
        let mut frames = Frames::new(run.clone());
        for (is_binary, message) in &mut frames {
            is_text &= !is_binary && out.is_empty();
            let at = out.len();
            let is_deflated = message.len() >= threshold && self.deflate(&message);
            let payload = if is_deflated { &self.buffer[..] } else { &message[..] };
            if is_binary {
                write_binary_frame(&mut out, payload);
            } else {
                write_text_frame(&mut out, &[payload]);
            }
            if is_deflated {
                out[at] |= RSV1;
                is_smaller = true;
            }
        }
        // Control frames are never compressed (RFC 7692 §6).
        let is_whole = frames.rest().is_empty();
        (is_smaller && is_whole).then(|| Deflated { frames: out.into(), is_text })
    }

    /// Compresses a message into the buffer. False if it does not become smaller.
    fn deflate(&mut self, message: &[u8]) -> bool {
        self.state.reset();
        self.buffer.clear();
        self.buffer.reserve_exact(message.len() + TAIL.len());
        // Full with as many bytes as the message has, besides those that are not sent.
        let room = self.buffer.capacity().min(message.len() + TAIL.len());
        loop {
            let read = usize::try_from(self.state.total_in()).unwrap_or(usize::MAX);
            let Some(rest) = message.get(read..) else { return false };
            if self.state.compress_vec(rest, &mut self.buffer, FlushCompress::Sync).is_err() {
                return false;
            }
            if self.buffer.len() >= room {
                return false;
            }
            if self.state.total_in() == message.len() as u64 {
                break;
            }
        }
        let is_flushed = self.buffer.ends_with(&TAIL);
        self.buffer.truncate(self.buffer.len().saturating_sub(TAIL.len()));
        is_flushed && self.buffer.len() < message.len()
    }
}

struct Inflater {
    state: Decompress,
    buffer: Vec<u8>,
}

impl Inflater {
    fn new() -> Box<Self> {
        Box::new(Self { state: Decompress::new(false), buffer: Vec::new() })
    }

    fn inflate(&mut self, payload: &[u8], limit: usize) -> Result<(), InflateError> {
        self.state.reset(false);
        self.buffer.clear();
        if let Some(rest) = self.part(payload, limit)? {
            // A compressor that cannot flush ends its stream instead, and begins an empty block for what is not sent
            // (RFC 7692 §7.2.3.4).
            return if matches!(rest, [] | [0x00]) { Ok(()) } else { Err(InflateError::Invalid) };
        }
        match self.part(&END, limit)? {
            Some([]) => Ok(()),
            _ => Err(InflateError::Invalid),
        }
    }

    /// Inflates a part of the stream. Returns what is left of it if the stream has ended.
    fn part<'a>(&mut self, mut part: &'a [u8], limit: usize) -> Result<Option<&'a [u8]>, InflateError> {
        loop {
            // One byte more than is allowed shows that there are too many.
            let room = limit.saturating_add(1) - self.buffer.len();
            if self.buffer.len() == self.buffer.capacity() {
                self.buffer.reserve_exact(self.buffer.len().max(LEAST_ROOM).min(room));
            }
            let before = (self.state.total_in(), self.buffer.len());
            let status = self.state.decompress_vec(part, &mut self.buffer, FlushDecompress::None);
            let status = status.map_err(|_| InflateError::Invalid)?;
            let read =
                usize::try_from(self.state.total_in() - before.0).map_err(|_| InflateError::Invalid)?;
            part = &part[read..];
            if self.buffer.len() > limit {
                return Err(InflateError::TooLarge);
            }
            match status {
                Status::StreamEnd => return Ok(Some(part)),
                _ if self.buffer.len() == self.buffer.capacity() => {}
                // There is room, and nothing happens. Before that, what has been read may still become more.
                _ if (read, self.buffer.len()) == (0, before.1) => {
                    return if part.is_empty() { Ok(None) } else { Err(InflateError::Invalid) };
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests;
