//! Telling servers of other kinds.

use std::sync::Arc;

use serde::Serialize;
use sio_cluster::{Address, AskedHere, Asker, Event, Prepared};
use sio_core::args::{Args, Spread};
use sio_core::value::Value;

use super::super::emission::{Emission, Expect};
use super::super::{Change, Hub, Target};
use super::clustered::{Others, deed};
use crate::engine::outbox::How;
use crate::error::EmitError;

impl Others {
    /// Returns an event as servers of other kinds are told, if there are any that are.
    pub(crate) fn foreign_event<A: Serialize + ?Sized>(
        &self,
        event: &str,
        args: &A,
        how: How,
        compress: bool,
    ) -> Result<Option<Event>, EmitError> {
        if !self.cluster().has_foreign_members() {
            return Ok(None);
        }
        let is_volatile = matches!(how, How::Volatile);
        Ok(Some(Event { is_volatile, compress, ..Event::new(event, Args::of(args)?) }))
    }

    /// Rooms or sockets have come here, or gone.
    pub(crate) fn rooms_changed(&self) {
        self.cluster().rooms_changed();
    }

    /// Prepares it, before anybody gets it.
    pub(crate) fn prepare(
        &self,
        path: &str,
        target: &Target<'_>,
        event: &Event,
    ) -> Result<Prepared, EmitError> {
        Ok(self.cluster().prepare(&Address { path, target: target.reborrow() }, event)?)
    }

    /// Sends what was prepared.
    pub(crate) fn tell(&self, prepared: Prepared) {
        self.cluster().publish_prepared(prepared);
    }

    /// Tells them of a change of sockets that no node has. Returns whether they were told.
    pub(crate) fn change_foreign(
        &self,
        path: &str,
        target: &Target<'_>,
        change: Change<'_>,
    ) -> Result<bool, EmitError> {
        if !self.cluster().has_foreign_members() {
            return Ok(false);
        }
        Ok(self.cluster().change_foreign(&Address { path, target: target.reborrow() }, &deed(change))?)
    }
}

impl Hub {
    /// Delivers an event of servers of another kind to everybody here who is addressed.
    pub(crate) fn deliver_foreign(self: &Arc<Self>, target: &Target<'_>, event: Event) {
        let (expect, how) = match event.is_volatile {
            true => (Expect::Nothing, How::Volatile),
            false => (Expect::Arrival, How::Fanout),
        };
        if let Some(emission) = self.encode_foreign(event, expect) {
            // A caller that receives for all clients does not give way to one.
            let _ = self.deliver(target, &emission, how);
        }
    }

    /// Asks everybody here who is addressed for a server of another kind.
    pub(crate) fn ask_for_foreign(
        self: &Arc<Self>,
        target: &Target<'_>,
        event: Event,
        asker: &Asker,
    ) -> AskedHere {
        let (how, compress) = (if event.is_volatile { How::Volatile } else { How::Fanout }, event.compress);
        match self.encode_foreign(event, Expect::Answers) {
            Some(emission) => self.ask_for(target, &emission.entry.frames, compress, how, asker),
            None => AskedHere::default(),
        }
    }

    /// Encodes it as this server's clients get it; `None` if they cannot.
    fn encode_foreign(self: &Arc<Self>, mut event: Event, expect: Expect) -> Option<Emission> {
        let args = event.args.take_rest::<Spread<Value>>().map_err(|error| error.to_string());
        let emission = args.and_then(|args| {
            self.encode(None, &[], expect, &event.name, &args).map_err(|error| error.to_string())
        });
        match emission {
            Ok(emission) => Some(emission.compress(event.compress)),
            Err(error) => {
                let name = crate::short::short(&event.name);
                tracing::warn!(
                    target: "sio::cluster", namespace = &*self.path, event = &*name, error,
                    "ignored an event of other servers that clients cannot be sent"
                );
                None
            }
        }
    }
}
