//! BEHAVIOUR §5: the exact words that the application hears when a client is gone.

use std::time::Duration;

use sio::prelude::*;
use sio_tests::{Frame, Request, TestServer, Ws, app::Plain, deadline::settle, journal::Journal};

#[derive(Default)]
struct Other;

#[consumer(namespace = "/other")]
impl Other {
    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(format!("{reason} in /other"));
    }
}

/// Lets nobody in for as long as the test lasts.
#[derive(Default)]
struct Slow;

#[consumer(namespace = "/slow")]
impl Slow {
    async fn connect(&mut self, journal: State<Journal>) {
        journal.note("the hook of /slow runs");
        std::future::pending().await
    }
}

/// Disconnects its client when that asks for it.
#[derive(Default)]
struct Strict;

#[consumer(namespace = "/strict")]
impl Strict {
    async fn event_leave(&mut self, socket: &Socket) {
        socket.disconnect();
    }

    async fn event_note(&mut self, journal: State<Journal>) {
        journal.note("an event of one who is gone");
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(reason.to_string());
    }
}

#[tokio::test]
async fn events_behind_the_one_that_disconnects_their_client_are_not_handled() {
    let server = TestServer::start(|builder| builder.consumer::<Strict>()).await;
    let mut ws = server.socket("/strict").await;
    ws.send_all(&[r#"42/strict,["leave"]"#, r#"42/strict,["note"]"#]).await;
    server.journal.expect("server namespace disconnect").await;
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>().max_payload(1_000)).await
}

/// Returns the reason when a client over WebSocket sends this.
async fn after(frames: &[Frame], reason: &str) {
    let server = server().await;
    let mut ws = server.socket("/").await;
    for frame in frames {
        ws.send_frame(frame.clone()).await;
    }
    server.journal.expect(reason).await;
}

/// Returns the reason when a client over polling posts this.
async fn after_post(body: &str, reason: &str) {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling.post(body).await;
    server.journal.expect(reason).await;
}

#[test]
fn every_reason_has_its_words() {
    for (reason, words) in [
        (DisconnectReason::ClientNamespaceDisconnect, "client namespace disconnect"),
        (DisconnectReason::ServerNamespaceDisconnect, "server namespace disconnect"),
        (DisconnectReason::TransportClose, "transport close"),
        (DisconnectReason::TransportError, "transport error"),
        (DisconnectReason::PingTimeout, "ping timeout"),
        (DisconnectReason::ParseError, "parse error"),
        (DisconnectReason::ForcedClose, "forced close"),
        (DisconnectReason::ForcedServerClose, "forced server close"),
        (DisconnectReason::ServerShuttingDown, "server shutting down"),
        (DisconnectReason::SlowClient, "slow client"),
        (DisconnectReason::AuthExpired, "auth expired"),
    ] {
        assert_eq!(reason.to_string(), words);
        assert_eq!(reason.as_str(), words);
    }
}

#[tokio::test]
async fn a_client_that_leaves_the_namespace_is_a_client_namespace_disconnect() {
    after(&["41".into()], "client namespace disconnect").await;
    after_post("41", "client namespace disconnect").await;
}

#[tokio::test]
async fn a_socket_that_the_server_disconnects_is_a_server_namespace_disconnect() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    server.socket_of("/", &ws.sid).disconnect();
    ws.expect("41").await;
    server.journal.expect("server namespace disconnect").await;
    ws.expect_nothing_more().await;
}

/// A socket in each of two namespaces, and one that is still being let in.
#[tokio::test]
async fn a_client_whose_connection_the_server_ends_is_first_put_out_of_every_namespace() {
    let consumers =
        |builder: sio::Builder| builder.consumer::<Plain>().consumer::<Other>().consumer::<Slow>();

    let server = TestServer::start(consumers).await;
    let mut ws = server.ws().await;
    let sid = ws.join("/").await;
    ws.join("/other").await;
    ws.send("40/slow,").await;
    server.journal.expect("the hook of /slow runs").await;
    server.socket_of("/", &sid).disconnect_all();
    ws.expect("41").await;
    ws.expect("41/other,").await;
    assert_eq!(ws.expect_closed().await, Some(1000));
    server.journal.expect("server namespace disconnect").await;
    server.journal.expect("server namespace disconnect in /other").await;

    let server = TestServer::start(consumers).await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    polling.join("/other").await;
    server.socket_of("/", &sid).disconnect_all();
    polling.get().await.expect(200, "41\u{1e}41/other,");
    polling.get().await.expect(200, "1");
    polling.expect_gone().await;
    server.journal.expect("server namespace disconnect").await;
    server.journal.expect("server namespace disconnect in /other").await;
}

