//! BEHAVIOUR §4 and §6: what is too much, and that just enough is not.

use sio::prelude::*;
use sio_tests::{Endpoint, Frame, Polling, Received, Request, TestServer, Ws, app::Plain};

/// Small enough to try every way around it.
const MAX: usize = 1_000;

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().max_payload(MAX)).await
}

/// A question of exactly `length` bytes, and its answer.
fn question(length: usize) -> (String, String) {
    let filler = "x".repeat(length - r#"421["ask",""]"#.len());
    (format!(r#"421["ask","{filler}"]"#), format!(r#"431["{filler}"]"#))
}

/// The client went too far: its connection is over, that of another is not.
async fn is_too_much(server: &TestServer, mut bystander: Ws) {
    server.journal.expect("transport error").await;
    bystander.expect_nothing_more().await;
}

#[tokio::test]
async fn max_payload_is_told_in_the_open_packet() {
    let server = server().await;
    assert_eq!(server.polling().await.open.max_payload, MAX);
}

#[tokio::test]
async fn a_text_message_of_exactly_max_payload_passes() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let (question, answer) = question(MAX);
    ws.send(&question).await;
    ws.expect(&answer).await;
}

#[tokio::test]
async fn a_text_message_of_one_byte_more_closes_with_1009() {
    let server = server().await;
    let bystander = server.socket("/").await;
    let mut ws = server.socket("/").await;
    ws.send(&question(MAX + 1).0).await;
    assert_eq!(ws.expect_closed().await, Some(1009));
    is_too_much(&server, bystander).await;
}

#[tokio::test]
async fn an_attachment_of_exactly_max_payload_passes() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[7; MAX]).await;
    ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[7; MAX]).await;
}

#[tokio::test]
async fn an_attachment_of_one_byte_more_closes_with_1009() {
    let server = server().await;
    let bystander = server.socket("/").await;
    let mut ws = server.socket("/").await;
    ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[7; MAX + 1]).await;
    assert_eq!(ws.expect_closed().await, Some(1009));
    is_too_much(&server, bystander).await;
}

#[tokio::test]
async fn fragments_count_together() {
    let server = server().await;
    let mut bystander = server.socket("/").await;
    let (exact, answer) = question(MAX);
    bystander.send_frame(Frame::text(&exact[..MAX / 2]).unfinished()).await;
    bystander.send_frame(Frame::continuation(&exact[MAX / 2..])).await;
    bystander.expect(&answer).await;

    let mut ws = server.socket("/").await;
    let (question, _) = question(MAX + 1);
    ws.send_frame(Frame::text(&question[..MAX / 2]).unfinished()).await;
    ws.send_frame(Frame::continuation(&question[MAX / 2..])).await;
    assert_eq!(ws.expect_closed().await, Some(1009));
    is_too_much(&server, bystander).await;
}

#[tokio::test]
async fn fragments_without_end_are_not_collected_for_ever() {
    let server = server().await;
    let bystander = server.socket("/").await;
    let mut ws = server.socket("/").await;
    ws.send_frame(Frame::binary([7; 100]).unfinished()).await;
    for _ in 0..10 {
        ws.send_frame(Frame::continuation([7; 100]).unfinished()).await;
    }
    assert_eq!(ws.expect_closed().await, Some(1009));
    is_too_much(&server, bystander).await;
}

/// A header that announces more is enough: the server must not wait for the bytes, nor make room for them.
#[tokio::test]
async fn a_frame_that_only_announces_too_much_closes_with_1009() {
    for length in [MAX as u64 + 1, 1 << 40, u64::MAX >> 1] {
        let server = server().await;
        let bystander = server.socket("/").await;
        let mut ws = server.socket("/").await;
        let mut header = vec![0x82, 0xff];
        header.extend(length.to_be_bytes());
        header.extend([1, 2, 3, 4]);
        ws.write(&header).await;
        assert_eq!(ws.expect_closed().await, Some(1009), "{length}");
        is_too_much(&server, bystander).await;
    }
}

#[tokio::test]
async fn a_frame_whose_length_has_its_highest_bit_set_is_refused() {
    let server = server().await;
    let bystander = server.socket("/").await;
    let mut ws = server.socket("/").await;
    ws.write(&[0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]).await;
    let code = ws.expect_closed().await;
    assert!(matches!(code, Some(1002 | 1009)), "{code:?}");
    is_too_much(&server, bystander).await;
}

async fn polling(server: &Endpoint) -> Polling {
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling
}

