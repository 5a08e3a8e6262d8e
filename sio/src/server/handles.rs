//! Methods that lead from a handle to its server.

use std::sync::Arc;

use super::Server;
use crate::consumer::{Event, FromEvent};
use crate::error::Error;
use crate::handle::socket::Socket;
use crate::hub::Namespace;
use crate::shutdown::Phase;

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

    /// Waits until the server begins to stop: for last words, while the client is still there. It returns at the
    /// beginning of [`Server::drain`], before any client is disconnected; with [`Server::close`] there may be no time
    /// left for more than what is at hand.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// fn say_goodbye(socket: &Socket) {
    ///     let socket = socket.clone();
    ///     tokio::spawn(async move {
    ///         tokio::select! {
    ///             () = socket.closing() => {
    ///                 let _ = socket.emit("notice", "We restart, and are back in a moment").await;
    ///             }
    ///             _ = socket.closed() => {}
    ///         }
    ///     });
    /// }
    /// ```
    pub async fn closing(&self) {
        let shutdown =
            Server::of_namespace(self.namespace()).map(|server| Arc::clone(&server.inner.shutdown));
        // One that was dropped has stopped.
        if let Some(shutdown) = shutdown {
            shutdown.reached(Phase::Announced).await;
        }
    }
}

impl FromEvent<'_> for Server {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        let server = Self::of_namespace(event.socket().namespace());
        server.ok_or_else(|| Error::internal("the server has been dropped"))
    }
}
