//! The Admin UI: `/admin` as the pages of `@socket.io/admin-ui` see it.

#[path = "admin/cluster.rs"]
mod cluster;

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use sio::options::{Admin, AdminMode};
use sio::prelude::*;
use sio::testing::{TestClient, TestServer};

/// Of the password `secret`, at the lowest cost.
const HASH: &str = "$2b$04$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi";

#[derive(Default)]
struct Chat;

#[consumer(namespace = "/tests/admin/chat")]
impl Chat {
    async fn connect(&mut self, socket: &Socket) -> sio::Result {
        socket.join("lobby").await?;
        Ok(())
    }

    async fn event_say(&mut self, socket: &Socket, text: String) -> sio::Result {
        socket.namespace().to("lobby").emit("said", &text).await?;
        Ok(())
    }

    async fn event_reauth(&mut self, token: String) {
        drop(token);
    }
}

fn server(admin: Admin) -> TestServer {
    let builder = Server::builder().collect(false).consumer::<Chat>().admin(admin.server_id("one"));
    TestServer::new(builder.build().expect("the options are valid"))
}

fn basic() -> Admin {
    Admin::basic("ops", HASH)
}

fn password() -> Value {
    json!({"username": "ops", "password": "secret"})
}

async fn look(server: &TestServer) -> TestClient {
    server.client().namespace("/admin").auth(&password()).connect().await.expect("the password is right")
}

async fn refusal(server: &TestServer, auth: Value) -> String {
    let refused = server.client().namespace("/admin").auth(&auth).connect().await;
    refused.expect_err("it is refused").message
}

#[tokio::test(start_paused = true)]
async fn nobody_gets_in_without_the_password_and_a_login_can_be_used_again() {
    let server = server(basic());
    for auth in [
        json!({}),
        json!("secret"),
        json!({"username": "ops", "password": "Secret"}),
        json!({"username": "op", "password": "secret"}),
        json!({"sessionId": "AAAAAAAAAAAAAAAAAAAA"}),
    ] {
        assert_eq!(refusal(&server, auth).await, "invalid credentials");
    }
    // Five times in a minute: now also the right one is refused.
    assert_eq!(refusal(&server, password()).await, "invalid credentials");
    let elsewhere: SocketAddr = "192.0.2.7:1".parse().unwrap();
    let other = server.client().namespace("/admin").auth(&password()).peer(elsewhere).connect().await;
    let login = other.expect("another address has not failed").next::<String>("session").await;
    // A login needs no password, and counts as no attempt.
    let again = server.client().namespace("/admin").auth(&json!({"sessionId": login})).connect().await;
    let again = again.expect("the login lasts");
    again.next::<Value>("config").await;
    again.ignore("server_stats");
    // It ends after eight hours.
    let again = again.within(Duration::from_secs(9 * 60 * 60));
    again.next_event("auth_expired").await;
    tokio::time::advance(Duration::from_secs(60)).await;
    assert_eq!(refusal(&server, json!({"sessionId": login})).await, "invalid credentials");
    look(&server).await;
}

#[tokio::test(start_paused = true)]
async fn in_production_there_are_counts_and_nothing_of_single_sockets() {
    let server = server(basic());
    let admin = look(&server).await;
    let config = admin.next::<Value>("config").await;
    let features = config["supportedFeatures"].as_array().unwrap();
    assert!(features.contains(&json!("AGGREGATED_EVENTS")) && features.contains(&json!("MDISCONNECT")));
    assert!(!features.contains(&json!("ALL_EVENTS")));
    admin.next::<String>("session").await;
    let one = server.connect("/tests/admin/chat").await.unwrap();
    one.emit_with_ack::<()>("say", "hello").await.unwrap();
    let mut kinds = Vec::new();
    for _ in 0..3 {
        let stats = admin.next::<Value>("server_stats").await;
        assert_eq!((&stats["serverId"], &stats["pid"]), (&json!("one"), &json!(std::process::id())));
        for event in stats["aggregatedEvents"].as_array().unwrap() {
            kinds.push(event["type"].as_str().unwrap().to_owned());
        }
        if stats["clientsCount"] == 2 {
            let namespaces = json!([
                {"name": "/", "socketsCount": 0},
                {"name": "/tests/admin/chat", "socketsCount": 1},
            ]);
            assert_eq!(stats["namespaces"], namespaces, "its own is not among them");
        }
    }
    for kind in ["rawConnection", "packetsIn", "packetsOut", "bytesIn", "bytesOut"] {
        assert!(kinds.iter().any(|told| told == kind), "{kind}: {kinds:?}");
    }
    assert!(admin.unread().is_empty(), "{:?}", admin.unread());
}

