//! BEHAVIOUR §4, the heartbeat. Time is the subject here, so it passes for real: lower bounds are measured from before the
//! cause, upper ones are as patient as everything else.

use std::time::{Duration, Instant};

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use sio::prelude::*;
use sio_tests::{
    Frame, Received, Request, TestServer, Ws,
    app::Plain,
    deadline::soon,
    journal::{Gate, Journal},
};
use tokio::io::AsyncWriteExt;

const SHORT: Duration = Duration::from_millis(250);
const LONG: Duration = Duration::from_secs(600);

async fn server(interval: Duration, timeout: Duration) -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().ping_interval(interval).ping_timeout(timeout))
        .await
}

#[tokio::test]
async fn the_defaults_are_those_of_the_protocol() {
    let server = TestServer::start(|builder| builder).await;
    for open in [server.polling().await.open, server.ws().await.open.expect("a session opens")] {
        assert_eq!((open.ping_interval, open.ping_timeout, open.max_payload), (25_000, 20_000, 1_000_000));
    }
}

#[tokio::test]
async fn the_open_packet_tells_what_was_configured() {
    let server = server(Duration::from_millis(1234), Duration::from_secs(7)).await;
    let open = server.polling().await.open;
    assert_eq!((open.ping_interval, open.ping_timeout), (1234, 7000));
}

#[tokio::test]
async fn the_first_ping_comes_one_interval_after_the_open_packet() {
    let server = server(SHORT * 2, LONG).await;
    let before = Instant::now();
    server.ws().await.expect("2").await;
    assert!(before.elapsed() >= SHORT * 2);

    let before = Instant::now();
    server.polling().await.get().await.expect(200, "2");
    assert!(before.elapsed() >= SHORT * 2);
}

#[tokio::test]
async fn each_further_ping_comes_one_interval_after_the_pong() {
    let server = server(SHORT, LONG).await;
    let mut ws = server.ws().await;
    for _ in 0..4 {
        ws.expect("2").await;
        let before = Instant::now();
        ws.send("3").await;
        ws.expect("2").await;
        assert!(before.elapsed() >= SHORT);
        ws.send("3").await;
    }
}

/// With `ping_timeout` in between, the second ping would not come in this test's lifetime.
#[tokio::test]
async fn the_timeout_is_no_part_of_the_spacing() {
    let server = server(Duration::from_millis(20), LONG).await;
    let mut ws = server.ws().await;
    let mut polling = server.polling().await;
    for _ in 0..10 {
        ws.expect("2").await;
        ws.send("3").await;
        polling.expect("2").await;
        polling.send("3").await;
    }
}

#[tokio::test]
async fn there_is_no_second_ping_before_the_pong() {
    let server = server(Duration::from_millis(20), LONG).await;
    let mut silent = server.ws().await;
    let mut other = server.ws().await;
    silent.expect("2").await;
    for _ in 0..5 {
        other.expect("2").await;
        other.send("3").await;
    }
    silent.expect_nothing_more().await;
    silent.send("3").await;
    silent.expect("2").await;
}

