//! [`Emitting`]: whom an emitter addresses, and what it sends to them.

use std::fmt;

use serde::Serialize;
use sio_core::args::{Args, EncodeError};
use sio_core::cluster::broadcast::{Broadcast, Target};
use sio_core::cluster::foreign::{Event, Inexpressible};
use sio_core::cluster::frame::Kind;
use sio_core::cluster::message::{Change, Deed, Selection};
use sio_core::name::is_reserved;

use super::{EmitError, Emitter};
use crate::error::PublishError;
use crate::local::{Address, Packet};
use crate::outbox;
use crate::ports::{HIDDEN, Messages};

/// Addresses some of the sockets of a namespace; made by [`Emitter::of`], and chained.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until something is emitted"]
pub struct Emitting<'a> {
    pub(super) emitter: &'a Emitter,
    pub(super) path: String,
    pub(super) target: Target<'static>,
    pub(super) is_volatile: bool,
    pub(super) compress: bool,
}

impl Emitting<'_> {
    /// Returns the path of the namespace.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Adds a room to those that are addressed. The id of a socket names a room too.
    pub fn to(mut self, room: impl Into<String>) -> Self {
        self.target.is_limited = true;
        self.target.rooms.push(room.into().into());
        self
    }

    /// Adds all sockets of a user, as the servers have identified them.
    pub fn user(self, user: impl fmt::Display) -> Self {
        // Their hidden room, as the servers name it.
        self.to(format!("\0u{user}"))
    }

    /// Leaves out the members of a room. The id of a socket names a room too.
    pub fn except(mut self, room: impl Into<String>) -> Self {
        self.target.except.push(room.into().into());
        self
    }

    /// Marks what is sent as volatile: it may be lost.
    pub const fn volatile(mut self) -> Self {
        self.is_volatile = true;
        self
    }

    /// Sets whether the messages and polling answers that bring what is sent may be compressed. Default: `true`.
    pub const fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Sends an event. A tuple is several arguments, everything else is one; bytes anywhere inside become attachments.
    /// Never waits.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it cannot be written, or is too large. That there is no broker is no error.
    pub fn emit<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<(), EmitError> {
        if let Some(port) = &self.emitter.port {
            if is_reserved(event) {
                return Err(EncodeError::ReservedName(event.to_owned()).into());
            }
            let (is_volatile, compress) = (self.is_volatile, self.compress);
            let event = Event { is_volatile, compress, ..Event::new(event, Args::of(args)?) };
            return self.tell(|to| port.event(to, &event, None));
        }
        let run = self.emitter.encode(&self.path, event, args)?;
        let packet = Packet { is_volatile: self.is_volatile, compress: self.compress, ..Packet::new(run) };
        self.check()?;
        let event = Broadcast {
            path: &self.path,
            target: self.target.reborrow(),
            offset: None,
            run: packet.run.clone(),
        };
        let mut frame = self.emitter.begin(Kind::Broadcast, packet.flags(), event.size());
        event.write(&mut frame);
        let kind = if self.is_volatile { outbox::Kind::Volatile } else { outbox::Kind::Held };
        self.emitter.push(frame, kind)
    }

    /// Puts everybody who is addressed into these rooms.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it is too large.
    pub fn join(&self, rooms: impl IntoIterator<Item = impl Into<String>>) -> Result<(), EmitError> {
        self.change(Deed::Join(rooms.into_iter().map(Into::into).collect()))
    }

    /// Takes everybody who is addressed out of these rooms.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it is too large.
    pub fn leave(&self, rooms: impl IntoIterator<Item = impl Into<String>>) -> Result<(), EmitError> {
        self.change(Deed::Leave(rooms.into_iter().map(Into::into).collect()))
    }

    /// Disconnects everybody who is addressed: with `close` their whole connections, else from the namespace.
    ///
    /// # Errors
    ///
    /// [`EmitError`] if it is too large.
    pub fn disconnect(&self, close: bool) -> Result<(), EmitError> {
        self.change(Deed::Disconnect(close))
    }

    fn change(&self, deed: Deed) -> Result<(), EmitError> {
        if let Some(port) = &self.emitter.port {
            return self.tell(|to| port.change(to, &deed));
        }
        self.check()?;
        let change = Change { to: Selection::new(&self.path, &self.target), deed };
        self.emitter.push_json(Kind::Change, &change)
    }

    /// Tells servers of another kind.
    fn tell(
        &self,
        say: impl FnOnce(&Address<'_>) -> Result<Messages, Inexpressible>,
    ) -> Result<(), EmitError> {
        let mut names = self.target.rooms.iter().chain(&self.target.except);
        if names.any(|name| name.starts_with(HIDDEN)) {
            let reason = "users are known to servers of sio only";
            return Err(PublishError::from(Inexpressible { servers: "other", reason }).into());
        }
        if self.target.is_limited && self.target.rooms.is_empty() {
            return Ok(());
        }
        let said = say(&Address { path: &self.path, target: self.target.reborrow() });
        self.emitter.push_foreign(said.map_err(PublishError::from)?, self.is_volatile)
    }

    fn check(&self) -> Result<(), EmitError> {
        if self.target.fits() { Ok(()) } else { Err(PublishError::TooManyRooms.into()) }
    }
}
