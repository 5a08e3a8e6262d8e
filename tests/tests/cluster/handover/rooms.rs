//! Rooms that are joined and left for clients while these are away or on their way to another node.

use std::collections::BTreeMap;
use std::time::Duration;

use sio::Server;
use sio::testing::{Faults, TestClient};
use tokio::time::{sleep, timeout};

use super::interleavings::Numbers;
use super::{Three, back, killed};
use crate::support::eventually;

async fn emit(server: &Server, names: &[&str]) {
    for name in names {
        server.to(*name).emit(name, &()).await.expect("a broadcast cannot fail");
    }
}

#[tokio::test(start_paused = true)]
async fn rooms_change_for_a_client_that_is_away_from_every_node() {
    let Three { nodes, .. } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    client.socket().join(["red", "blue"]).await.expect("it is connected");
    killed(&client).await;
    for (node, name) in nodes.iter().zip(["1", "2", "3"]) {
        node.server().to("red").join(name).await.unwrap();
        node.server().of("/").remote(&client.id()).join("remote").await.expect("it may come back");
    }
    nodes[2].server().to("3").leave("blue").await.unwrap();
    emit(nodes[2].server(), &["blue", "3"]).await;
    emit(nodes[0].server(), &["1"]).await;
    let again = back(&client, &nodes[1]).await;
    assert!(again.is_recovered() && ["red", "remote", "1", "2", "3"].iter().all(|room| again.is_in(room)));
    assert!(!again.is_in("blue"));
    again.next::<()>("3").await;
    again.next::<()>("1").await;
    again.nothing_more().await;
}

#[tokio::test(start_paused = true)]
async fn rooms_change_for_a_client_that_is_on_its_way() {
    let Three { nodes, broker } = Three::start(Faults::default()).await;
    let client = nodes[0].connect("/").await.expect("it is let in");
    client.socket().join(["red", "blue"]).await.expect("it is connected");
    killed(&client).await;
    let servers = nodes.each_ref().map(|node| node.server().clone());
    // The first node gives it to the third, where its state does not arrive yet.
    broker.hold("a", "c", true);
    let given_up = timeout(Duration::from_millis(50), back(&client, &nodes[2])).await;
    assert!(given_up.is_err(), "its state is on its way");
    for (server, name) in servers.iter().zip(["1", "2", "3"]) {
        server.to("red").join(name).await.unwrap();
        server.to(client.id()).join(format!("{name} by its id")).await.unwrap();
        emit(server, &[name]).await;
        server.to(name).leave(name).await.unwrap();
        emit(server, &[name]).await;
    }
    servers[2].to("blue").join("green").await.unwrap();
    servers[1].to("red").leave("blue").await.unwrap();
    // They have come to the third one by now, but for those of the first one.
    sleep(Duration::from_millis(50)).await;
    broker.hold("a", "c", false);
    let again = back(&client, &nodes[2]).await;
    assert!(again.is_recovered());
    eventually("all changes", || {
        ["1", "2", "3"].iter().all(|name| again.is_in(&format!("{name} by its id")))
    })
    .await;
    for name in ["1", "2", "3"] {
        again.next::<()>(name).await;
    }
    again.nothing_more().await;
    assert!(again.is_in("green") && !["blue", "1", "2", "3"].iter().any(|room| again.is_in(room)));
}

/// Joins a room, sends to it, leaves it, and sends to it again, all the time.
async fn toggle(server: Server, node: u64, seed: u64) {
    let mut numbers = Numbers::new(seed);
    let room = format!("of {node}");
    for number in 0..20 {
        server.to("red").join(&room).await.expect("there are no other servers");
        numbers.pause(6000).await;
        server.to(&room).emit(&format!("in {node} {number}"), &()).await.expect("a broadcast cannot fail");
        server.to("red").leave(&room).await.expect("there are no other servers");
        numbers.pause(6000).await;
        server.to(&room).emit(&format!("out {node} {number}"), &()).await.expect("a broadcast cannot fail");
    }
}

async fn run(seed: u64) {
    let delay = Duration::from_millis(seed % 4 * 10);
    let three = Three::start(Faults { seed, repeat: 0.1, delay, ..Faults::default() }).await;
    let mut numbers = Numbers::new(seed + 1000);
    let mut client = three.nodes[0].connect("/").await.expect("it is let in");
    client.socket().join("red").await.expect("it is connected");
    let nodes = three.nodes.iter().zip(0..);
    let senders: Vec<_> =
        nodes.map(|(node, nth)| tokio::spawn(toggle(node.server().clone(), nth, seed * 3 + nth))).collect();
    let mut got = Vec::new();
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        numbers.pause(40_000).await;
        let node = &three.nodes[numbers.below(3) as usize];
        if numbers.below(2) == 0 {
            killed(&client).await;
            numbers.pause(20_000).await;
        }
        got.extend(client.unread());
        client = back(&client, node).await;
        assert!(client.is_recovered(), "seed {seed}");
    }
    // Longer than anything is under way.
    sleep(Duration::from_secs(3)).await;
    got.extend(client.unread());
    check(seed, &client, &got);
}

fn check(seed: u64, client: &TestClient, got: &[String]) {
    let mut counts = BTreeMap::<&str, u32>::new();
    got.iter().for_each(|name| *counts.entry(name).or_default() += 1);
    let expected = (0..3).flat_map(|node| (0..20).map(move |number| format!("in {node} {number}")));
    for name in expected {
        assert_eq!(counts.remove(&*name), Some(1), "seed {seed}: `{name}` in {got:?} of {client:?}");
    }
    assert!(counts.is_empty(), "seed {seed}: {counts:?}");
    assert_eq!(client.rooms(), ["red"], "seed {seed}");
}

#[tokio::test(start_paused = true)]
async fn each_node_s_changes_and_events_keep_their_order_for_a_client_that_moves() {
    for seed in 0..30 {
        run(seed).await;
    }
}
