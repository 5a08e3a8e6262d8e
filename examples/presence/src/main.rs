//! Presence: who of a team is online, away or gone, however many tabs they have open.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`. `IDLE_SECONDS` says after how many
//! seconds without activity somebody is away; without it after 60.

mod app;
mod consumer;
mod model;
mod roster;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::time::Duration;
use std::{env, io};

use roster::Roster;
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
    let idle_seconds = match env::var("IDLE_SECONDS") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 60,
    };

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Server::builder()
        .static_files("/", here.join("public"))
        .static_files("/shared", here.join("../shared"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    let roster = Roster::default();
    let server = app::new(builder, &roster, Duration::from_secs(idle_seconds))?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::select! {
        served = server.serve_with(listener) => served,
        never = app::publish(&server, &roster) => match never {},
    }
}
