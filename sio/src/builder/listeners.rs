//! Options for listeners and observers.

use std::sync::Arc;

use sio_core::args::Args;

use super::Builder;
use crate::handle::socket::Socket;
use crate::hub::Namespace;
use crate::hub::RoomEvent;
use crate::observe::{Observer, OnIncoming, OnOutgoing, OnRoom, Outgoing, Spans};

/// Listeners, for logs and metrics. They run where something happens, so they must not block; they cannot change
/// anything. Several are called in the order in which they were added.
impl Builder {
    /// Adds an observer, whose methods are called for what happens in the server. Several are called in the order in
    /// which they were added; [`on_incoming`](Self::on_incoming) and the other listeners add one each. Default none,
    /// which costs nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    /// use sio::observe::{Observer, SocketChange};
    ///
    /// struct Door;
    ///
    /// impl Observer for Door {
    ///     fn socket(&self, change: &SocketChange<'_>) {
    ///         println!("{change:?}");
    ///     }
    /// }
    ///
    /// let builder = Server::builder().observer(Door);
    /// # drop(builder);
    /// ```
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observers.add(observer);
        self
    }

    /// Adds a span of `tracing` around the handler of each event and around the hook `connect`: see [`Spans`]. Default
    /// none, which costs nothing. With them, each event takes two allocations more.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::observe::Spans;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().spans(Spans::new());
    /// # drop(builder);
    /// ```
    pub fn spans(mut self, spans: Spans) -> Self {
        self.spans = Some(Arc::new(spans));
        self
    }

    /// Calls `listener` for every event that arrives, before anything else is done with it: with the socket, the name
    /// and the arguments as they were sent.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().on_incoming(|socket, event, args| {
    ///     println!("{} sends {event}: {}", socket.id(), args.raw());
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_incoming(mut self, listener: impl Fn(&Socket, &str, &Args) + Send + Sync + 'static) -> Self {
        self.observers.add(OnIncoming::new(listener));
        self
    }

    /// Calls `listener` for every event that is sent, once for a broadcast. Acknowledgements of clients' events are
    /// not included.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().on_outgoing(|sent| match sent.socket() {
    ///     Some(socket) => println!("to {}: {}", socket.id(), sent.json()),
    ///     None => println!("to {:?}: {}", sent.rooms(), sent.json()),
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_outgoing(mut self, listener: impl Fn(&Outgoing<'_>) + Send + Sync + 'static) -> Self {
        self.observers.add(OnOutgoing::new(listener));
        self
    }

    /// Calls `listener` when somebody joins or leaves a room, and when a room is created or deleted by that. Rooms
    /// that are named by the ids of sockets are not included.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::observe::RoomEvent;
    /// use sio::prelude::*;
    ///
    /// let builder = Server::builder().on_room(|namespace, room, event| match event {
    ///     RoomEvent::Joined(id) => println!("{id} joins {room} of {}", namespace.path()),
    ///     RoomEvent::Left(id) => println!("{id} leaves {room} of {}", namespace.path()),
    ///     _ => {}
    /// });
    /// # drop(builder);
    /// ```
    pub fn on_room(mut self, listener: impl Fn(&Namespace, &str, RoomEvent) + Send + Sync + 'static) -> Self {
        self.observers.add(OnRoom::new(listener));
        self
    }
}
