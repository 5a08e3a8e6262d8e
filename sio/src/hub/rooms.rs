//! The rooms of one namespace on this node.
//!
//! They know nothing of sockets: whatever can be cloned may be a member.

use std::sync::Arc;

use sio_core::id::Sid;
use sio_core::target::Target;

use super::index::Index;
use super::user;
use crate::error::IdentifyError;

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
#[derive(Debug)]
pub(crate) struct Rooms<M> {
    live: Index<M>,
    /// Members that have lost their connection and may come back, in the rooms in which they were. Nobody sees them;
    /// events for their rooms are kept for them.
    parked: Index<M>,
}

impl<M> Default for Rooms<M> {
    fn default() -> Self {
        Self { live: Index::default(), parked: Index::default() }
    }
}

impl<M: Clone> Rooms<M> {
    /// A member is there, in no room but its own.
    pub(crate) fn add(&mut self, id: &Sid, member: M) {
        self.live.add(id, member);
    }

    /// Takes a member out of all rooms, if `is_it` says that it is the one. Returns the member itself, to be dropped
    /// without the lock: the last handle may be this one.
    pub(crate) fn remove_if(
        &mut self,
        id: &Sid,
        is_it: impl FnOnce(&M) -> bool,
        changes: &mut RoomChanges,
    ) -> Option<M> {
        self.live.remove_if(id, is_it, changes).map(|entry| entry.member)
    }

    /// A member has gone, and may come back.
    pub(crate) fn park(&mut self, id: &Sid, changes: &mut RoomChanges) {
        let Some(entry) = self.live.remove(id, changes) else { return };
        self.parked.add(id, entry.member);
        for room in &entry.rooms {
            self.parked.join(id, room, &mut RoomChanges::new());
        }
    }

    /// A member that has been parked will not come back.
    pub(crate) fn unpark(&mut self, id: &Sid) -> Option<M> {
        self.parked.remove(id, &mut RoomChanges::new()).map(|entry| entry.member)
    }

    /// Takes a member out, connected or parked, with the rooms in which it was.
    #[cfg(feature = "cluster")]
    pub(crate) fn take(&mut self, id: &Sid, changes: &mut RoomChanges) -> Option<(M, Vec<Arc<str>>)> {
        let entry = match self.live.remove(id, changes) {
            Some(entry) => entry,
            None => self.parked.remove(id, &mut RoomChanges::new())?,
        };
        Some((entry.member, entry.rooms.iter().cloned().collect()))
    }

    /// A member that is away is there, in these rooms. False if there is one of the same id.
    #[cfg(feature = "cluster")]
    pub(crate) fn add_parked(&mut self, id: &Sid, member: M, rooms: &[String]) -> bool {
        if self.live.members.contains_key(id) || self.parked.members.contains_key(id) {
            return false;
        }
        self.parked.add(id, member);
        for room in rooms.iter().filter(|room| *room != id.as_str()) {
            self.parked.join(id, room, &mut RoomChanges::new());
        }
        true
    }

    /// Returns whether a member that is away is addressed.
    #[cfg(feature = "cluster")]
    pub(crate) fn is_parked_addressed(&self, id: &Sid, target: &Target<'_>) -> bool {
        let Some(entry) = self.parked.members.get(id) else { return false };
        let is_in = |room: &str| room == id.as_str() || entry.rooms.iter().any(|own| **own == *room);
        let is_meant = !target.is_limited || target.rooms.iter().any(|room| is_in(room));
        is_meant && !target.except.iter().any(|room| is_in(room)) && target.sender.as_ref() != Some(id)
    }

    /// A member takes the place of the one with the same id, if there is one. It joins the rooms of one that has been
    /// parked, for all to see; those of one that is there it takes over. Returns the one before.
    pub(crate) fn replace(&mut self, id: &Sid, member: M, changes: &mut RoomChanges) -> Option<M> {
        let (mut unseen, mut removed) = (RoomChanges::new(), RoomChanges::new());
        let (before, changes) = match self.parked.remove(id, &mut removed) {
            Some(before) => (before, changes),
            None => (self.live.remove(id, &mut removed)?, &mut unseen),
        };
        self.live.add(id, member);
        for room in &before.rooms {
            self.live.join(id, room, changes);
        }
        Some(before.member)
    }

    /// Puts a member into rooms. Of one that is away nobody sees it.
    pub(crate) fn join(&mut self, id: &Sid, rooms: &[String], changes: &mut RoomChanges) {
        let mut unseen = RoomChanges::new();
        let (index, changes) = self.index_of(id, changes, &mut unseen);
        for room in rooms.iter().filter(|room| *room != id.as_str()) {
            index.join(id, room, changes);
        }
    }

