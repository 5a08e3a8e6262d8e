//! Guide: the chat of part 4 on a free port, for tests with real clients.

#[allow(dead_code, reason = "its `main` serves on a fixed port")]
#[path = "part4.rs"]
mod part4;

// ANCHOR: main
use sio::Server;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> sio::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::builder().build()?.serve_with(listener).await
}
// ANCHOR_END: main
