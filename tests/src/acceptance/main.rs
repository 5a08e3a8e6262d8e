//! The acceptance application: one set of events in several namespaces, each with its own way of letting clients in.

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    time::Duration,
};

use hyper::header::HeaderName;
use serde::Serialize;
use sio::Value;
use sio::{Builder, engine::Revision, options::Shutdown, prelude::*};

use super::{
    admin::administered,
    events::{self, Called, Cast, FORBIDDEN, Forbidden, Identity, RoomCalled, Sequence, Typed, TypedAnswer},
    hooks::{Arrival, Departure},
    journal::{Entry, Journal},
    profiles::Capabilities,
    value::Described,
};
use crate::app::All;

/// The auth payload of a client.
#[derive(Debug, Serialize)]
pub(super) struct Introduction {
    auth: Value,
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, String>,
}

pub(super) fn introduction(socket: &Socket, auth: &Value) -> Introduction {
    let handshake = socket.handshake();
    let headers = handshake.headers();
    let header = |name: &HeaderName| Some((name.to_string(), headers.get(name)?.to_str().ok()?.to_owned()));
    Introduction {
        auth: auth.clone(),
        query: handshake.query_params().collect(),
        headers: headers.keys().filter_map(header).collect(),
    }
}

/// The value that a client sends under this name: in its auth payload or, where its protocol has none, in its query.
pub(super) fn said(socket: &Socket, auth: &Value, name: &str) -> Option<String> {
    let said = auth.get(name).and_then(Value::as_str).map(str::to_owned);
    match socket.handshake().revision() {
        Revision::V3 => said.or_else(|| socket.handshake().query_param(name)),
        Revision::V4 => said,
    }
}

/// Lets everyone in and says what they showed.
pub(super) async fn welcome(socket: &Socket, auth: &Value) -> Result<(), ConnectError> {
    #[derive(Serialize)]
    struct Welcome<'a> {
        auth: &'a Value,
    }
    Ok(socket.emit("welcome", &Welcome { auth }).await?)
}

/// Lets in who knows the word.
async fn guard(socket: &Socket, auth: &Value) -> Result<(), ConnectError> {
    #[derive(Serialize)]
    struct Refusal {
        code: u16,
        hint: &'static str,
    }
    match said(socket, auth, "token").as_deref() {
        Some("sesame") => Ok(()),
        Some("slow") => {
            tokio::time::sleep(Duration::from_millis(300)).await;
            Ok(())
        }
        Some("crash") => panic!("the guard was asked to crash"),
        _ => Err(ConnectError::new("not authorized").with_data(Refusal { code: 401, hint: "token" })),
    }
}

/// Lets everyone into the rooms with a number. A parameter is a whole segment of a path, hence the look at the rest.
pub(super) async fn room(socket: &Socket, _: &Value) -> Result<(), ConnectError> {
    let number = socket.namespace().path().strip_prefix("/room-").unwrap_or_default();
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ConnectError::new("Invalid namespace"));
    }
    Ok(())
}

/// All the events, whatever namespace they come in, and what is known of the client.
#[derive(Debug)]
pub(super) struct Events {
    auth: Value,
    /// The key under which the socket's comings and goings are kept.
    key: Option<String>,
    sequence: Sequence,
}

impl Events {
    /// Makes them for a client that has been let in.
    pub(super) fn of(auth: Value, key: Option<String>) -> Self {
        Self { auth, key, sequence: Sequence::default() }
    }

    /// The key under which the socket's comings and goings are kept.
    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }
}

