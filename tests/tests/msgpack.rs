//! MessagePack in place of JSON, byte for byte: what `socket.io-msgpack-parser` 3 sends and expects.

use std::sync::{Arc, Mutex};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::json;
use sio::Value;
use sio::options::Parser;
use sio::prelude::*;
use sio_tests::{
    Polling, Received, TestServer, Ws,
    app::{All, Plain},
    frame::Frame,
};

/// As JavaScript's client begins: no `data` where there is no auth payload.
const CONNECT: &[u8] = b"\x82\xa4type\x00\xa3nsp\xa1/";

/// The client's `["ask", 1]` with the id 7, and its answer.
const ASK: &[u8] = b"\x84\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa3ask\x01\xa2id\x07";
const ANSWER: &[u8] = b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x91\x01\xa2id\x07";

/// `/club`, where one has to be polite.
#[derive(Default)]
struct Club;

#[consumer(namespace = "/club")]
impl Club {
    async fn connect(&mut self, socket: &Socket, auth: Option<Value>) -> Result<(), ConnectError> {
        let Some(picture) = auth.as_ref().map(|auth| &auth["picture"]) else {
            return Err(ConnectError::new("no").with_data(json!({ "code": 401 })));
        };
        socket.emit("hi", picture).await?;
        Ok(())
    }

    async fn event_leave_me(&mut self, socket: &Socket) {
        socket.disconnect();
    }

    async fn event_all(&mut self, arguments: All) -> All {
        arguments
    }

    async fn event_handle(ack: Ack<(Binary, u8)>, how: String) -> sio::Result {
        match &*how {
            "send" => ack.send((Binary::from(b"x"), 1))?,
            "fail" => ack.fail(sio::Error::new("c", "m"))?,
            _ => {}
        }
        Ok(())
    }

    async fn event_odd(&mut self) -> (Binary, serde_json::Value) {
        odd()
    }
}

/// There are no placeholders on this wire: beside bytes, too, an object that looks like one is data.
fn odd() -> (Binary, serde_json::Value) {
    (Binary::from(b"x"), json!({ "_placeholder": true, "num": 0 }))
}

/// The same on the wire.
const ODD: &[u8] = b"\xc4\x01x\x82\xac_placeholder\xc3\xa3num\x00";

async fn server() -> TestServer {
    let configure = |builder: sio::Builder| builder.consumer::<Plain>().consumer::<Club>();
    TestServer::start(|builder| configure(builder).parser(Parser::MessagePack)).await
}

/// A packet with these members behind its type and namespace, and so many members in all.
fn packet(members: u8, kind: u8, namespace: &str, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x80 | members];
    packet.extend_from_slice(b"\xa4type");
    packet.push(kind);
    packet.extend_from_slice(b"\xa3nsp");
    packet.push(0xa0 | u8::try_from(namespace.len()).expect("a short name"));
    packet.extend_from_slice(namespace.as_bytes());
    packet.extend_from_slice(rest);
    packet
}

/// The socket's id in the answer to a CONNECT, all other bytes of which are known.
fn sid(answer: &[u8], namespace: &str) -> String {
    let (begin, sid) = answer.split_at(answer.len() - 20);
    assert_eq!(begin, packet(3, 0, namespace, b"\xa4data\x81\xa3sid\xb4"), "{answer:x?}");
    String::from_utf8(sid.to_vec()).expect("an id is a text")
}

async fn join(ws: &mut Ws, connect: &[u8], namespace: &str) -> String {
    ws.send_binary(connect).await;
    match ws.receive().await {
        Received::Binary(answer) => sid(&answer, namespace),
        other => panic!("joining {namespace} was answered {other}"),
    }
}

/// A WebSocket that has joined `/`, and the socket's id.
async fn joined(server: &TestServer) -> (Ws, String) {
    let mut ws = server.ws().await;
    let sid = join(&mut ws, CONNECT, "/").await;
    (ws, sid)
}

