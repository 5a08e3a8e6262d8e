//! Transports, heartbeats, and how clients go.

use tokio::time::Instant;

use super::failures::failure;
use super::*;

#[tokio::test(start_paused = true)]
async fn an_upgrade_loses_nothing() {
    let server = server();
    let client = poller(&server).await;
    let socket = client.socket().clone();
    let emitting = async {
        for n in 0..50 {
            socket.emit("n", &n).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    tokio::join!(client.upgrade(), emitting);
    assert_eq!(client.transport(), TransportKind::WebSocket);
    assert_eq!(socket.transport(), TransportKind::WebSocket);
    for n in 0..50 {
        assert_eq!(client.next::<u32>("n").await, n);
    }
    assert_eq!(client.emit_with_ack::<String>("echo", "hi").await.unwrap(), "hi");
    client.nothing_more().await;
    assert!(failure(client.upgrade()).await.contains("the client uses WebSocket already"));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_allows_no_upgrade_keeps_its_client() {
    let builder = Server::builder().collect(false).consumer::<Chat>().state(Journal::default());
    let server = TestServer::new(builder.allow_upgrades(false).build().unwrap());
    let client = poller(&server).await;
    assert!(failure(client.upgrade()).await.contains("cannot upgrade to WebSocket: HTTP 400: Bad request"));
    assert_eq!(client.emit_with_ack::<String>("echo", "hi").await.unwrap(), "hi");
    assert_eq!(client.transport(), TransportKind::Polling);
}

#[tokio::test(start_paused = true)]
async fn both_sides_can_leave() {
    let (server, journal) = server_and_journal();
    let leaving = client(&server).await;
    leaving.disconnect().await;
    assert_eq!(journal.entries(), ["client namespace disconnect, was in 2 rooms"]);
    assert_eq!(leaving.expect_disconnect().await, DisconnectReason::ClientNamespaceDisconnect);
    assert!(leaving.rooms().is_empty());
    leaving.disconnect().await;

    for (event, reason) in [
        ("leave_me", DisconnectReason::ServerNamespaceDisconnect),
        ("hang_up", DisconnectReason::ServerNamespaceDisconnect),
    ] {
        for client in [client(&server).await, poller(&server).await] {
            client.emit(event, &()).await;
            assert_eq!(client.expect_disconnect().await, reason);
        }
    }
    assert_eq!(journal.entries().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_noticed() {
    let (server, journal) = server_and_journal();
    let client = client(&server).await;
    client.kill().await;
    assert!(!client.is_connected());
    assert_eq!(client.expect_disconnect().await, DisconnectReason::TransportClose);
    assert_eq!(journal.entries(), ["transport close, was in 2 rooms"]);

    // The GET in which it waited has broken off.
    let client = poller(&server).await;
    client.kill().await;
    assert_eq!(client.expect_disconnect().await, DisconnectReason::TransportError);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_client_is_gone() {
    let (server, journal) = server_and_journal();
    let client = client(&server).await;
    let socket = client.socket().clone();
    drop(client);
    assert_eq!(socket.closed().await, DisconnectReason::TransportClose);
    server.close().await;
    assert_eq!(journal.entries().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ignores_pings_is_given_up() {
    let (server, journal) = server_and_journal();
    for transport in [TransportKind::WebSocket, TransportKind::Polling] {
        let client = server.client().namespace("/chat").transport(transport).connect().await.unwrap();
        let start = Instant::now();
        client.ignore_pings();
        assert_eq!(client.within(MINUTE).expect_disconnect().await, DisconnectReason::PingTimeout);
        assert_eq!(start.elapsed().as_secs(), 45);
    }
    assert_eq!(journal.entries(), ["ping timeout, was in 2 rooms"; 2]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_takes_a_minute_does_not_cost_its_client_the_connection() {
    let server = server();
    let start = std::time::Instant::now();
    for client in [client(&server).await, poller(&server).await] {
        let patient = client.within(2 * MINUTE);
        let (worked, echoed) = tokio::join!(
            patient.emit_with_ack::<String>("work", &()),
            patient.emit_with_ack::<String>("echo", "and then"),
        );
        assert_eq!((worked.unwrap().as_str(), echoed.unwrap().as_str()), ("done", "and then"));
        // Hours later it is still there.
        tokio::time::sleep(100 * MINUTE).await;
        assert_eq!(client.emit_with_ack::<String>("echo", "hi").await.unwrap(), "hi");
    }
    assert!(start.elapsed() < Duration::from_secs(20), "the clock ran");
}
