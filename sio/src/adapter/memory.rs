//! The rooms of one namespace on this node.

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sio_core::id::Sid;

use crate::Socket;
use crate::engine::{CloseReason, Command};
use crate::listeners::{RoomChanges, RoomEvent};

use std::sync::Arc;

/// Whom a packet is for. Without rooms: everyone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) sender: Option<Sid>,
}

/// Membership under one short lock, under which no user code runs and nothing is waited for.
///
/// The room that is named by a socket's id is not kept: the id finds the socket itself.
pub(crate) struct MemoryAdapter {
    inner: RwLock<Inner>,
    is_watched: bool,
}

#[derive(Default)]
struct Inner {
    sockets: HashMap<Sid, Member>,
    rooms: HashMap<Arc<str>, HashMap<Sid, Socket>>,
}

struct Member {
    socket: Socket,
    /// Hashed, since a socket may be in any number of rooms; empty, it takes no memory of its own.
    rooms: HashSet<Arc<str>>,
}

impl MemoryAdapter {
    /// A socket is there, in no room but its own.
    pub(crate) fn add(&self, socket: &Socket) {
        let member = Member { socket: socket.clone(), rooms: HashSet::new() };
        self.write().sockets.insert(socket.id(), member);
    }

    /// With `is_watched`, what happens to rooms is told; else nothing is.
    pub(crate) fn new(is_watched: bool) -> Self {
        Self { inner: RwLock::default(), is_watched }
    }

    /// A socket has gone, and its rooms with it.
    pub(crate) fn remove(&self, id: &Sid) -> RoomChanges {
        let mut changes = RoomChanges::new();
        let mut inner = self.write();
        let Some(member) = inner.sockets.remove(id) else { return changes };
        for room in &member.rooms {
            let is_gone = inner.take_out(id, room);
            self.note_left(&mut changes, *id, room, is_gone);
        }
        drop(inner);
        // The last handle of a socket may be this one: what is dropped with it needs no lock.
        drop(member);
        changes
    }

    pub(crate) fn join(&self, socket: &Socket, rooms: Vec<String>) -> RoomChanges {
        let mut changes = RoomChanges::new();
        let id = socket.id();
        let mut inner = self.write();
        let Inner { sockets, rooms: all } = &mut *inner;
        // A socket that is no longer known has gone: its rooms would never be left.
        let Some(member) = sockets.get_mut(&id) else { return changes };
        for room in rooms {
            if room == id.as_str() || member.rooms.contains(room.as_str()) {
                continue;
            }
            let name = match all.get_key_value(room.as_str()) {
                Some((name, _)) => Arc::clone(name),
                None => Arc::from(room),
            };
            let members = all.entry(Arc::clone(&name)).or_default();
            if self.is_watched {
                let created = members.is_empty().then(|| (Arc::clone(&name), RoomEvent::Created));
                changes.extend(created.into_iter().chain([(Arc::clone(&name), RoomEvent::Joined(id))]));
            }
            members.insert(id, socket.clone());
            member.rooms.insert(name);
        }
        changes
    }

    pub(crate) fn leave(&self, id: &Sid, rooms: Vec<String>) -> RoomChanges {
        let mut changes = RoomChanges::new();
        let mut inner = self.write();
        for room in rooms {
            let Some(member) = inner.sockets.get_mut(id) else { return changes };
            if let Some(room) = member.rooms.take(room.as_str()) {
                let is_gone = inner.take_out(id, &room);
                self.note_left(&mut changes, *id, &room, is_gone);
            }
        }
        changes
    }

    fn note_left(&self, changes: &mut RoomChanges, id: Sid, room: &Arc<str>, is_gone: bool) {
        if self.is_watched {
            let gone = is_gone.then(|| (Arc::clone(room), RoomEvent::Deleted));
            changes.extend([(Arc::clone(room), RoomEvent::Left(id))].into_iter().chain(gone));
        }
    }

    /// The rooms of a socket, sorted, its own included. None when it has gone.
    pub(crate) fn rooms_of(&self, id: &Sid) -> Vec<String> {
        let inner = self.read();
        let Some(member) = inner.sockets.get(id) else { return Vec::new() };
        let own = std::iter::once(id.to_string());
        let mut rooms: Vec<String> = member.rooms.iter().map(|room| room.to_string()).chain(own).collect();
        rooms.sort_unstable();
        rooms
    }

    pub(crate) fn rooms(&self) -> Vec<String> {
        let mut rooms: Vec<String> = self.read().rooms.keys().map(|room| room.to_string()).collect();
        rooms.sort_unstable();
        rooms
    }

    pub(crate) fn socket(&self, id: &Sid) -> Option<Socket> {
        self.read().sockets.get(id).map(|member| member.socket.clone())
    }

    /// Calls `each` once for every socket that is addressed. It runs under the lock: it may send and count,
    /// nothing else.
    pub(crate) fn for_each(&self, target: &Target, mut each: impl FnMut(&Socket)) {
        let inner = self.read();
        let excluded = inner.excluded(target);
        let mut visit = |socket: &Socket| {
            let id = socket.id();
            if target.sender != Some(id) && !excluded.contains(&id) {
                each(socket);
            }
        };
        match &target.rooms[..] {
            [] => inner.sockets.values().for_each(|member| visit(&member.socket)),
            [room] => inner.for_each_member(room, &mut visit),
            rooms => {
                let mut seen = HashSet::new();
                for room in rooms {
                    inner.for_each_member(room, &mut |socket| {
                        if seen.insert(socket.id()) {
                            visit(socket);
                        }
                    });
                }
            }
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// True when it was the last.
    fn take_out(&mut self, id: &Sid, room: &str) -> bool {
        let Some(members) = self.rooms.get_mut(room) else { return false };
        members.remove(id);
        let is_gone = members.is_empty();
        if is_gone {
            self.rooms.remove(room);
        }
        is_gone
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

    fn excluded(&self, target: &Target) -> HashSet<Sid> {
        let mut excluded = HashSet::new();
        for room in &target.except {
            self.for_each_member(room, &mut |socket| {
                excluded.insert(socket.id());
            });
        }
        excluded
    }
}

/// A member that cannot keep up is let go: what it misses would otherwise be missed silently.
pub(crate) fn drop_slow(socket: &Socket) {
    tracing::warn!(
        target: "sio::socket",
        socket = %socket.id(),
        namespace = socket.path(),
        "disconnecting a slow client: its outgoing queue is full"
    );
    socket.membership.mailbox.command(Command::Violation(CloseReason::SlowClient));
}
