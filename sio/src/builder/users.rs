//! Options for what other nodes, and other users, see of a socket.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Builder;
use crate::hub::PresenceChange;

/// The facts about a socket that others see.
impl Builder {
    /// Shows the values of a type that sockets have in their [`data`](crate::Socket::data) to everybody who
    /// [fetches](crate::emit::Broadcast::fetch_sockets) the sockets, on all nodes of a cluster. They are written as JSON
    /// at that moment, and read by [`FetchedSocket::data`](crate::emit::FetchedSocket::data) under this name. Default
    /// none: the data of a socket is known to its own node only.
    ///
    /// The names of all types must differ.
    ///
    /// # Examples
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use sio::prelude::*;
    ///
    /// #[derive(Serialize, Deserialize)]
    /// struct Profile {
    ///     name: String,
    /// }
    ///
    /// let builder = Server::builder().share::<Profile>("profile");
    /// # drop(builder);
    /// ```
    pub fn share<T>(mut self, name: impl Into<String>) -> Self
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        self.shared.add::<T>(name.into());
        self
    }

    /// Keeps which users are online, on all nodes of a cluster, and tells [`on_presence`](Self::on_presence). A user is
    /// online from the first socket that was [identified](crate::Socket::identify) as theirs, until none has been there
    /// for the grace time: so a page that is loaded again, or a client that comes back, is no end. The time must be
    /// longer than zero. Default off: it takes memory for each user of all nodes, on each node.
    ///
    /// It must be the same on all nodes. The users of a node that dies are offline after the grace time too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sio::observe::PresenceChange;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().presence(Duration::from_secs(5)).on_presence(|namespace, user, change| {
    ///     match change {
    ///         PresenceChange::Online => println!("{user} is in {namespace}"),
    ///         PresenceChange::Offline { since } => println!("{user} left {namespace} at {since:?}"),
    ///         _ => {}
    ///     }
    /// });
    /// # drop(builder);
    /// ```
    pub fn presence(mut self, grace: Duration) -> Self {
        self.presence = Some(grace);
        self
    }

    /// Sets how many users [`presence`](Self::presence) keeps at most, of all namespaces and all nodes of a cluster. Must be at
    /// least one; default 1,000,000, which take some 300 MB. It must be the same on all nodes.
    ///
    /// Beyond it those who come are reached as all others are, and [`is_online`](crate::emit::Broadcast::is_online) finds them;
    /// but nobody is told that they come and go, and the log says so.
    pub fn max_users(mut self, users: usize) -> Self {
        self.max_users = users;
        self
    }

    /// Calls `listener` when a user has come online or gone offline, in order, with the namespace, the user and the change:
    /// see [`presence`](Self::presence), without which there is nothing to hear. Every node of a cluster hears of the
    /// users of all nodes. Listeners must not block; several are called in the order in which they were added.
    pub fn on_presence(
        mut self,
        listener: impl Fn(&str, &str, PresenceChange) + Send + Sync + 'static,
    ) -> Self {
        self.presence_listeners.add(listener);
        self
    }
}
