//! Saying something to several sockets at once.

mod sending;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ack_stream::AckStream;
use super::rooms::{IntoRooms, names_of};
use super::socket::Socket;
use crate::error::EmitError;
use crate::hub::{Change, Namespace, Target};

pub(crate) use self::sending::{Outgoing, Question};

/// Addresses some of the sockets of a namespace: made by `to`, `except` and `broadcast` of
/// [`Socket`] and [`Namespace`], and chained.
///
/// Several rooms are a union in which every socket counts once. The event is encoded once for all of them.
///
/// A broadcast does not wait for a slow member: one that takes nothing while more and more waits for it is disconnected
/// with the reason `slow client`, see [`Builder::slow_client_grace`](crate::Builder::slow_client_grace). It does give
/// way, for some milliseconds at most, so that many broadcasts in a row do not overrun members that read.
///
/// # Examples
///
/// ```
/// # use sio::prelude::*;
/// # async fn example(socket: &Socket) -> sio::Result {
/// // Everyone in either room but the muted, and but this socket itself.
/// socket.to(["news", "sports"]).except("muted").emit("headline", "Goal!").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[must_use = "a broadcast does nothing until something is emitted"]
pub struct Broadcast {
    pub(super) namespace: Namespace,
    pub(super) target: Target<'static>,
    volatile: bool,
    compress: bool,
    timeout: Duration,
    is_local: bool,
    is_strict: bool,
}

