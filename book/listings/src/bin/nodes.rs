//! Guide: three nodes on one machine.

// ANCHOR: main
use std::env;

use sio::cluster::Adapter;
use sio::options::Recovery;
use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer(namespace = "/")]
impl Chat {
    async fn event_say(
        &mut self,
        socket: &Socket,
        text: String,
    ) -> sio::Result<&'static str> {
        // To the clients of all nodes, but not to the one that says it.
        socket.broadcast().emit("said", &text).await?;
        Ok("said")
    }
}

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    let port: u16 = env::var("PORT")?.parse()?;
    let server = Server::builder()
        .adapter(Adapter::redis("redis://127.0.0.1").name(format!("node-{port}")))
        .connection_state_recovery(Recovery::default())
        .build()?;
    server.serve(("127.0.0.1", port)).await
}
// ANCHOR_END: main
