//! How often the server allocates memory for one event: twice for a typed echo, once for the text in the payload and
//! once for the frame of the answer. Everything else is memory that is kept. And how much of that there is for a client
//! which does nothing.
//!
//! Allocations are counted on the thread that the server runs on; the client has a thread of its own.

#[path = "allocations/cluster.rs"]
mod cluster;

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use sio::Builder;
use sio::prelude::*;
use sio_core::engine::frame::Frames;
use sio_core::engine::packet::{Message, Packet};
use sio_core::msgpack;
use sio_core::socket::{Decoder, encode};
use sio_tests::{Endpoint, Received, TestServer, Ws};
use tokio::runtime::{self, Runtime};
use tokio::sync::oneshot;

/// How many events are counted.
const EVENTS: u64 = 2000;
/// How many clients are idle at the same time: some twenty in each of the parts into which sessions are divided, so that
/// it matters little how they are spread.
const IDLE: i64 = 320;
/// How many bytes each of them may keep, within three percent.
const IDLE_BYTES: i64 = 3_290;
const HOUR: Duration = Duration::from_secs(3600);
/// Rare work may allocate, but not every event.
const NOW_AND_THEN: f64 = 0.02;

#[derive(Serialize, Deserialize)]
struct Chat {
    text: String,
    n: u64,
}

#[derive(Default)]
struct Echo;

#[consumer]
impl Echo {
    async fn event_echo(&mut self, chat: Chat) -> Chat {
        chat
    }

    async fn event_message(&mut self, socket: &Socket, chat: Chat) -> sio::Result {
        socket.emit("message-back", &chat).await?;
        Ok(())
    }

    async fn event_length(&mut self, bytes: sio::Binary) -> usize {
        bytes.len()
    }

    async fn event_join(&mut self, socket: &Socket) -> sio::Result<&'static str> {
        socket.join("room").await?;
        Ok("ok")
    }

    async fn event_publish(&mut self, socket: &Socket, chat: Chat) -> sio::Result {
        socket.namespace().to("room").emit("news", &chat).await?;
        Ok(())
    }
}

#[emits(namespace = ["/never", "/"])]
trait Events {
    #[event("message-back")]
    async fn emit_back(chat: &Chat);

    async fn emit_news(chat: &Chat);
}

/// As [`Echo`], by declared events.
#[derive(Default)]
struct Typed;

#[consumer]
impl Typed {
    async fn event_message(&mut self, socket: &Socket, chat: Chat) -> sio::Result {
        socket.emit_back(&chat).await?;
        Ok(())
    }

    async fn event_join(&mut self, socket: &Socket) -> sio::Result<&'static str> {
        socket.join("room").await?;
        Ok("ok")
    }

    async fn event_publish(&mut self, socket: &Socket, chat: Chat) -> sio::Result {
        socket.namespace().to("room").emit_news(&chat).await?;
        Ok(())
    }
}

/// Lets each client stay for an hour after its last event.
struct Expiring;

#[consumer]
impl Expiring {
    async fn connect(socket: &Socket) -> Self {
        socket.expires_at(Instant::now() + HOUR);
        Self
    }

    async fn event_echo(&mut self, socket: &Socket, chat: Chat) -> Chat {
        socket.expires_at(Instant::now() + HOUR);
        chat
    }
}

/// As [`Echo`], by a handler that consumers share.
#[derive(Default)]
struct Set;

#[handlers]
impl Set {
    async fn event_echo(&mut self, chat: Chat) -> Chat {
        chat
    }
}

#[derive(Default)]
struct Sharing(Set);

#[consumer(handlers = 0)]
impl Sharing {}

#[test]
fn the_protocol_allocates_twice_for_a_typed_echo() {
    let texts: Vec<_> = (0..EVENTS).map(|n| ByteString::from(event("echo", n))).collect();
    let echo = |text: &ByteString| {
        let Ok(Packet::Message(Message::Text(text))) = Packet::decode_text(text.clone()) else {
            panic!("the packet is a text message");
        };
        let mut event = Decoder::new(10).text(text).unwrap().unwrap().into_event().unwrap();
        let chat: Chat = event.args.take().unwrap();
        encode::ack("/", event.id.unwrap(), &chat).unwrap()
    };
    // The memory that a thread keeps for encoding grows to what it needs.
    texts.iter().for_each(|text| drop(echo(text)));
    let used = measure(|| texts.iter().for_each(|text| drop(echo(text))));
    assert_eq!(used.count_total, 2 * EVENTS);
}

