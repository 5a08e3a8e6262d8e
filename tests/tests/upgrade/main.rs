//! BEHAVIOUR §4, from polling to WebSocket.

mod closing;
mod meanwhile;
mod observed;

use std::time::Duration;

use sio_tests::{
    Polling, TestServer, Ws,
    app::Plain,
    deadline::{settle, soon},
};

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Plain>()).await
}

/// A polling session that has joined `/`, and the socket's id.
async fn joined(server: &TestServer) -> (Polling, String) {
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    (polling, sid)
}

/// A second WebSocket of the session, its probe answered.
async fn probed(server: &TestServer, polling: &Polling) -> Ws {
    let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    ws.send("2probe").await;
    ws.expect("3probe").await;
    ws
}

#[tokio::test]
async fn the_socket_goes_on_over_websocket() {
    let server = server().await;
    let (polling, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    assert_eq!(socket.transport(), sio::options::TransportKind::Polling);
    let mut ws = probed(&server, &polling).await;
    ws.send_all(&["5", r#"421["ask","over WebSocket"]"#]).await;
    ws.expect(r#"431["over WebSocket"]"#).await;
    assert_eq!(socket.transport(), sio::options::TransportKind::WebSocket);
    assert_eq!(socket.id().as_str(), sid);
    ws.expect_nothing_more().await;
    assert_eq!(server.journal.rest(), [""; 0], "an upgrade is no disconnect");
}

#[tokio::test]
async fn who_waits_for_the_upgrade_learns_of_it() {
    let server = server().await;
    let (polling, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let waits = tokio::spawn({
        let socket = socket.clone();
        async move { socket.upgraded().await }
    });
    let mut ws = probed(&server, &polling).await;
    settle().await;
    assert!(!waits.is_finished(), "a probe is no upgrade");
    ws.send("5").await;
    assert!(soon("the upgrade", waits).await.expect("no panic"));
    assert!(soon("what has been", socket.upgraded()).await);
}

#[tokio::test]
async fn who_waits_for_an_upgrade_is_told_that_there_will_be_none() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    let socket = server.socket_of("/", &sid);
    let waits = tokio::spawn(async move { socket.upgraded().await });
    settle().await;
    polling.send("41").await;
    assert!(!soon("the end", waits).await.expect("no panic"));
}

#[tokio::test]
async fn a_pending_poll_is_released_with_a_noop_when_the_probe_begins() {
    let server = server().await;
    let (mut polling, _) = joined(&server).await;
    polling.begin_get().await;
    let mut ws = probed(&server, &polling).await;
    polling.end_get().await.expect(200, "6");
    polling.get().await.expect(200, "6"); // a client that polls on during the probe is not kept either
    ws.send("5").await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn the_client_may_post_while_the_probe_is_under_way() {
    let server = server().await;
    let (mut polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    polling.send(r#"421["ask","posted"]"#).await;
    ws.send_all(&["5", r#"422["ask","framed"]"#]).await;
    ws.expect(r#"431["posted"]"#).await;
    ws.expect(r#"432["framed"]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_probe_and_the_upgrade_may_arrive_back_to_back() {
    let server = server().await;
    let (mut polling, _) = joined(&server).await;
    polling.begin_get().await;
    let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    ws.send_all(&["2probe", "5", r#"421["ask"]"#]).await;
    ws.expect("3probe").await;
    ws.expect("431[]").await;
    polling.end_get().await.expect(200, "6");
}

#[tokio::test]
async fn after_the_upgrade_polling_is_refused_and_changes_nothing() {
    let server = server().await;
    let (mut polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    ws.send_all(&["5", r#"421["ask"]"#]).await;
    ws.expect("431[]").await;
    assert_eq!(polling.get().await.status, 400);
    assert_eq!(polling.post(r#"422["ask"]"#).await.status, 400);
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn after_the_upgrade_a_second_websocket_is_closed_and_changes_nothing() {
    let server = server().await;
    let (polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    ws.send_all(&["5", r#"421["ask"]"#]).await;
    ws.expect("431[]").await;
    if let Ok(mut second) = server.second_ws(&polling.open.sid).await {
        second.expect_closed().await;
    }
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn a_second_websocket_during_a_probe_is_closed_and_changes_nothing() {
    let server = server().await;
    let (polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    if let Ok(mut second) = server.second_ws(&polling.open.sid).await {
        second.expect_closed().await;
    }
    ws.send_all(&["5", r#"421["ask"]"#]).await;
    ws.expect("431[]").await;
}

#[tokio::test]
async fn a_session_that_began_over_websocket_cannot_be_upgraded() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let sid = ws.session_id().to_owned();
    if let Ok(mut second) = server.second_ws(&sid).await {
        second.expect_closed().await;
    }
    ws.expect_nothing_more().await;
}

/// The session has to answer over polling as if nothing had been tried, and a second try has to succeed.
async fn goes_on_over_polling(server: &TestServer, mut polling: Polling, sid: &str) {
    polling.send(r#"421["ask","polled"]"#).await;
    loop {
        match &*polling.next().await {
            "6" => {}
            packet => break assert_eq!(packet, r#"431["polled"]"#),
        }
    }
    polling.begin_get().await;
    server.socket_of("/", sid).emit("news", &1).await.expect("the client is there");
    polling.end_get().await.expect(200, r#"42["news",1]"#);
    assert_eq!(server.socket_of("/", sid).transport(), sio::options::TransportKind::Polling);
    assert_eq!(server.journal.rest(), [""; 0]);

    let mut ws = probed(server, &polling).await;
    ws.send_all(&["5", r#"422["ask","at last"]"#]).await;
    ws.expect(r#"432["at last"]"#).await;
    drop(ws);
    server.journal.expect("transport close").await;
}

#[tokio::test]
async fn a_websocket_that_never_probes_does_not_stop_the_polling() {
    let server = server().await;
    let (mut polling, sid) = joined(&server).await;
    polling.begin_get().await;
    let ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    settle().await;
    server.socket_of("/", &sid).emit("news", &1).await.expect("the client is there");
    polling.end_get().await.expect(200, r#"42["news",1]"#);
    polling.send(r#"421["ask"]"#).await;
    polling.expect("431[]").await;
    drop(ws);
    settle().await;
    goes_on_over_polling(&server, polling, &sid).await;
}

#[tokio::test]
async fn a_probe_that_says_something_else_leaves_the_session_on_polling() {
    let server = server().await;
    for first in ["2", "2other", "3probe", r#"421["ask"]"#, "abc", "", "1"] {
        let (polling, sid) = joined(&server).await;
        let mut ws = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
        ws.send(first).await;
        ws.expect_closed().await;
        goes_on_over_polling(&server, polling, &sid).await;
    }
}

#[tokio::test]
async fn a_probe_that_is_not_completed_leaves_the_session_on_polling() {
    let server = server().await;
    for second in ["2", r#"421["ask"]"#, "abc"] {
        let (polling, sid) = joined(&server).await;
        let mut ws = probed(&server, &polling).await;
        ws.send(second).await;
        ws.expect_closed().await;
        goes_on_over_polling(&server, polling, &sid).await;
    }
}

#[tokio::test]
async fn every_probe_is_answered_before_the_upgrade() {
    let server = server().await;
    let (polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    for _ in 0..3 {
        ws.send("2probe").await;
        ws.expect("3probe").await;
    }
    ws.send_all(&["5", r#"421["ask"]"#]).await;
    ws.expect("431[]").await;
}

#[tokio::test]
async fn a_probe_that_hangs_up_leaves_the_session_on_polling() {
    let server = server().await;
    let (polling, sid) = joined(&server).await;
    probed(&server, &polling).await.close().await;
    goes_on_over_polling(&server, polling, &sid).await;

    let (polling, sid) = joined(&server).await;
    drop(probed(&server, &polling).await);
    settle().await;
    goes_on_over_polling(&server, polling, &sid).await;
}

#[tokio::test]
async fn a_probe_that_takes_too_long_leaves_the_session_on_polling() {
    let timeout = Duration::from_millis(100);
    let server = TestServer::start(|builder| builder.consumer::<Plain>().upgrade_timeout(timeout)).await;
    let (polling, sid) = joined(&server).await;
    let mut silent = server.second_ws(&polling.open.sid).await.expect("the upgrade is accepted");
    silent.expect_closed().await;
    let mut halfway = probed(&server, &polling).await;
    halfway.expect_closed().await;
    goes_on_over_polling(&server, polling, &sid).await;
}

#[tokio::test]
async fn the_heartbeat_goes_on_across_the_upgrade() {
    let interval = Duration::from_millis(250);
    let server = TestServer::start(|builder| builder.consumer::<Plain>().ping_interval(interval)).await;
    let (mut polling, _) = joined(&server).await;
    polling.expect("2").await;
    polling.send("3").await;
    let mut ws = probed(&server, &polling).await;
    ws.send("5").await;
    for _ in 0..3 {
        ws.expect("2").await;
        ws.send("3").await;
    }
}

#[tokio::test]
async fn a_session_that_is_closed_during_the_probe_closes_both() {
    let server = server().await;
    let (mut polling, _) = joined(&server).await;
    let mut ws = probed(&server, &polling).await;
    polling.send("1").await;
    server.journal.expect("transport close").await;
    ws.expect_closed().await;
    polling.expect_gone().await;
}

#[tokio::test]
async fn an_upgrade_of_an_unknown_session_is_refused() {
    let server = server().await;
    let answer = server.second_ws("AAAAAAAAAAAAAAAAAAAA").await.expect_err("there is no such session");
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn a_server_without_websocket_offers_no_upgrade() {
    let server = TestServer::start(|builder| {
        builder.consumer::<Plain>().transports([sio::options::TransportKind::Polling])
    })
    .await;
    let (mut polling, _) = joined(&server).await;
    assert_eq!(polling.open.upgrades, [""; 0]);
    assert_eq!(server.second_ws(&polling.open.sid).await.expect_err("no WebSocket").status, 400);
    assert_eq!(server.try_ws("EIO=4&transport=websocket", &[]).await.expect_err("no WebSocket").status, 400);
    polling.expect_nothing_more().await;
}

/// Many at once, each with emits under way: the server's own view of the transport follows each client's.
#[tokio::test]
async fn many_sessions_upgrade_at_once() {
    let server = server().await;
    let mut clients = Vec::new();
    for _ in 0..20 {
        let (polling, sid) = joined(&server).await;
        clients.push((probed(&server, &polling).await, sid));
    }
    for number in 0..10 {
        server.of("/").emit("numbered", &number).await.expect("a broadcast cannot fail");
    }
    for (ws, _) in &mut clients {
        ws.send("5").await;
    }
    for (ws, sid) in &mut clients {
        for number in 0..10 {
            ws.expect(&format!(r#"42["numbered",{number}]"#)).await;
        }
        soon("the server to see the upgrade", async {
            while server.socket_of("/", sid).transport() != sio::options::TransportKind::WebSocket {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
}
