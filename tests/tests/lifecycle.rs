//! BEHAVIOUR §1, below the table: what may be done while a client comes, and what happens when it goes.

#[path = "lifecycle/metrics.rs"]
mod metrics;
#[path = "lifecycle/spans.rs"]
mod spans;

use std::time::Duration;

use serde::Deserialize;
use sio::prelude::*;
use sio_tests::{
    TestServer, Ws,
    journal::{Gate, Journal, NoteOnDrop},
};

/// Does everything that a hook can do before it decides.
#[derive(Default)]
struct Doorkeeper;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    refuse: bool,
    #[serde(default)]
    crash: bool,
}

#[consumer(namespace = "/door")]
impl Doorkeeper {
    async fn connect(&mut self, socket: &Socket, request: Request) -> sio::Result<bool> {
        socket.join("lobby").await?;
        socket.emit("first", &1).await?;
        socket.namespace().to("lobby").emit("second", &socket.id()).await?;
        socket.emit("third", &(Binary::from(vec![1, 2, 3]), 3)).await?;
        assert!(!request.crash, "the doorkeeper is ill");
        Ok(!request.refuse)
    }

    async fn event_shout(&mut self, socket: &Socket, text: String) -> sio::Result<usize> {
        socket.namespace().to("lobby").emit("shouted", &text).await?;
        socket.namespace().emit("shouted to all", &text).await?;
        Ok(socket.namespace().to("lobby").sockets().len())
    }
}

/// Waits in its connect hook, and notes whatever happens.
struct Slow {
    _made: NoteOnDrop,
}

#[consumer(namespace = "/slow")]
impl Slow {
    async fn connect(journal: State<Journal>, gate: State<Gate>) -> Self {
        let _hook = NoteOnDrop(Journal::clone(&journal), "hook ends");
        journal.note("hook begins");
        gate.pass("connect").await;
        Self { _made: NoteOnDrop(Journal::clone(&journal), "consumer dropped") }
    }

    async fn disconnect(&mut self, journal: State<Journal>) {
        journal.note("disconnect");
    }
}

/// Notes how a socket ends.
#[derive(Default)]
struct Witness;

#[consumer(namespace = "/witness")]
impl Witness {
    async fn connect(&mut self, socket: &Socket) -> sio::Result<()> {
        socket.join("lobby").await?;
        Ok(())
    }

    async fn disconnect(&mut self, socket: &Socket, journal: State<Journal>, reason: DisconnectReason) {
        let mut rooms = socket.rooms();
        rooms.retain(|room| *room != socket.id().as_str());
        journal.note(format!("disconnect: {reason}, rooms {rooms:?}"));
    }

    async fn event_members(&mut self, socket: &Socket) -> usize {
        socket.namespace().to("lobby").sockets().len()
    }

    async fn event_cast(&mut self, socket: &Socket) -> sio::Result<()> {
        socket.to("lobby").emit("casted", &()).await?;
        Ok(())
    }

    /// Goes on after its client has left.
    async fn event_linger(&mut self, socket: &Socket, journal: State<Journal>, gate: State<Gate>) {
        journal.note("handler begins");
        socket.closed().await;
        journal.note(format!("closed; emit fails: {}", socket.emit("late", &()).await.is_err()));
        journal.note(format!("ask fails: {}", socket.emit_with_ack::<()>("late", &()).await.is_err()));
        gate.pass("linger").await;
        journal.note("handler ends");
    }

    async fn event_leave(&mut self, socket: &Socket) {
        socket.disconnect();
    }

    #[event(timeout = "200ms")]
    async fn event_forever(&mut self, journal: State<Journal>) {
        let _handler = NoteOnDrop(Journal::clone(&journal), "handler dropped");
        journal.note("handler begins");
        std::future::pending::<()>().await;
    }
}

async fn server() -> TestServer {
    TestServer::start(|builder| builder.consumer::<Doorkeeper>().consumer::<Slow>().consumer::<Witness>())
        .await
}