/// The client is to come back: nothing tells it to go.
#[tokio::test]
async fn a_transport_that_the_server_closes_is_a_forced_close_and_all_the_client_sees() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Other>()).await;
    let mut ws = server.ws().await;
    let sid = ws.join("/").await;
    ws.join("/other").await;
    let socket = server.socket_of("/", &sid);
    socket.emit("last", &1).await.expect("the client is there");
    socket.close_transport();
    ws.expect(r#"42["last",1]"#).await;
    assert_eq!(ws.expect_closed().await, Some(1000));
    server.journal.expect("forced close").await;
    server.journal.expect("forced close in /other").await;

    for waits in [false, true] {
        let mut polling = server.polling().await;
        let sid = polling.join("/").await;
        let socket = server.socket_of("/", &sid);
        if waits {
            polling.begin_get().await;
            socket.close_transport();
            polling.end_get().await.expect(200, "1");
        } else {
            socket.emit("last", &1).await.expect("the client is there");
            socket.close_transport();
            server.journal.expect("forced close").await;
            polling.send(r#"421["ask"]"#).await; // too late, and no failure
            polling.get().await.expect(200, r#"42["last",1]"#);
            polling.get().await.expect(200, "1");
            polling.expect_gone().await;
            continue;
        }
        server.journal.expect("forced close").await;
        polling.expect_gone().await;
        socket.close_transport(); // nothing is left to close
    }
}

#[tokio::test]
async fn a_client_that_closes_its_transport_is_a_transport_close() {
    after(&["1".into()], "transport close").await;
    after(&[Frame::close(1000)], "transport close").await;
    after(&[Frame::close(1001)], "transport close").await;
    after_post("1", "transport close").await;

    let server = server().await;
    drop(server.socket("/").await);
    server.journal.expect("transport close").await;
}

#[tokio::test]
async fn a_broken_transport_is_a_transport_error() {
    after(&["2".into()], "transport error").await;
    after(&[Frame::text("4").unmasked()], "transport error").await;
    after(&[Frame::text(vec![b'4'; 1_001])], "transport error").await;
    after_post("2", "transport error").await;
    after_post(&"4".repeat(1_001), "transport error").await;
}

#[tokio::test]
async fn two_polls_at_once_are_a_transport_error() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    polling.begin_get().await;
    server.request(&Request::get(polling.target())).await;
    server.journal.expect("transport error").await;
}

#[tokio::test]
async fn a_missing_pong_is_a_ping_timeout() {
    let short = Duration::from_millis(250);
    let server =
        TestServer::start(|builder| builder.consumer::<Plain>().ping_interval(short).ping_timeout(short))
            .await;
    let _ws = server.socket("/").await;
    server.journal.expect("ping timeout").await;
}

#[tokio::test]
async fn an_invalid_engine_io_packet_is_a_parse_error() {
    after(&["x".into()], "parse error").await;
    after(&["".into()], "parse error").await;
    after_post("x", "parse error").await;
}

#[tokio::test]
async fn an_invalid_socket_io_packet_is_a_forced_close() {
    after(&["4x".into()], "forced close").await;
    after(&["42[]".into()], "forced close").await;
    after(&["40".into()], "forced close").await;
    after(&[r#"42/other,["x"]"#.into()], "forced close").await;
    after(&[r#"42["connect"]"#.into()], "forced close").await;
    after(&[r#"4511-["x"]"#.into()], "forced close").await;
    after_post("4x", "forced close").await;
}

#[tokio::test]
async fn a_server_that_closes_is_a_server_shutting_down() {
    let server = server().await;
    let _ws: Ws = server.socket("/").await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    let handle = server.handle().clone();
    tokio::spawn(async move { handle.close().await });
    server.journal.expect("server shutting down").await;
    server.journal.expect("server shutting down").await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_a_slow_client() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_packets(4)).await;
    let mut polling = server.polling().await;
    polling.join("/").await;
    settle().await;
    for number in 0..6 {
        server.of("/").emit("numbered", &number).await.expect("a broadcast cannot fail");
    }
    server.journal.expect("slow client").await;
}

/// Each namespace of a connection is told the same story.
#[tokio::test]
async fn the_first_reason_counts() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send_all(&["41", "42[]", "x", "1"]).await;
    server.journal.expect("client namespace disconnect").await;
    drop(ws);
    settle().await;
    assert_eq!(server.journal.rest(), [""; 0]);
}
