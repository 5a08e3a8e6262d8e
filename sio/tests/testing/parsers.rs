//! The same consumers, and the same tests of them, whatever the parser is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sio::options::Parser;
use sio::{Binary, Builder};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    text: String,
    largest: u64,
    least: i64,
    ratio: f64,
    whole: f64,
    some: Option<u32>,
    none: Option<u32>,
    unit: Shape,
    newtype: Shape,
    named: Shape,
    keys: BTreeMap<i64, String>,
    bytes: Vec<Binary>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(f32),
    Rectangle { width: u8, picture: Binary },
}

fn everything() -> Everything {
    Everything {
        text: "ünï ✓ \u{0} \"".to_owned(),
        largest: u64::MAX,
        least: i64::MIN,
        ratio: 0.1 + 0.2,
        whole: 3.0,
        some: Some(7),
        none: None,
        unit: Shape::Point,
        newtype: Shape::Circle(1.5),
        named: Shape::Rectangle { width: 255, picture: Binary::from(b"\x00\xff") },
        keys: BTreeMap::from([(-1, "a".to_owned()), (300, "b".to_owned())]),
        bytes: vec![Binary::from(b""), Binary::from(vec![9; 300])],
    }
}

#[derive(Default)]
struct Typed;

#[consumer(namespace = "/typed")]
impl Typed {
    async fn connect(&mut self, socket: &Socket, auth: Everything) -> sio::Result {
        Ok(socket.emit("welcome", &auth).await?)
    }

    async fn event_same(&mut self, value: Everything, number: u8) -> (Everything, u8) {
        assert_eq!(value, everything());
        (value, number)
    }

    async fn event_ask_back(socket: Socket) {
        tokio::spawn(async move {
            let answer = socket.emit_with_ack::<Everything>("what", &everything()).await;
            socket.emit("answered", &(answer.unwrap() == everything())).await.unwrap();
        });
    }

    async fn event_fail(&mut self) -> sio::Result {
        Err(sio::Error::new("full", "The room is full").with_field("limit", u64::MAX))
    }
}

/// A conversation in which everything is of a type.
async fn converse(configure: impl FnOnce(Builder) -> Builder, transport: TransportKind) {
    let builder = Server::builder().collect(false).consumer::<Typed>();
    let server = TestServer::new(configure(builder).build().unwrap());
    let refused = server.connect("/typed").await.unwrap_err();
    assert_eq!(refused.data["code"].as_str(), Some("invalid_auth"));

    let client = server.client().namespace("/typed").transport(transport).auth(&everything_as_json());
    let client = client.connect().await.unwrap();
    assert_eq!(client.next::<Everything>("welcome").await, everything_as_json());
    if transport == TransportKind::Polling {
        client.upgrade().await;
    }
    let same = client.emit_with_ack::<(Everything, u8)>("same", &(everything(), 5)).await;
    assert_eq!(same.unwrap(), (everything(), 5));
    client.answer("what", |value: Everything| value);
    client.emit("ask_back", &()).await;
    assert!(client.next::<bool>("answered").await);
    let error = client.emit_with_ack::<()>("fail", &()).await.unwrap_err();
    assert_eq!((error.code(), error.field("limit").as_u64()), ("full", Some(u64::MAX)));

    server.of("/typed").emit("news", &everything()).await.unwrap();
    assert_eq!(client.next::<Everything>("news").await, everything());
    client.socket().disconnect();
    assert_eq!(client.expect_disconnect().await, DisconnectReason::ServerNamespaceDisconnect);
}

/// The auth payload of a test is JSON, which has no bytes.
fn everything_as_json() -> Everything {
    Everything { named: Shape::Point, bytes: Vec::new(), ..everything() }
}

#[tokio::test(start_paused = true)]
async fn every_type_survives_json() {
    for transport in [TransportKind::WebSocket, TransportKind::Polling] {
        converse(|builder| builder, transport).await;
    }
}

#[tokio::test(start_paused = true)]
async fn every_type_survives_messagepack() {
    for transport in [TransportKind::WebSocket, TransportKind::Polling] {
        converse(|builder| builder.parser(Parser::MessagePack), transport).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_shows_the_conversation_as_json() {
    let builder = Server::builder().collect(false).consumer::<Typed>().parser(Parser::MessagePack);
    let server = TestServer::new(builder.build().unwrap());
    let client = server.client().namespace("/typed").auth(&everything_as_json()).connect().await.unwrap();
    let failure = tokio::spawn(async move {
        client.emit("fail", &json!({ "some": "text" })).await;
        client.next::<()>("nothing").await;
    });
    let panic = failure.await.unwrap_err().into_panic();
    let message = panic.downcast::<String>().unwrap();
    assert!(message.contains(r#"> EVENT ["fail",{"some":"text"}]"#), "{message}");
}
