//! Clients that come back at another node than the one that they had left.

mod interleavings;
mod overtaking;
mod restart;
mod rooms;
mod stopping;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::cluster::Adapter;
use sio::error::{AckError, EmitError};
use sio::options::Recovery;
use sio::testing::{Faults, MemoryBroker, TestClient, TestServer};
use sio::{DisconnectReason, Server};
use sio_tests::app::Plain;
use sio_tests::journal::Journal;
use tokio::time::Instant;

use crate::support::{NAMES, eventually, knows};

/// Data of a socket that all nodes know.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Profile {
    name: String,
}

/// Three nodes whose clients can come back, over a broker in memory, under a clock that stands still.
struct Three {
    broker: MemoryBroker,
    nodes: [TestServer; 3],
}

impl Three {
    async fn start(faults: Faults) -> Self {
        let broker = MemoryBroker::with_faults(faults);
        let mut nodes = Vec::new();
        for name in NAMES {
            nodes.push(node(&broker, name).await);
        }
        for node in &nodes {
            knows(node.server(), 2).await;
        }
        Self { broker, nodes: nodes.try_into().unwrap_or_else(|_| unreachable!("one for each name")) }
    }
}

/// A node that has entered its cluster.
async fn node(broker: &MemoryBroker, name: &str) -> TestServer {
    let server = Server::builder()
        .collect(false)
        .state(Journal::default())
        .consumer::<Plain>()
        .connection_state_recovery(Recovery::default())
        .share::<Profile>("profile")
        .adapter(Adapter::custom(broker.bus(name)).name(name))
        .build()
        .expect("the options are valid");
    server.start().await.expect("the broker is there");
    TestServer::new(server)
}

/// The client, back at a node.
async fn back(client: &TestClient, node: &TestServer) -> TestClient {
    node.client().resume(client).connect().await.expect("nobody is refused")
}

async fn killed(client: &TestClient) {
    client.kill().await;
    client.expect_disconnect().await;
}

/// The node that has made a client's secret is asked first. One that was killed does not answer, and counts as dead only
/// seconds later.
#[tokio::test(start_paused = true)]
async fn a_client_comes_back_although_the_first_of_its_nodes_has_died_a_moment_ago() {
    let Three { broker, nodes } = Three::start(Faults::default()).await;
    let first = nodes[0].connect("/").await.expect("it is let in");
    killed(&first).await;
    let second = back(&first, &nodes[1]).await;
    broker.stall(NAMES[0], true);
    killed(&second).await;
    let third = back(&second, &nodes[2]).await;
    assert!(third.is_recovered() && third.id() == first.id());
}

#[tokio::test(start_paused = true)]
async fn who_has_moved_is_found_asked_and_changed_by_every_node() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    killed(&client).await;
    let again = back(&client, &nodes[2]).await;
    let id = again.id();
    again.answer("please", |number: u32| number + 1);
    for (number, node) in (1_u32..).zip(&nodes) {
        let namespace = node.server().of("/");
        let (remote, room) = (namespace.remote(&id), format!("{number}"));
        assert_eq!(namespace.to(&id).count().await.complete(), Ok(1), "node {number}");
        assert_eq!(remote.fetch().await.expect("it is there").id(), id);
        assert_eq!(remote.emit_with_ack::<u32>("please", &number).await.expect("it answers"), number + 1);
        remote.join(&room).await.expect("it is there");
        assert!(again.is_in(&room));
        remote.leave(&room).await.expect("it is there");
        // A change that nobody confirms goes by way of the node that the client has left.
        namespace.to(&id).join("bulk").await.unwrap();
        eventually("it has joined", || again.is_in("bulk")).await;
        namespace.to("bulk").emit("hi", &number).await.expect("a broadcast cannot fail");
        assert_eq!(again.next::<u32>("hi").await, number);
        namespace.to(&id).leave("bulk").await.unwrap();
        eventually("it has left", || !again.is_in("bulk")).await;
    }
    nodes[1].server().of("/").to(&id).disconnect().await.unwrap();
    again.expect_disconnect().await;
    let remote = nodes[1].server().of("/").remote(&id);
    assert!(matches!(remote.join("late").await, Err(EmitError::Disconnected)));
    let unasked = remote.emit_with_ack::<u32>("please", &1).await;
    assert!(matches!(unasked, Err(AckError::Disconnected)), "{unasked:?}");
}

