//! Faults that occur only where several threads run: each of these is tried very often.

use sio_tests::{TestServer, app::Plain, deadline::soon, ws::Received};

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_waiting_get_is_answered_at_once() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    let namespace = server.of("/");
    for round in 0..8_000 {
        polling.begin_get().await;
        namespace.emit("tick", &round).await.expect("a broadcast cannot fail");
        // With a ping, which would come with it half a minute later, this would be another body.
        polling.end_get().await.expect(200, &format!(r#"42["tick",{round}]"#));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_was_put_out_may_come_back_at_once() {
    let server =
        TestServer::start(|builder| builder.connects_per_second(1_000_000).consumer::<Plain>()).await;
    let mut ws = server.socket("/").await;
    for _ in 0..4_000 {
        let socket = server.socket_of("/", &ws.sid);
        let namespace = server.of("/");
        tokio::spawn(async move { socket.disconnect() });
        ws.expect("41").await;
        ws.sid = ws.join("/").await;
        // The `disconnect` hook of the socket before is not kept waiting either.
        server.journal.expect("server namespace disconnect").await;
        soon("one member", async {
            while namespace.sockets().len() != 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    ws.send(r#"421["ask"]"#).await;
    assert_eq!(ws.receive().await, Received::Text("431[]".into()));
}
