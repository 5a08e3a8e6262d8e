//! Frames and packets over WebSocket.

use std::time::Duration;

use sio::Builder;
use sio::options::Recovery;
use sio_tests::{Frame, TestServer, app::Plain, frame, ws::Received};

use super::{Seen, attacked, everything};

/// Frames that break the rules of WebSocket.
fn frames() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let raw = |frames: &[Frame]| frames.iter().flat_map(Frame::encode).collect::<Vec<u8>>();
    let announced = |first: u8, length: u64| [&[first, 0xff][..], &length.to_be_bytes(), b"mask"].concat();
    vec![
        ("an unmasked frame", raw(&[Frame::text("2").unmasked()]), "closed 1002"),
        ("a reserved bit", raw(&[Frame::text("2").with_reserved(1)]), "closed 1002"),
        ("the bit of compression", raw(&[Frame::text("2").with_reserved(4)]), "closed 1002"),
        ("an unknown opcode", raw(&[Frame::new(3, "x")]), "closed 1002"),
        ("an unknown control opcode", raw(&[Frame::new(11, "x")]), "closed 1002"),
        ("a continuation of nothing", raw(&[Frame::continuation("x")]), "closed 1002"),
        (
            "a message inside a message",
            raw(&[Frame::text("4").unfinished(), Frame::text("2")]),
            "closed 1002",
        ),
        ("a ping in fragments", raw(&[Frame::new(frame::PING, "x").unfinished()]), "closed 1002"),
        ("a ping of 126 bytes", raw(&[Frame::new(frame::PING, vec![0; 126])]), "closed 1002"),
        ("a close frame of 126 bytes", raw(&[Frame::new(frame::CLOSE, vec![0; 126])]), "closed 1002"),
        ("half a close code", raw(&[Frame::new(frame::CLOSE, vec![3])]), "closed 1002"),
        ("a close code that nobody may send", raw(&[Frame::close(1006)]), "closed 1002"),
        (
            "a close reason that is no text",
            raw(&[Frame::new(frame::CLOSE, b"\x03\xe8\xff".to_vec())]),
            "closed 1007",
        ),
        ("text that is not UTF-8", raw(&[Frame::text(b"4\xff".to_vec())]), "closed 1007"),
        (
            "text in fragments that is not UTF-8",
            raw(&[Frame::text("4").unfinished(), Frame::continuation(b"\xff".to_vec())]),
            "closed 1007",
        ),
        ("a surrogate in UTF-8", raw(&[Frame::text(b"4\xed\xa0\x80".to_vec())]), "closed 1007"),
        ("a frame of a gigabyte, announced", announced(0x82, 1 << 30), "closed 1009"),
        ("a frame of 2^63 bytes, announced", announced(0x82, 1 << 63), "closed 1009"),
        ("a frame of 2^64 - 1 bytes, announced", announced(0x81, u64::MAX), "closed 1009"),
        ("a message one byte too long", raw(&[Frame::binary(vec![0; 1_000_001])]), "closed 1009"),
        (
            "fragments that are too long together",
            raw(&[Frame::text("4").unfinished(), Frame::continuation(vec![b'x'; 1_000_000])]),
            "closed 1009",
        ),
        (
            "many empty fragments",
            [
                raw(&[Frame::text("").unfinished()]),
                raw(&vec![Frame::continuation("").unfinished(); 5000]),
                raw(&[Frame::continuation("x")]),
            ]
            .concat(),
            "closed 1000",
        ),
        (
            "compressed text that was not agreed on",
            raw(&[Frame::text(b"\xf2\x48".to_vec()).with_reserved(4)]),
            "closed 1002",
        ),
        ("an HTTP request", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), "closed 1002"),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), "closed 1002"),
        ("zeros", vec![0; 4096], "closed 1002"),
        ("ones", vec![0xff; 4096], "closed 1002"),
    ]
}

