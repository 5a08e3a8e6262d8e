//! Tells those who know the key which sockets came and went.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use serde::Serialize;
use sio::prelude::*;

/// The history of the sockets of each key, over the life of the server.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: Mutex<HashMap<String, Vec<Entry>>>,
}

/// One thing that happened.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub(super) enum Entry {
    /// A socket was accepted.
    Connect {
        /// Its id.
        sid: String,
        /// Its namespace.
        nsp: String,
    },
    /// A socket is gone.
    Disconnect {
        /// Its id.
        sid: String,
        /// Its namespace.
        nsp: String,
        /// Why.
        reason: String,
    },
}

impl Entry {
    /// That this socket was accepted.
    pub(super) fn connect(socket: &Socket) -> Self {
        Self::Connect { sid: socket.id().to_string(), nsp: socket.namespace().path().to_owned() }
    }

    /// That this socket is gone.
    pub(super) fn disconnect(socket: &Socket, reason: DisconnectReason) -> Self {
        let (sid, nsp) = (socket.id().to_string(), socket.namespace().path().to_owned());
        Self::Disconnect { sid, nsp, reason: reason.to_string() }
    }
}

impl Journal {
    /// Adds an entry, if there is a key to keep it under.
    pub(super) fn note(&self, key: Option<&str>, entry: Entry) {
        if let Some(key) = key {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            entries.entry(key.to_owned()).or_default().push(entry);
        }
    }

    /// The entries of a key, in order.
    pub(super) fn read(&self, key: &str) -> Vec<Entry> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(key).cloned().unwrap_or_default()
    }
}
