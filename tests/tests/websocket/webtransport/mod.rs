//! WebTransport, on the wire.

mod client;

use std::time::Duration;

use sio::options::TransportKind;
use sio_tests::deadline::soon;

use self::client::{Reached, request};

#[tokio::test]
async fn events_and_bytes_go_both_ways() {
    let server = Reached::start(|builder| builder.metrics(true)).await;
    let mut talk = server.joined().await;
    let [socket] = &server.server.of("/").sockets()[..] else { panic!("one socket") };
    assert_eq!(socket.transport(), TransportKind::WebTransport);
    assert_eq!(socket.handshake().path(), "/socket.io/");
    assert!(socket.handshake().is_secure());
    talk.say(r#"421["ask","over QUIC"]"#).await;
    assert_eq!(talk.hear().await, r#"431["over QUIC"]"#);

    let large = vec![7; 70_000];
    talk.say(r#"452-2["ask",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#).await;
    talk.say_bytes(&[]).await;
    talk.say_bytes(&large).await;
    assert_eq!(talk.hear().await, r#"462-2[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
    // The official parser takes a frame without a byte for an error.
    assert_eq!(talk.frame().await, (false, b"b".to_vec()));
    assert_eq!(talk.frame().await, (true, large));

    let metrics = server.server.metrics();
    let of = &[("transport", "webtransport")];
    assert_eq!(metrics.value("sio_sessions", of), 1.0);
    assert_eq!(metrics.value("sio_sessions_open", of), 1.0);
    assert!(metrics.value("sio_received_bytes", of) > 70_000.0);
    assert!(metrics.value("sio_sent_bytes", of) > 70_000.0);
    assert_eq!(metrics.value("sio_sessions", &[("transport", "websocket")]), 0.0);
}

#[tokio::test]
async fn a_message_of_a_megabyte_goes_there_and_back() {
    let server = Reached::start(|builder| builder.max_payload(1_100_000)).await;
    let talk = server.joined().await;
    let text = "x".repeat(1_000_000);
    let (mut send, event) = (talk.send, format!(r#"421["ask","{text}"]"#));
    let sending = tokio::spawn(async move {
        let head = [&[127][..], &(event.len() as u64).to_be_bytes()].concat();
        send.write_all(&head).await.expect("the server listens");
        send.write_all(event.as_bytes()).await.expect("the server listens");
        send
    });
    let (session, receive) = (talk.session, talk.receive);
    let mut receive = receive;
    let mut head = [0; 9];
    soon("the answer", receive.read_exact(&mut head)).await.expect("the answer is whole");
    assert_eq!(
        (head[0], head[1..].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))),
        (127, 1_000_007)
    );
    let mut answer = vec![0; 1_000_007];
    soon("the answer", receive.read_exact(&mut answer)).await.expect("the answer is whole");
    assert!(answer == format!(r#"431["{text}"]"#).into_bytes());
    drop((session, sending.await));
}

#[tokio::test]
async fn a_length_that_lies_ends_the_session() {
    let server = Reached::start(|builder| builder.max_payload(100_000)).await;
    for head in [
        &[0xff, 0x3f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..],
        &[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
        &[0x7f, 0, 0, 0, 0, 0, 1, 0x86, 0xa1],
    ] {
        let mut talk = server.joined().await;
        talk.write(head).await;
        assert_eq!(talk.ends().await, [0_u8; 0]);
        server.journal.expect("transport error").await;
    }
}

#[tokio::test]
async fn text_that_is_none_ends_the_session() {
    let server = Reached::start(|builder| builder).await;
    for frame in [&[3, b'4', 0xff, 0xff][..], &[1, b'9'], &[0]] {
        let mut talk = server.joined().await;
        talk.write(frame).await;
        assert_eq!(talk.ends().await, [0_u8; 0]);
        assert!(server.journal.next().await.ends_with("error"));
    }
}

#[tokio::test]
async fn who_opens_no_session_is_gone_after_a_while() {
    let server = Reached::start(|builder| builder.upgrade_timeout(Duration::from_millis(200))).await;
    let without_stream = server.ask().await;
    without_stream.is_closed().await;
    let silent = server.silent().await;
    silent.session.is_closed().await;
    let mut half = server.silent().await;
    half.write(&[30, b'0', b'{']).await;
    half.session.is_closed().await;
    assert_eq!(server.server.client_count(), 0);
}

#[tokio::test]
async fn a_first_packet_that_opens_nothing_ends_the_connection() {
    let server = Reached::start(|builder| builder.allow_request(|_| Err("not today".to_owned()))).await;
    for packet in ["0", "1", "", "2probe", "0{}", r#"0{"sid":"BwcHBwcHBwcHBwcHBwcH"}"#] {
        let mut talk = server.silent().await;
        talk.say(packet).await;
        talk.session.is_closed().await;
    }
    let mut long = server.silent().await;
    long.write(&[126, 255, 255]).await;
    long.session.is_closed().await;
}

#[tokio::test]
async fn a_request_is_judged_before_it_is_answered() {
    let server = Reached::start(|builder| builder.allowed_hosts(["localhost"])).await;
    for (path, headers, expected) in [
        ("/elsewhere", &[][..], "404"),
        ("/socket.io", &[], "200"),
        ("/socket.io/", &[("origin", "https://localhost")], "200"),
        ("/socket.io/", &[("origin", "https://elsewhere.example")], "403"),
        ("/socket.io/", &[(":authority", "elsewhere.example")], "403"),
    ] {
        let (status, session) = request(server.connect().await, path, headers).await;
        assert_eq!(status, expected, "{path} {headers:?}");
        if status != "200" {
            session.is_closed().await;
        }
    }
    // Input that is no request at all.
    for first in [&[0x00, 0x01, b'x'][..], &[0x01, 0x02, 0xff, 0xff], &[0x01, 0x80, 0x01, 0, 0]] {
        let connection = server.connect().await;
        let (mut send, _receive) = connection.open_bi().await.expect("a stream");
        send.write_all(first).await.expect("the server listens");
        soon("the end of the connection", connection.closed()).await;
    }
}

#[tokio::test]
async fn other_streams_and_datagrams_change_nothing() {
    let server = Reached::start(|builder| builder).await;
    let mut talk = server.joined().await;
    let connection = talk.session.connection.clone();
    let (mut second, _second) = talk.session.stream().await;
    second.write_all(&[5, b'4', b'0', b'/', b'x', b',']).await.expect("the connection is there");
    for _ in 0..100 {
        connection.send_datagram(vec![0; 1000].into()).expect("datagrams are accepted");
    }
    let mut uni = connection.open_uni().await.expect("a stream");
    uni.write_all(&[0x21, 1, 2, 3]).await.expect("the connection is there");
    talk.say(r#"421["ask",1]"#).await;
    assert_eq!(talk.hear().await, "431[1]");
    assert_eq!(server.server.client_count(), 1);
}

#[tokio::test]
async fn a_client_that_goes_is_missed_at_once() {
    let server = Reached::start(|builder| builder).await;
    // As browsers do it: the session is closed.
    let mut talk = server.joined().await;
    talk.session.request.write_all(&client::GOODBYE).await.expect("the server listens");
    talk.session.request.finish().expect("it is open");
    server.journal.expect("transport close").await;
    talk.session.is_closed().await;
    // The connection is.
    let talk = server.joined().await;
    talk.session.connection.close(0_u32.into(), b"");
    server.journal.expect("transport close").await;
    // The stream is finished, or taken back.
    let mut talk = server.joined().await;
    talk.send.finish().expect("it is open");
    server.journal.expect("transport close").await;
    let mut talk = server.joined().await;
    talk.send.reset(0_u32.into()).expect("it is open");
    server.journal.expect("transport close").await;
    // By a packet.
    let mut talk = server.joined().await;
    talk.say("1").await;
    server.journal.expect("transport close").await;
    talk.ends().await;
}

#[tokio::test]
async fn the_end_comes_behind_all_that_was_sent() {
    let server = Reached::start(|builder| builder).await;
    let mut talk = server.joined().await;
    let socket = server.server.of("/").sockets().remove(0);
    let large = "x".repeat(300_000);
    for _ in 0..3 {
        socket.emit("news", &large).await.expect("there is room");
    }
    socket.disconnect_all();
    let rest = talk.ends().await;
    assert!(rest.len() > 900_000, "{} bytes", rest.len());
}

#[tokio::test]
async fn a_server_that_closes_tells_its_clients() {
    let server = Reached::start(|builder| builder).await;
    let mut talk = server.joined().await;
    let closing = tokio::spawn({
        let server = server.server.clone();
        async move { server.close().await }
    });
    talk.ends().await;
    talk.session.connection.close(0_u32.into(), b"");
    soon("the end of the server", closing).await.expect("it ends");
    server.journal.expect("server shutting down").await;
}

#[tokio::test]
async fn who_answers_no_ping_is_gone() {
    let short = Duration::from_millis(100);
    let server = Reached::start(|builder| builder.ping_interval(short).ping_timeout(short)).await;
    let mut talk = server.joined().await;
    assert_eq!(talk.hear().await, "2");
    talk.say("3").await;
    assert_eq!(talk.hear().await, "2");
    server.journal.expect("ping timeout").await;
    talk.ends().await;
}
