//! [`Call`]: an event before its handler has seen it.

use bytestring::ByteString;
use serde::Serialize;
use sio_core::args::Args;

use crate::consumer::{Event, Reply, encode_reply};
use crate::error::{EmitError, Error};
use crate::handle::socket::Socket;

/// An event on its way to its handler, as [`Builder::middleware`](crate::Builder::middleware) sees it.
#[derive(Debug)]
pub struct Call {
    socket: Socket,
    name: ByteString,
    args: Args,
    ack: Option<u64>,
}

impl Call {
    pub(super) fn new(event: &Event<'_>) -> Self {
        let (socket, name) = (event.socket().clone(), event.name_handle());
        Self { socket, name, args: event.args().clone(), ack: event.ack_id() }
    }

    /// Makes the event what middleware has left of it.
    pub(super) fn change(self, event: &mut Event<'_>) {
        event.replace(self.name, self.args);
    }

    /// Returns the socket that sent the event.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Returns the event's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives the event to another handler: one of the same kind, since an event does not become concurrent on its
    /// way. The deadline is that of the new handler; what limits size and rate has been looked at before, under the
    /// name that the client sent.
    pub fn set_name(&mut self, name: impl Into<String>) {
        self.name = name.into().into();
    }

    /// Returns the arguments as they were sent. Reading a clone takes nothing from the handler.
    ///
    /// ```
    /// # use sio::middleware::Call;
    /// fn room(call: &Call) -> Option<String> {
    ///     call.args().clone().take().ok()
    /// }
    /// ```
    #[must_use]
    pub fn args(&self) -> &Args {
        &self.args
    }

    /// Replaces the arguments. A tuple is several, everything else is one, as in
    /// [`Socket::emit`](crate::Socket::emit).
    ///
    /// # Errors
    ///
    /// When they cannot be written as JSON, or an object beside bytes looks like a placeholder: the handler would get
    /// bytes in its place.
    pub fn set_args<A: Serialize + ?Sized>(&mut self, args: &A) -> Result<(), Error> {
        self.args = Args::of(args).map_err(EmitError::from)?;
        Ok(())
    }

    /// Returns whether the client waits for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        self.ack.is_some()
    }

    /// Makes an answer to return in place of the handler's.
    ///
    /// # Errors
    ///
    /// When the value cannot be written as JSON.
    pub fn reply<T: Serialize + ?Sized>(&self, value: &T) -> Result<Reply, Error> {
        encode_reply(&self.socket, self.ack, value)
    }
}
