//! Handlers that block their thread are named while they do.

use std::thread;

use super::*;

/// Blocks the thread of the handler that calls it, until the log has a line with all of these words.
fn block_until_told(words: &[&str]) {
    let waiting = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(logs::capture().expect(words))
    };
    thread::scope(|scope| scope.spawn(waiting).join()).expect("the line comes");
}

/// The words of the line about a handler of a namespace.
fn told<'a>(namespace: &'a str, event: &'a str) -> [&'a str; 4] {
    ["WARN", "a handler blocks its thread", namespace, event]
}

#[derive(Default)]
struct Typist;

#[handlers]
impl Typist {
    async fn event_types(&mut self) {
        block_until_told(&told("/blocking", "event=\"types\""));
    }
}

#[derive(Default)]
struct Blocking {
    typist: Typist,
}

#[consumer(namespace = "/blocking", handlers = [typist])]
impl Blocking {
    async fn connect(&mut self) {
        block_until_told(&told("/blocking", "event=\"connect\""));
    }

    async fn event_computes(&mut self) {
        block_until_told(&told("/blocking", "event=\"computes\""));
    }

    async fn event_waits_first(&mut self) {
        tokio::task::yield_now().await;
        block_until_told(&told("/blocking", "event=\"waits_first\""));
    }

    #[event("one", "other")]
    async fn either(&mut self) {
        block_until_told(&told("/blocking", "event=\"one\""));
    }

    #[event(concurrent)]
    async fn event_beside() {
        block_until_told(&told("/blocking", "event=\"beside\""));
    }

    #[event(fallback)]
    async fn rest(&mut self) {
        block_until_told(&told("/blocking", "event=\"(fallback)\""));
    }

    async fn event_fails(&mut self) -> sio::Result {
        Err(sio::Error::new("no", "for the hook"))
    }

    async fn error(&mut self) {
        block_until_told(&told("/blocking", "event=\"error\""));
    }

    async fn disconnect(&mut self, gate: State<Gate>) {
        block_until_told(&told("/blocking", "event=\"disconnect\""));
        gate.open("gone");
    }

    async fn event_awaits(&mut self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[derive(Default)]
struct Unwatched;

#[consumer(namespace = "/unwatched")]
impl Unwatched {
    async fn event_blocks(&mut self) {
        // Its own server is not asked to tell, another one tells of the same time.
        block_until_told(&told("/watched", "event=\"blocks\""));
    }
}

#[derive(Default)]
struct Watched;

#[consumer(namespace = "/watched")]
impl Watched {
    async fn event_blocks(&mut self) {
        block_until_told(&told("/watched", "event=\"blocks\""));
    }
}

#[tokio::test]
async fn a_handler_that_blocks_its_thread_is_named() {
    let after = Duration::from_millis(20);
    let server =
        TestServer::start(|builder| builder.blocking_handler_warning(after).consumer::<Blocking>()).await;
    let mut ws = server.socket("/blocking").await;
    for event in ["computes", "waits_first", "other", "beside", "unknown", "types", "awaits"] {
        ws.send(&format!(r#"42/blocking,1["{event}"]"#)).await;
        ws.expect("43/blocking,1[]").await;
    }
    ws.send(r#"42/blocking,["fails"]"#).await;
    ws.send("41/blocking,").await;
    server.gate.pass("gone").await;
    let line = logs::capture().expect(&told("/blocking", "event=\"computes\"")).await;
    assert!(line.contains("after=20ms") && line.contains("spawn_blocking"), "{line}");
    assert_eq!(logs::capture().count(&told("/blocking", "event=\"awaits\"")), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn nothing_is_told_of_a_server_that_is_not_watched() {
    let unwatched =
        TestServer::start(|builder| builder.blocking_handler_warning(None).consumer::<Unwatched>()).await;
    let after = Duration::from_millis(20);
    let watched =
        TestServer::start(|builder| builder.blocking_handler_warning(after).consumer::<Watched>()).await;
    let (mut ws, mut other) = (unwatched.socket("/unwatched").await, watched.socket("/watched").await);
    ws.send(r#"42/unwatched,1["blocks"]"#).await;
    other.send(r#"42/watched,1["blocks"]"#).await;
    other.expect("43/watched,1[]").await;
    ws.expect("43/unwatched,1[]").await;
    assert_eq!(logs::capture().count(&["a handler blocks its thread", "/unwatched"]), 0);
}
