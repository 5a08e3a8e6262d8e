//! A server whose clients are told by workers in other languages: one in Python and one
//! in Node, at the same Redis.
//!
//! `REDIS` is its URL. `HOST` and `PORT` choose the address; without them it is
//! `127.0.0.1:3000`.

use std::{env, io};

use sio::cluster::{Adapter, NodeJs, Python};
use sio::prelude::*;

/// A client that waits for what becomes of its orders.
#[derive(Default)]
struct Orders;

// ANCHOR: consumer
#[consumer(namespace = "/orders")]
impl Orders {
    /// From now on the client hears all news of an order, from whichever program they
    /// come.
    async fn event_watch(&mut self, socket: &Socket, order: u64) -> sio::Result<bool> {
        socket.join(format!("order:{order}")).await?;
        Ok(true)
    }
}
// ANCHOR_END: consumer

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port = env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let redis = env::var("REDIS").unwrap_or_else(|_| "redis://127.0.0.1".to_owned());
    // ANCHOR: adapter
    let adapter =
        Adapter::redis(&redis).prefix("orders").python(Python::new()).node(NodeJs::new());
    let server = Server::builder().adapter(adapter).build()?;
    // ANCHOR_END: adapter
    let listener = tokio::net::TcpListener::bind(format!("{host}:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    server.serve_with(listener).await
}
