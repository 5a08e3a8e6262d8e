//! BEHAVIOUR §1, the rest of the table: which namespaces a connection is in, and what it may send to which.

use std::time::Duration;

use serde::Deserialize;
use sio::prelude::*;
use sio_tests::{
    TestServer,
    app::{All, Plain},
    ws::prefix,
};

#[derive(Default)]
struct Rooms;

#[consumer(namespace = "/rooms")]
impl Rooms {
    async fn event_rooms(&mut self, socket: &Socket) -> Vec<String> {
        socket.rooms()
    }
}

#[derive(Default)]
struct Other;

#[consumer(namespace = "/other")]
impl Other {
    async fn event_ask(&mut self, arguments: All) -> All {
        arguments
    }
}

#[derive(Default)]
struct Refuses;

#[consumer(namespace = "/refuses")]
impl Refuses {
    async fn connect(&mut self) -> bool {
        false
    }
}

#[derive(Deserialize)]
struct Login {
    token: String,
}

#[derive(Default)]
struct Member;

#[consumer(namespace = "/member")]
impl Member {
    async fn connect(&mut self, login: Login) -> Result<(), ConnectError> {
        if login.token == "right" { Ok(()) } else { Err(ConnectError::new("wrong token")) }
    }
}

/// Serves several namespaces, and several events with one handler.
#[derive(Default)]
struct Several {
    handled: u32,
}

#[consumer(namespace = ["/", "/several", "/several/{id}"])]
impl Several {
    #[event("joined", "user left", max_size = "32B")]
    async fn came_or_went(&mut self, socket: &Socket, name: EventName, who: String) -> String {
        self.handled += 1;
        format!("{}: {} {name} as number {}", socket.namespace().path(), who, self.handled)
    }

    async fn event_call(&mut self, socket: &Socket) -> sio::Result {
        Ok(socket.namespace().emit("called", &()).await?)
    }
}

/// Nobody serves `/` here: it exists all the same.
async fn server() -> TestServer {
    TestServer::start(|builder| {
        builder.consumer::<Rooms>().consumer::<Other>().consumer::<Refuses>().consumer::<Member>()
    })
    .await
}

