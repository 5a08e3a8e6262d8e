//! The chat as its clients see it.

#[path = "../src/consumer.rs"]
mod consumer;
#[path = "../src/directory.rs"]
mod directory;
#[path = "../src/model.rs"]
mod model;
#[cfg(feature = "cluster")]
#[path = "../src/nodes.rs"]
mod nodes;

use consumer::Node;
use directory::Directory;
use serde_json::{Value, json};
use sio::options::TransportKind;
use sio::testing::{Refused, TestClient, TestServer};
use sio::{DisconnectReason, Server};

type TestResult = Result<(), Box<dyn std::error::Error>>;

/// The server of `main`, without the page. The consumer registers itself.
fn server() -> TestServer {
    let directory = Directory::default();
    let builder = Server::builder().state(directory.clone()).state(Node(None));
    #[cfg(feature = "cluster")]
    let server = nodes::build(builder, directory);
    #[cfg(not(feature = "cluster"))]
    let server = builder.build();
    TestServer::new(server.expect("the chat can be built"))
}

/// A client that has a name, once it has read its welcome.
async fn enter(
    server: &TestServer,
    name: &str,
    rooms: &[&str],
) -> Result<TestClient, Refused> {
    let login = json!({ "name": name, "rooms": rooms });
    let client = server.client().namespace("/chat").auth(&login).connect().await?;
    client.next::<Value>("system_message").await;
    Ok(client)
}

/// The next list of who is in a room.
async fn people(client: &TestClient) -> (String, Vec<String>) {
    let list: Value = client.next("people").await;
    (list["room"].as_str().unwrap_or_default().to_owned(), names(&list))
}

/// The names in a list of people, sorted: the order is that of ids.
fn names(list: &Value) -> Vec<String> {
    let people = list["people"].as_array().into_iter().flatten();
    let mut names: Vec<_> =
        people.map(|person| person["name"].as_str().unwrap_or("?").to_owned()).collect();
    names.sort();
    names
}

// ANCHOR: contract
/// `SIO_CONTRACT=write` renews the file.
#[test]
fn the_page_has_the_types_of_the_server() {
    sio::contract::Contract::collect().check("page/contract.ts");
}
// ANCHOR_END: contract

