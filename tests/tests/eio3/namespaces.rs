//! Coming into namespaces and leaving them.

use std::{collections::BTreeSet, time::Duration};

use serde::Serialize;
use sio::Value;
use sio::{engine::Revision, prelude::*};
use sio_tests::{
    TestServer,
    app::Plain,
    journal::{Gate, Journal},
};

use super::{nothing_more, open_ws, polling, server, server_with, ws};

/// Shows what a client has shown.
#[derive(Debug)]
struct Shown(Value);

#[consumer(namespace = "/shown")]
impl Shown {
    async fn connect(auth: Option<Value>) -> Self {
        Self(auth.unwrap_or(Value::Null))
    }

    async fn event_auth(&mut self) -> (Value,) {
        (self.0.clone(),)
    }
}

/// `/` for those with a token, who are welcomed.
#[derive(Debug, Default)]
struct Guarded;

#[derive(Debug, Serialize)]
struct Missing {
    missing: &'static str,
}

#[consumer]
impl Guarded {
    async fn connect(&mut self, socket: &Socket, auth: Option<Value>) -> Result<(), ConnectError> {
        assert_eq!((socket.handshake().revision(), auth), (Revision::V3, None));
        match socket.handshake().query_param("token").as_deref() {
            Some("sesame") => Ok(socket.emit("welcome", &1).await?),
            Some(_) => Err(ConnectError::new("not authorized").with_data(Missing { missing: "token" })),
            None => Err(ConnectError::new("say \"please\"")),
        }
    }
}

