//! The server of news that takes the place of servers in Python or in Node, one after the other, while their clients read on.
//!
//! `BESIDE` says which servers there still are, `python` or `node`; without it there are none. `REDIS` is the URL of the
//! Redis. `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`.

use std::{env, io};

use sio::cluster::{Adapter, NodeJs, Python};
use sio::prelude::*;

/// A client that reads and writes news.
#[derive(Default)]
struct News;

// ANCHOR: consumer
#[consumer]
impl News {
    async fn event_follow(
        &mut self,
        socket: &Socket,
        topic: String,
    ) -> sio::Result<bool> {
        socket.join(format!("topic:{topic}")).await?;
        Ok(true)
    }

    async fn event_post(
        &mut self,
        socket: &Socket,
        topic: String,
        text: String,
    ) -> sio::Result<bool> {
        socket
            .namespace()
            .to(format!("topic:{topic}"))
            .emit("news", &(topic, text))
            .await?;
        Ok(true)
    }
}
// ANCHOR_END: consumer

// ANCHOR: adapter
fn adapter(redis: &str, beside: &str) -> Adapter {
    let adapter = Adapter::redis(redis).prefix("news");
    match beside {
        "python" => adapter.python(Python::new().member()),
        "node" => adapter.node(NodeJs::new().member()),
        _ => adapter,
    }
}
// ANCHOR_END: adapter

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let variable =
        |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let (host, port) = (variable("HOST", "127.0.0.1"), variable("PORT", "3000"));
    let adapter =
        adapter(&variable("REDIS", "redis://127.0.0.1"), &variable("BESIDE", ""));
    let server = Server::builder().adapter(adapter).build()?;
    let listener = tokio::net::TcpListener::bind(format!("{host}:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    server.serve_with(listener).await
}
