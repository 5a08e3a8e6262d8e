//! [`Connecting`]: a client in front of the door.

use std::fmt;

use serde::de::DeserializeOwned;
use sio_core::args::Args;

use crate::consumer::Event;
use crate::error::Error;
use crate::handle::socket::Socket;
use crate::handshake::Handshake;
use crate::params::Params;

/// A client that wants to enter a namespace, as [`Builder::on_connecting`](crate::Builder::on_connecting) sees it.
#[derive(Clone)]
pub struct Connecting {
    socket: Socket,
    auth: Option<Args>,
}

impl Connecting {
    pub(super) fn new(socket: Socket, auth: Option<Args>) -> Self {
        Self { socket, auth }
    }

    /// Returns the path of the namespace that it wants to enter.
    #[must_use]
    pub fn path(&self) -> &str {
        self.socket.path()
    }

    /// Returns the parameters of a dynamic namespace.
    #[must_use]
    pub fn params(&self) -> &Params {
        self.socket.namespace().params()
    }

    /// Returns the request that opened the client's session: headers, query, address.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        self.socket.handshake()
    }

    /// Returns the auth payload that the client sent. As in `connect`, a missing payload is `None` to an `Option` and
    /// `{}` to everything else.
    ///
    /// # Errors
    ///
    /// When it is not a `T`. Passed on with `?`, it refuses the client with `Invalid auth payload`.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, Error> {
        Event::connect(&self.socket, self.auth.clone()).take()
    }

    /// Returns the socket that the client will have. Events emitted to it are sent when `connect` has accepted the
    /// client.
    #[must_use]
    pub fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Keeps a value with the socket, which handlers take as [`Extension<T>`](crate::extract::Extension). The same as
    /// inserting it into the [data](Socket::data) of the socket.
    pub fn insert<T: Send + Sync + 'static>(&self, value: T) {
        self.socket.data().insert(value);
    }
}

impl fmt::Debug for Connecting {
    /// Leaves the auth payload out: it holds tokens and passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connecting").field("socket", &self.socket).finish_non_exhaustive()
    }
}
