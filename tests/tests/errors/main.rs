//! BEHAVIOUR §2: where errors go that nobody asked for, and the ids of those who ask.

mod panics;

use std::fmt;

use serde::Deserialize;
use sio::error::IntoEventError;
use sio::prelude::*;
use sio_tests::journal::{Gate, Journal};
use sio_tests::{TestServer, app::Plain, logs};

#[derive(Deserialize)]
struct Typed {
    #[expect(dead_code, reason = "it only has to be there")]
    text: String,
}

/// Tells its errors to the journal.
#[derive(Default)]
struct Hooked;

#[consumer(namespace = "/hooked")]
impl Hooked {
    async fn error(&mut self, journal: State<Journal>, error: sio::Error) {
        journal.note(format!("{}: {}", error.code(), error.message()));
    }

    async fn event_fails(&mut self) -> sio::Result<()> {
        Err(sio::Error::new("no_money", "you cannot afford it"))
    }

    async fn event_typed(&mut self, _typed: Typed) {}

    async fn event_panics(&mut self) {
        panic!("not for the hook's ears");
    }

    #[event(timeout = "50ms")]
    async fn event_too_slow(&mut self) {
        std::future::pending().await
    }
}

/// Has no `error` hook.
#[derive(Default)]
struct Unhooked;

#[consumer(namespace = "/unhooked")]
impl Unhooked {
    async fn event_fails(&mut self) -> sio::Result<()> {
        Err(sio::Error::new("no_luck", "you are out of luck"))
    }
}

/// Has a hook that waits for a handler which runs beside it.
#[derive(Default)]
struct Entangled;

#[consumer(namespace = "/entangled")]
impl Entangled {
    async fn error(&mut self, journal: State<Journal>, gate: State<Gate>, error: sio::Error) {
        gate.pass("hook").await;
        journal.note(error.code());
    }

    async fn event_fails(&mut self) -> sio::Result<()> {
        Err(sio::Error::new("no_money", "you cannot afford it"))
    }

    #[event(concurrent)]
    async fn event_open(gate: State<Gate>) {
        gate.open("hook");
    }

    #[event(concurrent)]
    async fn event_fails_beside() -> sio::Result<()> {
        Err(sio::Error::new("no_space", "there is none beside"))
    }
}

/// Cannot be dropped without a panic.
#[derive(Default)]
struct Tripwire;

impl Drop for Tripwire {
    fn drop(&mut self) {
        panic!("a tripwire in a destructor");
    }
}

/// Panics wherever something of it is dropped.
#[derive(Default)]
struct Trapped {
    _tripwire: Tripwire,
}

#[consumer(namespace = "/trapped")]
impl Trapped {
    #[event(timeout = "50ms")]
    async fn event_wait(&mut self) {
        let _tripwire = Tripwire;
        std::future::pending().await
    }
}

/// A standard error of an application's own.
#[derive(Debug)]
struct TooFar {
    limit: u32,
}

impl fmt::Display for TooFar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not for the client")
    }
}

impl std::error::Error for TooFar {}

#[sio::error::event_error]
impl IntoEventError for TooFar {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("too_far", "That is too far").with_field("limit", self.limit)
    }
}

/// Not a standard error.
enum Plainly {
    Closed,
}

impl IntoEventError for Plainly {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("closed", "We are closed")
    }
}

/// Fails by `?` with errors of each kind.
#[derive(Default)]
struct Asking;

#[consumer(namespace = "/asking")]
impl Asking {
    async fn connect(&mut self, how: Option<String>) -> Result<(), ConnectError> {
        match how.as_deref() {
            Some("own") => Err(TooFar { limit: 7 })?,
            Some("plain") => Err(Plainly::Closed)?,
            Some("foreign") => Err(std::io::Error::other("disk on fire"))?,
            Some("sio") => Err(sio::Error::new("no", "No"))?,
            _ => Ok(()),
        }
    }

    async fn event_own(&mut self, socket: &Socket) -> sio::Result {
        socket.join("room").await?;
        Err(TooFar { limit: 7 })?
    }

    async fn event_returned(&mut self) -> Result<(), TooFar> {
        Err(TooFar { limit: 7 })
    }

    async fn event_beside_ack(&mut self, ack: Ack<u32>) -> Result<(), TooFar> {
        drop(ack);
        Err(TooFar { limit: 7 })
    }

    async fn event_plain(&mut self) -> sio::Result {
        Err(Plainly::Closed)?
    }

    async fn event_foreign(&mut self) -> Result<u32, std::num::ParseIntError> {
        "x".parse()
    }

    async fn event_text(&mut self) -> sio::Result {
        let outcome: Result<(), &str> = Err("a secret");
        outcome.map_err(sio::Error::internal)
    }

    async fn event_boxed(&mut self) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
        Err(TooFar { limit: 7 })?
    }
}

