//! Shortcuts for the namespace `/`. Every method is that of [`Namespace`](crate::Namespace).

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Server;
use crate::error::EmitError;
use crate::handle::ack_stream::AckStream;
use crate::handle::broadcast::Broadcast;
use crate::handle::rooms::IntoRooms;
use crate::handle::socket::Socket;

/// Shortcuts to the namespace `/`; others are reached by [`Server::of`].
///
/// ```
/// # use sio::prelude::*;
/// # async fn example(server: &Server) -> sio::Result {
/// server.emit("news", "We open at nine").await?; // server.of("/").emit(..)
/// server.to("lobby").except("muted").emit("lights", &true).await?;
/// # Ok(())
/// # }
/// ```
impl Server {
    /// Sends an event to every socket of `/`.
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`](crate::Namespace::emit).
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        self.broadcast().emit(event, args).await
    }

    /// As [`Server::emit`], for code that cannot wait: see [`Broadcast::try_emit`].
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`](crate::Namespace::emit).
    pub fn try_emit<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<(), EmitError> {
        self.broadcast().try_emit(event, args)
    }

    /// Sends the event `message` to every socket of `/`.
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`](crate::Namespace::emit).
    pub async fn send<A>(&self, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        self.broadcast().send(args).await
    }

    /// Sends an event to every socket of `/` and collects their answers.
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`](crate::Namespace::emit).
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<AckStream<T>, EmitError> {
        self.broadcast().emit_with_ack(event, args).await
    }

    /// Addresses every socket of `/`, to choose more about how.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(&self.of("/"))
    }

    /// Addresses the members of a room of `/`, or of several.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// Addresses everyone in `/` but the members of these rooms; a socket's id names a room too.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Addresses everyone in `/`; the event may be lost, see [`Broadcast::volatile`].
    pub fn volatile(&self) -> Broadcast {
        self.broadcast().volatile()
    }

    /// Addresses the sockets of `/` on this node. On a single node that is everyone.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    /// Addresses everyone in `/`, or nobody if other nodes cannot be reached: see [`Broadcast::strict`].
    pub fn strict(&self) -> Broadcast {
        self.broadcast().strict()
    }

    /// Addresses everyone in `/`, and chooses how long their answers may take.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        self.broadcast().timeout(timeout)
    }

    /// Addresses everyone in `/`. Sets whether the messages and polling responses that carry the event may be
    /// compressed: see
    /// [`EmitOptions::compress`](crate::emit::EmitOptions::compress).
    pub fn compress(&self, compress: bool) -> Broadcast {
        self.broadcast().compress(compress)
    }

    /// Returns the connected sockets of `/`, in no particular order.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.broadcast().sockets()
    }

    /// Puts everybody in `/` into a room, or into several.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`](crate::emit::Broadcast::join).
    pub async fn join(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        self.broadcast().join(rooms).await
    }

    /// Disconnects everybody from `/`; their other namespaces stay connected.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`](crate::emit::Broadcast::join).
    pub async fn disconnect(&self) -> Result<(), EmitError> {
        self.broadcast().disconnect().await
    }

    /// Ends the whole connections of everybody in `/`, with all their namespaces. Clients that are only in others stay,
    /// and the server goes on: [`Server::close`] ends it.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`](crate::emit::Broadcast::join).
    pub async fn disconnect_all(&self) -> Result<(), EmitError> {
        self.broadcast().disconnect_all().await
    }

    /// Takes everybody out of a room of `/`, or of several, so that it is gone. The sockets stay connected.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`](crate::emit::Broadcast::join).
    pub async fn close_room(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        self.of("/").close_room(rooms).await
    }

    /// Returns the rooms of `/` in which somebody is, sorted, without those named by a socket's id.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.of("/").rooms()
    }
}
