//! The people in each room, for all to see. Which messages reach whom is not decided here but by the rooms of the
//! server; this only keeps the names that belong to them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Name, People, Person, Room, RoomSize};

/// The application's state, shared by all consumers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Directory(Arc<Mutex<Rooms>>);

#[derive(Debug, Default)]
struct Rooms {
    /// Counts the changes, so that a client can tell an old list from a new one.
    version: u64,
    /// room → socket id → name
    seats: BTreeMap<Room, BTreeMap<String, Option<Name>>>,
    /// The people at other nodes, as those have told: node → room → people.
    elsewhere: BTreeMap<String, BTreeMap<Room, Vec<Person>>>,
}

/// A client's place in the list of a room. Dropping it gives the place up, however the client came to leave.
#[derive(Debug)]
pub(crate) struct Seat {
    directory: Directory,
    room: Room,
    id: String,
}

impl Directory {
    /// Takes a place in a room's list.
    pub(crate) fn enter(&self, room: Room, id: String, name: Option<Name>) -> Seat {
        let mut rooms = self.lock();
        rooms.version += 1;
        rooms.seats.entry(room.clone()).or_default().insert(id.clone(), name);
        Seat { directory: self.clone(), room, id }
    }

    /// Returns the people who are in a room now.
    pub(crate) fn people(&self, room: &Room) -> People {
        let rooms = self.lock();
        let elsewhere = rooms
            .elsewhere
            .values()
            .filter_map(|there| there.get(room))
            .flatten()
            .cloned();
        let people = rooms.people_here(room).chain(elsewhere).collect();
        People { room: room.clone(), version: rooms.version, people }
    }

    /// All rooms that somebody is in.
    pub(crate) fn rooms(&self) -> Vec<RoomSize> {
        let rooms = self.lock();
        let mut sizes = BTreeMap::new();
        for (room, people) in &rooms.seats {
            *sizes.entry(room).or_default() += people.len();
        }
        for (room, people) in rooms.elsewhere.values().flatten() {
            *sizes.entry(room).or_default() += people.len();
        }
        sizes
            .into_iter()
            .map(|(room, people)| RoomSize { room: room.clone(), people })
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Rooms> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The people at other nodes: what those tell goes in here, and what they are told comes from here.
#[cfg(feature = "cluster")]
impl Directory {
    /// Returns the people who are in a room at this node.
    pub(crate) fn people_here(&self, room: &Room) -> Vec<Person> {
        self.lock().people_here(room).collect()
    }

    /// Returns the rooms that somebody is in at this node.
    pub(crate) fn rooms_here(&self) -> Vec<Room> {
        self.lock().seats.keys().cloned().collect()
    }

    /// Puts in who is in a room at another node.
    pub(crate) fn set_elsewhere(&self, node: String, room: Room, people: Vec<Person>) {
        let mut rooms = self.lock();
        rooms.version += 1;
        let there = rooms.elsewhere.entry(node).or_default();
        if people.is_empty() {
            there.remove(&room);
        } else {
            there.insert(room, people);
        }
    }

    /// Takes out everybody who was at a node that is gone. Returns the rooms in which they were.
    pub(crate) fn forget(&self, node: &str) -> Vec<Room> {
        let mut rooms = self.lock();
        rooms.version += 1;
        rooms.elsewhere.remove(node).unwrap_or_default().into_keys().collect()
    }
}

impl Rooms {
    fn people_here(&self, room: &Room) -> impl Iterator<Item = Person> {
        let seats = self.seats.get(room).into_iter().flatten();
        seats.map(|(id, name)| Person { id: id.clone(), name: name.clone() })
    }
}

impl Seat {
    /// Gives the person in this place another name.
    pub(crate) fn rename(&self, name: &Name) {
        let mut rooms = self.directory.lock();
        rooms.version += 1;
        if let Some(seat) =
            rooms.seats.get_mut(&self.room).and_then(|people| people.get_mut(&self.id))
        {
            *seat = Some(name.clone());
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut rooms = self.directory.lock();
        rooms.version += 1;
        if let Some(people) = rooms.seats.get_mut(&self.room) {
            people.remove(&self.id);
            if people.is_empty() {
                rooms.seats.remove(&self.room);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(name: &str) -> Room {
        Room::try_from(name.to_owned()).expect("a good room")
    }

    #[test]
    fn a_dropped_seat_is_empty_and_an_empty_room_is_gone() {
        let directory = Directory::default();
        let ada = directory.enter(room("rust"), "a".to_owned(), None);
        let bob = directory.enter(room("rust"), "b".to_owned(), None);
        assert_eq!(directory.people(&room("rust")).people.len(), 2);

        drop(ada);
        assert_eq!(directory.people(&room("rust")).people[0].id, "b");

        drop(bob);
        assert!(directory.rooms().is_empty());
    }

    #[test]
    fn each_change_makes_a_newer_list() {
        let directory = Directory::default();
        let before = directory.people(&Room::default()).version;
        let seat = directory.enter(Room::default(), "a".to_owned(), None);
        let entered = directory.people(&Room::default()).version;
        seat.rename(&Name::try_from("Ada".to_owned()).expect("a good name"));
        let renamed = directory.people(&Room::default()).version;
        assert!(before < entered && entered < renamed);
    }

    #[cfg(feature = "cluster")]
    #[test]
    fn people_at_other_nodes_are_in_the_lists_until_their_node_is_gone() {
        let directory = Directory::default();
        let lobby = Room::default();
        let _ada = directory.enter(lobby.clone(), "a".to_owned(), None);
        let bob = Person { id: "b".to_owned(), name: None };
        let before = directory.people(&lobby).version;
        directory.set_elsewhere("other".to_owned(), lobby.clone(), vec![bob]);

        let list = directory.people(&lobby);
        assert_eq!(
            list.people.iter().map(|person| &*person.id).collect::<Vec<_>>(),
            ["a", "b"]
        );
        assert!(list.version > before);
        assert_eq!(directory.rooms()[0].people, 2);
        assert_eq!(directory.people_here(&lobby).len(), 1, "what other nodes are told");

        assert_eq!(directory.forget("other"), vec![lobby.clone()]);
        assert_eq!(directory.people(&lobby).people.len(), 1);
        assert!(directory.forget("other").is_empty());
    }
}