impl Broadcast {
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let timeout = namespace.hub.common.ack_timeout;
        let target = Target::default();
        let namespace = namespace.clone();
        Self {
            namespace,
            target,
            volatile: false,
            compress: true,
            timeout,
            is_local: false,
            is_strict: false,
        }
    }

    pub(crate) fn path(&self) -> &str {
        self.namespace.path()
    }

    /// Everyone but this socket.
    pub(crate) fn without(socket: &Socket) -> Self {
        let mut broadcast = Self::new(socket.namespace());
        broadcast.target.sender = Some(socket.id());
        broadcast
    }

    /// The members of a hidden room, or nobody.
    pub(super) fn to_hidden(namespace: &Namespace, room: Option<String>) -> Self {
        let mut broadcast = Self::new(namespace);
        broadcast.target.is_limited = true;
        broadcast.target.rooms.extend(room.map(Cow::Owned));
        broadcast
    }

    /// Adds a room, or several, to those that are addressed. With an empty list, and no other room, nobody is
    /// addressed.
    pub fn to(mut self, rooms: impl IntoRooms) -> Self {
        self.target.is_limited = true;
        self.target.rooms.extend(names_of(rooms).into_iter().map(Cow::Owned));
        self
    }

    /// Leaves out the members of a room, or of several; a socket's id names a room too.
    pub fn except(mut self, rooms: impl IntoRooms) -> Self {
        self.target.except.extend(names_of(rooms).into_iter().map(Cow::Owned));
        self
    }

    /// Lets the event be lost: it skips members whose queues are not empty, or whose transport cannot take it now,
    /// such as a polling client without a waiting request. If such a member was to answer, it counts as not having
    /// answered in time.
    pub fn volatile(mut self) -> Self {
        self.volatile = true;
        self
    }

    /// Sets whether the messages and polling responses that carry the event may be compressed: see
    /// [`EmitOptions::compress`](crate::emit::EmitOptions::compress).
    pub fn compress(mut self, compress: bool) -> Self {
        self.compress = compress;
        self
    }

    /// Reaches only sockets of this node. On a single node that is all of them.
    pub fn local(mut self) -> Self {
        self.is_local = true;
        self
    }

    /// Sends the event to everybody or to nobody, as far as can be known: while the broker of the cluster is gone, or a
    /// node has been silent for too long, it is not sent, and the error names the reason. Without this, and with
    /// [`local`](Self::local), the sockets of this node get it at once, whatever has happened to the others. On a
    /// single node it changes nothing.
    ///
    /// It is for what must not be half done. It cannot promise that other nodes get the event: one may fail while it is
    /// on its way.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// use sio::error::EmitError;
    ///
    /// # async fn example(server: &Server) -> sio::Result {
    /// match server.to("trading").strict().emit("halted", &true).await {
    ///     Err(EmitError::Unreachable) => println!("nobody has been told"),
    ///     result => result?,
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn strict(mut self) -> Self {
        self.is_strict = true;
        self
    }

    /// Sets how long answers may take; see [`Broadcast::emit_with_ack`]. Default: the server's `ack_timeout`, 5 s.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sends an event. A tuple is several arguments, everything else is one; bytes anywhere inside become
    /// attachments.
    ///
    /// The event is sent before the future waits for the first time, so it is sent even if the future is dropped
    /// then.
    ///
    /// # Errors
    ///
    /// When the name is reserved or the arguments cannot be serialized, and in a cluster when the event is too large for
    /// other nodes; nobody gets it then. It is not an error if a member has gone, if nobody is addressed, or if
    /// other nodes cannot be reached: see [`strict`](Self::strict).
    pub async fn emit<A>(&self, event: &str, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        // Not in the condition itself, whose values would be kept for as long as its block runs.
        let giving_way = self.start(self.outgoing(event, args)?)?;
        if let Some(giving_way) = giving_way {
            giving_way.await;
        }
        Ok(())
    }

    /// As [`Broadcast::emit`], for code that cannot wait: a `Drop`, a listener, a thread without a runtime.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// struct Turn {
    ///     table: sio::emit::Broadcast,
    /// }
    ///
    /// impl Drop for Turn {
    ///     fn drop(&mut self) {
    ///         self.table.try_emit("turn_over", &()).ok();
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Broadcast::emit`]: a full queue is not an error, since a broadcast does not wait for one either.
    pub fn try_emit<A: Serialize + ?Sized>(&self, event: &str, args: &A) -> Result<(), EmitError> {
        // A caller that cannot wait cannot give way either.
        let _ = self.deliver(self.outgoing(event, args)?)?;
        Ok(())
    }

    /// Sends the event `message`.
    ///
    /// # Errors
    ///
    /// As [`Broadcast::emit`].
    pub async fn send<A>(&self, args: &A) -> Result<(), EmitError>
    where
        A: Serialize + ?Sized + Sync,
    {
        self.emit("message", args).await
    }

    /// Sends an event and collects the answers of everybody who is addressed, each with the socket's id, on all nodes of a
    /// cluster. Nodes that cannot be asked are named by [`AckStream::missing`].
    ///
    /// The time for answers begins when the event is sent. Inside `connect` the socket itself is not asked, and
    /// appears with [`AckError::Connecting`](crate::error::AckError::Connecting).
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// let mut answers = server.of("/chat").to("jury").emit_with_ack::<u32>("vote", &()).await?;
    /// while let Some((id, vote)) = answers.next().await {
    ///     println!("{id} says {vote:?}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Broadcast::emit`].
    pub async fn emit_with_ack<T: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized + Sync),
    ) -> Result<AckStream<T>, EmitError> {
        let answers = self.ask_giving_way(self.question(event, args)?);
        Ok(answers.await)
    }

    /// Returns the connected sockets that are addressed, in no particular order.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        self.namespace.hub.members(&self.target).into_iter().map(Socket::new).collect()
    }

    /// Puts everybody who is addressed into a room, or into several. Sockets of this node are in it when this returns;
    /// those of other nodes before anything that this node sends after it. Clients that are away and may
    /// [come back](crate::Builder::connection_state_recovery) find it done.
    ///
    /// # Errors
    ///
    /// [`EmitError::Inexpressible`] if the messages of other servers in the cluster have no words for it: those of
    /// python-socketio change sockets by their ids only, or empty a room. [`EmitError::TooManyRooms`] and [`EmitError::TooLarge`] if it cannot be
    /// sent to other nodes. Nobody is changed then. Outside of a cluster it does not fail.
    pub async fn join(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        let settling = {
            let rooms = names_of(rooms);
            let is_any = self.apply(Change::Join(&rooms))? > 0;
            is_any.then(|| self.namespace.hub.settling(Change::Join(&rooms))).flatten()
        };
        if let Some(settling) = settling {
            settling.await;
        }
        Ok(())
    }

    /// Takes everybody who is addressed out of a room, or out of several: as [`join`](Self::join), clients that are away,
    /// too.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    #[allow(clippy::unused_async, reason = "a broker that confirms changes would be waited for")]
    pub async fn leave(&self, rooms: impl IntoRooms) -> Result<(), EmitError> {
        self.apply(Change::Leave(&names_of(rooms))).map(drop)
    }

    /// Disconnects everybody who is addressed from the namespace; their other namespaces stay connected.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    #[allow(clippy::unused_async, reason = "a broker that confirms changes would be waited for")]
    pub async fn disconnect(&self) -> Result<(), EmitError> {
        self.apply(Change::Disconnect { close: false }).map(drop)
    }

    /// Ends the whole connections of everybody who is addressed, with all their namespaces.
    ///
    /// # Errors
    ///
    /// As [`join`](Self::join).
    #[allow(clippy::unused_async, reason = "a broker that confirms changes would be waited for")]
    pub async fn disconnect_all(&self) -> Result<(), EmitError> {
        self.apply(Change::Disconnect { close: true }).map(drop)
    }

    /// Sockets of this node are changed at once, those of others a moment later.
    /// Returns how many sockets of this node they were.
    fn apply(&self, change: Change<'_>) -> Result<usize, EmitError> {
        let hub = &self.namespace.hub;
        let Some(others) = self.others() else { return Ok(hub.apply(&self.target, change)) };
        let prepared = others.prepare_change(&hub.path, &self.target, change)?;
        let noted = others.note_change(&hub.path, &self.target, change);
        let count = hub.apply(&self.target, change);
        others.change(&hub.path, &self.target, change, noted, prepared);
        Ok(count)
    }
}

