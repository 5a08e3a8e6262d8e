//! [`Broadcast`]: an event for sockets on all nodes.

use std::str;

use bytes::Bytes;

use super::wire::{
    Reader, bytes_size, number_size, sid_size, texts_size, write_bytes, write_number, write_sid, write_texts,
};
use crate::engine::frame::Frames;
pub use crate::target::{MAX_ROOMS, Rooms, Target};

/// An event for sockets.
///
/// # Examples
///
/// ```
/// use bytes::Bytes;
/// use sio_core::cluster::broadcast::{Broadcast, Target};
///
/// let event = Broadcast {
///     path: "/chat",
///     target: Target::room("news"),
///     offset: None,
///     run: Bytes::from_static(b"\x81\x0a42[\"goal\"]"),
/// };
/// let mut body = Vec::new();
/// event.write(&mut body);
/// let body = Bytes::from(body);
/// assert!(Broadcast::read(&body, false).is_some_and(|read| read == event));
/// ```
#[derive(Debug, Clone)]
pub struct Broadcast<'a> {
    /// The namespace.
    pub path: &'a str,
    /// The sockets in it that are addressed.
    pub target: Target<'a>,
    /// The number under which the event is kept for clients that come back, with
    /// [`Flags::OFFSET`](super::frame::Flags::OFFSET).
    pub offset: Option<u64>,
    /// The packet as a run of WebSocket frames, as clients get it.
    pub run: Bytes,
}

// Compared also with what lives shorter, which a derived comparison does not do.
impl PartialEq<Broadcast<'_>> for Broadcast<'_> {
    fn eq(&self, other: &Broadcast<'_>) -> bool {
        let Self { path, target, offset, run } = self;
        *path == other.path && *target == other.target && *offset == other.offset && *run == other.run
    }
}

impl<'a> Target<'a> {
    /// How many bytes [`Target::write`] writes.
    pub(super) fn size(&self) -> usize {
        1 + texts_size(&self.rooms) + texts_size(&self.except) + self.sender.as_ref().map_or(0, sid_size)
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(self.is_limited) | u8::from(self.sender.is_some()) << 1);
        write_texts(out, &self.rooms);
        write_texts(out, &self.except);
        if let Some(sender) = &self.sender {
            write_sid(out, sender);
        }
    }

    pub(super) fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let which = reader.byte().filter(|which| *which < 4)?;
        let rooms = reader.texts(MAX_ROOMS)?;
        let except = reader.texts(MAX_ROOMS)?;
        let sender = if which & 2 == 0 { None } else { Some(reader.sid()?) };
        Some(Self { is_limited: which & 1 == 1, rooms, except, sender })
    }
}

impl<'a> Broadcast<'a> {
    /// Returns how many bytes [`Broadcast::write`] writes. A frame with exactly this capacity can be shared as it is.
    #[must_use]
    pub fn size(&self) -> usize {
        let offset = self.offset.map_or(0, number_size);
        offset + bytes_size(self.path.as_bytes()) + self.target.size() + self.run.len()
    }

    /// Appends the body.
    pub fn write(&self, out: &mut Vec<u8>) {
        if let Some(offset) = self.offset {
            write_number(out, offset);
        }
        write_bytes(out, self.path.as_bytes());
        self.target.write(out);
        out.extend_from_slice(&self.run);
    }

    /// Reads a body, `has_offset` as the frame's flags say; `None` if it is malformed. A run that is no whole frames
    /// would garble everything that a client gets after it.
    #[must_use]
    pub fn read(body: &'a Bytes, has_offset: bool) -> Option<Self> {
        Self::read_rest(Reader::new(body), body, has_offset)
    }

    /// Reads it from what is left of a body.
    pub(super) fn read_rest(mut reader: Reader<'a>, body: &'a Bytes, has_offset: bool) -> Option<Self> {
        let offset = if has_offset { Some(reader.number()?) } else { None };
        let path = reader.text()?;
        let target = Target::read(&mut reader)?;
        let run = body.slice(body.len() - reader.left()..);
        is_whole(&run).then_some(Self { path, target, offset, run })
    }
}

/// Returns whether a run is whole frames, of which there is at least one, and its texts are UTF-8.
fn is_whole(run: &Bytes) -> bool {
    let mut frames = Frames::new(run.clone());
    let are_texts = frames.by_ref().all(|(is_binary, payload)| is_binary || str::from_utf8(&payload).is_ok());
    are_texts && frames.rest().is_empty() && !run.is_empty()
}
