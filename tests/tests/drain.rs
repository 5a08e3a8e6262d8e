//! BEHAVIOUR §2 and §6: how a server ends.

#[path = "drain/supervised.rs"]
mod supervised;
#[path = "drain/told.rs"]
mod told;

use std::time::Duration;

use sio::options::Shutdown;
use sio::prelude::*;
use sio_tests::{
    Http, Request, TestServer,
    app::Plain,
    deadline::{settle, soon},
    journal::{Gate, Journal},
};
use tokio::task::JoinHandle;

/// Waits so long for handlers.
fn handlers(patience: Duration) -> Shutdown {
    Shutdown::new().handlers(patience)
}

/// Works for as long as the test lets it.
#[derive(Default)]
struct Working;

#[consumer(namespace = "/working")]
impl Working {
    async fn event_work(&mut self, journal: State<Journal>, gate: State<Gate>) -> &'static str {
        journal.note("works");
        gate.pass("work").await;
        journal.note("done");
        "done"
    }

    async fn event_work_for_ever(&mut self, journal: State<Journal>) -> &'static str {
        journal.note("works");
        std::future::pending().await
    }

    async fn event_note(&mut self, journal: State<Journal>, text: String) {
        journal.note(text);
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }
}

/// Begins to close the server.
async fn close(server: &TestServer) -> JoinHandle<()> {
    let handle = server.handle().clone();
    let closing = tokio::spawn(async move { handle.close().await });
    settle().await;
    closing
}

/// Expects that the server has closed.
async fn closed(closing: JoinHandle<()>) {
    soon("the server to close", closing).await.expect("closing does not panic");
}

async fn server(drain: Duration) -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Working>().shutdown(handlers(drain)))
        .await
}

#[tokio::test]
async fn every_client_is_told_and_every_disconnect_hook_has_run_when_close_returns() {
    let server = server(Duration::from_secs(10)).await;
    let mut ws = server.socket("/").await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling.begin_get().await;
    let closing = close(&server).await;
    assert_eq!(ws.expect_closed().await, Some(1001), "the server goes away");
    drop(ws);
    polling.end_get().await.expect(200, "1");
    closed(closing).await;
    assert_eq!(server.journal.rest(), ["server shutting down", "server shutting down"]);
    assert_eq!(server.of("/").sockets().len(), 0);
}

