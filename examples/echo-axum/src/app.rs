//! The application: a consumer that echoes, and routes that share its state and reach its
//! clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::extract::State as Shared;
use axum::response::Html;
use axum::routing::{get, post};
use sio::prelude::*;

/// How many echoes there have been: known to the consumer and to the routes.
#[derive(Clone, Debug, Default)]
struct Echoes(Arc<AtomicU64>);

#[derive(Default)]
struct Echo;

#[consumer]
impl Echo {
    async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
        let peer = socket.handshake().ip().map(|ip| ip.to_string());
        socket.emit("welcome", &peer).await?;
        Ok(true)
    }

    async fn event_echo(&mut self, text: String, echoes: State<Echoes>) -> String {
        echoes.0.fetch_add(1, Ordering::Relaxed);
        text
    }
}

/// The state of the routes.
#[derive(Clone)]
struct Routes {
    echoes: Echoes,
    server: Server,
}

// ANCHOR: router
/// The router with Socket.IO in front of it, and the server to stop it by.
pub(crate) fn new(builder: sio::Builder) -> sio::Result<(Router, Server)> {
    let echoes = Echoes::default();
    let server = builder.state(echoes.clone()).build()?;
    let router = Router::new()
        .route("/", get(async || Html(include_str!("page.html"))))
        .route("/echoes", get(count))
        .route("/say", post(say))
        .with_state(Routes { echoes, server: server.clone() })
        // Last, so that it is in front of everything: its path is not looked for among
        // the routes.
        .layer(server.layer());
    Ok((router, server))
}
// ANCHOR_END: router

async fn count(Shared(routes): Shared<Routes>) -> String {
    routes.echoes.0.load(Ordering::Relaxed).to_string()
}

/// Sends a text to everyone who is connected.
async fn say(Shared(routes): Shared<Routes>, text: String) -> Result<(), String> {
    routes.server.of("/").emit("said", &text).await.map_err(|error| error.to_string())
}
