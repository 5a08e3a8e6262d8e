//! The benchmark's server on `sio`, written as a user would write it: typed handlers and nothing tuned. The port is the
//! last argument; `PING_INTERVAL_MS` sets the heartbeat. `METRICS`, `MIDDLEWARE`, `MESSAGE_PACK` and `RECOVERY` turn on what they
//! say. Built with the feature `cluster`, it is a node of a cluster at the broker that `BROKER` names.

use std::env;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::middleware::{Call, Next, Reply};
use sio::options::{Parser, Recovery};
use sio::prelude::*;

/// Where the clients of a broadcast are.
const ROOM: &str = "room1";

#[derive(Serialize, Deserialize)]
struct Message {
    text: String,
    n: u64,
}

#[derive(Serialize, Deserialize)]
struct News {
    n: u64,
    p: u64,
    t: u64,
    text: String,
}

#[derive(Default)]
struct Bench;

#[consumer]
impl Bench {
    async fn event_echo(&mut self, message: Message) -> Message {
        message
    }

    async fn event_bytes(&mut self, bytes: Binary) -> Binary {
        bytes
    }

    async fn event_message(&mut self, socket: &Socket, message: Message) -> sio::Result {
        socket.emit("message-back", &message).await?;
        Ok(())
    }

    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result<&'static str> {
        socket.join(room).await?;
        Ok("ok")
    }

    async fn event_broadcast(&mut self, socket: &Socket, news: News) -> sio::Result {
        socket.namespace().to(ROOM).emit("news", &news).await?;
        Ok(())
    }
}

/// Middleware that does nothing.
async fn pass(call: Call, next: Next) -> sio::Result<Reply> {
    next.run(call).await
}

#[tokio::main]
async fn main() -> sio::Result<()> {
    let port = env::args().next_back().unwrap_or_default();
    let port: u16 = port.parse()?;
    let mut builder = Server::builder();
    if let Ok(milliseconds) = env::var("PING_INTERVAL_MS") {
        builder = builder.ping_interval(Duration::from_millis(milliseconds.parse()?));
    }
    #[cfg(feature = "cluster")]
    if let Ok(url) = env::var("BROKER") {
        builder = builder.adapter(sio::cluster::Adapter::url(&url));
    }
    if env::var_os("MIDDLEWARE").is_some() {
        builder = builder.middleware("/", pass);
    }
    if env::var_os("MESSAGE_PACK").is_some() {
        builder = builder.parser(Parser::MessagePack);
    }
    if env::var_os("METRICS").is_some() {
        builder = builder.metrics(true);
    }
    if env::var_os("RECOVERY").is_some() {
        builder = builder.connection_state_recovery(Recovery::default());
    }
    builder.build()?.serve(("127.0.0.1", port)).await
}
