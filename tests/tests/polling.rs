//! BEHAVIOUR §4, HTTP long-polling.

use std::time::Duration;

use serde_json::json;
use sio::prelude::*;
use sio_tests::{
    Polling, Request, TestServer,
    app::Plain,
    http::Response,
    journal::{Gate, Journal},
};

/// Waits for the test.
#[derive(Default)]
struct Waiting;

#[consumer(namespace = "/waiting")]
impl Waiting {
    async fn event_wait(&mut self, journal: State<Journal>, gate: State<Gate>) -> &'static str {
        journal.note("waits");
        gate.pass("wait").await;
        "waited"
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Waiting>()).await
}

async fn joined(server: &TestServer) -> Polling {
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling
}

fn expect_error(answer: &Response, status: u16, code: u32, message: &str) {
    assert_eq!(answer.status, status, "{answer:?}");
    assert_eq!(answer.json(), json!({"code": code, "message": message}));
    assert_eq!(answer.header("content-type"), Some("application/json"));
}

/// Returns the answer to a GET with this query.
async fn refused(query: &str, code: u32, message: &str) {
    expect_error(&server().await.get(query).await, 400, code, message);
}

#[tokio::test]
async fn an_unknown_transport_is_error_0() {
    refused("EIO=4", 0, "Transport unknown").await;
    refused("EIO=4&transport=", 0, "Transport unknown").await;
    refused("EIO=4&transport=abc", 0, "Transport unknown").await;
    refused("EIO=4&transport=constructor", 0, "Transport unknown").await;
    refused("", 0, "Transport unknown").await;
}

#[tokio::test]
async fn an_unknown_or_malformed_sid_is_error_1() {
    for sid in ["zzz", "AAAAAAAAAAAAAAAAAAAA", "..%2f..", "%00", &"x".repeat(5000), "ünï", "__proto__"] {
        let server = server().await;
        let target = server.polling_target(sid);
        expect_error(&server.request(&Request::get(&target)).await, 400, 1, "Session ID unknown");
        expect_error(&server.request(&Request::post(&target, "40")).await, 400, 1, "Session ID unknown");
        let answer = server.second_ws(sid).await.expect_err("no WebSocket for a session that is none");
        assert_eq!(answer.status, 400, "{sid}");
        assert_eq!(server.of("/").sockets().len(), 0);
    }
}

#[tokio::test]
async fn opening_a_session_by_another_method_is_error_2() {
    let server = server().await;
    let target = server.target("EIO=4&transport=polling");
    for request in [Request::post(&target, ""), Request::new("PUT", &target), Request::new("DELETE", &target)]
    {
        expect_error(&server.request(&request).await, 400, 2, "Bad handshake method");
    }
}

#[tokio::test]
async fn a_websocket_transport_without_a_websocket_is_error_3() {
    refused("EIO=4&transport=websocket", 3, "Bad request").await;
}

#[tokio::test]
async fn polling_a_session_that_is_a_websocket_is_error_3() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let target = server.polling_target(ws.session_id());
    expect_error(&server.request(&Request::get(&target)).await, 400, 3, "Bad request");
    expect_error(&server.request(&Request::post(&target, "42[1]")).await, 400, 3, "Bad request");
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn another_version_of_the_protocol_is_error_5() {
    for version in ["", "EIO=abc", "EIO=3", "EIO=5", "EIO="] {
        refused(&format!("{version}&transport=polling"), 5, "Unsupported protocol version").await;
    }
}

#[tokio::test]
async fn unknown_parameters_and_their_order_make_no_difference() {
    let server = server().await;
    let answer = server.get("t=Pabc123&transport=polling&x=%C3%A9&b64=1&EIO=4&token=a%26b").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let sid = sio_tests::Open::parse(answer.text()).sid;
    let post = Request::post(server.target(&format!("sid={sid}&t=Q&transport=polling&EIO=4")), "40");
    server.request(&post).await.expect(200, "ok");
}