#[tokio::test]
async fn no_pong_within_the_timeout_closes_the_connection() {
    let server = server(SHORT, SHORT).await;
    let before = Instant::now();
    let mut ws = server.socket("/").await;
    ws.expect("2").await;
    ws.expect_closed().await;
    assert!(before.elapsed() >= SHORT * 2);
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn only_a_pong_counts_as_a_pong() {
    let server = server(SHORT, SHORT * 3).await;
    let mut ws = server.socket("/").await;
    soon("the ping timeout", async {
        loop {
            ws.send(r#"421["ask"]"#).await;
            match ws.receive().await {
                Received::Text(packet) => assert!(packet == "2" || packet == "431[]", "{packet}"),
                end => break assert!(matches!(end, Received::Close(_) | Received::End), "{end}"),
            }
        }
    })
    .await;
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn an_abandoned_polling_session_is_closed_without_any_further_request() {
    let server = server(SHORT, SHORT).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    server.journal.expect("ping timeout").await;
    polling.expect_gone().await;
    assert_eq!(server.of("/").sockets().len(), 0);
}

#[tokio::test]
async fn a_polling_client_that_fetches_the_ping_but_never_answers_is_closed() {
    let server = server(SHORT, SHORT).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling.get().await.expect(200, "2");
    polling.begin_get().await;
    let answer = polling.end_get().await;
    assert!(answer.status == 200 || answer.status == 400, "{answer:?}");
    server.journal.expect("ping timeout").await;
    polling.expect_gone().await;
}

/// The ping was queued when its time came; who fetches it late has the less time for the pong.
#[tokio::test]
async fn the_timeout_runs_from_the_queueing_of_the_ping_not_from_its_fetching() {
    let server = server(SHORT, SHORT * 3).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    // Nobody fetches the ping until then.
    server.journal.expect("ping timeout").await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_polling_session_lives_as_long_as_it_answers() {
    let server = server(Duration::from_millis(30), Duration::from_secs(10)).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    for _ in 0..10 {
        polling.expect("2").await;
        polling.send("3").await;
    }
    polling.send(r#"421["ask"]"#).await;
    loop {
        match &*polling.next().await {
            "2" => polling.send("3").await,
            answer => break assert_eq!(answer, "431[]"),
        }
    }
}

/// Waits, so that the socket's queue of events fills.
#[derive(Default)]
struct Busy;

#[consumer(namespace = "/busy")]
impl Busy {
    async fn event_wait(&mut self, journal: State<Journal>, gate: State<Gate>) {
        journal.note("waits");
        gate.pass("busy").await;
    }

    async fn event_count(&mut self) {}

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }
}

async fn busy_server(timeout: Duration) -> TestServer {
    TestServer::start(|builder| {
        builder
            .consumer::<Busy>()
            .consumer::<Plain>()
            .incoming_events(2)
            .ping_interval(SHORT)
            .ping_timeout(timeout)
    })
    .await
}

/// Fills the server's queue and both sockets' buffers with events; gives what is left of the last one.
async fn stuff(ws: &mut Ws) -> Vec<u8> {
    let event = Frame::text(format!(r#"42/busy,["count","{}"]"#, "x".repeat(10_000))).encode();
    let taken = ws.write_until_stuck(&event.repeat(500)).await;
    assert!(taken < event.len() * 500, "the server went on reading");
    event[taken % event.len()..].to_vec()
}

/// Being stuck takes longer than the ping timeout: [`Ws::write_until_stuck`] waits a second to be sure of it.
#[tokio::test]
async fn time_in_which_the_server_does_not_read_does_not_count() {
    let server = busy_server(Duration::from_millis(800)).await;
    let mut ws = server.socket("/busy").await;
    ws.send(r#"42/busy,["wait"]"#).await;
    server.journal.expect("waits").await;
    let rest = stuff(&mut ws).await;
    server.gate.open("busy");
    let mut unsent = &rest[..];
    assert_eq!(ws.receive_while_writing(&mut unsent).await, Received::Text("2".into()));
    ws.write(unsent).await;
    ws.send("3").await;
    ws.expect("2").await;
    ws.send("3").await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn a_client_that_dies_while_the_server_does_not_read_is_closed_in_the_end() {
    let server = busy_server(SHORT).await;
    let mut ws = server.socket("/busy").await;
    ws.send(r#"42/busy,["wait"]"#).await;
    server.journal.expect("waits").await;
    stuff(&mut ws).await;
    server.gate.open("busy");
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn one_clients_heartbeat_is_not_anothers() {
    let server = server(SHORT, SHORT * 8).await;
    let mut lives = server.socket("/").await;
    let dies = server.socket("/").await;
    soon("the other's ping timeout", async {
        let mut others_end = std::pin::pin!(server.journal.next());
        loop {
            tokio::select! {
                reason = &mut others_end => break assert_eq!(reason, "ping timeout"),
                received = lives.receive() => {
                    assert_eq!(received, Received::Text("2".into()));
                    lives.send("3").await;
                }
            }
        }
    })
    .await;
    lives.send(r#"421["ask","still here"]"#).await;
    while lives.receive().await != Received::Text(r#"431["still here"]"#.into()) {}
    drop(dies);
}

/// Needs the thread, so that the server falls behind its client.
#[derive(Default)]
struct Slow;

#[consumer(namespace = "/slow")]
impl Slow {
    async fn event_work(&mut self) {
        std::thread::sleep(Duration::from_millis(3));
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }
}

/// Packets that a client has sent before its pong take longer to handle than the pong may take.
const BEFORE: usize = 600;

async fn slow_server(queue: usize) -> TestServer {
    TestServer::start(|builder| {
        builder.consumer::<Slow>().incoming_events(queue).ping_interval(SHORT).ping_timeout(SHORT * 4)
    })
    .await
}

#[tokio::test]
async fn a_pong_that_arrived_in_time_is_in_time_behind_other_packets() {
    for queue in [2, 128, 10_000] {
        let server = slow_server(queue).await;
        let mut ws = server.socket("/slow").await;
        ws.expect("2").await;
        let mut packets = vec![r#"42/slow,["work"]"#; BEFORE];
        packets.push("3");
        ws.send_all(&packets).await;
        ws.expect("2").await;
        assert_eq!(server.journal.rest(), [""; 0], "with {queue} events in the queue");
    }
}

#[tokio::test]
async fn a_pong_that_arrived_in_time_is_in_time_behind_the_packets_of_its_post() {
    for queue in [2, 10_000] {
        let server = slow_server(queue).await;
        let mut polling = server.polling().await;
        polling.join("/slow").await;
        polling.expect("2").await;
        let mut packets = vec![r#"42/slow,["work"]"#; BEFORE];
        packets.push("3");
        polling.send(&packets.join("\x1e")).await;
        server.request(&Request::get(polling.target())).await.expect(200, "2");
        assert_eq!(server.journal.rest(), [""; 0], "with {queue} events in the queue");
    }
}

#[tokio::test]
async fn a_client_that_always_sends_something_else_is_closed_in_the_end() {
    let server = server(SHORT, SHORT).await;
    let mut ws = server.socket("/").await;
    ws.expect("2").await;
    let packets = Frame::text(r#"42["tell"]"#).encode().repeat(10_000);
    tokio::select! {
        () = server.journal.expect("ping timeout") => {}
        () = async { loop { ws.write(&packets).await } } => {}
    }
}

/// The answer to its handshake is longer than what the connection holds, so the WebSocket never begins.
#[tokio::test]
async fn a_client_that_does_not_read_the_answer_to_its_handshake_is_closed() {
    let server = server(SHORT, SHORT).await;
    let (mut client, connection) = tokio::io::duplex(16);
    let service = server.handle().service();
    let serving = http1::Builder::new().serve_connection(TokioIo::new(connection), service).with_upgrades();
    tokio::spawn(serving);
    let handshake = Request::get(server.target("EIO=4&transport=websocket"))
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    client.write_all(&handshake.encode(server.address)).await.expect("the server reads the request");
    soon("the session to be opened", async {
        while server.handle().client_count() == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    soon("the session to be closed", async {
        while server.handle().client_count() == 1 {
            tokio::time::sleep(SHORT).await;
        }
    })
    .await;
}
