//! Clients that move between nodes while all nodes send, in many orders: each event arrives once, and those of one
//! sender in its order.

use std::collections::BTreeMap;
use std::time::Duration;

use sio::Server;
use sio::testing::{Faults, TestClient};
use tokio::time::sleep;

use super::{Three, back, killed};

/// Events of each node.
const EVENTS: u64 = 40;

/// A generator of numbers (xorshift), the same for the same seed.
pub(super) struct Numbers(u64);

impl Numbers {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    pub(super) async fn pause(&mut self, microseconds: u64) {
        sleep(Duration::from_micros(self.below(microseconds))).await;
    }
}

/// Sends all events of a node: their names say which they are. Some are for the socket alone; these have no order.
async fn send(server: Server, node: u64, id: sio::Sid, seed: u64) {
    let mut numbers = Numbers::new(seed);
    for number in 0..EVENTS {
        let (to, kind) = match numbers.below(4) {
            0 => (server.to(&id), "alone"),
            1 => (server.to("red"), "all"),
            2 => (server.to(["red", "blue"]).except("green"), "all"),
            _ => (server.broadcast(), "all"),
        };
        to.emit(&format!("{kind} {node} {number}"), &()).await.expect("a broadcast cannot fail");
        numbers.pause(8000).await;
    }
}

/// Returns how often the client has moved.
async fn run(seed: u64) -> usize {
    let delay = Duration::from_millis(seed % 4 * 10);
    let three = Three::start(Faults { seed, repeat: 0.1, delay, ..Faults::default() }).await;
    let mut numbers = Numbers::new(seed + 1000);
    let mut client = three.nodes[0].connect("/").await.expect("it is let in");
    client.socket().join("red").await.expect("it is connected");
    let senders: Vec<_> = three
        .nodes
        .iter()
        .zip(0..)
        .map(|(node, nth)| tokio::spawn(send(node.server().clone(), nth, client.id(), seed * 3 + nth)))
        .collect();
    let (mut got, mut moves) = (Vec::new(), 0);
    while !senders.iter().all(tokio::task::JoinHandle::is_finished) {
        numbers.pause(60_000).await;
        let node = &three.nodes[numbers.below(3) as usize];
        let is_killed = numbers.below(2) == 0;
        if is_killed {
            killed(&client).await;
            numbers.pause(30_000).await;
        }
        got.extend(client.unread());
        let again = back(&client, node).await;
        assert!(again.is_recovered(), "seed {seed}, move {moves}");
        client = again;
        moves += 1;
    }
    // Longer than anything is under way.
    sleep(Duration::from_secs(3)).await;
    got.extend(client.unread());
    check(seed, &client, &got);
    moves
}

fn check(seed: u64, client: &TestClient, got: &[String]) {
    let mut last = BTreeMap::new();
    let mut counts = BTreeMap::<(u64, u64), u32>::new();
    for name in got {
        let mut words = name.split(' ');
        let kind = words.next().expect("its kind");
        let mut number = || words.next().expect("a number").parse::<u64>().expect("a number");
        let (node, number) = (number(), number());
        *counts.entry((node, number)).or_default() += 1;
        if kind == "all" {
            let before = last.insert(node, number);
            assert!(
                before.is_none_or(|before| before < number),
                "seed {seed}: order of node {node} in {got:?}"
            );
        }
    }
    for node in 0..3 {
        for number in 0..EVENTS {
            let count = counts.get(&(node, number)).copied().unwrap_or(0);
            assert_eq!(count, 1, "seed {seed}: event {number} of node {node} in {got:?} of {client:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_event_comes_once_and_in_the_order_of_its_sender() {
    let mut moves = 0;
    for seed in 0..50 {
        moves += run(seed).await;
    }
    assert!(moves > 150, "{moves}");
}
