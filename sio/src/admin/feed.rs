//! [`Feed`]: what happens to sockets, from where it happens to those who look.
//!
//! Observers leave notes here, so many a second and no more; a task takes them, and tells of sockets that have been
//! listed. What is left out is counted, and made up for by a look at the namespaces.

use std::collections::VecDeque;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sio_core::args::Args;
use sio_core::id::Sid;

use super::NAMESPACE;
use crate::engine::TransportKind;
use crate::handle::socket::Socket;
use crate::hub::{Namespace, RoomEvent};
use crate::observe::{Observer, Outgoing, SessionChange, SocketChange};

/// How many notes are left in a second.
const A_SECOND: usize = 200;

/// Stands for the rooms of a broadcast that is for a whole namespace.
const EVERYBODY: &str = "(everybody)";

/// How long the arguments of an event may be that is shown, in bytes of JSON.
const MAX_SHOWN: usize = 4 * 1024;

/// The event by which clients send new credentials.
const REAUTH: &str = "reauth";

/// A change, and when it was.
pub(super) struct Note {
    pub(super) time: SystemTime,
    pub(super) change: Change,
}

pub(super) enum Change {
    Connected(Socket),
    Left {
        id: Sid,
        reason: &'static str,
    },
    Room {
        id: Sid,
        room: String,
        is_in: bool,
    },
    /// The handshake of the client, by its place.
    Transport {
        handshake: usize,
        transport: TransportKind,
    },
    Received {
        id: Sid,
        args: String,
    },
    /// `to`: the socket, or the rooms. A broadcast is one note, however many get it: with one for each, a single one
    /// to a large room would leave room for nothing else.
    Sent {
        path: String,
        to: String,
        args: String,
    },
}

/// The notes that nobody has taken yet.
pub(super) struct Feed {
    notes: Mutex<VecDeque<Note>>,
    /// How many may still be left in this second.
    room: AtomicUsize,
    omitted: AtomicU64,
    /// Somebody looks.
    is_open: AtomicBool,
}

impl Feed {
    pub(super) fn new() -> Self {
        Self {
            notes: Mutex::default(),
            room: AtomicUsize::new(A_SECOND),
            omitted: AtomicU64::new(0),
            is_open: AtomicBool::new(false),
        }
    }

    /// Leaves a note, if there is room for it: without a lock, and without making it, if not.
    fn leave(&self, change: impl FnOnce() -> Change) {
        if !self.is_open.load(Relaxed) {
            return;
        }
        if !self.take() {
            self.omitted.fetch_add(1, Relaxed);
            return;
        }
        let note = Note { time: SystemTime::now(), change: change() };
        self.notes.lock().unwrap_or_else(PoisonError::into_inner).push_back(note);
    }

    /// Takes room for a note, if there is any.
    fn take(&self) -> bool {
        self.room.fetch_update(Relaxed, Relaxed, |room| room.checked_sub(1)).is_ok()
    }

    /// Sets whether notes are taken.
    pub(super) fn open(&self, is_open: bool) {
        self.is_open.store(is_open, Relaxed);
    }

    /// A second has passed.
    pub(super) fn renew(&self) {
        self.room.store(A_SECOND, Relaxed);
    }

    pub(super) fn notes(&self) -> VecDeque<Note> {
        std::mem::take(&mut self.notes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns how many changes were left out, from the beginning.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted.load(Relaxed)
    }
}

/// Returns whether those who look are told of a namespace: of all but their own.
fn is_shown(path: &str) -> bool {
    path != NAMESPACE
}

/// Returns an event as it is shown: its JSON, unless that is long or a secret.
fn shown(event: &str, json: &str) -> String {
    let hidden = if event == REAUTH {
        "(hidden)".to_owned()
    } else if json.len() > MAX_SHOWN {
        format!("({} bytes)", json.len())
    } else {
        return json.to_owned();
    };
    let event: String = event.chars().take(256).collect();
    serde_json::json!([event, hidden]).to_string()
}

/// The observer that leaves the notes.
pub(super) struct Watch(pub(super) std::sync::Arc<Feed>);

impl Observer for Watch {
    fn session(&self, change: &SessionChange<'_>) {
        if let SessionChange::Upgraded { handshake, transport } = change {
            let handshake = ptr::from_ref(*handshake).addr();
            self.0.leave(|| Change::Transport { handshake, transport: *transport });
        }
    }

    fn socket(&self, change: &SocketChange<'_>) {
        match change {
            SocketChange::Accepted(socket) if is_shown(socket.path()) => {
                self.0.leave(|| Change::Connected((*socket).clone()));
            }
            SocketChange::Left { socket, reason } if is_shown(socket.path()) => {
                self.0.leave(|| Change::Left { id: socket.id(), reason: reason.as_str() });
            }
            _ => {}
        }
    }

    fn received(&self, socket: &Socket, event: &str, args: &Args) {
        if is_shown(socket.path()) {
            self.0.leave(|| Change::Received { id: socket.id(), args: shown(event, args.raw()) });
        }
    }

    fn sent(&self, sent: &Outgoing<'_>) {
        if !is_shown(sent.namespace().path()) {
            return;
        }
        self.0.leave(|| {
            let to = match sent.socket() {
                Some(socket) => socket.id().as_str().to_owned(),
                None if sent.rooms().is_empty() => EVERYBODY.to_owned(),
                None => sent.rooms().join(", "),
            };
            let path = sent.namespace().path().to_owned();
            Change::Sent { path, to, args: shown(sent.event(), sent.json()) }
        });
    }

    fn room(&self, namespace: &Namespace, room: &str, event: RoomEvent) {
        let (id, is_in) = match event {
            RoomEvent::Joined(id) => (id, true),
            RoomEvent::Left(id) => (id, false),
            _ => return,
        };
        if is_shown(namespace.path()) {
            self.0.leave(|| Change::Room { id, room: room.to_owned(), is_in });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_notes_are_made_in_a_second_than_are_told() {
        let feed = Feed::new();
        feed.leave(|| panic!("nobody looks"));
        feed.open(true);
        let sid = crate::random::Ids::default().sid();
        let mut made = 0;
        for _ in 0..10_000 {
            feed.leave(|| {
                made += 1;
                Change::Left { id: sid.clone(), reason: "transport close" }
            });
        }
        assert_eq!((made, feed.notes().len(), feed.omitted()), (200, 200, 9_800));
        feed.renew();
        assert!((0..200).all(|_| feed.take()) && !feed.take());
    }

    #[test]
    fn new_credentials_and_long_arguments_are_not_shown() {
        assert_eq!(shown("say", r#"["say","hi"]"#), r#"["say","hi"]"#);
        assert_eq!(shown("reauth", r#"["reauth",{"token":"s3cret"}]"#), r#"["reauth","(hidden)"]"#);
        let long = format!(r#"["say","{}"]"#, "x".repeat(5_000));
        assert_eq!(shown("say", &long), r#"["say","(5010 bytes)"]"#);
    }
}
