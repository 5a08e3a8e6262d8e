//! The rooms of one namespace on this node.
//!
//! They know nothing of sockets: whatever can be cloned may be a member.

mod looking;

use std::collections::{HashMap, HashSet};
use std::mem;
use std::sync::Arc;

use sio_core::id::Sid;
#[cfg(feature = "cluster")]
use sio_core::target::Target;

use super::list::List;
use super::place::{ById, Memberships, Occupied, Place, Standing};
use super::user;
use crate::error::IdentifyError;
use crate::give_back::GiveBack as _;

/// A change of a room: see [`Builder::on_room`](crate::Builder::on_room).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RoomEvent {
    /// Somebody is about to be the first in it.
    Created,
    /// A socket has joined.
    Joined(Sid),
    /// A socket has left, or has gone.
    Left(Sid),
    /// Nobody is in it any more.
    Deleted,
}

/// Changes of rooms, in order.
pub(crate) type RoomChanges = Vec<(Arc<str>, RoomEvent)>;

/// The members that are connected, and those that may come back.
///
/// Nothing here takes long, so that nobody waits for the lock around it: who looks through a room of ten thousand gets
/// its list, see [`Self::addressed`], and does it elsewhere.
#[derive(Debug)]
pub(crate) struct Rooms<M> {
    places: HashSet<ById<M>>,
    /// The same, to be looked through.
    list: List<Arc<Place<M>>>,
    rooms: HashMap<Arc<str>, Room<M>>,
    /// How many of the places are those of members that are away.
    parked: usize,
    /// How many times somebody has left a room.
    departures: u64,
}

#[derive(Debug)]
struct Room<M> {
    list: List<Arc<Place<M>>>,
    /// How many of them are present: of the others nobody sees anything.
    present: u32,
}

/// A room that a place joins or leaves: it is told of, unless the member is away.
struct Seen<'a> {
    id: &'a Sid,
    is_present: bool,
    changes: &'a mut RoomChanges,
}

impl<M> Default for Room<M> {
    fn default() -> Self {
        Self { list: List::default(), present: 0 }
    }
}

impl<M> Default for Rooms<M> {
    fn default() -> Self {
        Self {
            places: HashSet::new(),
            list: List::default(),
            rooms: HashMap::new(),
            parked: 0,
            departures: 0,
        }
    }
}

impl Seen<'_> {
    fn enter<M>(&mut self, name: &Arc<str>, room: &mut Room<M>) {
        if self.is_present {
            room.present += 1;
            if room.present == 1 {
                self.changes.push((Arc::clone(name), RoomEvent::Created));
            }
            self.changes.push((Arc::clone(name), RoomEvent::Joined(self.id.clone())));
        }
    }

    fn exit<M>(&mut self, name: &Arc<str>, room: &mut Room<M>) {
        if self.is_present {
            room.present -= 1;
            self.changes.push((Arc::clone(name), RoomEvent::Left(self.id.clone())));
            if room.present == 0 {
                self.changes.push((Arc::clone(name), RoomEvent::Deleted));
            }
        }
    }
}

impl<M: Clone> Rooms<M> {
    /// A member is there, in no room but its own.
    pub(crate) fn add(&mut self, id: &Sid, member: M) {
        self.put(id, member, Standing::Present);
    }

    fn put(&mut self, id: &Sid, member: M, standing: Standing) {
        let place = Place::new(id, member, standing);
        if let Some(before) = self.places.replace(ById(Arc::clone(&place))) {
            self.clear(&before.0, &mut RoomChanges::new());
        }
        let position = self.list.push(Arc::clone(&place));
        place.lock().position = position;
    }

    /// Takes a member out of all rooms, if `is_it` says that it is the one. Returns the member itself, to be dropped
    /// without the lock: the last handle may be this one.
    pub(crate) fn remove_if(
        &mut self,
        id: &Sid,
        is_it: impl FnOnce(&M) -> bool,
        changes: &mut RoomChanges,
    ) -> Option<M> {
        let place = self.place(id)?;
        let is_it = {
            let occupied = place.lock();
            occupied.standing == Standing::Present && is_it(&occupied.member)
        };
        is_it.then(|| self.remove(&place, changes).0)
    }

