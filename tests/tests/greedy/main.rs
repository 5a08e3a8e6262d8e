//! Clients that send and do not take what they are sent: they cost bounded memory, for a bounded time. And those that only
//! get more than they can take at once: they keep their place.

mod crowd;
mod heavy;
mod turns;
mod waiting;

use std::time::Duration;

use sio::Value;
use sio::prelude::*;
use sio_tests::journal::{Gate, Journal};
use sio_tests::{Frame, Polling, Request, TestServer, Ws, app::Plain, deadline::soon, logs, ws::Received};
use tokio::task::{JoinSet, LocalSet};

const SHORT: Duration = Duration::from_millis(100);

/// More than all buffers of both kernels and the server's queue together.
const FLOOD: usize = 48 * 1024 * 1024;

/// Writes a frame again and again, and nothing is read: sooner or later the server must stop reading too.
async fn is_stopped(server: &TestServer, namespace: &str, frame: Frame) {
    let mut ws = server.socket(namespace).await;
    let frame = frame.encode();
    let flood = frame.repeat(FLOOD / frame.len());
    assert!(ws.write_until_stuck(&flood).await < flood.len(), "the server took everything");
}

#[tokio::test]
async fn a_client_that_polls_and_takes_no_answers_is_closed_in_the_end() {
    let server = TestServer::start(|builder| {
        builder
            .consumer::<Plain>()
            .incoming_events(4)
            .outgoing_queue_packets(8)
            .ping_interval(SHORT)
            .ping_timeout(SHORT)
    })
    .await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    let questions: Vec<String> = (0..100).map(|id| format!(r#"42{id}["ask"]"#)).collect();
    let mut http = server.http().await;
    http.send(&Request::post(polling.target(), questions.join("\x1e"))).await;
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn a_client_that_reads_no_answers_is_closed_in_the_end() {
    let server = TestServer::start(|builder| {
        builder.consumer::<Plain>().ping_interval(SHORT * 10).ping_timeout(SHORT)
    })
    .await;
    is_stopped(&server, "/", Frame::text(format!(r#"421["ask","{}"]"#, "x".repeat(10_000)))).await;
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn refused_namespaces_are_not_answered_without_end() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    is_stopped(&server, "/", Frame::text(format!("40/{},", "x".repeat(500)))).await;
}

#[derive(Default)]
struct Beside;

#[consumer(namespace = "/beside")]
impl Beside {
    #[event(concurrent)]
    async fn event_ask(text: String) -> String {
        text
    }
}

#[tokio::test]
async fn answers_of_concurrent_handlers_do_not_pile_up() {
    let server = TestServer::start(|builder| builder.consumer::<Beside>()).await;
    let question = format!(r#"42/beside,1["ask","{}"]"#, "x".repeat(10_000));
    is_stopped(&server, "/beside", Frame::text(question)).await;
}

#[derive(Default)]
struct Lingers;

#[consumer(namespace = "/lingers")]
impl Lingers {
    async fn disconnect(&mut self, journal: State<Journal>, gate: State<Gate>) {
        journal.note("leaves");
        gate.pass("out").await;
    }
}

#[tokio::test]
async fn sockets_that_were_left_count_until_their_handlers_are_through() {
    let server = TestServer::start(|builder| builder.consumer::<Lingers>().max_namespaces(2)).await;
    let mut ws = server.ws().await;
    for _ in 0..4 {
        ws.join("/lingers").await;
        ws.send("41/lingers,").await;
        server.journal.expect("leaves").await;
    }
    ws.send("40/lingers,").await;
    ws.expect(r#"44/lingers,{"message":"Too many namespaces"}"#).await;
    server.gate.open("out");
    // The place is free a moment after the hook has ended.
    loop {
        ws.send("40/lingers,").await;
        let Received::Text(answer) = ws.receive().await else { panic!("the connection stays open") };
        if answer.starts_with("40") {
            break;
        }
        assert!(answer.starts_with("44"), "{answer}");
    }
}

#[derive(Default)]
struct Crowd;

#[consumer(namespace = "/crowd")]
impl Crowd {
    async fn connect(&mut self, socket: &Socket) -> sio::Result {
        Ok(socket.join("room").await?)
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }

    async fn event_tell(&mut self, socket: &Socket, room: String, text: Value) -> sio::Result {
        Ok(socket.namespace().to(room).emit("told", &text).await?)
    }

    async fn event_flood(&mut self, socket: &Socket, count: u32, text: String) -> sio::Result<&'static str> {
        for _ in 0..count {
            socket.namespace().to("room").emit("told", &text).await?;
        }
        Ok("done")
    }
}

async fn crowd() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Crowd>().allow_upgrades(false)).await
}

/// Reads until so many events have come, whatever else does.
async fn takes(mut ws: Ws, count: usize) {
    let mut taken = 0;
    while taken < count {
        match ws.receive().await {
            Received::Text(packet) if packet.starts_with("42") => taken += 1,
            Received::Text(_) => {}
            other => panic!("{other} after {taken} events"),
        }
    }
}

async fn polls(mut polling: Polling, count: usize) {
    let mut taken = 0;
    while taken < count {
        taken += usize::from(polling.next().await.starts_with("42"));
    }
}

/// Everybody in a room reads, while one client makes it loud with a single request.
async fn one_request(events: usize) {
    let server = crowd().await;
    let mut members = JoinSet::new();
    for _ in 0..8 {
        let mut ws = server.ws().await;
        ws.join("/crowd").await;
        members.spawn_local(takes(ws, events));
        let mut polling = server.polling().await;
        polling.join("/crowd").await;
        members.spawn_local(polls(polling, events));
    }
    let mut loud = server.polling().await;
    loud.join("/crowd").await;
    let body = vec![r#"42/crowd,["tell","room",1]"#; events].join("\x1e");
    let mut http = server.http().await;
    http.send(&Request::post(loud.target(), body)).await;
    members.spawn_local(polls(loud, events));
    soon("all that was told", members.join_all()).await;
    http.receive().await.expect(200, "ok");
}

#[tokio::test]
async fn nobody_who_reads_is_disconnected_by_a_request_of_1100_events() {
    LocalSet::new().run_until(one_request(1_100)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_reads_is_disconnected_by_a_request_of_4000_events() {
    LocalSet::new().run_until(one_request(4_000)).await;
}

/// A handler broadcasts in a loop, to members that read and to itself.
async fn broadcasts(count: usize, text: &str) {
    let server = crowd().await;
    let mut members = JoinSet::new();
    for _ in 0..3 {
        let mut ws = server.ws().await;
        ws.join("/crowd").await;
        members.spawn_local(takes(ws, count));
    }
    let mut loud = server.ws().await;
    loud.join("/crowd").await;
    loud.send(&format!(r#"42/crowd,["flood",{count},"{text}"]"#)).await;
    members.spawn_local(takes(loud, count));
    members.join_all().await;
}

#[tokio::test]
async fn nobody_who_reads_is_disconnected_by_100000_broadcasts_on_one_thread() {
    LocalSet::new().run_until(broadcasts(100_000, "")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_who_reads_is_disconnected_by_100000_broadcasts_on_two_threads() {
    LocalSet::new().run_until(broadcasts(100_000, "")).await;
}

#[tokio::test]
async fn nobody_who_reads_is_disconnected_by_broadcasts_of_many_bytes() {
    LocalSet::new().run_until(broadcasts(300, &"x".repeat(50_000))).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_that_does_not_read_is_disconnected_and_logged_once() {
    let lines = logs::capture();
    let server = crowd().await;
    let mut slow = server.ws().await;
    let sid = slow.join("/crowd").await;
    let mut quick = server.ws().await;
    quick.join("/crowd").await;
    let count = 2_000;
    quick.send(&format!(r#"42/crowd,["flood",{count},"{}"]"#, "x".repeat(10_000))).await;
    takes(quick, count).await;
    server.journal.expect("slow client").await;
    assert_eq!(lines.count(&["slow client", &sid]), 1);
    // It can still read whole packets, and then the end.
    while let Received::Text(packet) = slow.receive().await {
        assert!(packet.starts_with("42/crowd,[\"told\",") && packet.ends_with(']'), "{packet:.40}");
    }
}

#[tokio::test]
async fn a_volatile_event_for_a_client_without_a_waiting_get_is_dropped() {
    let server = crowd().await;
    let mut polling = server.polling().await;
    let sid = polling.join("/crowd").await;
    let socket = server.socket_of("/crowd", &sid);
    let crowd = server.of("/crowd");
    socket.volatile().emit("lost", &1).await.expect("that it is lost is no error");
    socket.volatile().try_emit("lost", &2).expect("that it is lost is no error");
    crowd.volatile().emit("lost", &3).await.expect("a broadcast cannot fail");
    crowd.to("room").volatile().emit("lost", &4).await.expect("a broadcast cannot fail");
    polling.begin_get().await;
    crowd.volatile().emit("taken", &5).await.expect("a broadcast cannot fail");
    polling.end_get().await.expect(200, r#"42/crowd,["taken",5]"#);
    polling.begin_get().await;
    socket.volatile().emit("taken", &6).await.expect("the client is there");
    polling.end_get().await.expect(200, r#"42/crowd,["taken",6]"#);
    polling.expect_nothing_more().await;
}