    /// Puts a member into the room of a user, if it is in that of no other.
    pub(crate) fn identify(
        &mut self,
        id: &Sid,
        name: &str,
        changes: &mut RoomChanges,
    ) -> Result<(), IdentifyError> {
        if !self.live.members.contains_key(id) {
            return Err(IdentifyError::Disconnected);
        }
        match self.rooms_and_user_of(id).1 {
            Some(before) if before == name => Ok(()),
            Some(_) => Err(IdentifyError::Identified),
            None => {
                self.live.join(id, &user::room(name), changes);
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
            Some(before) if before != name => self.live.leave(id, &user::room(&before), changes),
            _ => {}
        }
        self.identify(id, name, changes)
    }

    /// Takes a member out of rooms. Of one that is away nobody sees it.
    pub(crate) fn leave(&mut self, id: &Sid, rooms: &[String], changes: &mut RoomChanges) {
        let mut unseen = RoomChanges::new();
        let (index, changes) = self.index_of(id, changes, &mut unseen);
        for room in rooms {
            index.leave(id, room, changes);
        }
    }

    /// Returns where a member is, and where its changes go.
    fn index_of<'a>(
        &'a mut self,
        id: &Sid,
        seen: &'a mut RoomChanges,
        unseen: &'a mut RoomChanges,
    ) -> (&'a mut Index<M>, &'a mut RoomChanges) {
        if self.parked.members.contains_key(id) { (&mut self.parked, unseen) } else { (&mut self.live, seen) }
    }

    /// Returns the rooms of a member, sorted, its own included. Empty when it has gone.
    pub(crate) fn rooms_of(&self, id: &Sid) -> Vec<String> {
        self.rooms_and_user_of(id).0
    }

    /// As [`Self::rooms_of`], with the user that the member was identified as.
    pub(crate) fn rooms_and_user_of(&self, id: &Sid) -> (Vec<String>, Option<String>) {
        let Some(entry) = self.live.members.get(id) else { return (Vec::new(), None) };
        let mut user = None;
        let mut rooms = vec![id.to_string()];
        for room in &entry.rooms {
            match user::of_room(room) {
                Some(name) => user = Some(name.to_owned()),
                None if user::is_hidden(room) => {}
                None => rooms.push(room.to_string()),
            }
        }
        rooms.sort_unstable();
        (rooms, user)
    }

    /// Returns how many members are there.
    #[cfg(feature = "admin")]
    pub(crate) fn len(&self) -> usize {
        self.live.members.len()
    }

    /// Returns how many members are parked.
    pub(crate) fn parked_len(&self) -> usize {
        self.parked.members.len()
    }

    /// Returns a member that is parked.
    pub(crate) fn parked(&self, id: &Sid) -> Option<M> {
        self.parked.members.get(id).map(|entry| entry.member.clone())
    }

    /// Returns the rooms in which somebody is, sorted.
    pub(crate) fn rooms(&self) -> Vec<String> {
        let rooms = self.live.rooms.keys().filter(|room| !user::is_hidden(room));
        let mut rooms: Vec<String> = rooms.map(|room| room.to_string()).collect();
        rooms.sort_unstable();
        rooms
    }

    /// Returns the users who are here, each with the members that are theirs.
    pub(crate) fn users(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &M>)> {
        self.live.rooms.iter().filter_map(|(room, members)| Some((user::of_room(room)?, members.values())))
    }

    /// Returns how many rooms there are, without making a list of them.
    pub(crate) fn count(&self) -> usize {
        self.live.rooms.keys().filter(|room| !user::is_hidden(room)).count()
    }

    /// Returns whether somebody is in a room.
    pub(crate) fn is_room(&self, room: &str) -> bool {
        self.live.rooms.contains_key(room)
    }

    pub(crate) fn get(&self, id: &Sid) -> Option<M> {
        self.live.members.get(id).map(|entry| entry.member.clone())
    }

    /// Calls `each` once for every member that is addressed.
    pub(crate) fn for_each(&self, target: &Target<'_>, each: impl FnMut(&M)) {
        self.live.for_each(target, each);
    }