    /// A member has gone, and may come back.
    pub(crate) fn park(&mut self, id: &Sid, changes: &mut RoomChanges) {
        let Some(place) = self.place(id) else { return };
        let mut occupied = place.lock();
        if occupied.standing != Standing::Present {
            return;
        }
        occupied.standing = Standing::Parked;
        self.parked += 1;
        let mut seen = Seen { id, is_present: true, changes };
        occupied.rooms.for_each(|name, _| {
            if let Some(room) = self.rooms.get_mut(name) {
                seen.exit(name, room);
            }
        });
    }

    /// A member that has been parked will not come back.
    pub(crate) fn unpark(&mut self, id: &Sid) -> Option<M> {
        let place = self.place(id)?;
        let is_parked = place.lock().standing == Standing::Parked;
        is_parked.then(|| self.remove(&place, &mut RoomChanges::new()).0)
    }

    /// Takes a member out, connected or parked, with the rooms in which it was.
    #[cfg(feature = "cluster")]
    pub(crate) fn take(&mut self, id: &Sid, changes: &mut RoomChanges) -> Option<(M, Vec<Arc<str>>)> {
        let place = self.place(id)?;
        let (member, rooms) = self.remove(&place, changes);
        let mut names = Vec::new();
        rooms.for_each(|name, _| names.push(Arc::clone(name)));
        Some((member, names))
    }

    /// A member that is away is there, in these rooms. False if there is one of the same id.
    #[cfg(feature = "cluster")]
    pub(crate) fn add_parked(&mut self, id: &Sid, member: M, rooms: &[String]) -> bool {
        if self.places.contains(id) {
            return false;
        }
        self.put(id, member, Standing::Parked);
        self.parked += 1;
        self.join(id, rooms, &mut RoomChanges::new());
        true
    }

