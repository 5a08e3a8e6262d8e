//! Clients that are let in for a time.

use std::time::Instant as StdInstant;

use tokio::time::{Instant, sleep};

use super::*;

/// Lets in for as many seconds as the client says.
struct Pass;

fn after(seconds: f64) -> StdInstant {
    (Instant::now() + Duration::from_secs_f64(seconds)).into_std()
}

#[consumer(namespace = "/pass")]
impl Pass {
    async fn connect(socket: &Socket, auth: Value) -> Self {
        let seconds = auth["seconds"].as_f64().unwrap();
        socket.expires_at(if seconds < 0.0 { Instant::now().into_std() } else { after(seconds) });
        Self
    }

    async fn reauth(&mut self, socket: &Socket, seconds: f64) -> sio::Result<&'static str> {
        if seconds > 100.0 {
            return Err(sio::Error::new("greedy", "nobody may stay as long"));
        }
        socket.expires_at(after(seconds));
        Ok("renewed")
    }

    async fn event_stay(&mut self, socket: &Socket) {
        socket.expires_at(None);
    }

    async fn event_work(&mut self, journal: State<Journal>) {
        sleep(Duration::from_secs(60)).await;
        journal.note("worked");
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.as_str());
    }
}

fn server_with(warning: u64) -> (TestServer, Journal) {
    let journal = Journal::default();
    let builder = Server::builder().collect(false).consumer::<Pass>().state(journal.clone());
    let builder = builder.auth_warning(Duration::from_secs(warning));
    let builder = builder.connection_state_recovery(Recovery::default());
    (TestServer::new(builder.build().unwrap()), journal)
}

async fn enter(server: &TestServer, transport: TransportKind, seconds: f64) -> TestClient {
    let builder =
        server.client().namespace("/pass").transport(transport).auth(&json!({ "seconds": seconds }));
    builder.connect().await.unwrap().within(10 * MINUTE)
}

#[tokio::test(start_paused = true)]
async fn a_client_is_warned_then_told_and_disconnected_on_both_transports() {
    for transport in [TransportKind::Polling, TransportKind::WebSocket] {
        let (server, journal) = server_with(10);
        let (client, began) = (enter(&server, transport, 60.0).await, Instant::now());
        assert_eq!(client.next::<u64>("auth_expiring").await, 10);
        assert_eq!(began.elapsed().as_secs(), 50);
        client.next::<()>("auth_expired").await;
        client.expect_disconnect().await;
        assert_eq!(began.elapsed().as_secs(), 60);
        assert_eq!(journal.entries(), ["auth expired"]);
        // It may come back at once.
        drop(enter(&server, transport, 60.0).await);
    }
}

#[tokio::test(start_paused = true)]
async fn credentials_can_be_renewed_again_and_again() {
    let (server, journal) = server_with(10);
    let client = enter(&server, TransportKind::WebSocket, 60.0).await;
    let began = Instant::now();
    for _ in 0..3 {
        assert_eq!(client.next::<u64>("auth_expiring").await, 10);
        assert_eq!(client.emit_with_ack::<String>("reauth", &60.0).await.unwrap(), "renewed");
    }
    assert_eq!(began.elapsed().as_secs(), 150);
    // More than once in a second is too often, and what is refused changes nothing.
    assert_eq!(client.emit_with_ack::<String>("reauth", &60.0).await.unwrap_err().code(), "rate_limited");
    sleep(Duration::from_secs(2)).await;
    assert_eq!(client.emit_with_ack::<String>("reauth", &101.0).await.unwrap_err().code(), "greedy");
    client.next::<u64>("auth_expiring").await;
    client.next::<()>("auth_expired").await;
    client.expect_disconnect().await;
    assert_eq!(began.elapsed().as_secs(), 210);
    assert_eq!(journal.entries(), ["auth expired"]);
}

#[tokio::test(start_paused = true)]
async fn a_running_handler_comes_to_its_end_and_waiting_events_do_not_begin() {
    let (server, journal) = server_with(0);
    let client = enter(&server, TransportKind::WebSocket, 30.0).await;
    client.emit("work", &()).await;
    client.emit("work", &()).await;
    client.next::<()>("auth_expired").await;
    client.expect_disconnect().await;
    assert_eq!(journal.entries(), ["worked", "auth expired"]);
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_over_lets_nobody_in() {
    let (server, journal) = server_with(0);
    let refused =
        server.client().namespace("/pass").auth(&json!({ "seconds": -1 })).connect().await.unwrap_err();
    assert_eq!(refused.message, "Not authorized");
    assert_eq!(journal.entries(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn an_end_can_be_taken_away() {
    let (server, _) = server_with(10);
    let client = enter(&server, TransportKind::Polling, 60.0).await;
    client.emit_with_ack::<()>("stay", &()).await.unwrap();
    sleep(10 * MINUTE).await;
    assert!(client.is_connected());
    client.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_whose_time_was_over_is_not_recovered() {
    let (server, _) = server_with(0);
    let client = enter(&server, TransportKind::WebSocket, 60.0).await;
    client.next::<()>("auth_expired").await;
    client.expect_disconnect().await;
    let auth = json!({ "seconds": 60 });
    let again = server.client().namespace("/pass").auth(&auth).resume(&client).connect().await.unwrap();
    assert!(!again.is_recovered());
}
