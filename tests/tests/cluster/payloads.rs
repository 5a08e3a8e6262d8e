//! The payload of an event, for clients of every kind: on another node they get, byte for byte, what clients of the
//! sender's own node get.

use serde_json::json;
use sio::Value;
use sio::error::EmitError;
use sio::options::Parser;
use sio::prelude::*;
use sio_tests::deadline::soon;
use sio_tests::frame::Frame;
use sio_tests::{OldPolling, Polling, Received, TestServer, Ws, app::Plain};

use crate::support::Trio;

/// Emits an event of every shape to everybody.
async fn emit_all(server: &Server) {
    let namespace = server.of("/");
    namespace.emit("none", &()).await.expect("no argument");
    namespace.emit("null", &Value::Null).await.expect("null");
    namespace.emit("list", &vec![1, 2]).await.expect("one list");
    namespace.emit("several", &(1, "two", [3.5], 9_007_199_254_740_992_u64)).await.expect("several");
    namespace.emit("ünï-cødé ✓", "🎉 \u{2028}\"\\\u{0}").await.expect("text");
    namespace.emit("bytes", &Binary::from(&b"\x00\xff"[..])).await.expect("bytes");
    let nested =
        (json!({ "a": 1 }), (Binary::from(b"x"), [Binary::from(b""), Binary::from(vec![7; 70_000])]));
    namespace.emit("nested", &nested).await.expect("nested bytes");
    namespace.emit("end", &()).await.expect("no argument");
}

/// How many messages that are, if bytes are messages of their own.
const MESSAGES: usize = 12;

/// The packets for a WebSocket client that has joined.
async fn received(client: &mut Ws, count: usize) -> Vec<Received> {
    let mut received = Vec::new();
    for _ in 0..count {
        received.push(client.receive().await);
    }
    received
}

