//! Members and the rooms that they are in, both ways.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sio_core::id::Sid;
use sio_core::target::Target;

use super::rooms::{RoomChanges, RoomEvent};

/// The room that is named by a member's id is not kept: the id finds the member itself.
#[derive(Debug)]
pub(super) struct Index<M> {
    pub(super) members: HashMap<Sid, Entry<M>>,
    pub(super) rooms: HashMap<Arc<str>, HashMap<Sid, M>>,
}

#[derive(Debug)]
pub(super) struct Entry<M> {
    pub(super) member: M,
    /// Hashed, since a member may be in any number of rooms; empty, it takes no memory of its own.
    pub(super) rooms: HashSet<Arc<str>>,
}

impl<M> Default for Index<M> {
    fn default() -> Self {
        Self { members: HashMap::new(), rooms: HashMap::new() }
    }
}

impl<M: Clone> Index<M> {
    pub(super) fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    pub(super) fn add(&mut self, id: &Sid, member: M) {
        self.members.insert(id.clone(), Entry { member, rooms: HashSet::new() });
    }

    /// Takes a member out of everything.
    pub(super) fn remove(&mut self, id: &Sid, changes: &mut RoomChanges) -> Option<Entry<M>> {
        self.remove_if(id, |_| true, changes)
    }

    /// As [`Self::remove`], if `is_it` says that it is the one.
    pub(super) fn remove_if(
        &mut self,
        id: &Sid,
        is_it: impl FnOnce(&M) -> bool,
        changes: &mut RoomChanges,
    ) -> Option<Entry<M>> {
        let entry = self.members.remove(id)?;
        if !is_it(&entry.member) {
            // Hardly ever: to look first would cost everybody another look-up.
            self.members.insert(id.clone(), entry);
            return None;
        }
        for room in &entry.rooms {
            self.take_out(id, room, changes);
        }
        Some(entry)
    }

    /// Puts a member into a room, if it is known.
    pub(super) fn join(&mut self, id: &Sid, room: &str, changes: &mut RoomChanges) {
        // A member that is no longer known has gone: its rooms would never be left.
        let Some(entry) = self.members.get_mut(id) else { return };
        if entry.rooms.contains(room) {
            return;
        }
        let name = match self.rooms.get_key_value(room) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(room),
        };
        let others = self.rooms.entry(Arc::clone(&name)).or_default();
        if others.is_empty() {
            changes.push((Arc::clone(&name), RoomEvent::Created));
        }
        changes.push((Arc::clone(&name), RoomEvent::Joined(id.clone())));
        others.insert(id.clone(), entry.member.clone());
        entry.rooms.insert(name);
    }

    /// Takes a member out of a room.
    pub(super) fn leave(&mut self, id: &Sid, room: &str, changes: &mut RoomChanges) {
        let Some(entry) = self.members.get_mut(id) else { return };
        if let Some(room) = entry.rooms.take(room) {
            self.take_out(id, &room, changes);
        }
    }

    fn take_out(&mut self, id: &Sid, room: &Arc<str>, changes: &mut RoomChanges) {
        let Some(others) = self.rooms.get_mut(room) else { return };
        others.remove(id);
        changes.push((Arc::clone(room), RoomEvent::Left(id.clone())));
        if others.is_empty() {
            self.rooms.remove(room);
            changes.push((Arc::clone(room), RoomEvent::Deleted));
        }
    }

    /// Calls `each` once for every member that is addressed.
    pub(super) fn for_each(&self, target: &Target<'_>, mut each: impl FnMut(&M)) {
        let except: Vec<Excluded<'_, M>> = target.except.iter().map(|room| self.excluded(room)).collect();
        let mut visit = |id: &Sid, member: &M| {
            if target.sender.as_ref() != Some(id) && !except.iter().any(|room| room.contains(id)) {
                each(member);
            }
        };
        match &target.rooms[..] {
            [] if target.is_limited => {}
            [] => self.members.iter().for_each(|(id, entry)| visit(id, &entry.member)),
            [room] => self.for_each_in(room, &mut visit),
            rooms => {
                let mut seen = HashSet::new();
                for room in rooms {
                    self.for_each_in(room, &mut |id, member| {
                        if seen.insert(id.clone()) {
                            visit(id, member);
                        }
                    });
                }
            }
        }
    }

    fn for_each_in(&self, room: &str, each: &mut dyn FnMut(&Sid, &M)) {
        let owner = self.owner(room);
        if let Some((id, owner)) = owner {
            each(id, owner);
        }
        for (id, member) in self.rooms.get(room).into_iter().flatten() {
            if owner.is_none_or(|(owner, _)| owner != id) {
                each(id, member);
            }
        }
    }

    /// The member whose id is the room's name.
    fn owner(&self, room: &str) -> Option<(&Sid, &M)> {
        let (id, entry) = self.members.get_key_value(&room.parse::<Sid>().ok()?)?;
        Some((id, &entry.member))
    }

    fn excluded(&self, room: &str) -> Excluded<'_, M> {
        Excluded { owner: room.parse().ok(), members: self.rooms.get(room) }
    }
}

/// A room whose members are left out. Asked about each member instead of listed, it costs the same however large it is.
struct Excluded<'a, M> {
    owner: Option<Sid>,
    members: Option<&'a HashMap<Sid, M>>,
}

impl<M> Excluded<'_, M> {
    fn contains(&self, id: &Sid) -> bool {
        self.owner.as_ref() == Some(id) || self.members.is_some_and(|members| members.contains_key(id))
    }
}
