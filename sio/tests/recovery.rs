//! Connection state recovery, as an application sees it.

#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;
use sio::Builder;
use sio::middleware::Connecting;
use sio::observe::RoomEvent;
use sio::options::{Recovery, TransportKind};
use sio::prelude::*;
use sio::testing::{TestClient, TestServer};

/// The events that the application saw, in order.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn note(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// The name of the client, kept with the socket.
struct Name(String);

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Login {
    name: String,
    is_banned: bool,
}

#[derive(Default)]
struct Chat;

#[consumer(namespace = "/chat")]
impl Chat {
    async fn connect(
        &mut self,
        socket: &Socket,
        login: Option<Login>,
        journal: State<Journal>,
    ) -> Result<(), ConnectError> {
        if login.as_ref().is_some_and(|login| login.is_banned) {
            return Err(ConnectError::new("Banned"));
        }
        if socket.is_recovered() {
            let name = socket.data().with(|name: &Name| name.0.clone()).unwrap_or_default();
            journal.note(format!("{name} is back"));
            socket.emit("again", &name).await?;
            return Ok(());
        }
        let name = login.map(|login| login.name).unwrap_or_default();
        journal.note(format!("{name} is new"));
        socket.data().insert(Name(name));
        socket.join("lobby").await?;
        Ok(())
    }

    async fn disconnect(&mut self, socket: &Socket, journal: State<Journal>, reason: DisconnectReason) {
        // A hook may take its time: the client that comes back waits for it.
        tokio::time::sleep(Duration::from_millis(10)).await;
        let name = socket.data().with(|name: &Name| name.0.clone()).unwrap_or_default();
        journal.note(format!("{name} is gone: {reason}, was in {} rooms", socket.rooms().len()));
    }

    async fn event_join(&mut self, socket: &Socket, room: String) -> sio::Result {
        Ok(socket.join(room).await?)
    }

    async fn event_work(&mut self, milliseconds: u64) {
        tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    }

    async fn event_tick(&mut self, socket: Socket, count: u32) {
        tokio::spawn(async move {
            for n in 0..count {
                tokio::time::sleep(Duration::from_millis(100)).await;
                socket.emit("ticked", &n).await.unwrap();
            }
        });
    }
}

/// Dynamic: each org is a namespace of its own.
#[derive(Default)]
struct Org;

#[consumer(namespace = "/org/{id}")]
impl Org {}

fn builder(recovery: Recovery) -> Builder {
    Server::builder()
        .collect(false)
        .consumer::<Chat>()
        .consumer::<Org>()
        .state(Journal::default())
        .connection_state_recovery(recovery)
}

fn server(recovery: Recovery) -> (TestServer, Journal) {
    let journal = Journal::default();
    let server = builder(recovery).state(journal.clone()).build().unwrap();
    (TestServer::new(server), journal)
}

async fn enter(server: &TestServer, name: &str) -> TestClient {
    server.client().namespace("/chat").auth(&json!({ "name": name })).connect().await.unwrap()
}

/// Loses the connection; returns when the server has noticed.
async fn lose(client: &TestClient) {
    client.kill().await;
    client.expect_disconnect().await;
}

