//! How clients come in, and which server they are at.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_client_is_let_in_with_what_it_says_of_itself() {
    let server = server();
    let alice = server.client().namespace("/chat").auth(&json!({ "name": "alice" })).connect().await.unwrap();
    assert_eq!(alice.next::<(String, usize)>("welcome").await, ("alice".to_owned(), 2));
    assert_eq!(alice.namespace(), "/chat");
    assert_eq!(alice.socket().id(), alice.id());
    assert!(alice.is_connected());
    alice.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_learns_why() {
    let server = server();
    let mallory = server.client().namespace("/chat").auth(&json!({ "name": "mallory" }));
    let refused = mallory.connect().await.unwrap_err();
    assert_eq!(refused.message, "Banned");
    assert_eq!(refused.data["until"].as_str(), Some("tomorrow"));
    assert_eq!(refused.status, None);
    assert_eq!(refused.to_string(), "the server refused the client: Banned");
    assert_eq!(server.connect("/nowhere").await.unwrap_err().message, "Invalid namespace");
    assert!(server.of("/chat").sockets().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_server_can_refuse_the_connection_itself() {
    let server = server();
    for transport in [TransportKind::WebSocket, TransportKind::Polling] {
        let foreign = server.client().transport(transport).header("Origin", "https://evil.example");
        let refused = foreign.connect().await.unwrap_err();
        assert_eq!((refused.status, refused.message.as_str()), (Some(403), "Forbidden"));
    }
    let only = Server::builder().collect(false).transports([TransportKind::Polling]).build().unwrap();
    let refused = TestServer::new(only).connect("/").await.unwrap_err();
    assert_eq!((refused.status, refused.message.as_str()), (Some(400), "Transport unknown"));
}

#[tokio::test(start_paused = true)]
async fn the_handshake_is_what_the_test_says() {
    let server = server();
    let builder = server.client().header("X-Forwarded-For", "10.0.0.1").query("v", "a&b").secure();
    let client = builder.peer("192.0.2.1:1234".parse().unwrap()).connect().await.unwrap();
    let handshake = client.socket().handshake();
    assert_eq!(handshake.header("x-forwarded-for"), Some("10.0.0.1"));
    assert_eq!(handshake.query_param("v").as_deref(), Some("a&b"));
    assert_eq!(handshake.peer(), Some("192.0.2.1:1234".parse().unwrap()));
    assert!(handshake.is_secure());
    let (one, other) = (server.connect("/").await.unwrap(), server.connect("/").await.unwrap());
    assert_ne!(one.socket().handshake().peer(), other.socket().handshake().peer());
}

#[tokio::test(start_paused = true)]
async fn several_namespaces_share_a_connection() {
    let server = server();
    let chat = client(&server).await;
    let admin = chat.connect_to("/admin", &()).await.unwrap();
    assert_eq!(admin.emit_with_ack::<usize>("count", &()).await.unwrap(), 1);
    assert_eq!(server.client_count(), 1);
    chat.disconnect().await;
    assert_eq!(admin.emit_with_ack::<usize>("count", &()).await.unwrap(), 0);

    let again = admin.connect_to("/chat", &()).await.unwrap();
    assert_ne!(again.id(), chat.id());
    again.next_event("welcome").await;
    assert!(!chat.is_connected() && again.is_connected());
}

#[tokio::test(start_paused = true)]
async fn several_servers_know_nothing_of_each_other() {
    let (one, other) = (server(), server());
    let (alice, bob) = (client(&one).await, client(&other).await);
    alice.emit_with_ack::<()>("say", "hi").await.unwrap();
    assert_eq!(alice.next::<String>("said").await, "hi");
    bob.nothing_more().await;
    one.close().await;
    assert_eq!(alice.expect_disconnect().await, DisconnectReason::ServerShuttingDown);
    assert!(bob.is_connected());
    assert_eq!(one.connect("/chat").await.unwrap_err().status, Some(503));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_on_several_threads_and_a_running_clock() {
    let server = server();
    let mut clients = Vec::new();
    for n in 0..20 {
        clients.push(if n % 2 == 0 { client(&server).await } else { poller(&server).await });
    }
    clients[0].emit("say", "hi").await;
    for client in &clients {
        assert_eq!(client.next::<String>("said").await, "hi");
    }
}

/// Refuses by the errors of helpers.
#[derive(Default)]
struct Strict;

fn admit(name: &str) -> Result<(), ConnectError> {
    match name {
        "mallory" => Err(ConnectError::new("Banned").with_data(json!({ "until": "tomorrow" }))),
        "eve" => Err(std::io::Error::other("disk on fire").into()),
        _ => Ok(()),
    }
}

#[consumer(namespace = "/strict")]
impl Strict {
    async fn connect(&mut self, auth: Value) -> sio::Result {
        admit(auth["name"].as_str().unwrap())?;
        Ok(())
    }

    async fn event_invite(&mut self, name: String) -> sio::Result {
        Ok(admit(&name)?)
    }
}

#[tokio::test(start_paused = true)]
async fn the_refusal_of_a_helper_reaches_the_client() {
    let server = TestServer::new(Server::builder().collect(false).consumer::<Strict>().build().unwrap());
    let connect = |name| server.client().namespace("/strict").auth(&json!({ "name": name })).connect();
    let error = connect("mallory").await.unwrap_err();
    assert_eq!((error.message.as_str(), error.data["until"].as_str()), ("Banned", Some("tomorrow")));
    let error = connect("eve").await.unwrap_err();
    assert_eq!((error.message.as_str(), error.data), ("Internal server error", Value::Null));

    let bob = connect("bob").await.unwrap();
    let error = bob.emit_with_ack::<()>("invite", &"mallory").await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("refused", "Banned"));
    let error = bob.emit_with_ack::<()>("invite", &"eve").await.unwrap_err();
    assert_eq!((error.code(), error.message()), ("internal", "Internal server error"));
}

#[tokio::test]
async fn a_handler_reaches_the_whole_server() {
    let server = server();
    let admin = server.connect("/admin").await.unwrap();
    let (clients, paths) = admin.emit_with_ack::<(usize, Vec<String>)>("everybody", &()).await.unwrap();
    assert_eq!(clients, server.server().client_count());
    assert!(paths.contains(&"/chat".to_owned()), "{paths:?}");
}

#[tokio::test]
#[should_panic = "there is no namespace \"/nowhere\", there are [\"/admin\", \"/chat\""]
async fn an_unknown_namespace_is_answered_with_those_that_there_are() {
    let _ = server().of("/nowhere");
}

/// Notes what it is sent.
struct Noting;

#[consumer(namespace = "/noting")]
impl Noting {
    async fn connect(socket: &Socket, auth: Option<Value>) -> Self {
        let auth = serde_json::to_string(&auth).unwrap();
        socket.emit("auth", &auth).await.unwrap();
        Self
    }
}

#[tokio::test(start_paused = true)]
async fn an_auth_payload_that_is_no_object_comes_back_as_the_official_client_sends_it() {
    let builder = Server::builder().collect(false).consumer::<Noting>();
    let server = TestServer::new(builder.connection_state_recovery(Recovery::default()).build().unwrap());
    for (auth, first, again) in [
        (json!({ "name": "Ada" }), r#"{"name":"Ada"}"#, r#"{"name":"Ada"}"#),
        (json!({}), "{}", "null"),
        (json!("Aß😀"), r#""Aß😀""#, r#"{"0":"A","1":"ß","2":"�","3":"�"}"#),
        (json!(["a", [1]]), r#"["a",[1]]"#, r#"{"0":"a","1":[1]}"#),
    ] {
        let client = server.client().namespace("/noting").auth(&auth).connect().await.unwrap();
        assert_eq!(client.next::<String>("auth").await, first);
        client.kill().await;
        client.expect_disconnect().await;
        let client = server.client().auth(&auth).resume(&client).connect().await.unwrap();
        assert!(client.is_recovered());
        assert_eq!(client.next::<String>("auth").await, again);
    }
}