/// Packets, each in a text frame of its own; what stands in angle brackets is a binary frame.
const PACKETS: &[(&str, &[&str], &str)] = &[
    ("a packet that is none", &["x"], "closed"),
    ("an empty packet", &[""], "closed"),
    ("an unknown packet type", &["9"], "closed"),
    ("an open packet of a client", &["0{}"], "closed"),
    ("an upgrade without a probe", &["5"], "open"),
    ("base64 that is none", &["b***"], "closed"),
    ("an unknown type of Socket.IO", &["49"], "closed"),
    ("an event that is no list", &["42{}"], "closed"),
    ("an event without a name", &["42[]"], "closed"),
    ("an event named by a number", &["42[1]"], "closed"),
    ("a reserved name", &[r#"42["connect"]"#], "closed"),
    ("a reserved name in disguise", &[r#"42["dis\u0063onnect"]"#], "closed"),
    ("an event that ends too early", &[r#"42["ask","#], "closed"),
    ("something behind an event", &[r#"42["ask"]]"#], "closed"),
    ("an id too large", &[r#"429007199254740992["ask"]"#], "closed"),
    (
        "an id of a thousand digits",
        &["4211111111111111111111111111111111111111111111111111111111[\"ask\"]"],
        "closed",
    ),
    ("eleven attachments", &[r#"4511-["ask"]"#], "closed"),
    ("more attachments than there are", &[r#"4518446744073709551616-["ask"]"#], "closed"),
    ("a placeholder without attachments", &[r#"450-["ask",{"_placeholder":true,"num":0}]"#], "closed"),
    ("a placeholder beyond the attachments", &[r#"451-["ask",{"_placeholder":true,"num":1}]"#], "closed"),
    (
        "one attachment many times",
        &[r#"451-["ask",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]"#],
        "closed",
    ),
    ("a negative placeholder", &[r#"451-["ask",{"_placeholder":true,"num":-1}]"#], "closed"),
    (
        "text where an attachment is due",
        &[r#"451-["ask",{"_placeholder":true,"num":0}]"#, r#"42["ask"]"#],
        "closed",
    ),
    ("an attachment that nobody announced", &["<x>"], "closed"),
    ("attachments of a connect", &["450-/x,{}"], "closed"),
    ("a namespace that was never joined", &[r#"42/other,["ask"]"#], "closed"),
    ("a leave of what was never joined", &["41/other,"], "closed"),
    ("two connects", &["40"], "closed"),
    ("a namespace that there is not", &["40/nowhere,"], r#"44/nowhere,{"message":"Invalid namespace"}"#),
    (
        "a namespace of strange letters",
        &["40/\u{202e}\u{0},"],
        "44/\u{202e}\u{0},{\"message\":\"Invalid namespace\"}",
    ),
    ("an answer to nothing", &["4399[1]"], "open"),
    ("an answer to nothing, again and again", &["431[1]", "431[1]", "431[1]"], "open"),
    ("an unknown event", &[r#"42["__proto__",{"constructor":{"prototype":1}}]"#], "open"),
    ("an event named by a control character", &["42[\"\\u0000\"]"], "open"),
    ("lone surrogates", &[r#"421["ask","\ud800"]"#], "431[\"\u{fffd}\"]"),
    ("a number too large for any type", &[r#"421["ask",1e999]"#], "answered with an error"),
    ("members that come twice", &[r#"421["ask",{"a":1,"a":2}]"#], r#"431[{"a":1,"a":2}]"#),
    (
        "the prototype of all objects",
        &[r#"421["ask",{"__proto__":{"a":1}}]"#],
        r#"431[{"__proto__":{"a":1}}]"#,
    ),
    ("a forged pid", &["41", r#"40{"pid":"BwcHBwcHBwcHBwcHBwcH","offset":"1"}"#], "joined anew"),
    ("a pid that is no id", &["41", r#"40{"pid":"../../etc/passwd","offset":"1"}"#], "joined anew"),
    (
        "an offset that is no number",
        &["41", r#"40{"pid":"BwcHBwcHBwcHBwcHBwcH","offset":"-1"}"#],
        "joined anew",
    ),
    ("an auth that is no object", &["41", "40[[[]]]"], "joined anew"),
    ("an auth that is no JSON", &["41", "40{x"], "closed"),
];

async fn seen(server: &TestServer, bytes: &[u8]) -> Seen {
    let mut ws = server.socket("/").await;
    ws.write(bytes).await;
    loop {
        match ws.receive().await {
            Received::Close(Some(code)) => break format!("closed {code}"),
            Received::Close(None) | Received::End => break "closed".to_owned(),
            Received::Pong(_) => {}
            other => break other.to_string(),
        }
    }
}

async fn seen_of_packets(server: &TestServer, packets: &[&str]) -> Seen {
    let mut ws = server.socket("/").await;
    for packet in packets {
        match packet.strip_prefix('<').and_then(|rest| rest.strip_suffix('>')) {
            Some(bytes) => ws.send_binary(bytes.as_bytes()).await,
            None => ws.send(packet).await,
        }
    }
    let mut seen = Vec::new();
    if packets[0] == "41" {
        // A client that sends before it was accepted is closed.
        seen.push(shown(ws.receive().await));
    }
    // If it is open it answers this, behind all else.
    ws.send(r#"42990["ask","end"]"#).await;
    while seen.last().is_none_or(|last| last != "closed") {
        match ws.receive().await {
            Received::Text(text) if text == r#"43990["end"]"# => break,
            other => seen.push(shown(other)),
        }
    }
    if seen.is_empty() { "open".to_owned() } else { seen.join(", ") }
}

fn shown(received: Received) -> Seen {
    match received {
        Received::Close(_) | Received::End => "closed".to_owned(),
        Received::Text(text) if text.starts_with("40{\"sid\"") && !text.contains("BwcH") => {
            "joined anew".to_owned()
        }
        Received::Text(text) if text.contains(r#""status":"error""#) => "answered with an error".to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn frames_that_break_the_rules_harm_nobody_else() {
    attacked(everything, async |server, watch| {
        for (name, bytes, expected) in frames() {
            watch.attack(name, expected, seen(server, &bytes)).await;
        }
    });
}

#[test]
fn packets_that_break_the_rules_harm_nobody_else() {
    let recovery = Recovery::default().max_disconnection(Duration::from_millis(200));
    let recovering = |builder: Builder| builder.consumer::<Plain>().connection_state_recovery(recovery);
    attacked(recovering, async |server, watch| {
        for (name, packets, expected) in PACKETS {
            watch.attack(name, expected, seen_of_packets(server, packets)).await;
        }
    });
}