/// The packet is rewritten both ways, which takes memory for each form of it.
#[test]
fn the_protocol_allocates_ten_times_for_a_typed_echo_in_messagepack() {
    let packed = |n| {
        let chat = Chat { text: "x".repeat(128), n };
        let frame = msgpack::encode(&encode::event("/", Some(n), "echo", &chat).unwrap()).unwrap();
        Frames::new(frame).next().unwrap().1
    };
    let messages: Vec<_> = (0..EVENTS).map(packed).collect();
    let echo = |message: &Bytes| {
        let packet = msgpack::Decoder::new(10).binary(message.clone()).unwrap().unwrap();
        let mut event = packet.into_event().unwrap();
        let chat: Chat = event.args.take().unwrap();
        msgpack::encode(&encode::ack("/", event.id.unwrap(), &chat).unwrap()).unwrap()
    };
    messages.iter().for_each(|message| drop(echo(message)));
    let used = measure(|| messages.iter().for_each(|message| drop(echo(message))));
    let each = used.count_total as f64 / EVENTS as f64;
    assert!(each <= 10.0 + NOW_AND_THEN, "{each:.2} allocations for each event");
}

#[test]
fn a_server_allocates_twice_for_a_typed_echo() {
    assert_allocations(2.0, one_client, async |ws| exchange(ws, "echo", 1).await);
}

