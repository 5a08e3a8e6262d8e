//! Much at once, and nothing at all.

use std::fs;
use std::time::Duration;

use sio::Builder;
use sio_tests::app::Plain;
use sio_tests::{Frame, Http, TestServer, frame, ws::Received};
use tokio::io::AsyncWriteExt as _;

use super::{Seen, attacked, everything};

/// How many packets one POST may hold.
const MAX_PACKETS: usize = 16 * 1024;

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
        ("fragments of no bytes", Frame::continuation("").unfinished().encode(), 200_000),
        (
            "events for a namespace that was left",
            [Frame::text("41").encode(), Frame::text(r#"42["ask"]"#).encode()].concat(),
            1,
        ),
        ("a thousand namespaces", namespaces(1000), 1),
        ("ids at the limit", Frame::text(r#"429007199254740991["ask","x"]"#).encode(), 20_000),
        ("long names", Frame::text(format!(r#"421["{}"]"#, "n".repeat(100_000))).encode(), 100),
        ("unfinished attachments", Frame::text(r#"451-["ask",{"_placeholder":true,"num":0}]"#).encode(), 1),
    ]
}

/// CONNECTs to namespaces that there are not, and some that there are by a pattern.
fn namespaces(count: usize) -> Vec<u8> {
    (0..count).flat_map(|number| Frame::text(format!("40/room/{number},")).encode()).collect()
}

/// Writes for as long as the server reads, and leaves.
async fn flood(server: &TestServer, frame: &[u8], times: usize) -> Seen {
    let mut ws = server.socket("/").await;
    if frame.first() == Some(&0) {
        // The first of the fragments.
        ws.send_frame(Frame::text("").unfinished()).await;
    }
    let mut stream = ws.into_stream();
    let all = frame.repeat(times);
    let written = tokio::time::timeout(Duration::from_millis(60), stream.write_all(&all)).await;
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

/// Asks for a large file on many connections, and reads none of it.
async fn fetch(server: &TestServer, times: usize) -> Seen {
    begin(server, b"GET /large/file HTTP/1.1\r\nHost: a\r\n\r\n", times).await
}

/// Packets by one POST.
async fn small_packets(server: &TestServer, packet: &str, count: usize) -> Seen {
    let mut polling = server.polling().await;
    polling.join("/").await;
    let body = vec![packet; count].join("\x1e");
    let status = polling.post(body).await.status;
    polling.post("1").await;
    status.to_string()
}

/// Comes and goes by polling, without ever being let in to a namespace.
async fn come_and_go(server: &TestServer, times: usize) -> Seen {
    for _ in 0..times {
        server.polling().await.post("1").await;
    }
    "left".to_owned()
}

#[test]
fn floods_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        for (name, frame, times) in floods() {
            watch.attack(name, "left", flood(server, &frame, times)).await;
        }
        for (name, bytes) in [
            ("connections that say nothing", &b""[..]),
            ("requests that are never finished", b"GET /socket.io/?EIO=4"),
            ("headers that are never finished", b"GET /socket.io/?EIO=4 HTTP/1.1\r\nHost: a\r\nX: y\r\n"),
            ("bodies that are never finished", b"POST /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\nx"),
        ] {
            watch.attack(name, "left", begin(server, bytes, 100)).await;
        }
        let event = r#"42["nothing"]"#;
        for (name, packet, count, expected) in [
            ("as many noops as a POST may hold", "6", MAX_PACKETS, "200"),
            ("one noop more", "6", MAX_PACKETS + 1, "400"),
            ("as many events as a POST may hold", event, MAX_PACKETS, "200"),
            ("all the noops that fit into a POST", "6", 500_000, "400"),
        ] {
            watch.attack(name, expected, small_packets(server, packet, count)).await;
        }
        watch.attack("coming and going", "left", come_and_go(server, 20)).await;
        watch.attack("one more client", "431[]", one_more_is_let_in(server)).await;
    });
}

#[test]
fn a_large_file_that_nobody_reads_harms_nobody_else() {
    let folder = std::env::temp_dir().join(format!("sio-attack-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder can be made");
    fs::write(folder.join("file"), vec![b'x'; 16 << 20]).expect("a file can be written");
    let serving = |builder: Builder| builder.consumer::<Plain>().static_files("/large", folder.clone());
    attacked(serving, async |server, watch| {
        watch.attack("a large file, fifty times", "left", fetch(server, 50)).await;
    });
    fs::remove_dir_all(&folder).expect("it is there");
}

#[test]
fn sessions_that_are_abandoned_end_by_themselves() {
    let hasty = |builder: Builder| {
        let short = Duration::from_millis(300);
        builder.consumer::<Plain>().ping_interval(short).ping_timeout(short).connect_timeout(short)
    };
    attacked(hasty, async |server, watch| {
        watch.attack("a thousand sessions", "left", abandon(server, 1000)).await;
    });
}