/// Expects that the server has nothing more for this client, and is still there.
async fn expect_nothing_more(ws: &mut Ws) {
    ws.send_binary(&packet(2, 0, "/nowhere", b"")).await;
    let refusal = b"\xa4data\x81\xa7message\xb1Invalid namespace";
    ws.expect_binary(&packet(3, 4, "/nowhere", refusal)).await;
}

/// A binary message as it stands in a polling body.
fn posted(message: &[u8]) -> String {
    format!("b{}", STANDARD.encode(message))
}

async fn polled(polling: &mut Polling) -> Vec<u8> {
    let packet = polling.next().await;
    STANDARD.decode(packet.strip_prefix('b').expect("the packet is binary")).expect("it is base64")
}

#[tokio::test]
async fn an_event_is_answered() {
    let server = server().await;
    let (mut ws, _) = joined(&server).await;
    ws.send_binary(ASK).await;
    ws.expect_binary(ANSWER).await;
    // Without an argument, and of one that nobody knows.
    ws.send_binary(&packet(4, 2, "/", b"\xa4data\x91\xa3ask\xa2id\x08")).await;
    ws.expect_binary(&packet(4, 3, "/", b"\xa4data\x90\xa2id\x08")).await;
    ws.send_binary(&packet(4, 2, "/", b"\xa2id\x09\xa4data\x91\xa2no")).await;
    let error = b"\xa4data\x91\x83\xa6status\xa5error\xa4code\xadunknown_event\
        \xa7message\xbdNo handler for the event \"no\"\xa2id\x09";
    ws.expect_binary(&packet(4, 3, "/", error)).await;
    expect_nothing_more(&mut ws).await;
}

#[tokio::test]
async fn bytes_stay_where_they_are_at_any_depth() {
    let server = server().await;
    let (mut ws, _) = joined(&server).await;
    // `{ "a": [bytes, [{ "b": bytes }]] }`, and bytes.
    let arguments = b"\x81\xa1a\x92\xc4\x02\x01\x02\x91\x81\xa1b\xc4\x00\xc4\x01\xff";
    let echo = [b"\xa4data\x93\xa4echo", &arguments[..]].concat();
    ws.send_binary(&packet(3, 2, "/", &echo)).await;
    ws.expect_binary(&packet(3, 2, "/", &[b"\xa4data\x93\xa6echoed", &arguments[..]].concat())).await;
    let ask = [b"\xa4data\x93\xa3ask", &arguments[..], b"\xa2id\x00"].concat();
    ws.send_binary(&packet(4, 2, "/", &ask)).await;
    ws.expect_binary(&packet(4, 3, "/", &[b"\xa4data\x92", &arguments[..], b"\xa2id\x00"].concat())).await;
}

#[tokio::test]
async fn the_server_asks_and_the_client_answers() {
    let server = server().await;
    let (mut ws, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let asking =
        tokio::spawn(async move { socket.emit_with_ack::<(Binary, Option<u64>)>("why", &(1, "x")).await });
    ws.expect_binary(&packet(4, 2, "/", b"\xa4data\x93\xa3why\x01\xa1x\xa2id\x00")).await;
    let answer = b"\xa4data\x92\xc4\x01\x07\xcf\x00\x20\x00\x00\x00\x00\x00\x01\xa2id\x00";
    ws.send_binary(&packet(4, 3, "/", answer)).await;
    let (bytes, number) = asking.await.unwrap().unwrap();
    assert_eq!(&bytes[..], [7]);
    assert_eq!(number, Some((1 << 53) + 1), "whole numbers are not rounded");
}

#[tokio::test]
async fn a_refusal_carries_message_and_data() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send_binary(&packet(2, 0, "/club", b"")).await;
    let refusal = b"\xa4data\x82\xa7message\xa2no\xa4data\x81\xa4code\xcd\x01\x91";
    ws.expect_binary(&packet(3, 4, "/club", refusal)).await;
    expect_nothing_more(&mut ws).await;
}

