//! [`Listing`]: the sockets that those who look have been told of, and as what.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use sio_core::id::Sid;

use super::describing::{describe, time};
use super::feed::{Change, Note};
use super::lines::Lines;
use crate::engine::TransportKind;
use crate::handle::socket::Socket;
use crate::handshake::Handshake;
use crate::hub::Namespace;

/// How many sockets of one server are listed.
pub(super) const MAX_SOCKETS: usize = 1_000;

/// How many rooms of one socket are listed.
const MAX_ROOMS: usize = 32;

/// It changes only together with what is told, so that nothing is told twice: a room that a socket has joined before it
/// was listed, and the note of that which comes after.
pub(super) struct Listing {
    sockets: HashMap<Sid, Listed>,
    /// Makes the ids of clients.
    salt: [u8; 16],
}

struct Listed {
    path: String,
    rooms: BTreeSet<String>,
    /// Kept, so that no other client's is at its place.
    handshake: Arc<Handshake>,
    described: Value,
}

impl Listing {
    pub(super) fn new() -> Self {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).expect("the operating system gives random bytes");
        Self { sockets: HashMap::new(), salt }
    }

    pub(super) fn len(&self) -> usize {
        self.sockets.len()
    }

    pub(super) fn clear(&mut self) {
        self.sockets.clear();
    }

    /// Lists the sockets that are there, before anybody looks.
    pub(super) fn fill(&mut self, namespaces: &[Namespace]) {
        for socket in namespaces.iter().flat_map(Namespace::sockets).take(MAX_SOCKETS) {
            if self.is_new(&socket) {
                self.list(&socket, other_rooms(&socket));
            }
        }
    }

    /// Returns all sockets with their rooms.
    pub(super) fn all(&self) -> Vec<Value> {
        let all = self.sockets.values().map(|listed| {
            let mut described = listed.described.clone();
            described["rooms"] = listed.rooms.iter().map(String::as_str).collect();
            described
        });
        all.collect()
    }

    /// Tells of a note, if there is room for all of it.
    pub(super) fn note(&mut self, note: Note, lines: &mut Lines) {
        let at = note.time;
        let is_told = match note.change {
            Change::Connected(socket) => self.enter(&socket, at, lines),
            Change::Left { id, reason } => self.leave(&id, reason, at, lines),
            Change::Room { id, room, is_in } => self.room(&id, &room, is_in, at, lines),
            Change::Transport { handshake, transport } => self.transport(handshake, transport, lines),
            Change::Received { id, args } => match self.sockets.get(&id) {
                Some(listed) => tell_event(lines, "event_received", &listed.path, id.as_str(), &args, at),
                None => true,
            },
            Change::Sent { path, to, args } => tell_event(lines, "event_sent", &path, &to, &args, at),
        };
        if !is_told {
            lines.omit();
        }
    }

    /// Returns whether a socket can be listed and is not yet.
    fn is_new(&self, socket: &Socket) -> bool {
        self.sockets.len() < MAX_SOCKETS
            && !self.sockets.contains_key(&socket.member.id)
            && socket.is_connected()
    }

    /// Lists a socket with its own room and with others. Returns how it is described without those.
    fn list(&mut self, socket: &Socket, others: Vec<String>) -> Value {
        let id = socket.id();
        let described = describe(socket, &self.salt);
        let listed = Listed {
            path: socket.path().to_owned(),
            rooms: std::iter::once(id.as_str().to_owned()).chain(others).collect(),
            handshake: Arc::clone(socket.handshake()),
            described: described.clone(),
        };
        self.sockets.insert(id, listed);
        described
    }

    /// As all that changes the list: returns false, and changes nothing, if there is no room to tell of it.
    fn enter(&mut self, socket: &Socket, at: SystemTime, lines: &mut Lines) -> bool {
        if !self.is_new(socket) {
            return true;
        }
        let rooms = other_rooms(socket);
        if !lines.reserve(1 + rooms.len()) {
            return false;
        }
        let described = self.list(socket, rooms.clone());
        // As it was before it has joined any: the UI counts a member twice otherwise.
        lines.tell("socket_connected", vec![described, time(at).into()]);
        for room in rooms {
            lines.tell("room_joined", in_room(socket.path(), &room, &socket.member.id, at));
        }
        true
    }

    fn leave(&mut self, id: &Sid, reason: &str, at: SystemTime, lines: &mut Lines) -> bool {
        let Some(rooms) = self.sockets.get(id).map(|listed| listed.rooms.len()) else { return true };
        if !lines.reserve(1 + rooms) {
            return false;
        }
        let Some(Listed { path, rooms, .. }) = self.sockets.remove(id) else { return true };
        let args = vec![path.clone().into(), id.as_str().into(), reason.into(), time(at).into()];
        lines.tell("socket_disconnected", args);
        for room in rooms {
            lines.tell("room_left", in_room(&path, &room, id, at));
        }
        true
    }

    fn room(&mut self, id: &Sid, room: &str, is_in: bool, at: SystemTime, lines: &mut Lines) -> bool {
        let Some(listed) = self.sockets.get_mut(id) else { return true };
        let is_told = listed.rooms.contains(room);
        if is_in == is_told || (is_in && listed.rooms.len() >= MAX_ROOMS) {
            return true;
        }
        if !lines.reserve(1) {
            return false;
        }
        if is_in {
            listed.rooms.insert(room.to_owned());
        } else {
            listed.rooms.remove(room);
        }
        lines.tell(if is_in { "room_joined" } else { "room_left" }, in_room(&listed.path, room, id, at));
        true
    }

    fn transport(&mut self, handshake: usize, transport: TransportKind, lines: &mut Lines) -> bool {
        let of_client = |listed: &&mut Listed| Arc::as_ptr(&listed.handshake).addr() == handshake;
        let is_old = |listed: &&mut Listed| listed.described["transport"] != transport.as_str();
        for listed in self.sockets.values_mut().filter(of_client).filter(is_old) {
            if !lines.reserve(1) {
                return false;
            }
            listed.described["transport"] = transport.as_str().into();
            let update =
                json!({"id": listed.described["id"], "nsp": listed.path, "transport": transport.as_str()});
            lines.tell("socket_updated", vec![update]);
        }
        true
    }

    /// Compares the list with the namespaces, and tells of what differs. Returns false if there was no room for all.
    pub(super) fn compare(&mut self, namespaces: &[Namespace], lines: &mut Lines) -> bool {
        let now = SystemTime::now();
        let sockets: Vec<Socket> = namespaces.iter().flat_map(Namespace::sockets).collect();
        let there: HashSet<&Sid> = sockets.iter().map(|socket| &socket.member.id).collect();
        let gone: Vec<Sid> = self.sockets.keys().filter(|id| !there.contains(id)).cloned().collect();
        gone.iter().all(|id| self.leave(id, "not recorded", now, lines))
            && sockets.iter().all(|socket| match self.sockets.get(&socket.member.id) {
                None => self.enter(socket, now, lines),
                Some(listed) => {
                    let rooms: BTreeSet<String> = socket.rooms().into_iter().collect();
                    let left: Vec<_> = listed.rooms.difference(&rooms).cloned().collect();
                    let joined: Vec<_> = rooms.difference(&listed.rooms).cloned().collect();
                    let handshake = Arc::as_ptr(&listed.handshake).addr();
                    let id = &socket.member.id;
                    left.iter().all(|room| self.room(id, room, false, now, lines))
                        && joined.iter().all(|room| self.room(id, room, true, now, lines))
                        && self.transport(handshake, socket.transport(), lines)
                }
            })
    }
}

/// Returns the rooms of a socket that are listed beside its own.
fn other_rooms(socket: &Socket) -> Vec<String> {
    let own = socket.member.id.as_str();
    socket.rooms().into_iter().filter(|room| room != own).take(MAX_ROOMS - 1).collect()
}

/// The arguments of an event about a socket and a room.
fn in_room(path: &str, room: &str, id: &Sid, at: SystemTime) -> Vec<Value> {
    vec![path.into(), room.into(), id.as_str().into(), time(at).into()]
}

/// Tells of an event of an application, if there is room. `id`: the socket, or the rooms.
fn tell_event(
    lines: &mut Lines,
    what: &'static str,
    path: &str,
    id: &str,
    args: &str,
    at: SystemTime,
) -> bool {
    let is_told = lines.reserve(1);
    if is_told {
        let args = serde_json::from_str(args).unwrap_or_else(|_| json!(["(unreadable)"]));
        lines.tell(what, vec![path.into(), id.into(), args, time(at).into()]);
    }
    is_told
}
