//! Guide: questions to all nodes.

use serde::{Deserialize, Serialize};
use sio::Namespace;
use sio::emit::NodeId;
use sio::prelude::*;

async fn players(namespace: &Namespace) -> sio::Result {
    // ANCHOR: partial
    let players = namespace.to("lobby").count().await;
    println!("{} players", players.items);
    for node in &players.missing {
        println!("and those of {node}");
    }

    // Or all or nothing:
    let players = namespace.to("lobby").count().await.complete()?;
    // ANCHOR_END: partial
    println!("{players}");
    Ok(())
}

#[derive(Debug, Serialize, Deserialize)]
struct Profile {
    name: String,
}

async fn shared() -> sio::Result {
    // ANCHOR: share
    let server = Server::builder().share::<Profile>("profile").build()?;

    for socket in server.of("/chat").fetch_sockets().await.items {
        let profile = socket.data::<Profile>("profile");
        println!("{} in {:?}: {profile:?}", socket.id(), socket.rooms());
    }
    // ANCHOR_END: share
    Ok(())
}

fn forget(key: &str) -> bool {
    !key.is_empty()
}

async fn server_events() -> sio::Result {
    // ANCHOR: server_events
    let builder =
        Server::builder().on_server_event("forget", async |from: NodeId, key: String| {
            println!("{from} has changed {key}");
            forget(&key)
        });
    // ANCHOR_END: server_events
    let server = builder.build()?;
    // ANCHOR: server_emit
    server.of("/").server_emit("forget", "user:42").await?;
    // ANCHOR_END: server_emit
    Ok(())
}
