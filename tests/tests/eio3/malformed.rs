//! Invalid input, which closes the session.

use sio_tests::{
    Frame,
    old_polling::{item, texts},
};

use super::{polling, server, ws};

/// The POST is refused as a whole, the session is over.
async fn is_refused(body: &[u8], is_binary: bool) {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let answer = if is_binary { polling.post_bytes(body).await } else { polling.post(body).await };
    answer.expect(400, r#"{"code":3,"message":"Bad request"}"#);
    server.journal.expect("parse error").await;
    polling.expect_gone().await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn bodies_of_text_whose_lengths_do_not_fit_are_refused() {
    for body in [
        "",
        ":",
        ":2",
        "2",
        "x:2",
        "-1:2",
        "+1:2",
        " 1:2",
        "1.0:2",
        "2:2",
        "1:2x",
        "1:21",
        "1:26:4",
        "99999999999999999999:2",
        "1:\u{1f680}",
        r#"2["ask"]"#,
        "4hello\u{1e}4hello",
    ] {
        is_refused(body.as_bytes(), false).await;
    }
    is_refused(b"2:4\xff", false).await;
}

#[tokio::test]
async fn bodies_of_bytes_whose_lengths_do_not_fit_are_refused() {
    for body in [
        &b""[..],
        b"\x00",
        b"\x00\xff",
        b"\x00\x01",
        b"\x00\x01\xff",
        b"\x00\x0a\xff2",
        b"\x001\xff2",
        b"\x00\x02\xff2",
        b"\x00\x01\xff2\x00",
        b"\x02\x01\xff2",
        b"\x01\x01\xff2",
        b"\x01\x00\xff",
        b"\x00\x02\xff4\xff",
        b"\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff2",
        b"1:2",
    ] {
        is_refused(body, true).await;
    }
}

#[tokio::test]
async fn bodies_with_a_packet_that_is_none_are_refused_as_a_whole() {
    for packet in ["7", "x", "é", "b", "b2", "bAQI=", "b4!"] {
        is_refused(texts(&[r#"421["ask"]"#, packet]).as_bytes(), false).await;
    }
    is_refused(&[item(0, br#"421["ask"]"#), item(0, b"")].concat(), true).await;
    is_refused(&item(1, &[2]), true).await;
}

/// Many empty items cost as much memory as large ones.
#[tokio::test]
async fn too_many_packets_in_one_body_are_refused() {
    is_refused("1:6".repeat(16 * 1024 + 1).as_bytes(), false).await;
    is_refused(&item(0, b"6").repeat(16 * 1024 + 1), true).await;
    let server = server().await;
    let mut polling = polling(&server, "").await;
    polling.post("1:6".repeat(16 * 1024)).await.expect(200, "ok");
}

#[tokio::test]
async fn websocket_messages_that_are_no_packets_close_the_session() {
    let frames: [Frame; 8] = [
        "".into(),
        "7".into(),
        "b2".into(),
        "bAQI=".into(),
        Frame::binary([]),
        Frame::binary([2]),
        Frame::binary([1, 4]),
        Frame::binary(*b"4"),
    ];
    for frame in frames {
        let server = server().await;
        let mut ws = ws(&server).await;
        ws.send_frame(frame).await;
        ws.expect_closed().await;
        server.journal.expect("parse error").await;
    }
}

#[tokio::test]
async fn a_packet_that_is_not_socket_io_is_a_forced_close() {
    for packet in ["4abc", "42{}", "40?", "40", "44", "42/never,[\"ask\"]", "451-[\"a\"]"] {
        let server = server().await;
        let mut ws = ws(&server).await;
        ws.send_all(&[packet, "4x"]).await;
        ws.expect_closed().await;
        server.journal.expect("forced close").await;
    }
}
