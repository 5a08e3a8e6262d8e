//! Texts, bytes and acknowledgements, both ways and on both transports.

use sio::prelude::*;
use sio_tests::{
    OldPolling, Request, TestServer, Ws,
    old_polling::{BYTES, item, texts},
};

use super::{open_ws, polling, server, ws};

/// The only socket of `/`.
fn only(server: &TestServer) -> Socket {
    let sockets = server.of("/").sockets();
    assert_eq!(sockets.len(), 1);
    sockets.into_iter().next().expect("it was counted")
}

#[tokio::test]
async fn texts_are_counted_in_utf_16() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    polling.post("19:421[\"ask\",\"h\u{e9}\u{20ac}\u{1f680}.\"]").await.expect(200, "ok");
    let answer = polling.get().await;
    answer.expect(200, "13:431[\"h\u{e9}\u{20ac}\u{1f680}.\"]");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn several_packets_of_one_body_are_taken_and_answered_in_order() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    polling.send(&[r#"421["ask",1]"#, "6", r#"42["echo",2]"#, r#"423["ask",3]"#]).await;
    polling.get().await.expect(200, &texts(&["431[1]", r#"42["echoed",2]"#, "433[3]"]));
}

#[tokio::test]
async fn bytes_go_over_polling_as_bytes() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let question = r#"451-1["ask",{"_placeholder":true,"num":0},"é"]"#;
    let body = [item(0, question.as_bytes()), item(1, &[4, 1, 2, 255])].concat();
    polling.post_bytes(body).await.expect(200, "ok");
    let answer = polling.get().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(BYTES)));
    let expected = r#"461-1[{"_placeholder":true,"num":0},"é"]"#;
    assert_eq!(answer.body, [item(0, expected.as_bytes()), item(1, &[4, 1, 2, 255])].concat());
    // A packet without bytes stays text.
    polling.send(&[r#"422["ask"]"#]).await;
    polling.get().await.expect(200, "5:432[]");
}

#[tokio::test]
async fn the_content_type_may_have_parameters_and_any_case() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    for content_type in ["Application/Octet-Stream", "application/octet-stream; charset=UTF-8"] {
        let body = item(0, br#"421["ask"]"#);
        let request = Request::post_as(content_type, polling.target(), body);
        polling.request(&request).await.expect(200, "ok");
        polling.expect("431[]").await;
    }
}

#[tokio::test]
async fn bytes_go_over_polling_as_base64_for_those_who_ask_for_it() {
    let server = server().await;
    let mut polling = polling(&server, "&b64=1").await;
    polling.send(&[r#"451-1["ask",{"_placeholder":true,"num":0}]"#, "b4AQL/"]).await;
    let answer = polling.get().await;
    answer.expect(200, &texts(&[r#"461-1[{"_placeholder":true,"num":0}]"#, "b4AQL/"]));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=UTF-8"));
}

#[tokio::test]
async fn base64_may_have_line_breaks_and_the_alphabet_of_urls() {
    let server = server().await;
    let mut polling = polling(&server, "&b64=1").await;
    for base64 in ["b4-_-_\nAA=\n=", "b4+/+/\r\nAA==\r\n", "b4-_-_AA\n"] {
        polling.send(&[r#"451-1["ask",{"_placeholder":true,"num":0}]"#, base64]).await;
        let answer = polling.get().await;
        answer.expect(200, &texts(&[r#"461-1[{"_placeholder":true,"num":0}]"#, "b4+/+/AA=="]));
    }
}

#[tokio::test]
async fn attachments_may_come_in_several_posts() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let (first, second) = (r#"{"_placeholder":true,"num":0}"#, r#"{"_placeholder":true,"num":1}"#);
    polling.send(&[&format!(r#"452-1["ask",{second},{first}]"#)]).await;
    polling.post_bytes(item(1, &[4, 7])).await.expect(200, "ok");
    polling.send(&["b4CA=="]).await;
    polling.expect(&format!("462-1[{first},{second}]")).await;
    polling.expect_binary(&[8]).await;
    polling.expect_binary(&[7]).await;
}

#[tokio::test]
async fn bytes_over_websocket_have_the_type_of_a_message() {
    let server = server().await;
    let mut ws = ws(&server).await;
    for attachment in [&[4, 1, 2, 255][..], &[4], &[4, 4]] {
        ws.send(r#"451-1["ask",{"_placeholder":true,"num":0}]"#).await;
        ws.send_binary(attachment).await;
        ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
        ws.expect_binary(attachment).await;
    }
}

#[tokio::test]
async fn bytes_over_websocket_are_text_for_those_who_ask_for_it() {
    let server = server().await;
    let mut ws = open_ws(&server, "&b64=1").await;
    ws.expect("40").await;
    ws.send_all(&[r#"451-1["ask",{"_placeholder":true,"num":0}]"#, "b4AQL/"]).await;
    ws.expect(r#"461-1[{"_placeholder":true,"num":0}]"#).await;
    ws.expect("b4AQL/").await;
}

#[tokio::test]
async fn a_client_over_websocket_answers_the_server() {
    let server = server().await;
    let mut ws = ws(&server).await;
    let socket = only(&server);
    let asking =
        tokio::spawn(
            async move { socket.emit_with_ack::<(u32, Binary)>("please", &Binary::from(vec![9])).await },
        );
    ws.expect(r#"451-0["please",{"_placeholder":true,"num":0}]"#).await;
    ws.expect_binary(&[4, 9]).await;
    ws.send(r#"461-0[5,{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[4, 1, 2]).await;
    let (number, bytes) = asking.await.expect("no panic").expect("the client answers");
    assert_eq!((number, &bytes[..]), (5, &[1, 2][..]));
}

#[tokio::test]
async fn a_client_on_polling_answers_the_server() {
    let server = server().await;
    let mut polling = polling(&server, "").await;
    let socket = only(&server);
    let asking = tokio::spawn(async move { socket.emit_with_ack::<Binary>("please", &1).await });
    polling.expect(r#"420["please",1]"#).await;
    let answer = [item(0, br#"461-0[{"_placeholder":true,"num":0}]"#), item(1, &[4, 6])].concat();
    polling.post_bytes(answer).await.expect(200, "ok");
    assert_eq!(&asking.await.expect("no panic").expect("the client answers")[..], [6]);
}

/// Each client of a broadcast gets it in its own form.
#[tokio::test]
async fn a_broadcast_reaches_clients_of_both_revisions() {
    let server = server().await;
    let mut young_ws = server.socket("/").await;
    let mut young_polling = server.polling().await;
    young_polling.join("/").await;
    let mut old_ws: Ws = ws(&server).await;
    let mut old_polling: OldPolling = polling(&server, "").await;
    let mut old_base64 = polling(&server, "&b64=1").await;
    for number in 0..3 {
        let news = (number, Binary::from(vec![number]));
        server.of("/").emit("news", &news).await.expect("a broadcast cannot fail");
    }
    for number in 0..3 {
        let text = format!(r#"451-["news",{number},{{"_placeholder":true,"num":0}}]"#);
        let base64 = ["AA==", "AQ==", "Ag=="][usize::from(number)];
        young_ws.expect(&text).await;
        young_ws.expect_binary(&[number]).await;
        young_polling.expect(&text).await;
        young_polling.expect(&format!("b{base64}")).await;
        old_ws.expect(&text).await;
        old_ws.expect_binary(&[4, number]).await;
        old_polling.expect(&text).await;
        old_polling.expect_binary(&[number]).await;
        old_base64.expect(&text).await;
        old_base64.expect(&format!("b4{base64}")).await;
    }
}
