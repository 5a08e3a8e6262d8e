//! BEHAVIOUR §8: the application's code may panic wherever it runs, and nobody pays for it but its own call.

use std::error::Error as StdError;
use std::fmt;
use std::panic::panic_any;

use hyper::service::Service as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sio::Builder;
use sio::Namespace;
use sio::consumer::{Consumer, Reply};
use sio::engine::SessionId;
use sio::extract::{Event, FromEvent, Valid, Validate};
use sio::middleware::{Call, Next};
use sio::observe::{Handled, Observer, Outgoing, Refused, RoomEvent, SessionChange, SocketChange};
use sio::options::{AllowedOrigins, Recovery};
use sio::prelude::*;
use sio_tests::{TestServer, app::Plain, http::Request, ws::Ws};

/// Panics when it is dropped, with a value that does so too.
#[derive(Debug, Default)]
struct Bomb;

/// Another one, which is kept beside it.
struct Second(Bomb);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic_any(Spark);
    }
}

struct Spark;

impl Drop for Spark {
    fn drop(&mut self) {
        panic!("the panic of a panic");
    }
}

/// An error that can be neither displayed nor dropped.
#[derive(Debug)]
struct BadError(Bomb);

impl fmt::Display for BadError {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("cannot be displayed");
    }
}

impl StdError for BadError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        panic!("has no source");
    }
}

/// A value that can be neither written nor read.
struct BadValue;

impl Serialize for BadValue {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("cannot be written");
    }
}

impl<'de> Deserialize<'de> for BadValue {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("cannot be read");
    }
}

/// A value that can be written, and then not be dropped.
#[derive(Serialize, Deserialize)]
struct Heavy(u8, #[serde(skip)] Bomb);

impl Validate for Heavy {
    fn validate(&self) -> Result<(), sio::extract::Invalid> {
        panic!("cannot be checked");
    }
}

struct BadArgument;

impl FromEvent<'_> for BadArgument {
    fn from_event(_: &mut Event<'_>) -> sio::Result<Self> {
        panic!("cannot be made");
    }
}

/// Fails wherever it can.
#[derive(Default)]
struct Explosive(Option<Bomb>);

#[consumer(namespace = "/explosive")]
impl Explosive {
    async fn connect(&mut self, socket: &Socket, how: Option<String>) -> sio::Result<bool> {
        socket.data().insert(Bomb);
        socket.data().insert(Second(Bomb));
        match how.as_deref() {
            Some("error") => Err(BadError(Bomb))?,
            Some("panic") => panic_any(Bomb),
            Some("refuse") => self.0 = Some(Bomb),
            _ => return Ok(true),
        }
        Ok(false)
    }

    async fn disconnect(&mut self) {
        panic!("cannot leave");
    }

    async fn error(&mut self, error: sio::Error) -> sio::Result {
        Err(error)
    }

    async fn event_arm(&mut self) {
        self.0 = Some(Bomb);
    }

    async fn event_replace(&mut self, socket: &Socket) {
        socket.data().insert(Bomb);
    }

    async fn event_payload(&mut self, _payload: BadValue) {}

    async fn event_heavy_payload(&mut self, _payload: Heavy) {}

    async fn event_valid(&mut self, _payload: Valid<Heavy>) {}

    async fn event_argument(&mut self, _argument: BadArgument) {}

    async fn event_value(&mut self) -> BadValue {
        BadValue
    }

    async fn event_heavy_value(&mut self) -> Heavy {
        Heavy(7, Bomb)
    }

    async fn event_ack(&mut self, ack: Ack<Heavy>) -> sio::Result {
        Ok(ack.send(Heavy(7, Bomb))?)
    }

    async fn event_emits(&mut self, socket: &Socket) -> sio::Result {
        Ok(socket.emit("value", &BadValue).await?)
    }

    async fn event_joins(&mut self, socket: &Socket) -> sio::Result<bool> {
        socket.to("nobody").emit("joins", &()).await?;
        socket.join("room").await?;
        Ok(true)
    }

    async fn event_error(&mut self) -> sio::Result {
        Err(BadError(Bomb))?
    }

    async fn event_cause(&mut self) -> sio::Result {
        Err(sio::Error::new("caused", "It has a cause").with_source(BadError(Bomb)))
    }

    #[event(concurrent)]
    async fn event_beside() -> sio::Result {
        Err(BadError(Bomb))?
    }

    #[event(timeout = "20ms")]
    async fn event_wait(&mut self) {
        let _bombs = (Bomb,);
        std::future::pending().await
    }

    async fn event_ok(&mut self) -> bool {
        true
    }
}

/// Panics before there is a future.
struct Handwritten;

impl Consumer for Handwritten {
    const NAMESPACE: &'static str = "/handwritten";

    async fn on_connect(_: &mut Event<'_>) -> Result<Self, ConnectError> {
        Ok(Self)
    }

