//! Twelve defects that other servers were seen to have. Each has its test here, whatever else covers it.

use std::time::{Duration, Instant};

use serde::Deserialize;
use sio::prelude::*;
use sio_tests::{
    Frame, Received, Request, TestServer,
    app::Plain,
    deadline::soon,
    journal::{Gate, Journal},
};

#[derive(Deserialize)]
struct Login {
    token: String,
}

/// Does all that went wrong elsewhere.
#[derive(Default)]
struct Suspect;

#[consumer(namespace = "/suspect")]
impl Suspect {
    async fn connect(&mut self, socket: &Socket, login: Login, journal: State<Journal>) -> sio::Result<bool> {
        socket.join("lobby").await?;
        socket.emit("welcome", &()).await?;
        journal.note(format!("connect {}", login.token));
        assert!(login.token != "crash", "the hook raises");
        Ok(login.token != "wrong")
    }

    async fn disconnect(&mut self, journal: State<Journal>, reason: DisconnectReason) {
        journal.note(format!("disconnect {reason}"));
    }

    async fn event_secret(&mut self, journal: State<Journal>) -> &'static str {
        journal.note("secret");
        "swordfish"
    }

    async fn event_typed(&mut self, login: Login) -> String {
        login.token
    }

    async fn event_wait(&mut self, gate: State<Gate>) {
        gate.pass("wait").await;
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Suspect>().consumer::<Plain>()).await
}

