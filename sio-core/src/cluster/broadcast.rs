//! [`Broadcast`], an event for sockets on all nodes, and its [`Target`].

use std::borrow::Cow;

use bytes::Bytes;
use smallvec::SmallVec;

use super::wire::{Reader, write_bytes, write_number, write_sid, write_texts};
use crate::id::Sid;

/// Rooms that a target may name in each of its lists: a frame of many empty names would become a large list.
pub const MAX_ROOMS: usize = 65_536;

/// A target's rooms. Two have room without an allocation.
pub type Rooms<'a> = SmallVec<[Cow<'a, str>; 2]>;

/// The sockets of a namespace that are addressed.
///
/// Borrowed from a frame that has arrived, so that one for rooms that nobody here is in costs no allocation.
#[derive(Debug, Clone, Default)]
pub struct Target<'a> {
    /// True if only the members of `rooms` are meant, which are none if there is no room; otherwise everybody is.
    pub is_limited: bool,
    /// The rooms.
    pub rooms: Rooms<'a>,
    /// Members of these are left out.
    pub except: Rooms<'a>,
    /// This socket is left out.
    pub sender: Option<Sid>,
}

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
///     run: Bytes::from_static(b"\x81\x0942[\"goal\"]"),
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
impl PartialEq<Target<'_>> for Target<'_> {
    fn eq(&self, other: &Target<'_>) -> bool {
        let Self { is_limited, rooms, except, sender } = self;
        *is_limited == other.is_limited
            && rooms.iter().eq(other.rooms.iter())
            && except.iter().eq(other.except.iter())
            && *sender == other.sender
    }
}

impl PartialEq<Broadcast<'_>> for Broadcast<'_> {
    fn eq(&self, other: &Broadcast<'_>) -> bool {
        let Self { path, target, offset, run } = self;
        *path == other.path && *target == other.target && *offset == other.offset && *run == other.run
    }
}

impl<'a> Target<'a> {
    /// Addresses everybody in the namespace.
    #[must_use]
    pub fn everybody() -> Self {
        Self::default()
    }

    /// Addresses the members of one room.
    #[must_use]
    pub fn room(room: impl Into<Cow<'a, str>>) -> Self {
        let mut rooms = Rooms::new();
        rooms.push(room.into());
        Self { is_limited: true, rooms, ..Self::default() }
    }

    /// Returns whether no list has more than [`MAX_ROOMS`] rooms; receivers refuse those.
    #[must_use]
    pub fn fits(&self) -> bool {
        self.rooms.len() <= MAX_ROOMS && self.except.len() <= MAX_ROOMS
    }

    /// Returns the only room that is meant, if the target is exactly that: it may be the id of a socket.
    #[must_use]
    pub fn single(&self) -> Option<&str> {
        match &self.rooms[..] {
            [room] if self.is_limited && self.except.is_empty() && self.sender.is_none() => Some(room),
            _ => None,
        }
    }

    /// Returns the same target, which borrows all texts from this one.
    #[must_use]
    pub fn reborrow(&self) -> Target<'_> {
        Target {
            is_limited: self.is_limited,
            rooms: self.rooms.iter().map(|room| Cow::Borrowed(&**room)).collect(),
            except: self.except.iter().map(|room| Cow::Borrowed(&**room)).collect(),
            sender: self.sender.clone(),
        }
    }

    /// Returns the same target with texts that it owns.
    #[must_use]
    pub fn into_owned(self) -> Target<'static> {
        let own = |rooms: Rooms<'_>| rooms.into_iter().map(|room| Cow::Owned(room.into_owned())).collect();
        Target {
            is_limited: self.is_limited,
            rooms: own(self.rooms),
            except: own(self.except),
            sender: self.sender,
        }
    }

    /// About how many bytes [`Target::write`] writes; never fewer.
    pub(super) fn len(&self) -> usize {
        let texts: usize = self.rooms.iter().chain(&self.except).map(|room| room.len() + 5).sum();
        texts + 2 * 5 + 1 + self.sender.as_ref().map_or(0, |sid| sid.len() + 6)
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
    /// Returns about how many bytes [`Broadcast::write`] writes; never fewer.
    #[must_use]
    pub fn len_hint(&self) -> usize {
        10 + 5 + self.path.len() + self.target.len() + self.run.len()
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

    /// Reads a body, `has_offset` as the frame's flags say; `None` if it is malformed.
    #[must_use]
    pub fn read(body: &'a Bytes, has_offset: bool) -> Option<Self> {
        let mut reader = Reader::new(body);
        let offset = if has_offset { Some(reader.number()?) } else { None };
        let path = reader.text()?;
        let target = Target::read(&mut reader)?;
        let run = body.slice(body.len() - reader.left()..);
        Some(Self { path, target, offset, run })
    }
}
