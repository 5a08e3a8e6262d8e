//! A namespace: the sockets of one path, and everything that can be said to them.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::EncodeError;
use sio_core::id::Sid;

use crate::Socket;
use crate::connection::{HandlerTimes, NoConsumer, Running, SocketTask, run};
use crate::consumer::{EventInfo, Rate, Registration, StateMap};
use crate::drain::Drain;
use crate::error::EmitError;
use crate::handle::ack_stream::AckStream;
use crate::handle::broadcast::Broadcast;
use crate::handle::rooms::IntoRooms;
use crate::hub::emission::{Emission, Expect};
use crate::hub::{MemoryAdapter, Patience, Wakes};
use crate::listeners::{Listeners, Outgoing, RoomChanges};
use crate::log_limiter::LogLimiter;
use crate::middleware::Hooks;
use crate::namespaces::Common;
use crate::params::Params;
use crate::parser::{Form, Parser};
use crate::recovery::Kept;
use crate::server::{Server, ServerInner};

/// All sockets that are connected under one path, `/chat` for example.
///
/// Cheap to clone. A handler reaches its own by `socket.namespace()`, any other by
/// [`Server::of`](crate::Server::of). A dynamic namespace (`#[consumer(namespace = "/org/{id}")]`) is made for its first
/// socket and ends with its last: a handle that is kept longer reaches nobody, also when others enter the path anew.
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
    pub(crate) inner: Arc<NamespaceInner>,
}

pub(crate) struct NamespaceInner {
    pub(crate) path: Box<str>,
    pub(crate) registration: Option<Registration>,
    params: Params,
    pub(crate) hooks: Hooks,
    pub(crate) adapter: MemoryAdapter,
    pub(crate) wakes: Wakes,
    pub(crate) patience: Patience,
    pub(crate) state: Arc<StateMap>,
    pub(crate) parser: Parser,
    /// How many attachments one packet may have.
    pub(crate) max_attachments: usize,
    pub(crate) ack_timeout: Duration,
    /// How many events one socket may send.
    pub(crate) event_rate: Option<Rate>,
    /// Whether anything limits how often events come.
    pub(crate) has_rates: bool,
    pub(crate) listeners: Option<Arc<Listeners>>,
    /// Whether any handler is concurrent or has a deadline: else events need not be looked up.
    has_special: bool,
    next_ack: AtomicU64,
    server: Weak<ServerInner>,
    pub(crate) drain: Arc<Drain>,
    pub(crate) logs: LogLimiter,
    pub(crate) handler_times: HandlerTimes,
    /// The clients that may come back; `None` without connection state recovery.
    pub(crate) kept: Option<Kept>,
}

impl NamespaceInner {
    pub(crate) fn new(
        path: &str,
        registration: Option<Registration>,
        params: Params,
        hooks: Hooks,
        common: &Common,
    ) -> Self {
        let Common {
            state,
            parser,
            max_attachments,
            ack_timeout,
            event_rate,
            listeners,
            server,
            drain,
            recovery,
            heartbeat,
            logs,
            handler_times,
        } = common.clone();
        let events = registration.as_ref().map_or(&[][..], |one| one.events);
        let has_rates = event_rate.is_some() || events.iter().any(|event| event.rate.is_some());
        let has_special = registration.as_ref().is_some_and(|one| EventInfo::any_special(one.events));
        Self {
            path: path.into(),
            registration,
            params,
            hooks,
            adapter: MemoryAdapter::new(common.listeners.as_ref().is_some_and(|all| !all.room.is_empty())),
            wakes: Wakes::default(),
            patience: Patience::default(),
            state,
            parser,
            max_attachments,
            ack_timeout,
            event_rate,
            has_rates,
            listeners,
            has_special,
            next_ack: AtomicU64::new(0),
            server,
            drain,
            logs,
            handler_times,
            kept: recovery.map(|keeping| Kept::new(keeping, heartbeat)),
        }
    }

    /// Makes the task of a new socket.
    pub(crate) fn start(&self, task: SocketTask) -> Running {
        match &self.registration {
            Some(registration) => (registration.run)(task),
            None => Box::pin(run::<NoConsumer>(task)),
        }
    }

    pub(crate) fn server(&self) -> Option<Arc<ServerInner>> {
        self.server.upgrade()
    }

    /// What is declared for an event beyond its handler.
    pub(crate) fn special(&self, event: &str) -> Option<&'static EventInfo> {
        let registration = self.registration.as_ref().filter(|_| self.has_special)?;
        EventInfo::find(registration.events, event)
    }

    /// The deadline of an event's handler, if it has one.
    pub(crate) fn timeout(&self, event: &str) -> Option<Duration> {
        self.timeout_of(self.special(event))
    }

    /// As [`timeout`](Self::timeout), of an event that has been looked up.
    pub(crate) fn timeout_of(&self, info: Option<&EventInfo>) -> Option<Duration> {
        info.and_then(|info| info.timeout).or(self.handler_times.timeout)
    }

    pub(crate) fn has_special(&self) -> bool {
        self.has_special
    }

    /// One counter for all sockets, so that a broadcast with acknowledgement is encoded once.
    pub(crate) fn next_ack_id(&self) -> u64 {
        self.next_ack.fetch_add(1, Ordering::Relaxed)
    }
}

