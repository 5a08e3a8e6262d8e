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
        self.rooms.addressed(target).for_each(|name| reached.push(*name));
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
    assert_eq!(three.reached(&to(&["a", "b"], &["nobody", "muted"])), [0, 1]);
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
        three
            .reached(&Target { except: [own.to_string().into()].into_iter().collect(), ..Target::default() }),
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
    let addressed = three.rooms.addressed(&to(&["a"], &[]));
    addressed.for_each_with_parked(|name, is_parked| missed.push((*name, is_parked)));
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

/// Changes made to others while the first of a room is met.
fn reached_while(
    three: &mut Three,
    target: &Target<'_>,
    mut meanwhile: impl FnMut(&mut Three),
) -> Vec<(u8, bool)> {
    let addressed = three.rooms.addressed(target);
    let mut reached = Vec::new();
    addressed.for_each_with_parked(|name, is_parked| {
        if reached.is_empty() {
            meanwhile(three);
        }
        reached.push((*name, is_parked));
    });
    reached
}

#[test]
fn who_leaves_meanwhile_is_passed_over_and_who_comes_is_not_meant() {
    let mut three = Three::new();
    three.join(0, &["a"]);
    three.join(1, &["a"]);
    let reached = reached_while(&mut three, &to(&["a"], &[]), |three| {
        three.leave(1, &["a"]);
        three.join(2, &["a"]);
    });
    assert_eq!(reached, [(0, false)]);
    assert_eq!(three.reached(&to(&["a"], &[])), [0, 2]);
    // One that has left and is there again is met once.
    let reached = reached_while(&mut three, &to(&["a"], &[]), |three| {
        three.leave(2, &["a"]);
        three.join(2, &["a"]);
    });
    assert_eq!(reached, [(0, false), (2, false)]);
    // One that goes from one of the rooms into another does not get through between them.
    three.join(0, &["b"]);
    let reached = reached_while(&mut three, &to(&["b", "a"], &[]), |three| {
        three.leave(2, &["a"]);
        three.join(2, &["b"]);
    });
    assert_eq!(reached, [(0, false), (2, false)]);
    // One that is excluded meanwhile is left out.
    let reached = reached_while(&mut three, &to(&["b"], &["muted"]), |three| {
        three.join(2, &["muted"]);
    });
    assert_eq!(reached, [(0, false), (2, false)], "there was no such room");
    let reached = reached_while(&mut three, &to(&["b"], &["muted"]), |three| {
        three.leave(2, &["muted"]);
    });
    assert_eq!(reached, [(0, false), (2, false)]);
}

#[test]
fn who_goes_away_or_comes_back_meanwhile_is_met_once() {
    let mut three = Three::new();
    for place in 0..3 {
        three.join(place, &["a"]);
    }
    let id = three.ids[1].clone();
    let gone = three.ids[2].clone();
    let reached = reached_while(&mut three, &Target::default(), |three| {
        three.rooms.park(&id, &mut RoomChanges::new());
        three.rooms.remove_if(&gone, |_| true, &mut RoomChanges::new());
    });
    assert_eq!(reached, [(0, false), (1, true)]);
    let reached = reached_while(&mut three, &to(&["a"], &[]), |three| {
        three.rooms.replace(&id, 9, &mut RoomChanges::new());
    });
    assert_eq!(reached, [(0, false), (9, false)]);
}

/// Who is in which room, kept in the simplest way.
#[derive(Default)]
struct Model {
    rooms: std::collections::BTreeMap<(usize, usize), ()>,
    parked: std::collections::BTreeSet<usize>,
}

impl Model {
    fn members(&self, room: usize) -> Vec<usize> {
        let members = self.rooms.keys().filter(|(of, member)| *of == room && !self.parked.contains(member));
        members.map(|(_, member)| *member).collect()
    }
}

/// More members than fit into one chunk of a list, more rooms than are looked through.
#[test]
fn whatever_happens_everybody_is_where_a_simple_model_has_them() {
    const MEMBERS: usize = 150;
    const ROOMS: usize = 24;
    let (mut rooms, mut model) = (Rooms::default(), Model::default());
    let ids: Vec<Sid> = (0..MEMBERS).map(|_| crate::random::Ids::default().sid()).collect();
    for (member, id) in ids.iter().enumerate() {
        rooms.add(id, member);
    }
    let mut state = 1_u64;
    let mut random = |limit: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % limit
    };
    let mut sizes = [0_usize; ROOMS];
    for step in 0..20_000 {
        let (member, room) = (random(MEMBERS), random(ROOMS));
        let (id, name) = (&ids[member], [room.to_string()]);
        let mut changes = RoomChanges::new();
        match random(10) {
            0..5 => {
                rooms.join(id, &name, &mut changes);
                model.rooms.insert((room, member), ());
            }
            5..8 => {
                rooms.leave(id, &name, &mut changes);
                model.rooms.remove(&(room, member));
            }
            8 => {
                rooms.park(id, &mut changes);
                model.parked.insert(member);
            }
            _ => {
                rooms.replace(id, member, &mut changes);
                model.parked.remove(&member);
            }
        }
        for (room, change) in changes {
            let size = &mut sizes[room.parse::<usize>().unwrap()];
            match change {
                Created => assert_eq!(*size, 0),
                Joined(_) => *size += 1,
                Left(_) => *size -= 1,
                Deleted => assert_eq!(*size, 0),
            }
        }
        if step % 50 == 0 {
            for (room, size) in sizes.iter().enumerate() {
                let mut reached = Vec::new();
                rooms.addressed(&to(&[&room.to_string()], &[])).for_each(|member| reached.push(*member));
                reached.sort_unstable();
                assert_eq!((reached.len(), reached), (*size, model.members(room)));
            }
        }
    }
    for id in &ids {
        assert!(
            rooms.remove_if(id, |_| true, &mut RoomChanges::new()).or_else(|| rooms.unpark(id)).is_some()
        );
    }
    assert_eq!((rooms.count(), rooms.parked_len()), (0, 0));
}
