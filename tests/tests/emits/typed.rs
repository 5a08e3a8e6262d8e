//! Events that are declared with `#[emits]`: their form on the wire, whichever handle emits them, and the namespaces in
//! which they must not be emitted.

use std::time::Duration;

use serde::Serialize;
use sio::cluster::{Adapter, EmitError as EmitterError, Emitter, Options};
use sio::emit::{Ask, Emit};
use sio::error::{AckError, EmitError};
use sio::prelude::*;
use sio::testing::MemoryBroker;
use sio_tests::{Received, TestServer, Ws, app::Plain, deadline::soon};

#[derive(Serialize)]
struct Message<'a> {
    text: &'a str,
    picture: Binary,
}

/// The events of the server in `/`, `/typed` and the organisations.
#[emits(namespace = ["/", "/typed", "/org/{id}"])]
trait Said {
    /// Nothing but the name.
    async fn emit_closing();

    async fn emit_said(from: &str, texts: &[&str], pair: (u32, u32));

    #[event("picture added")]
    async fn emit_picture(message: &Message<'_>);

    async fn emit_are_you_there(seconds: u32) -> bool;

    /// Several values.
    async fn emit_where() -> (f64, f64);

    /// An answer without a value.
    async fn emit_confirm(r#type: &str) -> ();
}

#[emits(namespace = "/elsewhere")]
trait Elsewhere {
    async fn emit_elsewhere();

    async fn emit_elsewhere_too() -> u32;
}

#[derive(Default)]
struct Typed;

#[consumer(namespace = "/typed")]
impl Typed {}

#[derive(Default)]
struct Org;

#[consumer(namespace = "/org/{id}")]
impl Org {}

/// The event `said`, as it is on the wire.
const SAID: &str = r#"42/typed,["said","Ada",["a","b"],[1,2]]"#;

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Typed>().consumer::<Org>()).await
}