#[tokio::test]
async fn a_post_is_answered_ok_and_a_poll_with_text_that_nobody_caches() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.post("40").await.expect(200, "ok");
    let answer = polling.get().await;
    let content_type = answer.header("content-type").expect("an answer says what it is");
    assert!(content_type.eq_ignore_ascii_case("text/plain; charset=utf-8"), "{content_type}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_pending_poll_is_answered_by_the_next_packet() {
    let server = server().await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    polling.begin_get().await;
    server.socket_of("/", &sid).emit("news", &1).await.expect("the client is there");
    polling.end_get().await.expect(200, r#"42["news",1]"#);
}

#[tokio::test]
async fn a_post_is_answered_before_its_handlers_are_done() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/waiting").await;
    polling.send(r#"42/waiting,1["wait"]"#).await;
    server.journal.expect("waits").await;
    polling.begin_get().await;
    server.gate.open("wait");
    polling.end_get().await.expect(200, r#"43/waiting,1["waited"]"#);
}

#[tokio::test]
async fn the_answers_to_one_post_come_in_one_body() {
    let server = server().await;
    let mut polling = joined(&server).await;
    let body: Vec<String> = (0..16).map(|id| format!(r#"42{id}["ask",{id}]"#)).collect();
    polling.send(&body.join("\u{1e}")).await;
    let expected: Vec<String> = (0..16).map(|id| format!("43{id}[{id}]")).collect();
    polling.get().await.expect(200, &expected.join("\u{1e}"));
}

#[tokio::test]
async fn an_answer_for_python_holds_sixteen_packets_at_most_and_the_rest_stays_in_order() {
    let server = server().await;
    for (user_agent, most) in [
        (Some("python-requests/2.32.3"), 16),
        (Some("Python/3.12 aiohttp/3.11.11"), 16),
        (Some("node-XMLHttpRequest"), 100),
        (None, 100),
    ] {
        let mut polling = Polling::open_with(&server, |request| match user_agent {
            Some(user_agent) => request.header("User-Agent", user_agent),
            None => request,
        })
        .await;
        let sid = polling.join("/").await;
        let socket = server.socket_of("/", &sid);
        (0..100).for_each(|number| socket.try_emit("n", &number).expect("the queue has room"));
        let mut number = 0;
        while number < 100 {
            let answer = polling.get().await;
            let packets: Vec<_> = answer.text().split('\u{1e}').collect();
            assert_eq!(packets.len(), most.min(100 - number), "{user_agent:?}");
            for packet in packets {
                assert_eq!(packet, format!(r#"42["n",{number}]"#));
                number += 1;
            }
        }
        polling.expect_nothing_more().await;
    }
}

#[tokio::test]
async fn an_answer_is_filled_up_to_max_payload_and_the_rest_stays_in_order() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().max_payload(100)).await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    let socket = server.socket_of("/", &sid);
    for number in 10..40 {
        socket.emit("numbered", &number).await.expect("the client is there"); // 18 bytes each
    }
    let mut number = 10;
    let mut fullest = 0;
    while number < 40 {
        let answer = polling.get().await;
        assert!(answer.body.len() <= 100, "{} bytes in one answer", answer.body.len());
        for packet in answer.text().split('\u{1e}') {
            assert_eq!(packet, format!(r#"42["numbered",{number}]"#));
            number += 1;
        }
        fullest = fullest.max(answer.body.len());
    }
    assert!(fullest > 80, "an answer of {fullest} bytes had room for another packet");
}

#[tokio::test]
async fn a_packet_larger_than_max_payload_goes_alone() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().max_payload(100)).await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    let socket = server.socket_of("/", &sid);
    let large = "x".repeat(300);
    for payload in ["before", &large, "after"] {
        socket.emit("event", payload).await.expect("the client is there");
    }
    polling.get().await.expect(200, r#"42["event","before"]"#);
    polling.get().await.expect(200, &format!(r#"42["event","{large}"]"#));
    polling.get().await.expect(200, r#"42["event","after"]"#);
}

#[tokio::test]
async fn attachments_travel_as_base64_and_may_arrive_in_several_posts() {
    let server = server().await;
    let mut polling = joined(&server).await;
    let two = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    polling.send(&format!(r#"452-1["ask",{two}]"#)).await;
    polling.send("bAQID").await;
    polling.send("b/+8=").await;
    polling.expect(&format!("462-1[{two}]")).await;
    polling.expect("bAQID").await;
    polling.expect("b/+8=").await;
    polling.send(&format!("452-2[\"ask\",{two}]\u{1e}bAQ==\u{1e}b\u{1e}423[\"ask\"]")).await;
    polling.expect(&format!("462-2[{two}]")).await;
    polling.expect("bAQ==").await;
    polling.expect("b").await;
    polling.expect("433[]").await;
}

#[tokio::test]
async fn a_packet_and_its_attachments_are_not_torn_apart_by_the_limit_of_packets() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().polling_packets(16)).await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    let socket = server.socket_of("/", &sid);
    let bytes: Vec<Binary> = (0..9).map(|byte| Binary::from(vec![byte])).collect();
    for _ in 0..2 {
        socket.emit("many", &bytes).await.expect("the client is there"); // ten packets each
    }
    for _ in 0..2 {
        let answer = polling.get().await;
        let packets: Vec<_> = answer.text().split('\u{1e}').collect();
        assert_eq!(packets.len(), 10, "{packets:?}");
        assert!(packets[0].starts_with(r#"459-["many",["#));
        assert!(packets[1..].iter().all(|packet| packet.starts_with('b')));
    }
}

#[tokio::test]
async fn a_second_poll_closes_the_session() {
    let server = server().await;
    let mut polling = joined(&server).await;
    polling.begin_get().await;
    let second = server.request(&Request::get(polling.target())).await;
    assert_eq!(second.status, 400, "{second:?}");
    polling.end_get().await.expect(200, "1");
    server.journal.expect("transport error").await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_second_post_closes_the_session() {
    let server = server().await;
    let mut polling = joined(&server).await;
    let whole = Request::post(polling.target(), r#"421["ask"]"#).encode(server.address);
    let mut slow = server.http().await;
    slow.send_raw(&whole[..whole.len() - 1]).await;
    sio_tests::deadline::settle().await;
    let second = polling.post(r#"422["ask"]"#).await;
    assert_eq!(second.status, 400, "{second:?}");
    server.journal.expect("transport error").await;
    polling.expect_gone().await;
    slow.send_raw(&whole[whole.len() - 1..]).await;
    if let Some(answer) = slow.try_receive().await {
        assert_eq!(answer.status, 400, "{answer:?}");
    }
}

/// A browser that leaves a page cuts its poll; the reference server and the official suite take that for the end.
#[tokio::test]
async fn a_poll_that_is_cut_off_closes_the_session() {
    let server = server().await;
    let mut polling = joined(&server).await;
    polling.begin_get().await;
    polling.abandon_get().await;
    let reason = server.journal.next().await;
    assert!(matches!(&*reason, "transport close" | "transport error"), "{reason}");
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_client_that_closes_releases_its_poll_with_a_noop() {
    let server = server().await;
    let mut polling = joined(&server).await;
    polling.begin_get().await;
    polling.send("1").await;
    polling.end_get().await.expect(200, "6");
    server.journal.expect("transport close").await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn what_was_posted_before_the_close_is_handled() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/waiting").await;
    polling.send("42/waiting,[\"wait\"]\u{1e}1").await;
    server.journal.expect("waits").await;
    // A GET that comes at once may have crossed the POST: it is released, and nothing else is.
    let crossing = polling.get().await;
    assert!(crossing.status == 400 || crossing.text() == "6", "{crossing:?}");
    polling.expect_gone().await;
}

#[tokio::test]
async fn leaving_a_namespace_keeps_the_session() {
    let server = server().await;
    let mut polling = joined(&server).await;
    polling.send("41").await;
    server.journal.expect("client namespace disconnect").await;
    polling.expect_nothing_more().await;
    polling.join("/").await;
}

#[tokio::test]
async fn being_put_out_of_a_namespace_keeps_the_session() {
    let server = server().await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    server.socket_of("/", &sid).disconnect();
    polling.expect("41").await;
    server.journal.expect("server namespace disconnect").await;
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn sessions_do_not_mix() {
    let server = server().await;
    let mut clients = [joined(&server).await, joined(&server).await, joined(&server).await];
    assert_ne!(clients[0].open.sid, clients[1].open.sid);
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(&format!(r#"421["ask",{number}]"#)).await;
    }
    for (number, client) in clients.iter_mut().enumerate() {
        client.expect(&format!("431[{number}]")).await;
        client.expect_nothing_more().await;
    }
}

#[tokio::test]
async fn a_server_without_polling_refuses_it() {
    let server =
        TestServer::start(|builder| builder.transports([sio::options::TransportKind::WebSocket])).await;
    expect_error(&server.get("EIO=4&transport=polling").await, 400, 0, "Transport unknown");
    server.socket("/").await.expect_nothing_more().await;
}

#[tokio::test]
async fn one_connection_carries_many_requests() {
    let server = server().await;
    let mut http = server.http().await;
    let open = http.exchange(&Request::get(server.target("EIO=4&transport=polling"))).await;
    let target = server.polling_target(&sio_tests::Open::parse(open.text()).sid);
    for round in 0..5 {
        http.exchange(&Request::post(&target, format!("40/nowhere{round},"))).await.expect(200, "ok");
        let expected = format!(r#"44/nowhere{round},{{"message":"Invalid namespace"}}"#);
        http.exchange(&Request::get(&target)).await.expect(200, &expected);
    }
    assert_eq!(http.exchange(&Request::get(server.target("EIO=4"))).await.status, 400);
    http.exchange(&Request::post(&target, "40/still,")).await.expect(200, "ok");
}

#[tokio::test]
async fn a_poll_may_wait_longer_than_the_answers_before_it() {
    let interval = Duration::from_millis(300);
    let server = TestServer::start(|builder| builder.consumer::<Plain>().ping_interval(interval)).await;
    let mut polling = joined(&server).await;
    polling.get().await.expect(200, "2");
}

/// Some clients name a session before they have one.
#[tokio::test]
async fn an_empty_sid_is_none() {
    let server = server().await;
    assert!(server.get("EIO=4&transport=polling&sid=").await.text().starts_with("0{"));
    let mut ws = server.try_ws("EIO=4&transport=websocket&sid=", &[]).await.expect("a session opens");
    ws.expect(r#"0{"sid":…,…}"#).await;
}

/// As the encoders of Java and Android write it.
#[tokio::test]
async fn base64_may_have_line_breaks_and_the_alphabet_of_urls() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    for base64 in ["b+/+/\nAA==", "b+/+/\r\nAA=\r\n=\r\n", "b-_-_AA", "b-_+/AA==\n"] {
        polling.send(&format!("451-1[\"ask\",{{\"_placeholder\":true,\"num\":0}}]\u{1e}{base64}")).await;
        polling.get().await.expect(200, "461-1[{\"_placeholder\":true,\"num\":0}]\u{1e}b+/+/AA==");
    }
}