#[tokio::test]
async fn a_namespace_without_a_consumer_is_refused() {
    let server = server().await;
    let mut ws = server.ws().await;
    for auth in ["", r#"{"token":1}"#] {
        ws.send(&format!("40/nobody,{auth}")).await;
        ws.expect(r#"44/nobody,{"message":"Invalid namespace"}"#).await;
    }
}

#[tokio::test]
async fn the_comma_behind_the_namespace_may_be_missing() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send_all(&["40/nobody", "40/rooms"]).await;
    ws.expect(r#"44/nobody,{"message":"Invalid namespace"}"#).await;
    ws.expect(r#"40/rooms,{"sid":…}"#).await;
    ws.send("41/rooms").await;
    ws.expect_nothing_more().await;
    assert_eq!(server.of("/rooms").sockets().len(), 0);
}

#[tokio::test]
async fn a_query_behind_the_namespace_is_not_part_of_its_name() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/rooms?token=1234,").await;
    ws.expect(r#"40/rooms,{"sid":…}"#).await;
}

#[tokio::test]
async fn the_root_namespace_exists_without_a_consumer() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.join("/rooms").await;
    ws.send(r#"42["anything",1]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn one_connection_joins_several_namespaces_as_different_sockets() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let ids = [ws.sid.clone(), ws.join("/rooms").await, ws.join("/other").await, ws.session_id().to_owned()];
    for (index, id) in ids.iter().enumerate() {
        assert!(ids[..index].iter().all(|other| !other.contains(id) && !id.contains(other)), "{ids:?}");
    }
}

#[tokio::test]
async fn a_consumer_of_several_namespaces_has_a_value_for_each_socket_in_each() {
    let server = TestServer::start(|builder| builder.consumer::<Several>()).await;
    let mut ws = server.socket("/").await;
    let mut other = server.socket("/several").await;
    for namespace in ["/several", "/several/7"] {
        ws.join(namespace).await;
    }
    for number in 1..=2 {
        for path in ["/", "/several", "/several/7"] {
            let prefix = prefix(path);
            ws.send(&format!(r#"42{prefix}1["joined","Ada"]"#)).await;
            ws.expect(&format!(r#"43{prefix}1["{path}: Ada joined as number {number}"]"#)).await;
        }
    }
    // Each namespace has its own members.
    ws.send(r#"42/several/7,["call"]"#).await;
    ws.expect(r#"42/several/7,["called"]"#).await;
    other.expect_nothing_more().await;
    ws.send("40/several/7/8,").await;
    ws.expect(r#"44/several/7/8,{"message":"Invalid namespace"}"#).await;
}

#[tokio::test]
async fn a_handler_of_several_events_is_told_which_and_each_has_the_options() {
    let server = TestServer::start(|builder| builder.consumer::<Several>()).await;
    let mut ws = server.socket("/").await;
    for (number, event) in (1..).zip(["joined", "user left", "joined"]) {
        ws.send(&format!(r#"421["{event}","Ada"]"#)).await;
        ws.expect(&format!(r#"431["/: Ada {event} as number {number}"]"#)).await;
        ws.send(&format!(r#"422["{event}","{}"]"#, "x".repeat(32))).await;
        ws.expect(
            r#"432[{"status":"error","code":"payload_too_large","message":"The event is too large","limit":32}]"#,
        )
        .await;
    }
    // The name of the method is none of them.
    ws.send(r#"42["came_or_went","Ada"]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_second_connect_closes_the_whole_connection() {
    let server = server().await;
    let mut bystander = server.socket("/").await;
    for namespace in ["/", "/rooms"] {
        let mut ws = server.socket("/other").await;
        ws.join(namespace).await;
        ws.send(&format!("40{}", prefix(namespace))).await;
        ws.expect_closed().await;
    }
    bystander.expect_nothing_more().await;
}

#[tokio::test]
async fn a_packet_for_a_namespace_never_joined_closes_the_whole_connection() {
    let server = server().await;
    let mut bystander = server.socket("/").await;
    for packet in
        [r#"42/rooms,["rooms"]"#, r#"42/nobody,["rooms"]"#, r#"42["rooms"]"#, "43/rooms,1[]", "41/rooms,"]
    {
        let mut ws = server.socket("/other").await;
        ws.send(packet).await;
        ws.expect_closed().await;
    }
    bystander.expect_nothing_more().await;
}

#[tokio::test]
async fn a_packet_for_a_namespace_that_refused_the_client_closes_the_whole_connection() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/refuses,").await;
    ws.expect(r#"44/refuses,{"message":"Not authorized"}"#).await;
    ws.send(r#"42/refuses,["rooms"]"#).await;
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
    let mut ws = server.socket("/rooms").await;
    ws.send_all(&["41/rooms,", r#"42/rooms,1["rooms"]"#, "43/rooms,1[]", "41/rooms,"]).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_late_packet_for_a_namespace_that_put_the_client_out_is_ignored() {
    let server = server().await;
    let mut ws = server.socket("/rooms").await;
    let sockets = server.of("/rooms").sockets();
    sockets[0].disconnect();
    ws.expect("41/rooms,").await;
    ws.send_all(&[r#"42/rooms,1["rooms"]"#, "43/rooms,1[]", "41/rooms,"]).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_namespace_that_was_left_can_be_joined_again_as_another_socket() {
    let server = server().await;
    let mut ws = server.socket("/rooms").await;
    let before = ws.sid.clone();
    ws.send("41/rooms,").await;
    assert_ne!(ws.join("/rooms").await, before);
    ws.send(r#"42/rooms,1["rooms"]"#).await;
    ws.expect("43/rooms,1[[…]]").await;
}

#[tokio::test]
async fn leaving_one_namespace_leaves_the_others_alone() {
    let server = server().await;
    let mut ws = server.socket("/rooms").await;
    ws.join("/other").await;
    ws.send_all(&["41/rooms,", r#"42/other,1["ask",2]"#]).await;
    ws.expect("43/other,1[2]").await;
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
/// To be refused is not to be in.
#[tokio::test]
async fn a_connection_that_is_only_refused_is_closed_too() {
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().connect_timeout(Duration::from_millis(100)))
            .await;
    let mut ws = server.ws().await;
    ws.send("40/unknown,").await;
    ws.expect(r#"44/unknown,{"message":"Invalid namespace"}"#).await;
    ws.expect_closed().await;
}

#[tokio::test]
async fn a_connection_that_joined_and_left_outlives_the_connect_timeout() {
    let server = TestServer::start(|builder| {
        let builder =
            builder.connect_timeout(Duration::from_millis(300)).ping_interval(Duration::from_secs(1));
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
    let status = server.get(&format!("EIO=4&transport=polling&sid={}", ws.session_id())).await.status;
    assert_eq!(status, 400, "a session that began over WebSocket cannot be polled");
    assert_eq!(server.of("/").sockets().len(), 0);
}
