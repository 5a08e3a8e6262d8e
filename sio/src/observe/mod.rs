//! [`Observer`]: callbacks for what happens in a server, for logs, metrics and traces.
//!
//! Observers see everything and change nothing. They are called where the thing happens, and no lock is held. A panic
//! in one of them is logged and goes no further. A server without observers looks once whether there are any.
//!
//! [`Builder::observer`](crate::Builder::observer) adds one; closures for a single kind of happening are added by
//! [`on_incoming`](crate::Builder::on_incoming), [`on_outgoing`](crate::Builder::on_outgoing),
//! [`on_room`](crate::Builder::on_room) and [`on_refused`](crate::Builder::on_refused):
//!
//! ```
//! use sio::observe::{RefusedReason, RoomEvent};
//! use sio::prelude::*;
//!
//! let builder = Server::builder()
//!     .on_refused(|refused| {
//!         if refused.reason() == RefusedReason::ForeignOrigin {
//!             println!("a page that may not: {:?}", refused.request().headers.get("origin"));
//!         }
//!     })
//!     .on_room(|namespace, room, event| {
//!         if event == RoomEvent::Created {
//!             println!("{}: somebody is in {room}", namespace.path());
//!         }
//!     });
//! # drop(builder);
//! ```

mod closures;
pub(crate) mod metrics;
mod outgoing;
mod spans;
#[cfg(test)]
mod tests;
mod trace_parent;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sio_core::args::Args;
use sio_core::socket::DisconnectReason;

pub(crate) use self::closures::{OnIncoming, OnOutgoing, OnRefused, OnRoom};
pub use self::metrics::{Family, Metric, Sample, Snapshot};
pub use self::outgoing::Outgoing;
pub use self::spans::{SpanStart, Spans};
pub use self::trace_parent::{InvalidTraceParent, TraceParent};
use crate::engine::{CloseReason, TransportKind};
use crate::error::{ConnectError, Error, Kind};
use crate::guarded::{self, Guarded};
use crate::handle::socket::Socket;
use crate::handshake::Handshake;
pub use crate::http::refused::{Refused, RefusedReason};
use crate::hub::{Namespace, RoomChanges, Sent, Witness, user};
pub use crate::hub::{PresenceChange, RoomEvent};

/// Callbacks for what happens in a server: see [`Builder::observer`](crate::Builder::observer).
///
/// Each method does nothing by default. They are called where something happens, so they must not block; they cannot
/// change anything. A panic in one of them is logged and has no other effect.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// use sio::prelude::*;
/// use sio::observe::{Handled, Observer, Outcome};
///
/// #[derive(Default)]
/// struct Failures(AtomicU64);
///
/// impl Observer for Failures {
///     fn handled(&self, event: &Handled<'_>) {
///         if matches!(event.outcome(), Outcome::Internal | Outcome::Panicked | Outcome::TimedOut) {
///             self.0.fetch_add(1, Ordering::Relaxed);
///         }
///     }
/// }
///
/// let builder = Server::builder().observer(Failures::default());
/// # drop(builder);
/// ```
pub trait Observer: Send + Sync + 'static {
    /// Called when a session was opened, has moved to WebSocket, or is closed. A session carries all sockets of one
    /// client.
    fn session(&self, change: &SessionChange<'_>) {
        let _ = change;
    }

    /// Called when a request to Socket.IO's path was refused.
    fn refused(&self, refused: &Refused<'_>) {
        let _ = refused;
    }

    /// Called when a client was let into a namespace, was refused, or has left.
    fn socket(&self, change: &SocketChange<'_>) {
        let _ = change;
    }

    /// Called when an event has arrived, before anything else is done with it.
    fn received(&self, socket: &Socket, event: &str, args: &Args) {
        let _ = (socket, event, args);
    }

    /// Called when an event of a client has ended, before the answer is sent.
    fn handled(&self, event: &Handled<'_>) {
        let _ = event;
    }

    /// Called when an event has been sent, once for a broadcast and on the node that sends it. Acknowledgements of
    /// clients' events are not included.
    fn sent(&self, sent: &Outgoing<'_>) {
        let _ = sent;
    }

    /// Called when somebody has joined or left a room, and when a room is created or deleted by that. Rooms that are
    /// named by the ids of sockets are not counted.
    fn room(&self, namespace: &Namespace, room: &str, event: RoomEvent) {
        let _ = (namespace, room, event);
    }
}

/// A change of a session. Each that was opened is closed once.
#[derive(Debug)]
#[non_exhaustive]
pub enum SessionChange<'a> {
    /// A client has opened a session.
    Opened {
        /// The request that opened it.
        handshake: &'a Handshake,
        /// The transport with which it begins.
        transport: TransportKind,
    },
    /// The session has moved from polling to another transport.
    Upgraded {
        /// The request that opened it.
        handshake: &'a Handshake,
        /// The transport to which it has moved.
        transport: TransportKind,
    },
    /// The session has ended. Its sockets are told, and leave after this.
    Closed {
        /// The request that opened it.
        handshake: &'a Handshake,
        /// The transport that it had at the end.
        transport: TransportKind,
        /// Why it has ended.
        reason: CloseReason,
        /// How long it was open.
        lasted: Duration,
    },
}

