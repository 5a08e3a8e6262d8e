//! Magpies: a game for several players, in which the server decides where everybody is.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`.

mod app;
mod consumer;
mod field;
mod matches;
mod model;
mod point;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::{env, io};

use matches::Matches;
use sio::Server;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Server::builder()
        .static_files("/", here.join("public"))
        .static_files("/shared", here.join("../shared"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    let matches = Matches::default();
    let server = app::new(builder, &matches)?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::select! {
        served = server.serve_with(listener) => served,
        never = app::play(&server, &matches) => match never {},
    }
}
