//! The log: one line for what a client can cause again and again, and what an application's author has to know.

#[path = "logs/blocking.rs"]
mod blocking;

use std::{fmt, future::pending, time::Duration};

use sio::error::IntoEventError;
use sio::prelude::*;
use sio_tests::{
    Request,
    app::Secret,
    harness::TestServer,
    journal::Gate,
    logs,
    ws::{Received, Ws},
};

/// Says what it is, and has a cause for the log.
struct Muted;

impl IntoEventError for Muted {
    fn into_event_error(self) -> sio::Error {
        sio::Error::new("muted", "You are muted").with_source("muted until noon")
    }
}

#[derive(Default)]
struct Noisy;

#[consumer(namespace = "/noisy")]
impl Noisy {
    async fn event_panics() {
        panic!("a panic that comes again and again");
    }

    async fn event_fails() -> sio::Result {
        Err(sio::Error::internal("a failure that comes again and again"))
    }

    async fn event_refuses() -> sio::Result {
        Err(sio::Error::new("no", "a refusal that comes again and again"))
    }

    async fn event_takes_a_number(number: u8) -> u8 {
        number
    }

    async fn event_chosen() -> Result<(), Muted> {
        Err(Muted)
    }

    async fn event_ask(number: u32) -> u32 {
        number
    }
}

/// Refuses everybody, in words and with a cause.
#[derive(Default)]
struct Closed;

#[consumer(namespace = "/closed")]
impl Closed {
    async fn connect() -> Result<Self, Muted> {
        Err(Muted)
    }
}

/// Fails for everybody.
#[derive(Default)]
struct Broken;

#[consumer(namespace = "/broken")]
impl Broken {
    async fn connect() -> sio::Result<Self> {
        Err(Secret.into())
    }
}

#[derive(Default)]
struct Slow;

#[consumer(namespace = "/slow")]
impl Slow {
    async fn connect(gate: State<Gate>, auth: Auth) -> Self {
        if auth.waits {
            gate.pass("connect").await;
        }
        Self
    }

    async fn event_waits(gate: State<Gate>) {
        gate.pass("event").await;
    }

    #[event(concurrent)]
    async fn event_waits_beside(gate: State<Gate>) {
        gate.pass("beside").await;
    }

    async fn event_hangs() {
        pending().await
    }

    #[event(timeout = "20s")]
    async fn event_may_take_long(gate: State<Gate>) {
        gate.pass("long").await;
    }

    #[event(concurrent)]
    async fn event_hangs_beside() {
        pending().await
    }

    async fn event_ask(number: u32) -> u32 {
        number
    }
}

#[derive(Default, serde::Deserialize)]
struct Auth {
    #[serde(default)]
    waits: bool,
}

async fn noisy() -> (TestServer, Ws) {
    let server = TestServer::start(|builder| builder.consumer::<Noisy>()).await;
    let ws = server.socket("/noisy").await;
    (server, ws)
}

/// The next packet.
async fn received(ws: &mut Ws) -> String {
    match ws.receive().await {
        Received::Text(text) => text,
        other => panic!("expected a packet, received `{other}`"),
    }
}

