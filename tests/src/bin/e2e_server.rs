//! A server for the cases of the client tests that want a heartbeat much shorter than a handler, and for the ways in
//! which a connect hook can end. `PORT` and `HOST` choose the address; port 0, the default, takes a free one. `CLUSTER`,
//! the URL of a broker, makes it a node of a cluster. Prints `listening e2e <port>` when it is open, and in its cluster,
//! and ends on SIGTERM.

use std::env;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sio::cluster::Adapter;
use sio::extract::Path;
use sio::prelude::*;
use tokio::net::TcpListener;

/// The heartbeat is so short that a handler of a few seconds outlasts it, and no shorter than a busy machine can keep.
const PING_INTERVAL: Duration = Duration::from_millis(250);
const PING_TIMEOUT: Duration = Duration::from_millis(750);

#[derive(Default)]
struct Root {
    count: u64,
}

#[consumer]
impl Root {
    async fn event_sleep(milliseconds: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        milliseconds
    }

    async fn event_echo(value: serde_json::Value) -> serde_json::Value {
        value
    }

    async fn event_cast(socket: &Socket, value: serde_json::Value) -> sio::Result<()> {
        socket.namespace().emit("cast", &value).await?;
        Ok(())
    }

    async fn event_close_transport(socket: &Socket) {
        socket.close_transport();
    }

    /// Counts on this client's own state, which must outlive a handler that panics.
    async fn event_count(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    async fn event_panic() -> u64 {
        panic!("the secret text of a panic");
    }

    async fn event_fail() -> sio::Result<u64> {
        Err(sio::Error::new("out_of_tea", "there is no tea left").with_field("kind", "green"))
    }
}

#[derive(Default)]
struct Denied;

#[consumer(namespace = "/denied")]
impl Denied {
    async fn connect(&mut self) -> bool {
        false
    }
}

#[derive(Default)]
struct Panics;

#[consumer(namespace = "/panics")]
impl Panics {
    async fn connect(&mut self) -> bool {
        panic!("the secret text of a panic");
    }
}

#[derive(Deserialize)]
struct Login {
    name: String,
}

/// Made from the auth payload, without which there is no such client.
struct Member {
    name: String,
}

#[consumer(namespace = "/member")]
impl Member {
    async fn connect(login: Login) -> Self {
        Self { name: login.name }
    }

    async fn event_name(&self) -> String {
        self.name.clone()
    }
}

#[derive(Default)]
struct Visitor {
    name: Option<String>,
}

#[consumer(namespace = "/visitor")]
impl Visitor {
    async fn connect(&mut self, login: Option<Login>) {
        self.name = login.map(|login| login.name);
    }

    async fn event_name(&self) -> Option<String> {
        self.name.clone()
    }
}

/// With what the page for developers has to show and to try.
#[derive(Default)]
struct Desk;

#[derive(Deserialize, JsonSchema)]
struct Ticket {
    token: String,
}

/// A note on the desk.
#[derive(Clone, Serialize, Deserialize, JsonSchema)]
struct Note {
    /// Its text.
    #[schemars(example = "Buy tea")]
    text: String,
    colour: Colour,
    #[serde(default)]
    tags: Vec<String>,
}

#[derive(Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Colour {
    Yellow,
    Pink,
}

/// Where a client is.
#[derive(Deserialize, JsonSchema)]
struct Presence {
    here: bool,
}

#[emits(namespace = "/desk")]
trait DeskEvents {
    /// A note has been put on the desk.
    #[event("note added")]
    async fn emit_note_added(note: &Note);

    /// Is anybody there?
    #[event("are you there")]
    async fn emit_are_you_there(seconds: u32) -> Presence;
}

/// A desk with notes on it.
#[consumer(namespace = "/desk")]
impl Desk {
    async fn connect(ticket: Ticket) -> sio::Result<Self, ConnectError> {
        if ticket.token == "secret" { Ok(Self) } else { Err(ConnectError::new("not with this token")) }
    }

    /// Puts a note on the desk, and shows it to all.
    #[event("add note")]
    async fn add_note(socket: &Socket, note: Note, times: Option<u8>) -> sio::Result<u8> {
        if note.text.is_empty() {
            return Err(sio::Error::new("empty_note", "write something"));
        }
        socket.namespace().emit_note_added(&note).await?;
        Ok(times.unwrap_or(1))
    }

    async fn event_reverse(picture: Binary) -> Binary {
        picture.iter().rev().copied().collect::<Vec<_>>().into()
    }

    /// Asks the client whether it is there.
    async fn event_question(socket: &Socket) -> sio::Result<bool> {
        Ok(socket.emit_are_you_there(5).await?.here)
    }
}

#[derive(Default)]
struct Table;

#[consumer(namespace = "/tables/{number}")]
impl Table {
    async fn event_number(number: Path<u32>) -> u32 {
        number.into_inner()
    }
}

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port: u16 = match env::var("PORT") {
        Ok(port) => port.parse()?,
        Err(_) => 0,
    };

    let mut builder = Server::builder()
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .collect(false)
        .consumer::<Root>()
        .consumer::<Denied>()
        .consumer::<Panics>()
        .consumer::<Member>()
        .consumer::<Visitor>()
        .consumer::<Desk>()
        .consumer::<Table>()
        .docs("/docs");
    let client = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/node_modules/socket.io-client/dist");
    if std::path::Path::new(client).is_dir() {
        builder = builder.client_files(client);
    }
    if let Ok(url) = env::var("CLUSTER") {
        builder = builder.adapter(Adapter::url(&url));
    }
    let server = builder.build()?;

    let listener = TcpListener::bind((host, port)).await?;
    println!("listening e2e {}", listener.local_addr()?.port());
    server.serve_with(listener).await
}
