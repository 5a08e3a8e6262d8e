//! BEHAVIOUR §1, the table: how a client gets into a namespace and how it is kept out.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use sio::prelude::*;
use sio_tests::{
    Request, TestServer,
    app::{All, Plain, Secret},
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

#[tokio::test]
async fn a_namespace_without_a_consumer_is_refused() {
    answer("/nobody", "", r#"44/nobody,{"message":"Invalid namespace"}"#).await;
    answer("/nobody", r#"{"token":1}"#, r#"44/nobody,{"message":"Invalid namespace"}"#).await;
}

#[tokio::test]
async fn the_comma_behind_the_namespace_may_be_missing() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send_all(&["40/nobody", "40/nothing"]).await;
    ws.expect(r#"44/nobody,{"message":"Invalid namespace"}"#).await;
    ws.expect(r#"40/nothing,{"sid":…}"#).await;
    ws.send("41/nothing").await;
    ws.expect_nothing_more().await;
    assert_eq!(server.of("/nothing").sockets().len(), 0);
}

#[tokio::test]
async fn a_query_behind_the_namespace_is_not_part_of_its_name() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/nothing?token=1234,").await;
    ws.expect(r#"40/nothing,{"sid":…}"#).await;
}

#[tokio::test]
async fn the_root_namespace_exists_without_a_consumer() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.join("/nothing").await;
    ws.send(r#"42["anything",1]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn one_connection_joins_several_namespaces_as_different_sockets() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let ids = [ws.sid.clone(), ws.join("/nothing").await, ws.join("/ok").await, ws.session_id().to_owned()];
    for (index, id) in ids.iter().enumerate() {
        assert!(ids[..index].iter().all(|other| !other.contains(id) && !id.contains(other)), "{ids:?}");
    }
}

#[tokio::test]
async fn a_second_connect_closes_the_whole_connection() {
    let server = server().await;
    let mut bystander = server.socket("/").await;
    for namespace in ["/", "/nothing"] {
        let mut ws = server.socket("/true").await;
        ws.join(namespace).await;
        ws.send(&format!("40{}", sio_tests::ws::prefix(namespace))).await;
        ws.expect_closed().await;
    }
    bystander.expect_nothing_more().await;
}

#[tokio::test]
async fn a_packet_for_a_namespace_never_joined_closes_the_whole_connection() {
    let server = server().await;
    let mut bystander = server.socket("/").await;
    for packet in [
        r#"42/nothing,["rooms"]"#,
        r#"42/nobody,["rooms"]"#,
        r#"42["rooms"]"#,
        "43/nothing,1[]",
        "41/nothing,",
    ] {
        let mut ws = server.socket("/true").await;
        ws.send(packet).await;
        ws.expect_closed().await;
    }
    bystander.expect_nothing_more().await;
}

#[tokio::test]
async fn a_packet_for_a_namespace_that_refused_the_client_closes_the_whole_connection() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/false,").await;
    ws.expect(r#"44/false,{"message":"Not authorized"}"#).await;
    ws.send(r#"42/false,["rooms"]"#).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn a_refused_client_may_try_again() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(r#"40/member,{"token":"wrong"}"#).await;
    ws.expect(r#"44/member,{"message":"wrong token"}"#).await;
    ws.send(r#"40/member,{"token":"right"}"#).await;
    ws.expect(r#"40/member,{"sid":…}"#).await;
}

#[tokio::test]
async fn a_late_packet_for_a_namespace_that_was_left_is_ignored() {
    let server = server().await;
    let mut ws = server.socket("/nothing").await;
    ws.send_all(&["41/nothing,", r#"42/nothing,1["rooms"]"#, "43/nothing,1[]", "41/nothing,"]).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_late_packet_for_a_namespace_that_put_the_client_out_is_ignored() {
    let server = server().await;
    let mut ws = server.socket("/nothing").await;
    let sockets = server.of("/nothing").sockets();
    sockets[0].disconnect();
    ws.expect("41/nothing,").await;
    ws.send_all(&[r#"42/nothing,1["rooms"]"#, "43/nothing,1[]", "41/nothing,"]).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_namespace_that_was_left_can_be_joined_again_as_another_socket() {
    let server = server().await;
    let mut ws = server.socket("/nothing").await;
    let before = ws.sid.clone();
    ws.send("41/nothing,").await;
    assert_ne!(ws.join("/nothing").await, before);
    ws.send(r#"42/nothing,1["rooms"]"#).await;
    ws.expect("43/nothing,1[[…]]").await;
}

#[tokio::test]
async fn leaving_one_namespace_leaves_the_others_alone() {
    let server = server().await;
    let mut ws = server.socket("/nothing").await;
    ws.join("/without-hook").await;
    ws.send_all(&["41/nothing,", r#"42/without-hook,1["ask",2]"#]).await;
    ws.expect("43/without-hook,1[2]").await;
}

/// `connect_timeout` is the subject; the heartbeat is slow, so that nothing else ends the connection.
#[tokio::test]
async fn a_connection_that_joins_nothing_in_time_is_closed() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().connect_timeout(Duration::from_millis(100)))
            .await;
    server.ws().await.expect_closed().await;

    let mut polling = server.polling().await;
    let answer = polling.get().await;
    assert!(answer.text() == "1" || answer.text() == "6" || answer.status == 400, "{answer:?}");
    polling.expect_gone().await;
}

/// The first ping comes long after the connect timeout.
#[tokio::test]
async fn a_connection_that_joined_and_left_outlives_the_connect_timeout() {
    let server = TestServer::start(|builder| {
        let builder =
            builder.connect_timeout(Duration::from_millis(100)).ping_interval(Duration::from_millis(400));
        builder.consumer::<Plain>()
    })
    .await;
    let mut stays = server.socket("/").await;
    let mut leaves = server.socket("/").await;
    leaves.send("41").await;
    stays.expect("2").await;
    stays.send("3").await;
    leaves.expect("2").await;
    leaves.send("3").await;
    leaves.expect_nothing_more().await;
    stays.send(r#"421["ask"]"#).await;
    stays.expect("431[]").await;
}

#[tokio::test]
async fn nobody_is_in_before_the_first_connect() {
    let server = server().await;
    let ws = server.ws().await;
    let status = server.request(&Request::get(server.polling_target(ws.session_id()))).await.status;
    assert_eq!(status, 400, "a session that began over WebSocket cannot be polled");
    assert_eq!(server.of("/").sockets().len(), 0);
}
