//! Handlers that several consumers share by `#[handlers]`: everything that a handler of a consumer can do, and a value of
//! its own for each client.

use sio::error::Problem;
use sio::prelude::*;
use sio_tests::journal::{Gate, Journal};
use sio_tests::{TestServer, Ws};

#[derive(Default)]
struct Counter {
    count: u32,
}

#[handlers]
impl Counter {
    async fn event_add(&mut self, number: u32) -> u32 {
        self.count += number;
        self.count
    }

    #[event("joined", "user left", max_size = "48B")]
    async fn named(&mut self, socket: &Socket, name: EventName, who: String) -> String {
        self.count += 1;
        format!("{}: {who} {name}", socket.namespace().path())
    }

    async fn event_acked(&self, ack: Option<Ack<u32>>) -> sio::Result<()> {
        match ack {
            Some(ack) => Ok(ack.send(self.count)?),
            None => Err(sio::Error::new("unheard", "nobody asked")),
        }
    }

    #[event("beside", concurrent)]
    async fn beside(socket: Socket, gate: State<Gate>) -> String {
        gate.pass("beside").await;
        socket.namespace().path().to_owned()
    }

    #[event(timeout = "1ms")]
    async fn event_late(&mut self) {
        std::future::pending().await
    }

    #[event(rate = "1/h")]
    async fn event_rare(&mut self) {}

    #[event("never")]
    #[cfg(any())]
    async fn compiled(&mut self, nonsense: DoesNotExist) {}
}

/// A name that the set is made with.
struct Greeter(&'static str);

#[handlers]
impl Greeter {
    #[event("beside greeting", concurrent)]
    async fn greet_beside() -> &'static str {
        "hello"
    }

    async fn event_greet(&self) -> &'static str {
        self.0
    }

    /// Handles the event of its own name, once a second.
    async fn reauth(&mut self, token: String) -> bool {
        token == self.0
    }
}

struct Both {
    counter: Counter,
    greeter: Greeter,
}

#[consumer(namespace = ["/both", "/both/{id}"], handlers = [counter, greeter])]
impl Both {
    async fn connect() -> Self {
        Self { counter: Counter::default(), greeter: Greeter("good day") }
    }

    async fn event_count(&self) -> u32 {
        self.counter.count
    }

    #[event("own beside", concurrent)]
    async fn own_beside() -> &'static str {
        "own"
    }

    #[event(fallback)]
    async fn other(&self, name: EventName) -> String {
        format!("no handler for {name}")
    }

    async fn error(&mut self, name: EventName, error: sio::Error, journal: State<Journal>) {
        journal.note(format!("{name}: {error}"));
    }
}

/// Nothing but a set.
#[derive(Default)]
struct Only(Counter);

#[consumer(namespace = "/only", handlers = 0)]
impl Only {}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Both>().consumer::<Only>().metrics(true)).await
}

async fn ask(ws: &mut Ws, namespace: &str, event: &str, answer: &str) {
    ws.send(&format!("42{namespace},1{event}")).await;
    ws.expect(&format!("43{namespace},1{answer}")).await;
}

