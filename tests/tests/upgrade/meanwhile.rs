//! Packets that come while a client is between its transports.

use std::time::{Duration, Instant};

use sio::prelude::*;
use sio_tests::{Received, TestServer, app::Plain, deadline::settle};

use super::{joined, probed, server};

/// Emits at every stage; whatever the transport, each packet comes once and in its turn.
#[tokio::test]
async fn what_is_emitted_meanwhile_arrives_once_and_in_order() {
    let server = server().await;
    for polls_between in [false, true] {
        let (mut polling, sid) = joined(&server).await;
        let socket = server.socket_of("/", &sid);
        let emit = async |number: u32| {
            let bytes = Binary::from(vec![u8::try_from(number).expect("a small number")]);
            socket.emit("numbered", &(number, bytes)).await.expect("the client is there");
        };
        let mut received = Vec::new();
        emit(0).await;
        polling.begin_get().await;
        collect(&mut received, polling.end_get().await.text());
        polling.begin_get().await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        emit(1).await;
        ws.send("2probe").await;
        emit(2).await;
        ws.expect("3probe").await;
        collect(&mut received, polling.end_get().await.text());
        emit(3).await;
        if polls_between {
            collect(&mut received, polling.get().await.text());
            emit(4).await;
        }
        ws.send("5").await;
        emit(5).await;
        settle().await;
        emit(6).await;
        ws.send("40/nowhere,").await;
        loop {
            match ws.receive().await {
                Received::Text(text) if text.starts_with("44/nowhere") => break,
                Received::Text(text) => received.push(text),
                Received::Binary(bytes) => received.push(format!("{bytes:?}")),
                other => panic!("received {other}"),
            }
        }
        let numbers = (0..=6).filter(|number| polls_between || *number != 4);
        let expected: Vec<String> = numbers
            .flat_map(|number| {
                [
                    format!(r#"451-["numbered",{number},{{"_placeholder":true,"num":0}}]"#),
                    format!("[{number}]"),
                ]
            })
            .collect();
        assert_eq!(received, expected);
    }
}

/// The packets of a polling answer, attachments as a WebSocket would show them.
fn collect(received: &mut Vec<String>, body: &str) {
    for packet in body.split('\u{1e}').filter(|packet| *packet != "6") {
        received.push(match packet {
            "bAA==" => "[0]".into(),
            "bAQ==" => "[1]".into(),
            "bAg==" => "[2]".into(),
            "bAw==" => "[3]".into(),
            "bBA==" => "[4]".into(),
            text => text.into(),
        });
    }
}

#[tokio::test]
async fn a_poll_between_probe_and_upgrade_brings_what_is_queued() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let mut ws = probed(&server, &polling).await;
    polling.get().await.expect(200, "6");
    socket.emit("news", &1).await.expect("the client is there");
    polling.get().await.expect(200, r#"42["news",1]"#);
    polling.get().await.expect(200, "6");
    polling.send(r#"421["ask","posted"]"#).await;
    socket.emit("news", &2).await.expect("the client is there");
    polling.get().await.expect(200, "431[\"posted\"]\u{1e}42[\"news\",2]");
    socket.emit("news", &3).await.expect("the client is there");
    ws.send("5").await;
    ws.expect(r#"42["news",3]"#).await;
    ws.expect_nothing_more().await;
}

/// A packet that was queued when the probe came in is not held back by the noop that releases the GET.
#[tokio::test]
async fn a_client_that_never_completes_its_upgrade_misses_nothing() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let ws = probed(&server, &polling).await;
    for number in 0..50 {
        socket.emit("numbered", &number).await.expect("the client is there");
        polling.get().await.expect(200, &format!(r#"42["numbered",{number}]"#));
    }
    drop(ws);
    settle().await;
    socket.emit("numbered", &50).await.expect("the client is there");
    polling.expect(r#"42["numbered",50]"#).await;
    polling.expect_nothing_more().await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

/// Some clients poll on until the upgrade is complete, and would do nothing else.
#[tokio::test]
async fn a_client_that_polls_in_a_loop_is_slowed_down() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    for _ in 0..2 {
        let mut ws = probed(&server, &polling).await;
        let began = Instant::now();
        for _ in 0..20 {
            polling.get().await.expect(200, "6");
        }
        assert!(began.elapsed() >= Duration::from_secs(1));
        // The packets that there are come at once all the same.
        server.socket_of("/", &sid).emit("news", &1).await.expect("the client is there");
        polling.get().await.expect(200, r#"42["news",1]"#);
        ws.send("4no upgrade").await;
        ws.expect_closed().await;
    }
}

#[tokio::test]
async fn a_client_that_polls_during_its_upgrade_gets_the_ping() {
    let interval = Duration::from_millis(250);
    let server = TestServer::start(|builder| builder.consumer::<Plain>().ping_interval(interval)).await;
    let (mut polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    loop {
        match &*polling.next().await {
            "6" => {}
            packet => break assert_eq!(packet, "2"),
        }
    }
    polling.send("3").await;
    ws.send("5").await;
    ws.expect("2").await;
}

#[tokio::test]
async fn a_client_that_falls_silent_after_its_probe_stays_on_polling() {
    let server = TestServer::start(|builder| {
        builder
            .consumer::<Plain>()
            .ping_interval(Duration::from_millis(100))
            .ping_timeout(Duration::from_secs(1))
            .upgrade_timeout(Duration::from_secs(2))
    })
    .await;
    let (mut polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    ws.expect_closed().await;
    polling.expect("2").await;
    polling.send("3\u{1e}421[\"ask\",\"still here\"]").await;
    polling.expect(r#"431["still here"]"#).await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

/// As PHP's ElephantIO does it.
#[tokio::test]
async fn an_upgrade_needs_no_probe() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    polling.begin_get().await;
    let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    ws.send_all(&["5", r#"421["ask"]"#]).await;
    ws.expect("431[]").await;
    polling.end_get().await.expect(200, "6");
    assert_eq!(server.socket_of("/", &sid).transport(), sio::options::TransportKind::WebSocket);

    // No GET waits, and something is queued.
    let (polling, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    socket.emit("news", &1).await.expect("the client is there");
    ws.send("5").await;
    ws.expect(r#"42["news",1]"#).await;
    ws.expect_nothing_more().await;
    assert_eq!(server.journal.rest(), [""; 0]);
}
