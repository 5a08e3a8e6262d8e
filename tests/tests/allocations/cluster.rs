//! The memory of several nodes: what a broadcast allocates for the others, and what rooms by the thousand keep, cost in
//! messages, and add to a broadcast: nothing.

use std::ops::Range;

use allocation_counter::{AllocationInfo, measure};
use sio::Builder;
use sio::cluster::Adapter;
use sio::prelude::*;
use sio::testing::{MemoryBroker, TestClient, TestServer as InMemory};
use sio_tests::deadline::soon;
use sio_tests::{Endpoint, TestServer};
use tokio::runtime::Runtime;

use super::{Chat, Echo, NOW_AND_THEN, assert_allocations_of, publish, room, runtime};

/// As many as the tables have places for when they have grown the last time, so that no memory is spare.
const ROOMS: usize = 7 << 10;

/// How many bytes a room with one member in it may keep, within three percent: its name of nine bytes, the member's place
/// in it, and its place among the rooms of the namespace and of the member.
const ROOM_BYTES: i64 = 273;

/// Broadcasts that are measured.
const BROADCASTS: u64 = 50;

/// Messages by which nodes say that they are alive, in the longest time that a test may take.
const HEARTBEATS: u64 = 100;

#[derive(Default)]
struct Silent;

#[consumer]
impl Silent {}

/// Three nodes, and a client of each.
struct Trio {
    runtime: Runtime,
    nodes: Vec<InMemory>,
    clients: Vec<TestClient>,
}

impl Trio {
    fn start() -> Self {
        let runtime = runtime();
        let (nodes, clients) = runtime.block_on(async {
            let (broker, mut nodes, mut clients) = (MemoryBroker::new(), Vec::new(), Vec::new());
            for name in ["a", "b", "c"] {
                let server = Server::builder().collect(false).consumer::<Silent>();
                let server = server.adapter(Adapter::custom(broker.bus(name)).name(name)).build();
                let node = InMemory::new(server.expect("the server can be built"));
                node.start().await.expect("the broker is there");
                clients.push(node.connect("/").await.expect("everybody is let in"));
                nodes.push(node);
            }
            (nodes, clients)
        });
        let trio = Self { runtime, nodes, clients };
        trio.measure(async || trio.flush().await);
        trio
    }

    /// Counts the allocations of all nodes while this is done, and the others have received it.
    fn measure(&self, done: impl AsyncFnOnce()) -> AllocationInfo {
        measure(|| {
            self.runtime.block_on(async {
                done().await;
                self.flush().await;
            });
        })
    }

    /// Waits until every node has received all that the others have sent.
    async fn flush(&self) {
        for node in &self.nodes {
            node.emit("flush", &()).await.expect("a broadcast cannot fail");
            for client in &self.clients {
                client.next::<()>("flush").await;
            }
        }
    }

    /// The first client joins rooms of these numbers, one after the other.
    async fn join(&self, numbers: Range<usize>) {
        for number in numbers {
            self.clients[0].socket().join(name(number)).await.expect("it is connected");
        }
    }

    async fn leave(&self, numbers: Range<usize>) {
        for number in numbers {
            self.clients[0].socket().leave(name(number)).await.expect("it is connected");
        }
    }

    /// How many frames all nodes have sent.
    fn sent(&self) -> u64 {
        self.nodes.iter().map(|node| node.cluster().expect("an adapter").status().counts.sent).sum()
    }

    /// Allocations for each broadcast of a node to this room, at all three.
    fn broadcast(&self, from: usize, room: &str) -> f64 {
        let talk = async || {
            for number in 0..BROADCASTS {
                self.nodes[from].to(room).emit("news", &number).await.expect("a broadcast cannot fail");
                // One by one: what goes together would be cheaper by chance.
                self.flush().await;
            }
        };
        self.measure(talk);
        self.measure(talk).count_total as f64 / BROADCASTS as f64
    }
}

fn name(number: usize) -> String {
    format!("room{number:05}")
}

/// The same, though it is asked whether there are other nodes.
#[test]
fn a_broadcast_costs_no_more_in_a_cluster_of_one() {
    let alone =
        |builder: Builder| builder.consumer::<Echo>().adapter(Adapter::custom(MemoryBroker::new().bus("a")));
    assert_allocations_of(
        alone,
        9.0,
        async |endpoint| room(endpoint, 16).await,
        async |clients| publish(clients).await,
    );
}

