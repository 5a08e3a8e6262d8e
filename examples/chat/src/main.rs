//! A chat: the consumer of the tutorial, with names, rooms and a list of who is there, and the page that uses it.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`. With the feature `cluster` it can be one
//! of several nodes: `CLUSTER` is the URL of their Redis, and `NODE` the name that the page shows.

mod consumer;
mod directory;
mod model;
#[cfg(feature = "cluster")]
mod nodes;

use std::io::IsTerminal;
use std::path::Path;
use std::{env, io};

use consumer::Node;
use directory::Directory;
use sio::Server;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !here.join("public/chat.js").exists() {
        return Err(sio::Error::internal(
            "public/chat.js is missing: `make examples` compiles it from `page`",
        ));
    }
    let directory = Directory::default();
    let builder = Server::builder()
        .state(directory.clone())
        .state(Node(env::var("NODE").ok()))
        .static_files("/", here.join("public"))
        .static_files("/shared", here.join("../shared"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    #[cfg(feature = "cluster")]
    let server = nodes::build(builder, directory)?;
    #[cfg(not(feature = "cluster"))]
    let server = builder.build()?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    server.serve_with(listener).await
}
