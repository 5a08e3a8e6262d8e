//! Nodes over a broker in memory, whose faults are seeded, under a clock that stands still.

mod asks;
mod bursts;
mod emitter;
mod faults;
mod members;
mod messages;
mod rooms;
#[cfg(feature = "node")]
mod shards;
mod signed;
#[path = "../support/mod.rs"]
mod support;
mod ways;

use std::time::Duration;

use sio_cluster::{MemoryBroker, Options};
use tokio::time::{Instant, sleep};

use self::support::Node;

pub(crate) const EVERY: Duration = Duration::from_millis(10);

pub(crate) fn options(broker: &MemoryBroker, name: &str) -> Options {
    Options::new(broker.bus(name)).name(name)
}

pub(crate) async fn three(broker: &MemoryBroker) -> [Node; 3] {
    Node::all(["a", "b", "c"].map(|name| options(broker, name))).await
}

/// Each node sends one number after the other, for this long.
pub(crate) async fn talk(nodes: &[Node], time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        for node in nodes {
            node.send();
        }
        sleep(EVERY).await;
    }
}

/// Waits until every node has all of the others, and returns how much was lost.
pub(crate) async fn settle(nodes: &[Node]) -> u64 {
    let mut lost = 0;
    for receiver in nodes {
        for sender in nodes.iter().filter(|sender| sender.sender != receiver.sender) {
            lost += receiver.has_all_of(sender).await;
        }
        assert_eq!(receiver.cluster.status().counts.lost, receiver.journal.lost());
        assert!(receiver.journal.numbers(receiver.sender).is_empty(), "its own events");
    }
    lost
}