async fn say(server: &TestServer, n: u32) {
    server.of("/chat").to("lobby").emit("said", &n).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_back_is_the_same_socket() {
    let (server, journal) = server(Recovery::default());
    for transport in [TransportKind::WebSocket, TransportKind::Polling] {
        let ada = enter(&server, "Ada").await;
        ada.emit_with_ack::<()>("join", "ada's").await.unwrap();
        say(&server, 1).await;
        assert_eq!(ada.next::<u32>("said").await, 1);
        lose(&ada).await;
        for n in 2..=3 {
            say(&server, n).await;
        }
        server.of("/chat").to("ada's").emit("said", &4).await.unwrap();
        server.of("/chat").to(ada.id()).emit("said", &5).await.unwrap();
        server.of("/chat").emit("said", &6).await.unwrap();
        server.of("/chat").to("elsewhere").emit("said", &7).await.unwrap();
        server.of("/chat").except("lobby").emit("said", &8).await.unwrap();

        let back = server.client().resume(&ada).transport(transport).connect().await.unwrap();
        assert!(back.is_recovered() && back.socket().is_recovered());
        assert_eq!((back.id(), back.rooms()), (ada.id(), vec!["ada's".to_owned(), "lobby".to_owned()]));
        for n in 2..=6 {
            assert_eq!(back.next::<u32>("said").await, n);
        }
        assert_eq!(back.next::<String>("again").await, "Ada");
        say(&server, 9).await;
        assert_eq!(back.next::<u32>("said").await, 9);
        back.nothing_more().await;
        back.disconnect().await;
        let gone = ["Ada is gone: transport close, was in 3 rooms", "Ada is back"];
        let left = "Ada is gone: client namespace disconnect, was in 3 rooms";
        assert_eq!(journal.take(), [&["Ada is new"], &gone[..], &[left]].concat());
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_need_have_been_sent_before() {
    let (server, _) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    lose(&ada).await;
    let ada = server.client().resume(&ada).connect().await.unwrap();
    assert!(ada.is_recovered());
    assert_eq!(ada.next::<String>("again").await, "Ada");
    lose(&ada).await;
    say(&server, 1).await;
    let ada = server.client().resume(&ada).connect().await.unwrap();
    assert_eq!(ada.next::<u32>("said").await, 1);
}

#[tokio::test(start_paused = true)]
async fn the_old_connection_may_still_look_alive() {
    let (server, journal) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    say(&server, 1).await;
    assert_eq!(ada.next::<u32>("said").await, 1);

    let back = server.client().resume(&ada).connect().await.unwrap();
    assert!(back.is_recovered());
    assert_eq!(ada.expect_disconnect().await, DisconnectReason::TransportClose);
    assert_eq!(server.of("/chat").sockets().len(), 1);
    say(&server, 2).await;
    assert_eq!(back.next::<String>("again").await, "Ada");
    assert_eq!(back.next::<u32>("said").await, 2);
    back.nothing_more().await;
    let gone = "Ada is gone: transport close, was in 2 rooms";
    assert_eq!(journal.take(), ["Ada is new", gone, "Ada is back"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_still_runs_does_not_keep_its_client_out() {
    let (server, journal) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    ada.emit("work", &60_000).await;
    ada.kill().await;
    let patient = server.client().resume(&ada).deadline(Duration::from_secs(10));
    let back = patient.connect().await.unwrap();
    assert!(back.is_recovered());
    assert_eq!(journal.take(), ["Ada is new", "Ada is back"]);
    assert_eq!(
        ada.within(Duration::from_secs(90)).expect_disconnect().await,
        DisconnectReason::TransportClose
    );
    // The end of the time before takes nothing away from the client.
    assert_eq!(back.rooms(), ["lobby"]);
    assert!(back.socket().data().contains::<Name>());
    say(&server, 1).await;
    assert_eq!(back.next::<u32>("said").await, 1);
}

#[tokio::test(start_paused = true)]
async fn handles_of_the_time_before_reach_the_client() {
    let (server, _) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    ada.emit("tick", &6).await;
    assert_eq!(ada.next::<u32>("ticked").await, 0);
    lose(&ada).await;
    let old = ada.socket().clone();
    assert!(!old.is_connected());
    tokio::time::sleep(Duration::from_millis(250)).await;
    let back = server.client().resume(&ada).connect().await.unwrap();
    for n in 1..6 {
        assert_eq!(back.next::<u32>("ticked").await, n);
    }
    old.try_emit("said", &7).unwrap();
    assert_eq!(back.next::<u32>("said").await, 7);
    assert!(old.emit_with_ack::<u32>("question", &()).await.is_err());
    back.disconnect().await;
    assert!(old.emit("said", &8).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn while_it_is_away_nobody_sees_it() {
    let seen = Journal::default();
    let log = seen.clone();
    let builder = builder(Recovery::default()).on_room(move |_, room, event| match event {
        RoomEvent::Created => log.note(format!("{room} created")),
        RoomEvent::Deleted => log.note(format!("{room} deleted")),
        RoomEvent::Joined(_) => log.note(format!("{room} joined")),
        RoomEvent::Left(_) => log.note(format!("{room} left")),
        _ => {}
    });
    let server = TestServer::new(builder.build().unwrap());
    let ada = enter(&server, "Ada").await;
    lose(&ada).await;
    let chat = server.of("/chat");
    assert!(chat.sockets().is_empty() && chat.rooms().is_empty());
    assert!(chat.socket(&ada.id()).is_none() && chat.to("lobby").sockets().is_empty());
    let answers = chat.to("lobby").emit_with_ack::<u32>("question", &()).await.unwrap();
    assert!(answers.collect().await.is_empty());
    chat.to("lobby").volatile().emit("lost", "for good").await.unwrap();
    assert_eq!(seen.take(), ["lobby created", "lobby joined", "lobby left", "lobby deleted"]);

    let back = server.client().resume(&ada).connect().await.unwrap();
    assert_eq!(seen.take(), ["lobby created", "lobby joined"]);
    assert_eq!(back.next::<String>("again").await, "Ada");
    back.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn who_has_left_or_was_put_out_does_not_come_back() {
    let (server, _) = server(Recovery::default());
    let left = enter(&server, "Ada").await;
    left.disconnect().await;
    let kicked = enter(&server, "Bob").await;
    kicked.socket().disconnect();
    kicked.expect_disconnect().await;
    for client in [left, kicked] {
        let new = server.client().resume(&client).connect().await.unwrap();
        assert!(!new.is_recovered() && !new.socket().is_recovered());
        assert_ne!(new.id(), client.id());
        new.nothing_more().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_comes_too_late_is_a_new_one() {
    let (server, journal) = server(Recovery::default().max_disconnection(Duration::from_secs(10)));
    for (seconds, is_recovered) in [(9, true), (11, false)] {
        let ada = enter(&server, "Ada").await;
        lose(&ada).await;
        tokio::time::sleep(Duration::from_secs(seconds)).await;
        let back = server.client().resume(&ada).connect().await.unwrap();
        assert_eq!(back.is_recovered(), is_recovered, "after {seconds} s");
        assert_eq!(back.id() == ada.id(), is_recovered);
        back.disconnect().await;
    }
    assert_eq!(journal.take().last().unwrap(), " is gone: client namespace disconnect, was in 2 rooms");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_is_bounded() {
    for recovery in [Recovery::default().max_packets(3), Recovery::default().max_bytes(80)] {
        let (server, _) = server(recovery);
        for (missed, is_recovered) in [(3, true), (4, false)] {
            let ada = enter(&server, "Ada").await;
            lose(&ada).await;
            for n in 0..missed {
                say(&server, n).await;
            }
            let back = server.client().resume(&ada).connect().await.unwrap();
            assert_eq!(back.is_recovered(), is_recovered, "{missed} missed");
            if is_recovered {
                assert_eq!(back.next::<u32>("said").await, 0);
            } else {
                // Rather nothing than with a gap.
                back.nothing_more().await;
            }
            back.disconnect().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_so_many_clients_are_waited_for() {
    // Those of one address get no more than are left for others.
    let (server, _) = server(Recovery::default().max_clients(4));
    let mut clients = Vec::new();
    for name in ["Ada", "Bob", "Cleo"] {
        let client = enter(&server, name).await;
        lose(&client).await;
        clients.push(client);
    }
    let mut recovered = Vec::new();
    for client in &clients {
        recovered.push(server.client().resume(client).connect().await.unwrap().is_recovered());
    }
    assert_eq!(recovered, [true, true, false], "who came first stays");
}

#[tokio::test(start_paused = true)]
async fn others_do_not_take_the_places_of_those_who_are_away() {
    let (server, _) = server(Recovery::default().max_clients(100));
    let ada = enter(&server, "Ada").await;
    lose(&ada).await;
    for number in 0..200_u16 {
        let peer = ([10, 0, 0, 1], number).into();
        let client = server.client().namespace("/chat").peer(peer).connect().await.unwrap();
        lose(&client).await;
    }
    let other = server.client().namespace("/chat").peer(([10, 0, 0, 2], 1).into()).connect().await.unwrap();
    lose(&other).await;
    for client in [&ada, &other] {
        assert!(server.client().resume(client).connect().await.unwrap().is_recovered());
    }
}

#[tokio::test(start_paused = true)]
async fn namespaces_of_those_who_are_away_leave_room_for_those_who_are_here() {
    let builder = builder(Recovery::default()).max_dynamic_namespaces(4);
    let server = TestServer::new(builder.build().unwrap());
    let enter = async |path: &str| server.client().namespace(path).connect().await;
    let mut away = Vec::new();
    for org in 0..4 {
        let client = enter(&format!("/org/{org}")).await.unwrap();
        lose(&client).await;
        away.push(client);
    }
    assert_eq!(server.namespaces().iter().filter(|one| one.path().starts_with("/org")).count(), 2);
    let (_one, _two) = (enter("/org/8").await.unwrap(), enter("/org/9").await.unwrap());
    let mut recovered = Vec::new();
    for client in &away[..2] {
        recovered.push(server.client().resume(client).connect().await.unwrap().is_recovered());
    }
    assert_eq!(recovered, [true, true]);
    // Nobody may come back to them alone any more: they end as before.
    drop(away);
}

#[tokio::test(start_paused = true)]
async fn a_refused_client_gets_nothing_and_does_not_come_back() {
    let (server, journal) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    lose(&ada).await;
    say(&server, 1).await;
    let banned = server.client().resume(&ada).auth(&json!({ "is_banned": true })).connect().await;
    assert_eq!(banned.unwrap_err().message, "Banned");
    let back = server.client().resume(&ada).connect().await.unwrap();
    assert!(!back.is_recovered());
    back.nothing_more().await;
    assert_eq!(journal.take().last().unwrap(), " is new");
}

#[tokio::test(start_paused = true)]
async fn middleware_looks_again_unless_told_otherwise() {
    for skip in [false, true] {
        let seen = Journal::default();
        let log = seen.clone();
        let builder = builder(Recovery::default().skip_middleware(skip));
        let builder = builder.on_connecting("/chat", move |_: Connecting| {
            log.note("looked");
            async { Ok(()) }
        });
        let server = TestServer::new(builder.build().unwrap());
        let ada = enter(&server, "Ada").await;
        lose(&ada).await;
        assert!(server.client().resume(&ada).connect().await.unwrap().is_recovered());
        assert_eq!(seen.take().len(), if skip { 1 } else { 2 });
    }
}

#[tokio::test(start_paused = true)]
async fn emits_to_a_client_that_is_away_let_others_run() {
    let (server, _) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    let socket = ada.socket().clone();
    lose(&ada).await;
    let emitting = tokio::spawn(async move {
        for n in 0..10_000 {
            socket.emit("said", &n).await.unwrap();
        }
    });
    let mut turns = 0;
    while !emitting.is_finished() {
        turns += 1;
        tokio::task::yield_now().await;
    }
    assert!(turns > 10, "all was emitted in {turns} turns");
    emitting.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_slow_client_gets_what_it_was_dropped_for() {
    let server = builder(Recovery::default()).outgoing_queue_packets(4).build().unwrap();
    let server = TestServer::new(server);
    let ada = enter(&server, "Ada").await;
    // Without a chance to write in between, up to the hard bound and beyond.
    for n in 0..34 {
        server.of("/chat").to("lobby").try_emit("said", &n).unwrap();
    }
    assert_eq!(ada.expect_disconnect().await, DisconnectReason::SlowClient);
    let back = server.client().resume(&ada).connect().await.unwrap();
    // The queue has gone out before the end; the others had no room in it.
    for n in 0..32 {
        assert_eq!(ada.next::<u32>("said").await, n);
    }
    for n in 32..34 {
        assert_eq!(back.next::<u32>("said").await, n);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dynamic_namespace_waits_for_its_clients() {
    let (server, _) = server(Recovery::default().max_disconnection(Duration::from_secs(10)));
    let ada = server.connect("/org/7").await.unwrap();
    ada.socket().join("board").await.unwrap();
    lose(&ada).await;
    server.of("/org/7").to("board").emit("said", &1).await.unwrap();
    let back = server.client().resume(&ada).connect().await.unwrap();
    assert_eq!(back.next::<u32>("said").await, 1);
    lose(&back).await;
    assert!(server.get("/org/7").is_some());
    tokio::time::sleep(Duration::from_secs(11)).await;
    assert!(server.get("/org/7").is_none(), "nobody is waited for any more");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_stops_waits_for_nobody() {
    let (server, journal) = server(Recovery::default());
    let ada = enter(&server, "Ada").await;
    let bob = enter(&server, "Bob").await;
    let ada_data = Arc::downgrade(&ada.socket().data().get::<Name>().unwrap());
    lose(&ada).await;
    assert!(ada_data.upgrade().is_some());
    server.close().await;
    assert_eq!(bob.expect_disconnect().await, DisconnectReason::ServerShuttingDown);
    assert!(ada_data.upgrade().is_none(), "what is kept goes with the server");
    assert_eq!(journal.take().len(), 4);
}
