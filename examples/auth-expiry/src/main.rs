//! Tokens that run out: a page logs in over HTTP, connects with a short-lived token, and renews it while it is connected.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`. `TOKEN_SECONDS` says how long a token is
//! valid; without it 60 seconds.

mod app;
mod clock;
mod consumer;
mod model;
#[cfg(test)]
mod tests;
mod tokens;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;
use std::{env, io};

use sio::Server;
use tokens::Tokens;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(io::stderr).init();

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 3000,
    };
    let token_seconds = match env::var("TOKEN_SECONDS") {
        Ok(seconds) => seconds.parse()?,
        Err(_) => 60,
    };

    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Server::builder()
        .static_files("/app", here.join("public"))
        .static_files("/shared", here.join("../shared"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    let (router, server) =
        app::new(builder, Tokens::new(Duration::from_secs(token_seconds))?)?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let stopping = async move {
        sio::http::shutdown_signal().await;
        server.drain().await;
    };
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router).with_graceful_shutdown(stopping).await?;
    Ok(())
}