    /// Returns whether a member that is away is addressed.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_parked_addressed(&self, id: &Sid, target: &Target<'_>) -> bool {
        let Some(place) = self.place(id) else { return false };
        let occupied = place.lock();
        let is_in = |room: &str| {
            let own = self.rooms.get_key_value(room).is_some_and(|(name, _)| occupied.rooms.contains(name));
            own || room == id.as_str()
        };
        let is_meant = !target.is_limited || target.rooms.iter().any(|room| is_in(room));
        occupied.standing == Standing::Parked
            && is_meant
            && !target.except.iter().any(|room| is_in(room))
            && target.sender.as_ref() != Some(id)
    }

    /// A member takes the place of the one with the same id, if there is one. It joins the rooms of one that has been
    /// parked, for all to see; those of one that is there it takes over. Returns the one before.
    pub(crate) fn replace(&mut self, id: &Sid, member: M, changes: &mut RoomChanges) -> Option<M> {
        let place = self.place(id)?;
        let mut occupied = place.lock();
        let before = mem::replace(&mut occupied.member, member);
        if mem::replace(&mut occupied.standing, Standing::Present) == Standing::Parked {
            self.parked -= 1;
            let mut seen = Seen { id, is_present: true, changes };
            occupied.rooms.for_each(|name, _| {
                if let Some(room) = self.rooms.get_mut(name) {
                    seen.enter(name, room);
                }
            });
        }
        Some(before)
    }

    /// Puts a member into rooms. Of one that is away nobody sees it. One that is not known has gone: its rooms would never
    /// be left.
    pub(crate) fn join(&mut self, id: &Sid, rooms: &[String], changes: &mut RoomChanges) {
        let Some(place) = self.place(id) else { return };
        let mut occupied = place.lock();
        let mut seen = Seen { id, is_present: occupied.standing == Standing::Present, changes };
        for room in rooms.iter().filter(|room| *room != id.as_str()) {
            let name = match self.rooms.get_key_value(&**room) {
                Some((name, _)) if occupied.rooms.contains(name) => continue,
                Some((name, _)) => Arc::clone(name),
                None => Arc::from(&**room),
            };
            let room = self.rooms.entry(Arc::clone(&name)).or_default();
            seen.enter(&name, room);
            let position = room.list.push(Arc::clone(&place));
            occupied.rooms.insert(name, position);
        }
    }

    /// Puts a member into the room of a user, if it is in that of no other.
    pub(crate) fn identify(
        &mut self,
        id: &Sid,
        name: &str,
        changes: &mut RoomChanges,
    ) -> Result<(), IdentifyError> {
        if self.get(id).is_none() {
            return Err(IdentifyError::Disconnected);
        }
        match self.rooms_and_user_of(id).1 {
            Some(before) if before == name => Ok(()),
            Some(_) => Err(IdentifyError::Identified),
            None => {
                self.join(id, &[user::room(name)], changes);
                Ok(())
            }
        }
    }

    /// Puts a member into the room of a user, and takes it out of that of another. Nobody sees it in both or in none.
    pub(crate) fn change_user(
        &mut self,
        id: &Sid,
        name: &str,
        changes: &mut RoomChanges,
    ) -> Result<(), IdentifyError> {
        match self.rooms_and_user_of(id).1 {
            Some(before) if before != name => self.leave(id, &[user::room(&before)], changes),
            _ => {}
        }
        self.identify(id, name, changes)
    }

    /// Takes a member out of rooms. Of one that is away nobody sees it.
    pub(crate) fn leave(&mut self, id: &Sid, rooms: &[String], changes: &mut RoomChanges) {
        let Some(place) = self.place(id) else { return };
        for room in rooms {
            let Some((name, _)) = self.rooms.get_key_value(&**room) else { continue };
            let name = Arc::clone(name);
            let (position, is_present) = {
                let mut occupied = place.lock();
                let Some(position) = occupied.rooms.remove(&name) else { continue };
                self.departures += 1;
                occupied.left = self.departures;
                (position, occupied.standing == Standing::Present)
            };
            self.take_out(&name, position, &mut Seen { id, is_present, changes });
        }
        self.rooms.give_back();
    }

    /// Takes out a place, which is locked by nobody who holds the lock of the rooms, and returns what was in it.
    fn remove(&mut self, place: &Place<M>, changes: &mut RoomChanges) -> (M, Memberships) {
        self.places.remove(&place.id);
        self.places.give_back();
        self.clear(place, changes)
    }

    /// Takes a place out of all lists.
    fn clear(&mut self, place: &Place<M>, changes: &mut RoomChanges) -> (M, Memberships) {
        let (member, standing, position, rooms) = {
            let mut occupied = place.lock();
            self.departures += 1;
            occupied.left = self.departures;
            let standing = mem::replace(&mut occupied.standing, Standing::Gone);
            let Occupied { member, position, rooms, .. } = &mut *occupied;
            (member.clone(), standing, *position, mem::take(rooms))
        };
        self.parked -= usize::from(standing == Standing::Parked);
        let mut seen = Seen { id: &place.id, is_present: standing == Standing::Present, changes };
        rooms.for_each(|name, position| self.take_out(name, position, &mut seen));
        if let Some(moved) = self.list.swap_remove(position) {
            moved.lock().position = position;
        }
        self.rooms.give_back();
        (member, rooms)
    }

    /// Takes whoever is at a position out of a room, which ends with the last one.
    fn take_out(&mut self, name: &Arc<str>, position: u32, seen: &mut Seen<'_>) {
        let Some(room) = self.rooms.get_mut(name) else { return };
        if let Some(moved) = room.list.swap_remove(position) {
            moved.lock().rooms.set_position(name, position);
        }
        seen.exit(name, room);
        if room.list.is_empty() {
            self.rooms.remove(name);
        }
    }

    fn place(&self, id: &Sid) -> Option<Arc<Place<M>>> {
        self.places.get(id).map(|ById(place)| Arc::clone(place))
    }
}

#[cfg(test)]
mod tests;