    // Not an `async fn`, which would panic in its future.
    fn on_event(&mut self, event: &mut Event<'_>) -> impl Future<Output = sio::Result<Reply>> + Send {
        assert_ne!(event.name(), "panic", "no future for this one");
        async { Ok(Reply::none()) }
    }
}

/// An extension of a request that cannot be cloned.
struct BadClone;

impl Clone for BadClone {
    fn clone(&self) -> Self {
        panic!("cannot be cloned");
    }
}

async fn around(call: Call, next: Next) -> sio::Result<Reply> {
    let _bomb = (call.name() == "around").then(|| Bomb);
    next.run(call).await
}

async fn server(configure: impl FnOnce(Builder) -> Builder) -> TestServer {
    TestServer::start(|builder| configure(builder.consumer::<Explosive>().consumer::<Plain>())).await
}

/// An observer that panics whatever it is told.
struct Bombs;

impl Observer for Bombs {
    fn session(&self, _: &SessionChange<'_>) {
        panic_any(Bomb);
    }

    fn refused(&self, _: &Refused<'_>) {
        panic_any(Bomb);
    }

    fn socket(&self, _: &SocketChange<'_>) {
        panic_any(Bomb);
    }

    fn received(&self, _: &Socket, _: &str, _: &Args) {
        panic_any(Bomb);
    }

    fn handled(&self, _: &Handled<'_>) {
        panic_any(Bomb);
    }

    fn sent(&self, _: &Outgoing<'_>) {
        panic_any(Bomb);
    }

    fn room(&self, _: &Namespace, _: &str, _: RoomEvent) {
        panic_any(Bomb);
    }
}

/// A client whose other namespace is to live.
async fn client(server: &TestServer) -> Ws {
    let mut ws = server.socket("/").await;
    ws.join("/explosive").await;
    ws
}

