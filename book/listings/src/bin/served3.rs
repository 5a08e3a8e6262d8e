//! The chat of parts 2 and 3 on a free port, for the tests of the book's clients.

#[allow(dead_code, reason = "its `main` serves on a fixed port")]
#[path = "part3.rs"]
mod part3;

use sio::Server;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> sio::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on http://{}", listener.local_addr()?);
    Server::builder().build()?.serve_with(listener).await
}
