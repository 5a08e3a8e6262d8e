//! Claims that come to a node before the client's state does.

use std::time::Duration;

use sio::testing::{Faults, TestServer};
use tokio::time::{sleep, timeout};

use super::{Three, back, killed};
use crate::support::eventually;

/// Waits until one node knows how many sockets another has, which decides who takes over clients.
async fn has_more_sockets(node: &TestServer, of: &TestServer) {
    let me = of.server().cluster().expect("it has an adapter").me();
    eventually("its sockets", || {
        let nodes = node.server().cluster().expect("it has an adapter").status().nodes;
        nodes.iter().any(|node| node.id == me && node.sockets > 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_client_is_found_whose_state_has_not_reached_the_node_that_it_went_to() {
    let Three { nodes, broker } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    client.socket().join("red").await.expect("it is connected");
    killed(&client).await;
    broker.hold("a", "b", true);
    // The first node gives it to the second one, where it does not wait for long.
    let given_up = timeout(Duration::from_millis(50), back(&client, &nodes[1])).await;
    assert!(given_up.is_err(), "its state is on its way");
    nodes[2].server().to("red").emit("missed", &()).await.expect("a broadcast cannot fail");
    let release = async {
        sleep(Duration::from_millis(200)).await;
        broker.hold("a", "b", false);
    };
    let (again, ()) = tokio::join!(back(&client, &nodes[2]), release);
    assert!(again.is_recovered() && again.id() == client.id() && again.is_in("red"));
    again.next::<()>("missed").await;
    for node in &nodes {
        node.server().to(again.id()).emit("to its id", &()).await.expect("a broadcast cannot fail");
        again.next::<()>("to its id").await;
    }
    again.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_waits_for_its_state_at_the_last_node() {
    let Three { nodes, broker } = Three::start(Faults::default()).await;
    let _more = nodes[2].connect("/").await.expect("it is let in");
    has_more_sockets(&nodes[0], &nodes[2]).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    client.socket().join("red").await.expect("it is connected");
    // The first node stops and gives it to the second one, which stops before it knows of that.
    broker.hold("a", "b", true);
    nodes[0].server().close().await;
    client.expect_disconnect().await;
    let alone = async {
        let cluster = nodes[2].server().cluster().expect("it has an adapter");
        eventually("both have left", || cluster.nodes().is_empty()).await;
        nodes[2].server().to("red").emit("missed", &()).await.expect("a broadcast cannot fail");
        let release = async {
            sleep(Duration::from_millis(100)).await;
            broker.hold("a", "b", false);
        };
        tokio::join!(back(&client, &nodes[2]), release).0
    };
    let ((), again) = tokio::join!(nodes[1].server().close(), alone);
    assert!(again.is_recovered() && again.id() == client.id() && again.is_in("red"));
    again.next::<()>("missed").await;
    again.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn a_client_that_the_node_of_its_id_has_given_away_outlives_the_next_one() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let _more = nodes[0].connect("/").await.expect("it is let in");
    has_more_sockets(&nodes[1], &nodes[0]).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    killed(&client).await;
    let second = back(&client, &nodes[1]).await;
    second.socket().join("red").await.expect("it is connected");
    nodes[1].server().close().await;
    second.expect_disconnect().await;
    let cluster = nodes[0].server().cluster().expect("it has an adapter");
    eventually("it has left", || cluster.nodes().len() == 1).await;
    for name in ["1", "2"] {
        nodes[2].server().to(client.id()).emit(name, &()).await.expect("a broadcast cannot fail");
    }
    nodes[0].server().to("red").emit("3", &()).await.expect("a broadcast cannot fail");
    let again = back(&second, &nodes[0]).await;
    assert!(again.is_recovered() && again.id() == client.id() && again.is_in("red"));
    for name in ["1", "2", "3"] {
        again.next::<()>(name).await;
    }
    again.nothing_more().await;
}