/// Sends the same again and again, and waits until the server has seen it all.
async fn flood(ws: &mut Ws, packet: impl fmt::Display) {
    let packet = packet.to_string();
    ws.send_all(&vec![&*packet; 500]).await;
    ws.send(r#"42/noisy,9["ask",9]"#).await;
    ws.expect("43/noisy,9[9]").await;
}

#[tokio::test]
async fn what_a_client_causes_again_and_again_is_one_line() {
    let logs = logs::capture();
    let (_server, mut ws) = noisy().await;
    for (event, words) in [
        (r#"["panics"]"#, ["ERROR", "a handler panicked"]),
        (r#"["fails"]"#, ["ERROR", "a failure that comes again and again"]),
        (r#"["refuses"]"#, ["WARN", "a refusal that comes again and again"]),
        (r#"["takes_a_number",{}]"#, ["WARN", "takes_a_number"]),
        (r#"["nobody handles this one"]"#, ["DEBUG", "nobody handles this one"]),
    ] {
        flood(&mut ws, format_args!("42/noisy,{event}")).await;
        assert_eq!(logs.count(&[&words[..], &["/noisy"]].concat()), 1, "{event}");
        let line = logs.expect(&words).await;
        for field in ["socket=", "namespace=\"/noisy\"", "event="] {
            assert!(line.contains(field), "{field}: {line}");
        }
    }
}

#[tokio::test]
async fn a_client_that_always_says_something_else_fills_no_log() {
    let logs = logs::capture();
    let (_server, mut ws) = noisy().await;
    let events: Vec<String> = (0..2000).map(|n| format!(r#"42/noisy,["invented {n}"]"#)).collect();
    ws.send_all(&events.iter().map(String::as_str).collect::<Vec<_>>()).await;
    ws.send(r#"42/noisy,1["ask",1]"#).await;
    ws.expect("43/noisy,1[1]").await;
    let count = logs.count(&["invented"]);
    assert!((1..=100).contains(&count), "{count} lines");
}

#[tokio::test]
async fn at_most_256_characters_of_a_client_are_repeated() {
    let logs = logs::capture();
    let (server, mut ws) = noisy().await;
    let long = format!("long {}", "✓".repeat(100_000));
    let kept = format!("long {}…", "✓".repeat(251));
    ws.send(&format!(r#"42/noisy,1["{long}"]"#)).await;
    let text = format!("No handler for the event \\\"{kept}\\\"");
    ws.expect(&format!(r#"43/noisy,1[{{"status":"error","code":"unknown_event","message":"{text}"}}]"#))
        .await;
    let line = logs.expect(&["DEBUG", "no handler", "long ✓"]).await;
    assert!(line.contains(&kept) && !line.contains(&"✓".repeat(252)), "{} bytes", line.len());

    ws.send(&format!(r#"42/noisy,2["takes_a_number","wrong {long}"]"#)).await;
    let answer = received(&mut ws).await;
    assert!(answer.contains("invalid_payload") && answer.chars().count() < 500, "{} bytes", answer.len());

    let mut ws = server.ws().await;
    ws.send(&format!("40/{long},")).await;
    ws.expect(&format!(r#"44/{long},{{"message":"Invalid namespace"}}"#)).await;
    let line = logs.expect(&["INFO", "nobody serves", "/long ✓"]).await;
    assert!(line.len() < 2000, "{} bytes", line.len());
}

#[tokio::test]
async fn a_namespace_that_nobody_serves_is_one_line_that_lists_what_is_served() {
    let logs = logs::capture();
    let server = TestServer::start(|builder| builder.consumer::<Noisy>().consumer::<Closed>()).await;
    for path in ["/typo", "/noisy2", "/typo", "/"] {
        for _ in 0..20 {
            let mut ws = server.ws().await;
            ws.send(&format!("40{path}{}", if path == "/" { "" } else { "," })).await;
            received(&mut ws).await;
        }
        // The first of them, whatever clients make up.
        let expected = usize::from(path == "/typo");
        let namespace = format!("namespace=\"{path}\"");
        assert_eq!(logs.count(&["nobody serves", &namespace]), expected, "{path}");
    }
    for number in 0..100 {
        let mut ws = server.ws().await;
        ws.send(&format!("40/made-up-{number},")).await;
        received(&mut ws).await;
    }
    assert_eq!(logs.count(&["nobody serves", "made-up"]), 0);
    let line = logs.expect(&["INFO", "nobody serves", "/typo"]).await;
    assert!(line.contains("/noisy") && line.contains("/closed"), "{line}");
}

#[tokio::test]
async fn a_refusal_that_the_application_chose_is_no_error_line() {
    let logs = logs::capture();
    let server =
        TestServer::start(|builder| builder.consumer::<Noisy>().consumer::<Closed>().consumer::<Broken>())
            .await;
    let mut ws = server.ws().await;
    ws.send("40/closed,").await;
    ws.expect(r#"44/closed,{"message":"You are muted","data":{"code":"muted"}}"#).await;
    let line = logs.expect(&["/closed", "muted until noon"]).await;
    assert!(line.contains("WARN"), "{line}");

    // As an event's error it is no less: what the client is not told, the log is.
    ws.join("/noisy").await;
    ws.send(r#"42/noisy,1["chosen"]"#).await;
    ws.expect(r#"43/noisy,1[{"status":"error","code":"muted","message":"You are muted"}]"#).await;
    let line = logs.expect(&["/noisy", "muted until noon"]).await;
    assert!(line.contains("WARN"), "{line}");

    ws.send("40/broken,").await;
    ws.expect(r#"44/broken,{"message":"Internal server error"}"#).await;
    logs.expect(&["ERROR", "/broken", "swordfish"]).await;
    for words in ["/closed", "muted until noon"] {
        assert_eq!(logs.count(&["ERROR", words]), 0);
    }
}

#[tokio::test]
async fn a_handler_that_takes_long_is_named_while_it_runs() {
    let logs = logs::capture();
    let after = Duration::from_millis(50);
    let server = TestServer::start(|builder| builder.slow_handler_warning(after).consumer::<Slow>()).await;
    let mut ws = server.socket("/slow").await;
    ws.send_all(&[r#"42/slow,1["ask",1]"#, r#"42/slow,2["waits"]"#, r#"42/slow,3["waits_beside"]"#]).await;
    ws.expect("43/slow,1[1]").await;
    for event in ["waits", "waits_beside"] {
        let event = format!("event=\"{event}\"");
        let line = logs.expect(&["WARN", "a handler still runs", "namespace=\"/slow\"", &event]).await;
        assert!(line.contains("socket=") && line.contains("after=50ms"), "{line}");
    }
    let mut other = server.ws().await;
    other.send(r#"40/slow,{"waits":true}"#).await;
    logs.expect(&["WARN", "a handler still runs", "event=\"connect\""]).await;
    // They go on, and end as they would have.
    server.gate.open("beside");
    ws.expect("43/slow,3[]").await;
    server.gate.open("event");
    ws.expect("43/slow,2[]").await;
    assert_eq!(logs.count(&["a handler still runs", "event=\"ask\""]), 0);
}

#[tokio::test]
async fn no_line_tells_of_slow_handlers_where_none_is_wanted() {
    let logs = logs::capture();
    let server = TestServer::start(|builder| {
        let builder = builder.slow_handler_warning(None).handler_timeout(Duration::from_millis(60));
        builder.consumer::<Slow>()
    })
    .await;
    let mut ws = server.socket("/slow").await;
    ws.send(r#"42/slow,1["hangs"]"#).await;
    ws.expect(r#"43/slow,1[{"status":"error","code":"timeout",…}]"#).await;
    assert_eq!(logs.count(&["a handler still runs", "event=\"hangs\""]), 0);
}

#[tokio::test]
async fn handlers_have_the_servers_deadline_unless_their_event_has_one() {
    let server =
        TestServer::start(|builder| builder.handler_timeout(Duration::from_millis(50)).consumer::<Slow>())
            .await;
    let mut ws = server.socket("/slow").await;
    ws.send_all(&[r#"42/slow,1["hangs"]"#, r#"42/slow,2["hangs_beside"]"#]).await;
    let mut answers = [received(&mut ws).await, received(&mut ws).await];
    answers.sort();
    for (id, answer) in (1..).zip(&answers) {
        assert!(
            answer.starts_with(&format!(r#"43/slow,{id}[{{"status":"error","code":"timeout""#)),
            "{answer}"
        );
    }
    ws.send(r#"42/slow,3["may_take_long"]"#).await;
    // Longer than the server's deadline, which another client's handler shows to have passed.
    let mut other = server.socket("/slow").await;
    other.send(r#"42/slow,1["hangs"]"#).await;
    other.expect(r#"43/slow,1[{"status":"error","code":"timeout",…}]"#).await;
    server.gate.open("long");
    ws.expect("43/slow,3[]").await;
}

#[tokio::test]
async fn programs_that_mount_the_server_announce_its_namespaces_once() {
    #[derive(Default)]
    struct Mounted;

    #[consumer(namespace = "/mounted")]
    impl Mounted {
        async fn event_greet() {}
    }

    let logs = logs::capture();
    let server = Server::builder().collect(false).consumer::<Mounted>().build().unwrap();
    for _ in 0..3 {
        drop(server.service());
    }
    let line = logs.expect(&["INFO", "/mounted"]).await;
    assert!(line.contains("greet"), "{line}");
    // For debugging there are others, with the events and their types.
    assert_eq!(logs.count(&["INFO", "/mounted"]), 1);
}

#[tokio::test]
async fn a_server_without_consumers_warns() {
    let logs = logs::capture();
    drop(Server::builder().collect(false).build().unwrap().service());
    logs.expect(&["WARN", "no consumer", "use my_consumers as _;"]).await;
}

#[tokio::test]
async fn an_address_that_cannot_be_listened_on_is_named() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let server = Server::builder().collect(false).build().unwrap();
    let error = server.serve(address).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains(&format!("cannot listen on {address}")), "{text}");
    let error = server.serve("no such host.example:80").await.unwrap_err();
    assert!(error.to_string().contains("no such host.example:80"), "{error}");
}

#[tokio::test]
async fn an_auth_payload_with_which_a_client_cannot_come_back_is_told_of() {
    let logs = logs::capture();
    let recovery =
        |builder: sio::Builder| builder.connection_state_recovery(sio::options::Recovery::default());
    let server = TestServer::start(|builder| recovery(builder).consumer::<sio_tests::app::Plain>()).await;
    for auth in [r#"{"name":"Ada"}"#, "null", ""] {
        let mut ws = server.ws().await;
        ws.send(&format!("40{auth}")).await;
        ws.expect(r#"40{"sid":…,"pid":…}"#).await;
    }
    assert_eq!(logs.count(&["WARN", "an auth payload is no object"]), 0);
    for _ in 0..3 {
        let mut ws = server.ws().await;
        ws.send(r#"40"Ada""#).await;
        ws.expect(r#"40{"sid":…,"pid":…}"#).await;
    }
    logs.expect(&["WARN", "an auth payload is no object", "connection state recovery"]).await;
    assert_eq!(logs.count(&["WARN", "an auth payload is no object"]), 1);
}

/// The clock is stopped: a decision that does not come costs no time.
#[tokio::test(start_paused = true)]
async fn decisions_about_requests_that_take_too_long_are_one_line() {
    let logs = logs::capture();
    let server = TestServer::start(|builder| {
        builder.consumer::<Noisy>().allow_request_async(|_| async { pending().await })
    })
    .await;
    let target = server.target("EIO=4&transport=polling");
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut http = server.http().await;
        http.send(&Request::get(&target)).await;
        clients.push(http);
    }
    tokio::time::sleep(Duration::from_secs(31)).await;
    for http in &mut clients {
        assert_eq!(http.receive().await.status, 403);
    }
    assert_eq!(logs.count(&["ERROR", "`allow_request_async` took longer"]), 1);
}
