//! [`RemoteSocket`]: a socket that may be on another node, and [`FetchedSocket`]: what is known of it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::{ArgError, Args};
use sio_core::id::{NodeId, Sid};

use super::ack_stream::AckStream;
use super::broadcast::Broadcast;
use super::emit_options::EmitOptions;
use super::rooms::{IntoRooms, names_of};
use super::socket::Socket;
use crate::data::shared::Texts;
use crate::error::{AckError, EmitError};
use crate::handshake::Handshake;
use crate::hub::snapshot::Snapshot;
use crate::hub::{Change, Namespace, Target, answer};

/// A socket by its id, on whichever node of the cluster it is: [`Namespace::remote`] makes it without asking anybody.
///
/// Changes of a socket of this node are made at once, as by its [`Socket`]. For one of another node a message goes
/// there; methods that return an answer wait for it, for two seconds at most (`Adapter::request_timeout`).
///
/// # Examples
///
/// ```
/// use sio::Sid;
/// use sio::prelude::*;
///
/// async fn invite(server: &Server, player: &Sid) -> sio::Result<bool> {
///     let player = server.of("/game").remote(player);
///     let accepts = player.emit_with_ack::<bool>("invitation", "chess").await?;
///     if accepts {
///         player.join("chess").await?;
///     }
///     Ok(accepts)
/// }
/// ```
#[derive(Clone)]
pub struct RemoteSocket {
    namespace: Namespace,
    id: Sid,
    timeout: Duration,
}

impl Namespace {
    /// Returns the socket of this id, on whichever node it is, and whether or not there is one: nobody is asked.
    #[must_use]
    pub fn remote(&self, id: &Sid) -> RemoteSocket {
        RemoteSocket { namespace: self.clone(), id: id.clone(), timeout: self.hub.common.ack_timeout }
    }
}

impl RemoteSocket {
    /// Returns the socket's id.
    #[must_use]
    pub fn id(&self) -> Sid {
        self.id.clone()
    }

    /// Returns the socket's namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// Returns the socket itself, if it is connected to this node.
    #[must_use]
    pub fn local(&self) -> Option<Socket> {
        self.namespace.socket(&self.id)
    }

    /// Sets how long an answer of the client may take. Default: the server's `ack_timeout`, 5 s.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends an event to the client, as [`Socket::emit`] does. On another node the event may find nobody: nobody is
    /// told. Ask with [`emit_with_ack`](Self::emit_with_ack) if it matters.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`] for a socket of this node; as [`Broadcast::emit`] for another.
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        match self.local() {
            Some(socket) => socket.emit(event, args).await,
            None => self.broadcast().emit(event, args).await,
        }
    }

    /// Sends an event and waits for the client's acknowledgement, as [`Socket::emit_with_ack`] does.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit_with_ack`]; [`AckError::Disconnected`] if there is no such socket, and
    /// [`AckError::Unreachable`] if its node cannot be reached.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<T, AckError> {
        if let Some(socket) = self.local() {
            return self.near(&socket).emit_with_ack(event, args).await;
        }
        let broadcast = self.far();
        let question = broadcast.question(event, args)?;
        let mut answer = self.answer(broadcast.ask_giving_way(question).await).await?;
        answer::decode(&mut answer)
    }

    /// Returns the answer of this socket: the room of its name may have others in it.
    pub(super) async fn answer(&self, mut answers: AckStream<()>) -> Result<Args, AckError> {
        while let Some((id, answer)) = answers.next_answer().await {
            if id == self.id {
                return answer;
            }
        }
        Err(if answers.missing().is_empty() { AckError::Disconnected } else { AckError::Unreachable })
    }

    /// Addresses the socket on another node.
    pub(super) fn far(&self) -> Broadcast {
        self.broadcast().timeout(self.timeout)
    }

    /// Addresses the socket itself, if it is connected to this node.
    pub(super) fn near<'a>(&self, local: &'a Socket) -> EmitOptions<'a> {
        local.timeout(self.timeout)
    }

    /// Puts the socket into a room, or into several. A client that is away and may
    /// [come back](crate::Builder::connection_state_recovery) finds it done.
    ///
    /// # Errors
    ///
    /// [`EmitError::Disconnected`] if there is no such socket, [`EmitError::Unreachable`] if its node has not answered.
    pub async fn join(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        self.change(Change::Join(&names_of(rooms))).await
    }

    /// Takes the socket out of a room, or out of several.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub async fn leave(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        self.change(Change::Leave(&names_of(rooms))).await
    }

    /// Disconnects the client from this namespace, as [`Socket::disconnect`] does.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub async fn disconnect(&self) -> Result<(), EmitError> {
        self.change(Change::Disconnect { close: false }).await
    }

    /// Ends the client's whole connection, as [`Socket::disconnect_all`] does.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub async fn disconnect_all(&self) -> Result<(), EmitError> {
        self.change(Change::Disconnect { close: true }).await
    }

    /// Returns what is known of the socket now.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    pub async fn fetch(&self) -> Result<FetchedSocket, EmitError> {
        let found = self.broadcast().fetch_sockets().await;
        let is_it = |socket: &FetchedSocket| socket.socket.id == self.id;
        let socket = found.items.into_iter().find(is_it);
        socket.ok_or(if found.missing.is_empty() { EmitError::Disconnected } else { EmitError::Unreachable })
    }

    async fn change(&self, change: Change<'_>) -> Result<(), EmitError> {
        let hub = &self.namespace.hub;
        if let Some(socket) = self.local() {
            hub.change(&socket.member, change);
            if let Some(settling) = hub.settling(change) {
                settling.await;
            }
            return Ok(());
        }
        if let (Change::Join(_) | Change::Leave(_), Some(member)) = (change, hub.away(&self.id)) {
            hub.change(&member, change);
            return Ok(());
        }
        let Some(others) = &hub.common.others else { return Err(EmitError::Disconnected) };
        let target = Target::room(self.id.as_str());
        let found = others.change_counted(&hub.path, &target, change).await;
        match (found.items, found.missing.is_empty()) {
            (1.., _) => Ok(()),
            // It may be connected to a server of another kind, and those do not answer.
            (0, _) if others.change_foreign(&hub.path, &target, change)? => Ok(()),
            (0, true) => Err(EmitError::Disconnected),
            (0, false) => Err(EmitError::Unreachable),
        }
    }

    fn broadcast(&self) -> Broadcast {
        self.namespace.to(&self.id)
    }
}

