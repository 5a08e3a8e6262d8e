//! Orders of a café: an axum application with a database, and what Socket.IO adds to it.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`. `DATABASE`
//! names the database, such as `sqlite://orders.db`; without it the orders are kept in
//! memory. `SECRET` signs the tokens; without it each start has another one. After
//! `LATE_SECONDS` an order is late; without it after 300.

mod app;
mod consumers;
mod hs256;
mod model;
mod routes;
mod store;
#[cfg(test)]
mod tests;
mod tokens;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::{env, io};

use sio::Server;
use store::Store;
use tokens::Tokens;
use tokio::net::TcpListener;

/// How long a login lasts.
const SHIFT: Duration = Duration::from_secs(8 * 60 * 60);

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };
    let late_seconds = match env::var("LATE_SECONDS") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 300,
    };
    let database = env::var("DATABASE").unwrap_or_else(|_| "sqlite::memory:".to_owned());
    let secret = match env::var("SECRET") {
        Ok(secret) => secret.into_bytes(),
        Err(_) => random_secret()?,
    };

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Server::builder()
        .static_files("/app", here.join("public"))
        .static_files("/shared", here.join("../shared"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    let store = Store::open(&database, late_seconds).await?;
    let (router, server) =
        app::new(builder, store.clone(), Tokens::new(&secret, SHIFT)?)?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stopping = {
        let server = server.clone();
        async move {
            sio::http::shutdown_signal().await;
            server.drain().await;
        }
    };
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, router).with_graceful_shutdown(stopping);
    tokio::select! {
        served = serving => Ok(served?),
        never = app::report(server, store, Duration::from_secs(1)) => match never {},
    }
}

fn random_secret() -> sio::Result<Vec<u8>> {
    let mut secret = vec![0; 32];
    getrandom::fill(&mut secret)?;
    Ok(secret)
}
