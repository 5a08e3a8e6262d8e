//! Waiting input of a client is bounded by its bytes, in all namespaces together.

use std::time::{Duration, Instant};

use sio::prelude::*;
use sio_tests::{
    Frame, TestServer,
    app::Plain,
    deadline::settle,
    journal::{Gate, Journal},
};

use super::{
    FLOOD,
    turns::{Costly, Turns, costly},
};

/// The bytes that may wait for one client by default, and those on their way in both kernels.
const WAITING: usize = 4_000_000 + 4_000_000;

/// Floods a handler that does not come to its end, and says how much of it was taken.
async fn taken(events: &[Frame]) -> usize {
    let (server, _) = costly().await;
    let mut ws = server.ws().await;
    for number in 0..16 {
        ws.join(&format!("/costly/{number}")).await;
    }
    ws.send(r#"42/costly/0,["wait"]"#).await;
    server.journal.expect("waits").await;
    for number in 1..16 {
        ws.send(&format!(r#"42/costly/{number},["wait"]"#)).await;
        server.journal.expect("waits").await;
    }
    let flood: Vec<u8> = events.iter().flat_map(Frame::encode).collect();
    ws.write_until_stuck(&flood.repeat(FLOOD / flood.len())).await
}

#[tokio::test]
async fn waiting_events_are_bounded_by_their_bytes_in_all_namespaces_together() {
    let text = "x".repeat(900_000);
    let event = |number: usize| Frame::text(format!(r#"42/costly/{number},["take","{text}"]"#));
    let one = taken(&[event(0)]).await;
    assert!(one < WAITING, "{one} bytes");
    let all: Vec<_> = (0..16).map(event).collect();
    let all = taken(&all).await;
    assert!(all < WAITING, "{all} bytes in several namespaces");
}

#[tokio::test]
async fn attachments_count_as_what_waits_before_their_packet_is_complete() {
    let attachment = Frame::binary(vec![7; 900_000]);
    for attachments in [1, 10] {
        let text = format!(r#"45{attachments}-/costly/0,["take"]"#);
        let mut packet = vec![Frame::text(text)];
        packet.extend(std::iter::repeat_n(attachment.clone(), attachments));
        let taken = taken(&packet).await;
        // One that alone is larger is taken as a whole, and some of the next.
        let most = WAITING.max((attachments + 1) * 900_000 + 4_000_000);
        assert!(taken < most, "{taken} bytes of packets with {attachments} attachments");
    }
}

/// Its handler waits for an answer: what the client says has to be read, although nothing more may wait.
#[derive(Default)]
struct Asks;

#[consumer(namespace = "/asks")]
impl Asks {
    async fn event_upload(&mut self, socket: &Socket, data: Binary) -> sio::Result<String> {
        let name = socket.emit_with_ack::<String>("name", &()).await?;
        Ok(format!("{name}: {}", data.len()))
    }
}

#[tokio::test]
async fn a_packet_that_alone_is_larger_is_taken_and_its_client_heard() {
    let server = TestServer::start(|builder| builder.consumer::<Asks>().incoming_bytes(1_000)).await;
    let mut ws = server.socket("/asks").await;
    for id in 0..2 {
        ws.send(r#"452-/asks,1["upload",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#).await;
        ws.send_binary(&[7; 3_000]).await;
        ws.send_binary(&[7; 3_000]).await;
        ws.expect(&format!(r#"42/asks,{id}["name"]"#)).await;
        ws.send(&format!(r#"43/asks,{id}["cat.png"]"#)).await;
        ws.expect(r#"43/asks,1["cat.png: 3000"]"#).await;
    }
}

#[tokio::test]
async fn an_answer_is_heard_behind_a_packet_that_is_larger_than_what_may_wait() {
    let server = TestServer::start(|builder| builder.consumer::<Asks>().incoming_bytes(1_000)).await;
    let upload = r#"451-/asks,1["upload",{"_placeholder":true,"num":0}]"#;
    // The one that is being handled is small, or as large as the other.
    for (round, size) in [10, 3_000].into_iter().enumerate() {
        let mut ws = server.socket("/asks").await;
        ws.send(upload).await;
        ws.send_binary(&vec![7; size]).await;
        let (first, second) = (2 * round, 2 * round + 1);
        ws.expect(&format!(r#"42/asks,{first}["name"]"#)).await;
        ws.send(upload).await;
        ws.send_binary(&[7; 3_000]).await;
        ws.send(&format!(r#"43/asks,{first}["one.png"]"#)).await;
        ws.expect(&format!(r#"43/asks,1["one.png: {size}"]"#)).await;
        ws.expect(&format!(r#"42/asks,{second}["name"]"#)).await;
        ws.send(&format!(r#"43/asks,{second}["two.png"]"#)).await;
        ws.expect(r#"43/asks,1["two.png: 3000"]"#).await;
    }
}

/// As much as waits by itself counts, whatever its number: so few are taken up that they can be counted.
#[derive(Default)]
struct AtOnce;

#[consumer(namespace = "/at-once")]
impl AtOnce {
    #[event(concurrent)]
    async fn event_begin(_text: String, journal: State<Journal>, gate: State<Gate>) {
        journal.note("begins");
        gate.pass("out").await;
    }
}

#[tokio::test]
async fn concurrent_handlers_count_with_the_bytes_of_their_events() {
    let server = TestServer::start(|builder| builder.consumer::<AtOnce>().incoming_bytes(10_000)).await;
    let mut ws = server.socket("/at-once").await;
    let event = format!(r#"42/at-once,["begin","{}"]"#, "x".repeat(1_000));
    ws.send_all(&[event.as_str(); 50]).await;
    settle().await;
    // One packet may wait beside those that are handled, and it may have begun before the next was looked at.
    let begun = server.journal.rest().len();
    assert!((10..=11).contains(&begun), "{begun}");
    for _ in begun..50 {
        server.gate.open("out");
        server.journal.expect("begins").await;
    }
}

#[derive(Default)]
struct Enters;

#[consumer(namespace = "/enters/{number}")]
impl Enters {
    async fn connect(journal: State<Journal>, gate: State<Gate>) -> Self {
        journal.note("enters");
        gate.pass("in").await;
        Self
    }
}

#[tokio::test]
async fn auth_payloads_of_clients_that_enter_count_as_what_waits() {
    let server = TestServer::start(|builder| builder.consumer::<Enters>().incoming_bytes(10_000)).await;
    let mut ws = server.ws().await;
    let auth = "x".repeat(1_000);
    let connects: Vec<_> = (0..20).map(|number| format!(r#"40/enters/{number},{{"a":"{auth}"}}"#)).collect();
    ws.send_all(&connects.iter().map(String::as_str).collect::<Vec<_>>()).await;
    settle().await;
    assert_eq!(server.journal.rest().len(), 10);
    for _ in 0..10 {
        server.gate.open("in");
        server.journal.expect("enters").await;
    }
}

const SHORT: Duration = Duration::from_millis(100);

/// A question with two attachments.
const UNFINISHED: &str = r#"452-1["ask",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;

async fn impatient() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().upgrade_timeout(SHORT).ping_timeout(SHORT * 4))
        .await
}

#[tokio::test]
async fn attachments_that_do_not_come_in_time_close_the_connection() {
    let server = impatient().await;
    for sent in 0..2 {
        let mut ws = server.socket("/").await;
        let before = Instant::now();
        ws.send(UNFINISHED).await;
        for _ in 0..sent {
            ws.send_binary(&[7]).await;
        }
        ws.expect_closed().await;
        server.journal.expect("forced close").await;
        assert!(before.elapsed() >= SHORT * 4, "{sent} of 2 attachments");
    }
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling.send(&format!("{UNFINISHED}\x1ebBw==")).await;
    server.journal.expect("forced close").await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn each_packet_has_its_own_time_for_attachments() {
    let server = impatient().await;
    let mut complete = server.socket("/").await;
    let mut incomplete = server.socket("/").await;
    incomplete.send(UNFINISHED).await;
    for _ in 0..2 {
        complete.send(UNFINISHED).await;
        complete.send_binary(&[7]).await;
        complete.send_binary(&[8]).await;
        complete.expect(r#"462-1[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#).await;
        complete.expect_binary(&[7]).await;
        complete.expect_binary(&[8]).await;
    }
    server.journal.expect("forced close").await;
    complete.expect_nothing_more().await;
}

#[tokio::test]
async fn time_in_which_nothing_is_read_is_not_taken_from_attachments() {
    let turns = Turns::default();
    let server = TestServer::start(|builder| {
        let builder = builder.consumer::<Costly>().state(turns).incoming_bytes(100);
        builder.upgrade_timeout(SHORT).ping_timeout(SHORT)
    })
    .await;
    let mut ws = server.socket("/costly/1").await;
    ws.send(&format!(r#"42/costly/1,["wait","{}"]"#, "x".repeat(50))).await;
    server.journal.expect("waits").await;
    ws.send(r#"451-/costly/1,7["take","as much as the event before",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[7]).await;
    // Two of a client that can go on, one after the other, take longer than the first would have had.
    for _ in 0..2 {
        let mut other = server.socket("/costly/2").await;
        other.send(r#"451-/costly/2,["take","",{"_placeholder":true,"num":0}]"#).await;
        server.journal.expect("left").await;
    }
    server.gate.open("out");
    ws.expect("43/costly/1,7[]").await;
}