#[tokio::test]
async fn each_client_of_each_consumer_has_a_set_of_its_own() {
    let server = server().await;
    let mut ws = server.socket("/both").await;
    for namespace in ["/both/7", "/only"] {
        ws.join(namespace).await;
    }
    for (number, sum) in [(2, 2), (3, 5)] {
        for namespace in ["/both", "/both/7", "/only"] {
            ask(&mut ws, namespace, &format!(r#"["add",{number}]"#), &format!("[{sum}]")).await;
        }
    }
    ask(&mut ws, "/both", r#"["joined","Ada"]"#, r#"["/both: Ada joined"]"#).await;
    ask(&mut ws, "/both", r#"["count"]"#, "[6]").await;
    ask(&mut ws, "/only", r#"["acked"]"#, "[5]").await;
    let mut other = server.socket("/both").await;
    ask(&mut other, "/both", r#"["acked"]"#, "[0]").await;
}

#[tokio::test]
async fn a_client_that_polls_reaches_sets_too() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/only").await;
    polling
        .send("42/only,0[\"add\",1]\u{1e}42/only,1[\"user left\",\"Ada\"]\u{1e}42/only,2[\"acked\"]")
        .await;
    for answer in ["43/only,0[1]", r#"43/only,1["/only: Ada user left"]"#, "43/only,2[2]"] {
        polling.expect(answer).await;
    }
}

#[tokio::test]
async fn events_go_to_the_consumer_then_to_its_sets_then_to_its_fallback() {
    let server = server().await;
    let mut ws = server.socket("/both").await;
    ws.join("/only").await;
    ask(&mut ws, "/both", r#"["count"]"#, "[0]").await;
    ask(&mut ws, "/both", r#"["greet"]"#, r#"["good day"]"#).await;
    ask(&mut ws, "/both", r#"["beside greeting"]"#, r#"["hello"]"#).await;
    ask(&mut ws, "/both", r#"["own beside"]"#, r#"["own"]"#).await;
    for name in ["never", "named", "event_add", ""] {
        let answer = format!(r#"["no handler for {name}"]"#);
        ask(&mut ws, "/both", &format!(r#"["{name}"]"#), &answer).await;
        let unknown = r#"[{"status":"error","code":"unknown_event",…}]"#;
        ask(&mut ws, "/only", &format!(r#"["{name}"]"#), unknown).await;
    }
}

#[tokio::test]
async fn the_options_of_events_hold_in_a_set() {
    let server = server().await;
    let mut ws = server.socket("/both").await;
    ask(&mut ws, "/both", r#"["late"]"#, r#"[{"status":"error","code":"timeout",…}]"#).await;
    for name in ["joined", "user left"] {
        let large = format!(r#"["{name}","{}"]"#, "x".repeat(48));
        ask(&mut ws, "/both", &large, r#"[{"status":"error","code":"payload_too_large",…,"limit":48}]"#)
            .await;
    }
    ask(&mut ws, "/both", r#"["rare"]"#, "[]").await;
    ask(&mut ws, "/both", r#"["rare"]"#, r#"[{"status":"error","code":"rate_limited",…}]"#).await;

    // Two in one message, faster than the default rate of this handler.
    ws.send_all(&[r#"42/both,1["reauth","good day"]"#, r#"42/both,2["reauth","good day"]"#]).await;
    ws.expect("43/both,1[true]").await;
    ws.expect(r#"43/both,2[{"status":"error","code":"rate_limited",…}]"#).await;

    // Beside the others: the next event is answered first.
    ws.send(r#"42/both,1["beside"]"#).await;
    ask(&mut ws, "/both", r#"["count"]"#, "[0]").await;
    server.gate.open("beside");
    ws.expect(r#"43/both,1["/both"]"#).await;
}

#[tokio::test]
async fn errors_of_a_set_are_for_the_hook_of_the_consumer() {
    let server = server().await;
    let mut ws = server.socket("/both").await;
    ws.send(r#"42/both,["acked"]"#).await;
    server.journal.expect("acked: nobody asked").await;
    ws.send(r#"42/both,["add","one"]"#).await;
    let error = server.journal.next().await;
    assert!(error.starts_with("add: "), "{error}");
}

#[tokio::test]
async fn events_of_sets_are_counted_by_their_names() {
    let server = server().await;
    let mut ws = server.socket("/both").await;
    for event in
        [r#"["count"]"#, r#"["add",1]"#, r#"["greet"]"#, r#"["user left","Ada"]"#, r#"["beside greeting"]"#]
    {
        ws.send(&format!("42/both,1{event}")).await;
        ws.receive().await;
    }
    let metrics = server.handle().metrics();
    for event in ["count", "add", "greet", "user left", "beside greeting"] {
        let labels = [("namespace", "/both"), ("event", event), ("outcome", "ok")];
        assert_eq!(metrics.value("sio_events_received", &labels), 1.0, "{event}");
    }
}

#[test]
fn a_state_that_only_a_set_takes_is_missed_at_the_start() {
    let built = Server::builder().collect(false).consumer::<Only>().build();
    let error = built.expect_err("nobody has provided the gate");
    let problems = error.problems();
    let [Problem::MissingState { consumer, state, .. }] = problems else { panic!("{problems:?}") };
    assert!(consumer.ends_with("Only") && state.ends_with("Gate"), "{error}");
}