#[tokio::test]
async fn errors_keep_what_the_client_sees_of_them_by_whatever_way_they_come() {
    let server = TestServer::start(|builder| builder.consumer::<Asking>()).await;
    let mut ws = server.socket("/asking").await;
    let own = r#"[{"status":"error","code":"too_far","message":"That is too far","limit":7}]"#;
    let closed = r#"[{"status":"error","code":"closed","message":"We are closed"}]"#;
    let internal = r#"[{"status":"error","code":"internal","message":"Internal server error"}]"#;
    for (event, answer) in [
        ("own", own),
        ("returned", own),
        ("beside_ack", own),
        ("plain", closed),
        ("foreign", internal),
        ("text", internal),
        ("boxed", internal),
    ] {
        ws.send(&format!("42/asking,1[{event:?}]")).await;
        ws.expect(&format!("43/asking,1{answer}")).await;
    }
    let mut ws = server.ws().await;
    for (how, refusal) in [
        ("own", r#"{"message":"That is too far","data":{"code":"too_far","limit":7}}"#),
        ("plain", r#"{"message":"We are closed","data":{"code":"closed"}}"#),
        ("foreign", r#"{"message":"Internal server error"}"#),
        ("sio", r#"{"message":"No","data":{"code":"no"}}"#),
    ] {
        ws.send(&format!("40/asking,{how:?}")).await;
        ws.expect(&format!("44/asking,{refusal}")).await;
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| {
        builder
            .consumer::<Hooked>()
            .consumer::<Unhooked>()
            .consumer::<Entangled>()
            .consumer::<Trapped>()
            .consumer::<Plain>()
    })
    .await
}

#[tokio::test]
async fn concurrent_handlers_go_on_beside_the_error_hook() {
    let server = server().await;
    let mut ws = server.socket("/entangled").await;
    ws.send_all(&[r#"42/entangled,["fails"]"#, r#"42/entangled,["open"]"#]).await;
    server.journal.expect("no_money").await;
}

#[tokio::test]
async fn what_fails_beside_the_others_goes_to_the_error_hook_too() {
    let server = server().await;
    let mut ws = server.socket("/entangled").await;
    ws.send(r#"42/entangled,7["fails_beside"]"#).await;
    ws.expect(r#"43/entangled,7[{"status":"error","code":"no_space",…}]"#).await;
    ws.send_all(&[r#"42/entangled,["fails_beside"]"#, r#"42/entangled,["open"]"#]).await;
    server.journal.expect("no_space").await;
    // Also of a client that leaves meanwhile.
    server.gate.open("hook");
    ws.send_all(&[r#"42/entangled,["fails_beside"]"#, "41/entangled,"]).await;
    server.journal.expect("no_space").await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn an_error_that_nobody_asked_for_goes_to_the_error_hook() {
    let server = server().await;
    let mut ws = server.socket("/hooked").await;
    ws.send(r#"42/hooked,["fails"]"#).await;
    server.journal.expect("no_money: you cannot afford it").await;
    ws.send(r#"42/hooked,["typed",7]"#).await;
    let entry = server.journal.next().await;
    assert!(entry.starts_with("invalid_payload: "), "{entry}");
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn an_error_that_was_answered_does_not_go_to_the_error_hook() {
    let server = server().await;
    let mut ws = server.socket("/hooked").await;
    ws.send(r#"42/hooked,1["fails"]"#).await;
    ws.expect(r#"43/hooked,1[{"status":"error","code":"no_money",…}]"#).await;
    ws.send(r#"42/hooked,2["returns"]"#).await;
    ws.expect(r#"43/hooked,2[{"status":"error","code":"unknown_event",…}]"#).await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn panics_and_deadlines_are_logged_and_do_not_go_to_the_error_hook() {
    let logs = logs::capture();
    let server = server().await;
    let mut ws = server.socket("/hooked").await;
    ws.send_all(&[r#"42/hooked,["panics"]"#, r#"42/hooked,["too_slow"]"#, r#"42/hooked,1["fails"]"#]).await;
    ws.expect(r#"43/hooked,1[{"status":"error","code":"no_money",…}]"#).await;
    assert_eq!(server.journal.rest(), [""; 0]);
    logs.expect(&["ERROR", "not for the hook's ears"]).await;
    logs.expect(&["/hooked", "too_slow"]).await;
}

#[tokio::test]
async fn a_destructor_that_panics_ends_no_connection() {
    let logs = logs::capture();
    let server = server().await;
    let mut ws = server.socket("/trapped").await;
    ws.join("/").await;
    ws.send(r#"42/trapped,1["wait"]"#).await;
    ws.expect(r#"43/trapped,1[{"status":"error","code":"timeout",…}]"#).await;
    logs.expect(&["ERROR", "a tripwire in a destructor"]).await;
    ws.send("41/trapped,").await;
    ws.send(r#"421["ask",7]"#).await;
    ws.expect("431[7]").await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn an_unknown_event_does_not_go_to_the_error_hook() {
    let server = server().await;
    let mut ws = server.socket("/hooked").await;
    ws.send(r#"42/hooked,["nobody"]"#).await;
    ws.expect_nothing_more().await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn an_error_that_nobody_asked_for_is_logged_without_a_hook() {
    let logs = logs::capture();
    let server = server().await;
    let mut ws = server.socket("/unhooked").await;
    ws.send(r#"42/unhooked,["fails"]"#).await;
    ws.expect_nothing_more().await;
    logs.expect(&["/unhooked", "you are out of luck"]).await;
}

#[tokio::test]
async fn ack_ids_run_from_zero_to_the_largest_safe_integer() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    for id in ["0", "1", "4294967296", "9007199254740991"] {
        ws.send(&format!(r#"42{id}["ask",true]"#)).await;
        ws.expect(&format!("43{id}[true]")).await;
    }
}

#[tokio::test]
async fn one_id_may_be_used_again_once_it_was_answered() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    for round in 0..3 {
        ws.send(&format!(r#"421["ask",{round}]"#)).await;
        ws.expect(&format!("431[{round}]")).await;
    }
}

#[tokio::test]
async fn a_thousand_questions_at_once_are_answered_in_order() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let questions: Vec<String> = (0..1000).map(|id| format!(r#"42{id}["ask",{id}]"#)).collect();
    ws.send_all(&questions.iter().map(String::as_str).collect::<Vec<_>>()).await;
    for id in 0..1000 {
        ws.expect(&format!("43{id}[{id}]")).await;
    }
}
