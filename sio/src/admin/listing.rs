//! [`Listing`]: the sockets that those who look have been told of, and as what.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Value, json};
use sio_core::id::Sid;

use super::describing::{describe, time};
use super::feed::{Change, Feed, Note};
use crate::engine::TransportKind;
use crate::handle::socket::Socket;
use crate::handshake::Handshake;
use crate::hub::Namespace;

/// How many sockets of one server are listed.
pub(super) const MAX_SOCKETS: usize = 1_000;

/// How many rooms of one socket are listed.
const MAX_ROOMS: usize = 32;

/// An event for those who look: its name and its arguments.
pub(super) type Told = (&'static str, Vec<Value>);

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
        let (now, mut told) = (SystemTime::now(), Vec::new());
        for socket in namespaces.iter().flat_map(Namespace::sockets).take(MAX_SOCKETS) {
            self.enter(&socket, now, &mut told);
            told.clear();
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

    /// Adds what a note says to what is told.
    pub(super) fn note(&mut self, note: Note, told: &mut Vec<Told>) {
        let at = note.time;
        match note.change {
            Change::Connected(socket) => self.enter(&socket, at, told),
            Change::Left { id, reason } => self.leave(&id, reason, at, told),
            Change::Room { id, room, is_in } => self.room(&id, &room, is_in, at, told),
            Change::Transport { handshake, transport } => self.transport(handshake, transport, told),
            Change::Received { id, args } => {
                if let Some(listed) = self.sockets.get(&id) {
                    told.push(("event_received", event(&listed.path, id.as_str(), &args, at)));
                }
            }
            Change::Sent { path, to, args } => told.push(("event_sent", event(&path, &to, &args, at))),
        }
    }

    fn enter(&mut self, socket: &Socket, at: SystemTime, told: &mut Vec<Told>) {
        let id = socket.id();
        if self.sockets.len() >= MAX_SOCKETS || self.sockets.contains_key(&id) || !socket.is_connected() {
            return;
        }
        let described = describe(socket, &self.salt);
        // As it was before it has joined any: the UI counts a member twice otherwise.
        told.push(("socket_connected", vec![described.clone(), time(at).into()]));
        let listed = Listed {
            path: socket.path().to_owned(),
            rooms: BTreeSet::from([id.as_str().to_owned()]),
            handshake: Arc::clone(socket.handshake()),
            described,
        };
        self.sockets.insert(id.clone(), listed);
        for room in socket.rooms() {
            self.room(&id, &room, true, at, told);
        }
    }

    fn leave(&mut self, id: &Sid, reason: &str, at: SystemTime, told: &mut Vec<Told>) {
        let Some(listed) = self.sockets.remove(id) else { return };
        let at = time(at);
        told.push((
            "socket_disconnected",
            vec![listed.path.clone().into(), id.as_str().into(), reason.into(), at.clone().into()],
        ));
        for room in listed.rooms {
            let args = vec![listed.path.clone().into(), room.into(), id.as_str().into(), at.clone().into()];
            told.push(("room_left", args));
        }
    }

    fn room(&mut self, id: &Sid, room: &str, is_in: bool, at: SystemTime, told: &mut Vec<Told>) {
        let Some(listed) = self.sockets.get_mut(id) else { return };
        let changes = if is_in {
            listed.rooms.len() < MAX_ROOMS && listed.rooms.insert(room.to_owned())
        } else {
            listed.rooms.remove(room)
        };
        if changes {
            let args = vec![listed.path.clone().into(), room.into(), id.as_str().into(), time(at).into()];
            told.push((if is_in { "room_joined" } else { "room_left" }, args));
        }
    }

    fn transport(&mut self, handshake: usize, transport: TransportKind, told: &mut Vec<Told>) {
        let of_client = |listed: &&mut Listed| Arc::as_ptr(&listed.handshake).addr() == handshake;
        for listed in self.sockets.values_mut().filter(of_client) {
            listed.described["transport"] = transport.as_str().into();
            let update =
                json!({"id": listed.described["id"], "nsp": listed.path, "transport": transport.as_str()});
            told.push(("socket_updated", vec![update]));
        }
    }

    /// Compares the list with the namespaces: with so many changes as there is room for in this second.
    pub(super) fn compare(&mut self, namespaces: &[Namespace], feed: &Feed, told: &mut Vec<Told>) {
        let now = SystemTime::now();
        let sockets: Vec<Socket> = namespaces.iter().flat_map(Namespace::sockets).collect();
        let there: HashSet<&Sid> = sockets.iter().map(|socket| &socket.member.id).collect();
        let gone: Vec<Sid> = self.sockets.keys().filter(|id| !there.contains(id)).cloned().collect();
        for id in gone {
            if feed.take(1) == 0 {
                return;
            }
            self.leave(&id, "not recorded", now, told);
        }
        for socket in &sockets {
            match self.sockets.get(&socket.member.id) {
                None if self.sockets.len() >= MAX_SOCKETS => {}
                None => {
                    if feed.take(1) == 0 {
                        return;
                    }
                    self.enter(socket, now, told);
                }
                Some(listed) => {
                    let rooms: BTreeSet<String> = socket.rooms().into_iter().collect();
                    let left: Vec<_> = listed.rooms.difference(&rooms).cloned().collect();
                    let joined: Vec<_> = rooms.difference(&listed.rooms).cloned().collect();
                    let transport = listed.described["transport"] != socket.transport().as_str();
                    let handshake = Arc::as_ptr(&listed.handshake).addr();
                    for (room, is_in) in left
                        .into_iter()
                        .map(|room| (room, false))
                        .chain(joined.into_iter().map(|room| (room, true)))
                    {
                        if feed.take(1) == 0 {
                            return;
                        }
                        self.room(&socket.member.id, &room, is_in, now, told);
                    }
                    if transport && feed.take(1) == 1 {
                        self.transport(handshake, socket.transport(), told);
                    }
                }
            }
        }
    }
}

/// The arguments of an event of a socket.
fn event(path: &str, id: &str, args: &str, at: SystemTime) -> Vec<Value> {
    let args = serde_json::from_str(args).unwrap_or_else(|_| json!(["(unreadable)"]));
    vec![path.into(), id.into(), args, time(at).into()]
}
