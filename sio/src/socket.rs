//! The socket's handle.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use sio_core::id::Sid;

use crate::consumer::StateMap;
use crate::handshake::Handshake;

/// One client in one namespace.
#[derive(Debug, Clone)]
pub struct Socket(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    id: Sid,
    path: String,
    states: StateMap,
    handshake: Arc<Handshake>,
    answers: Mutex<Vec<(u64, Bytes)>>,
}

impl Socket {
    /// A socket without a connection, whose answers are kept.
    #[cfg(test)]
    pub(crate) fn for_tests(path: &str, states: StateMap) -> Self {
        Self(Arc::new(Inner {
            id: Sid::from_random([0; 15]),
            path: path.to_owned(),
            states,
            handshake: Arc::default(),
            answers: Mutex::default(),
        }))
    }

    /// The answers since the last time.
    #[cfg(test)]
    pub(crate) fn take_answers(&self) -> Vec<(u64, Bytes)> {
        std::mem::take(&mut self.0.answers.lock().unwrap())
    }

    /// Its public id.
    pub fn id(&self) -> Sid {
        self.0.id
    }

    /// The request with which the client came.
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.0.handshake
    }

    pub(crate) fn path(&self) -> &str {
        &self.0.path
    }

    pub(crate) fn state_map(&self) -> &StateMap {
        &self.0.states
    }

    pub(crate) fn answer_ack(&self, id: u64, frame: Bytes) {
        self.0.answers.lock().unwrap_or_else(|error| error.into_inner()).push((id, frame));
    }
}