#[tokio::test]
async fn each_handle_emits_the_event_as_it_is_declared() {
    let server = server().await;
    let mut ws = server.socket("/typed").await;
    let socket = server.socket_of("/typed", &ws.sid);
    let remote = server.of("/typed").remote(&socket.id());
    let texts = ["a", "b"];
    socket.emit_said("Ada", &texts, (1, 2)).await.unwrap();
    ws.expect(SAID).await;
    socket.volatile().emit_said("Ada", &texts, (1, 2)).await.unwrap();
    ws.expect(SAID).await;
    socket.compress(false).emit_said("Ada", &texts, (1, 2)).await.unwrap();
    remote.emit_said("Ada", &texts, (1, 2)).await.unwrap();
    server.of("/typed").emit_said("Ada", &texts, (1, 2)).await.unwrap();
    socket.namespace().to(socket.id()).emit_said("Ada", &texts, (1, 2)).await.unwrap();
    for _ in 0..4 {
        ws.expect(SAID).await;
    }
    socket.emit_closing().await.unwrap();
    ws.expect(r#"42/typed,["closing"]"#).await;
    let picture = Message { text: "look", picture: Binary::from(&b"\x01\x02"[..]) };
    socket.emit_picture(&picture).await.unwrap();
    ws.expect(r#"451-/typed,["picture added",{"text":"look","picture":{"_placeholder":true,"num":0}}]"#)
        .await;
    ws.expect_binary(&[1, 2]).await;
    // The sender is left out.
    socket.broadcast().emit_closing().await.unwrap();
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_server_emits_what_is_declared_for_its_own_namespace() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    server.handle().emit_closing().await.unwrap();
    server.handle().to(ws.sid.as_str()).emit_closing().await.unwrap();
    ws.expect(r#"42["closing"]"#).await;
    ws.expect(r#"42["closing"]"#).await;
    let error = server.handle().emit_elsewhere().await.unwrap_err();
    assert_eq!(error.to_string(), "the event `elsewhere` is declared for /elsewhere, and was emitted in /");
}

#[tokio::test]
async fn a_pattern_is_every_path_that_matches_it() {
    let server = server().await;
    let mut ws = server.socket("/org/7").await;
    server.of("/org/7").emit_closing().await.unwrap();
    ws.expect(r#"42/org/7,["closing"]"#).await;
}

/// Emits by a handle that must not, in both ways.
async fn refused<E>(handle: &E)
where
    E: Emit<Error = EmitError> + Ask,
    E::Answer<u32>: IntoEmitError,
{
    for error in [
        handle.emit_elsewhere().await.expect_err("it must not be sent"),
        handle.emit_elsewhere_too().await.into_emit_error(),
    ] {
        assert!(
            matches!(&error, EmitError::Namespace(wrong)
                if wrong.declared == ["/elsewhere"] && &*wrong.namespace == "/typed"),
            "{error}"
        );
    }
}

trait IntoEmitError {
    fn into_emit_error(self) -> EmitError;
}

impl IntoEmitError for Result<u32, AckError> {
    fn into_emit_error(self) -> EmitError {
        match self.expect_err("it must not be asked") {
            AckError::Emit(error) => error,
            other => panic!("{other}"),
        }
    }
}

impl<T> IntoEmitError for Result<sio::emit::AckStream<T>, EmitError> {
    fn into_emit_error(self) -> EmitError {
        self.expect_err("it must not be sent")
    }
}

#[tokio::test]
async fn an_event_is_not_emitted_where_it_is_not_declared() {
    let server = server().await;
    let mut ws = server.socket("/typed").await;
    let socket = server.socket_of("/typed", &ws.sid);
    refused(&socket).await;
    refused(&socket.volatile()).await;
    refused(&server.of("/typed").remote(&socket.id())).await;
    refused(socket.namespace()).await;
    refused(&socket.namespace().broadcast()).await;
    ws.expect_nothing_more().await;
}

/// Answers the next question, which is to look like this.
async fn answer(ws: &mut Ws, question: &str, answer: &str) {
    let Received::Text(packet) = ws.receive().await else { panic!("a question is a text") };
    let rest = packet.strip_prefix("42/typed,").expect("it is an event of the namespace");
    let (id, args) = rest.split_at(rest.find('[').expect("an event has arguments"));
    assert_eq!(args, question);
    assert!(id.parse::<u64>().is_ok(), "{packet} has an id");
    ws.send(&format!("43/typed,{id}{answer}")).await;
}

#[tokio::test]
async fn one_socket_gives_the_answer_and_many_give_a_stream() {
    let server = server().await;
    let mut ws = server.socket("/typed").await;
    let socket = server.socket_of("/typed", &ws.sid);
    let asked = tokio::spawn({
        let socket = socket.clone();
        async move {
            let there: bool = socket.emit_are_you_there(5).await?;
            let place: (f64, f64) = socket.timeout(Duration::from_secs(60)).emit_where().await?;
            let (): () = socket.emit_confirm("text").await?;
            let mut all = socket.namespace().emit_are_you_there(7).await?;
            let of_all = all.next().await.map(|(id, answer)| (id == socket.id(), answer.ok()));
            Ok::<_, sio::Error>((there, place, of_all))
        }
    });
    answer_in_turn(&mut ws).await;
    assert_eq!(asked.await.unwrap().unwrap(), (true, (1.5, 2.5), Some((true, Some(false)))));
}

async fn answer_in_turn(ws: &mut Ws) {
    answer(ws, r#"["are_you_there",5]"#, "[true]").await;
    answer(ws, r#"["where"]"#, "[1.5,2.5]").await;
    answer(ws, r#"["confirm","text"]"#, "[]").await;
    answer(ws, r#"["are_you_there",7]"#, "[false]").await;
}

#[tokio::test]
async fn an_emitter_of_the_cluster_emits_what_is_declared() {
    let broker = MemoryBroker::new();
    let adapter = Adapter::custom(broker.bus("node"));
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Typed>().adapter(adapter)).await;
    server.handle().start().await.expect("the broker is there");
    let mut typed = server.socket("/typed").await;
    let mut root = server.socket("/").await;
    let emitter = Emitter::connect(Options::new(broker.bus("worker"))).await.expect("the broker is there");
    emitter.of("/typed").unwrap().to(typed.sid.as_str()).emit_said("worker", &[], (1, 2)).await.unwrap();
    emitter.emit_closing().await.unwrap();
    soon("both events", async {
        typed.expect(r#"42/typed,["said","worker",[],[1,2]]"#).await;
        root.expect(r#"42["closing"]"#).await;
    })
    .await;
    let error = emitter.of("/typed").unwrap().emit_elsewhere().await.unwrap_err();
    assert!(matches!(error, EmitterError::WrongNamespace(_)), "{error}");
    emitter.close().await;
}

#[tokio::test]
async fn a_server_that_begins_writes_its_events_for_debugging() {
    let logs = sio_tests::logs::capture();
    let _server = server().await;
    for words in [
        ["sio::server: /typed  emits::typed::Typed  tests/tests/emits/typed.rs:", ""],
        ["sio::server:   -> said(from: string, texts: string[], pair: [number, number]) => void", ""],
        ["sio::server:   -> are_you_there(seconds: number, ack: (answer: boolean) => void) => void", ""],
    ] {
        let line = logs.expect(&words).await;
        assert!(line.contains("DEBUG"), "{line}");
    }
    assert_eq!(logs.count(&["-> elsewhere"]), 0, "the event of a namespace that is not served");
}
