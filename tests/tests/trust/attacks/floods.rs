//! Much at once, and nothing at all.

use sio_tests::{Frame, Http, TestServer, frame, ws::Received};
use tokio::io::AsyncWriteExt as _;

use super::{Seen, Victim, attack, is_as_before, server};

/// Frames that are sent again and again, and are not read; `closed` or `left` by the attacker.
fn floods() -> Vec<(&'static str, Vec<u8>, usize)> {
    let deep = format!("421[\"ask\",{}{}]", "[".repeat(50_000), "]".repeat(50_000));
    vec![
        ("pings of WebSocket", Frame::new(frame::PING, "x").encode(), 50_000),
        ("pongs of WebSocket", Frame::new(frame::PONG, "x").encode(), 50_000),
        ("pings of Engine.IO", Frame::text("2probe").encode(), 20_000),
        ("noops", Frame::text("6").encode(), 50_000),
        ("questions", Frame::text(r#"421["ask","x"]"#).encode(), 20_000),
        ("unknown events with a question", Frame::text(r#"421["nothing"]"#).encode(), 20_000),
        ("unknown namespaces", Frame::text("40/nowhere,").encode(), 20_000),
        ("joining and leaving", [Frame::text("41").encode(), Frame::text("40").encode()].concat(), 5_000),
        ("answers to nothing", Frame::text("431[]").encode(), 50_000),
        ("large answers", Frame::text(format!(r#"421["ask","{}"]"#, "x".repeat(100_000))).encode(), 200),
        ("deep nesting", Frame::text(deep).encode(), 40),
        ("many small numbers", Frame::text(format!(r#"421["ask",[{}0]]"#, "0,".repeat(50_000))).encode(), 40),
        ("escapes", Frame::text(format!(r#"421["ask","{}"]"#, r"\u0041".repeat(15_000))).encode(), 40),
        ("unfinished attachments", Frame::text(r#"451-["ask",{"_placeholder":true,"num":0}]"#).encode(), 1),
    ]
}

/// Writes for as long as the server reads, and leaves.
async fn flood(server: &TestServer, frame: &[u8], times: usize) -> Seen {
    let mut stream = server.socket("/").await.into_stream();
    let all = frame.repeat(times);
    let written = tokio::time::timeout(std::time::Duration::from_millis(500), stream.write_all(&all)).await;
    drop(written);
    "left".to_owned()
}

/// Begins something on many connections, and ends none of it.
async fn begin(server: &TestServer, bytes: &[u8], times: usize) -> Seen {
    let mut connections = Vec::new();
    for _ in 0..times {
        let mut http = Http::open(server.address).await;
        http.send_raw(bytes).await;
        connections.push(http);
    }
    "left".to_owned()
}

/// Sessions that are opened and never used again.
async fn abandon(server: &TestServer, times: usize) -> Seen {
    let mut http = server.http().await;
    for _ in 0..times {
        let request = sio_tests::Request::get(server.target("EIO=4&transport=polling"));
        assert_eq!(http.exchange(&request).await.status, 200);
    }
    "left".to_owned()
}

async fn one_more_is_let_in(server: &TestServer) -> Seen {
    let mut ws = server.socket("/").await;
    ws.send(r#"421["ask"]"#).await;
    match ws.receive().await {
        Received::Text(text) => text,
        other => other.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_harm_nobody_else() {
    let server = server().await;
    let (mut victim, mut wrong) = (Victim::of(&server).await, Vec::new());
    for (name, frame, times) in floods() {
        wrong.extend(attack(&mut victim, name, "left", flood(&server, &frame, times)).await);
    }
    for (name, bytes) in [
        ("connections that say nothing", &b""[..]),
        ("requests that are never finished", b"GET /socket.io/?EIO=4"),
        ("bodies that are never finished", b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\nx"),
    ] {
        wrong.extend(attack(&mut victim, name, "left", begin(&server, bytes, 100)).await);
    }
    wrong.extend(attack(&mut victim, "one more client", "431[]", one_more_is_let_in(&server)).await);
    is_as_before(&server, victim, wrong).await;
}

#[tokio::test]
async fn sessions_that_are_abandoned_end_by_themselves() {
    let server = TestServer::start(|builder| {
        let short = std::time::Duration::from_millis(300);
        builder
            .consumer::<sio_tests::app::Plain>()
            .ping_interval(short)
            .ping_timeout(short)
            .connect_timeout(short)
    })
    .await;
    let (mut victim, mut wrong) = (Victim::of(&server).await, Vec::new());
    wrong.extend(attack(&mut victim, "two thousand sessions", "left", abandon(&server, 2000)).await);
    is_as_before(&server, victim, wrong).await;
}
