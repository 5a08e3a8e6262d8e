//! The rooms of one namespace on this node.

use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use sio_core::id::Sid;

use super::index::Index;
use super::target::Target;
use crate::Socket;
use crate::listeners::RoomChanges;

/// Membership under one short lock, under which no user code runs and nothing is waited for.
pub(crate) struct MemoryAdapter {
    inner: RwLock<Inner>,
    is_watched: bool,
}

#[derive(Default)]
struct Inner {
    /// Who is there.
    live: Index,
    /// Who has lost its connection and may come back, in the rooms in which it was. Nobody sees them; they only miss
    /// what is sent.
    parked: Index,
}

impl MemoryAdapter {
    /// With `is_watched`, what happens to rooms is told; else nothing is.
    pub(crate) fn new(is_watched: bool) -> Self {
        Self { inner: RwLock::default(), is_watched }
    }

    /// A socket is there, in no room but its own.
    pub(crate) fn add(&self, socket: &Socket) {
        self.write().live.add(socket);
    }

    /// A socket has gone, and its rooms with it.
    pub(crate) fn remove(&self, id: &Sid) -> RoomChanges {
        let removed = self.write().live.remove(id, self.is_watched);
        // The last handle of a socket may be this one: what is dropped with it needs no lock.
        removed.map(|(_, changes)| changes).unwrap_or_default()
    }

    /// A socket has gone, and may come back.
    pub(crate) fn park(&self, id: &Sid) -> RoomChanges {
        let mut inner = self.write();
        let Some((member, changes)) = inner.live.remove(id, self.is_watched) else {
            return RoomChanges::new();
        };
        inner.parked.add(&member.socket);
        for room in &member.rooms {
            inner.parked.join(&member.socket, room, None);
        }
        changes
    }

    /// A socket that has been parked will not come back.
    pub(crate) fn unpark(&self, id: &Sid) -> Option<Socket> {
        let removed = self.write().parked.remove(id, false);
        removed.map(|(member, _)| member.socket)
    }

    /// A socket takes the place of the one with the same id if `may_enter` says so, which is asked while nothing can be
    /// sent. It joins the rooms of one that has been parked, for all to see; those of one that is there it takes over.
    pub(crate) fn replace(&self, socket: &Socket, may_enter: impl FnOnce() -> bool) -> Option<RoomChanges> {
        let id = socket.id();
        let mut changes = RoomChanges::new();
        let mut inner = self.write();
        if !may_enter() {
            return None;
        }
        let parked = inner.parked.remove(&id, false);
        let is_seen = parked.is_some() && self.is_watched;
        let (before, _) = parked.or_else(|| inner.live.remove(&id, false))?;
        inner.live.add(socket);
        for room in &before.rooms {
            inner.live.join(socket, room, is_seen.then_some(&mut changes));
        }
        drop(inner);
        Some(changes)
    }

    pub(crate) fn join(&self, socket: &Socket, rooms: &[String]) -> RoomChanges {
        let mut changes = RoomChanges::new();
        let mut inner = self.write();
        for room in rooms.iter().filter(|room| *room != socket.id().as_str()) {
            inner.live.join(socket, room, self.is_watched.then_some(&mut changes));
        }
        changes
    }

    pub(crate) fn leave(&self, id: &Sid, rooms: &[String]) -> RoomChanges {
        let mut changes = RoomChanges::new();
        let mut inner = self.write();
        for room in rooms {
            inner.live.leave(id, room, self.is_watched.then_some(&mut changes));
        }
        changes
    }

    /// The rooms of a socket, sorted, its own included. Empty when it has gone.
    pub(crate) fn rooms_of(&self, id: &Sid) -> Vec<String> {
        let inner = self.read();
        let Some(member) = inner.live.sockets.get(id) else { return Vec::new() };
        let own = std::iter::once(id.to_string());
        let mut rooms: Vec<String> = member.rooms.iter().map(|room| room.to_string()).chain(own).collect();
        rooms.sort_unstable();
        rooms
    }

    pub(crate) fn rooms(&self) -> Vec<String> {
        let mut rooms: Vec<String> = self.read().live.rooms.keys().map(|room| room.to_string()).collect();
        rooms.sort_unstable();
        rooms
    }

    pub(crate) fn socket(&self, id: &Sid) -> Option<Socket> {
        self.read().live.sockets.get(id).map(|member| member.socket.clone())
    }

    /// Calls `each` once for every socket that is addressed. It runs under the lock: it may send and count,
    /// nothing else.
    pub(crate) fn for_each(&self, target: &Target, each: impl FnMut(&Socket)) {
        self.read().live.for_each(target, each);
    }

    /// As [`Self::for_each`], and then for every socket that is parked.
    pub(crate) fn for_each_with_parked(&self, target: &Target, mut each: impl FnMut(&Socket)) {
        let inner = self.read();
        inner.live.for_each(target, &mut each);
        if !inner.parked.is_empty() {
            inner.parked.for_each(target, each);
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }
}
