//! Every way to say something to sockets: whom it reaches, from a socket, a namespace and the server.

use std::collections::HashSet;
use std::time::Duration;

use sio::Sid;
use sio::emit::Broadcast;
use sio::error::{AckError, EmitError};
use sio::prelude::*;
use sio_tests::{TestServer, Ws, app::Plain};

/// A namespace beside `/`, which nothing here is meant for.
#[derive(Default)]
struct Elsewhere;

#[consumer(namespace = "/elsewhere")]
impl Elsewhere {}

/// Three clients of `/`: in the red room are the first and the second, in the blue one the second and the third.
struct Three {
    server: TestServer,
    clients: [Ws; 3],
    ids: [Sid; 3],
}

impl Three {
    async fn connect() -> Self {
        let server = TestServer::start(|builder| builder.consumer::<Plain>().consumer::<Elsewhere>()).await;
        let clients = [server.socket("/").await, server.socket("/").await, server.socket("/").await];
        let ids = [0, 1, 2].map(|nth: usize| clients[nth].sid.parse().expect("it is the id of a socket"));
        let this = Self { server, clients, ids };
        for (nth, rooms) in [&["red"][..], &["red", "blue"], &["blue"]].into_iter().enumerate() {
            this.socket(nth).join(rooms).await.expect("a live socket can join");
        }
        this
    }

    fn socket(&self, nth: usize) -> Socket {
        self.server.handle().socket(&self.ids[nth]).expect("the client is there")
    }