/// 1. Elsewhere a rejected client stayed in the rooms it was put into, and received their broadcasts.
#[tokio::test]
async fn a_rejected_client_keeps_no_room() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(r#"40/suspect,{"token":"wrong"}"#).await;
    ws.expect(r#"44/suspect,{"message":"Not authorized"}"#).await;
    for cast in [server.of("/suspect").to("lobby"), server.of("/suspect").except("nobody")] {
        assert_eq!(cast.sockets().len(), 0);
        cast.emit("for members", &()).await.expect("a broadcast cannot fail");
    }
    ws.expect_nothing_more().await;
    assert_eq!(server.of("/suspect").rooms(), [""; 0], "nothing of it is kept");
}

/// 2. Elsewhere a client was in when its connect hook had raised.
#[tokio::test]
async fn a_hook_that_raises_lets_nobody_in() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(r#"40/suspect,{"token":"crash"}"#).await;
    ws.expect(r#"44/suspect,{"message":"Internal server error"}"#).await;
    server.journal.expect("connect crash").await;
    ws.send(r#"42/suspect,1["secret"]"#).await;
    ws.expect_closed().await;
    assert_eq!(server.journal.rest(), [""; 0], "neither the event nor a disconnect was handled");
}

/// 3. Elsewhere a client could call the lifecycle hooks with data of its own.
#[tokio::test]
async fn a_client_cannot_call_the_lifecycle_hooks() {
    let server = server().await;
    for event in [r#"["connect",{"token":"forged"}]"#, r#"["disconnect","forged"]"#, r#"["error","forged"]"#]
    {
        let mut ws = server.ws().await;
        ws.send(r#"40/suspect,{"token":"right"}"#).await;
        ws.expect(r#"40/suspect,{"sid":…}"#).await;
        ws.expect(r#"42/suspect,["welcome"]"#).await;
        server.journal.expect("connect right").await;
        ws.send(&format!("42/suspect,{event}")).await;
        if event.contains("error") {
            ws.expect_nothing_more().await; // not reserved in the protocol: an event like any other
            ws.send("41/suspect,").await;
            server.journal.expect("disconnect client namespace disconnect").await;
        } else {
            ws.expect_closed().await;
            server.journal.expect("disconnect forced close").await;
        }
    }
}

/// 4. Elsewhere the public id of a socket was, or told, the secret id of its session.
#[tokio::test]
async fn a_public_id_tells_nothing_of_the_secret_one() {
    let server = server().await;
    let mut ws = server.ws().await;
    let secret = ws.session_id().to_owned();
    let public = ws.join("/").await;
    ws.send(r#"40/suspect,{"token":"right"}"#).await;
    let other = ws.expect(r#"40/suspect,{"sid":…}"#).await["sid"].to_string();
    for public in [public.trim_matches('"'), other.trim_matches('"')] {
        assert!(public.len() >= 20 && secret.len() >= 20, "{public} {secret}");
        assert!(!secret.contains(public) && !public.contains(&secret));
        assert_eq!(server.request(&Request::get(server.polling_target(public))).await.status, 400);
        // Long common runs would make a guess of one from the other possible.
        let common = (0..public.len() - 6).any(|at| secret.contains(&public[at..at + 6]));
        assert!(!common, "{public} and {secret} have six characters in common");
    }
    assert_ne!(public, other.trim_matches('"'));
}

/// 5. Elsewhere a pong was read only after the handler, and pings were interval plus timeout apart.
#[tokio::test]
async fn the_heartbeat_neither_waits_for_handlers_nor_for_its_own_timeout() {
    let (interval, timeout) = (Duration::from_millis(250), Duration::from_secs(120));
    let server = TestServer::start(|builder| {
        builder.consumer::<Suspect>().ping_interval(interval).ping_timeout(timeout)
    })
    .await;
    let mut ws = server.ws().await;
    ws.send(r#"40/suspect,{"token":"right"}"#).await;
    ws.expect(r#"40/suspect,{"sid":…}"#).await;
    ws.expect(r#"42/suspect,["welcome"]"#).await;
    ws.send(r#"42/suspect,["wait"]"#).await;
    let before = Instant::now();
    for _ in 0..5 {
        ws.expect("2").await;
        ws.send("3").await;
    }
    assert!(before.elapsed() < timeout, "five pings fit into one timeout");
}

/// 6. Elsewhere packets were lost when a batch was over `maxPayload`, and a POST of more than sixteen was answered `ok`
/// and thrown away.
#[tokio::test]
async fn no_packet_of_a_batch_is_lost() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().max_payload(500)).await;
    let mut polling = server.polling().await;
    let sid = polling.join("/").await;
    let questions: Vec<String> = (10..40).map(|id| format!(r#"42{id}["ask"]"#)).collect();
    polling.send(&questions.join("\u{1e}")).await;
    for id in 10..40 {
        polling.expect(&format!("43{id}[]")).await;
    }
    let socket = server.socket_of("/", &sid);
    for number in 0..50 {
        socket.emit("filler", &(number, "x".repeat(90))).await.expect("the client is there");
    }
    for number in 0..50 {
        polling.expect(&format!(r#"42["filler",{number},"{}"]"#, "x".repeat(90))).await;
    }
    polling.expect_nothing_more().await;
}

/// 7. Elsewhere the limit did not hold over WebSocket, or only for each fragment.
#[tokio::test]
async fn the_limit_holds_for_whole_websocket_messages() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().max_payload(1_000)).await;
    let mut whole = server.socket("/").await;
    whole.send_frame(Frame::text(vec![b'4'; 1_001])).await;
    assert_eq!(whole.expect_closed().await, Some(1009));

    let mut pieces = server.socket("/").await;
    pieces.send_frame(Frame::text(vec![b'4'; 600]).unfinished()).await;
    pieces.send_frame(Frame::continuation(vec![b'4'; 600]).unfinished()).await;
    assert_eq!(pieces.expect_closed().await, Some(1009));
}

/// 8. Elsewhere a payload that did not fit left a connected socket without handlers, or an ack that never came.
#[tokio::test]
async fn a_payload_that_does_not_fit_is_always_answered() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send(r#"40/suspect,{"token":7}"#).await;
    ws.expect(r#"44/suspect,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":"…"}}"#)
        .await;
    ws.send(r#"40/suspect,{"token":"right"}"#).await;
    ws.expect(r#"40/suspect,{"sid":…}"#).await;
    ws.expect(r#"42/suspect,["welcome"]"#).await;
    ws.send(r#"42/suspect,1["typed",{"token":7}]"#).await;
    ws.expect(r#"43/suspect,1[{"status":"error","code":"invalid_payload",…}]"#).await;
    ws.send(r#"42/suspect,2["typed",{"token":"fits"}]"#).await;
    ws.expect(r#"43/suspect,2["fits"]"#).await;
}

/// 9. Elsewhere a malformed `sid` opened a new session, and `/socket.ioXYZ` was served.
#[tokio::test]
async fn neither_a_malformed_sid_nor_a_similar_path_opens_a_session() {
    let server = server().await;
    for sid in ["zzz", "-", "%20", "0", "undefined", "null"] {
        server
            .request(&Request::get(server.polling_target(sid)))
            .await
            .expect(400, r#"{"code":1,"message":"Session ID unknown"}"#);
    }
    assert_eq!(server.at("/socket.ioXYZ").get("EIO=4&transport=polling").await.status, 404);
    assert_eq!(server.at("/socket.ioXYZ/").get("EIO=4&transport=polling").await.status, 404);
}

/// 10. Elsewhere a binary packet without attachments poisoned the decoder, and text was taken while attachments were due.
#[tokio::test]
async fn a_binary_packet_of_none_poisons_nothing_and_due_attachments_are_waited_for() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    ws.send_all(&[r#"450-1["ask",1]"#, r#"422["ask",2]"#, r#"450-3["ask",3]"#]).await;
    for answer in ["431[1]", "432[2]", "433[3]"] {
        ws.expect(answer).await;
    }
    ws.send_all(&[r#"451-4["ask",{"_placeholder":true,"num":0}]"#, r#"425["ask"]"#]).await;
    ws.expect_closed().await;
}

/// 11. Elsewhere a broadcast with ack, but without a deadline named, failed at once.
#[tokio::test]
async fn a_broadcast_with_ack_waits_without_being_told_how_long() {
    let server = server().await;
    let mut ws = server.socket("/").await;
    let namespace = server.of("/");
    let asked = tokio::spawn(async move {
        let answers = namespace.emit_with_ack::<u32>("please", &()).await;
        answers.expect("a broadcast cannot fail").collect().await
    });
    ws.expect(r#"42…["please"]"#).await;
    ws.expect_nothing_more().await;
    ws.send("430[7]").await;
    let answers = soon("the answers", asked).await.expect("no panic");
    let answers: Vec<_> = answers.into_iter().map(|(_, answer)| answer.ok()).collect();
    assert_eq!(answers, [Some(7)]);
}

/// 12. Elsewhere an abandoned polling session was never cleaned up, and its disconnect hook never ran.
#[tokio::test]
async fn an_abandoned_polling_session_ends_and_is_heard_of() {
    let short = Duration::from_millis(250);
    let server =
        TestServer::start(|builder| builder.consumer::<Suspect>().ping_interval(short).ping_timeout(short))
            .await;
    let mut polling = server.polling().await;
    polling.send(r#"40/suspect,{"token":"right"}"#).await;
    server.journal.expect("connect right").await;
    server.journal.expect("disconnect ping timeout").await;
    polling.expect_gone().await;
    assert_eq!(server.of("/suspect").sockets().len(), 0);

    let mut idle = server.ws().await; // the same for one who has not even joined
    match idle.receive().await {
        Received::Text(ping) => assert_eq!(ping, "2"),
        other => panic!("received {other}"),
    }
    idle.expect_closed().await;
}
