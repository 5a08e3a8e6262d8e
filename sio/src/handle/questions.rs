//! Questions about the sockets of all nodes.

use std::collections::BTreeMap;

use super::broadcast::Broadcast;
use super::remote_socket::FetchedSocket;
use crate::hub::{Gathered, Incomplete, Namespace};

impl Broadcast {
    /// Returns everybody who is addressed, on all nodes of a cluster, as they are now: their ids, rooms, handshakes, and
    /// the [shared](crate::Builder::share) part of their data. On a single node, and with [`local`](Self::local), these
    /// are the sockets of this node.
    ///
    /// A socket of another node takes several hundred bytes on the wire, so use [`count`](Self::count) where a number is
    /// enough. Of more than 100,000 sockets of other nodes the rest is left out, and the result
    /// [says so](Gathered::is_truncated).
    pub async fn fetch_sockets(&self) -> Gathered<Vec<FetchedSocket>> {
        let hub = &self.namespace.hub;
        let mut all = Gathered::of_this_node(hub.snapshots(&self.target));
        if let Some(others) = self.others() {
            let theirs = others.snapshots(&hub.path, &self.target).await;
            all = theirs.map(|items| all.items.into_iter().chain(items).collect());
        }
        let fetched = |snapshot| FetchedSocket::new(&self.namespace, snapshot);
        all.map(|items| items.into_iter().map(fetched).collect())
    }

    /// Returns how many sockets are addressed, on all nodes of a cluster.
    pub async fn count(&self) -> Gathered<usize> {
        let hub = &self.namespace.hub;
        let here = hub.count(&self.target);
        match self.others() {
            Some(others) => others.count(&hub.path, &self.target).await.map(|there| here + there),
            None => Gathered::of_this_node(here),
        }
    }

    /// Returns whether any socket is addressed, on any node of a cluster: as soon as one is found.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// if !server.of("/chat").user("42").is_online().await? {
    ///     println!("write a mail");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Incomplete`] if none was found, and a node has not answered.
    pub async fn is_online(&self) -> Result<bool, Incomplete> {
        let hub = &self.namespace.hub;
        if hub.count(&self.target) > 0 {
            return Ok(true);
        }
        let Some(others) = self.others() else { return Ok(false) };
        let is_any = others.is_any(&hub.path, &self.target).await;
        if is_any.items { Ok(true) } else { is_any.complete() }
    }
}

impl Namespace {
    /// Returns all sockets of the namespace, on all nodes of a cluster: see [`Broadcast::fetch_sockets`].
    pub async fn fetch_sockets(&self) -> Gathered<Vec<FetchedSocket>> {
        self.broadcast().fetch_sockets().await
    }

    /// Returns how many sockets are in the namespace, on all nodes of a cluster.
    pub async fn count(&self) -> Gathered<usize> {
        self.broadcast().count().await
    }

    /// Returns the users who are online, with how many sockets each, on all nodes of a cluster: those as whom sockets of
    /// the namespace were [identified](crate::Socket::identify).
    ///
    /// To be told of each change instead, keep their [presence](crate::Builder::presence).
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// for (user, sockets) in server.of("/chat").fetch_users().await.complete()? {
    ///     println!("{user}: {sockets} tabs");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn fetch_users(&self) -> Gathered<BTreeMap<String, usize>> {
        let mut users = self.hub.users();
        let Some(others) = &self.hub.common.others else { return Gathered::of_this_node(users) };
        others.users(&self.hub.path).await.map(|theirs| {
            for (user, sockets) in theirs {
                *users.entry(user).or_default() += sockets;
            }
            users
        })
    }

    /// Returns the rooms in which somebody is, on any node of a cluster, sorted, without those named by a socket's id.
    pub async fn fetch_rooms(&self) -> Gathered<Vec<String>> {
        let here = self.hub.rooms();
        let Some(others) = &self.hub.common.others else { return Gathered::of_this_node(here) };
        others.rooms(&self.hub.path).await.map(|mut rooms| {
            rooms.extend(here);
            rooms.sort_unstable();
            rooms.dedup();
            rooms
        })
    }
}