/// And where it stays is the memory of the one before: little is allocated for it.
#[test]
fn a_large_attachment_is_read_to_where_it_stays() {
    const LENGTH: usize = 900_000;
    const TIMES: usize = 20;
    let used = measure_server(
        |builder| builder.consumer::<Echo>(),
        one_client,
        async |ws| {
            for _ in 0..TIMES {
                ws.send(r#"451-1["length",{"_placeholder":true,"num":0}]"#).await;
                ws.send_binary(&vec![7; LENGTH]).await;
                ws.expect(&format!("431[{LENGTH}]")).await;
            }
        },
    );
    let each = used.bytes_total as f64 / (TIMES * LENGTH) as f64;
    assert!(each < 0.25, "{each:.2} bytes for each byte that came");
}

/// The queue of their answers grows four times, and is given back when it has been sent: a client that is silent again
/// costs no more than before.
#[test]
fn events_that_come_together_cost_little_more() {
    assert_allocations(2.0 + 4.0 / 16.0, one_client, async |ws| exchange(ws, "echo", 16).await);
}

#[test]
fn an_event_that_is_answered_with_an_event_costs_no_more() {
    assert_allocations(2.0, one_client, async |ws| exchange(ws, "message", 1).await);
}

/// The application's future.
#[test]
fn middleware_that_does_nothing_allocates_once() {
    let passing = |builder: Builder| {
        builder.consumer::<Echo>().middleware("/", |call, next: sio::middleware::Next| next.run(call))
    };
    assert_allocations_of(passing, 3.0, one_client, async |ws| exchange(ws, "echo", 1).await);
}

#[test]
fn a_declared_event_costs_no_more_than_one_that_is_not() {
    let typed = |builder: Builder| builder.consumer::<Typed>();
    assert_allocations_of(typed, 2.0, one_client, async |ws| exchange(ws, "message", 1).await);
}

#[test]
fn a_handler_that_consumers_share_costs_no_more() {
    let sharing = |builder: Builder| builder.consumer::<Sharing>();
    assert_allocations_of(sharing, 2.0, one_client, async |ws| exchange(ws, "echo", 1).await);
}

/// The payload; the frame, and what makes it one that can be shared; the name of the room, three times; and the list of
/// those who are to be woken, which has grown twice for 16. Nothing for a member.
#[test]
fn a_broadcast_costs_nothing_for_a_member() {
    assert_allocations(
        9.0,
        async |endpoint| room(endpoint, 16).await,
        async |clients| publish(clients).await,
    );
}

#[test]
fn a_broadcast_of_a_declared_event_costs_no_more() {
    assert_allocations_of(
        |builder| builder.consumer::<Typed>(),
        9.0,
        async |endpoint| room(endpoint, 16).await,
        async |clients| publish(clients).await,
    );
}

/// The session and its transport, the socket and its consumer, the request that opened it, and their places in all
/// tables; without what the allocator and the kernel need beside it.
#[test]
fn an_idle_client_keeps_few_bytes() {
    let each = idle(Builder::consumer::<Echo>);
    assert!(each <= IDLE_BYTES * 103 / 100, "{each} bytes for each idle client");
}

/// Its place is there, and it has no timer of its own.
#[test]
fn a_deadline_keeps_nothing_and_is_moved_without_an_allocation() {
    let each = idle(Builder::consumer::<Expiring>);
    assert!(each <= IDLE_BYTES * 103 / 100, "{each} bytes for each idle client");
    let expiring = Builder::consumer::<Expiring>;
    assert_allocations_of(expiring, 2.0, one_client, async |ws| exchange(ws, "echo", 1).await);
}

#[test]
fn metrics_keep_nothing_of_an_idle_client_and_allocate_nothing_for_an_event() {
    let counted = |builder: Builder| builder.consumer::<Echo>().metrics(true);
    let each = idle(counted);
    assert!(each <= IDLE_BYTES * 103 / 100, "{each} bytes for each idle client");
    assert_allocations_of(counted, 2.0, one_client, async |ws| exchange(ws, "echo", 1).await);
}

/// Returns how many bytes a server keeps for each idle client.
fn idle(configure: impl FnOnce(Builder) -> Builder) -> i64 {
    let open = async |endpoint| (endpoint, Vec::new());
    let used = measure_server(configure, open, async |(endpoint, clients): &mut (Endpoint, Vec<Ws>)| {
        let count = if clients.is_empty() { 1 } else { IDLE };
        for _ in 0..count {
            clients.push(endpoint.socket("/").await);
        }
    });
    used.bytes_current / IDLE
}

/// Lets the first client publish to the room of the others, who get it each time.
async fn publish(clients: &mut [Ws]) {
    let (publisher, members) = clients.split_first_mut().expect("the first one publishes");
    for n in 0..EVENTS {
        publisher.send(&event("publish", n)).await;
        for member in &mut *members {
            expect_answer(member, n).await;
        }
    }
}

/// Lets clients talk to a server, `EVENTS` times, and counts what it allocates for each event.
fn assert_allocations<C>(
    allowed: f64,
    open: impl AsyncFnOnce(Endpoint) -> C + Send + 'static,
    talk: impl AsyncFn(&mut C) + Send + 'static,
) {
    assert_allocations_of(|builder| builder.consumer::<Echo>(), allowed, open, talk);
}

/// The same for a server with options.
fn assert_allocations_of<C>(
    configure: impl FnOnce(Builder) -> Builder,
    allowed: f64,
    open: impl AsyncFnOnce(Endpoint) -> C + Send + 'static,
    talk: impl AsyncFn(&mut C) + Send + 'static,
) {
    let used = measure_server(configure, open, talk);
    let each = used.count_total as f64 / EVENTS as f64;
    let bytes = used.bytes_total / EVENTS;
    assert!(each <= allowed + NOW_AND_THEN, "{each:.2} allocations and {bytes} bytes for each event");
}

/// Lets clients talk to a server twice, and measures it the second time.
fn measure_server<C>(
    configure: impl FnOnce(Builder) -> Builder,
    open: impl AsyncFnOnce(Endpoint) -> C + Send + 'static,
    talk: impl AsyncFn(&mut C) + Send + 'static,
) -> AllocationInfo {
    let server_runtime = runtime();
    let server = server_runtime.block_on(TestServer::start(configure));
    let endpoint = Endpoint::clone(&server);
    let (warm, is_warm) = oneshot::channel();
    let (begin, may_begin) = mpsc::channel();
    let (done, is_done) = oneshot::channel();
    let client = thread::spawn(move || {
        let client_runtime = runtime();
        let mut clients = client_runtime.block_on(open(endpoint));
        client_runtime.block_on(talk(&mut clients));
        warm.send(()).expect("the server waits for it");
        may_begin.recv().expect("the server says when");
        client_runtime.block_on(talk(&mut clients));
        done.send(()).expect("the server waits for it");
    });

    server_runtime.block_on(is_warm).expect("the client says when");
    let used = measure(|| {
        begin.send(()).expect("the client waits for it");
        server_runtime.block_on(is_done).expect("the client says when");
    });
    client.join().expect("the client got its answers");
    used
}

async fn one_client(endpoint: Endpoint) -> Ws {
    endpoint.socket("/").await
}

/// A client that is in no room, and so many that are.
async fn room(endpoint: Endpoint, members: usize) -> Vec<Ws> {
    let mut clients = vec![endpoint.socket("/").await];
    for _ in 0..members {
        let mut member = endpoint.socket("/").await;
        member.send(r#"420["join"]"#).await;
        member.expect(r#"430["ok"]"#).await;
        clients.push(member);
    }
    clients
}

/// Everything on the thread that drives it.
fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().expect("a runtime needs no more than a file")
}

/// Sends events, so many with one write, and waits for their answers.
async fn exchange(ws: &mut Ws, name: &str, window: u64) {
    for first in (0..EVENTS).step_by(window as usize) {
        let events: Vec<_> = (first..first + window).map(|n| event(name, n)).collect();
        ws.send_all(&events.iter().map(String::as_str).collect::<Vec<_>>()).await;
        for n in first..first + window {
            expect_answer(ws, n).await;
        }
    }
}

/// Expects the payload of the event with this number.
async fn expect_answer(ws: &mut Ws, n: u64) {
    let Received::Text(answer) = ws.receive().await else { panic!("an answer is a text") };
    assert!(answer.ends_with(&format!(r#""n":{n}}}]"#)), "{answer}");
}

/// An event as an Engine.IO packet; `echo` asks for an acknowledgement.
fn event(name: &str, n: u64) -> String {
    let id = if name == "echo" { n.to_string() } else { String::new() };
    let text = "x".repeat(128);
    format!(r#"42{id}["{name}",{{"text":"{text}","n":{n}}}]"#)
}
