//! The end of a session while its client is between the transports.

use std::time::Duration;

use sio_tests::{
    Polling, TestServer, Ws,
    deadline::{settle, soon},
};

use super::{joined, probed, server};

/// Less than a closed session is kept for a client that does not come.
const AT_ONCE: Duration = Duration::from_secs(3);

/// A client that the server disconnects with an event queued, and that has not upgraded.
async fn disconnected(server: &TestServer) -> (Polling, Ws) {
    let (polling, sid) = joined(server).await;
    let ws = probed(server, &polling).await;
    let socket = server.socket_of("/", &sid);
    socket.emit("last", &1).await.expect("the client is there");
    socket.disconnect_all();
    server.journal.expect("server namespace disconnect").await;
    (polling, ws)
}

#[tokio::test]
async fn a_client_that_is_disconnected_after_its_probe_is_told_over_websocket() {
    let server = server().await;
    let (polling, mut ws) = disconnected(&server).await;
    ws.send("5").await;
    ws.expect(r#"42["last",1]"#).await;
    ws.expect("41").await;
    assert_eq!(ws.expect_closed().await, Some(1000));
    polling.expect_gone().await;
    assert_eq!(server.handle().client_count(), 0);
}

#[tokio::test]
async fn a_client_that_is_disconnected_before_its_probe_is_told_over_websocket() {
    let server = server().await;
    for packets in [&["2probe", "5"][..], &["5"]] {
        let (polling, sid) = joined(&server).await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        settle().await;
        server.socket_of("/", &sid).disconnect_all();
        server.journal.expect("server namespace disconnect").await;
        ws.send_all(packets).await;
        if packets.len() == 2 {
            ws.expect("3probe").await;
        }
        ws.expect("41").await;
        assert_eq!(ws.expect_closed().await, Some(1000));
    }
}

#[tokio::test]
async fn a_client_that_polls_on_is_told_by_its_polls() {
    let server = server().await;
    let (mut polling, mut ws) = disconnected(&server).await;
    polling.send(r#"421["ask"]"#).await; // too late, and no failure
    polling.get().await.expect(200, "42[\"last\",1]\u{1e}41");
    polling.get().await.expect(200, "1");
    ws.expect_closed().await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn a_client_that_gives_its_upgrade_up_is_told_by_its_polls() {
    let server = server().await;
    for how in ["hangs up", "4no upgrade"] {
        let (mut polling, mut ws) = disconnected(&server).await;
        if how == "hangs up" {
            drop(ws);
        } else {
            ws.send(how).await;
            ws.expect_closed().await;
        }
        polling.get().await.expect(200, "42[\"last\",1]\u{1e}41");
        polling.get().await.expect(200, "1");
        polling.expect_gone().await;
    }
}

#[tokio::test]
async fn a_client_that_is_put_out_of_a_namespace_after_its_probe_stays_connected() {
    let server = server().await;
    let (polling, sid) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    server.socket_of("/", &sid).disconnect();
    server.journal.expect("server namespace disconnect").await;
    ws.send("5").await;
    ws.expect("41").await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_server_that_closes_waits_for_those_who_upgrade_and_no_longer() {
    let server = server().await;
    let (polling, sid) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    server.socket_of("/", &sid).emit("last", &1).await.expect("the client is there");
    let handle = server.handle().clone();
    let closing = tokio::spawn(async move { handle.close().await });
    server.journal.expect("server shutting down").await;
    ws.send("5").await;
    ws.expect(r#"42["last",1]"#).await;
    assert_eq!(ws.expect_closed().await, Some(1001));
    drop(ws);
    tokio::time::timeout(AT_ONCE, closing).await.expect("nobody is left").expect("no panic");
}

#[tokio::test]
async fn a_client_that_breaks_a_rule_after_its_probe_is_told_over_websocket() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    server.socket_of("/", &sid).emit("last", &1).await.expect("the client is there");
    assert_eq!(polling.post("4no packet").await.status, 400);
    server.journal.expect("forced close").await;
    ws.send("5").await;
    // Nothing that was queued matters any more.
    assert_eq!(ws.expect_closed().await, Some(1000));
    soon("the end", polling.expect_gone()).await;
}
