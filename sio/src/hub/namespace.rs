//! [`Namespace`]: a handle of a [`Hub`]. A member lends it to its handles, so it is known here; what can be said with
//! it stands in `handle`.

use std::fmt;
use std::sync::Arc;

use super::Hub;

/// All sockets that are connected under one path, `/chat` for example.
///
/// Cheap to clone. A handler reaches its own by `socket.namespace()`, any other by [`Server::of`](crate::Server::of).
/// A dynamic namespace (`#[consumer(namespace = "/org/{id}")]`) is made for its first socket and ends with its last:
/// a handle that is kept longer reaches nobody, also when others enter the path anew.
///
/// # Examples
///
/// ```
/// # use sio::prelude::*;
/// # async fn example(server: &Server) -> sio::Result {
/// let chat = server.of("/chat");
/// chat.emit("announcement", "We close in five minutes").await?;
/// chat.to("lobby").emit("lights", &false).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Namespace {
    pub(crate) hub: Arc<Hub>,
}

impl Namespace {
    pub(crate) fn of(hub: &Arc<Hub>) -> Self {
        Self { hub: Arc::clone(hub) }
    }

    /// Returns the path, beginning with a slash.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.hub.path
    }
}

/// Handles of one namespace are equal. Those of an equal path are not if the servers differ, or if a dynamic
/// namespace has ended and begun anew in between: they reach different sockets.
impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.hub, &other.hub)
    }
}

impl Eq for Namespace {}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("path", &self.path()).finish_non_exhaustive()
    }
}