#[tokio::test]
async fn a_client_is_in_the_main_namespace_without_having_asked() {
    let server = TestServer::start(|builder| builder.consumer::<Guarded>().allow_eio3(true)).await;
    let mut ws = open_ws(&server, "&token=sesame").await;
    ws.expect("40").await;
    ws.expect(r#"42["welcome",1]"#).await;
    nothing_more(&mut ws).await;
    assert_eq!(server.of("/").sockets().len(), 1);
}

#[tokio::test]
async fn the_main_namespace_is_there_even_without_a_consumer() {
    let server = TestServer::start(|builder| builder.consumer::<Shown>().allow_eio3(true)).await;
    nothing_more(&mut ws(&server).await).await;
    polling(&server, "").await;
}

#[tokio::test]
async fn a_refusal_is_the_data_of_the_error_or_its_message() {
    let guarded = |builder: sio::Builder| builder.consumer::<Guarded>().consumer::<Shown>().allow_eio3(true);
    let server = TestServer::start(guarded).await;
    for (query, refusal) in [("", r#"44"say \"please\"""#), ("&token=wrong", r#"44{"missing":"token"}"#)] {
        let mut ws = open_ws(&server, query).await;
        ws.expect(refusal).await;
        // The connection goes on, and with it everything else.
        ws.send("40/shown,").await;
        ws.expect("40/shown,").await;
        ws.send(r#"42/shown,1["auth"]"#).await;
        ws.expect("43/shown,1[null]").await;
        nothing_more(&mut ws).await;
        // A client that was refused may ask for itself, unlike one that was accepted.
        ws.send("40").await;
        ws.expect(refusal).await;
    }
    assert_eq!(server.of("/").sockets().len(), 0);
}

#[tokio::test]
async fn who_joins_nothing_after_a_refusal_is_put_out_in_time() {
    let timeout = Duration::from_millis(200);
    let server = TestServer::start(|builder| {
        builder.consumer::<Guarded>().consumer::<Shown>().allow_eio3(true).connect_timeout(timeout)
    })
    .await;
    let mut accepted = open_ws(&server, "&token=sesame").await;
    accepted.expect("40").await;
    accepted.expect(r#"42["welcome",1]"#).await;
    let mut elsewhere = open_ws(&server, "").await;
    elsewhere.send("40/shown,").await;
    elsewhere.expect(r#"44"say \"please\"""#).await;
    elsewhere.expect("40/shown,").await;
    let mut nowhere = open_ws(&server, "").await;
    nowhere.expect(r#"44"say \"please\"""#).await;
    nowhere.expect_closed().await;
    for (ws, leave) in [(&mut accepted, "41"), (&mut elsewhere, "41/shown,")] {
        nothing_more(ws).await;
        ws.send(leave).await;
        nothing_more(ws).await;
    }
}

/// `/` whose clients wait in front of it.
#[derive(Debug, Default)]
struct Waiting;

#[consumer]
impl Waiting {
    async fn connect(&mut self, gate: State<Gate>) {
        gate.pass("main").await;
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }
}

#[tokio::test]
async fn a_connect_hook_may_take_longer_than_the_connect_timeout() {
    let timeout = Duration::from_millis(50);
    let server = TestServer::start(|builder| {
        builder.consumer::<Waiting>().consumer::<Shown>().allow_eio3(true).connect_timeout(timeout)
    })
    .await;
    let mut ws = open_ws(&server, "").await;
    nothing_more(&mut ws).await;
    // The time of one who came later is over, and so is this one's.
    server.ws().await.expect_closed().await;
    server.gate.open("main");
    ws.expect("40").await;
    nothing_more(&mut ws).await;
}

#[tokio::test]
async fn the_query_of_a_connect_is_the_auth_payload() {
    let server = server_with(|builder| builder.consumer::<Shown>()).await;
    for (query, auth) in
        [("?token=a%20b%2C%C3%BC%26%2B&x=1", r#"{"token":"a b,ü&+","x":"1"}"#), ("?", "{}"), ("", "null")]
    {
        let mut ws = ws(&server).await;
        ws.send(&format!("40/shown{query},")).await;
        ws.expect("40/shown,").await;
        ws.send(r#"42/shown,1["auth"]"#).await;
        ws.expect(&format!("43/shown,1[{auth}]")).await;

        let mut polling = polling(&server, "").await;
        polling.send(&[&format!("40/shown{query}")]).await;
        polling.expect("40/shown,").await;
        polling.send(&[r#"42/shown,1["auth"]"#]).await;
        polling.expect(&format!("43/shown,1[{auth}]")).await;
    }
}

#[tokio::test]
async fn ids_are_random_and_no_secret_of_the_session() {
    let server = server_with(|builder| builder.consumer::<Shown>()).await;
    let mut ws = ws(&server).await;
    ws.send("40/shown,").await;
    ws.expect("40/shown,").await;
    let sockets = [server.of("/").sockets(), server.of("/shown").sockets()].concat();
    let mut ids: BTreeSet<String> = sockets.iter().map(|socket| socket.id().to_string()).collect();
    ids.insert(ws.session_id().to_owned());
    assert_eq!(ids.len(), 3, "{ids:?}");
}

#[tokio::test]
async fn connecting_twice_ends_the_connection() {
    let server = server_with(|builder| builder.consumer::<Shown>()).await;
    let mut ws = self::ws(&server).await;
    ws.send("40").await;
    ws.expect_closed().await;
    server.journal.expect("forced close").await;

    let mut ws = self::ws(&server).await;
    ws.send("40/shown,").await;
    ws.expect("40/shown,").await;
    ws.send("40/shown?x=1,").await;
    ws.expect_closed().await;
    server.journal.expect("forced close").await;
}

#[tokio::test]
async fn leaving_the_last_namespace_keeps_the_connection_open() {
    let server = server().await;
    let mut ws = ws(&server).await;
    ws.send("41").await;
    server.journal.expect("client namespace disconnect").await;
    nothing_more(&mut ws).await;
    ws.send_all(&[r#"42["ask"]"#, "40"]).await;
    ws.expect("40").await;
}

#[tokio::test]
async fn a_client_hears_that_the_server_has_put_it_out() {
    let server = server().await;
    let mut ws = ws(&server).await;
    server.of("/").sockets()[0].disconnect();
    ws.expect("41").await;
    server.journal.expect("server namespace disconnect").await;
    nothing_more(&mut ws).await;
    let mut ws = self::ws(&server).await;
    server.of("/").sockets()[0].disconnect_all();
    ws.expect("41").await;
    ws.expect_closed().await;
    server.journal.expect("server namespace disconnect").await;
    let mut polling = polling(&server, "").await;
    polling.begin_get().await;
    polling.send(&["1"]).await;
    polling.end_get().await.expect(200, "1:6");
    polling.expect_gone().await;
}

/// The shape of a server that stops.
#[tokio::test]
async fn clients_are_let_go_when_the_server_stops() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().allow_eio3(true)).await;
    let mut ws = ws(&server).await;
    let mut polling = polling(&server, "").await;
    polling.begin_get().await;
    server.handle().close().await;
    assert_eq!(ws.expect_closed().await, Some(1001));
    polling.end_get().await.expect(200, "1:1");
    for _ in 0..2 {
        server.journal.expect("server shutting down").await;
    }
}
