//! The chat's consumer: one value for each connected client.

use std::collections::BTreeMap;
use std::{iter, mem};

use sio::Namespace;
use sio::prelude::*;

use crate::directory::{Directory, Seat};
use crate::model::{
    ChatEvents as _, Delivered, InRoom, Login, Name, People, Person, Rename, Room,
    RoomSize, Said, Say, SystemMessage,
};

/// More rooms than this one client is not let into.
const MAX_ROOMS: usize = 32;

/// The name of this server, where there are several.
#[derive(Clone, Debug)]
pub(crate) struct Node(pub(crate) Option<String>);

/// The state of one client.
#[derive(Default)]
pub(crate) struct ChatConsumer {
    name: Option<Name>,
    seats: BTreeMap<Room, Seat>,
}

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    async fn connect(
        &mut self,
        socket: &Socket,
        login: Option<Login>,
        directory: State<Directory>,
        node: State<Node>,
    ) -> sio::Result<bool> {
        let Login { name, rooms } = login.unwrap_or_default();
        self.name = name;
        socket.emit_system_message(&SystemMessage { text: "Welcome!" }).await?;
        if let Node(Some(node)) = &*node {
            socket.emit_node(node).await?;
        }

        for room in iter::once(Room::default()).chain(rooms.into_iter().take(MAX_ROOMS)) {
            self.enter(socket, &directory, room).await?;
        }
        Ok(true)
    }

    async fn disconnect(&mut self, socket: &Socket, directory: State<Directory>) {
        for (room, seat) in mem::take(&mut self.seats) {
            drop(seat);
            // Nobody is left to tell when this fails: the server is going down.
            announce(socket, &directory, &room).await.ok();
        }
    }

    async fn event_chat_message(
        &mut self,
        socket: &Socket,
        say: Say,
        ack: Option<Ack<Delivered>>,
    ) -> sio::Result<()> {
        let is_introduced = self.name.is_some() || say.room.is_some();
        let room = say.room.unwrap_or_default();
        if !self.seats.contains_key(&room) {
            return Err(sio::Error::new(
                "not_in_room",
                format!("join {room} before you write to it"),
            ));
        }

        let said = Said {
            text: &say.text,
            room: is_introduced.then_some(&room),
            from: is_introduced
                .then(|| Person { id: socket.id().to_string(), name: self.name.clone() }),
        };
        socket.namespace().to(room.channel()).emit_chat_message(&said).await?;
        if let Some(ack) = ack {
            ack.send(Delivered { status: "ok" })?;
        }
        Ok(())
    }

    async fn event_set_name(
        &mut self,
        socket: &Socket,
        rename: Rename,
        directory: State<Directory>,
    ) -> sio::Result<Rename> {
        self.name = Some(rename.name.clone());
        for (room, seat) in &self.seats {
            seat.rename(&rename.name);
            announce(socket, &directory, room).await?;
        }
        Ok(rename)
    }

    async fn event_join_room(
        &mut self,
        socket: &Socket,
        InRoom { room }: InRoom,
        directory: State<Directory>,
    ) -> sio::Result<People> {
        if self.seats.len() > MAX_ROOMS && !self.seats.contains_key(&room) {
            return Err(sio::Error::new(
                "too_many_rooms",
                "leave a room before you join another",
            ));
        }
        self.enter(socket, &directory, room.clone()).await?;
        Ok(directory.people(&room))
    }

    async fn event_leave_room(
        &mut self,
        socket: &Socket,
        left: InRoom,
        directory: State<Directory>,
    ) -> sio::Result<InRoom> {
        if self.seats.remove(&left.room).is_some() {
            socket.leave(left.room.channel()).await?;
            announce(socket, &directory, &left.room).await?;
        }
        Ok(left)
    }

    async fn event_who(InRoom { room }: InRoom, directory: State<Directory>) -> People {
        directory.people(&room)
    }

    async fn event_rooms(directory: State<Directory>) -> Vec<RoomSize> {
        directory.rooms()
    }
}

impl ChatConsumer {
    /// Joins a room and takes a place in its list; a second time changes nothing.
    async fn enter(
        &mut self,
        socket: &Socket,
        directory: &Directory,
        room: Room,
    ) -> sio::Result<()> {
        if self.seats.contains_key(&room) {
            return Ok(());
        }
        socket.join(room.channel()).await?;
        let seat =
            directory.enter(room.clone(), socket.id().to_string(), self.name.clone());
        self.seats.insert(room.clone(), seat);
        announce(socket, directory, &room).await
    }
}

/// Tells everybody in a room who is there.
async fn announce(
    socket: &Socket,
    directory: &Directory,
    room: &Room,
) -> sio::Result<()> {
    #[cfg(feature = "cluster")]
    crate::nodes::tell(socket.namespace(), directory, room).await?;
    announce_here(socket.namespace(), directory, room).await
}

/// Tells those in a room who are connected to this node: each node numbers its lists by itself.
pub(crate) async fn announce_here(
    chat: &Namespace,
    directory: &Directory,
    room: &Room,
) -> sio::Result<()> {
    chat.to(room.channel()).local().emit_people(&directory.people(room)).await?;
    Ok(())
}
