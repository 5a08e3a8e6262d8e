//! Everything that can be said to the sockets of one path.

use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::id::Sid;

use super::ack_stream::AckStream;
use super::broadcast::Broadcast;
use super::rooms::IntoRooms;
use super::socket::Socket;
use crate::error::EmitError;
use crate::hub::Namespace;
use crate::params::Params;

impl Namespace {
    /// Returns the parameters of a dynamic namespace; empty if the namespace has a path of its own.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.hub.params
    }

    /// Sends an event to every socket of the namespace.
    ///
    /// # Errors
    ///
    /// When the name is reserved or the arguments cannot be serialized.
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        Broadcast::new(self).emit(event, args).await
    }

    /// As [`Namespace::emit`], for code that cannot wait: see [`Broadcast::try_emit`].
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`].
    pub fn try_emit<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<(), EmitError> {
        Broadcast::new(self).try_emit(event, args)
    }

    /// Sends the event `message`, which clients receive as `message`, to every socket of the namespace.
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`].
    pub async fn send<A>(&self, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        self.emit("message", args).await
    }

    /// Sends an event to every socket and collects their answers.
    ///
    /// # Errors
    ///
    /// As [`Namespace::emit`].
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<AckStream<T>, EmitError> {
        Broadcast::new(self).emit_with_ack(event, args).await
    }

    /// Addresses every socket of the namespace, to choose more about how.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::new(self)
    }

    /// Addresses everybody in the namespace, and sets whether the messages and polling responses that carry the event
    /// may be compressed: see [`EmitOptions::compress`](crate::emit::EmitOptions::compress).
    pub fn compress(&self, compress: bool) -> Broadcast {
        Broadcast::new(self).compress(compress)
    }

    /// Addresses the members of a room, or of several.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        Broadcast::new(self).to(rooms)
    }

    /// Addresses everyone; the event may be lost, see [`Broadcast::volatile`](crate::emit::Broadcast::volatile).
    pub fn volatile(&self) -> Broadcast {
        Broadcast::new(self).volatile()
    }

    /// Addresses the sockets of this node. On a single node that is everyone.
    pub fn local(&self) -> Broadcast {
        Broadcast::new(self).local()
    }

    /// Addresses everyone, or nobody if other nodes cannot be reached: see [`Broadcast::strict`].
    pub fn strict(&self) -> Broadcast {
        Broadcast::new(self).strict()
    }

    /// Addresses everyone, and chooses how long their answers may take.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        Broadcast::new(self).timeout(timeout)
    }

    /// Addresses everyone but the members of these rooms; a socket's id names a room too.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        Broadcast::new(self).except(rooms)
    }

    /// Returns the connected sockets, in no particular order.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        Broadcast::new(self).sockets()
    }

    /// Returns the connected socket of this id.
    #[must_use]
    pub fn socket(&self, id: &Sid) -> Option<Socket> {
        self.hub.member(id).map(Socket::new).filter(Socket::is_connected)
    }

    /// Puts everybody into a room, or into several.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`].
    pub async fn join(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        Broadcast::new(self).join(rooms).await
    }

    /// Disconnects everybody from the namespace; their other namespaces stay connected.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`].
    pub async fn disconnect(&self) -> Result<(), EmitError> {
        Broadcast::new(self).disconnect().await
    }

    /// Ends the whole connections of everybody in the namespace, with all their namespaces.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`].
    pub async fn disconnect_all(&self) -> Result<(), EmitError> {
        Broadcast::new(self).disconnect_all().await
    }

    /// Takes everybody out of a room, or of several, so that it is gone. The sockets stay connected.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::join`].
    pub async fn close_room(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        let rooms = rooms.into_rooms();
        self.to(rooms.clone()).leave(rooms).await
    }

    /// Returns the rooms in which somebody is, sorted, without those named by a socket's id.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.hub.rooms()
    }
}
