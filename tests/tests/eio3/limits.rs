//! Limits: just enough is accepted, and one more is not.

use sio::prelude::*;
use sio_tests::{
    Received, Request, TestServer,
    old_polling::{item, texts},
};

use super::{open_ws, polling, server_with, ws};

/// Small enough to try every way around it.
const MAX: usize = 1_000;

async fn server() -> TestServer {
    server_with(|builder| builder.max_payload(MAX)).await
}

/// A packet that makes a question of exactly so many bytes.
fn question(length: usize) -> String {
    format!(r#"421["ask","{}"]"#, "x".repeat(length - r#"421["ask",""]"#.len()))
}

#[tokio::test]
async fn a_body_of_exactly_max_payload_passes() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let text = texts(&[&question(MAX - "996:".len())]);
    let bytes = item(0, question(MAX - "\0996:".len()).as_bytes());
    assert_eq!((text.len(), bytes.len()), (MAX, MAX));
    polling.post(text.clone()).await.expect(200, "ok");
    polling.post_bytes(bytes).await.expect(200, "ok");
    let chunked = Request::post(polling.target(), text).chunked();
    polling.request(&chunked).await.expect(200, "ok");
    for _ in 0..3 {
        assert!(matches!(polling.next().await, Received::Text(text) if text.starts_with("431[")));
    }
}

#[tokio::test]
async fn a_body_of_one_byte_more_is_413_and_ends_the_session() {
    for is_binary in [false, true] {
        for is_chunked in [false, true] {
            let server = server().await;
            let mut polling = polling(&server, "").await;
            let (content_type, body) = if is_binary {
                ("application/octet-stream", item(0, question(MAX + 1 - "\0996:".len()).as_bytes()))
            } else {
                ("text/plain", texts(&[&question(MAX + 1 - "996:".len())]).into_bytes())
            };
            assert_eq!(body.len(), MAX + 1);
            let request = Request::post_as(content_type, polling.target(), body);
            let request = if is_chunked { request.chunked() } else { request };
            assert_eq!(polling.request(&request).await.status, 413);
            server.journal.expect("transport error").await;
            polling.expect_gone().await;
        }
    }
}

#[tokio::test]
async fn a_websocket_message_of_exactly_max_payload_passes() {
    let server = server().await;
    let mut ws = ws(&server).await;
    ws.send(&question(MAX)).await;
    assert!(matches!(ws.receive().await, Received::Text(text) if text.starts_with("431[")));
    let bytes = [&[4][..], &[7; MAX - 1]].concat();
    ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&bytes).await;
    ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&bytes).await;
}

#[tokio::test]
async fn a_websocket_message_of_one_byte_more_closes_with_1009() {
    let server = server().await;
    let mut client = ws(&server).await;
    client.send(&question(MAX + 1)).await;
    assert_eq!(client.expect_closed().await, Some(1009));
    server.journal.expect("transport error").await;

    let mut client = ws(&server).await;
    client.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
    client.send_binary(&[4; MAX + 1]).await;
    assert_eq!(client.expect_closed().await, Some(1009));
    server.journal.expect("transport error").await;
}

#[tokio::test]
async fn an_answer_is_filled_up_to_max_payload_and_the_rest_waits_in_order() {
    let server = server_with(|builder| builder.max_payload(100)).await;
    for query in ["", "&b64=1"] {
        let mut polling = polling(&server, query).await;
        for number in 0..20_u8 {
            let bytes = Binary::from(vec![number; 10]);
            server.of("/").emit("news", &(number, bytes)).await.expect("a broadcast cannot fail");
        }
        for number in 0..20_u8 {
            let text = format!(r#"451-["news",{number},{{"_placeholder":true,"num":0}}]"#);
            polling.begin_get().await;
            let answer = polling.end_get().await;
            assert!(answer.body.len() <= 100, "{answer:?}");
            let packets = sio_tests::old_polling::decode(&answer);
            assert_eq!(packets[0], Received::Text(text));
            assert_eq!(packets.len(), 2, "the attachment comes with its event");
        }
        polling.send(&["1"]).await;
        server.journal.expect("transport close").await;
    }
}

#[tokio::test]
async fn an_answer_holds_at_most_so_many_packets() {
    let server = server_with(|builder| builder.polling_packets(16)).await;
    let mut polling = polling(&server, "").await;
    polling.send(&[r#"42["echo"]"#; 20]).await;
    polling.get().await.expect(200, &texts(&[r#"42["echoed"]"#; 16]));
    polling.get().await.expect(200, &texts(&[r#"42["echoed"]"#; 4]));
}

/// Bytes take more room on the wire than in the queue: nothing of that may stay behind when they have gone.
#[tokio::test]
async fn a_queue_that_was_emptied_has_all_its_room_again() {
    const BYTES: usize = 2_000;
    let server = server_with(|builder| builder.outgoing_queue_bytes(BYTES)).await;
    for query in ["", "&b64=1"] {
        let mut ws = open_ws(&server, query).await;
        ws.expect("40").await;
        let socket = server.of("/").sockets().into_iter().next().expect("the client has joined");
        for _ in 0..500 {
            // Nearly all of the queue, twice within it: it would not fit if anything were left over.
            for size in [BYTES / 2, BYTES / 4] {
                socket.try_emit("news", &Binary::from(vec![1; size])).expect("there is room");
            }
            for _ in 0..4 {
                ws.receive().await;
            }
        }
        ws.close().await;
        server.journal.expect("transport close").await;
    }
}
