//! `sio::testing`: what a test of an application can rely on.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod answers;
mod connecting;
mod events;
mod expiry;
mod failures;
mod lifetime;
#[cfg(feature = "msgpack")]
mod parsers;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use sio::Value;
use sio::options::{Recovery, TransportKind};
use sio::prelude::*;
use sio::testing::{TestClient, TestServer};

const MINUTE: Duration = Duration::from_secs(60);

/// The events that the application saw, in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn note(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

#[derive(Default)]
struct Chat;

#[consumer(namespace = "/chat")]
impl Chat {
    async fn connect(&mut self, socket: &Socket, auth: Option<Value>) -> Result<(), ConnectError> {
        let name = auth.as_ref().and_then(|auth| auth["name"].as_str()).unwrap_or("nobody").to_owned();
        if name == "mallory" {
            return Err(ConnectError::new("Banned").with_data(json!({ "until": "tomorrow" })));
        }
        socket.join("lobby").await?;
        socket.emit("welcome", &(name, socket.rooms().len())).await?;
        Ok(())
    }

    async fn disconnect(&mut self, socket: &Socket, journal: State<Journal>, reason: DisconnectReason) {
        // A hook may take its time: the client waits for its end.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let rooms = socket.rooms().len();
        journal.note(format!("{reason}, was in {rooms} rooms"));
    }

    async fn event_say(&mut self, socket: &Socket, text: String) -> sio::Result {
        socket.namespace().to("lobby").emit("said", &text).await?;
        Ok(())
    }

    async fn event_echo(&mut self, value: Value) -> Value {
        value
    }

    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result {
        Ok(socket.join(room).await?)
    }

    async fn event_fail(&mut self) -> sio::Result {
        Err(sio::Error::new("full", "The room is full").with_field("limit", 3))
    }

    async fn event_ask(&mut self, socket: &Socket, n: u32) -> sio::Result<u32> {
        Ok(socket.emit_with_ack::<u32>("double", &n).await?)
    }

    async fn event_ask_later(socket: Socket, n: u32) {
        tokio::spawn(async move {
            let answer = socket.emit_with_ack::<u32>("double", &n).await;
            socket.emit("doubled", &answer.ok()).await.ok();
        });
    }

    async fn event_work(&mut self) -> &'static str {
        tokio::time::sleep(MINUTE).await;
        "done"
    }

    async fn event_leave_me(&mut self, socket: &Socket) {
        socket.disconnect();
    }

    async fn event_hang_up(&mut self, socket: &Socket) {
        socket.disconnect_all();
    }
}

#[derive(Default)]
struct Admin;

#[consumer(namespace = "/admin")]
impl Admin {
    async fn event_everybody(server: Server) -> (usize, Vec<String>) {
        let paths = server.namespaces().iter().map(|one| one.path().to_owned()).collect();
        (server.client_count(), paths)
    }

    async fn event_count(&mut self, socket: &Socket) -> usize {
        socket.server().of("/chat").sockets().len()
    }
}

fn server() -> TestServer {
    let (server, _) = server_and_journal();
    server
}

fn server_and_journal() -> (TestServer, Journal) {
    let journal = Journal::default();
    let server = Server::builder()
        .collect(false)
        .consumer::<Chat>()
        .consumer::<Admin>()
        .state(journal.clone())
        .build()
        .unwrap();
    (TestServer::new(server), journal)
}

async fn client(server: &TestServer) -> TestClient {
    let client = server.connect("/chat").await.unwrap();
    assert_eq!(client.next::<(String, usize)>("welcome").await, ("nobody".to_owned(), 2));
    client
}

async fn poller(server: &TestServer) -> TestClient {
    let builder = server.client().namespace("/chat").transport(TransportKind::Polling);
    let client = builder.connect().await.unwrap();
    client.ignore("welcome");
    client
}
