//! [`Target`]: the sockets of a namespace that a packet is for.

use std::borrow::Cow;

use smallvec::SmallVec;

use crate::id::Sid;

/// Rooms that a target may name in each of its lists: a frame of many empty names would become a large list.
pub const MAX_ROOMS: usize = 65_536;

/// A target's rooms. Two have room without an allocation.
pub type Rooms<'a> = SmallVec<[Cow<'a, str>; 2]>;

/// The sockets of a namespace that are addressed.
///
/// It owns its rooms, or borrows them: one that is read from a message of another server costs no allocation.
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
}