#[tokio::test]
async fn a_handler_that_ends_in_time_is_answered() {
    let server = server(Duration::from_secs(600)).await;
    let mut ws = server.socket("/working").await;
    ws.send(r#"42/working,1["work"]"#).await;
    server.journal.expect("works").await;
    let closing = close(&server).await;
    server.gate.open("work");
    ws.expect(r#"43/working,1["done"]"#).await;
    server.journal.expect("done").await;
    server.journal.expect("server shutting down").await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
}

#[tokio::test]
async fn a_handler_that_does_not_end_is_answered_with_shutting_down() {
    let server = server(Duration::from_millis(100)).await;
    let mut ws = server.socket("/working").await;
    ws.send_all(&[r#"42/working,1["work_for_ever"]"#, r#"42/working,2["work"]"#]).await;
    server.journal.expect("works").await;
    let closing = close(&server).await;
    for id in [1, 2] {
        ws.expect(&format!(
            r#"43/working,{id}[{{"status":"error","code":"shutting_down","message":"…",…}}]"#
        ))
        .await;
    }
    server.journal.expect("server shutting down").await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
}

/// More than there is time for in one turn of the client's task.
#[tokio::test]
async fn each_of_many_events_that_wait_is_answered_with_shutting_down() {
    const WAITING: usize = 128;
    let server = server(Duration::from_millis(100)).await;
    let mut ws = server.socket("/working").await;
    ws.send(r#"42/working,["work_for_ever"]"#).await;
    server.journal.expect("works").await;
    for id in 1..=WAITING {
        ws.send(&format!(r#"42/working,{id}["work","{}"]"#, "x".repeat(1_000))).await;
    }
    // A client behind it is answered, so that all of these have arrived.
    server.socket("/").await;
    settle().await;
    let closing = close(&server).await;
    for id in 1..=WAITING {
        let answer =
            format!(r#"43/working,{id}[{{"status":"error","code":"shutting_down","message":"…",…}}]"#);
        ws.expect(&answer).await;
    }
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
}

#[tokio::test]
async fn an_event_that_comes_while_the_server_drains_is_answered_with_shutting_down() {
    let server = server(Duration::from_secs(600)).await;
    let mut ws = server.socket("/working").await;
    ws.send(r#"42/working,1["work"]"#).await;
    server.journal.expect("works").await;
    let closing = close(&server).await;
    ws.send(r#"42/working,2["work"]"#).await;
    settle().await;
    server.gate.open("work");
    ws.expect(r#"43/working,1["done"]"#).await;
    ws.expect(r#"43/working,2[{"status":"error","code":"shutting_down","message":"…",…}]"#).await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
}

/// Nobody would tell its sender that it was not.
#[tokio::test]
async fn an_event_without_an_ack_that_comes_while_the_server_drains_is_handled() {
    let server = server(Duration::from_secs(600)).await;
    let mut ws = server.socket("/working").await;
    ws.send(r#"42/working,1["work"]"#).await;
    server.journal.expect("works").await;
    let closing = close(&server).await;
    ws.send(r#"42/working,["note","late"]"#).await;
    settle().await;
    server.gate.open("work");
    ws.expect(r#"43/working,1["done"]"#).await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
    assert_eq!(server.journal.rest(), ["done", "late", "server shutting down"]);
}

#[tokio::test]
async fn what_a_websocket_has_sent_before_it_heard_of_the_end_is_handled() {
    let server = server(Duration::from_secs(10)).await;
    let mut ws = server.socket("/working").await;
    let closing = close(&server).await;
    ws.send_all(&[r#"42/working,["note","1"]"#, r#"42/working,["note","2"]"#]).await;
    ws.send(r#"42/working,7["note","not answered"]"#).await;
    assert_eq!(ws.expect_closed().await, Some(1001));
    drop(ws);
    closed(closing).await;
    assert_eq!(server.journal.rest(), ["1", "2", "server shutting down"]);
}

#[tokio::test]
async fn what_a_polling_client_has_sent_before_it_heard_of_the_end_is_handled() {
    let server = server(Duration::from_secs(10)).await;
    let mut polling = server.polling().await;
    polling.join("/working").await;
    let closing = close(&server).await;
    polling.send(r#"42/working,["note","1"]"#).await;
    server.journal.expect("1").await;
    let target = server.polling_target(&polling.open.sid);
    server.request(&Request::get(&target)).await.expect(200, "1");
    // By another connection, and overtaken by the answer.
    let late = Request::post(&target, r#"42/working,["note","2"]"#);
    server.request(&late).await.expect(200, "ok");
    closed(closing).await;
    assert_eq!(server.journal.rest(), ["2", "server shutting down"]);
}

/// It could not be told whether it was let in.
#[tokio::test]
async fn a_client_that_hears_of_the_end_joins_nothing_more() {
    let server = server(Duration::from_secs(10)).await;
    let mut ws = server.socket("/working").await;
    let closing = close(&server).await;
    ws.send_all(&["40", r#"42/working,["note","still heard"]"#]).await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
    assert_eq!(server.journal.rest(), ["still heard", "server shutting down"]);
}

#[tokio::test]
async fn a_question_of_the_server_ends_when_it_closes() {
    let server = server(Duration::from_secs(10)).await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    let asked = tokio::spawn(async move { socket.emit_with_ack::<()>("please", &()).await });
    ws.expect(r#"420["please"]"#).await;
    let closing = close(&server).await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
    assert!(soon("the end of the question", asked).await.expect("no panic").is_err());
}

#[tokio::test]
async fn nobody_gets_in_any_more() {
    let server = server(Duration::from_secs(10)).await;
    server.socket("/").await.expect_nothing_more().await;
    soon("the server to close", server.handle().close()).await;
    if let Ok(mut http) = Http::try_open(server.address).await {
        http.send(&Request::get(server.target("EIO=4&transport=polling"))).await;
        if let Some(answer) = http.try_receive().await {
            assert!(answer.status >= 400, "{answer:?}");
        }
    }
}

/// Less than a closed session is kept for a client that does not come.
const AT_ONCE: Duration = Duration::from_secs(3);

/// A client that polls, whose connections are all closed: the next request comes by a new one.
async fn between_two_gets(server: &TestServer) -> String {
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling.open.sid.clone()
}

#[tokio::test]
async fn a_client_between_two_gets_learns_of_the_end_by_a_new_connection() {
    let server = server(Duration::from_secs(10)).await;
    let sid = between_two_gets(&server).await;
    let closing = close(&server).await;
    server.journal.expect("server shutting down").await;
    server.request(&Request::get(server.polling_target(&sid))).await.expect(200, "1");
    tokio::time::timeout(AT_ONCE, closing).await.expect("nobody is left").expect("closing does not panic");
}

#[tokio::test]
async fn a_client_between_two_gets_gets_what_was_queued_before_the_end() {
    let server = server(Duration::from_secs(600)).await;
    let mut polling = server.polling().await;
    polling.join("/working").await;
    polling.send(r#"42/working,1["work"]"#).await;
    server.journal.expect("works").await;
    let closing = close(&server).await;
    polling.send(r#"42/working,2["work"]"#).await;
    server.gate.open("work");
    server.journal.expect("done").await;
    server.journal.expect("server shutting down").await;
    // A refusal would look like a failure to a client that does not know yet.
    polling.send(r#"42/working,3["work"]"#).await;
    let target = server.polling_target(&polling.open.sid);
    let answers = server.request(&Request::get(&target)).await;
    let refused = r#"43/working,2[{"status":"error","code":"shutting_down""#;
    assert!(answers.text().starts_with(&format!("43/working,1[\"done\"]\u{1e}{refused}")), "{answers:?}");
    server.request(&Request::get(&target)).await.expect(200, "1");
    tokio::time::timeout(AT_ONCE, closing).await.expect("nobody is left").expect("closing does not panic");
}

#[tokio::test]
async fn new_sessions_are_refused_while_others_end() {
    let server = server(Duration::from_secs(600)).await;
    let mut ws = server.socket("/working").await;
    ws.send(r#"42/working,1["work"]"#).await;
    server.journal.expect("works").await;
    let closing = close(&server).await;
    for (query, headers) in [
        ("EIO=4&transport=polling", &[][..]),
        ("EIO=4&transport=websocket", &[("Connection", "Upgrade"), ("Upgrade", "websocket")]),
    ] {
        let request = headers
            .iter()
            .fold(Request::get(server.target(query)), |request, (name, value)| request.header(name, value));
        let refused = server.request(&request).await;
        refused.expect(503, r#"{"code":4,"message":"Forbidden"}"#);
        assert_eq!(refused.header("retry-after"), Some("1"));
    }
    server.gate.open("work");
    ws.expect(r#"43/working,1["done"]"#).await;
    ws.expect_closed().await;
    drop(ws);
    closed(closing).await;
}

#[tokio::test]
async fn closing_twice_is_closing_once() {
    let server = server(Duration::from_secs(10)).await;
    let mut ws = server.socket("/").await;
    let (first, second) = (close(&server).await, close(&server).await);
    ws.expect_closed().await;
    drop(ws);
    closed(first).await;
    closed(second).await;
    soon("the server to close again", server.handle().close()).await;
    server.journal.expect("server shutting down").await;
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn a_client_that_is_led_out_has_its_running_handler_and_waiting_events_handled() {
    let shutdown = Shutdown::new().spread(Duration::from_secs(600));
    let server = TestServer::start(|builder| builder.consumer::<Working>().shutdown(shutdown)).await;
    let mut ws = server.socket("/working").await;
    ws.send_all(&[r#"42/working,1["work"]"#, r#"42/working,2["work"]"#]).await;
    server.journal.expect("works").await;
    let handle = server.handle().clone();
    let draining = tokio::spawn(async move { handle.drain().await });
    settle().await;
    // It comes after the beginning of the end, and is handled all the same.
    ws.send(r#"42/working,3["work"]"#).await;
    settle().await;
    assert_eq!(server.get("EIO=4&transport=polling").await.status, 503);
    for id in 1..=3 {
        server.gate.open("work");
        ws.expect(&format!(r#"43/working,{id}["done"]"#)).await;
    }
    assert_eq!(ws.expect_closed().await, Some(1001));
    drop(ws);
    // Long before the time is over, since nobody is left.
    closed(draining).await;
    assert_eq!(server.journal.rest().last().map(String::as_str), Some("server shutting down"));
}

#[tokio::test]
async fn a_drain_that_is_given_up_can_be_begun_again() {
    let shutdown = Shutdown::new().delay(Duration::from_secs(600));
    let server = TestServer::start(|builder| builder.consumer::<Plain>().shutdown(shutdown)).await;
    let mut ws = server.socket("/").await;
    {
        let mut draining = std::pin::pin!(server.handle().drain());
        tokio::select! {
            biased;
            () = &mut draining => panic!("the delay is long"),
            () = server.handle().closing() => {}
        }
    }
    let handle = server.handle().clone();
    let draining = tokio::spawn(async move { handle.drain().await });
    ws.expect_closed().await;
    drop(ws);
    closed(draining).await;
}
