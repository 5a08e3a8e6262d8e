//! A node of the benchmark's cluster on socketioxide, its adapter for Redis and axum, as their documentation shows it:
//! typed handlers, no Nagle, default allocator. The port is the last argument; `BROKER` is the URL of the Redis.

use std::env;

use axum::serve::ListenerExt as _;
use serde::{Deserialize, Serialize};
use socketioxide::SocketIo;
use socketioxide::adapter::Adapter;
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide_redis::{RedisAdapter, RedisAdapterCtr};
use tokio::net::TcpListener;

#[derive(Serialize, Deserialize)]
struct News {
    n: u64,
    p: u64,
    t: u64,
    text: String,
}

async fn connected<A: Adapter>(socket: SocketRef<A>) {
    socket.on("join", async |socket: SocketRef<A>, Data::<String>(room), ack: AckSender<A>| {
        socket.join(room);
        ack.send("ok").ok();
    });
    socket.on("broadcast", async |socket: SocketRef<A>, Data::<News>(news)| {
        socket.within("room1").emit("news", &news).await.ok();
    });
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = env::args().next_back().ok_or("the port is missing")?.parse()?;
    let client = redis::Client::open(format!("{}?protocol=resp3", env::var("BROKER")?))?;
    let adapter = RedisAdapterCtr::new_with_redis(&client).await?;
    let (layer, io) = SocketIo::builder().with_adapter::<RedisAdapter<_>>(adapter).build_layer();
    io.ns("/", connected).await?;

    let listener = TcpListener::bind(("127.0.0.1", port)).await?.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
