//! Bytes beside what a client has sent: nothing of that is taken for an attachment by another client.

use serde_json::{Value as Json, json};
use sio::Value;
use sio::error::{EmitError, EncodeError};
use sio::prelude::*;
use sio_tests::{Received, TestServer, Ws, app::Plain, pattern};

/// The server's own bytes, beside what a client has sent.
#[derive(Default)]
struct Beside;

#[consumer(namespace = "/beside")]
impl Beside {
    async fn event_share(&mut self, socket: &Socket, shared: Value) -> sio::Result<()> {
        Ok(socket.to(socket.rooms()).emit("shared", &(Binary::from(b"secret"), shared)).await?)
    }

    async fn event_get(&mut self, shared: Value) -> (Binary, Value) {
        (Binary::from(b"secret"), shared)
    }

    async fn event_send(&mut self, ack: Ack<(Value, Binary)>, shared: Value) -> sio::Result<()> {
        Ok(ack.send((shared, Binary::from(b"secret")))?)
    }
}

fn is_refused(outcome: &Result<(), EmitError>) -> bool {
    matches!(outcome, Err(EmitError::Encode(EncodeError::Placeholder)))
}

/// A value that some client takes for a placeholder.
fn look_alikes() -> Vec<Json> {
    vec![
        json!({ "_placeholder": true, "num": 99 }),
        json!({ "_placeholder": true, "num": 0 }),
        json!({ "num": 0, "_placeholder": true }),
        json!({ "a": { "b": [{ "c": 1, "_placeholder": true, "num": 0 }] } }),
        json!({ "_placeholder": "true", "num": 0 }),
        json!({ "_placeholder": 1, "num": 0 }),
        json!({ "_placeholder": true }),
    ]
}

#[derive(serde::Serialize)]
struct Named {
    _placeholder: bool,
    num: u8,
}

#[tokio::test]
async fn what_looks_like_a_placeholder_beside_bytes_is_refused() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    let (socket, all) = (server.socket_of("/", &ws.sid), server.of("/"));
    let bytes = Binary::from(b"secret");
    for object in look_alikes() {
        let args = (&bytes, &object);
        assert!(is_refused(&socket.emit("event", &args).await), "{object}");
        assert!(is_refused(&socket.try_emit("event", &args)), "{object}");
        assert!(is_refused(&socket.volatile().emit("event", &args).await), "{object}");
        assert!(is_refused(&all.emit("event", &(&object, &bytes)).await), "{object}");
        assert!(is_refused(&all.emit_with_ack::<()>("event", &args).await.map(drop)), "{object}");
        let asked = socket.emit_with_ack::<()>("event", &args).await;
        assert!(
            matches!(asked, Err(sio::error::AckError::Emit(EmitError::Encode(EncodeError::Placeholder)))),
            "{object}"
        );
    }
    let named = Named { _placeholder: true, num: 0 };
    let error = socket.emit("event", &(&named, &bytes)).await.expect_err("a struct may look like one too");
    assert!(error.to_string().contains("`_placeholder`"), "{error}");
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn what_looks_like_a_placeholder_without_bytes_is_sent_as_it_is() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    for object in look_alikes() {
        socket.emit("event", &object).await.expect("clients do not look for it there");
        ws.expect(&format!(r#"42["event",{object}]"#)).await;
    }
    // And what no client takes for one may stand beside bytes.
    for object in [json!({ "_placeholder": false, "num": 0 }), json!(["_placeholder", { "num": 0 }])] {
        socket.emit("event", &(&object, Binary::from(b"x"))).await.expect("it is plain data");
        ws.expect(&format!(r#"451-["event",{object},{{"_placeholder":true,"num":0}}]"#)).await;
        ws.expect_binary(b"x").await;
    }
}

#[tokio::test]
async fn a_clients_object_reaches_nobody_as_the_servers_bytes() {
    let server = TestServer::start(|builder| builder.consumer::<Beside>()).await;
    let mut attacker = server.ws().await;
    attacker.join("/beside").await;
    for (id, object) in look_alikes().into_iter().enumerate() {
        for event in ["share", "get", "send"] {
            attacker.send(&format!(r#"42/beside,{id}["{event}",{object}]"#)).await;
            let answer = attacker.expect(&format!("43/beside,{id}[…]")).await;
            assert_eq!(answer[0]["code"], "internal", "{event} {object}: {answer}");
        }
    }
    attacker.send(r#"42/beside,9["get",{"num":0}]"#).await;
    attacker.expect(r#"461-/beside,9[{"_placeholder":true,"num":0},{"num":0}]"#).await;
    attacker.expect_binary(b"secret").await;
}

/// `count` attachments.
fn pieces(count: usize) -> Vec<Binary> {
    (0..count).map(|piece| Binary::from(vec![u8::try_from(piece).expect("there are few")])).collect()
}

#[tokio::test]
async fn more_attachments_than_clients_take_are_an_error_that_names_the_option() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    let (socket, all) = (server.socket_of("/", &ws.sid), server.of("/"));
    socket.emit("event", &pieces(10)).await.expect("so many are taken");
    assert!(pattern::json(&text(&mut ws).await)[1].as_array().is_some_and(|pieces| pieces.len() == 10));
    for piece in 0..10 {
        ws.expect_binary(&[piece]).await;
    }
    let too_many = pieces(11);
    for error in [
        socket.emit("event", &too_many).await,
        socket.try_emit("event", &too_many),
        all.emit("event", &too_many).await,
        all.emit_with_ack::<()>("event", &too_many).await.map(drop),
    ] {
        let error = error.expect_err("official clients drop the connection");
        assert!(matches!(error, EmitError::TooManyAttachments { count: 11, max: 10 }), "{error}");
        assert!(error.to_string().contains("max_attachments"), "{error}");
    }
    ws.expect_nothing_more().await;
}

async fn text(ws: &mut Ws) -> String {
    match ws.receive().await {
        Received::Text(text) => text.split_once('-').expect("it has attachments").1.to_owned(),
        other => panic!("received {other}"),
    }
}

#[tokio::test]
async fn an_answer_with_too_many_attachments_is_an_error_for_the_client() {
    let server = TestServer::start(|builder| builder.consumer::<Many>().max_attachments(2)).await;
    let mut ws = server.ws().await;
    ws.join("/many").await;
    ws.send(r#"42/many,1["get",2]"#).await;
    ws.expect(r#"462-/many,1[[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]"#).await;
    ws.expect_binary(&[0]).await;
    ws.expect_binary(&[1]).await;
    ws.send(r#"42/many,2["get",3]"#).await;
    assert_eq!(ws.expect("43/many,2[…]").await[0]["code"], "internal");
}

#[derive(Default)]
struct Many;

#[consumer(namespace = "/many")]
impl Many {
    async fn event_get(&mut self, count: usize) -> Vec<Binary> {
        pieces(count)
    }
}
