//! [`Place`]: one client in one namespace, with the rooms in which it is.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio_core::id::Sid;
use smallvec::SmallVec;

/// A client that is in as many rooms looks through them; with more of them, they are hashed.
const FEW: usize = 16;

/// One client in one namespace, whichever member it is reached by: when it comes back, the member is another, and the
/// place is the same.
#[derive(Debug)]
pub(super) struct Place<M> {
    pub(super) id: Sid,
    inner: Mutex<Occupied<M>>,
}

/// A place as it is now. Changed only under the lock of the rooms too.
#[derive(Debug)]
pub(super) struct Occupied<M> {
    pub(super) member: M,
    pub(super) standing: Standing,
    /// Where it is in the list of all places.
    pub(super) position: u32,
    /// The number of the last change by which it left a room.
    pub(super) left: u64,
    pub(super) rooms: Memberships,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Present,
    /// Lost, and may come back: nobody sees it; events for its rooms are kept for it.
    Parked,
    /// In no list any more. Who began to look through one before may still meet it.
    Gone,
}

/// A place under its id, which is not stored a second time.
#[derive(Debug)]
pub(super) struct ById<M>(pub(super) Arc<Place<M>>);

impl<M> Place<M> {
    pub(super) fn new(id: &Sid, member: M, standing: Standing) -> Arc<Self> {
        let inner = Occupied { member, standing, position: 0, left: 0, rooms: Memberships::default() };
        Arc::new(Self { id: id.clone(), inner: Mutex::new(inner) })
    }

    /// Under this lock an event is put into the queue of the client: who takes it out of a room knows then that nothing
    /// comes after it.
    pub(super) fn lock(&self) -> MutexGuard<'_, Occupied<M>> {
        // No user code runs under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<M> Borrow<Sid> for ById<M> {
    fn borrow(&self) -> &Sid {
        &self.0.id
    }
}

impl<M> Hash for ById<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl<M> PartialEq for ById<M> {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl<M> Eq for ById<M> {}

/// The rooms of a place, each with its position in the room's list. The room that is named by the client's id is not
/// among them.
///
/// A name is the one that the namespace has of the room: within few, it is known by its address.
#[derive(Debug)]
pub(super) enum Memberships {
    Few(SmallVec<[(Arc<str>, u32); 1]>),
    #[expect(clippy::box_collection, reason = "a table would take four words more of each client")]
    Many(Box<HashMap<Arc<str>, u32>>),
}

impl Default for Memberships {
    fn default() -> Self {
        Self::Few(SmallVec::new())
    }
}

impl Memberships {
    pub(super) fn contains(&self, room: &Arc<str>) -> bool {
        match self {
            Self::Few(few) => few.iter().any(|(name, _)| Arc::ptr_eq(name, room)),
            Self::Many(many) => many.contains_key(room),
        }
    }

    /// Adds a room that is not among them.
    pub(super) fn insert(&mut self, room: Arc<str>, position: u32) {
        match self {
            Self::Few(few) if few.len() < FEW => {
                few.push((room, position));
            }
            Self::Few(few) => {
                let mut many: HashMap<_, _> = few.drain(..).collect();
                many.insert(room, position);
                *self = Self::Many(Box::new(many));
            }
            Self::Many(many) => {
                many.insert(room, position);
            }
        }
    }

    /// Takes a room out, and returns the position in its list.
    pub(super) fn remove(&mut self, room: &Arc<str>) -> Option<u32> {
        match self {
            Self::Few(few) => {
                let index = few.iter().position(|(name, _)| Arc::ptr_eq(name, room))?;
                Some(few.swap_remove(index).1)
            }
            Self::Many(many) => {
                let position = many.remove(room);
                // Well below, so that one who joins and leaves does not copy them each time.
                if many.len() <= FEW / 2 {
                    *self = Self::Few(many.drain().collect());
                }
                position
            }
        }
    }

    /// The place is elsewhere in the list of a room.
    pub(super) fn set_position(&mut self, room: &Arc<str>, position: u32) {
        let entry = match self {
            Self::Few(few) => {
                few.iter_mut().find(|(name, _)| Arc::ptr_eq(name, room)).map(|entry| &mut entry.1)
            }
            Self::Many(many) => many.get_mut(room),
        };
        if let Some(entry) = entry {
            *entry = position;
        }
    }

    pub(super) fn for_each(&self, mut each: impl FnMut(&Arc<str>, u32)) {
        match self {
            Self::Few(few) => few.iter().for_each(|(room, position)| each(room, *position)),
            Self::Many(many) => many.iter().for_each(|(room, position)| each(room, *position)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_rooms_and_many_are_the_same_to_others() {
        let rooms: Vec<Arc<str>> = (0..3 * FEW).map(|number| number.to_string().into()).collect();
        let mut memberships = Memberships::default();
        for (room, position) in rooms.iter().zip(0..) {
            assert!(!memberships.contains(room));
            memberships.insert(Arc::clone(room), position);
            memberships.set_position(room, position + 100);
        }
        assert!(matches!(memberships, Memberships::Many(_)));
        let mut count = 0;
        memberships.for_each(|_, position| count += usize::from(position >= 100));
        assert_eq!(count, rooms.len());
        for (room, position) in rooms.iter().zip(100..) {
            assert!(memberships.contains(room));
            assert_eq!(memberships.remove(room), Some(position));
            assert_eq!(memberships.remove(room), None);
        }
        assert!(matches!(&memberships, Memberships::Few(few) if few.is_empty()));
    }
}
