//! The numbers of a server, as those read them who collect them.

#[path = "openmetrics.rs"]
mod openmetrics;

use std::collections::BTreeMap;
use std::time::Duration;

use sio::error::AckError;
use sio::prelude::*;
use sio_tests::deadline::{settle, soon};
use sio_tests::journal::Gate;
use sio_tests::{Request, TestServer, Ws};

#[derive(Default)]
struct Shop;

#[consumer(namespace = "/shop/{id}")]
impl Shop {
    async fn connect(auth: Option<String>) -> Result<Self, ConnectError> {
        match auth.as_deref() {
            Some("refuse") => Err(ConnectError::new("closed today")),
            Some("panic") => panic!("on purpose"),
            _ => Ok(Self),
        }
    }

    async fn event_ok(&mut self, socket: &Socket) -> sio::Result<u64> {
        socket.emit("ok", &1).await?;
        socket.namespace().emit("made_up_here", &2).await?;
        Ok(1)
    }

    async fn event_typed(&mut self, number: u64) -> u64 {
        number
    }

    async fn event_error(&mut self) -> sio::Result<()> {
        Err(sio::Error::new("no_tea", "there is none"))
    }

    async fn event_internal(&mut self) -> sio::Result<()> {
        Err(std::io::Error::other("a disk"))?
    }

    async fn event_panic(&mut self) {
        panic!("on purpose");
    }

    #[event(timeout = "1ms")]
    async fn event_late(&mut self) {
        std::future::pending().await
    }

    #[event(rate = "1/h")]
    async fn event_rare(&mut self) {}

    #[event(concurrent)]
    async fn event_slow(gate: State<Gate>) {
        gate.pass("slow").await;
    }

    async fn event_ask(&mut self, socket: &Socket) -> sio::Result<()> {
        let _ = socket.timeout(Duration::from_millis(1)).emit_with_ack::<()>("question", &()).await;
        Ok(())
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Shop>().metrics_path("/metrics")).await
}

/// Reads the page as strictly as the specification of OpenMetrics 1.0 allows, and returns each number by its line.
async fn read(server: &TestServer) -> BTreeMap<String, f64> {
    let answer = server.request(&Request::get("/metrics")).await;
    assert_eq!(answer.status, 200);
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/openmetrics-text; version=1.0.0; charset=utf-8"));
    openmetrics::parse(answer.text())
}

/// Sends an event and waits for its answer, whatever it is, past all that comes before it.
async fn ask(client: &mut Ws, id: u32, event: &str) {
    client.send(&format!("42/shop/1,{id}{event}")).await;
    loop {
        let answer = client.receive().await.to_string();
        if answer.starts_with(&format!("43/shop/1,{id}[")) {
            return;
        }
    }
}

