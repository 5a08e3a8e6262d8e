//! The server that the official JavaScript client's own suite is run against, asked for what no other server does; and what
//! suites ask of the other profiles before they begin.

use sio_tests::{
    TestServer,
    acceptance::{Profile, client},
};

async fn server() -> TestServer {
    TestServer::serve_with(|listener| client::serve(listener, &[])).await
}

#[tokio::test]
async fn an_event_without_a_named_ack_is_never_acknowledged() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    for event in ["unknown", "hi", "false", "buffa"] {
        ws.send(&format!(r#"421["{event}"]"#)).await;
    }
    ws.expect(r#"42["hi",…]"#).await;
    ws.expect(r#"42["false",false,…]"#).await;
    ws.send(r#"422["echo",5]"#).await;
    ws.expect("432[5]").await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_question_may_be_answered_by_a_question() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"421["ack"]"#).await;
    ws.expect(r#"42…["ack"]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn buffers_are_acknowledged_in_their_order_only() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send(r#"42["abuff2","too early"]"#).await;
    ws.send(r#"451-["abuff1",{"_placeholder":true,"num":0}]"#).await;
    ws.send_binary(&[1]).await;
    ws.send(r#"42["abuff2","please arrive second"]"#).await;
    ws.expect(r#"42["abuff2-ack",…]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn the_handshake_is_told_with_query_and_auth_apart() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(r#"40/abc,{"a":"b"}"#).await;
    ws.expect(r#"40/abc,{"sid":…,"pid":…}"#).await;
    let packet = r#"42/abc,["handshake",{"auth":{"a":"b"},"query":{"EIO":"4","transport":"websocket"},…},…]"#;
    ws.expect(packet).await;
}

#[tokio::test]
async fn the_refusal_says_why() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/no,").await;
    ws.expect(r#"44/no,{"message":"Auth failed (custom namespace)"}"#).await;
}

/// The abilities that the profile `main` announces, beside which others.
async fn capabilities(beside: &'static [Profile]) -> Vec<String> {
    let server = TestServer::serve_with(|listener| Profile::Main.serve(listener, &[], beside, None)).await;
    let mut ws = server.socket("/").await;
    ws.send(r#"421["caps"]"#).await;
    let answer = ws.expect("431[…]").await;
    let list = answer[0].as_array().expect("it is a list");
    list.iter().filter_map(|name| name.as_str()).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_main_profile_names_what_those_beside_it_can_do() {
    let others = ["recovery", "msgpack", "eio3"];
    let alone = capabilities(&[Profile::Main]).await;
    assert!(alone.iter().any(|name| name == "compression"), "{alone:?}");
    assert!(!alone.iter().any(|name| others.contains(&&**name)), "{alone:?}");
    let some = capabilities(&[Profile::Main, Profile::Eio3, Profile::Chat]).await;
    assert_eq!(some.iter().filter(|name| others.contains(&&***name)).collect::<Vec<_>>(), ["eio3"]);
    let all = capabilities(&Profile::ALL).await;
    assert!(others.iter().all(|name| all.iter().any(|known| known == name)), "{all:?}");
}

#[tokio::test]
async fn a_chat_message_without_a_text_is_an_empty_one() {
    let server = TestServer::serve_with(|listener| Profile::Chat.serve(listener, &[], &[], None)).await;
    let mut ws = server.socket("/chat").await;
    ws.expect(r#"42/chat,["system_message",{"text":"Welcome!"}]"#).await;
    for (sent, text) in [("{}", ""), (r#"{"other":1}"#, ""), (r#"{"text":"hi"}"#, "hi")] {
        ws.send(&format!(r#"42/chat,1["chat_message",{sent}]"#)).await;
        ws.expect(&format!(r#"42/chat,["chat_message",{{"text":"{text}"}}]"#)).await;
        ws.expect(r#"43/chat,1[{"status":"ok"}]"#).await;
    }
    // An argument that is no map fails that call only.
    for sent in ["[]", r#"["hi"]"#, "null", "7", r#""hi""#, r#"{"text":7}"#] {
        ws.send(&format!(r#"42/chat,1["chat_message",{sent}]"#)).await;
        ws.expect(r#"43/chat,1[{"status":"error","code":"invalid_payload",…}]"#).await;
    }
    ws.send(r#"42/chat,1["chat_message"]"#).await;
    ws.expect(r#"43/chat,1[{"status":"error","code":"invalid_payload",…}]"#).await;
}