impl fmt::Debug for RemoteSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteSocket")
            .field("id", &self.id)
            .field("namespace", &self.namespace.path())
            .finish_non_exhaustive()
    }
}

/// A socket as it was when it was asked for, on this node or on another: see [`Broadcast::fetch_sockets`].
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
/// # async fn example() -> sio::Result {
/// let server = Server::builder().share::<Profile>("profile").build()?;
/// for socket in server.of("/chat").to("lobby").fetch_sockets().await.items {
///     if let Some(Ok(profile)) = socket.data::<Profile>("profile") {
///         println!("{} is {} in {:?}", socket.id(), profile.name, socket.rooms());
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FetchedSocket {
    socket: RemoteSocket,
    node: Option<NodeId>,
    rooms: Vec<String>,
    user: Option<String>,
    handshake: Arc<Handshake>,
    data: Texts,
}

impl FetchedSocket {
    pub(super) fn new(namespace: &Namespace, snapshot: Snapshot) -> Self {
        let Snapshot { sid, node, rooms, user, handshake, data } = snapshot;
        Self { socket: namespace.remote(&sid), node, rooms, user, handshake, data }
    }

    /// Returns the socket's id.
    #[must_use]
    pub fn id(&self) -> Sid {
        self.socket.id.clone()
    }

    /// Returns the other node that the socket is on; `None` for one of this node.
    #[must_use]
    pub fn node(&self) -> Option<NodeId> {
        self.node
    }

    /// Returns the socket, to send something to it.
    #[must_use]
    pub fn remote(&self) -> &RemoteSocket {
        &self.socket
    }

    /// Returns the rooms that the socket was in, sorted, the one named by its id included.
    #[must_use]
    pub fn rooms(&self) -> &[String] {
        &self.rooms
    }

    /// Returns the user as whom the socket was [identified](Socket::identify).
    #[must_use]
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Returns the request that opened the client's session. Of a socket of another node it has no
    /// [extensions](Handshake::extension).
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// Returns a value of the socket's data that is [shared](crate::Builder::share) under this name: `None` if it has
    /// none, and an error if it is no `T`.
    #[must_use]
    pub fn data<T: DeserializeOwned>(&self, name: &str) -> Option<Result<T, ArgError>> {
        let text = self.data.get(name)?;
        Some(Args::single(text.as_str().into()).take())
    }
}

impl fmt::Debug for FetchedSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedSocket")
            .field("id", &self.socket.id)
            .field("node", &self.node)
            .field("rooms", &self.rooms)
            .finish_non_exhaustive()
    }
}
