//! Who is where, and who is addressed.

use std::collections::BTreeMap;
use std::sync::Arc;

use sio_core::id::Sid;
use sio_core::target::Target;

use super::super::addressed::{Addressed, Excluded, Part};
use super::super::place::Standing;
use super::super::user;
use super::{Room, Rooms};

impl<M: Clone> Rooms<M> {
    /// Returns the rooms of a member, sorted, its own included. Empty when it has gone.
    pub(crate) fn rooms_of(&self, id: &Sid) -> Vec<String> {
        self.rooms_and_user_of(id).0
    }

    /// As [`Self::rooms_of`], with the user that the member was identified as.
    pub(crate) fn rooms_and_user_of(&self, id: &Sid) -> (Vec<String>, Option<String>) {
        let Some(place) = self.place(id) else { return (Vec::new(), None) };
        let occupied = place.lock();
        if occupied.standing != Standing::Present {
            return (Vec::new(), None);
        }
        let mut user = None;
        let mut rooms = vec![id.to_string()];
        occupied.rooms.for_each(|room, _| match user::of_room(room) {
            Some(name) => user = Some(name.to_owned()),
            None if user::is_hidden(room) => {}
            None => rooms.push(room.to_string()),
        });
        rooms.sort_unstable();
        (rooms, user)
    }

    /// Returns how many members are there.
    #[cfg(feature = "admin")]
    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.parked
    }

    /// Returns how many members are parked.
    pub(crate) fn parked_len(&self) -> usize {
        self.parked
    }

    /// Returns a member that is parked.
    pub(crate) fn parked(&self, id: &Sid) -> Option<M> {
        self.member(id, Standing::Parked)
    }

    pub(crate) fn get(&self, id: &Sid) -> Option<M> {
        self.member(id, Standing::Present)
    }

    fn member(&self, id: &Sid, standing: Standing) -> Option<M> {
        let occupied = self.places.get(id)?.0.lock();
        (occupied.standing == standing).then(|| occupied.member.clone())
    }

    /// Returns the names of the rooms in which somebody is, those of hidden ones included.
    fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.rooms.iter().filter(|(_, room)| room.present > 0).map(|(name, _)| name)
    }

    /// Returns the rooms in which somebody is, sorted.
    pub(crate) fn rooms(&self) -> Vec<String> {
        let rooms = self.names().filter(|room| !user::is_hidden(room));
        let mut rooms: Vec<String> = rooms.map(|room| room.to_string()).collect();
        rooms.sort_unstable();
        rooms
    }

    /// Returns the users who are here, each with how many members are theirs and count.
    pub(crate) fn users(&self, counts: impl Fn(&M) -> bool) -> BTreeMap<String, usize> {
        let of = |room: &Room<M>| {
            let members = room.list.iter().map(|place| place.lock());
            members.filter(|it| it.standing == Standing::Present && counts(&it.member)).count()
        };
        let users =
            self.rooms.iter().filter_map(|(name, room)| Some((user::of_room(name)?.to_owned(), of(room))));
        users.filter(|(_, members)| *members > 0).collect()
    }

    /// Returns how many rooms there are, without making a list of them.
    pub(crate) fn count(&self) -> usize {
        self.names().filter(|room| !user::is_hidden(room)).count()
    }

    /// Returns whether somebody is in a room.
    pub(crate) fn is_room(&self, room: &str) -> bool {
        self.rooms.get(room).is_some_and(|room| room.present > 0)
    }

    /// Returns those who are addressed now. Costs the same however many that are.
    pub(crate) fn addressed(&self, target: &Target<'_>) -> Addressed<M> {
        let parts = match &target.rooms[..] {
            [] if target.is_limited => [].into_iter().collect(),
            [] => [Part::Everybody(self.list.clone())].into_iter().collect(),
            rooms => rooms.iter().flat_map(|room| self.parts(room)).collect(),
        };
        let except = target.except.iter().map(|room| Excluded {
            owner: room.parse().ok(),
            room: self.rooms.get_key_value(&**room).map(|(name, _)| Arc::clone(name)),
        });
        Addressed {
            departures: self.departures,
            parts,
            except: except.collect(),
            sender: target.sender.clone(),
        }
    }

    /// Returns the member whose id is the room's name, and the members of the room.
    fn parts(&self, room: &str) -> impl Iterator<Item = Part<M>> {
        let owner = room.parse::<Sid>().ok().and_then(|id| self.place(&id));
        let members = self.rooms.get_key_value(room);
        let members = members.map(|(name, room)| Part::Room(Arc::clone(name), room.list.clone()));
        owner.map(Part::Owner).into_iter().chain(members)
    }
}
