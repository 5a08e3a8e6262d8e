//! BEHAVIOUR §1, the table: what a connect hook decides.

use serde::Deserialize;
use serde_json::json;
use sio::prelude::*;
use sio_tests::{
    TestServer,
    app::{All, Secret},
    logs,
};

#[derive(Default)]
struct ReturnsNothing;

#[consumer(namespace = "/nothing")]
impl ReturnsNothing {
    async fn connect(&mut self) {}

    async fn event_rooms(&mut self, socket: &Socket) -> Vec<String> {
        socket.rooms()
    }
}

#[derive(Default)]
struct ReturnsTrue;

#[consumer(namespace = "/true")]
impl ReturnsTrue {
    async fn connect(&mut self) -> bool {
        true
    }
}

#[derive(Default)]
struct ReturnsOk;

#[consumer(namespace = "/ok")]
impl ReturnsOk {
    async fn connect(&mut self) -> sio::Result<()> {
        Ok(())
    }
}

#[derive(Default)]
struct WithoutHook;

#[consumer(namespace = "/without-hook")]
impl WithoutHook {
    async fn event_ask(&mut self, arguments: All) -> All {
        arguments
    }
}

#[derive(Default)]
struct ReturnsFalse;

#[consumer(namespace = "/false")]
impl ReturnsFalse {
    async fn connect(&mut self) -> bool {
        false
    }
}

#[derive(Default)]
struct ReturnsOkFalse;

#[consumer(namespace = "/ok-false")]
impl ReturnsOkFalse {
    async fn connect(&mut self) -> sio::Result<bool> {
        Ok(false)
    }
}

#[derive(Deserialize)]
struct Wanted {
    #[serde(default)]
    data: bool,
}

#[derive(Default)]
struct Refuses;

#[consumer(namespace = "/refuses")]
impl Refuses {
    async fn connect(&mut self, wanted: Wanted) -> Result<(), ConnectError> {
        let error = ConnectError::new("no entry");
        Err(if wanted.data { error.with_data(json!({"code": 401, "hint": "token"})) } else { error })
    }
}

#[derive(Default)]
struct Fails;

#[consumer(namespace = "/fails")]
impl Fails {
    async fn connect(&mut self) -> sio::Result<()> {
        Err(Secret)?;
        Ok(())
    }
}

#[derive(Default)]
struct FailsOpenly;

#[consumer(namespace = "/fails-openly")]
impl FailsOpenly {
    async fn connect(&mut self) -> sio::Result<()> {
        Err(sio::Error::new("banned", "you are banned"))
    }
}

#[derive(Default)]
struct Panics;

#[consumer(namespace = "/panics")]
impl Panics {
    async fn connect(&mut self) {
        panic!("a tripwire in a connect hook");
    }
}

/// Puts its client out before it is in: right away, or while the hook still works.
#[derive(Default)]
struct PutsOut;

