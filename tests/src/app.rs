//! Consumers that several files of tests need.

use std::fmt;

use serde::{Serialize, Serializer, ser::SerializeTuple};
use sio::Value;
use sio::extract::{Event, FromEvent};
use sio::prelude::*;

use crate::journal::Journal;

/// `/`, where every question is answered and every leave noted.
#[derive(Debug, Default)]
pub struct Plain;

#[consumer]
impl Plain {
    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }

    /// Acknowledges with the arguments as they came.
    async fn event_ask(&mut self, arguments: All) -> All {
        arguments
    }

    /// Emits the arguments as they came.
    async fn event_echo(&mut self, socket: &Socket, arguments: All) -> sio::Result<()> {
        socket.emit("echoed", &arguments).await?;
        Ok(())
    }
}

/// All arguments of an event, whatever they are: received together, sent as several again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct All(pub Vec<Value>);

impl FromEvent<'_> for All {
    fn from_event(event: &mut Event<'_>) -> sio::Result<Self> {
        Ok(Self(event.take_args().take_rest()?))
    }
}

impl Serialize for All {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        self.0.iter().try_for_each(|value| tuple.serialize_element(value))?;
        tuple.end()
    }
}

/// An error of an application's own, which says more than a client may know.
#[derive(Debug)]
pub struct Secret;

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the password is swordfish")
    }
}

impl std::error::Error for Secret {}