#[tokio::test(start_paused = true)]
async fn a_client_is_welcome_in_the_lobby() -> TestResult {
    let server = server();
    let client = server.connect("/chat").await?;
    assert_eq!(
        client.next::<Value>("system_message").await,
        json!({ "text": "Welcome!" })
    );
    assert_eq!(people(&client).await, ("lobby".to_owned(), vec!["?".to_owned()]));
    assert_eq!(client.rooms(), ["lobby"]);
    client.nothing_more().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_reaches_everybody_its_writer_included() -> TestResult {
    let server = server();
    for transport in [TransportKind::WebSocket, TransportKind::Polling] {
        let builder = server.client().namespace("/chat").transport(transport);
        let (ada, bob) = (builder.clone().connect().await?, builder.connect().await?);
        let answer: Value =
            ada.emit_with_ack("chat_message", &json!({ "text": "hi" })).await?;
        assert_eq!(answer, json!({ "status": "ok" }));
        for client in [&ada, &bob] {
            assert_eq!(
                client.next::<Value>("chat_message").await,
                json!({ "text": "hi" })
            );
        }
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_message_says_who_wrote_it_and_where() -> TestResult {
    let server = server();
    let (ada, bob) = (
        enter(&server, "Ada", &["rust"]).await?,
        enter(&server, "Bob", &["rust"]).await?,
    );
    let eve = enter(&server, "Eve", &[]).await?;
    ada.emit("chat_message", &json!({ "text": "hi", "room": "rust" })).await;
    let from = json!({ "id": ada.id(), "name": "Ada" });
    let said = json!({ "text": "hi", "room": "rust", "from": from });
    assert_eq!(bob.next::<Value>("chat_message").await, said);
    eve.ignore("people");
    eve.nothing_more().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn only_who_is_in_a_room_can_write_to_it() -> TestResult {
    let server = server();
    let (ada, bob) =
        (enter(&server, "Ada", &["rust"]).await?, enter(&server, "Bob", &[]).await?);
    let message = json!({ "text": "hi", "room": "rust" });
    let error = bob.emit_with_ack::<Value>("chat_message", &message).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        ("not_in_room", "join rust before you write to it")
    );

    let list: Value = bob.emit_with_ack("join_room", &json!({ "room": "rust" })).await?;
    assert_eq!(names(&list), ["Ada", "Bob"]);
    bob.emit_with_ack::<Value>("chat_message", &message).await?;
    assert_eq!(ada.next::<Value>("chat_message").await["from"]["name"], "Bob");

    bob.emit_with_ack::<Value>("leave_room", &json!({ "room": "rust" })).await?;
    assert_eq!(bob.rooms(), ["lobby"]);
    assert_eq!(server.of("/chat").to("room:rust").sockets(), [ada.socket().clone()]);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn everybody_sees_who_comes_and_goes() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", &[]).await?;
    let lobby = |names: &[&str]| {
        ("lobby".to_owned(), names.iter().map(|&name| name.to_owned()).collect())
    };
    assert_eq!(people(&ada).await, lobby(&["Ada"]));

    let bob = enter(&server, "Bob", &[]).await?;
    assert_eq!(people(&ada).await, lobby(&["Ada", "Bob"]));
    bob.emit_with_ack::<Value>("set_name", &json!({ "name": " Bobby " })).await?;
    assert_eq!(people(&ada).await, lobby(&["Ada", "Bobby"]));
    bob.disconnect().await;
    assert_eq!(people(&ada).await, lobby(&["Ada"]));

    // A lost connection is the same, and one that is lost without anybody noticing as soon as it is noticed.
    let eve = enter(&server, "Eve", &[]).await?;
    assert_eq!(people(&ada).await, lobby(&["Ada", "Eve"]));
    eve.kill().await;
    assert_eq!(people(&ada).await, lobby(&["Ada"]));

    let dan = enter(&server, "Dan", &[]).await?;
    assert_eq!(people(&ada).await, lobby(&["Ada", "Dan"]));
    dan.ignore_pings();
    let patient = ada.within(std::time::Duration::from_secs(60));
    assert_eq!(people(&patient).await, lobby(&["Ada"]));
    assert_eq!(dan.expect_disconnect().await, DisconnectReason::PingTimeout);
    ada.nothing_more().await;
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn rooms_exist_while_somebody_is_in_them() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", &["rust", "tea"]).await?;
    let bob = enter(&server, "Bob", &["tea"]).await?;
    let rooms: Value = ada.emit_with_ack("rooms", &()).await?;
    let room = |room: &str, people: usize| json!({ "room": room, "people": people });
    assert_eq!(rooms, json!([room("lobby", 2), room("rust", 1), room("tea", 2)]));
    let who: Value = ada.emit_with_ack("who", &json!({ "room": "tea" })).await?;
    assert_eq!(names(&who), ["Ada", "Bob"]);

    bob.disconnect().await;
    ada.emit_with_ack::<Value>("leave_room", &json!({ "room": "tea" })).await?;
    let rooms: Value = ada.emit_with_ack("rooms", &()).await?;
    assert_eq!(rooms, json!([room("lobby", 1), room("rust", 1)]));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn bad_names_are_refused() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", &[]).await?;
    for (event, argument) in [
        ("set_name", json!({ "name": "   " })),
        ("set_name", json!({ "name": "\u{200B}\u{202E}\u{2800}" })),
        ("chat_message", json!({ "text": "\u{2067}\u{E0041}\u{FEFF}" })),
        ("join_room", json!({ "room": "room:rust" })),
        ("chat_message", json!({ "txt": "hi" })),
    ] {
        let error = ada.emit_with_ack::<Value>(event, &argument).await.unwrap_err();
        assert_eq!(error.code(), "invalid_payload", "{event}");
    }
    let nobody = server.client().namespace("/chat").auth(&json!({ "name": "" }));
    assert_eq!(nobody.connect().await.unwrap_err().message, "Invalid auth payload");
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn nobody_borrows_a_name_with_what_cannot_be_seen() -> TestResult {
    let server = server();
    let ada = enter(&server, "Ada", &[]).await?;
    let eve = enter(&server, "A\u{200B}da\u{2800}", &[]).await?;
    eve.emit_with_ack::<Value>(
        "set_name",
        &json!({ "name": "\u{202E}adA\u{202C}\u{AD}" }),
    )
    .await?;
    let list: Value = ada.emit_with_ack("who", &json!({})).await?;
    assert_eq!(names(&list), ["Ada", "adA"]);
    eve.emit("chat_message", &json!({ "text": "\u{202E}gnp.exe\u{E0041}" })).await;
    assert_eq!(ada.next::<Value>("chat_message").await["text"], "gnp.exe");
    Ok(())
}