    /// Emits to all of these, and checks who gets what.
    async fn reach(&mut self, casts: Vec<(Broadcast, [bool; 3])>) {
        for (number, (cast, _)) in casts.iter().enumerate() {
            cast.emit("cast", &number).await.expect("a broadcast cannot fail");
        }
        for (nth, client) in self.clients.iter_mut().enumerate() {
            for (number, _) in casts.iter().enumerate().filter(|(_, (_, reached))| reached[nth]) {
                client.expect(&format!(r#"42["cast",{number}]"#)).await;
            }
            client.expect_nothing_more().await;
        }
    }
}

#[tokio::test]
async fn the_server_addresses_the_main_namespace() {
    let mut three = Three::connect().await;
    let (server, ids) = (three.server.handle().clone(), three.ids.clone());
    let casts = vec![
        (server.broadcast(), [true, true, true]),
        (server.to("red"), [true, true, false]),
        (server.to("blue"), [false, true, true]),
        (server.to(["red", "blue"]), [true, true, true]),
        (server.to("red").to("blue").except(&ids[1]), [true, false, true]),
        (server.except("red"), [false, false, true]),
        (server.except([&ids[0], &ids[1]]), [false, false, true]),
        (server.to(&ids[0]), [true, false, false]),
        (server.to([""; 0]), [false, false, false]),
        (server.to([""; 0]).to("red"), [true, true, false]),
        (server.local().to("red"), [true, true, false]),
        (server.timeout(Duration::from_secs(1)).to("red"), [true, true, false]),
        (server.compress(false).to("red"), [true, true, false]),
    ];
    let mut elsewhere = three.server.socket("/elsewhere").await;
    three.reach(casts).await;
    elsewhere.expect_nothing_more().await;
    assert_eq!(server.sockets().len(), 3);
}

#[tokio::test]
async fn a_namespace_addresses_its_sockets() {
    let mut three = Three::connect().await;
    let (everyone, ids) = (three.server.of("/"), three.ids.clone());
    let rooms = vec!["red".to_owned(), "blue".to_owned()];
    let casts = vec![
        (everyone.broadcast(), [true, true, true]),
        (everyone.to("red"), [true, true, false]),
        (everyone.to("red").to("blue"), [true, true, true]),
        (everyone.to(&rooms), [true, true, true]),
        (everyone.to(&rooms[1..]).except(&ids[2]), [false, true, false]),
        (everyone.except("blue"), [true, false, false]),
        (everyone.local(), [true, true, true]),
        (everyone.timeout(Duration::from_secs(1)), [true, true, true]),
        (everyone.compress(true).except(&rooms), [false, false, false]),
    ];
    three.reach(casts).await;
}

#[tokio::test]
async fn a_socket_addresses_the_others() {
    let mut three = Three::connect().await;
    let (me, ids) = (three.socket(0), three.ids.clone());
    let casts = vec![
        (me.broadcast(), [false, true, true]),
        (me.to("red"), [false, true, false]),
        (me.to("red").to("blue"), [false, true, true]),
        (me.except("red"), [false, false, true]),
        (me.except(&ids[1]), [false, false, true]),
        (me.local(), [false, true, true]),
        (me.to(ids), [false, true, true]),
        // This one begins with the namespace.
        (me.namespace().to("red"), [true, true, false]),
    ];
    three.reach(casts).await;
}

#[tokio::test]
async fn what_is_volatile_reaches_those_for_whom_nothing_waits() {
    let mut three = Three::connect().await;
    let casts = [
        (three.server.handle().volatile(), [true, true, true]),
        (three.server.of("/").volatile(), [true, true, true]),
        (three.socket(0).broadcast().volatile(), [false, true, true]),
    ];
    for cast in casts {
        three.reach(vec![cast]).await;
    }
    let me = three.socket(0);
    me.emit("waits", &()).await.expect("the client is there");
    me.volatile().emit("lost", &()).await.expect("that it is lost is no error");
    me.volatile().try_emit("lost", &()).expect("that it is lost is no error");
    three.clients[0].expect(r#"42["waits"]"#).await;
    three.clients[0].expect_nothing_more().await;
    me.disconnect();
    let outcome = me.volatile().emit("gone", &()).await;
    assert!(matches!(outcome, Err(sio::error::EmitError::Disconnected)), "{outcome:?}");
}

#[tokio::test]
async fn send_emits_the_event_message() {
    let mut three = Three::connect().await;
    let me = three.socket(0);
    me.send(&1).await.expect("the client is there");
    me.compress(false).send(&2).await.expect("the client is there");
    three.server.of("/").send(&3).await.expect("a broadcast cannot fail");
    three.server.handle().send(&(4, "four")).await.expect("a broadcast cannot fail");
    three.server.handle().to("red").send(&()).await.expect("a broadcast cannot fail");
    for arguments in [",1", ",2", ",3", r#",4,"four""#, ""] {
        three.clients[0].expect(&format!(r#"42["message"{arguments}]"#)).await;
    }
    three.clients[0].expect_nothing_more().await;
}

#[tokio::test]
async fn an_emit_that_does_not_wait_can_have_options() {
    let server = TestServer::start(|builder| builder.consumer::<Plain>().outgoing_queue_packets(2)).await;
    let mut ws = server.socket("/").await;
    let socket = server.socket_of("/", &ws.sid);
    socket.compress(false).try_emit("one", &()).expect("there is room");
    socket.timeout(Duration::from_secs(1)).try_emit("two", &()).expect("there is room");
    let full = socket.compress(false).try_emit("three", &());
    assert!(matches!(full, Err(EmitError::QueueFull)), "{full:?}");
    ws.expect(r#"42["one"]"#).await;
    ws.expect(r#"42["two"]"#).await;
    ws.expect_nothing_more().await;
}

#[tokio::test]
async fn code_that_cannot_wait_broadcasts_too() {
    let mut three = Three::connect().await;
    let server = three.server.handle().clone();
    let (everyone, others) = (server.of("/"), three.socket(0).to("red"));
    // A thread of its own: no runtime is there, and nothing is awaited.
    let said = std::thread::spawn(move || {
        server.try_emit("cast", &0)?;
        everyone.try_emit("cast", &1)?;
        others.try_emit("cast", &2)?;
        everyone.to("blue").volatile().try_emit("cast", &3)?;
        Ok::<_, EmitError>(everyone.try_emit("connect", &()))
    });
    let reserved = said.join().expect("no panic").expect("a broadcast cannot fail");
    assert!(matches!(reserved, Err(EmitError::Encode(_))), "{reserved:?}");
    for (client, numbers) in three.clients.iter_mut().zip([&[0, 1][..], &[0, 1, 2], &[0, 1]]) {
        for number in numbers {
            client.expect(&format!(r#"42["cast",{number}]"#)).await;
        }
        client.expect_nothing_more().await;
    }
}

#[tokio::test]
async fn the_server_asks_everyone_in_the_main_namespace() {
    let mut three = Three::connect().await;
    let server = three.server.handle().clone();
    let answers = server.emit_with_ack::<u32>("how many", &()).await.expect("a question can be asked");
    for (nth, client) in three.clients.iter_mut().enumerate() {
        client.expect(r#"420["how many"]"#).await;
        client.send(&format!("430[{nth}]")).await;
    }
    let mut answers: Vec<_> =
        answers.collect().await.into_iter().map(|(id, answer)| (id, answer.expect("it came"))).collect();
    answers.sort_by_key(|(_, answer)| *answer);
    assert_eq!(answers, three.ids.iter().cloned().zip(0..).collect::<Vec<_>>());

    let soon = server.timeout(Duration::from_millis(50)).to(&three.ids[0]);
    let answers = soon.emit_with_ack::<u32>("how many", &()).await.expect("a question can be asked");
    let answers = answers.collect().await;
    assert!(matches!(&answers[..], [(id, Err(AckError::Timeout))] if *id == three.ids[0]), "{answers:?}");
}

#[tokio::test]
async fn many_are_moved_at_once() {
    let three = Three::connect().await;
    let everyone = three.server.of("/");
    everyone.join(["green", "red"]).await.unwrap();
    assert_eq!(everyone.to("green").sockets().len(), 3);
    everyone.to("blue").leave("green").await.unwrap();
    assert_eq!(everyone.to("green").sockets(), [three.socket(0)]);
    everyone.close_room(["red", "blue"]).await.unwrap();
    assert_eq!(everyone.rooms(), ["green"]);
    everyone.close_room("green").await.unwrap();
    assert_eq!(everyone.rooms(), [""; 0]);
}

#[tokio::test]
async fn the_server_moves_everyone_in_the_main_namespace() {
    let mut three = Three::connect().await;
    let server = three.server.handle().clone();
    let mut elsewhere = three.server.socket("/elsewhere").await;
    server.join(["green", "yellow", "white"]).await.unwrap();
    assert_eq!(server.rooms(), ["blue", "green", "red", "white", "yellow"]);
    assert_eq!(server.to("green").sockets().len(), 3);
    server.close_room(["red", "blue"]).await.unwrap();
    server.close_room(["yellow", "white"]).await.unwrap();
    assert_eq!(server.rooms(), ["green"]);
    assert_eq!(server.of("/elsewhere").rooms(), [""; 0]);

    three.clients[0].join("/elsewhere").await;
    server.disconnect().await.unwrap();
    for client in &mut three.clients {
        client.expect("41").await;
    }
    assert_eq!((server.sockets().len(), server.client_count()), (0, 4));

    three.clients[0].join("/").await;
    server.disconnect_all().await.unwrap();
    three.clients[0].expect("41/elsewhere,").await;
    three.clients[0].expect("41").await;
    three.clients[0].expect_closed().await;
    elsewhere.expect_nothing_more().await;
}

#[tokio::test]
async fn many_are_put_out_of_a_namespace_and_keep_their_connections() {
    let mut three = Three::connect().await;
    three.clients[0].join("/elsewhere").await;
    three.server.of("/").disconnect().await.unwrap();
    for client in &mut three.clients {
        client.expect("41").await;
    }
    assert_eq!(three.server.handle().client_count(), 3);
    three.clients[0].send(r#"42/elsewhere,1["nothing"]"#).await;
    three.clients[0].expect(r#"43/elsewhere,1[{"status":"error","code":"unknown_event",…}]"#).await;
}

#[tokio::test]
async fn whole_connections_of_many_are_ended() {
    let mut three = Three::connect().await;
    three.clients[0].join("/elsewhere").await;
    three.server.of("/").to("red").disconnect_all().await.unwrap();
    three.clients[0].expect("41").await;
    three.clients[0].expect("41/elsewhere,").await;
    three.clients[1].expect("41").await;
    for client in &mut three.clients[..2] {
        client.expect_closed().await;
    }
    for _ in 0..2 {
        three.server.journal.expect("server namespace disconnect").await;
    }
    assert_eq!(three.server.of("/elsewhere").sockets(), []);
    three.clients[2].expect_nothing_more().await;
    three.server.of("/").disconnect_all().await.unwrap();
    three.clients[2].expect("41").await;
    three.clients[2].expect_closed().await;
}

#[tokio::test]
#[allow(clippy::mutable_key_type, reason = "the id of a socket, which is what is hashed, never changes")]
async fn handles_of_one_thing_are_equal() {
    let three = Three::connect().await;
    let server = three.server.handle().clone();
    assert_eq!(server.of("/"), *three.socket(0).namespace());
    assert_ne!(server.of("/"), server.of("/elsewhere"));
    let other = TestServer::start(|builder| builder.consumer::<Plain>()).await;
    assert_ne!(server.of("/"), other.of("/"));

    let mut sockets: HashSet<Socket> = server.sockets().into_iter().collect();
    assert_eq!(sockets.len(), 3);
    assert!(!sockets.insert(three.socket(1)));
    assert!(sockets.remove(&three.socket(0)));
    assert!(!sockets.contains(&three.socket(0)));
}