#[tokio::test]
async fn clients_of_both_transports_get_what_they_get_of_their_own_node() {
    let trio = Trio::start(|builder| builder.consumer::<Plain>()).await;
    let mut here = trio.nodes[0].socket("/").await;
    let mut there = trio.nodes[1].socket("/").await;
    let mut polling = trio.nodes[2].polling().await;
    polling.join("/").await;
    emit_all(trio.server(0)).await;
    let expected = received(&mut here, MESSAGES).await;
    let texts = [
        r#"42["none"]"#,
        r#"42["null",null]"#,
        r#"42["list",[1,2]]"#,
        r#"42["several",1,"two",[3.5],9007199254740992]"#,
    ];
    for (received, text) in expected.iter().zip(texts) {
        assert_eq!(received.to_string(), text);
    }
    assert!(
        expected[5..7]
            == [
                Received::Text(r#"451-["bytes",{"_placeholder":true,"num":0}]"#.to_owned()),
                Received::Binary(b"\x00\xff".to_vec())
            ]
    );
    assert_eq!(expected[MESSAGES - 1].to_string(), r#"42["end"]"#);
    assert_eq!(received(&mut there, MESSAGES).await, expected);
    assert_eq!(polled(&mut polling).await, Vec::from_iter(expected.iter().map(as_polled)));
}

/// The packets that a polling client gets, up to the last.
async fn polled(client: &mut Polling) -> Vec<String> {
    let mut packets = Vec::new();
    while packets.last().is_none_or(|packet| packet != r#"42["end"]"#) {
        packets.push(client.next().await);
    }
    packets
}

/// A message as a polling client gets it.
fn as_polled(message: &Received) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    match message {
        Received::Binary(bytes) => format!("b{}", STANDARD.encode(bytes)),
        other => other.to_string(),
    }
}

#[tokio::test]
async fn clients_that_speak_messagepack_get_what_they_get_of_their_own_node() {
    const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";
    let trio = Trio::start(|builder| builder.consumer::<Plain>().parser(Parser::MessagePack)).await;
    let join = async |node: &TestServer| {
        let mut client = node.ws().await;
        client.send_frame(Frame::binary(CONNECT)).await;
        assert!(matches!(client.receive().await, Received::Binary(_)), "it has joined");
        client
    };
    let [mut here, mut there] = [join(&trio.nodes[0]).await, join(&trio.nodes[1]).await];
    emit_all(trio.server(0)).await;
    // One message for each event.
    let expected = received(&mut here, 8).await;
    assert_eq!(expected[0], Received::Binary(b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x91\xa4none".to_vec()));
    assert_eq!(received(&mut there, 8).await, expected);
}

#[tokio::test]
async fn clients_that_speak_messagepack_answer_questions_of_other_nodes() {
    const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";
    const QUESTION: &[u8] = b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa3ask\xc4\x02\x00\xff\xa2id";
    let trio = Trio::start(|builder| builder.consumer::<Plain>().parser(Parser::MessagePack)).await;
    let mut client = trio.nodes[1].ws().await;
    client.send_frame(Frame::binary(CONNECT)).await;
    assert!(matches!(client.receive().await, Received::Binary(_)), "it has joined");
    let question = Binary::from(&b"\x00\xff"[..]);
    let broadcast = trio.server(0).of("/").broadcast();
    let mut answers = broadcast.emit_with_ack::<Vec<Value>>("ask", &question).await.expect("it fits");
    let Received::Binary(asked) = client.receive().await else { panic!("a packet") };
    let id = asked.strip_prefix(QUESTION).unwrap_or_else(|| panic!("{}", asked.escape_ascii()));
    let answer = [&b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x91\x93\x07\xa3yes\xc0\xa2id"[..], id].concat();
    client.send_frame(Frame::binary(answer)).await;
    let (_, answer) = soon("the answer", answers.next()).await.expect("somebody was asked");
    assert_eq!(answer.expect("it has come"), [Value::from(7), Value::from("yes"), Value::Null]);
    assert!(answers.next().await.is_none() && answers.missing().is_empty());
}

#[tokio::test]
async fn clients_of_engine_io_3_get_what_they_get_of_their_own_node() {
    let trio = Trio::start(|builder| builder.consumer::<Plain>().allow_eio3(true)).await;
    let join = async |node: &TestServer| {
        let mut client = node.try_ws("EIO=3&transport=websocket", &[]).await.expect("it is let in");
        assert!(client.receive().await.to_string().starts_with('0'));
        client.expect("40").await;
        client
    };
    let [mut here, mut there] = [join(&trio.nodes[0]).await, join(&trio.nodes[1]).await];
    let mut polling = OldPolling::open(&trio.nodes[2], "").await;
    polling.expect("40").await;
    emit_all(trio.server(0)).await;
    let expected = received(&mut here, MESSAGES).await;
    // Bytes have the type of the packet in front.
    assert_eq!(expected[6], Received::Binary(b"\x04\x00\xff".to_vec()));
    assert_eq!(received(&mut there, MESSAGES).await, expected);
    for message in &expected[..5] {
        assert_eq!(polling.next().await, *message);
    }
}

#[tokio::test]
async fn an_event_that_is_too_large_for_other_nodes_reaches_nobody() {
    let trio = Trio::start(|builder| builder.consumer::<Plain>().outgoing_queue_bytes(64 << 20)).await;
    let [mut here, mut there] = [trio.nodes[0].socket("/").await, trio.nodes[1].socket("/").await];
    let large = "x".repeat(8 << 20);
    let server = trio.server(0);
    let error = server.emit("large", &large).await.expect_err("it is larger than a frame");
    assert!(matches!(error, EmitError::TooLarge { limit: 8_388_608, size } if size > 8 << 20), "{error}");
    let error = server.try_emit("large", &large).expect_err("it is larger than a frame");
    assert!(error.to_string().contains("8388608"), "{error}");
    let rooms: Vec<String> = (0..65_537).map(|number| number.to_string()).collect();
    let error = server.to(rooms).emit("many", &()).await.expect_err("more rooms than others accept");
    assert!(matches!(error, EmitError::TooManyRooms), "{error}");
    // Its own clients are another matter.
    server.local().emit("here", &()).await.expect("nobody else is meant");
    here.expect(r#"42["here"]"#).await;
    server.emit("end", &()).await.expect("a broadcast cannot fail");
    for client in [&mut here, &mut there] {
        client.expect(r#"42["end"]"#).await;
    }
}
