//! Faults of the broker, and what becomes of events.

use std::time::Duration;

use sio_cluster::bus::Topic;
use sio_cluster::protocol::broadcast::Target;
use sio_cluster::protocol::frame::{Flags, Header, Kind};
use sio_cluster::{ClusterEvent, Faults, MemoryBroker, NodeId};
use tokio::time::Instant;

use crate::support::{Node, eventually, is_down, is_node_down, is_up};
use crate::{options, settle, talk, three};

#[tokio::test(start_paused = true)]
async fn without_faults_everything_arrives_once_and_in_order() {
    let broker =
        MemoryBroker::with_faults(Faults { seed: 1, delay: Duration::from_millis(80), ..Faults::default() });
    let nodes = three(&broker).await;
    talk(&nodes, Duration::from_secs(5)).await;
    assert_eq!(settle(&nodes).await, 0);
    for node in &nodes {
        let counts = node.cluster.status().counts;
        assert_eq!((counts.lost, counts.repeats, counts.malformed, counts.cuts), (0, 0, 0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_comes_twice_is_taken_once() {
    let broker = MemoryBroker::with_faults(Faults { seed: 2, repeat: 0.3, ..Faults::default() });
    let nodes = three(&broker).await;
    talk(&nodes, Duration::from_secs(3)).await;
    assert_eq!(settle(&nodes).await, 0);
    assert!(nodes[0].cluster.status().counts.repeats > 50);
}

#[tokio::test(start_paused = true)]
async fn losses_that_clients_see_are_losses_that_are_reported() {
    for seed in 0..8 {
        let broker = MemoryBroker::new();
        let nodes = three(&broker).await;
        let faults = Faults { seed, drop: 0.05, repeat: 0.05, delay: Duration::from_millis(50), cut: 0.0 };
        broker.set_faults(faults);
        talk(&nodes, Duration::from_secs(5)).await;
        broker.set_faults(Faults::default());
        // `settle` counts what came and what was reported: together they are what was sent.
        assert!(settle(&nodes).await > 50);
    }
}

#[tokio::test(start_paused = true)]
async fn with_every_fault_at_once_nothing_comes_twice_and_every_loss_is_reported() {
    for seed in 100..110 {
        let broker = MemoryBroker::new();
        let nodes = three(&broker).await;
        broker.set_faults(Faults {
            seed,
            drop: 0.02,
            repeat: 0.1,
            delay: Duration::from_millis(40),
            cut: 0.002,
        });
        talk(&nodes, Duration::from_secs(2)).await;
        broker.stop();
        talk(&nodes, Duration::from_secs(1)).await;
        broker.start();
        talk(&nodes, Duration::from_secs(2)).await;
        broker.stall("b", true);
        talk(&nodes, Duration::from_secs(2)).await;
        broker.stall("b", false);
        broker.cut("c");
        talk(&nodes, Duration::from_secs(2)).await;
        broker.set_faults(Faults::default());
        settle(&nodes).await;
        assert!(nodes.iter().all(|node| node.journal.count(is_node_down) == 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_comes_back_within_the_hold_loses_nothing() {
    for away in [100, 700, 3000, 4500] {
        let broker = MemoryBroker::new();
        let nodes = three(&broker).await;
        talk(&nodes, Duration::from_secs(1)).await;
        broker.stop();
        talk(&nodes, Duration::from_millis(away)).await;
        broker.start();
        talk(&nodes, Duration::from_secs(2)).await;
        assert_eq!(settle(&nodes).await, 0, "away for {away} ms");
        for node in &nodes {
            assert_eq!((node.journal.count(is_down), node.journal.count(is_up)), (1, 2));
            assert_eq!(node.journal.count(is_node_down), 0);
            assert_eq!(node.cluster.status().counts.held_dropped, 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_long_outage_costs_is_the_same_number_for_the_sender_and_the_receivers() {
    let broker = MemoryBroker::new();
    let nodes = three(&broker).await;
    talk(&nodes, Duration::from_secs(1)).await;
    broker.stop();
    talk(&nodes, Duration::from_secs(8)).await;
    broker.start();
    talk(&nodes, Duration::from_secs(2)).await;
    let lost = settle(&nodes).await;
    let dropped: u64 = nodes.iter().map(|node| node.cluster.status().counts.held_dropped).sum();
    assert!(dropped > 450, "{dropped}");
    assert_eq!(lost, 2 * dropped, "each is missing at two nodes");
    let told: u64 = nodes[0]
        .journal
        .read()
        .events
        .iter()
        .map(|(event, _)| match event {
            ClusterEvent::BusUp { dropped, .. } => *dropped,
            _ => 0,
        })
        .sum();
    assert_eq!(told, nodes[0].cluster.status().counts.held_dropped);
}

#[tokio::test(start_paused = true)]
async fn volatile_events_are_not_held_and_are_no_loss() {
    let broker = MemoryBroker::new();
    let [a, b, _c] = three(&broker).await;
    broker.stop();
    eventually("the cut", || !a.cluster.is_up()).await;
    for _ in 0..5 {
        a.send_to(Target::everybody(), true, 0);
    }
    broker.start();
    eventually("the broker", || a.cluster.is_up()).await;
    let last = a.send();
    b.journal.until("the last", |entries| entries.news.iter().any(|(_, number, _)| *number == last)).await;
    assert_eq!(b.journal.numbers(a.sender), [last]);
    assert_eq!((a.cluster.status().counts.volatile_dropped, b.journal.lost()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn a_paused_broker_is_noticed_after_three_seconds_and_not_before() {
    let broker = MemoryBroker::new();
    let nodes = three(&broker).await;
    broker.pause(true);
    talk(&nodes, Duration::from_secs(2)).await;
    broker.pause(false);
    talk(&nodes, Duration::from_secs(2)).await;
    assert_eq!(settle(&nodes).await, 0);
    assert!(nodes.iter().all(|node| node.journal.count(is_down) == 0));
    let paused = Instant::now();
    broker.pause(true);
    talk(&nodes, Duration::from_millis(4500)).await;
    broker.pause(false);
    talk(&nodes, Duration::from_secs(3)).await;
    assert_eq!(settle(&nodes).await, 0);
    for node in &nodes {
        let after = node.journal.last(is_down).expect("it was noticed") - paused;
        assert!((3.0..4.1).contains(&after.as_secs_f64()), "{after:?}");
        assert_eq!(node.journal.count(is_node_down), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn the_cut_of_one_node_is_no_matter_of_the_others() {
    let broker = MemoryBroker::new();
    let nodes = three(&broker).await;
    talk(&nodes, Duration::from_secs(1)).await;
    broker.cut("b");
    talk(&nodes, Duration::from_secs(1)).await;
    settle(&nodes).await;
    assert_eq!(nodes[1].journal.count(is_down), 1);
    for other in [&nodes[0], &nodes[2]] {
        assert_eq!((other.journal.count(is_down), other.journal.lost()), (0, 0));
    }
    let back = nodes[1].journal.last(is_up).expect("up") - nodes[1].journal.last(is_down).expect("down");
    assert!(back <= Duration::from_millis(100), "{back:?}");
}

#[tokio::test(start_paused = true)]
async fn nodes_that_are_parted_lose_each_other_and_then_know_what_they_have_missed() {
    let broker = MemoryBroker::new();
    let nodes = three(&broker).await;
    broker.part(&["a"], &["b", "c"]);
    talk(&nodes, Duration::from_secs(20)).await;
    assert_eq!(nodes[0].journal.count(is_node_down), 2);
    assert_eq!(nodes[1].journal.count(is_node_down), 1);
    assert_eq!(nodes[0].cluster.nodes(), []);
    broker.heal();
    nodes[0].knows(2).await;
    nodes[1].knows(2).await;
    talk(&nodes, Duration::from_secs(1)).await;
    let lost = settle(&nodes).await;
    // Each of a's is missing twice, each of b's and c's once.
    assert!(lost > 4 * 1900, "{lost}");
}

#[tokio::test(start_paused = true)]
async fn clusters_with_different_prefixes_do_not_meet() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name).prefix("x"))).await;
    let [c, d] = Node::all(["c", "d"].map(|name| options(&broker, name).prefix("y"))).await;
    for node in [&a, &c] {
        node.send();
    }
    b.has_all_of(&a).await;
    d.has_all_of(&c).await;
    for node in [a, b, c, d] {
        assert_eq!(node.cluster.nodes().len(), 1);
        assert_eq!(node.journal.read().news.len() as u64, 1 - node.sent());
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_is_counted_and_nothing_else() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    a.send();
    b.has_all_of(&a).await;
    let header = |kind| Header { kind, flags: Flags::NONE, source: a.cluster.me(), lane: 0, number: 1 };
    let mut other_major = header(Kind::Broadcast).begin(0);
    other_major[1] = b'2';
    let mut truncated = header(Kind::Broadcast).begin(0);
    truncated.extend_from_slice(b"\x05/cha");
    let mut json = header(Kind::Change).begin(0);
    json.extend_from_slice(b"{\"nsp\":");
    let msgpack = b"\x93\xa6uid123\x83\xa4type\x02".to_vec();
    let garbage = [vec![], b"s1".to_vec(), vec![0xff; 500], other_major, truncated, json, msgpack];
    let count = garbage.len() as u64;
    for bytes in garbage {
        broker.inject("sio", &Topic::All, bytes);
    }
    let mut unknown =
        Header { kind: Kind::Unknown(99), source: NodeId::new(5), ..header(Kind::Bye) }.begin(0);
    unknown.extend_from_slice(b"whatever");
    broker.inject("sio", &Topic::All, unknown);
    a.send();
    assert_eq!(b.has_all_of(&a).await, 0, "what looked like its next frame has not taken its number");
    let counts = b.cluster.status().counts;
    assert_eq!((counts.malformed, counts.unknown, counts.lost), (count, 1, 0));
    assert_eq!(b.cluster.nodes(), [a.cluster.me()]);
    assert!(b.journal.read().deeds.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_brings_nothing_is_left_although_it_answers() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    broker.stall("b", true);
    b.journal.until("the cut", |entries| entries.count(is_down) == 1).await;
    broker.stall("b", false);
    b.journal.until("the broker", |entries| entries.count(is_up) == 2).await;
    a.send();
    b.has_all_of(&a).await;
}

#[tokio::test(start_paused = true)]
async fn a_node_without_others_sends_nothing_and_uses_its_numbers_up() {
    let broker = MemoryBroker::new();
    let a = Node::start(options(&broker, "a")).await;
    for _ in 0..10 {
        a.send();
    }
    let b = Node::start(options(&broker, "b")).await;
    a.knows(1).await;
    assert!(a.cluster.status().counts.sent < 5, "heartbeats only");
    a.send();
    b.journal.until("the eleventh", |entries| entries.news.len() == 1).await;
    assert_eq!((b.journal.numbers(a.sender), b.journal.lost()), (vec![10], 0));
}
