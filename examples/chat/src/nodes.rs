//! The chat as one of several nodes. Messages reach the people at other nodes by themselves, but who is in a room is
//! this program's own knowledge: each node tells the others about the people who are connected to it.

use std::env;

use serde::{Deserialize, Serialize};
use sio::cluster::{Adapter, ClusterEvent, NodeId};
use sio::{Builder, Namespace, Server};
use tokio::sync::mpsc;

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

enum News {
    People(NodeId, PeopleHere),
    Cluster(ClusterEvent),
}

/// Builds the server; `CLUSTER` is the URL of the Redis where the nodes meet, `NODE` the name of this one.
pub(crate) fn build(builder: Builder, directory: Directory) -> sio::Result<Server> {
    let Ok(redis) = env::var("CLUSTER") else { return Ok(builder.build()?) };
    let mut adapter = Adapter::redis(&redis).prefix("sio-chat").wait(true);
    if let Ok(name) = env::var("NODE") {
        adapter = adapter.name(name);
    }

    // ANCHOR: build
    // All news go through one queue, in the order in which they come.
    let (people, mut news) = mpsc::unbounded_channel();
    let events = people.clone();
    let server = builder
        .adapter(adapter)
        .on_cluster(move |event| drop(events.send(News::Cluster(event.clone()))))
        .on_server_event(PEOPLE, move |from, here: PeopleHere| {
            drop(people.send(News::People(from, here)));
            async {}
        })
        .build()?;
    // ANCHOR_END: build

    let chat = server.of("/chat");
    tokio::spawn(async move {
        while let Some(news) = news.recv().await {
            if let Err(error) = take_note(news, &directory, &chat).await {
                eprintln!("the lists of people may be wrong: {error}");
            }
        }
    });
    Ok(server)
}

/// Tells the other nodes who is in a room at this one.
pub(crate) async fn tell(chat: &Namespace, directory: &Directory, room: &Room) -> sio::Result<()> {
    let here = PeopleHere { room: room.clone(), people: directory.people_here(room) };
    chat.server_emit(PEOPLE, &here).await?;
    Ok(())
}

// ANCHOR: news
async fn take_note(news: News, directory: &Directory, chat: &Namespace) -> sio::Result<()> {
    let changed = match news {
        News::People(from, PeopleHere { room, people }) => {
            directory.set_elsewhere(from.to_string(), room.clone(), people);
            vec![room]
        }
        News::Cluster(ClusterEvent::NodeDown { node, .. }) => directory.forget(&node.to_string()),
        // A new node, or one that has missed something, is told everything.
        News::Cluster(ClusterEvent::NodeUp { .. } | ClusterEvent::BusUp { .. }) => {
            for room in directory.rooms_here() {
                tell(chat, directory, &room).await?;
            }
            Vec::new()
        }
        News::Cluster(_) => Vec::new(),
    };
    for room in changed {
        announce_here(chat, directory, &room).await?;
    }
    Ok(())
}
// ANCHOR_END: news
