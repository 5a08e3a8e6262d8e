//! Clients of Engine.IO 3: their bodies have lengths.

use sio_tests::{OldPolling, TestServer, ws::Received};

use super::{Seen, attacked, everything};

/// The text of a POST, and what is answered; `gone` if the session ends over it.
const TEXTS: &[(&str, &str, &str)] = &[
    ("an empty body", "", "400, gone"),
    ("no length", "42[\"ask\"]", "400, gone"),
    ("an empty length", ":2", "400, gone"),
    ("a length without a packet", "5:", "400, gone"),
    ("a length beyond the body", "10:42[\"ask\"]", "400, gone"),
    ("a length that leaves something", "8:42[\"ask\"]", "400, gone"),
    ("a length below zero", "-1:2", "400, gone"),
    ("a length with a sign", "+1:2", "400, gone"),
    ("a length of sixteen digits", "1111111111111111:2", "400, gone"),
    ("the longest length there can be", "999999999999999:2", "400, gone"),
    ("half a character", "2:4\u{1f600}", "400, gone"),
    ("an empty packet", "0:", "200, there"),
    ("a packet that is none", "1:x", "400, gone"),
    ("an open packet", "3:0{}", "400, gone"),
    ("base64 that is none", "5:b4***", "400, gone"),
    ("base64 of no message", "6:b9AAAA", "400, gone"),
    ("a pong, which is the server's to send", "1:3", "400, gone"),
    ("a close packet", "1:1", "200, gone"),
    ("a body of another revision", "4\x1e2", "400, gone"),
    ("a namespace that was never joined", "12:42/x,[\"ask\"]", "400, gone"),
    ("a second connect", "2:40", "400, gone"),
    ("an event that is none", "4:42{}", "400, gone"),
    ("eleven attachments", "11:4511-[\"ask\"]", "400, gone"),
];

/// The same of bytes.
const BYTES: &[(&str, &[u8], &str)] = &[
    ("no end of the length", b"\0\x01", "400, gone"),
    ("no digit", b"\0\xff2", "400, gone"),
    ("an unknown kind", b"\x02\x01\xff2", "400, gone"),
    ("a digit beyond nine", b"\0\x0a\xff2", "400, gone"),
    (
        "sixteen digits",
        b"\0\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\xff2",
        "400, gone",
    ),
    ("bytes beyond the body", b"\x01\x09\xff\x04", "400, gone"),
    ("bytes without a type", b"\x01\0\xff", "400, gone"),
    ("bytes of no message", b"\x01\x01\xff\x02", "400, gone"),
    ("bytes that nobody announced", b"\x01\x02\xff\x04x", "400, gone"),
    ("text that is not UTF-8", b"\0\x02\xff4\xff", "400, gone"),
    ("text as it is", b"42[\"ask\"]", "400, gone"),
];

async fn seen(server: &TestServer, body: Result<&str, &[u8]>) -> Seen {
    let mut client = OldPolling::open(server, "").await;
    client.expect("40").await;
    let answer = match body {
        Ok(text) => client.post(text).await,
        Err(bytes) => client.post_bytes(bytes).await,
    };
    let state = if client.post("1:2").await.status == 200 { "there" } else { "gone" };
    if state == "there" {
        client.post("1:1").await;
    }
    format!("{}, {state}", answer.status)
}

/// A client that pings without end, as only old ones may.
async fn pings(server: &TestServer, count: usize) -> Seen {
    let query = "EIO=3&transport=websocket";
    let mut ws = server.try_ws(query, &[]).await.expect("an old client is let in");
    for _ in 0..count {
        ws.send("2").await;
    }
    let mut pongs = 0;
    while pongs < count {
        match ws.receive().await {
            Received::Text(pong) if pong == "3" => pongs += 1,
            Received::Text(other) if other.starts_with(['0', '4']) => {}
            other => return format!("{other} after {pongs} pongs"),
        }
    }
    "each answered".to_owned()
}

#[test]
fn old_clients_that_break_the_rules_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        for (name, text, expected) in TEXTS {
            watch.attack(name, expected, seen(server, Ok(text))).await;
        }
        for (name, bytes, expected) in BYTES {
            watch.attack(name, expected, seen(server, Err(bytes))).await;
        }
        watch.attack("a thousand pings", "each answered", pings(server, 1000)).await;
    });
}
