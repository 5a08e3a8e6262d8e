//! The benchmark's server on socketioxide and axum, as their documentation shows it: typed handlers, no Nagle, default
//! allocator. The port is the last argument; `PING_INTERVAL_MS` sets the heartbeat, `MESSAGE_PACK` the parser.

use std::env;
use std::time::Duration;

use axum::serve::ListenerExt as _;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use socketioxide::extract::{AckSender, Data, SocketRef};
use socketioxide::{ParserConfig, SocketIo};
use tokio::net::TcpListener;

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

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let port: u16 = env::args().next_back().ok_or("the port is missing")?.parse()?;
    let ping_interval = match env::var("PING_INTERVAL_MS") {
        Ok(milliseconds) => Duration::from_millis(milliseconds.parse()?),
        Err(_) => Duration::from_secs(25),
    };

    let mut builder = SocketIo::builder().ping_interval(ping_interval);
    if env::var_os("MESSAGE_PACK").is_some() {
        builder = builder.with_parser(ParserConfig::msgpack());
    }
    let (layer, io) = builder.build_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("echo", async |Data::<Message>(message), ack: AckSender| {
            ack.send(&message).ok();
        });
        socket.on("bytes", async |Data::<Bytes>(bytes), ack: AckSender| {
            ack.send(&bytes).ok();
        });
        socket.on("message", async |socket: SocketRef, Data::<Message>(message)| {
            socket.emit("message-back", &message).ok();
        });
        socket.on("join", async |socket: SocketRef, Data::<String>(room), ack: AckSender| {
            socket.join(room);
            ack.send("ok").ok();
        });
        socket.on("broadcast", async |socket: SocketRef, Data::<News>(news)| {
            socket.within("room1").emit("news", &news).await.ok();
        });
    });

    let listener = TcpListener::bind(("127.0.0.1", port)).await?.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