#[tokio::test]
async fn namespaces_share_a_connection_and_are_left_one_by_one() {
    let server = server().await;
    let (mut ws, _) = joined(&server).await;
    let auth = b"\xa4data\x81\xa7picture\xc4\x01\x05";
    join(&mut ws, &packet(3, 0, "/club", auth), "/club").await;
    // Events that were emitted during `connect` follow the answer.
    ws.expect_binary(&packet(3, 2, "/club", b"\xa4data\x92\xa2hi\xc4\x01\x05")).await;
    ws.send_binary(&packet(3, 2, "/club", b"\xa4data\x91\xa8leave_me")).await;
    ws.expect_binary(&packet(2, 1, "/club", b"")).await;
    // A late packet for it is ignored; the other namespace is still there, until the client leaves it.
    ws.send_binary(&packet(4, 2, "/club", b"\xa4data\x91\xa3all\xa2id\x01")).await;
    ws.send_binary(ASK).await;
    ws.expect_binary(ANSWER).await;
    ws.send_binary(&packet(2, 1, "/", b"")).await;
    server.journal.expect("client namespace disconnect").await;
    expect_nothing_more(&mut ws).await;
}

#[tokio::test]
async fn a_broadcast_is_the_same_on_every_transport() {
    let server = server().await;
    let (mut one, _) = joined(&server).await;
    let mut other = server.polling().await;
    other.send(&posted(CONNECT)).await;
    sid(&polled(&mut other).await, "/");
    server.of("/").emit("news", &(u64::MAX, 1.0, Binary::from(b"\x01"), None::<u8>)).await.unwrap();
    let data =
        b"\xa4data\x95\xa4news\xcf\xff\xff\xff\xff\xff\xff\xff\xff\xcb\x3f\xf0\0\0\0\0\0\0\xc4\x01\x01\xc0";
    one.expect_binary(&packet(3, 2, "/", data)).await;
    assert_eq!(polled(&mut other).await, packet(3, 2, "/", data));
}

#[tokio::test]
async fn a_client_may_begin_with_polling_and_move_on() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.send(&posted(CONNECT)).await;
    sid(&polled(&mut polling).await, "/");
    polling.send(&[posted(ASK), posted(ASK)].join("\u{1e}")).await;
    for _ in 0..2 {
        assert_eq!(polled(&mut polling).await, ANSWER);
    }

    let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    ws.send_binary(ASK).await;
    ws.expect_binary(ANSWER).await;
    server.of("/").emit("news", &1).await.unwrap();
    ws.expect_binary(&packet(3, 2, "/", b"\xa4data\x92\xa4news\x01")).await;
    expect_nothing_more(&mut ws).await;
}

/// The packet that comes instead of an answer.
async fn expect_let_go(server: &TestServer, ws: &mut Ws) {
    ws.expect_closed().await;
    server.journal.expect("forced close").await;
}

#[tokio::test]
async fn a_text_packet_ends_the_connection() {
    let server = server().await;
    for text in [r#"42["ask",1]"#, "40/club,", "41"] {
        let (mut ws, _) = joined(&server).await;
        ws.send(text).await;
        expect_let_go(&server, &mut ws).await;
    }
}

#[tokio::test]
async fn a_malformed_packet_ends_the_connection() {
    let server = server().await;
    let malformed: [&[u8]; 14] = [
        b"",
        b"\xc1",
        b"\x91\x01",
        b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data",  // ends too early
        &[ASK, b"\x01"].concat(),                 // goes on too long
        &packet(3, 5, "/", b"\xa4data\x91\xa1a"), // of a kind that there is not
        &packet(3, 4, "/", b"\xa4data\x81\xa7message\xa1a"), // of a kind that only servers send
        &packet(2, 0, "/", b""),                  // connected twice
        &packet(2, 2, "/", b""),                  // an event without a name
        &packet(3, 2, "/", b"\xa4data\x91\x01"),  // whose name is a number
        &packet(3, 2, "/", b"\xa4data\x91\xaadisconnect"), // whose name is Socket.IO's
        &packet(4, 2, "/", b"\xa4data\x91\xa1a\xa2id\xff"), // with an id below zero
        &packet(3, 2, "/", b"\xa4data\x92\xa1a\x81\x90\x01"), // with a key that is a list
        &packet(3, 2, "/club", b"\xa4data\x91\xa3all"), // for a namespace that was never joined
    ];
    for bytes in malformed {
        let (mut ws, _) = joined(&server).await;
        ws.send_binary(bytes).await;
        expect_let_go(&server, &mut ws).await;
    }
}

