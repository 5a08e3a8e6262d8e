//! Guide: questions to all nodes.

use serde::{Deserialize, Serialize};
use sio::Namespace;
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
