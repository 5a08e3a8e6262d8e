//! One client in one namespace, as handlers hold it.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::EncodeError;
use sio_core::id::Sid;
use sio_core::socket::reason::DisconnectReason;

use crate::data::SocketData;
use crate::engine::{CloseReason, TransportKind};
use crate::error::{AckError, EmitError};
use crate::handle::broadcast::Broadcast;
use crate::handle::emit_options::EmitOptions;
use crate::handle::rooms::{IntoRooms, names_of};
use crate::handshake::Handshake;
use crate::hub::emission::{Emission, Expect};
use crate::hub::member::Member;
use crate::hub::{Change, Hub, Namespace};

/// One client in one namespace.
///
/// Cheap to clone, and may be kept after the client has gone: then everything that needs the client fails
/// with an error.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::prelude::*;
///
/// #[derive(Default)]
/// struct Lobby;
///
/// #[consumer(namespace = "/lobby")]
/// impl Lobby {
///     async fn connect(&mut self, socket: &Socket) -> sio::Result {
///         socket.join("everyone").await?;
///         socket.emit("welcome", "Hello!").await?;
///         socket.to("everyone").emit("joined", &socket.id()).await?;
///         Ok(())
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct Socket {
    pub(crate) member: Arc<Member>,
}

impl Socket {
    pub(crate) fn new(member: Arc<Member>) -> Self {
        Self { member }
    }

    /// Returns the socket's id: public, unique, and a different one in every namespace. It is also the name of a room
    /// in which only this socket is.
    ///
    /// A client of [Engine.IO 3](crate::Builder::allow_eio3) does not know it: its own `socket.id` is something else,
    /// unless [`Eio3::client_ids`](crate::options::Eio3::client_ids) makes them the same.
    #[must_use]
    pub fn id(&self) -> Sid {
        self.member.id.clone()
    }