#[tokio::test]
async fn limits_hold() {
    let server = TestServer::start(|builder| {
        builder.consumer::<Plain>().parser(Parser::MessagePack).max_attachments(2).max_payload(4096)
    })
    .await;
    let ask =
        |argument: &[u8]| packet(4, 2, "/", &[b"\xa4data\x92\xa3ask", argument, b"\xa2id\x07"].concat());
    let (mut ws, _) = joined(&server).await;
    ws.send_binary(&ask(b"\x92\xc4\x00\xc4\x00")).await;
    ws.expect_binary(&packet(4, 3, "/", b"\xa4data\x91\x92\xc4\x00\xc4\x00\xa2id\x07")).await;
    ws.send_binary(&ask(b"\x93\xc4\x00\xc4\x00\xc4\x00")).await;
    expect_let_go(&server, &mut ws).await;

    // The list of the arguments is the first of 512 levels.
    let nested = |depth: usize| [vec![0x91; depth - 1], vec![0x90]].concat();
    let (mut ws, _) = joined(&server).await;
    ws.send_binary(&ask(&nested(511))).await;
    assert!(matches!(ws.receive().await, Received::Binary(_)));
    ws.send_binary(&ask(&nested(512))).await;
    expect_let_go(&server, &mut ws).await;

    let (mut ws, _) = joined(&server).await;
    ws.send_frame(Frame::binary(vec![0; 4097])).await;
    assert_eq!(ws.expect_closed().await, Some(1009));
    server.journal.expect("transport error").await;
}

