//! The chat as one of several nodes. Messages reach the people at other nodes by
//! themselves, but who is in a room is this program's own knowledge: each node tells the
//! others about the people who are connected to it.

use std::collections::BTreeSet;
use std::env;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use sio::cluster::{Adapter, ClusterEvent, NodeId};
use sio::{Builder, Namespace, Server};
use tokio::sync::Notify;

use crate::consumer::announce_here;
use crate::directory::Directory;
use crate::model::{Person, Room};

/// The event by which nodes tell each other about a room.
const PEOPLE: &str = "people_here";

#[derive(Serialize, Deserialize)]
struct PeopleHere {
    room: Room,
    people: Vec<Person>,
}

/// The rooms of which the people here have yet to be told. There are never more of them
/// than rooms, however many changes the other nodes tell.
#[derive(Default)]
struct Changes {
    due: Mutex<Due>,
    is_due: Notify,
}

#[derive(Default)]
struct Due {
    rooms: BTreeSet<Room>,
    /// Another node wants to know who is here.
    is_asked: bool,
}

impl Changes {
    fn note(&self, change: impl FnOnce(&mut Due)) {
        change(&mut self.due.lock().unwrap_or_else(PoisonError::into_inner));
        self.is_due.notify_one();
    }

    async fn next(&self) -> Due {
        self.is_due.notified().await;
        std::mem::take(&mut self.due.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Builds the server; `CLUSTER` is the URL of the Redis where the nodes meet, `NODE` the
/// name of this one.
pub(crate) fn build(builder: Builder, directory: Directory) -> sio::Result<Server> {
    let Ok(redis) = env::var("CLUSTER") else { return Ok(builder.build()?) };
    let mut adapter = Adapter::redis(&redis).prefix("sio-chat").wait(true);
    if let Ok(name) = env::var("NODE") {
        adapter = adapter.name(name);
    }

    // ANCHOR: build
    // Listeners are called in the order in which things happen. They note who is where;
    // clients are told by a task.
    let changes = Arc::new(Changes::default());
    let (noted, told) = (
        (directory.clone(), Arc::clone(&changes)),
        (directory.clone(), Arc::clone(&changes)),
    );
    let server = builder
        .adapter(adapter)
        .on_cluster(move |event| take_note(event, &noted.0, &noted.1))
        .on_server_event(PEOPLE, move |from: NodeId, PeopleHere { room, people }| {
            told.0.set_elsewhere(from.to_string(), room.clone(), people);
            told.1.note(|due| due.rooms.extend([room]));
            async {}
        })
        .build()?;
    // ANCHOR_END: build

    let chat = server.of("/chat");
    tokio::spawn(async move {
        loop {
            let due = changes.next().await;
            if let Err(error) = announce(due, &directory, &chat).await {
                eprintln!("the lists of people may be wrong: {error}");
            }
        }
    });
    Ok(server)
}

/// Tells the other nodes who is in a room at this one.
pub(crate) async fn tell(
    chat: &Namespace,
    directory: &Directory,
    room: &Room,
) -> sio::Result<()> {
    let here = PeopleHere { room: room.clone(), people: directory.people_here(room) };
    chat.server_emit(PEOPLE, &here).await?;
    Ok(())
}

// ANCHOR: news
fn take_note(event: &ClusterEvent, directory: &Directory, changes: &Changes) {
    match event {
        ClusterEvent::NodeDown { node, .. } => {
            let rooms = directory.forget(&node.to_string());
            changes.note(|due| due.rooms.extend(rooms));
        }
        // A new node, or one that has missed something, is told everything.
        ClusterEvent::NodeUp { .. } | ClusterEvent::BusUp { .. } => {
            changes.note(|due| due.is_asked = true)
        }
        _ => {}
    }
}

async fn announce(due: Due, directory: &Directory, chat: &Namespace) -> sio::Result<()> {
    let asked = if due.is_asked { directory.rooms_here() } else { Vec::new() };
    for room in asked {
        tell(chat, directory, &room).await?;
    }
    for room in due.rooms {
        announce_here(chat, directory, &room).await?;
    }
    Ok(())
}
// ANCHOR_END: news