#[tokio::test]
async fn each_outcome_is_counted_under_the_words_of_the_program() {
    let server = server().await;
    let mut client = server.socket("/shop/1").await;
    for auth in ["\"refuse\"", "\"panic\""] {
        let mut other = server.ws().await;
        other.send(&format!("40/shop/2,{auth}")).await;
        other.expect(r#"44/shop/2,{"message":"…"}"#).await;
        other.close().await;
    }
    let events = [
        r#"["ok"]"#,
        r#"["typed",1]"#,
        r#"["typed","x"]"#,
        r#"["error"]"#,
        r#"["internal"]"#,
        r#"["panic"]"#,
        r#"["late"]"#,
        r#"["rare"]"#,
        r#"["rare"]"#,
        r#"["nothing of the kind"]"#,
        r#"["ask"]"#,
    ];
    for (id, event) in (0..).zip(events) {
        ask(&mut client, id, event).await;
    }
    client.send(r#"42/shop/1,99["slow"]"#).await;
    server.gate.open("slow");
    while client.receive().await.to_string() != "43/shop/1,99[]" {}
    let polling = server.polling().await;
    server.get("EIO=4&transport=pigeon").await;

    soon("those who were refused to be gone", async {
        let websocket = &[("transport", "websocket")];
        while server.handle().metrics().value("sio_sessions_open", websocket) > 1.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let numbers = read(&server).await;
    let events = |event: &str, outcome: &str| {
        let labels = format!(r#"{{namespace="/shop/{{id}}",event="{event}",outcome="{outcome}"}}"#);
        numbers[&format!("sio_events_received_total{labels}")]
    };
    for (event, outcome, count) in [
        ("ok", "ok", 1.0),
        ("typed", "ok", 1.0),
        ("typed", "payload", 1.0),
        ("error", "application", 1.0),
        ("internal", "internal", 1.0),
        ("panic", "panicked", 1.0),
        ("late", "timed_out", 1.0),
        ("rare", "ok", 1.0),
        ("rare", "limited", 1.0),
        ("other", "unhandled", 1.0),
        ("slow", "ok", 1.0),
        ("ok", "drained", 0.0),
    ] {
        assert_eq!(events(event, outcome), count, "{event} {outcome}");
    }
    let of = |series: &str| numbers[series];
    assert_eq!(of(r#"sio_sockets_open{namespace="/shop/{id}"}"#), 1.0);
    assert_eq!(of(r#"sio_sockets_total{namespace="/shop/{id}",outcome="accepted"}"#), 1.0);
    assert_eq!(of(r#"sio_sockets_total{namespace="/shop/{id}",outcome="refused"}"#), 1.0);
    assert_eq!(of(r#"sio_sockets_total{namespace="/shop/{id}",outcome="failed"}"#), 1.0);
    assert_eq!(of(r#"sio_sessions_open{transport="websocket"}"#), 1.0);
    assert_eq!(of(r#"sio_sessions_open{transport="polling"}"#), 1.0);
    assert_eq!(of(r#"sio_sessions_total{transport="websocket"}"#), 3.0);
    assert_eq!(of(r#"sio_requests_refused_total{reason="transport_unknown"}"#), 1.0);
    assert_eq!(of(r#"sio_events_sent_total{namespace="/shop/{id}",event="ok"}"#), 1.0);
    // The broadcast, and the question.
    assert_eq!(of(r#"sio_events_sent_total{namespace="/shop/{id}",event="other"}"#), 2.0);
    assert_eq!(of(r#"sio_event_recipients_total{namespace="/shop/{id}",event="other"}"#), 2.0);
    assert_eq!(of(r#"sio_acks_total{namespace="/shop/{id}",outcome="timed_out"}"#), 1.0);
    assert_eq!(of(r#"sio_event_duration_seconds_count{namespace="/shop/{id}",event="typed"}"#), 2.0);
    assert_eq!(of(r#"sio_event_duration_seconds_sum{namespace="/shop/{id}",event="typed"}"#), 0.0);
    assert!(of(r#"sio_event_duration_seconds_sum{namespace="/shop/{id}",event="late"}"#) > 0.0);
    assert!(of(r#"sio_received_bytes_total{transport="websocket"}"#) > 100.0);
    assert!(of(r#"sio_sent_bytes_total{transport="websocket"}"#) > 100.0);
    assert_eq!(of("sio_draining"), 0.0);
    // A client of the program reads the same without the text.
    let snapshot = server.handle().metrics();
    assert_eq!(snapshot.value("sio_events_received", &[("event", "typed")]), 2.0);
    drop(polling);
}

/// All but the page itself is counted, and what is made up is counted together.
#[tokio::test]
async fn ten_thousand_invented_names_make_no_series() {
    let server = server().await;
    let before: Vec<_> = read(&server).await.into_keys().collect();
    let mut client = server.socket("/shop/1").await;
    for batch in 0..100 {
        for number in 0..100 {
            client.send(&format!(r#"42/shop/1,["invented {batch} {number}"]"#)).await;
        }
        ask(&mut client, batch, r#"["typed",1]"#).await;
    }
    for number in 0..50 {
        let mut other = server.ws().await;
        other.send(&format!("40/shop/{number},")).await;
        other.send(&format!("40/invented{number},")).await;
        while !other.receive().await.to_string().contains("Invalid namespace") {}
        other.close().await;
    }
    let numbers = read(&server).await;
    let unhandled = r#"sio_events_received_total{namespace="/shop/{id}",event="other",outcome="unhandled"}"#;
    assert_eq!(numbers[unhandled], 10_000.0);
    assert_eq!(numbers.into_keys().collect::<Vec<_>>(), before);
}

/// However they go: by themselves, without a word, or refused.
#[tokio::test]
async fn sessions_that_are_gone_leave_the_gauges_at_zero() {
    let server = server().await;
    for round in 0..100 {
        let mut client = server.ws().await;
        client.send("40/shop/1,").await;
        if round % 3 > 0 {
            client.receive().await;
        }
        match round % 2 {
            0 => client.close().await,
            _ => drop(client),
        }
    }
    let gauges = ["sio_sessions_open", "sio_sockets_open", "sio_rooms", "sio_queued_bytes"];
    soon("all to be gone", async {
        while gauges.iter().any(|gauge| server.handle().metrics().value(gauge, &[]) > 0.0) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let metrics = server.handle().metrics();
    assert_eq!(metrics.value("sio_sessions_closed", &[]), 100.0);
    assert_eq!(metrics.value("sio_sessions", &[("transport", "websocket")]), 100.0);
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_sessions_that_are_gone_leave_the_gauges_at_zero() {
    let builder = Server::builder().collect(false).consumer::<Shop>().state(Gate::default()).metrics(true);
    let server = sio::testing::TestServer::new(builder.build().expect("it can be built"));
    for _ in 0..100 {
        let mut clients = Vec::new();
        for _ in 0..100 {
            clients.push(server.connect("/shop/1").await.expect("it is let in"));
        }
        let open = server.metrics().value("sio_sockets_open", &[]);
        assert!((100.0..200.0).contains(&open), "those before have gone: {open}");
        for (number, client) in clients.into_iter().enumerate() {
            match number % 3 {
                0 => client.disconnect().await,
                1 => client.kill().await,
                _ => drop(client),
            }
        }
        settle().await;
    }
    for gauge in ["sio_sessions_open", "sio_sockets_open", "sio_rooms", "sio_queued_bytes"] {
        assert_eq!(server.metrics().value(gauge, &[]), 0.0, "{gauge}");
    }
    assert_eq!(server.metrics().value("sio_sessions_closed", &[]), 10_000.0);
}

#[tokio::test]
async fn an_upgrade_moves_a_session_from_one_gauge_to_the_other() {
    let server = server().await;
    let polling = server.polling().await;
    let open = |transport| server.handle().metrics().value("sio_sessions_open", &[("transport", transport)]);
    assert_eq!((open("polling"), open("websocket")), (1.0, 0.0));
    let mut ws = server.second_ws(&polling.open.sid).await.expect("it may upgrade");
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.send("5").await;
    ws.send("40/shop/1,").await;
    ws.expect("40/shop/1,{\"sid\":…}").await;
    assert_eq!((open("polling"), open("websocket")), (0.0, 1.0));
    let metrics = server.handle().metrics();
    assert_eq!(metrics.value("sio_session_upgrades", &[("outcome", "done")]), 1.0);
}

#[tokio::test]
async fn an_upgrade_that_is_not_finished_in_time_has_timed_out_and_not_failed() {
    let limit = Duration::from_millis(20);
    let server = TestServer::start(|builder| builder.metrics(true).upgrade_timeout(limit)).await;
    let upgrades = |outcome| server.handle().metrics().value("sio_session_upgrades", &[("outcome", outcome)]);
    let mut polling = server.polling().await;
    let mut ws = server.second_ws(&polling.open.sid).await.expect("it may upgrade");
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws.expect_closed().await;
    assert_eq!((upgrades("timed_out"), upgrades("failed"), upgrades("done")), (1.0, 0.0, 0.0));
    // The session stays where it was, and its end is no failure of the upgrade.
    polling.send("1").await;
    soon("the session to end", async {
        while server.handle().metrics().value("sio_sessions_open", &[]) > 0.0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!((upgrades("timed_out"), upgrades("failed")), (1.0, 0.0));
}

#[tokio::test]
async fn an_upgrade_that_ends_half_way_has_failed() {
    let server = server().await;
    let upgrades = |outcome| server.handle().metrics().value("sio_session_upgrades", &[("outcome", outcome)]);
    for number in 1..=2 {
        let mut polling = server.polling().await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("it may upgrade");
        ws.send("2probe").await;
        ws.expect("3probe").await;
        // The client gives up the upgrade, or its session.
        match number {
            1 => drop(ws),
            _ => polling.send("1").await,
        }
        soon("the upgrade to fail", async {
            while upgrades("failed") < f64::from(number) {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!((upgrades("failed"), upgrades("done")), (2.0, 0.0));
}

#[tokio::test]
async fn rooms_are_counted_over_all_namespaces_of_a_pattern() {
    let server = server().await;
    let clients = [server.socket("/shop/1").await, server.socket("/shop/2").await];
    for (path, client) in ["/shop/1", "/shop/2"].iter().zip(&clients) {
        server.socket_of(path, &client.sid).join(["red", "green"]).await.expect("it is connected");
    }
    assert_eq!(server.handle().metrics().value("sio_rooms", &[("namespace", "/shop/{id}")]), 4.0);
}

/// It is told of the end of its session, and nothing else is sent to it.
#[tokio::test]
async fn a_question_that_a_leaving_client_is_not_sent_has_ended_with_it() {
    let server = server().await;
    let mut polling = server.polling().await;
    let sid = polling.join("/shop/1").await;
    let socket = server.socket_of("/shop/1", &sid);
    let handle = server.handle().clone();
    let closing = tokio::spawn(async move { handle.close().await });
    settle().await;
    let answer = socket.emit_with_ack::<()>("question", &()).await;
    assert!(matches!(answer, Err(AckError::Disconnected)), "{answer:?}");
    let acks = |outcome| server.handle().metrics().value("sio_acks", &[("outcome", outcome)]);
    assert_eq!((acks("disconnected"), acks("timed_out")), (1.0, 0.0));
    polling.expect("1").await;
    soon("the server to close", closing).await.expect("it does not panic");
}

#[tokio::test]
async fn a_server_without_metrics_has_none() {
    let server = TestServer::start(|builder| builder.consumer::<Shop>()).await;
    assert_eq!(server.request(&Request::get("/metrics")).await.status, 404);
    assert_eq!(server.handle().metrics().openmetrics(), "# EOF\n");
}

#[emits(namespace = "/shop/{id}")]
trait ShopEvents {
    async fn emit_offer(price: u32);

    async fn emit_ok(number: u32);
}

#[tokio::test]
async fn declared_events_have_their_names_where_they_are_sent() {
    let server = server().await;
    let mut client = server.socket("/shop/1").await;
    let shop = server.of("/shop/1");
    shop.emit_offer(5).await.expect("it is sent");
    shop.emit_offer(4).await.expect("it is sent");
    shop.emit_ok(1).await.expect("it is sent");
    // A client that sends an event of this name sends one that nobody handles.
    ask(&mut client, 1, r#"["offer",1]"#).await;
    let metrics = server.handle().metrics();
    let labels = |event| [("namespace", "/shop/{id}"), ("event", event)];
    assert_eq!(metrics.value("sio_events_sent", &labels("offer")), 2.0);
    assert_eq!(metrics.value("sio_event_recipients", &labels("offer")), 2.0);
    assert_eq!(metrics.value("sio_events_sent", &labels("ok")), 1.0);
    assert_eq!(metrics.value("sio_events_received", &labels("other")), 1.0);
    assert!(read(&server).await.keys().all(|line| !line.contains("received") || !line.contains("offer")));
}

#[tokio::test]
async fn precise_metrics_time_handlers_that_are_ready_at_once() {
    let server = TestServer::start(|builder| builder.consumer::<Shop>().precise_metrics(true)).await;
    let mut client = server.socket("/shop/1").await;
    for id in 0..20 {
        ask(&mut client, id, r#"["typed",1]"#).await;
    }
    ask(&mut client, 20, r#"["late"]"#).await;
    let metrics = server.handle().metrics();
    let durations = |event: &str| {
        let families = metrics.families().iter().filter(|one| one.name() == "sio_event_duration_seconds");
        let mut samples = families.flat_map(|family| family.samples());
        samples.find(|one| one.labels().contains(&("event", event))).map(|one| (one.value(), one.sum()))
    };
    let (count, sum) = durations("typed").expect("it is handled");
    assert!(count == 20.0 && sum > 0.0, "{count} handlers took {sum} s");
    assert!(durations("late").is_some_and(|(count, sum)| count == 1.0 && sum >= 0.001));
}