#[tokio::test]
async fn an_object_that_looks_like_a_placeholder_is_sent_as_it_is() {
    let server = server().await;
    let (mut ws, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let odd = odd();
    socket.emit("a", &odd).await.unwrap();
    socket.try_emit("a", &odd).unwrap();
    server.of("/").emit("a", &odd).await.unwrap();
    for _ in 0..3 {
        let data = [b"\xa4data\x93\xa1a".as_slice(), ODD].concat();
        ws.expect_binary(&packet(3, 2, "/", &data)).await;
    }
    expect_nothing_more(&mut ws).await;
}

#[tokio::test]
async fn a_map_that_looks_like_a_placeholder_comes_back_as_it_was_sent() {
    let server = server().await;
    let mut ws = server.ws().await;
    let club = b"\x83\xa4type\x00\xa3nsp\xa5/club\xa4data\x81\xa7picture\xc4\x01x";
    join(&mut ws, club, "/club").await;
    ws.receive().await;
    for num in [0, 1, 99] {
        let look_alike = [b"\x82\xac_placeholder\xc3\xa3num", &[num][..]].concat();
        for arguments in [[&look_alike[..], b"\xc4\x01x"].concat(), [b"\xc4\x01x", &look_alike[..]].concat()]
        {
            let asked = [b"\xa4data\x93\xa3all", &arguments[..], b"\xa2id\x07"].concat();
            ws.send_binary(&packet(4, 2, "/club", &asked)).await;
            let answer = [b"\xa4data\x92", &arguments[..], b"\xa2id\x07"].concat();
            ws.expect_binary(&packet(4, 3, "/club", &answer)).await;
        }
    }
}

#[tokio::test]
async fn every_way_to_acknowledge_is_written() {
    let server = server().await;
    let mut ws = server.ws().await;
    join(&mut ws, &packet(3, 0, "/club", b"\xa4data\x81\xa7picture\x05"), "/club").await;
    ws.expect_binary(&packet(3, 2, "/club", b"\xa4data\x92\xa2hi\x05")).await;
    let failed = b"\x91\x83\xa6status\xa5error\xa4code\xa1c\xa7message\xa1m";
    for (how, answer) in
        [(&b"\xa4send"[..], &b"\x92\xc4\x01x\x01"[..]), (b"\xa4fail", failed), (b"\xa4drop", b"\x90")]
    {
        let ask = [b"\xa4data\x92\xa6handle", how, b"\xa2id\x01"].concat();
        ws.send_binary(&packet(4, 2, "/club", &ask)).await;
        ws.expect_binary(&packet(4, 3, "/club", &[b"\xa4data", answer, b"\xa2id\x01"].concat())).await;
    }
    ws.send_binary(&packet(4, 2, "/club", b"\xa4data\x91\xa3odd\xa2id\x02")).await;
    let answer = [b"\xa4data\x92".as_slice(), ODD, b"\xa2id\x02"].concat();
    ws.expect_binary(&packet(4, 3, "/club", &answer)).await;
}

#[tokio::test]
async fn listeners_hear_json() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&heard);
    let server = TestServer::start(|builder| {
        let (incoming, outgoing) = (Arc::clone(&notes), notes);
        builder
            .consumer::<Plain>()
            .parser(Parser::MessagePack)
            .on_incoming(move |_, _, args| incoming.lock().unwrap().push(args.raw().to_owned()))
            .on_outgoing(move |sent| outgoing.lock().unwrap().push(sent.json().to_owned()))
    })
    .await;
    let (mut ws, _) = joined(&server).await;
    ws.send_binary(&packet(3, 2, "/", b"\xa4data\x92\xa4echo\xc4\x01\x01")).await;
    ws.expect_binary(&packet(3, 2, "/", b"\xa4data\x92\xa6echoed\xc4\x01\x01")).await;
    let incoming = r#"["echo",{"_placeholder":true,"num":0 }]"#;
    // The space tells it from an object that only looks like it.
    let outgoing = r#"["echoed",{"_placeholder":true,"num":0 }]"#;
    let expected = [incoming, outgoing];
    assert_eq!(*heard.lock().unwrap(), expected);
}

#[tokio::test]
async fn a_server_that_speaks_json_takes_no_messagepack() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    ws.send_binary(CONNECT).await;
    expect_let_go(&server, &mut ws).await;
}

#[tokio::test]
async fn clients_that_come_back_get_what_they_missed_in_messagepack() {
    let recovery = sio::options::Recovery::default();
    let server = TestServer::start(|builder| {
        builder.parser(Parser::MessagePack).consumer::<Plain>().connection_state_recovery(recovery)
    })
    .await;
    let mut ws = Ws::open(&server).await;
    ws.send_binary(CONNECT).await;
    let Received::Binary(connect) = ws.receive().await else { panic!("CONNECT is binary") };
    // `{"sid": …, "pid": …}` are the last 50 bytes: two keys and two ids of 20 characters, each behind its length.
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("ids are ASCII");
    let (sid, pid) = (text(&connect[connect.len() - 45..connect.len() - 25]), &connect[connect.len() - 20..]);
    ws.close().await;
    let socket = async {
        while server.of("/").sockets().iter().any(|one| one.id().as_str() == sid) {
            tokio::task::yield_now().await;
        }
    };
    sio_tests::deadline::soon("the server to notice", socket).await;
    server.of("/").emit("news", &Binary::from(b"x")).await.expect("it can be sent");

    let mut ws = Ws::open(&server).await;
    let wish = [b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa3pid\xb4", pid].concat();
    ws.send_binary(&wish).await;
    ws.expect_binary(b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x93\xa4news\xc4\x01x\xa10").await;
    ws.expect_binary(&connect).await;
}

#[test]
fn clients_of_engine_io_3_have_no_messagepack() {
    let builder = Server::builder().collect(false).parser(Parser::MessagePack).allow_eio3(true);
    let problem = builder.build().expect_err("they cannot be served").to_string();
    assert!(problem.contains("allow_eio3"), "{problem}");
}
