//! [`Outgoing`]: an event that the server sends, as observers see it.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use sio_core::socket::encode::json_of;

use crate::handle::socket::Socket;
use crate::hub::Namespace;

/// An event that the server sends: see [`Builder::on_outgoing`](crate::Builder::on_outgoing).
pub struct Outgoing<'a> {
    pub(super) namespace: &'a Namespace,
    pub(super) event: &'a str,
    pub(super) socket: Option<&'a Socket>,
    pub(super) rooms: &'a [Cow<'static, str>],
    pub(super) frames: &'a Bytes,
    pub(super) recipients: usize,
    pub(super) bytes: usize,
}

impl<'a> Outgoing<'a> {
    /// Returns the namespace in which it is sent.
    #[must_use]
    pub fn namespace(&self) -> &'a Namespace {
        self.namespace
    }

    /// Returns the event's name.
    #[must_use]
    pub fn event(&self) -> &'a str {
        self.event
    }

    /// Returns the only socket that gets it; `None` for a broadcast.
    #[must_use]
    pub fn socket(&self) -> Option<&'a Socket> {
        self.socket
    }

    /// Returns the rooms that a broadcast is for. If empty, it is for everybody in the namespace, or for that one
    /// socket.
    #[must_use]
    pub fn rooms(&self) -> &'a [Cow<'static, str>] {
        self.rooms
    }

    /// Returns to how many sockets of this node it went. Those that are away and may
    /// [come back](crate::Builder::connection_state_recovery) count, those that are disconnected for being too slow do
    /// not. A volatile event may be lost on its way to any of them.
    #[must_use]
    pub fn recipients(&self) -> usize {
        self.recipients
    }

    /// Returns the size of the event on the wire in bytes, of one copy: the packet and its attachments, framed for
    /// WebSocket.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the event as JSON: an array of the name and the arguments, with placeholders for bytes.
    #[must_use]
    pub fn json(&self) -> &'a str {
        json_of(self.frames).unwrap_or_default()
    }
}

impl fmt::Debug for Outgoing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outgoing")
            .field("namespace", &self.namespace.path())
            .field("event", &self.event)
            .field("socket", &self.socket.map(Socket::id))
            .field("rooms", &self.rooms)
            .field("recipients", &self.recipients)
            .field("bytes", &self.bytes)
            .finish_non_exhaustive()
    }
}
