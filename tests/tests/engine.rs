//! Engine.IO alone, as a program without Socket.IO uses it.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use sio::engine::{CloseReason, Config, Engine, Handler, Message, Sender};
use sio_tests::{TestServer, journal::Journal};

/// Closes when it is told anything, and has the last word.
struct Closing(Sender, Journal);

impl Handler for Closing {
    fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
        self.0.close();
        Ok(())
    }

    fn on_closing(&mut self) {
        self.0.try_send(&Message::Text("the last word".into())).expect("there is room for it");
        self.1.note("closing");
    }

    fn on_close(&mut self, reason: CloseReason) {
        self.1.note(reason.to_string());
    }
}

async fn server() -> TestServer {
    let journal = Journal::default();
    let notes = journal.clone();
    let mut config = Config::default();
    config.path = "/engine.io".to_owned();
    let engine = Engine::new(config, move |sender, _| Box::new(Closing(sender, notes.clone())));
    let serve = |listener: tokio::net::TcpListener| async move {
        loop {
            let (stream, peer) = listener.accept().await?;
            let service = engine.service().for_connection(peer, false);
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    };
    let mut server = TestServer::serve_with(serve).await;
    server.journal = journal;
    server
}

#[tokio::test]
async fn a_session_that_the_program_closes_has_the_last_word_over_websocket() {
    let server = server().await;
    let mut ws = server.at("/engine.io/").ws().await;
    ws.send("4hello").await;
    ws.expect("4the last word").await;
    assert_eq!(ws.expect_closed().await, Some(1000));
    server.journal.expect("closing").await;
    server.journal.expect("forced server close").await;
}

#[tokio::test]
async fn a_session_that_the_program_closes_has_the_last_word_over_polling() {
    let server = server().await;
    let mut polling = server.at("/engine.io/").polling().await;
    polling.begin_get().await;
    polling.post("4hello").await;
    polling.end_get().await.expect(200, "4the last word");
    polling.get().await.expect(200, "1");
    polling.expect_gone().await;
    server.journal.expect("closing").await;
    server.journal.expect("forced server close").await;
}

#[tokio::test]
async fn a_session_that_ends_otherwise_has_no_last_word() {
    let server = server().await;
    let mut ws = server.at("/engine.io/").ws().await;
    ws.send("1").await;
    ws.expect_closed().await;
    server.journal.expect("transport close").await;
    assert_eq!(server.journal.rest(), [""; 0]);
}
