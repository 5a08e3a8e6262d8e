//! BEHAVIOUR §4 and §7: WebSocket as RFC 6455 has it.

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

#[tokio::test]
async fn a_close_frame_is_answered_and_ends_the_connection() {
    for code in [1000, 1001, 3000, 4999] {
        let (server, mut ws) = joined().await;
        ws.send_frame(Frame::close(code)).await;
        assert!(
            matches!(ws.receive().await, Received::Close(Some(answer)) if answer == code || answer == 1000)
        );
        assert_eq!(ws.receive().await, Received::End);
        server.journal.expect("transport close").await;
    }
    let (server, mut ws) = joined().await;
    ws.send_frame(Frame::new(frame::CLOSE, "")).await;
    assert!(matches!(ws.receive().await, Received::Close(None | Some(1000))));
    assert_eq!(ws.receive().await, Received::End);
    server.journal.expect("transport close").await;
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

fn handshake(server: &Endpoint) -> Request {
    Request::get(server.target("EIO=4&transport=websocket"))
        .header("Connection", "Upgrade")
        .header("Upgrade", "websocket")
        .header("Sec-WebSocket-Version", "13")
        .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
}