#[tokio::test(start_paused = true)]
async fn in_development_each_socket_is_shown_without_secrets() {
    let server = server(basic().mode(AdminMode::Development));
    let before = server.connect("/tests/admin/chat").await.unwrap();
    let admin = look(&server).await;
    admin.ignore("server_stats");
    admin.next::<Value>("config").await;
    admin.next::<String>("session").await;
    let all = admin.next::<Value>("all_sockets").await;
    assert_eq!((all.as_array().unwrap().len(), &all[0]["id"]), (1, &json!(before.id())), "{all}");
    assert_eq!(all[0]["rooms"].as_array().unwrap().len(), 2);

    let client = server.client().namespace("/tests/admin/chat").auth(&json!({"token": "s3cret-auth"}));
    let client = client.header("cookie", "id=s3cret-cookie").header("authorization", "Bearer s3cret-header");
    let client =
        client.header("x-api-key", "s3cret-key").query("token", "s3cret-query").connect().await.unwrap();
    let (connected, _) = admin.next::<(Value, String)>("socket_connected").await;
    assert_eq!(connected["rooms"], json!([client.id()]), "before it has joined any");
    assert_eq!(connected["transport"], "websocket");
    assert_eq!(connected["clientId"].as_str().unwrap().len(), 12);
    let path = json!("/tests/admin/chat");
    let joined = admin.next::<(Value, String, Value, String)>("room_joined").await;
    assert_eq!((joined.0, &*joined.1, joined.2), (path.clone(), "lobby", json!(client.id())));
    client.emit_with_ack::<()>("say", "hello").await.unwrap();
    let received = admin.next::<(Value, Value, Value, String)>("event_received").await;
    assert_eq!((received.1, received.2), (json!(client.id()), json!(["say", "hello"])));
    let sent = admin.next::<(Value, Value, Value, String)>("event_sent").await;
    assert_eq!((sent.1, sent.2), (json!("lobby"), json!(["said", "hello"])));
    client.emit_with_ack::<()>("reauth", "s3cret-token").await.unwrap();
    let received = admin.next::<(Value, Value, Value, String)>("event_received").await;
    assert_eq!(received.2, json!(["reauth", "(hidden)"]));
    client.disconnect().await;
    let left = admin.next::<(Value, Value, String, String)>("socket_disconnected").await;
    assert_eq!((left.0, left.1, &*left.2), (path, json!(client.id()), "client namespace disconnect"));
    let rooms = [admin.next::<Value>("room_left").await, admin.next::<Value>("room_left").await];
    assert!(!format!("{connected}{all}{rooms:?}").contains("s3cret"), "{connected}");
    admin.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn commands_reach_sockets_and_never_those_who_look() {
    let server = server(basic().mode(AdminMode::Development));
    let admin = look(&server).await;
    let [one, two] = [
        server.connect("/tests/admin/chat").await.unwrap(),
        server.connect("/tests/admin/chat").await.unwrap(),
    ];
    let nsp = "/tests/admin/chat";
    admin.emit_with_ack::<()>("emit", &(nsp, one.id(), "hi", 1, json!({"a": [2]}))).await.unwrap();
    assert_eq!(one.next::<(u32, Value)>("hi").await, (1, json!({"a": [2]})));
    admin.emit_with_ack::<()>("emit", &(nsp, Value::Null, "all")).await.unwrap();
    one.next_event("all").await;
    two.next_event("all").await;
    admin.emit_with_ack::<()>("join", &(nsp, "jury", one.id())).await.unwrap();
    assert!(one.is_in("jury") && !two.is_in("jury"));
    admin.emit_with_ack::<()>("leave", &(nsp, "jury")).await.unwrap();
    assert!(!one.is_in("jury"));
    admin.emit_with_ack::<()>("_disconnect", &(nsp, false, one.id())).await.unwrap();
    assert_eq!(one.expect_disconnect().await.as_str(), "server namespace disconnect");
    for command in [json!(["/admin", Value::Null]), json!(["/nowhere", Value::Null])] {
        let failed = admin.emit_with_ack::<()>("_disconnect", &(command[0].clone(), true)).await;
        assert_eq!(failed.unwrap_err().code(), "unknown_namespace");
    }
    assert!(admin.is_connected() && two.is_connected());
}

#[tokio::test(start_paused = true)]
async fn those_who_may_only_look_have_no_commands() {
    let server = server(basic().read_only(true));
    let admin = look(&server).await;
    let config = admin.next::<Value>("config").await;
    assert_eq!(config, json!({"supportedFeatures": ["AGGREGATED_EVENTS"]}));
    for command in ["emit", "join", "leave", "_disconnect"] {
        let refused = admin.emit_with_ack::<()>(command, &("/", Value::Null, "x")).await;
        assert_eq!(refused.unwrap_err().code(), "unknown_event");
    }
}

#[test]
fn a_password_in_place_of_its_hash_keeps_the_server_from_starting() {
    for hash in ["secret", "", "$2b$20$EGnsCBF/TrcS4pFS7kODQ.Gab3ozXCZUNdACp9ooZIiPt2EeV34bi"] {
        let built = Server::builder().collect(false).admin(Admin::basic("ops", hash)).build();
        let error = built.expect_err("it is no hash, or one that takes long").to_string();
        assert!(error.starts_with("`admin` must have a "), "{error}");
        assert!(hash.is_empty() || !error.contains(hash));
    }
}

#[tokio::test(start_paused = true)]
async fn an_open_door_must_be_asked_for() {
    let server = server(Admin::open());
    let admin = server.connect("/admin").await.expect("everybody is let in");
    admin.next::<Value>("config").await;
    assert!(!admin.unread().iter().any(|event| event.contains("session")));
}