#[consumer(namespace = "/puts-out")]
impl PutsOut {
    async fn connect(&mut self, socket: &Socket, waits: bool) {
        socket.disconnect();
        if waits {
            std::future::pending::<()>().await;
        }
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// Made by `connect` itself, out of what the client sent.
struct Member {
    token: String,
}

#[consumer(namespace = "/member")]
impl Member {
    async fn connect(login: Login) -> Result<Self, ConnectError> {
        if login.token == "wrong" {
            Err(ConnectError::new("wrong token"))
        } else {
            Ok(Self { token: login.token })
        }
    }

    async fn event_token(&mut self) -> String {
        self.token.clone()
    }
}

#[derive(Default)]
struct Guest {
    token: Option<String>,
}

#[consumer(namespace = "/guest")]
impl Guest {
    async fn connect(&mut self, login: Option<Login>) {
        self.token = login.map(|login| login.token);
    }

    async fn event_token(&mut self) -> Option<String> {
        self.token.clone()
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| {
        builder
            .consumer::<ReturnsNothing>()
            .consumer::<ReturnsTrue>()
            .consumer::<ReturnsOk>()
            .consumer::<WithoutHook>()
            .consumer::<ReturnsFalse>()
            .consumer::<ReturnsOkFalse>()
            .consumer::<Refuses>()
            .consumer::<Fails>()
            .consumer::<FailsOpenly>()
            .consumer::<Panics>()
            .consumer::<PutsOut>()
            .consumer::<Member>()
            .consumer::<Guest>()
    })
    .await
}

/// The answer to a CONNECT with this payload.
async fn answer(namespace: &str, auth: &str, pattern: &str) {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(&format!("40{namespace},{auth}")).await;
    ws.expect(pattern).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_hook_that_returns_nothing_accepts() {
    answer("/nothing", "", r#"40/nothing,{"sid":…}"#).await;
}

#[tokio::test]
async fn a_hook_that_returns_true_accepts() {
    answer("/true", "", r#"40/true,{"sid":…}"#).await;
}

#[tokio::test]
async fn a_hook_that_returns_ok_accepts() {
    answer("/ok", "", r#"40/ok,{"sid":…}"#).await;
}

#[tokio::test]
async fn a_consumer_without_a_hook_accepts() {
    answer("/without-hook", "", r#"40/without-hook,{"sid":…}"#).await;
}

#[tokio::test]
async fn a_client_over_polling_is_accepted_in_the_same_way() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.send("40/nothing,").await;
    polling.expect(r#"40/nothing,{"sid":…}"#).await;
    polling.send(r#"42/nothing,0["rooms"]"#).await;
    polling.expect(r#"43/nothing,0[[…]]"#).await;
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn an_accepted_socket_is_in_the_room_named_by_its_id() {
    let server = server().await;
    let mut ws = server.socket("/nothing").await;
    ws.send(r#"42/nothing,1["rooms"]"#).await;
    ws.expect(&format!(r#"43/nothing,1[["{}"]]"#, ws.sid.clone())).await;
    server
        .of("/nothing")
        .to(ws.sid.as_str())
        .emit("hello", &())
        .await
        .expect("an emit to a room cannot fail");
    ws.expect(r#"42/nothing,["hello"]"#).await;
}

#[tokio::test]
async fn a_hook_that_returns_false_refuses() {
    answer("/false", "", r#"44/false,{"message":"Not authorized"}"#).await;
    answer("/ok-false", "", r#"44/ok-false,{"message":"Not authorized"}"#).await;
}

#[tokio::test]
async fn a_hook_that_returns_an_error_refuses_with_its_message_and_data() {
    let expected = r#"44/refuses,{"message":"no entry","data":{"code":401,"hint":"token"}}"#;
    answer("/refuses", r#"{"data":true}"#, expected).await;
}

#[tokio::test]
async fn a_refusal_without_data_leaves_it_out() {
    answer("/refuses", "", r#"44/refuses,{"message":"no entry"}"#).await;
}

#[tokio::test]
async fn an_error_meant_for_the_client_refuses_with_its_code() {
    answer("/fails-openly", "", r#"44/fails-openly,{"message":"you are banned","data":{"code":"banned"}}"#)
        .await;
}

#[tokio::test]
async fn an_internal_error_in_the_hook_refuses_without_its_text() {
    answer("/fails", "", r#"44/fails,{"message":"Internal server error"}"#).await;
}

#[tokio::test]
async fn a_panic_in_the_hook_refuses_and_is_logged() {
    let logs = logs::capture();
    answer("/panics", "", r#"44/panics,{"message":"Internal server error"}"#).await;
    logs.expect(&["ERROR", "a tripwire in a connect hook"]).await;
}

#[tokio::test]
async fn a_client_that_the_hook_puts_out_is_told() {
    for waits in ["true", "false"] {
        answer("/puts-out", waits, r#"44/puts-out,{"message":"Not authorized"}"#).await;
    }
}

#[tokio::test]
async fn after_a_panic_in_the_hook_the_client_is_not_in() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/panics,").await;
    ws.expect(r#"44/panics,{"message":"Internal server error"}"#).await;
    assert_eq!(server.of("/panics").sockets().len(), 0);
}

#[tokio::test]
async fn an_auth_payload_of_the_wrong_type_is_refused() {
    let expected =
        r#"44/member,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":"…"}}"#;
    answer("/member", r#"{"token":7}"#, expected).await;
    answer("/member", r#"["token"]"#, expected).await;
    let expected =
        r#"44/guest,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":"…"}}"#;
    answer("/guest", r#"{"token":7}"#, expected).await;
}

#[tokio::test]
async fn a_missing_auth_payload_is_none_for_an_option() {
    let server = server().await;
    let mut ws = server.socket("/guest").await;
    ws.send(r#"42/guest,0["token"]"#).await;
    ws.expect("43/guest,0[null]").await;
}

#[tokio::test]
async fn a_missing_auth_payload_is_tried_as_an_empty_object() {
    // `Wanted` needs no key, `Login` does.
    answer("/refuses", "", r#"44/refuses,{"message":"no entry"}"#).await;
    let expected =
        r#"44/member,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":"…token…"}}"#;
    answer("/member", "", expected).await;
}

#[tokio::test]
async fn a_hook_without_self_makes_the_consumer_from_the_auth_payload() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(r#"40/member,{"token":"sesame"}"#).await;
    ws.expect(r#"40/member,{"sid":…}"#).await;
    ws.send(r#"42/member,0["token"]"#).await;
    ws.expect(r#"43/member,0["sesame"]"#).await;
    answer("/member", r#"{"token":"wrong"}"#, r#"44/member,{"message":"wrong token"}"#).await;
}