async fn lives(ws: &mut Ws) {
    ws.send(r#"4217["ask",7]"#).await;
    ws.expect("4317[7]").await;
}

/// The answer to an event for a client that asked for an acknowledgement.
async fn outcome(event: &str, expected: &str, configure: impl FnOnce(Builder) -> Builder) {
    let server = server(configure).await;
    let (mut ws, mut other) = (client(&server).await, server.socket("/").await);
    ws.send(&format!("42/explosive,5[{event}]")).await;
    ws.expect(&format!("43/explosive,5{expected}")).await;
    // Without an acknowledgement it goes to the `error` hook and the log.
    ws.send(&format!("42/explosive,[{event}]")).await;
    ws.send(r#"42/explosive,6["ok"]"#).await;
    ws.expect("43/explosive,6[true]").await;
    ws.send("41/explosive,").await;
    lives(&mut ws).await;
    ws.join("/explosive").await;
    lives(&mut other).await;
    lives(&mut client(&server).await).await;
}

const INTERNAL: &str = r#"[{"status":"error","code":"internal",…}]"#;

macro_rules! each_costs_its_own_call {
    ($($name:ident: $event:literal => $expected:expr $(, $configure:expr)?;)*) => {$(
        #[tokio::test]
        async fn $name() {
            outcome($event, $expected, each_costs_its_own_call!(@ $($configure)?)).await;
        }
    )*};
    (@) => { |builder| builder };
    (@ $configure:expr) => { $configure };
}

each_costs_its_own_call! {
    a_payload_that_panics_when_it_is_read: r#""payload",1"# => INTERNAL;
    a_payload_that_panics_when_it_is_dropped: r#""heavy_payload",[1]"# => INTERNAL;
    a_payload_that_panics_when_it_is_checked: r#""valid",[1]"# => INTERNAL;
    an_argument_that_panics_when_it_is_made: r#""argument""# => INTERNAL;
    an_answer_that_panics_when_it_is_written: r#""value""# => INTERNAL;
    an_answer_that_panics_when_it_is_dropped: r#""heavy_value""# => "[[7]]";
    an_answer_that_panics_when_it_has_been_sent: r#""ack""# => "[[7]]";
    an_emit_that_panics_when_it_is_written: r#""emits""# => INTERNAL;
    an_error_that_panics_in_the_log_and_when_it_is_dropped: r#""error""# => INTERNAL;
    a_cause_that_panics_in_the_log_and_when_it_is_dropped: r#""cause""# =>
        r#"[{"status":"error","code":"caused","message":"It has a cause"}]"#;
    an_error_of_a_concurrent_handler: r#""beside""# => INTERNAL;
    what_a_handler_holds_that_is_given_up: r#""wait""# => r#"[{"status":"error","code":"timeout",…}]"#;
    what_is_kept_with_a_socket_and_replaced: r#""replace""# => INTERNAL;
    a_consumer_that_panics_when_it_is_dropped: r#""arm""# => "[]";
    what_middleware_holds: r#""around""# => INTERNAL, |builder| builder.middleware("/explosive", around);
    a_listener_of_incoming_events: r#""ok""# => "[true]", |builder| builder.on_incoming(|_, _, _| panic_any(Bomb));
    a_listener_of_outgoing_events: r#""joins""# => "[true]", |builder| builder.on_outgoing(|_| panic_any(Bomb));
    a_listener_of_rooms: r#""joins""# => "[true]", |builder| builder.on_room(|_, _, _| panic_any(Bomb));
    an_observer_of_everything: r#""joins""# => "[true]", |builder| builder.observer(Bombs).observer(Bombs);
    an_observer_of_events_that_fail: r#""error""# => INTERNAL, |builder| builder.observer(Bombs);
    an_observer_of_handlers_that_are_given_up: r#""wait""# => r#"[{"status":"error","code":"timeout",…}]"#,
        |builder| builder.observer(Bombs);
    an_observer_of_handlers_that_run_beside_others: r#""beside""# => INTERNAL, |builder| builder.observer(Bombs);
}

#[tokio::test]
async fn what_is_kept_with_a_socket_ends_with_it_and_with_nothing_else() {
    let server = server(|builder| builder.connection_state_recovery(Recovery::default())).await;
    let (mut ws, mut other) = (client(&server).await, server.socket("/").await);
    // By the client, by the server, and with the whole connection.
    ws.send("41/explosive,").await;
    lives(&mut ws).await;
    let sid = ws.join("/explosive").await;
    server.socket_of("/explosive", &sid).disconnect();
    ws.expect("41/explosive,").await;
    lives(&mut ws).await;
    ws.join("/explosive").await;
    drop(ws);
    lives(&mut other).await;
    // Those that are waited for are given up with the server.
    server.handle().close().await;
}

#[tokio::test]
async fn a_connect_hook_that_panics_refuses_its_own_client_only() {
    let server = server(|builder| builder).await;
    let mut ws = server.socket("/").await;
    for how in ["error", "panic", "refuse"] {
        ws.send(&format!("40/explosive,{how:?}")).await;
        ws.expect(r#"44/explosive,{"message":"Internal server error"}"#).await;
        lives(&mut ws).await;
    }
}

#[tokio::test]
async fn a_handler_that_panics_before_there_is_a_future_costs_its_own_call() {
    let server = TestServer::start(|builder| builder.consumer::<Handwritten>().consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    ws.join("/handwritten").await;
    ws.send(r#"42/handwritten,1["panic"]"#).await;
    ws.expect(&format!("43/handwritten,1{INTERNAL}")).await;
    ws.send(r#"42/handwritten,2["ok"]"#).await;
    ws.expect("43/handwritten,2[]").await;
    lives(&mut ws).await;
}

#[tokio::test]
async fn an_extension_that_panics_when_it_is_cloned_refuses_its_own_request() {
    let server = server(|builder| builder).await;
    let request = hyper::Request::get("/socket.io/?EIO=4&transport=polling").extension(BadClone);
    let answer = server.handle().service().call(request.body(String::new()).expect("it is valid")).await;
    let answer = answer.expect("it is infallible");
    assert_eq!(answer.status(), 500);
    lives(&mut client(&server).await).await;
}

#[tokio::test]
async fn a_server_can_be_dropped_whatever_it_holds() {
    fn holds(_: &Bomb) {}
    let (listener, decision) = (Bomb, Bomb);
    let server = Server::builder()
        .collect(false)
        .state(Bomb)
        .state(Second(Bomb))
        .on_incoming(move |_, _, _| holds(&listener))
        .allow_request(move |_| {
            holds(&decision);
            Ok(())
        })
        .build()
        .expect("the options are valid");
    drop(server);
}

#[tokio::test]
async fn what_decides_about_requests_refuses_when_it_panics() {
    const OPEN: &str = "EIO=4&transport=polling";
    let forbidden = |message: &str| format!(r#"{{"code":4,"message":{message:?}}}"#);
    let allow = server(|builder| builder.allow_request(|_| panic_any(Bomb))).await;
    allow.get(OPEN).await.expect(403, &forbidden("Internal server error"));
    let allow = server(|builder| {
        builder.allow_request_async(|_| async { panic_any(Bomb) }).on_refused(|_| panic_any(Bomb))
    })
    .await;
    allow.get(OPEN).await.expect(403, &forbidden("Internal server error"));
    let failed = allow.try_ws("EIO=4&transport=websocket", &[]).await.expect_err("it is refused");
    failed.expect(403, &forbidden("Internal server error"));
    let origin = AllowedOrigins::matching(|_| panic_any(Bomb));
    let origins = server(|builder| builder.allowed_origins(origin)).await;
    let request = Request::get(origins.target(OPEN)).header("origin", "https://example.com");
    origins.request(&request).await.expect(403, &forbidden("Forbidden"));
    lives(&mut client(&origins).await).await;
}

#[tokio::test]
async fn a_generator_of_ids_that_panics_is_done_without() {
    let server = server(|builder| builder.id_generator(|| -> SessionId { panic_any(Bomb) })).await;
    lives(&mut client(&server).await).await;
}
