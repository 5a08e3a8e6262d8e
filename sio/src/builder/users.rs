//! Options for what other nodes, and other users, see of a socket.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Builder;

/// What others see of a socket.
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
}
