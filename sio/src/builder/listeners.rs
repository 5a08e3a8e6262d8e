//! Options for those who want to hear of what goes by.

use sio_core::args::Args;

use super::Builder;
use crate::guarded::Guarded;
use crate::handle::socket::Socket;
use crate::hub::Namespace;
use crate::hub::RoomEvent;
use crate::listeners::Outgoing;

/// Listeners, for logs and metrics. They run where something happens, so they must not block; they cannot change
/// anything. Several are called in the order in which they were added.
impl Builder {
    /// Is called for every event that arrives, before anything else is done with it: with the socket, the name and
    /// the arguments as they were sent.
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
        let listener = Guarded::new(listener);
        self.listeners.incoming.push(Box::new(move |socket, event, args| listener(socket, event, args)));
        self
    }

    /// Is called for every event that is sent, once for a broadcast. Answers to events of clients are none.
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
        let listener = Guarded::new(listener);
        self.listeners.outgoing.push(Box::new(move |outgoing| listener(outgoing)));
        self
    }

    /// Is called when somebody joins or leaves a room, and when a room comes or goes with that. The rooms that are
    /// named by the ids of sockets are not counted.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::RoomEvent;
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
        let listener = Guarded::new(listener);
        self.listeners.room.push(Box::new(move |namespace, room, event| listener(namespace, room, event)));
        self
    }
}