impl fmt::Debug for Broadcast {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broadcast")
            .field("namespace", &self.namespace.path())
            .field("target", &self.target)
            .field("volatile", &self.volatile)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use crate::error::AckError;
    use crate::packet_client::PacketClient;
    use crate::prelude::*;

    #[derive(Default)]
    struct Jury;

    #[consumer(namespace = "/tests/jury")]
    impl Jury {
        async fn connect(&mut self, socket: &Socket) -> crate::Result {
            let mut answers = socket.namespace().emit_with_ack::<u32>("vote", &()).await?;
            let own = answers.next().await;
            assert!(matches!(own, Some((id, Err(AckError::Connecting))) if id == socket.id()));
            Ok(())
        }
    }

    fn server() -> Server {
        Server::builder().collect(false).consumer::<Jury>().build().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_question_that_is_dropped_while_it_gives_way_leaves_nobody_waiting() {
        let server = server();
        let mut client = PacketClient::new(&server);
        client.join("0/tests/jury,").await;
        let all = server.of("/tests/jury");
        for number in 0..600 {
            all.try_emit("news", &number).unwrap();
        }
        let asking = all.emit_with_ack::<u32>("vote", &());
        assert!(asking.now_or_never().is_none(), "more than half of the queue is filled");
        let received = client.received();
        assert!(received.last().unwrap().ends_with(r#"["vote"]"#), "it has been sent all the same");
        assert_eq!(all.sockets()[0].member.waiters(), 0);
    }

    #[tokio::test]
    async fn a_question_inside_connect_is_not_sent_to_the_socket_itself() {
        let server = server();
        let (mut one, mut two) = (PacketClient::new(&server), PacketClient::new(&server));
        let joined = one.send(&["0/tests/jury,"]).await;
        assert!(joined.len() == 1 && joined[0].starts_with("0/tests/jury,"), "{joined:?}");
        let joined = two.send(&["0/tests/jury,"]).await;
        assert!(joined.len() == 1 && joined[0].starts_with("0/tests/jury,"), "{joined:?}");
        let asked = one.received();
        assert!(asked.len() == 1 && asked[0].ends_with(r#"["vote"]"#), "{asked:?}");
    }
}