#[tokio::test]
async fn a_post_of_exactly_max_payload_passes() {
    let server = server().await;
    let mut polling = polling(&server).await;
    let (question, answer) = question(MAX);
    polling.send(&question).await;
    polling.expect(&answer).await;
    let chunked = Request::post(polling.target(), question).chunked();
    server.request(&chunked).await.expect(200, "ok");
    polling.expect(&answer).await;
}

#[tokio::test]
async fn a_post_of_one_byte_more_is_answered_413_and_closes() {
    for chunked in [false, true] {
        let server = server().await;
        let bystander = server.socket("/").await;
        let polling = polling(&server).await;
        let request = Request::post(polling.target(), question(MAX + 1).0);
        let answer = server.request(&if chunked { request.chunked() } else { request }).await;
        assert_eq!(answer.status, 413, "chunked: {chunked}");
        is_too_much(&server, bystander).await;
        polling.expect_gone().await;
    }
}

#[tokio::test]
async fn a_post_of_several_packets_counts_as_one_payload() {
    let server = server().await;
    let bystander = server.socket("/").await;
    let mut polling = polling(&server).await;
    let (half, _) = question(MAX / 2);
    assert_eq!(polling.post(format!("{half}\u{1e}{half}")).await.status, 413);
    is_too_much(&server, bystander).await;
}

/// Far more than it may be, and more than fits between the two: the answer must come although the rest does not.
#[tokio::test]
async fn a_huge_post_is_answered_413_without_being_read() {
    let server = server().await;
    let bystander = server.socket("/").await;
    let polling = polling(&server).await;
    let mut http = server.http().await;
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Length: 9000000000000\r\n\r\n421",
        polling.target(),
        server.address
    );
    http.send_raw(head.as_bytes()).await;
    assert_eq!(http.receive().await.status, 413);
    is_too_much(&server, bystander).await;
}

/// An unread rest would make the kernel reset the connection, and the client might not see the answer.
#[tokio::test]
async fn a_refused_post_that_comes_all_the_same_is_taken_off_the_connection() {
    let server = server().await;
    let polling = polling(&server).await;
    let mut http = server.http().await;
    let post = Request::post(polling.target(), vec![b'4'; 1_000_000]);
    assert_eq!(http.exchange(&post).await.status, 413);
    assert_eq!(http.exchange(&Request::get(polling.target())).await.status, 400, "on the same connection");
}

#[tokio::test]
async fn the_default_is_a_million_bytes() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    let (exact, answer) = question(1_000_000);
    ws.send(&exact).await;
    ws.expect(&answer).await;
    ws.send(&question(1_000_001).0).await;
    assert_eq!(ws.expect_closed().await, Some(1009));

    let mut polling = polling(&server).await;
    polling.send(&exact).await;
    polling.expect(&answer).await;
    assert_eq!(polling.post(question(1_000_001).0).await.status, 413);
}