impl Namespace {
    /// An event as it goes out; those who listen hear of it.
    pub(crate) fn encode<A: Serialize + ?Sized>(
        &self,
        socket: Option<&Socket>,
        rooms: &[String],
        expect: Expect,
        event: &str,
        args: &A,
    ) -> Result<Emission, EncodeError> {
        let form = match (expect, &self.inner.kept) {
            (Expect::Answer(id), _) => Form::Plain(Some(id)),
            (_, None) => Form::Plain(None),
            (Expect::Nothing, Some(_)) => Form::Recoverable(None),
            (Expect::Arrival, Some(kept)) => Form::Recoverable(Some(kept.next_offset())),
        };
        let frames = self.inner.parser.event(
            self.inner.max_attachments,
            self.path(),
            form,
            event,
            args,
            |frames| {
                if let Some(listeners) = &self.inner.listeners {
                    listeners.tell_outgoing(&Outgoing { namespace: self, event, socket, rooms, frames });
                }
            },
        )?;
        let frames = match (form, &self.inner.kept) {
            (Form::Recoverable(Some(_)), Some(kept)) => kept.count(frames),
            _ => frames,
        };
        Ok(Emission::new(frames, form))
    }

    /// Those who listen hear of what has happened to rooms.
    pub(crate) fn tell_rooms(&self, changes: &RoomChanges) {
        if let Some(listeners) = &self.inner.listeners {
            listeners.tell_rooms(self, changes);
        }
    }

    /// The path, beginning with a slash.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.inner.path
    }

    /// The parameters of a dynamic namespace; empty if the namespace has a path of its own.
    #[must_use]
    pub fn params(&self) -> &Params {
        &self.inner.params
    }

    /// The server that the namespace belongs to.
    ///
    /// # Panics
    ///
    /// When every handle of the server has been dropped, which cannot happen while it serves.
    #[must_use]
    pub fn server(&self) -> Server {
        Server { inner: self.inner.server().expect("a namespace is used while its server exists") }
    }

    /// Sends an event to every socket of the namespace.
    ///
    /// # Errors
    ///
    /// When the name is reserved or the arguments cannot be serialised.
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

    /// With `false` no polling answer that brings what is emitted is compressed: see
    /// [`Direct::compress`](crate::Direct::compress).
    pub fn compress(&self, compress: bool) -> Broadcast {
        Broadcast::new(self).compress(compress)
    }

    /// Addresses the members of a room, or of several.
    pub fn to(&self, rooms: impl IntoRooms) -> Broadcast {
        Broadcast::new(self).to(rooms)
    }

    /// The same as [`Namespace::to`].
    pub fn within(&self, rooms: impl IntoRooms) -> Broadcast {
        self.to(rooms)
    }

    /// Addresses everyone; a member for whom something else waits is passed over.
    pub fn volatile(&self) -> Broadcast {
        Broadcast::new(self).volatile()
    }

    /// Addresses the sockets of this node. On a single node that is everyone.
    pub fn local(&self) -> Broadcast {
        Broadcast::new(self).local()
    }

    /// Addresses everyone, and chooses how long their answers may take.
    pub fn timeout(&self, timeout: Duration) -> Broadcast {
        Broadcast::new(self).timeout(timeout)
    }

    /// Addresses everyone but the members of these rooms; a socket's id names a room too.
    pub fn except(&self, rooms: impl IntoRooms) -> Broadcast {
        Broadcast::new(self).except(rooms)
    }

    /// The connected sockets, in no particular order.
    #[must_use]
    pub fn sockets(&self) -> Vec<Socket> {
        Broadcast::new(self).sockets()
    }

    /// The connected socket of this id.
    #[must_use]
    pub fn socket(&self, id: &Sid) -> Option<Socket> {
        self.inner.adapter.socket(id).filter(Socket::is_connected)
    }

    /// Puts everybody into a room, or into several.
    pub async fn join(&self, rooms: impl IntoRooms) {
        Broadcast::new(self).join(rooms).await;
    }

    /// Takes everybody out of a room, or out of several: the same as [`Namespace::close_room`].
    pub async fn leave(&self, rooms: impl IntoRooms) {
        self.close_room(rooms).await;
    }

    /// Puts everybody out of the namespace; their other namespaces stay connected.
    pub async fn disconnect(&self) {
        Broadcast::new(self).disconnect().await;
    }

    /// Ends the whole connections of everybody in the namespace, with all their namespaces.
    pub async fn disconnect_all(&self) {
        Broadcast::new(self).disconnect_all().await;
    }

    /// Takes everybody out of a room, or of several, so that it is gone. The sockets stay connected.
    pub async fn close_room(&self, rooms: impl IntoRooms) {
        let rooms = rooms.into_rooms();
        self.to(rooms.clone()).leave(rooms).await;
    }

    /// The rooms in which somebody is, sorted, without those named by a socket's id.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.inner.adapter.rooms()
    }
}

/// Handles of one namespace are equal. Those of an equal path are not if the servers differ, or if a dynamic namespace has
/// ended and begun anew in between: they reach different sockets.
impl PartialEq for Namespace {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

impl Eq for Namespace {}

impl fmt::Debug for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Namespace").field("path", &self.path()).finish_non_exhaustive()
    }
}
