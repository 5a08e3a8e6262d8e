//! Guide: sessions of Engine.IO without Socket.IO.

// ANCHOR: handler
use sio::engine::{CloseReason, Config, Engine, Handler, Message, Sender};

/// Sends every message back.
struct Echo(Sender);

impl Handler for Echo {
    fn on_message(&mut self, message: Message) -> Result<(), CloseReason> {
        // A client that does not read its own echoes is disconnected.
        self.0.try_send(&message).map_err(|_| CloseReason::SlowClient)
    }
}
// ANCHOR_END: handler

// ANCHOR: main
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use sio::http::EngineService;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> sio::Result<()> {
    let engine =
        Engine::new(Config::default(), |sender, _handshake| Box::new(Echo(sender)));
    let mut requests = sio::http::Config::default();
    requests.path = "/engine.io".to_owned();
    let service = EngineService::new(engine, requests);

    let port = std::env::var("PORT").unwrap_or_else(|_| "3000".to_owned());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    loop {
        let (stream, peer) = listener.accept().await?;
        // Without upgrades there would be no WebSocket.
        let connection = http1::Builder::new()
            .serve_connection(TokioIo::new(stream), service.for_connection(peer, false))
            .with_upgrades();
        tokio::spawn(connection);
    }
}
// ANCHOR_END: main
