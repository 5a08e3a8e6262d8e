//! BEHAVIOUR §4 and §7: WebSocket as RFC 6455 has it.

#[path = "websocket/deflate.rs"]
mod deflate;
#[path = "websocket/webtransport/mod.rs"]
mod webtransport;

use sio::prelude::*;
use sio_tests::{Endpoint, Frame, Received, Request, TestServer, Ws, app::Plain, frame};

async fn joined() -> (TestServer, Ws) {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let ws = server.socket("/").await;
    (server, ws)
}

#[tokio::test]
async fn a_message_may_come_in_fragments() {
    let (_server, mut ws) = joined().await;
    ws.send_frame(Frame::text(r#"421["a"#).unfinished()).await;
    ws.send_frame(Frame::continuation("").unfinished()).await;
    ws.send_frame(Frame::continuation(r#"sk","#).unfinished()).await;
    ws.send_frame(Frame::continuation("1]")).await;
    ws.expect("431[1]").await;
}

#[tokio::test]
async fn an_attachment_may_come_in_fragments() {
    let (_server, mut ws) = joined().await;
    ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
    ws.send_frame(Frame::binary([1, 2]).unfinished()).await;
    ws.send_frame(Frame::continuation([3])).await;
    ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[1, 2, 3]).await;
}

#[tokio::test]
async fn a_character_may_be_cut_by_a_fragment() {
    let (_server, mut ws) = joined().await;
    ws.send_frame(Frame::text(b"421[\"ask\",\"\xe2\x82".as_slice()).unfinished()).await;
    ws.send_frame(Frame::continuation(b"\xac\"]".as_slice())).await;
    ws.expect(r#"431["€"]"#).await;
}

#[tokio::test]
async fn control_frames_may_stand_between_fragments() {
    let (_server, mut ws) = joined().await;
    ws.send_frame(Frame::text(r#"421["ask","#).unfinished()).await;
    ws.send_frame(Frame::new(frame::PING, "here?")).await;
    ws.send_frame(Frame::new(frame::PONG, "unasked")).await;
    assert_eq!(ws.receive().await, Received::Pong(b"here?".to_vec()));
    ws.send_frame(Frame::continuation("1]")).await;
    ws.expect("431[1]").await;
}

#[tokio::test]
async fn a_websocket_ping_is_answered_with_its_payload() {
    let (_server, mut ws) = joined().await;
    for payload in [b"".as_slice(), b"ping", &[0xff; 125]] {
        ws.send_frame(Frame::new(frame::PING, payload)).await;
        assert_eq!(ws.receive().await, Received::Pong(payload.to_vec()));
    }
}

#[tokio::test]
async fn an_unasked_pong_is_ignored() {
    let (_server, mut ws) = joined().await;
    ws.send_frame(Frame::new(frame::PONG, "hello")).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn frames_may_arrive_byte_by_byte_and_many_at_once() {
    let (_server, mut ws) = joined().await;
    for byte in Frame::text(r#"421["ask",1]"#).encode() {
        ws.write(&[byte]).await;
        tokio::task::yield_now().await;
    }
    ws.expect("431[1]").await;
    ws.send_all(&[r#"422["ask",2]"#, r#"423["ask",3]"#, r#"424["ask",4]"#]).await;
    for answer in ["432[2]", "433[3]", "434[4]"] {
        ws.expect(answer).await;
    }
}

/// The first frames may already be behind the handshake's request, in the same segment.
#[tokio::test]
async fn frames_may_follow_the_handshake_at_once() {
    let (server, _) = joined().await;
    let mut http = server.http().await;
    let mut bytes = handshake(&server).encode(server.address);
    bytes.extend(Frame::text("40").encode());
    bytes.extend(Frame::new(frame::PING, "early").encode());
    http.send_raw(&bytes).await;
    assert_eq!(http.receive().await.status, 101);
    let mut ws = Ws::resume(http);
    ws.expect(r#"0{"sid":…,…}"#).await;
    assert_eq!(ws.receive().await, Received::Pong(b"early".to_vec()));
    ws.expect(r#"40{"sid":…}"#).await;
}

#[tokio::test]
async fn messages_of_every_length_form_pass() {
    let (_server, mut ws) = joined().await;
    for length in [0, 1, 100, 125, 126, 127, 1_000, 65_535, 65_536, 200_000] {
        let filler = "x".repeat(length);
        ws.send(&format!(r#"421["ask","{filler}"]"#)).await;
        ws.expect(&format!(r#"431["{filler}"]"#)).await;
        ws.send(r#"451-2["ask",{"_placeholder":true,"num":0}]"#).await;
        ws.send_binary(&vec![7; length]).await;
        ws.expect(r#"461-2[{"_placeholder":true,"num":0}]"#).await;
        ws.expect_binary(&vec![7; length]).await;
    }
}

/// A large frame is read another way than small ones, from some part of it on.
#[tokio::test]
async fn a_large_frame_may_arrive_in_parts_with_others_around_it() {
    let (_server, mut ws) = joined().await;
    let filler = "x".repeat(900_000);
    let mut bytes = Frame::text(r#"421["ask",1]"#).encode();
    bytes.extend(Frame::text(format!(r#"422["ask","{filler}"]"#)).encode());
    bytes.extend(Frame::new(frame::PING, "between").encode());
    bytes.extend(Frame::text(format!(r#"423["ask","{filler}"]"#)).encode());
    bytes.extend(Frame::text(r#"424["ask",4]"#).encode());
    for cut in [0, 30, 40, 35_000, 70_000, 899_999, 1_000_000] {
        ws.write(&bytes[..cut]).await;
        let mut rest = &bytes[cut..];
        let (mut answers, mut pongs) = (Vec::new(), 0);
        while answers.len() < 4 || pongs == 0 {
            match ws.receive_while_writing(&mut rest).await {
                Received::Pong(payload) if payload == b"between" => pongs += 1,
                received => answers.push(received),
            }
        }
        for (n, answer) in (1..).zip(answers) {
            let expected = if n % 3 == 1 { format!("43{n}[{n}]") } else { format!(r#"43{n}["{filler}"]"#) };
            assert!(answer == Received::Text(expected), "answer {n}, cut at {cut}");
        }
        assert_eq!(pongs, 1);
    }
}

#[tokio::test]
async fn a_close_frame_is_answered_by_its_code_and_ends_the_connection() {
    for code in [Some(1000), Some(1001), Some(1012), Some(3000), Some(4999), None] {
        let (server, mut ws) = joined().await;
        ws.send_frame(code.map_or_else(|| Frame::new(frame::CLOSE, ""), Frame::close)).await;
        assert_eq!(ws.receive().await, Received::Close(code));
        assert_eq!(ws.receive().await, Received::End);
        server.journal.expect("transport close").await;
    }
}

#[tokio::test]
async fn a_close_frame_that_breaks_the_rules_is_told_which() {
    for (payload, answer) in [
        (b"\x03".as_slice(), 1002),
        (b"\x03\xe7", 1002), // 999
        (b"\x03\xed", 1002), // 1005 stands for no code
        (b"\x03\xee", 1002), // and 1006 for no frame
        (b"\x07\xd0", 1002), // 2000
        (b"\x13\x88", 1002), // 5000
        (b"\x03\xe8\xff", 1007),
        (b"\x03\xe8ok\xc3", 1007),
    ] {
        let (server, mut ws) = joined().await;
        ws.send_frame(Frame::new(frame::CLOSE, payload)).await;
        assert_eq!(ws.expect_closed().await, Some(answer), "{payload:x?}");
        server.journal.expect("transport error").await;
    }
}

/// The WebSocket of an upgrade is closed as any other, and the session lives.
#[tokio::test]
async fn a_close_frame_instead_of_an_upgrade_is_answered() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    for (frame, answer) in
        [(Frame::close(3000), 3000), (Frame::close(1005), 1002), (Frame::text([0xff]), 1007)]
    {
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        ws.send_frame(frame).await;
        assert_eq!(ws.receive().await, Received::Close(Some(answer)));
    }
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn what_follows_a_close_frame_is_not_handled() {
    let (server, mut ws) = joined().await;
    let mut bytes = Frame::close(1000).encode();
    bytes.extend(Frame::text(r#"421["ask"]"#).encode());
    ws.write(&bytes).await;
    assert!(matches!(ws.receive().await, Received::Close(_)));
    assert_eq!(ws.receive().await, Received::End);
    server.journal.expect("transport close").await;
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_a_transport_close() {
    let (server, ws) = joined().await;
    drop(ws);
    server.journal.expect("transport close").await;

    let mut within = server.socket("/").await;
    within.write(&Frame::text(r#"421["ask"]"#).encode()[..5]).await;
    drop(within);
    let reason = server.journal.next().await;
    assert!(matches!(&*reason, "transport close" | "transport error"), "{reason}");
}

#[tokio::test]
async fn no_extension_is_agreed_to() {
    let (server, _) = joined().await;
    let offer = [("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits")];
    let mut ws = server.try_ws("EIO=4&transport=websocket", &offer).await.expect("the handshake is accepted");
    ws.expect(r#"0{"sid":…,…}"#).await;
    ws.join("/").await;
}

#[tokio::test]
async fn a_handshake_that_is_none_opens_nothing() {
    let (server, _ws) = joined().await;
    let target = server.target("EIO=4&transport=websocket");
    let upgrade = |request: Request| request.header("Connection", "Upgrade").header("Upgrade", "websocket");
    let version = |request: Request| request.header("Sec-WebSocket-Version", "13");
    let key = |request: Request| request.header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==");
    for request in [
        version(upgrade(Request::get(&target))),
        key(upgrade(Request::get(&target))),
        key(upgrade(Request::get(&target))).header("Sec-WebSocket-Version", "8"),
        key(version(upgrade(Request::new("POST", &target)))),
        key(version(Request::get(&target).header("Connection", "Upgrade").header("Upgrade", "h2c"))),
    ] {
        let answer = server.request(&request).await;
        assert!((400..500).contains(&answer.status), "{request:?} was answered {answer:?}");
    }
    assert_eq!(server.of("/").sockets().len(), 1);
}

/// Says which subprotocol it was told.
#[derive(Debug, Default)]
struct Asking;

#[consumer(namespace = "/asking")]
impl Asking {
    async fn event_subprotocol(&mut self, handshake: &Handshake) -> Option<String> {
        handshake.subprotocol().map(str::to_owned)
    }
}

/// The subprotocol that is agreed to when these are asked for, and whether the application learns the same.
async fn agreed(server: &TestServer, asked: &[&str]) -> Option<String> {
    let headers: Vec<_> = asked.iter().map(|value| ("Sec-WebSocket-Protocol", *value)).collect();
    let mut http = server.http().await;
    let request =
        headers.iter().fold(handshake(server), |request, (name, value)| request.header(name, value));
    let answer = http.exchange(&request).await;
    assert_eq!(answer.status, 101, "{answer:?}");
    let agreed = answer.header("sec-websocket-protocol").map(str::to_owned);
    let mut ws = Ws::resume(http);
    ws.expect(r#"0{"sid":…,…}"#).await;
    ws.join("/asking").await;
    ws.send(r#"42/asking,1["subprotocol"]"#).await;
    ws.expect(&format!("43/asking,1[{}]", serde_json::json!(agreed))).await;
    agreed
}

#[tokio::test]
async fn the_first_subprotocol_that_is_asked_for_is_agreed_to() {
    let server = TestServer::start(|builder| builder.consumer::<Asking>()).await;
    assert_eq!(agreed(&server, &[]).await, None);
    assert_eq!(agreed(&server, &["chat"]).await.as_deref(), Some("chat"));
    assert_eq!(agreed(&server, &["v2.chat ,\tv1.chat"]).await.as_deref(), Some("v2.chat"));
    assert_eq!(agreed(&server, &["chat", "superchat"]).await.as_deref(), Some("chat"));
    // Not names: they cannot be answered.
    assert_eq!(agreed(&server, &["", " , ,", "no name"]).await, None);
    assert_eq!(agreed(&server, &["a/b, c"]).await.as_deref(), Some("c"));
}

#[tokio::test]
async fn the_application_may_choose_the_subprotocol() {
    let server = TestServer::start(|builder| {
        builder.consumer::<Asking>().subprotocols(|asked| match asked {
            ["panic", ..] => panic!("on purpose"),
            ["other", ..] => Some("one that was not asked for"),
            _ => asked.iter().copied().find(|name| *name == "v1"),
        })
    })
    .await;
    assert_eq!(agreed(&server, &["v2, v1"]).await.as_deref(), Some("v1"));
    for none in ["v2", "other, v1", "panic, v1"] {
        assert_eq!(agreed(&server, &[none]).await, None, "{none}");
    }
}

#[tokio::test]
async fn an_upgrade_agrees_to_a_subprotocol_too() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let polling = server.polling().await;
    let query = format!("{}&sid={}", server.target("EIO=4&transport=websocket"), polling.open.sid);
    let request = upgrade(&query).header("Sec-WebSocket-Protocol", "chat");
    let answer = server.request(&request).await;
    assert_eq!((answer.status, answer.header("sec-websocket-protocol")), (101, Some("chat")));
}

fn handshake(server: &Endpoint) -> Request {
    upgrade(&server.target("EIO=4&transport=websocket"))
}

fn upgrade(target: &str) -> Request {
    Request::get(target)
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}