#[handlers]
impl Events {
    async fn event_caps(&mut self, capabilities: State<Capabilities>) -> Vec<&'static str> {
        capabilities.0.clone()
    }

    async fn event_echo(&mut self, socket: &Socket, arguments: All) -> sio::Result<()> {
        Ok(socket.emit("echoed", &arguments).await?)
    }

    async fn event_ask(&mut self, arguments: All) -> All {
        arguments
    }

    async fn event_describe(&mut self, arguments: All) -> Vec<Described> {
        arguments.0.into_iter().map(Described::from).collect()
    }

    #[event("chat message", "user.joined", "ünï-cødé ✓", "multi:colon", "quote\"s", "a,b", "/slash", "42")]
    async fn oddly_named(&mut self, socket: &Socket, name: EventName, arguments: All) -> sio::Result<String> {
        repeat(socket, &name, &arguments).await
    }

    async fn event_typed(&mut self, typed: Typed) -> TypedAnswer {
        typed.into()
    }

    async fn event_forbidden(&mut self) -> Forbidden {
        FORBIDDEN
    }

    async fn event_boom(&mut self) {
        panic!("boom was asked for");
    }

    #[event("slow-ack", concurrent)]
    async fn slow_ack(milliseconds: u64) -> u64 {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        milliseconds
    }

    #[event("call", concurrent)]
    async fn call(socket: Socket, milliseconds: u64, arguments: All) -> sio::Result<Called> {
        events::call(&socket, milliseconds, &arguments).await
    }

    #[event("call-room", concurrent)]
    async fn call_room(
        socket: Socket,
        room: String,
        milliseconds: u64,
        arguments: All,
    ) -> sio::Result<RoomCalled> {
        events::call_room(&socket, &room, milliseconds, &arguments).await
    }

    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result<BTreeSet<String>> {
        socket.join(room.as_str()).await?;
        Ok(events::rooms(socket))
    }

    async fn event_leave(&mut self, socket: &Socket, room: String) -> sio::Result<BTreeSet<String>> {
        socket.leave(room.as_str()).await?;
        Ok(events::rooms(socket))
    }

    /// It asks other nodes, and nothing that the client sends waits for them.
    #[event("members", concurrent)]
    async fn members(socket: Socket, room: String) -> BTreeSet<String> {
        events::members(&socket, &room).await
    }

    #[event("join-other")]
    async fn join_other(&mut self, socket: &Socket, sid: String, room: String) -> sio::Result<bool> {
        socket.namespace().to(sid).join(room).await?;
        Ok(true)
    }

    #[event("leave-other")]
    async fn leave_other(&mut self, socket: &Socket, sid: String, room: String) -> sio::Result<bool> {
        socket.namespace().to(sid).leave(room).await?;
        Ok(true)
    }

    async fn event_cast(&mut self, socket: &Socket, cast: Cast) -> sio::Result<bool> {
        events::cast(socket, cast).await
    }

    async fn event_bye(&mut self, socket: &Socket, whole_connection: bool) {
        events::end(socket, whole_connection);
    }

    async fn event_kick(
        &mut self,
        socket: &Socket,
        sid: String,
        whole_connection: bool,
    ) -> sio::Result<bool> {
        events::end_all(&socket.namespace().to(sid), whole_connection).await?;
        Ok(true)
    }

    async fn event_whoami(&mut self, socket: &Socket) -> Identity {
        events::identity(socket)
    }

    async fn event_handshake(&mut self, socket: &Socket) -> Introduction {
        introduction(socket, &self.auth)
    }

    async fn event_journal(&mut self, key: String, journal: State<Journal>) -> Vec<Entry> {
        journal.read(&key)
    }

    async fn event_flood(&mut self, socket: &Socket, count: u32, size: usize) -> sio::Result<u32> {
        events::flood(socket, count, size).await
    }

    async fn event_tick(&mut self, socket: Socket, count: u32, milliseconds: u64) -> bool {
        events::tick(socket, count, milliseconds)
    }

    async fn event_seq(&mut self, number: u64) {
        self.sequence.step(number);
    }

    #[event("seq-report")]
    async fn seq_report(&mut self) -> Sequence {
        self.sequence
    }
}

/// Emits an event back and answers with its name.
pub(super) async fn repeat(socket: &Socket, name: &str, arguments: &All) -> sio::Result<String> {
    socket.emit(name, arguments).await?;
    Ok(name.to_owned())
}

