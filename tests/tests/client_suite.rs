//! The server that the official JavaScript client's own suite is run against, asked for what no other server does.

use sio_tests::{TestServer, acceptance::client};

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