    /// Returns the socket's namespace.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        &self.member.namespace
    }

    fn hub(&self) -> &Arc<Hub> {
        &self.member.namespace.hub
    }

    pub(crate) fn path(&self) -> &str {
        self.member.namespace.path()
    }

    /// Returns the request that opened the client's session: headers, query, address.
    #[must_use]
    pub fn handshake(&self) -> &Arc<Handshake> {
        &self.member.handshake
    }

    /// Returns the values that the application attached to this socket, visible to everybody who has it.
    #[must_use]
    pub fn data(&self) -> &SocketData {
        &self.member.data
    }

    /// Returns the transport that the client uses now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.member.mailbox.outbox.transport()
    }

    /// Waits until the client uses another transport than polling: true at once if it does already, false if it leaves
    /// this namespace before. That is the only change of transport that there is. Cancel safe.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(socket: Socket) {
    /// tokio::spawn(async move {
    ///     if socket.upgraded().await {
    ///         println!("{} is on {} now", socket.id(), socket.transport());
    ///     }
    /// });
    /// # }
    /// ```
    pub async fn upgraded(&self) -> bool {
        let member = &self.member;
        let is_wanted = || !member.is_closed();
        member.mailbox.outbox.until_upgraded(is_wanted).await;
        self.transport() != TransportKind::Polling
    }

    /// Returns whether the client has been accepted and has not left this namespace.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.member.is_connected()
    }

    /// Returns whether the client had lost its connection and has come back as the same socket: with its id, its
    /// rooms and its data, after it has been sent what it had missed. See
    /// [`Builder::connection_state_recovery`](crate::Builder::connection_state_recovery).
    ///
    /// Recovery makes a new consumer and a new `Socket`. Old handles stay disconnected, but events emitted through
    /// them still reach the client.
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.member.is_recovered()
    }

    /// Waits until the socket is disconnected, and returns the reason.
    ///
    /// Handlers and your own tasks can use it to stop. Cancel safe.
    pub async fn closed(&self) -> DisconnectReason {
        self.member.closed().await
    }

    /// Sends an event to this client. A tuple is several arguments, everything else is one; bytes anywhere
    /// inside become attachments.
    ///
    /// Waits while the client's outgoing queue is full. Inside `connect` the event is held back until the
    /// client has been accepted, and dropped when it is refused. Cancel safe: a dropped future has sent
    /// nothing.
    ///
    /// # Errors
    ///
    /// When the socket has gone, the name is reserved or the arguments cannot be serialized; inside `connect`
    /// also when the queue is full, since nothing is sent until the hook has ended.
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        let mut emission = self.encode(Expect::Arrival, event, args)?;
        Ok(self.member.deliver_waiting(&mut emission).await?)
    }

    /// Sends an event if there is room for it in the client's outgoing queue.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`], and [`EmitError::QueueFull`] when there is no room.
    pub fn try_emit<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<(), EmitError> {
        let emission = self.encode(Expect::Arrival, event, args)?;
        Ok(self.emit_options().deliver(emission)?)
    }

    /// Sends the event `message`, which clients receive as `message`.
    ///
    /// # Errors
    ///
    /// As [`Socket::emit`].
    pub async fn send<A>(&self, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        self.emit("message", args).await
    }

    pub(crate) fn encode<A: Serialize + ?Sized>(
        &self,
        expect: Expect,
        event: &str,
        args: &A,
    ) -> Result<Emission, EncodeError> {
        self.hub().encode(Some(&self.member), &[], expect, event, args)
    }

    pub(crate) fn encode_ack<A: Serialize + ?Sized>(&self, id: u64, args: &A) -> Result<Bytes, EncodeError> {
        self.member.codec().ack(self.path(), id, args)
    }

    /// Sends an event and waits for the client's acknowledgement, for as long as the server's `ack_timeout`
    /// says (default 5 s; [`Socket::timeout`] chooses another).
    ///
    /// A tuple takes all arguments of the answer, `()` none of them, everything else the first.
    ///
    /// Inside `connect` it fails at once with [`AckError::Connecting`], since events of the hook are sent when it has
    /// ended. A task that the hook spawns can ask.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(socket: &Socket) -> sio::Result {
    /// let answer = socket.emit_with_ack::<String>("question", "How are you?").await?;
    /// let (x, y) = socket.emit_with_ack::<(f64, f64)>("position", &()).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// When the event could not be sent, no answer came in time, the client has gone (at once), or the
    /// answer is not a `T`.
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<T, AckError> {
        self.emit_options().emit_with_ack(event, args).await
    }

    /// Chooses how long [`EmitOptions::emit_with_ack`] waits.
    pub fn timeout(&self, timeout: Duration) -> EmitOptions<'_> {
        self.emit_options().timeout(timeout)
    }

    /// Lets the event be lost: see [`EmitOptions::volatile`].
    pub fn volatile(&self) -> EmitOptions<'_> {
        self.emit_options().volatile()
    }

    /// Sets whether the messages and polling responses that carry the event may be compressed: see
    /// [`EmitOptions::compress`].
    pub fn compress(&self, compress: bool) -> EmitOptions<'_> {
        self.emit_options().compress(compress)
    }

    fn emit_options(&self) -> EmitOptions<'_> {
        EmitOptions::new(self)
    }

    /// Puts the socket into a room, or into several. A room exists for as long as somebody is in it, and any
    /// string is a name.
    ///
    /// The socket is in it at once. In a cluster with topics of rooms this then waits for the broker, if the room is the
    /// first of its topic on this node: what other nodes send to it from the return on arrives.
    ///
    /// # Errors
    ///
    /// When the socket has gone.
    pub async fn join(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        if self.member.is_closed() {
            return Err(EmitError::Disconnected);
        }
        let settling = {
            let rooms = names_of(rooms);
            self.hub().change(&self.member, Change::Join(&rooms));
            self.hub().settling(Change::Join(&rooms))
        };
        if let Some(settling) = settling {
            settling.await;
        }
        Ok(())
    }

    /// Takes the socket out of a room, or out of several. The room named by its own id cannot be left.
    ///
    /// # Errors
    ///
    /// When the socket has gone.
    #[allow(clippy::unused_async, reason = "adapters for several nodes wait here")]
    pub async fn leave(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        if self.member.is_closed() {
            return Err(EmitError::Disconnected);
        }
        self.hub().change(&self.member, Change::Leave(&names_of(rooms)));
        Ok(())
    }

    /// Returns the rooms that the socket is in, sorted, the one named by its id included.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.hub().rooms_of(&self.member.id)
    }

    /// Addresses the members of a room, or of several, without this socket itself.
    ///
    /// To reach everyone there, the sender included, use `socket.namespace().to(room)`.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().to(rooms)
    }

    /// Addresses everyone in the namespace on this node but this socket itself. On a single node that is everyone.
    pub fn local(&self) -> Broadcast {
        self.broadcast().local()
    }

    /// Addresses everyone in the namespace but the members of these rooms and this socket itself.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        self.broadcast().except(rooms)
    }

    /// Addresses everyone in the namespace but this socket itself.
    pub fn broadcast(&self) -> Broadcast {
        Broadcast::without(self)
    }

    /// Disconnects the client from this namespace; its other namespaces stay connected. The `disconnect` hook runs
    /// with the reason `server namespace disconnect`. The official JavaScript client does not come back by itself.
    pub fn disconnect(&self) {
        self.member.disconnect();
    }

    /// Disconnects the client from all its namespaces, as [`disconnect`](Self::disconnect) does from one, and closes
    /// the connection when it has been told.
    pub fn disconnect_all(&self) {
        self.member.close_connection(CloseReason::ForcedServerClose);
    }

    /// Closes the client's connection when the queued packets have been sent, without telling the client to go: it
    /// sees `transport close` in all its namespaces, and comes back by itself, as after a broken network. It is
    /// `socket.conn.close()` in Node.
    ///
    /// Use it to move a client to another server, or to make it reconnect with another token or transport. The
    /// `disconnect` hooks run with the reason `forced close`. With
    /// [recovery](crate::Builder::connection_state_recovery) the client goes on where it was.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # fn example(server: &Server) {
    /// // Half of the clients look for another server behind the balancer.
    /// for socket in server.of("/chat").sockets().iter().step_by(2) {
    ///     socket.close_transport();
    /// }
    /// # }
    /// ```
    pub fn close_transport(&self) {
        self.member.close_connection(CloseReason::ForcedClose);
    }

    /// Sends a ready-made acknowledgement. It is never refused for a full queue: the client's own request
    /// bounds how many there can be.
    pub(crate) fn answer_ack(&self, id: u64, frame: Bytes) {
        tracing::trace!(target: "sio::socket", socket = %self.id(), namespace = self.path(), id, "acknowledged");
        self.member.answer(frame);
    }
}

impl fmt::Debug for Socket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Socket")
            .field("id", &self.id())
            .field("namespace", &self.path())
            .field("is_connected", &self.is_connected())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Socket {
    fn eq(&self, other: &Self) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Socket {}

/// By the id, as sockets are compared. It never changes, so that a socket may be a key; clippy cannot know that, and
/// warns with `mutable_key_type`. A key that it does not mind is [`Socket::id`].
impl Hash for Socket {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}
