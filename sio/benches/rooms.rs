//! Rooms by the thousand on three nodes that meet at a broker in memory: `cargo bench -p sio-server --bench rooms --features
//! cluster,testing`. How fast clients join and leave, what a room keeps, and what a broadcast to one of them costs.
//!
//! Everything runs on one thread, the nodes, the broker and their clients.

use std::fs;
use std::time::{Duration, Instant};

use sio::cluster::Adapter;
use sio::prelude::*;
use sio::testing::{MemoryBroker, TestClient, TestServer};

const NODES: usize = 3;

/// Of each node.
const CLIENTS: usize = 100;

/// The most first: memory that is free again would be used for those that follow.
const ROOMS: [usize; 3] = [100_000, 10_000, 1_000];

/// Broadcasts that are measured: each to another room.
const BROADCASTS: usize = 10_000;

/// As many as wait in no queue for long.
const BURST: usize = 50;

#[derive(Default)]
struct Silent;

#[consumer]
impl Silent {}

struct Cluster {
    nodes: Vec<TestServer>,
    /// Those of the first node, then those of the second, and so on.
    clients: Vec<TestClient>,
}

impl Cluster {
    async fn start() -> Self {
        let (broker, mut nodes, mut clients) = (MemoryBroker::new(), Vec::new(), Vec::new());
        for name in ["a", "b", "c"] {
            let adapter = Adapter::custom(broker.bus(name)).name(name);
            let server = Server::builder().collect(false).consumer::<Silent>().adapter(adapter).build();
            let node = TestServer::new(server.expect("the server can be built"));
            node.start().await.expect("the broker is there");
            for _ in 0..CLIENTS {
                let client = node.connect("/").await.expect("everybody is let in");
                client.ignore("news");
                clients.push(client);
            }
            nodes.push(node);
        }
        Self { nodes, clients }
    }

    /// The members of a room: one at a node, and one at the next.
    fn members(&self, room: usize) -> [&TestClient; 2] {
        [room, room + 1].map(|place| {
            let (node, client) = (place % NODES, place / NODES % CLIENTS);
            &self.clients[node * CLIENTS + client]
        })
    }

    /// Waits until everybody has all that was sent.
    async fn flush(&self) {
        for node in &self.nodes {
            node.emit("flush", &()).await.expect("a broadcast cannot fail");
            for client in &self.clients {
                client.next::<()>("flush").await;
            }
        }
    }

    fn sent(&self) -> u64 {
        self.nodes.iter().map(|node| node.cluster().expect("an adapter").status().counts.sent).sum()
    }

    async fn broadcast(&self, rooms: usize) -> Duration {
        let begin = Instant::now();
        for number in 0..BROADCASTS {
            let room = self.nodes[number % NODES].to(name(number * 7_919 % rooms));
            room.emit("news", &number).await.expect("a broadcast cannot fail");
            if number % BURST == 0 {
                tokio::task::yield_now().await;
            }
        }
        self.flush().await;
        begin.elapsed()
    }
}

fn name(room: usize) -> String {
    format!("room-{room:06}")
}

/// Bytes of memory of this process.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is told");
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes << 10
}

#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "that is its purpose")]
async fn main() {
    println!("  rooms   join, ns   leave, ns   messages   broadcast, ns");
    for rooms in ROOMS {
        let cluster = Cluster::start().await;
        cluster.broadcast(rooms).await;
        let (bytes, sent) = (resident(), cluster.sent());
        let begin = Instant::now();
        for room in 0..rooms {
            for member in cluster.members(room) {
                member.socket().join(name(room)).await.expect("it is connected");
            }
        }
        let joined = begin.elapsed();
        let (bytes, sent) = (resident().saturating_sub(bytes), cluster.sent() - sent);
        let broadcast = cluster.broadcast(rooms).await;
        let begin = Instant::now();
        for room in 0..rooms {
            for member in cluster.members(room) {
                member.socket().leave(name(room)).await.expect("it is connected");
            }
        }
        let left = begin.elapsed();
        let each = |time: Duration, count: usize| time.as_nanos() / count as u128;
        println!(
            "{rooms:7} {:10} {:11} {sent:10} {:15}",
            each(joined, 2 * rooms),
            each(left, 2 * rooms),
            each(broadcast, BROADCASTS),
        );
        if rooms == ROOMS[0] {
            println!("        {} bytes for each room of a node", bytes / (2 * rooms as u64));
        }
    }
}
