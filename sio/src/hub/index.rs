//! Sockets and the rooms that they are in, both ways.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sio_core::id::Sid;

use super::target::Target;
use crate::Socket;
use crate::listeners::{RoomChanges, RoomEvent};

/// The room that is named by a socket's id is not kept: the id finds the socket itself.
#[derive(Default)]
pub(super) struct Index {
    pub(super) sockets: HashMap<Sid, Member>,
    pub(super) rooms: HashMap<Arc<str>, HashMap<Sid, Socket>>,
}

pub(super) struct Member {
    pub(super) socket: Socket,
    /// Hashed, since a socket may be in any number of rooms; empty, it takes no memory of its own.
    pub(super) rooms: HashSet<Arc<str>>,
}

impl Index {
    pub(super) fn is_empty(&self) -> bool {
        self.sockets.is_empty()
    }

    pub(super) fn add(&mut self, socket: &Socket) {
        let member = Member { socket: socket.clone(), rooms: HashSet::new() };
        self.sockets.insert(socket.id(), member);
    }

    /// Takes a socket out of everything. What happens to its rooms is told if it `is_watched`.
    pub(super) fn remove(&mut self, id: &Sid, is_watched: bool) -> Option<(Member, RoomChanges)> {
        let mut changes = RoomChanges::new();
        let member = self.sockets.remove(id)?;
        for room in &member.rooms {
            self.take_out(id, room, is_watched.then_some(&mut changes));
        }
        Some((member, changes))
    }

    /// Puts a socket into a room, if it is known.
    pub(super) fn join(&mut self, socket: &Socket, room: &str, changes: Option<&mut RoomChanges>) {
        let id = socket.id();
        // A socket that is no longer known has gone: its rooms would never be left.
        let Some(member) = self.sockets.get_mut(&id) else { return };
        if member.rooms.contains(room) {
            return;
        }
        let name = match self.rooms.get_key_value(room) {
            Some((name, _)) => Arc::clone(name),
            None => Arc::from(room),
        };
        let members = self.rooms.entry(Arc::clone(&name)).or_default();
        if let Some(changes) = changes {
            let created = members.is_empty().then(|| (Arc::clone(&name), RoomEvent::Created));
            changes.extend(created.into_iter().chain([(Arc::clone(&name), RoomEvent::Joined(id.clone()))]));
        }
        members.insert(id, socket.clone());
        member.rooms.insert(name);
    }

    /// Takes a socket out of a room.
    pub(super) fn leave(&mut self, id: &Sid, room: &str, changes: Option<&mut RoomChanges>) {
        let Some(member) = self.sockets.get_mut(id) else { return };
        if let Some(room) = member.rooms.take(room) {
            self.take_out(id, &room, changes);
        }
    }

    fn take_out(&mut self, id: &Sid, room: &Arc<str>, changes: Option<&mut RoomChanges>) {
        let Some(members) = self.rooms.get_mut(room) else { return };
        members.remove(id);
        let is_gone = members.is_empty();
        if is_gone {
            self.rooms.remove(room);
        }
        if let Some(changes) = changes {
            let gone = is_gone.then(|| (Arc::clone(room), RoomEvent::Deleted));
            changes.extend([(Arc::clone(room), RoomEvent::Left(id.clone()))].into_iter().chain(gone));
        }
    }

    /// Calls `each` once for every socket that is addressed.
    pub(super) fn for_each(&self, target: &Target, mut each: impl FnMut(&Socket)) {
        let except: Vec<Excluded<'_>> = target.except.iter().map(|room| self.excluded(room)).collect();
        let mut visit = |socket: &Socket| {
            let id = &socket.membership.id;
            if target.sender.as_ref() != Some(id) && !except.iter().any(|room| room.contains(id)) {
                each(socket);
            }
        };
        match &target.rooms[..] {
            [] if target.is_limited => {}
            [] => self.sockets.values().for_each(|member| visit(&member.socket)),
            [room] => self.for_each_member(room, &mut visit),
            rooms => {
                let mut seen = HashSet::new();
                for room in rooms {
                    self.for_each_member(room, &mut |socket| {
                        if seen.insert(socket.id()) {
                            visit(socket);
                        }
                    });
                }
            }
        }
    }

    fn for_each_member(&self, room: &str, each: &mut dyn FnMut(&Socket)) {
        let owner = self.owner(room);
        if let Some(owner) = owner {
            each(owner);
        }
        for (id, socket) in self.rooms.get(room).into_iter().flatten() {
            if owner.is_none_or(|owner| owner.id() != *id) {
                each(socket);
            }
        }
    }

    /// The socket whose id is the room's name.
    fn owner(&self, room: &str) -> Option<&Socket> {
        let id = room.parse::<Sid>().ok()?;
        self.sockets.get(&id).map(|member| &member.socket)
    }

    fn excluded(&self, room: &str) -> Excluded<'_> {
        Excluded { owner: room.parse().ok(), members: self.rooms.get(room) }
    }
}

/// A room whose members are left out. Asked about each socket instead of listed, it costs the same however large it is.
struct Excluded<'a> {
    owner: Option<Sid>,
    members: Option<&'a HashMap<Sid, Socket>>,
}

impl Excluded<'_> {
    fn contains(&self, id: &Sid) -> bool {
        self.owner.as_ref() == Some(id) || self.members.is_some_and(|members| members.contains_key(id))
    }
}