/// The frame for the other nodes, in the task that emits.
#[test]
fn a_broadcast_costs_one_allocation_for_all_other_nodes() {
    runtime().block_on(async {
        let broker = MemoryBroker::new();
        let start = async |name: &str| {
            let adapter = Adapter::custom(broker.bus(name));
            let server = TestServer::start(|builder| builder.consumer::<Echo>().adapter(adapter)).await;
            server.handle().start().await.expect("the broker is there");
            server
        };
        let a = start("a").await;
        let _members = room(Endpoint::clone(&a), 16).await;
        let chat = Chat { text: "x".repeat(128), n: 1 };
        let emit = || {
            let used = measure(|| a.of("/").to("room").try_emit("news", &chat).expect("it can be sent"));
            used.count_total
        };
        // Nobody takes what is sent, so the queues grow; each of them once in a while.
        let usual = |counts: Vec<u64>| *counts.iter().min().expect("there are some");
        let alone = usual((0..64).map(|_| emit()).collect());
        let _b = start("b").await;
        soon("the other node", async {
            while a.handle().cluster().expect("it has an adapter").nodes().is_empty() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let beside_another = usual((0..64).map(|_| emit()).collect());
        assert_eq!(beside_another, alone + 1);
    });
}

#[test]
fn a_room_keeps_little_memory_on_one_node_and_costs_no_message() {
    let trio = Trio::start();
    let before = trio.sent();
    let used = trio.measure(async || trio.join(0..ROOMS).await);
    let each = used.bytes_current / ROOMS as i64;
    assert!(each <= ROOM_BYTES * 103 / 100, "{each} bytes for each room on all nodes together");
    let messages = trio.sent() - before;
    assert!(messages <= HEARTBEATS, "{messages} messages for {ROOMS} rooms");
}

#[test]
fn rooms_that_come_and_go_leave_nothing_behind() {
    let trio = Trio::start();
    let come_and_go = |numbers: Range<usize>| {
        trio.measure(async || {
            trio.join(numbers.clone()).await;
            trio.leave(numbers).await;
        })
    };
    // The tables keep their size; those that are less than half full do not grow for the places of what has gone.
    come_and_go(0..ROOMS);
    let rounds = (1..6).map(|round| round * ROOMS..round * ROOMS + ROOMS / 3);
    let left: Vec<_> = rounds.map(|numbers| come_and_go(numbers).bytes_current).collect();
    // Less than two bytes for each; a thousandth of what they had kept.
    assert!(
        left.iter().all(|bytes| *bytes < 2 * ROOMS as i64 / 3),
        "{left:?} bytes after {} rooms each",
        ROOMS / 3
    );
    assert_eq!(trio.nodes[0].rooms(), [""; 0]);
}

#[test]
fn a_change_of_many_rooms_for_all_sockets_is_one_message() {
    let trio = Trio::start();
    let rooms: Vec<_> = (0..1000).map(name).collect();
    trio.runtime.block_on(async {
        let before = trio.sent();
        trio.nodes[0].join(rooms.clone()).await.expect("a change cannot fail");
        trio.flush().await;
        let messages = trio.sent() - before;
        // One of each node is the flush.
        assert!(messages < 1 + 3 + HEARTBEATS, "{messages} messages");
        assert!(trio.clients.iter().all(|client| rooms.iter().all(|room| client.is_in(room))));
    });
}

#[test]
fn a_broadcast_costs_the_same_whatever_the_number_of_rooms() {
    let trio = Trio::start();
    trio.runtime.block_on(async { trio.clients[0].socket().join("den").await.expect("it is connected") });
    let measure = || [(0, "den"), (1, "den"), (0, "nowhere")].map(|(from, room)| trio.broadcast(from, room));
    let few = measure();
    trio.runtime.block_on(trio.join(0..ROOMS));
    let many = measure();
    let is_same = |(few, many): (&f64, &f64)| (few - many).abs() <= few * NOW_AND_THEN;
    assert!(few.iter().zip(&many).all(is_same), "{few:?} allocations, with {ROOMS} rooms {many:?}");
}