/// A change of a socket. Each that was accepted leaves once.
#[derive(Debug)]
#[non_exhaustive]
pub enum SocketChange<'a> {
    /// The client is in the namespace: its `connect` has accepted it.
    Accepted(&'a Socket),
    /// The client does not get into the namespace.
    Refused {
        /// The socket that it would have had.
        socket: &'a Socket,
        /// The error that the client is told.
        error: &'a ConnectError,
    },
    /// The client has left, and its `disconnect` hook has ended.
    Left {
        /// The socket that it had.
        socket: &'a Socket,
        /// Why it has left.
        reason: DisconnectReason,
    },
}

/// An event of a client that has come to its end: see [`Observer::handled`].
#[derive(Debug)]
pub struct Handled<'a> {
    pub(crate) socket: &'a Socket,
    pub(crate) pattern: &'static str,
    pub(crate) event: &'a str,
    pub(crate) index: Option<usize>,
    pub(crate) outcome: Outcome,
    pub(crate) waited: Duration,
    pub(crate) bytes: usize,
}

impl<'a> Handled<'a> {
    /// Returns the socket of the client.
    #[must_use]
    pub fn socket(&self) -> &'a Socket {
        self.socket
    }

    /// Returns the namespace as its consumer writes it: `/org/{id}` for `/org/7`. There are as many as there are
    /// consumers, whatever clients ask for.
    #[must_use]
    pub fn pattern(&self) -> &'static str {
        self.pattern
    }

    /// Returns the name of the event. It is chosen by the client where [`index`](Self::index) is `None`.
    #[must_use]
    pub fn event(&self) -> &'a str {
        self.event
    }

    /// Returns the place of the event in [`Consumer::EVENTS`](crate::consumer::Consumer::EVENTS); `None` for an event that has no
    /// handler of its own.
    #[must_use]
    pub fn index(&self) -> Option<usize> {
        self.index
    }

    /// Returns how it ended.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// Returns how long it waited for its turn: from its arrival until it was about to be handled.
    #[must_use]
    pub fn waited(&self) -> Duration {
        self.waited
    }

    /// Returns the size of what the client sent: of the JSON with the name and the arguments, and of its attachments.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// How an event ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// Its handler has returned a value.
    Ok,
    /// Its handler, or middleware, has returned an error that was made for the client.
    Application,
    /// The arguments are not what the handler takes.
    Payload,
    /// No handler takes it.
    Unhandled,
    /// The client sent more than it may.
    Limited,
    /// Something failed in the server; the client gets no details.
    Internal,
    /// The handler panicked. Inside middleware, which sees an error in its place, the outcome is that of the
    /// middleware.
    Panicked,
    /// The handler took longer than it may.
    TimedOut,
    /// The server stopped before the handler had ended.
    Drained,
}

impl Outcome {
    /// Returns the outcome of a handler that has returned an error.
    pub(crate) fn of(error: &Error) -> Self {
        match error.kind() {
            Kind::Application | Kind::Refusal => Self::Application,
            Kind::Payload => Self::Payload,
            Kind::Unhandled => Self::Unhandled,
            Kind::Limited => Self::Limited,
            Kind::Internal => Self::Internal,
        }
    }
}

/// All observers of a server, in the order in which they were added.
#[derive(Default)]
pub(crate) struct Observers(Vec<Guarded<Box<dyn Observer>>>);

impl Observers {
    pub(crate) fn add(&mut self, observer: impl Observer) {
        self.0.push(Guarded::new(Box::new(observer)));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn session(&self, change: &SessionChange<'_>) {
        self.tell(|observer| observer.session(change));
    }

    pub(crate) fn refused(&self, refused: &Refused<'_>) {
        self.tell(|observer| observer.refused(refused));
    }

    pub(crate) fn socket(&self, change: &SocketChange<'_>) {
        self.tell(|observer| observer.socket(change));
    }

    pub(crate) fn received(&self, socket: &Socket, event: &str, args: &Args) {
        self.tell(|observer| observer.received(socket, event, args));
    }

    pub(crate) fn handled(&self, event: &Handled<'_>) {
        self.tell(|observer| observer.handled(event));
    }

    /// One that panics keeps nothing from the others.
    fn tell(&self, tell: impl Fn(&dyn Observer)) {
        for observer in &self.0 {
            guarded::call("an observer", || tell(&***observer));
        }
    }
}

impl Witness for Observers {
    fn sent(&self, namespace: &Namespace, sent: &Sent<'_>) {
        let Sent { event, to, rooms, frames, recipients, bytes } = *sent;
        let socket = to.map(|member| Socket::new(Arc::clone(member)));
        let outgoing =
            Outgoing { namespace, event, socket: socket.as_ref(), rooms, frames, recipients, bytes };
        self.tell(|observer| observer.sent(&outgoing));
    }

    fn rooms_changed(&self, namespace: &Namespace, changes: &RoomChanges) {
        for (room, event) in changes.iter().filter(|(room, _)| !user::is_hidden(room)) {
            self.tell(|observer| observer.room(namespace, room, event.clone()));
        }
    }
}

impl fmt::Debug for Observers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observers").field("len", &self.0.len()).finish()
    }
}
