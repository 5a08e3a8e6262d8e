//! Clients that send and do not take what they are answered: they cost bounded memory, and not for ever.

use std::time::Duration;

use sio::prelude::*;
use sio_tests::journal::{Gate, Journal};
use sio_tests::{Frame, Request, TestServer, app::Plain, ws::Received};

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
