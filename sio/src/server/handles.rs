//! Methods that lead from a handle to its server.

use std::sync::Arc;

use super::Server;
use crate::consumer::{Event, FromEvent};
use crate::error::Error;
use crate::handle::socket::Socket;
use crate::hub::Namespace;

impl Server {
    /// The server of a namespace, if it has not been dropped.
    fn of_namespace(namespace: &Namespace) -> Option<Self> {
        let inner = Arc::downcast(namespace.hub.common.server.upgrade()?).ok()?;
        Some(Self { inner })
    }
}

impl Namespace {
    /// Returns the server that the namespace belongs to.
    ///
    /// # Panics
    ///
    /// If the server was dropped, which cannot happen while it serves. A `Namespace` does not keep it alive.
    #[must_use]
    pub fn server(&self) -> Server {
        Server::of_namespace(self).expect("a namespace is used while its server exists")
    }
}

impl Socket {
    /// Returns the server that the socket is connected to.
    ///
    /// # Panics
    ///
    /// If the server was dropped, which cannot happen while it serves. A `Socket` does not keep it alive.
    #[must_use]
    pub fn server(&self) -> Server {
        self.namespace().server()
    }
}

impl FromEvent<'_> for Server {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        let server = Self::of_namespace(event.socket().namespace());
        server.ok_or_else(|| Error::internal("the server has been dropped"))
    }
}