/// Ten attachments, each announced and each sent.
fn attachments(count: usize) -> (String, String) {
    let places: Vec<_> = (0..count).map(|num| format!(r#"{{"_placeholder":true,"num":{num}}}"#)).collect();
    let places = places.join(",");
    (format!(r#"45{count}-1["ask",{places}]"#), format!("46{count}-1[{places}]"))
}

async fn passes(ws: &mut Ws, count: usize) {
    let (question, answer) = attachments(count);
    ws.send(&question).await;
    for _ in 0..count {
        ws.send_binary(&[7]).await;
    }
    ws.expect(&answer).await;
    for _ in 0..count {
        ws.expect_binary(&[7]).await;
    }
}

#[tokio::test]
async fn ten_attachments_pass_and_eleven_close() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    passes(&mut ws, 10).await;
    ws.send(&attachments(11).0).await;
    ws.expect_closed().await;
    server.journal.expect("forced close").await;
}

#[tokio::test]
async fn the_number_of_attachments_can_be_set() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().max_attachments(20)).await;
    let mut ws = server.socket("/").await;
    passes(&mut ws, 20).await;
    ws.send(&attachments(21).0).await;
    ws.expect_closed().await;

    let server = TestServer::start(|builder| builder.consumer::<Plain>().max_attachments(0)).await;
    let mut ws = server.socket("/").await;
    ws.send(r#"450-1["ask"]"#).await;
    ws.expect("431[]").await;
    ws.send(&attachments(1).0).await;
    ws.expect_closed().await;
}

#[derive(Default)]
struct A;

#[consumer(namespace = "/a")]
impl A {}

#[derive(Default)]
struct B;

#[consumer(namespace = "/b")]
impl B {}

#[derive(Default)]
struct C;

#[consumer(namespace = "/c")]
impl C {}

#[tokio::test]
async fn a_client_may_open_so_many_namespaces_and_one_more_is_refused() {
    let server = TestServer::start(|builder| {
        builder.consumer::<A>().consumer::<B>().consumer::<C>().consumer::<Plain>().max_namespaces(3)
    })
    .await;
    let mut ws = server.socket("/a").await;
    ws.join("/b").await;
    ws.join("/").await;
    ws.send("40/c,").await;
    ws.expect(r#"44/c,{"message":"…",…}"#).await;
    ws.send(r#"421["ask"]"#).await;
    ws.expect("431[]").await;
    ws.send("41/b,").await;
    ws.join("/c").await;

    let mut other = server.socket("/c").await;
    other.expect_nothing_more().await;
}

#[tokio::test]
async fn refusals_do_not_use_up_the_namespaces() {
    let server = TestServer::start(|builder| builder.consumer::<A>().max_namespaces(1)).await;
    let mut ws = server.ws().await;
    for number in 0..5 {
        ws.send(&format!("40/unknown{number},")).await;
        ws.expect(&format!(r#"44/unknown{number},{{"message":"Invalid namespace"}}"#)).await;
    }
    ws.join("/a").await;
}

/// Whatever a server remembers about namespaces that were left must not grow with every one.
#[tokio::test]
async fn joining_and_leaving_again_and_again_is_no_violation() {
    let server =
        TestServer::start(|builder| builder.consumer::<A>().consumer::<Plain>().connects_per_second(1_000))
            .await;
    let mut ws = server.socket("/").await;
    for _ in 0..200 {
        ws.join("/a").await;
        ws.send("41/a,").await;
    }
    ws.send(r#"42/a,["late"]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn events_waiting_for_one_socket_do_not_hold_up_another_connection() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().consumer::<A>().incoming_events(1)).await;
    let mut busy = server.socket("/").await;
    let mut other = server.socket("/").await;
    let questions: Vec<String> = (0..500).map(|id| format!(r#"42{id}["ask",{id}]"#)).collect();
    busy.send_all(&questions.iter().map(String::as_str).collect::<Vec<_>>()).await;
    other.send(r#"421["ask"]"#).await;
    other.expect("431[]").await;
    for id in 0..500 {
        busy.expect(&format!("43{id}[{id}]")).await;
    }
}

/// Events that come too often are refused.
#[derive(Debug, Default)]
struct Rated;

#[consumer(namespace = "/rated")]
impl Rated {
    #[event(rate = "3/m")]
    async fn event_rare() {}
}

#[tokio::test]
async fn a_rate_is_that_of_the_client_however_often_it_joins() {
    let server = TestServer::start(|builder| builder.consumer::<Rated>()).await;
    let mut ws = server.socket("/rated").await;
    let (ask, leave, join) = (r#"42/rated,7["rare"]"#, "41/rated,", "40/rated,");
    // In one go: when the client joins anew, none of what it has sent before has been handled.
    ws.send_all(&[ask, ask, leave, join]).await;
    let is_joined = |packet: &Received| matches!(packet, Received::Text(text) if text.starts_with(join));
    while !is_joined(&ws.receive().await) {}
    ws.send_all(&[ask, ask]).await;
    ws.expect("43/rated,7[]").await;
    ws.expect(r#"43/rated,7[{"status":"error","code":"rate_limited",…}]"#).await;
    // Another client has a rate of its own.
    let mut other = server.socket("/rated").await;
    other.send(ask).await;
    other.expect("43/rated,7[]").await;
}

#[tokio::test]
async fn a_client_that_joins_all_the_time_is_refused() {
    let server = TestServer::start(|builder| builder.consumer::<Rated>().connects_per_second(20)).await;
    let mut ws = server.ws().await;
    ws.send_all(&["40/nowhere,"; 50]).await;
    for _ in 0..20 {
        ws.expect(r#"44/nowhere,{"message":"Invalid namespace"}"#).await;
    }
    let refusal = r#"44/nowhere,{"message":"Too many connection attempts","data":{"code":"rate_limited","retry_after_ms":…}}"#;
    ws.expect(refusal).await;
    server.socket("/rated").await.expect_nothing_more().await;
}
