//! The client pings. Time is the subject here, so it passes for real: lower bounds are measured from before the cause.

use std::time::{Duration, Instant};

use sio_tests::{TestServer, old_polling::texts};

use super::{open_ws, polling, server, server_with, ws};

const SHORT: Duration = Duration::from_millis(150);

/// A server whose clients have twice [`SHORT`] for each ping.
async fn short() -> TestServer {
    server_with(|builder| builder.ping_interval(SHORT).ping_timeout(SHORT)).await
}

#[tokio::test]
async fn a_ping_is_answered_with_its_text() {
    let server = server().await;
    let mut ws = ws(&server).await;
    ws.send_all(&["2", "2probe", "2é"]).await;
    for pong in ["3", "3probe", "3é"] {
        ws.expect(pong).await;
    }
    let mut polling = polling(&server, "").await;
    polling.begin_get().await;
    polling.send(&["2"]).await;
    polling.end_get().await.expect(200, "1:3");
}

#[tokio::test]
async fn a_client_that_does_not_ping_times_out_and_is_never_pinged() {
    let server = short().await;
    let before = Instant::now();
    let mut ws = open_ws(&server, "").await;
    ws.expect("40").await;
    ws.expect_closed().await;
    assert!(before.elapsed() >= SHORT * 2);
    server.journal.expect("ping timeout").await;

    let before = Instant::now();
    let mut polling = polling(&server, "").await;
    polling.get().await.expect(200, "1:1");
    assert!(before.elapsed() >= SHORT * 2);
    server.journal.expect("ping timeout").await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn an_abandoned_session_times_out_without_any_request() {
    let server = short().await;
    drop(polling(&server, "").await);
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn each_ping_gives_the_whole_time_anew() {
    let server = short().await;
    let mut ws = ws(&server).await;
    let mut last = Instant::now();
    for _ in 0..5 {
        last = Instant::now();
        ws.send("2").await;
        ws.expect("3").await;
    }
    ws.expect_closed().await;
    assert!(last.elapsed() >= SHORT * 2);
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn a_pong_of_a_client_is_a_transport_error() {
    let server = server().await;
    let mut ws = ws(&server).await;
    ws.send("3").await;
    ws.expect_closed().await;
    server.journal.expect("transport error").await;
}

/// Pings may come faster than their answers are fetched, and must not fill the memory.
#[tokio::test]
async fn pings_that_find_the_queue_full_share_one_pong() {
    let server = server_with(|builder| builder.outgoing_queue_packets(4)).await;
    let mut polling = polling(&server, "").await;
    polling.send(&["2"; 100]).await;
    polling.get().await.expect(200, &texts(&["3"; 4]));
    polling.get().await.expect(200, "1:3");
    polling.send(&["2", r#"421["ask"]"#]).await;
    polling.get().await.expect(200, &texts(&["3", "431[]"]));
}
