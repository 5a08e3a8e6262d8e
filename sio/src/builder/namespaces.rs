//! Options for the namespaces that clients join.

use super::Builder;

/// Limits of namespaces.
impl Builder {
    /// Sets how many namespaces one client may have joined at a time; a further one is refused. Default 32.
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.options.max_namespaces = namespaces;
        self
    }

    /// Sets how often per second one connection may ask for a namespace, evenly or all at once. One that asks more
    /// often is refused with `Too many connection attempts`; the data of the refusal tell when it may try again
    /// (`retry_after_ms`). At least one; default 100.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().connects_per_second(10);
    /// # drop(builder);
    /// ```
    pub fn connects_per_second(mut self, connects: u32) -> Self {
        self.options.connects_per_second = connects;
        self
    }

    /// Sets how many dynamic namespaces (`#[consumer(namespace = "/org/{id}")]`) may exist at a time, for all clients
    /// together; a further one is refused with `Too many namespaces`. At least one; default 10,000.
    ///
    /// Once half of them are taken, a connection gets no more than eight, and fewer with every one that is taken,
    /// down to one: a client that is in none finds a place for as long as there is one.
    pub fn max_dynamic_namespaces(mut self, namespaces: usize) -> Self {
        self.options.max_dynamic_namespaces = namespaces;
        self
    }

    /// Sets how many dynamic namespaces that clients of one IPv4 address or IPv6 /64 network were the first in may
    /// exist at a time; a further one is refused with `Too many namespaces`. Clients whose address is not known count
    /// as one address. At least one; default unlimited.
    ///
    /// A namespace whose founder's address has left it counts for the address of another who is in it.
    ///
    /// Behind a proxy all clients have its address unless [`Builder::forwarded`] is set.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().max_dynamic_namespaces_per_address(100);
    /// # drop(builder);
    /// ```
    pub fn max_dynamic_namespaces_per_address(mut self, namespaces: usize) -> Self {
        self.options.max_dynamic_namespaces_per_address = namespaces;
        self
    }
}
