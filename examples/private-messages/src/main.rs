//! Private messages: users log in by name, see who is there, and write to one another, in as many tabs as they like.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`.

mod app;
mod consumer;
mod model;
#[cfg(test)]
mod tests;
mod users;

use std::path::Path;
use std::{env, io};

use sio::Server;
use tokio::net::TcpListener;
use users::Users;

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
    let users = Users::default();
    let server = app::new(builder, &users)?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    tokio::select! {
        served = server.serve_with(listener) => served,
        never = app::publish(&server, &users) => match never {},
    }
}
