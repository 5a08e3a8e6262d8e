//! Socket.IO inside an axum application: one port, one router, one state.
//!
//! `HOST` and `PORT` choose the address; without them it is `127.0.0.1:3000`.

mod app;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::path::Path;
use std::{env, io};

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
    let listener = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let builder = Server::builder()
        .static_files("/shared", here.join("../shared"))
        .client_files(here.join("../node_modules/socket.io-client/dist"));
    serve(listener, builder, sio::http::shutdown_signal()).await
}

/// Serves until `stop` is over: then clients of Socket.IO are told, and axum ends when their last requests have.
async fn serve(
    listener: TcpListener,
    builder: sio::Builder,
    stop: impl Future<Output = ()> + Send + 'static,
) -> sio::Result<()> {
    let (router, server) = app::new(builder)?;
    let stopping = async move {
        stop.await;
        server.close().await;
    };
    // With connect info, handlers learn the addresses of clients.
    let router = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, router).with_graceful_shutdown(stopping).await?;
    Ok(())
}
