//! Packets in MessagePack.

use sio::Builder;
use sio::options::Parser;
use sio_tests::{Endpoint, TestServer, Ws, app::Plain, ws::Received};

use super::{Seen, Speech, attacked_beside};

/// As JavaScript's client begins.
const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";

/// `["ask", 1]` with the id 7, and its answer.
pub(super) const ASK: &[u8] = b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa3ask\x01\xa2id\x07";
pub(super) const ANSWER: &[u8] = b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x91\x01\xa2id\x07";

/// The members behind the type and the namespace of an event, and the outcome.
const EVENTS: &[(&str, &[u8], &str)] = &[
    ("no data", b"", "closed"),
    ("data that is no list", b"\xa4data\x01", "closed"),
    ("an event without a name", b"\xa4data\x90", "closed"),
    ("an event named by a number", b"\xa4data\x91\x01", "closed"),
    ("an event named by bytes", b"\xa4data\x91\xc4\x03ask", "closed"),
    ("a reserved name", b"\xa4data\x91\xa7connect", "closed"),
    ("an id below zero", b"\xa4data\x91\xa3ask\xa2id\xff", "closed"),
    ("an id that is too large", b"\xa4data\x91\xa3ask\xa2id\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "closed"),
    ("an id that is a text", b"\xa4data\x91\xa3ask\xa2id\xa17", "closed"),
    ("data twice", b"\xa4data\x91\xa3ask\xa4data\x91\xa3ask", "open"),
    ("a list of four billion", b"\xa4data\xdd\xff\xff\xff\xff\xa3ask", "closed"),
    ("a map of four billion", b"\xa4data\x92\xa3ask\xdf\xff\xff\xff\xff", "closed"),
    ("a text of four gigabytes", b"\xa4data\x92\xa3ask\xdb\xff\xff\xff\xffx", "closed"),
    ("bytes of four gigabytes", b"\xa4data\x92\xa3ask\xc6\xff\xff\xff\xffx", "closed"),
    ("an extension of four gigabytes", b"\xa4data\x92\xa3ask\xc9\xff\xff\xff\xff\x01", "closed"),
    ("the byte that means nothing", b"\xa4data\x92\xa3ask\xc1", "closed"),
    ("a text that is not UTF-8", b"\xa4data\x92\xa3ask\xa1\xff", "open"),
    ("a map with lists as keys", b"\xa4data\x92\xa3ask\x81\x90\x01", "closed"),
    ("attachments that are never sent", b"\xa4data\x91\xa3ask\xabattachments\x05", "open"),
    ("an unknown extension", b"\xa4data\x92\xa3ask\xd4\x63\x01", "open"),
    (
        "a time without end",
        b"\xa4data\x92\xa3ask\xc7\x0c\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        "open",
    ),
    ("no number", b"\xa4data\x92\xa3ask\xcb\x7f\xf8\x00\x00\x00\x00\x00\x00", "open"),
    ("a placeholder", b"\xa4data\x92\xa3ask\x82\xac_placeholder\xc3\xa3num\x7f", "open"),
    ("the prototype of all objects", b"\xa4data\x92\xa3ask\x81\xa9__proto__\x81\xa1a\x01", "open"),
];

/// Whole messages.
fn messages() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let deep = |depth: usize| [&event(b"\xa4data\x92\xa3ask")[..], &vec![0x91; depth], b"\x01"].concat();
    vec![
        ("nothing", Vec::new(), "closed"),
        ("no map", b"\x91\x01".to_vec(), "closed"),
        ("an empty map", b"\x80".to_vec(), "closed"),
        ("an unknown type", b"\x82\xa4type\x09\xa3nsp\xa1/".to_vec(), "closed"),
        ("a type below zero", b"\x82\xa4type\xff\xa3nsp\xa1/".to_vec(), "closed"),
        ("a namespace that is a number", b"\x82\xa4type\x00\xa3nsp\x01".to_vec(), "closed"),
        ("a packet of the server", b"\x83\xa4type\x04\xa3nsp\xa1/\xa4data\xa1x".to_vec(), "closed"),
        ("a second connect", CONNECT.to_vec(), "closed"),
        ("something behind a packet", [ASK, b"\x01"].concat(), "closed"),
        ("half a packet", ASK[..ASK.len() / 2].to_vec(), "closed"),
        ("lists a million deep", deep(900_000), "closed"),
        ("zeros", vec![0; 4096], "closed"),
        ("ones", vec![0xff; 4096], "closed"),
        ("JSON", br#"42["ask"]"#.to_vec(), "closed"),
    ]
}

/// The beginning of an event of as many members as `rest` has, which all have four letters or fewer before them.
fn event(rest: &[u8]) -> Vec<u8> {
    let names: [&[u8]; 3] = [b"\xa4data", b"\xa2id", b"\xabattachments"];
    let members: usize =
        names.iter().map(|name| rest.windows(name.len()).filter(|part| part == name).count()).sum();
    let head = 0x82 + u8::try_from(members).expect("a few members");
    [&[head], &b"\xa4type\x02\xa3nsp\xa1/"[..], rest].concat()
}

/// A WebSocket that has joined `/`.
pub(super) async fn joined(endpoint: &Endpoint) -> Ws {
    let mut ws = endpoint.ws().await;
    ws.send_binary(CONNECT).await;
    match ws.receive().await {
        Received::Binary(_) => ws,
        other => panic!("joining was answered {other}"),
    }
}

async fn seen(server: &TestServer, message: &[u8]) -> Seen {
    let mut ws = joined(server).await;
    ws.send_binary(message).await;
    ws.send_binary(ASK).await;
    match ws.receive().await {
        Received::Binary(answer) if answer == ANSWER => "open".to_owned(),
        Received::Close(_) | Received::End => "closed".to_owned(),
        other => other.to_string(),
    }
}

async fn seen_of_text(server: &TestServer, text: &str) -> Seen {
    let mut ws = joined(server).await;
    ws.send(text).await;
    match ws.receive().await {
        Received::Close(_) | Received::End => "closed".to_owned(),
        other => other.to_string(),
    }
}

#[test]
fn messages_in_messagepack_that_break_the_rules_harm_nobody_else() {
    let packed = |builder: Builder| builder.consumer::<Plain>().parser(Parser::MessagePack);
    attacked_beside(Speech::MessagePack, packed, async |server, watch| {
        for (name, rest, expected) in EVENTS {
            watch.attack(name, expected, seen(server, &event(rest))).await;
        }
        for (name, message, expected) in messages() {
            watch.attack(name, expected, seen(server, &message)).await;
        }
        let text = seen_of_text(server, r#"42["ask"]"#);
        watch.attack("text in place of MessagePack", "closed", text).await;
    });
}
