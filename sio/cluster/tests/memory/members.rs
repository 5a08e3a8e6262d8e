//! Nodes that come and go.

use std::time::Duration;

use sio_cluster::protocol::members::{Difference, Why};
use sio_cluster::protocol::message::{Query, Selection};
use sio_cluster::{ClusterEvent, MemoryBroker, Options, StartError};
use tokio::time::Instant;

use crate::support::{Node, eventually, is_down, is_node_down};
use crate::{options, three};

#[tokio::test(start_paused = true)]
async fn a_node_that_leaves_is_gone_at_once_and_what_it_said_last_arrives() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    let began = Instant::now();
    let last = c.send();
    c.cluster.close(None).await;
    for node in [&a, &b] {
        node.knows(1).await;
        assert!(began.elapsed() < Duration::from_millis(100));
        assert_eq!(node.journal.numbers(c.sender), [last]);
        let left = ClusterEvent::NodeDown { node: c.cluster.me(), why: Why::Left };
        assert_eq!(node.journal.count(|event| *event == left), 1);
    }
    // Nobody waits for it after that.
    let began = Instant::now();
    let gathered = a.cluster.request(Query::Count(Selection::default())).await.expect("small");
    assert!(gathered.missing.is_empty() && began.elapsed() < Duration::from_millis(10));
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_dropped_leaves_too() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    drop(b);
    a.knows(0).await;
    assert_eq!(a.journal.count(is_node_down), 1);
}

#[tokio::test(start_paused = true)]
async fn a_silent_node_is_named_in_answers_and_dead_after_twelve_seconds() {
    let broker = MemoryBroker::new();
    let [a, b, c] = three(&broker).await;
    broker.part(&["c"], &["a", "b"]);
    let began = Instant::now();
    let gathered = a.cluster.request(Query::Count(Selection::default())).await.expect("small");
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    assert_eq!(gathered.missing, [c.cluster.me()]);
    assert_eq!(
        gathered.items.iter().map(|(node, item)| (*node, item.get())).collect::<Vec<_>>(),
        [(b.cluster.me(), "5")]
    );
    eventually("suspicion", || a.cluster.status().nodes.iter().any(|node| node.is_suspect)).await;
    a.knows(1).await;
    let after = began.elapsed().as_secs_f64();
    assert!((8.0..14.0).contains(&after), "{after}");
    let silent = ClusterEvent::NodeDown { node: c.cluster.me(), why: Why::Silent };
    assert_eq!(a.journal.count(|event| *event == silent), 1);
    assert_eq!(a.cluster.open_requests(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_is_started_again_replaces_its_earlier_run() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    broker.part(&["b"], &["a"]);
    // The later of two runs is known by its start in milliseconds of the wall clock, which no test moves.
    std::thread::sleep(Duration::from_millis(2));
    let again = Node::start(Options::new(broker.bus("b2")).name("b")).await;
    eventually("the new run", || a.cluster.nodes() == [again.cluster.me()]).await;
    let replaced = ClusterEvent::NodeDown { node: b.cluster.me(), why: Why::Replaced };
    assert_eq!(a.journal.count(|event| *event == replaced), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_broker_starting_fails_and_can_be_tried_again() {
    let broker = MemoryBroker::new();
    broker.stop();
    let a = Node::new(&options(&broker, "a"));
    let error = a.cluster.start(a.journal.clone()).await.unwrap_err();
    assert_eq!(error.to_string(), "cannot connect to memory://a: connection refused");
    broker.pause(true);
    let began = Instant::now();
    assert!(matches!(a.cluster.start(a.journal.clone()).await, Err(StartError::Bus { .. })));
    assert_eq!(began.elapsed(), Duration::from_secs(2));
    broker.pause(false);
    broker.start();
    a.cluster.start(a.journal.clone()).await.expect("the broker is there");
    assert!(matches!(a.cluster.start(a.journal.clone()).await, Err(StartError::Started)));
}

#[tokio::test(start_paused = true)]
async fn with_wait_a_node_starts_without_a_broker() {
    let broker = MemoryBroker::new();
    broker.stop();
    let a = Node::start(options(&broker, "a").wait(true)).await;
    assert!(!a.cluster.is_up());
    broker.start();
    eventually("the broker", || a.cluster.is_up()).await;
    let b = Node::start(options(&broker, "b")).await;
    a.knows(1).await;
    a.send();
    b.journal.until("the event", |entries| entries.news.len() == 1).await;
    assert_eq!(a.journal.count(is_down), 0);
}

#[tokio::test(start_paused = true)]
async fn a_node_knows_the_others_when_it_has_started() {
    let broker = MemoryBroker::new();
    for number in 0..5 {
        let node = Node::start(options(&broker, &number.to_string())).await;
        assert_eq!(node.cluster.nodes().len(), number);
        std::mem::forget(node);
    }
}

#[tokio::test(start_paused = true)]
async fn the_younger_of_two_nodes_with_one_tag_takes_another() {
    let broker = MemoryBroker::new();
    let tag = "eu001".parse().expect("a tag");
    let [a, b] = Node::all([options(&broker, "a").tag(tag), options(&broker, "b").tag(tag)]).await;
    let differs = |node: &Node| ClusterEvent::Differs { node: node.cluster.me(), what: Difference::Tag };
    // Both were given theirs, so it stays and is told.
    assert_eq!(a.cluster.owner().tag, b.cluster.owner().tag);
    assert_eq!(a.journal.count(|event| *event == differs(&b)), 1);
}

#[tokio::test(start_paused = true)]
async fn what_has_to_be_the_same_and_is_not_is_told() {
    let broker = MemoryBroker::new();
    let other = options(&broker, "b").parser("msgpack").recovery(true).namespaces(["/shop"]);
    let [a, b] = Node::all([options(&broker, "a").namespaces(["/"]), other]).await;
    let what: Vec<_> = a
        .journal
        .read()
        .events
        .iter()
        .filter_map(|(event, _)| match event {
            ClusterEvent::Differs { node, what } if *node == b.cluster.me() => Some(*what),
            _ => None,
        })
        .collect();
    assert_eq!(what, [Difference::Parser, Difference::Recovery, Difference::Namespaces]);
}

#[tokio::test(start_paused = true)]
async fn the_status_names_the_others() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    b.cluster.set_draining(true);
    eventually("the heartbeat", || a.cluster.status().nodes.iter().any(|node| node.is_draining)).await;
    let status = a.cluster.status();
    assert!(status.is_up && status.me == a.cluster.me() && status.tag == a.cluster.owner().tag);
    let node = &status.nodes[0];
    assert_eq!((node.id, node.name.as_str(), node.sockets, node.is_suspect), (b.cluster.me(), "b", 7, false));
}