/// `/`, `/a` and `/b`, where everybody gets in.
#[derive(Debug)]
pub struct Open {
    events: Events,
}

#[consumer(namespace = ["/", "/a", "/b"], handlers = [events])]
impl Open {
    async fn connect(client: Arrival) -> Self {
        Self { events: client.let_in() }
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// `/auth`, which says what a client has shown.
#[derive(Debug)]
pub struct Auth {
    events: Events,
}

#[consumer(namespace = "/auth", handlers = [events])]
impl Auth {
    async fn connect(client: Arrival) -> Result<Self, ConnectError> {
        welcome(&client.socket, &client.auth).await?;
        Ok(Self { events: client.let_in() })
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// `/guard`, where only those who know the word get in.
#[derive(Debug)]
pub struct Guard {
    events: Events,
}

#[consumer(namespace = "/guard", handlers = [events])]
impl Guard {
    async fn connect(client: Arrival) -> Result<Self, ConnectError> {
        guard(&client.socket, &client.auth).await?;
        Ok(Self { events: client.let_in() })
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// `/room-1`, `/room-2` and so on.
#[derive(Debug)]
pub struct Room {
    events: Events,
}

#[consumer(namespace = "/{room}", handlers = [events])]
impl Room {
    async fn connect(client: Arrival) -> Result<Self, ConnectError> {
        room(&client.socket, &client.auth).await?;
        Ok(Self { events: client.let_in() })
    }

    async fn disconnect(&mut self, client: Departure) {
        client.leaves(&self.events);
    }
}

/// `/refuse`, where nobody gets in.
#[derive(Debug, Default)]
pub struct Refuse;

#[consumer(namespace = "/refuse")]
impl Refuse {
    async fn connect(&mut self) -> Result<(), ConnectError> {
        Err(ConnectError::new("no entry"))
    }
}

/// The application, with the options that are the same in all profiles.
pub(super) fn application(origins: &[String]) -> Builder {
    options(origins)
        .consumer::<Open>()
        .consumer::<Auth>()
        .consumer::<Guard>()
        .consumer::<Room>()
        .consumer::<Refuse>()
}

/// How a profile stops on SIGTERM: as `DELAY` and `SPREAD` say, in seconds. Suites that end it want it to end at once.
fn stopping() -> Shutdown {
    let seconds = |name| {
        let value: Option<f64> = env::var(name).ok().and_then(|value| value.parse().ok());
        Duration::from_secs_f64(value.unwrap_or_default())
    };
    Shutdown::new().delay(seconds("DELAY")).spread(seconds("SPREAD"))
}

/// After how much silence a client is asked whether it is there, and how long it is waited for: `HEARTBEAT`, two numbers of
/// seconds. Most suites want to see what happens then.
fn heartbeat() -> (Duration, Duration) {
    let read = |value: String| {
        let (interval, timeout) = value.split_once(' ')?;
        Some((Duration::from_secs(interval.parse().ok()?), Duration::from_secs(timeout.parse().ok()?)))
    };
    env::var("HEARTBEAT").ok().and_then(read).unwrap_or((Duration::from_secs(2), Duration::from_secs(3)))
}

/// From how many bytes on WebSocket messages are compressed: `DEFLATE_FROM`.
fn compress_from() -> usize {
    env::var("DEFLATE_FROM").ok().and_then(|bytes| bytes.parse().ok()).unwrap_or(1024)
}

/// The options that are the same in all profiles.
pub(super) fn options(origins: &[String]) -> Builder {
    let (interval, timeout) = heartbeat();
    administered(Server::builder())
        .collect(false)
        .ping_interval(interval)
        .ping_timeout(timeout)
        .outgoing_queue_bytes(4 * 1024 * 1024)
        .allowed_origins(origins.to_vec())
        .websocket_compression(compress_from())
        .shutdown(stopping())
        .health("/healthz", "/readyz")
        .state(Journal::default())
}
