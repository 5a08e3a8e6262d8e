//! From polling to WebSocket.

use std::time::Duration;

use sio::prelude::*;
use sio_tests::{OldPolling, Received, TestServer, Ws, deadline::settle, old_polling::decode};

use super::{nothing_more, polling, second_ws, server, server_with};

/// A second WebSocket of the session, its probe answered.
async fn probed(server: &TestServer, polling: &OldPolling, query: &str) -> Ws {
    let mut ws = second_ws(server, polling, query).await;
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws
}

fn socket(server: &TestServer) -> Socket {
    server.of("/").sockets().into_iter().next().expect("the client has joined")
}

#[tokio::test]
async fn the_socket_goes_on_over_websocket() {
    let server = server().await;
    let polling = polling(&server, "").await;
    let mut ws = probed(&server, &polling, "").await;
    ws.send_all(&["5", "2", r#"421["ask","over WebSocket"]"#]).await;
    ws.expect("3").await;
    ws.expect(r#"431["over WebSocket"]"#).await;
    assert_eq!(socket(&server).transport(), sio::options::TransportKind::WebSocket);
    nothing_more(&mut ws).await;
    assert_eq!(server.journal.rest(), [""; 0], "an upgrade is no disconnect");
}

#[tokio::test]
async fn a_pending_poll_is_released_with_a_noop() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    polling.begin_get().await;
    let mut ws = probed(&server, &polling, "").await;
    polling.end_get().await.expect(200, "1:6");
    polling.get().await.expect(200, "1:6");
    ws.send("5").await;
    nothing_more(&mut ws).await;
}

#[tokio::test]
async fn a_poll_between_probe_and_upgrade_brings_what_is_queued() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let mut ws = probed(&server, &polling, "").await;
    socket(&server).emit("news", &1).await.expect("the client is there");
    polling.send(&["2", r#"421["ask"]"#]).await;
    polling.get().await.expect(200, r#"12:42["news",1]1:35:431[]"#);
    polling.get().await.expect(200, "1:6");
    ws.send("5").await;
    nothing_more(&mut ws).await;
}

#[tokio::test]
async fn an_upgrade_needs_no_probe() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    polling.begin_get().await;
    let mut ws = second_ws(&server, &polling, "").await;
    ws.send_all(&["5", r#"421["ask"]"#]).await;
    ws.expect("431[]").await;
    polling.end_get().await.expect(200, "1:6");
}

#[tokio::test]
async fn a_client_that_is_disconnected_after_its_probe_is_told_over_websocket() {
    let server = server().await;
    let polling = polling(&server, "").await;
    let mut ws = probed(&server, &polling, "").await;
    socket(&server).disconnect_all();
    server.journal.expect("server namespace disconnect").await;
    ws.send("5").await;
    ws.expect("41").await;
    assert_eq!(ws.expect_closed().await, Some(1000));
}

/// Their pings go one way only, and are waited for no less.
#[tokio::test]
async fn a_client_that_falls_silent_after_its_probe_stays_on_polling() {
    let server = server_with(|builder| {
        builder
            .ping_interval(Duration::from_millis(500))
            .ping_timeout(Duration::from_millis(700))
            .upgrade_timeout(Duration::from_secs(2))
    })
    .await;
    let mut polling = polling(&server, "").await;
    let mut ws = probed(&server, &polling, "").await;
    ws.expect_closed().await;
    polling.send(&["2", r#"421["ask"]"#]).await;
    polling.expect("3").await;
    polling.expect("431[]").await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

/// In Node.js a client asks for base64 on polling, and not on the WebSocket that follows.
#[tokio::test]
async fn each_transport_says_for_itself_whether_it_can_take_bytes() {
    let server = server().await;
    for (first, second) in [("&b64=1", ""), ("", "&b64=1")] {
        let polling = polling(&server, first).await;
        socket(&server).emit("news", &Binary::from(vec![1, 2])).await.expect("the client is there");
        let mut ws = probed(&server, &polling, second).await;
        ws.send("5").await;
        ws.expect(r#"451-["news",{"_placeholder":true,"num":0}]"#).await;
        if second.is_empty() {
            ws.expect_binary(&[4, 1, 2]).await;
        } else {
            ws.expect("b4AQI=").await;
        }
        ws.close().await;
        server.journal.expect("transport close").await;
    }
}

#[tokio::test]
async fn a_probe_that_is_none_leaves_the_session_on_polling() {
    let server = server().await;
    for first in ["2", "3probe", r#"421["ask"]"#, "x", "1"] {
        let mut polling = polling(&server, "").await;
        let mut ws = second_ws(&server, &polling, "").await;
        ws.send(first).await;
        ws.expect_closed().await;
        polling.send(&["2", r#"421["ask","polled"]"#]).await;
        polling.expect("3").await;
        polling.expect(r#"431["polled"]"#).await;
    }
}

#[tokio::test]
async fn a_probe_that_takes_too_long_leaves_the_session_on_polling() {
    let server = server_with(|builder| builder.upgrade_timeout(Duration::from_millis(100))).await;
    let mut polling = polling(&server, "").await;
    let mut ws = probed(&server, &polling, "").await;
    ws.expect_closed().await;
    polling.send(&[r#"421["ask"]"#]).await;
    polling.expect("431[]").await;
}

/// Emits at every stage; whatever the transport, each packet comes once and in its turn.
#[tokio::test]
async fn what_is_emitted_meanwhile_arrives_once_and_in_order() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let socket = socket(&server);
    let emit = async |number: u8| {
        let numbered = (number, Binary::from(vec![number]));
        socket.emit("numbered", &numbered).await.expect("the client is there");
    };
    let mut received = Vec::new();
    emit(0).await;
    received.extend(decode(&polling.get().await));
    polling.begin_get().await;
    let mut ws = second_ws(&server, &polling, "").await;
    emit(1).await;
    ws.send("2probe").await;
    emit(2).await;
    ws.expect("3probe").await;
    received.extend(decode(&polling.end_get().await));
    emit(3).await;
    received.extend(decode(&polling.get().await));
    emit(4).await;
    ws.send("5").await;
    emit(5).await;
    settle().await;
    emit(6).await;
    finish(&mut ws, &mut received).await;
    assert_eq!(received, numbered(7));
}

/// A thousand events while the transport changes, and a thousand of the client's own.
#[tokio::test]
async fn nothing_is_lost_doubled_or_reordered_under_load() {
    const EVENTS: u32 = 1_000;
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let socket = socket(&server);
    let emitting = tokio::spawn(async move {
        for number in 0..EVENTS {
            let byte = u8::try_from(number % 256).expect("it is less than 256");
            socket.emit("numbered", &(byte, Binary::from(vec![byte]))).await.expect("the client is there");
            tokio::task::yield_now().await;
        }
    });
    let (mut received, mut sent) = (Vec::new(), 0);
    while received.len() < 200 {
        polling.send(&[&format!(r#"42["echo",{sent}]"#)]).await;
        sent += 1;
        received.extend(decode(&polling.get().await));
    }
    polling.begin_get().await;
    let mut ws = second_ws(&server, &polling, "").await;
    ws.send("2probe").await;
    polling.send(&[&format!(r#"42["echo",{sent}]"#)]).await;
    sent += 1;
    ws.expect("3probe").await;
    received.extend(decode(&polling.end_get().await));
    ws.send("5").await;
    while sent < EVENTS {
        ws.send(&format!(r#"42["echo",{sent}]"#)).await;
        sent += 1;
    }
    emitting.await.expect("no panic");
    finish(&mut ws, &mut received).await;

    let is_echo =
        |packet: &Received| matches!(packet, Received::Text(text) if text.starts_with(r#"42["echoed""#));
    let (echoes, numbers): (Vec<_>, Vec<_>) = received.into_iter().partition(is_echo);
    let echoed = (0..EVENTS).map(|number| Received::Text(format!(r#"42["echoed",{number}]"#)));
    assert!(echoes.into_iter().eq(echoed), "every echo once and in its turn");
    assert_eq!(numbers, numbered(EVENTS));
}

/// The first events as a client gets them, without the type before bytes.
fn numbered(count: u32) -> Vec<Received> {
    let numbers = (0..count).map(|number| u8::try_from(number % 256).expect("it is less than 256"));
    numbers
        .flat_map(|number| {
            let text = format!(r#"451-["numbered",{number},{{"_placeholder":true,"num":0}}]"#);
            [Received::Text(text), Received::Binary(vec![number])]
        })
        .collect()
}

/// Reads all that the server has, and leaves out what is not Socket.IO.
async fn finish(ws: &mut Ws, received: &mut Vec<Received>) {
    ws.send(r#"421["ask","the end"]"#).await;
    loop {
        match ws.receive().await {
            Received::Text(text) if text == r#"431["the end"]"# => break,
            Received::Binary(bytes) => {
                assert_eq!(bytes[0], 4, "only messages are binary");
                received.push(Received::Binary(bytes[1..].to_vec()));
            }
            packet @ Received::Text(_) => received.push(packet),
            other => panic!("received {other}"),
        }
    }
    received.retain(|packet| *packet != Received::Text("6".into()));
}