/// Reads what the doorkeeper sends to those it lets in.
async fn welcome(server: &TestServer) -> Ws {
    let mut ws = server.ws().await;
    ws.send("40/door,").await;
    ws.expect(r#"40/door,{"sid":…}"#).await;
    ws.expect(r#"42/door,["first",1]"#).await;
    ws.expect(r#"42/door,["second",…]"#).await;
    ws.expect(r#"451-/door,["third",{"_placeholder":true,"num":0},3]"#).await;
    ws.expect_binary(&[1, 2, 3]).await;
    ws
}

#[tokio::test]
async fn what_the_hook_emits_follows_the_connect_packet_in_order() {
    let server = server().await;
    welcome(&server).await.expect_nothing_more().await;
}

#[tokio::test]
async fn what_the_hook_emits_follows_the_connect_packet_over_polling() {
    let server = server().await;
    let mut polling = server.polling().await;
    polling.send("40/door,").await;
    polling.expect(r#"40/door,{"sid":…}"#).await;
    polling.expect(r#"42/door,["first",1]"#).await;
    polling.expect(r#"42/door,["second",…]"#).await;
    polling.expect(r#"451-/door,["third",{"_placeholder":true,"num":0},3]"#).await;
    polling.expect("bAQID").await;
    polling.expect_nothing_more().await;
}

#[tokio::test]
async fn a_refused_client_receives_nothing() {
    let server = server().await;
    let mut refused = server.ws().await;
    refused.send(r#"40/door,{"refuse":true}"#).await;
    refused.expect(r#"44/door,{"message":"Not authorized"}"#).await;

    let mut member = welcome(&server).await;
    member.send(r#"42/door,1["shout","hello"]"#).await;
    member.expect(r#"42/door,["shouted","hello"]"#).await;
    member.expect(r#"42/door,["shouted to all","hello"]"#).await;
    member.expect("43/door,1[1]").await;
    refused.expect_nothing_more().await;
}

#[tokio::test]
async fn a_client_whose_hook_panics_receives_nothing() {
    let server = server().await;
    let mut refused = server.ws().await;
    refused.send(r#"40/door,{"crash":true}"#).await;
    refused.expect(r#"44/door,{"message":"Internal server error"}"#).await;

    let mut member = welcome(&server).await;
    member.send(r#"42/door,1["shout","hello"]"#).await;
    member.expect(r#"42/door,["shouted","hello"]"#).await;
    member.expect(r#"42/door,["shouted to all","hello"]"#).await;
    member.expect("43/door,1[1]").await;
    refused.expect_nothing_more().await;
}

/// A hook that reads a state misses no change of it until the client is accepted.
#[tokio::test]
async fn a_broadcast_reaches_a_client_whose_hook_still_runs_only_after_its_connect_packet() {
    let server = server().await;
    let mut comes = server.ws().await;
    comes.send("40/slow,").await;
    server.journal.expect("hook begins").await;
    server.of("/slow").emit("meanwhile", &()).await.expect("a broadcast cannot fail");
    comes.expect_nothing_more().await;
    server.gate.open("connect");
    comes.expect(r#"40/slow,{"sid":…}"#).await;
    comes.expect(r#"42/slow,["meanwhile"]"#).await;
    comes.expect_nothing_more().await;
}

#[tokio::test]
async fn a_packet_for_a_namespace_whose_hook_still_runs_closes_the_connection() {
    for packet in [r#"42/slow,["early"]"#, "40/slow,"] {
        let server = server().await;
        let mut hasty = server.ws().await;
        hasty.send("40/slow,").await;
        server.journal.expect("hook begins").await;
        hasty.send(packet).await;
        hasty.expect_closed().await;
        server.gate.open("connect");
        server.journal.expect("hook ends").await;
    }
}

/// One hook does not keep the client's other namespaces waiting.
#[tokio::test]
async fn a_namespace_can_be_used_while_the_hook_of_another_runs() {
    let server = server().await;
    let mut ws = server.ws().await;
    ws.send("40/slow,").await;
    server.journal.expect("hook begins").await;
    ws.join("/witness").await;
    ws.send(r#"42/witness,1["members"]"#).await;
    ws.expect("43/witness,1[1]").await;
    server.gate.open("connect");
    ws.expect(r#"40/slow,{"sid":…}"#).await;
}

/// Nobody may see a `disconnect` of a socket that never was; the second client proves that the first one's story is over.
async fn nothing_but_the_hook(server: &TestServer) {
    server.gate.open("connect");
    server.journal.expect("hook ends").await;
    let mut second = server.ws().await;
    second.send("40/slow,").await;
    let next = server.journal.next().await;
    if next == "consumer dropped" {
        server.journal.expect("hook begins").await; // the hook was let finish, its consumer was not used
    } else {
        assert_eq!(next, "hook begins");
    }
    server.gate.open("connect");
    second.expect(r#"40/slow,{"sid":…}"#).await;
    second.send("41/slow,").await;
    server.journal.expect("hook ends").await;
    server.journal.expect("disconnect").await;
    server.journal.expect("consumer dropped").await;
    assert_eq!(server.of("/slow").sockets().len(), 0);
}

#[tokio::test]
async fn a_client_that_hangs_up_while_its_hook_runs_is_never_disconnected() {
    let server = server().await;
    let mut first = server.ws().await;
    first.send("40/slow,").await;
    server.journal.expect("hook begins").await;
    first.close().await;
    nothing_but_the_hook(&server).await;
}

#[tokio::test]
async fn a_client_that_leaves_while_its_hook_runs_is_never_disconnected() {
    let server = server().await;
    let mut first = server.ws().await;
    first.send("40/slow,").await;
    server.journal.expect("hook begins").await;
    first.send("41/slow,").await;
    first.expect_nothing_more().await;
    nothing_but_the_hook(&server).await;
    first.expect_nothing_more().await;
}

#[tokio::test]
async fn disconnect_runs_once_with_the_rooms_still_readable() {
    let server = server().await;
    let lobby = r#"rooms ["lobby"]"#;

    let mut leaves = server.socket("/witness").await;
    leaves.send_all(&["41/witness,", "41/witness,", "1"]).await;
    server.journal.expect(&format!("disconnect: client namespace disconnect, {lobby}")).await;

    server.socket("/witness").await.close().await;
    server.journal.expect(&format!("disconnect: transport close, {lobby}")).await;

    let mut vanishes = server.socket("/witness").await;
    vanishes.send(r#"42/witness,1["members"]"#).await;
    vanishes.expect("43/witness,1[1]").await;
    drop(vanishes);
    server.journal.expect(&format!("disconnect: transport close, {lobby}")).await;

    let mut put_out = server.socket("/witness").await;
    put_out.send(r#"42/witness,["leave"]"#).await;
    put_out.expect("41/witness,").await;
    put_out.close().await;
    server.journal.expect(&format!("disconnect: server namespace disconnect, {lobby}")).await;

    assert_eq!(server.of("/witness").to("lobby").sockets().len(), 0, "the rooms are gone");
    assert_eq!(server.journal.rest(), [""; 0]);
}

#[tokio::test]
async fn every_namespace_of_a_lost_connection_hears_of_it() {
    let server = server().await;
    let mut ws = server.socket("/witness").await;
    ws.send("40/slow,").await;
    server.gate.open("connect");
    ws.expect(r#"40/slow,{"sid":…}"#).await;
    server.journal.expect("hook begins").await;
    server.journal.expect("hook ends").await;
    ws.close().await;
    let mut ends = [server.journal.next().await, server.journal.next().await, server.journal.next().await];
    ends.sort();
    assert_eq!(ends, ["consumer dropped", "disconnect", r#"disconnect: transport close, rooms ["lobby"]"#]);
}

#[tokio::test]
async fn a_client_that_leaves_during_a_handler_is_gone_at_once_for_everybody_else() {
    let server = server().await;
    for leave in ["41/witness,", "1"] {
        let mut other = server.socket("/witness").await;
        let mut leaves = server.socket("/witness").await;
        leaves.send(r#"42/witness,7["linger"]"#).await;
        server.journal.expect("handler begins").await;
        leaves.send(leave).await;
        server.journal.expect("closed; emit fails: true").await;
        server.journal.expect("ask fails: true").await;

        other.send_all(&[r#"42/witness,1["members"]"#, r#"42/witness,2["cast"]"#]).await;
        other.expect("43/witness,1[1]").await;
        other.expect("43/witness,2[]").await;
        if leave == "1" {
            leaves.expect_closed().await;
        } else {
            leaves.expect_nothing_more().await; // neither the broadcast nor an ack
        }
        assert_eq!(server.journal.rest(), [""; 0], "`disconnect` waits for the handler");

        server.gate.open("linger");
        server.journal.expect("handler ends").await;
        let end = server.journal.next().await;
        assert!(end.starts_with("disconnect: "), "{end}");
        other.close().await;
        server.journal.next().await;
    }
}

#[tokio::test]
async fn a_handler_with_a_deadline_does_not_outlive_it_when_its_client_is_gone() {
    let server = server().await;
    let mut ws = server.socket("/witness").await;
    ws.send(r#"42/witness,["forever"]"#).await;
    server.journal.expect("handler begins").await;
    ws.close().await;
    server.journal.expect("handler dropped").await;
    server.journal.expect(r#"disconnect: transport close, rooms ["lobby"]"#).await;
}

#[tokio::test]
async fn a_client_that_comes_back_during_its_last_handler_is_a_new_socket() {
    let server = TestServer::start(|builder| {
        builder
            .consumer::<Doorkeeper>()
            .consumer::<Slow>()
            .consumer::<Witness>()
            .ping_timeout(Duration::from_secs(60))
    })
    .await;
    let mut ws = server.socket("/witness").await;
    let first = ws.sid.clone();
    ws.send(r#"42/witness,["linger"]"#).await;
    server.journal.expect("handler begins").await;
    ws.send("41/witness,").await;
    let second = ws.join("/witness").await;
    assert_ne!(first, second);
    ws.send(r#"42/witness,1["members"]"#).await;
    ws.expect("43/witness,1[1]").await;
    server.gate.open("linger");
    for entry in ["closed; emit fails: true", "ask fails: true", "handler ends"] {
        server.journal.expect(entry).await;
    }
    let end = server.journal.next().await;
    assert!(end.starts_with("disconnect: client namespace disconnect"), "{end}");
    ws.send(r#"42/witness,2["members"]"#).await;
    ws.expect("43/witness,2[1]").await;
}
