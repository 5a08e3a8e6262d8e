//! Handlers, tasks and operators are told that a server stops, and how far it is.

use std::time::Duration;

use sio::options::Shutdown;
use sio_tests::{TestServer, deadline::soon, logs};

use super::{Working, close, closed, handlers};

#[tokio::test]
async fn the_end_shows_in_a_gauge_and_in_a_line_each_second() {
    let logs = logs::capture();
    let shutdown = handlers(Duration::from_secs(600));
    let server =
        TestServer::start(|builder| builder.consumer::<Working>().metrics(true).shutdown(shutdown)).await;
    let is_draining = || server.handle().metrics().value("sio_draining", &[]);
    assert_eq!(is_draining(), 0.0);
    let mut working = server.socket("/working").await;
    let others = [server.socket("/working").await, server.socket("/working").await];
    working.send(r#"42/working,1["work"]"#).await;
    server.journal.expect("works").await;

    let closing = close(&server).await;
    assert_eq!(is_draining(), 1.0);
    for mut other in others {
        other.expect_closed().await;
    }
    logs.expect(&["the server closes", "left=1", "closed=2"]).await;
    server.gate.open("work");
    working.expect(r#"43/working,1["done"]"#).await;
    working.expect_closed().await;
    drop(working);
    closed(closing).await;
}

#[tokio::test]
async fn draining_goes_on_for_the_delay_and_closing_cuts_it_short() {
    let shutdown = Shutdown::new().delay(Duration::from_secs(600)).spread(Duration::from_secs(600));
    let server = TestServer::start(|builder| builder.consumer::<Working>().shutdown(shutdown)).await;
    let mut early = server.socket("/working").await;
    let socket = server.socket_of("/working", &early.sid);
    let (told, handle) = (tokio::spawn(async move { socket.closing().await }), server.handle().clone());
    let draining = tokio::spawn(async move { handle.drain().await });
    soon("the socket to be told", told).await.expect("it does not panic");
    soon("everybody to be told", server.handle().closing()).await;
    assert!(!server.handle().is_ready());
    // All goes on: for new clients, and for events.
    let late = server.socket("/working").await;
    server.gate.open("work");
    early.send(r#"42/working,1["work"]"#).await;
    early.expect(r#"43/working,1["done"]"#).await;
    soon("the server to close", async {
        tokio::join!(server.handle().close(), async {
            for mut client in [early, late] {
                assert_eq!(client.expect_closed().await, Some(1001));
            }
        })
    })
    .await;
    closed(draining).await;
}
