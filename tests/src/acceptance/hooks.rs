//! How clients come and go, which is the same in all namespaces.

use sio::Value;
use sio::extract::{Event, FromEvent};
use sio::prelude::*;

use super::journal::{Entry, Journal};
use super::main::{Events, said};

/// A client that wants to enter, as a `connect` hook takes it.
pub(super) struct Arrival {
    pub(super) socket: Socket,
    pub(super) auth: Value,
    journal: State<Journal>,
}

impl Arrival {
    /// Lets the client in, and notes that it has come.
    pub(super) fn let_in(self) -> Events {
        let Self { socket, auth, journal } = self;
        let key = said(&socket, &auth, "key");
        journal.note(key.as_deref(), Entry::connect(&socket));
        Events::of(auth, key)
    }
}

impl<'a> FromEvent<'a> for Arrival {
    fn from_event(event: &mut Event<'a>) -> Result<Self, sio::Error> {
        let auth: Option<Value> = event.take()?;
        Ok(Self {
            socket: event.socket().clone(),
            auth: auth.unwrap_or(Value::Null),
            journal: State::from_event(event)?,
        })
    }
}

/// A client that leaves, as a `disconnect` hook takes it.
pub(super) struct Departure {
    socket: Socket,
    journal: State<Journal>,
    reason: DisconnectReason,
}

impl Departure {
    /// Notes that the client has gone.
    pub(super) fn leaves(&self, events: &Events) {
        self.journal.note(events.key(), Entry::disconnect(&self.socket, self.reason));
    }
}

impl<'a> FromEvent<'a> for Departure {
    fn from_event(event: &mut Event<'a>) -> Result<Self, sio::Error> {
        Ok(Self {
            socket: event.socket().clone(),
            journal: State::from_event(event)?,
            reason: event.reason().ok_or_else(|| event.unhandled())?,
        })
    }
}