#[tokio::test(start_paused = true)]
async fn a_client_comes_back_at_another_node_with_its_rooms_and_what_it_has_missed() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    client.socket().join("red").await.expect("it is connected");
    nodes[1].server().to("red").emit("1", &()).await.expect("a broadcast cannot fail");
    client.next::<()>("1").await;
    killed(&client).await;
    for (name, node) in ["2", "3", "4"].into_iter().zip(&nodes) {
        node.server().to("red").emit(name, &()).await.expect("a broadcast cannot fail");
        node.server().to("blue").emit("not for it", &()).await.expect("a broadcast cannot fail");
    }
    let again = back(&client, &nodes[2]).await;
    assert!(again.is_recovered() && again.id() == client.id() && again.is_in("red"));
    nodes[0].server().to("red").emit("5", &()).await.expect("a broadcast cannot fail");
    again.next::<()>("5").await;
    assert_eq!(again.unread(), ["2", "3", "4"]);
    assert!(nodes[0].server().socket(&client.id()).is_none());
    // And back again.
    killed(&again).await;
    nodes[1].server().to("red").emit("6", &()).await.expect("a broadcast cannot fail");
    let first = back(&again, &nodes[0]).await;
    assert!(first.is_recovered() && first.is_in("red"));
    first.next::<()>("6").await;
    first.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn shared_data_goes_along_and_other_data_does_not() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    client.socket().data().insert(Profile { name: "Ada".to_owned() });
    client.socket().data().insert(7_u8);
    // From a node that still holds the connection, and from one where the client is away.
    let second = back(&client, &nodes[1]).await;
    client.expect_disconnect().await;
    killed(&second).await;
    let third = back(&second, &nodes[2]).await;
    assert!(third.is_recovered());
    assert_eq!(third.socket().data().get().as_deref(), Some(&Profile { name: "Ada".to_owned() }));
    assert!(!third.socket().data().contains::<u8>());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_looks_alive_is_closed() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    let again = back(&client, &nodes[1]).await;
    assert!(again.is_recovered());
    assert_eq!(client.expect_disconnect().await, DisconnectReason::TransportClose);
    nodes[2].server().emit("news", &()).await.expect("a broadcast cannot fail");
    again.next::<()>("news").await;
    again.nothing_more().await;
    assert_eq!(nodes.each_ref().map(|node| node.server().of("/").sockets().len()), [0, 1, 0]);
}

#[tokio::test(start_paused = true)]
async fn what_is_sent_to_its_id_follows_it() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let mut client = nodes[0].connect("/").await.expect("it is let in");
    let id = client.id();
    for at in [1, 2, 0, 1] {
        killed(&client).await;
        client = back(&client, &nodes[at]).await;
        assert!(client.is_recovered(), "at node {at}");
        for node in &nodes {
            for name in ["first", "second"] {
                node.server().to(&id).emit(name, &()).await.expect("a broadcast cannot fail");
            }
            client.next::<()>("first").await;
            client.next::<()>("second").await;
        }
        client.nothing_more().await;
    }
}

#[tokio::test(start_paused = true)]
async fn clients_go_on_at_others_when_their_node_stops() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let here = nodes[0].connect("/").await.expect("it is let in");
    here.socket().join("red").await.expect("it is connected");
    let away = nodes[0].connect("/").await.expect("it is let in");
    killed(&away).await;
    nodes[0].server().emit("missed", &()).await.expect("a broadcast cannot fail");
    here.next::<()>("missed").await;
    nodes[0].server().close().await;
    here.expect_disconnect().await;
    nodes[1].server().to("red").emit("later", &()).await.expect("a broadcast cannot fail");
    for node in &nodes[1..] {
        let again = back(&here, node).await;
        assert!(again.is_recovered() && again.id() == here.id() && again.is_in("red"));
        again.next::<()>("later").await;
        again.nothing_more().await;
        killed(&again).await;
    }
    for node in &nodes[1..] {
        let again = back(&away, node).await;
        assert!(again.is_recovered());
        again.next::<()>("missed").await;
        again.nothing_more().await;
        killed(&again).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_nobody_knows_is_a_new_one() {
    let Three { nodes, broker } = Three::start(Faults::default()).await;
    let left = nodes[0].connect("/").await.expect("it is let in");
    left.disconnect().await;
    let began = Instant::now();
    assert!(!back(&left, &nodes[1]).await.is_recovered());
    assert!(began.elapsed() < Duration::from_millis(100), "its node has said so");
    // Its node does not answer.
    let client = nodes[0].connect("/").await.expect("it is let in");
    broker.part(&["a"], &["b", "c"]);
    let began = Instant::now();
    assert!(!back(&client, &nodes[1]).await.is_recovered());
    assert!(began.elapsed() <= Duration::from_millis(1100), "{:?}", began.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_has_missed_too_much_is_a_new_one() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    nodes[0].server().emit("seen", &()).await.expect("a broadcast cannot fail");
    client.next::<()>("seen").await;
    killed(&client).await;
    for _ in 0..1100 {
        nodes[1].server().emit("missed", &()).await.expect("a broadcast cannot fail");
    }
    let again = back(&client, &nodes[2]).await;
    assert!(!again.is_recovered() && again.id() != client.id());
    again.nothing_more().await;
}