    /// As [`Self::for_each`], and then for every member that is parked.
    pub(crate) fn for_each_with_parked(&self, target: &Target<'_>, mut each: impl FnMut(&M, bool)) {
        self.live.for_each(target, |member| each(member, false));
        if !self.parked.is_empty() {
            self.parked.for_each(target, |member| each(member, true));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::RoomEvent::{Created, Deleted, Joined, Left};
    use super::*;

    /// Rooms of three members, who are called by numbers.
    struct Three {
        rooms: Rooms<u8>,
        ids: [Sid; 3],
    }

    impl Three {
        fn new() -> Self {
            let ids = std::array::from_fn(|_| crate::random::Ids::default().sid());
            let mut rooms = Rooms::default();
            for (id, name) in ids.iter().zip(0..) {
                rooms.add(id, name);
            }
            Self { rooms, ids }
        }

        fn join(&mut self, index: usize, names: &[&str]) -> RoomChanges {
            let (mut changes, names) = (RoomChanges::new(), strings(names));
            self.rooms.join(&self.ids[index], &names, &mut changes);
            changes
        }

        fn leave(&mut self, index: usize, names: &[&str]) -> RoomChanges {
            let (mut changes, names) = (RoomChanges::new(), strings(names));
            self.rooms.leave(&self.ids[index], &names, &mut changes);
            changes
        }

        /// Returns the members that are addressed, sorted; one that is reached twice is in it twice.
        fn reached(&self, target: &Target<'_>) -> Vec<u8> {
            let mut reached = Vec::new();
            self.rooms.for_each(target, |name| reached.push(*name));
            reached.sort_unstable();
            reached
        }
    }

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn to(rooms: &[&str], except: &[&str]) -> Target<'static> {
        let names = |names| strings(names).into_iter().map(Cow::Owned).collect();
        Target { is_limited: true, rooms: names(rooms), except: names(except), sender: None }
    }

    fn change(room: &str, event: RoomEvent) -> (Arc<str>, RoomEvent) {
        (room.into(), event)
    }

    #[test]
    fn a_union_of_rooms_reaches_everybody_once_but_the_excluded() {
        let mut three = Three::new();
        three.join(0, &["a", "b"]);
        three.join(1, &["b"]);
        three.join(2, &["a", "muted"]);
        assert_eq!(three.reached(&Target::default()), [0, 1, 2]);
        assert_eq!(three.reached(&to(&["a", "b"], &[])), [0, 1, 2]);
        assert_eq!(three.reached(&to(&["a", "b"], &["muted"])), [0, 1]);
        assert_eq!(three.reached(&to(&[], &[])), [0; 0]);
        assert_eq!(three.reached(&to(&["nobody"], &[])), [0; 0]);
        let sender = Some(three.ids[0].clone());
        assert_eq!(three.reached(&Target { sender, ..to(&["a"], &[]) }), [2]);
    }

    #[test]
    fn an_id_is_a_room_that_cannot_be_joined_or_left() {
        let mut three = Three::new();
        let own = three.ids[1].clone();
        assert_eq!(three.reached(&to(&[own.as_str()], &[])), [1]);
        assert_eq!(three.join(1, &[own.as_str()]), []);
        assert_eq!(three.leave(1, &[own.as_str()]), []);
        assert_eq!(three.rooms.rooms_of(&own), [own.as_str()]);
        // Others may be in it, and are reached with its owner.
        three.join(2, &[own.as_str()]);
        assert_eq!(three.reached(&to(&[own.as_str()], &[])), [1, 2]);
        assert_eq!(
            three.reached(&Target {
                except: [own.to_string().into()].into_iter().collect(),
                ..Target::default()
            }),
            [0]
        );
    }

    #[test]
    fn every_change_is_told_once_and_in_order() {
        let mut three = Three::new();
        let [first, second, _] = three.ids.clone();
        assert_eq!(three.join(0, &["a", "a"]), [change("a", Created), change("a", Joined(first.clone()))]);
        assert_eq!(three.join(1, &["a"]), [change("a", Joined(second.clone()))]);
        assert_eq!(three.leave(0, &["a", "b"]), [change("a", Left(first))]);
        let mut changes = RoomChanges::new();
        assert_eq!(three.rooms.remove_if(&second, |name| *name == 0, &mut changes), None);
        assert_eq!(three.rooms.remove_if(&second, |name| *name == 1, &mut changes), Some(1));
        assert_eq!(changes, [change("a", Left(second.clone())), change("a", Deleted)]);
        assert_eq!(three.rooms.rooms(), [""; 0]);
        // A member that has gone joins nothing.
        assert_eq!(three.join(1, &["a"]), []);
    }

    #[test]
    fn one_that_is_parked_misses_what_is_sent_and_comes_back_into_its_rooms() {
        let mut three = Three::new();
        let id = three.ids[0].clone();
        three.join(0, &["a"]);
        let mut changes = RoomChanges::new();
        three.rooms.park(&id, &mut changes);
        assert_eq!(changes, [change("a", Left(id.clone())), change("a", Deleted)]);
        assert_eq!((three.reached(&to(&["a"], &[])), three.rooms.get(&id)), (vec![], None));
        let mut missed = Vec::new();
        three.rooms.for_each_with_parked(&to(&["a"], &[]), |name, is_parked| missed.push((*name, is_parked)));
        assert_eq!(missed, [(0, true)]);
        assert_eq!((three.join(0, &["b"]), three.leave(0, &["a"])), (vec![], vec![]), "nobody sees that");
        assert_eq!((three.rooms.parked(&id), three.rooms.rooms()), (Some(0), vec![]));
        changes.clear();
        assert_eq!(three.rooms.replace(&id, 9, &mut changes), Some(0));
        assert_eq!(changes, [change("b", Created), change("b", Joined(id.clone()))]);
        assert_eq!((three.reached(&to(&["b"], &[])), three.reached(&to(&["a"], &[]))), (vec![9], vec![]));
    }

    #[test]
    fn one_that_takes_over_a_living_place_changes_nothing_for_others() {
        let mut three = Three::new();
        let id = three.ids[0].clone();
        three.join(0, &["a"]);
        let mut changes = RoomChanges::new();
        assert_eq!(three.rooms.replace(&id, 9, &mut changes), Some(0));
        assert_eq!(changes, []);
        assert_eq!(three.reached(&to(&["a"], &[])), [9]);
        assert_eq!(three.rooms.replace(&crate::random::Ids::default().sid(), 8, &mut changes), None);
        assert_eq!(three.reached(&Target::default()), [1, 2, 9]);
    }
}
