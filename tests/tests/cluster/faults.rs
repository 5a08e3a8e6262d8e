//! The faults of the design's table, for servers with clients over a real Redis that is killed, paused, cut off and held
//! up. Numbers are those of the table. The same faults below servers are in the tests of `sio-cluster`.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sio::Builder;
use sio::cluster::{Adapter, ClusterEvent, Counts};
use sio_tests::app::Plain;
use sio_tests::{Endpoint, Received, TestServer};
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep};

use crate::proxy::Proxy;
use crate::redis::{Redis, url};
use crate::support::{eventually, knows};

const EVERY: Duration = Duration::from_millis(10);

/// How long the server's own clients may wait, and how long a thing may take that is done at once, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(1);

/// More than a client of these tests is ever owed.
const QUEUE: usize = 128 << 20;

/// An event: its sender, its number, and when it came.
type Tick = (String, u32, Instant);

/// A node with one client, and all that happens to them.
struct Node {
    name: &'static str,
    server: TestServer,
    happened: Arc<Mutex<Vec<(ClusterEvent, Instant)>>>,
    ticks: Arc<Mutex<Vec<Tick>>>,
    /// When each of its own events was made.
    made: Mutex<Vec<Instant>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Node {
    async fn start(name: &'static str, port: u16) -> Self {
        Self::with(name, port, |builder| builder).await
    }

    async fn with(name: &'static str, port: u16, configure: impl Fn(Builder) -> Builder) -> Self {
        let happened: Arc<Mutex<Vec<_>>> = Arc::default();
        let noted = Arc::clone(&happened);
        let server = TestServer::start(|builder| {
            configure(builder)
                .consumer::<Plain>()
                .outgoing_queue_bytes(QUEUE)
                .adapter(Adapter::redis(&url(port)).name(name))
                .on_cluster(move |event| lock(&noted).push((event.clone(), Instant::now())))
        })
        .await;
        server.handle().start().await.expect("redis is there");
        let ticks: Arc<Mutex<Vec<_>>> = Arc::default();
        let (joined, has_joined) = oneshot::channel();
        let (endpoint, read_ticks) = (Endpoint::new(server.address), Arc::clone(&ticks));
        // It ends with the server. On a thread of its own, so that it measures the server and not the test.
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(read(endpoint, joined, read_ticks));
        });
        has_joined.await.expect("the client is let in");
        Self { name, server, happened, ticks, made: Mutex::default() }
    }

    /// Three nodes that know each other.
    async fn three(redis: &Redis) -> [Self; 3] {
        let [a, b, c] = ["a", "b", "c"].map(|name| Self::start(name, redis.port));
        let nodes = [a.await, b.await, c.await];
        for node in &nodes {
            knows(node.server.handle(), 2).await;
        }
        nodes
    }

    /// Sends the next number to everybody, with so many bytes beside it.
    async fn send(&self, bytes: usize) {
        let number = {
            let mut made = lock(&self.made);
            made.push(Instant::now());
            made.len() - 1
        };
        let event = (self.name, number, "x".repeat(bytes));
        self.server.handle().emit("tick", &event).await.expect("it is no error that Redis is gone");
    }

    fn sent(&self) -> usize {
        lock(&self.made).len()
    }

    /// Those that its client has of a sender, once and in order.
    fn numbers(&self, sender: &Self) -> Vec<(u32, Instant)> {
        let ticks = lock(&self.ticks);
        let of = ticks.iter().filter(|(name, ..)| name == sender.name).map(|(_, number, at)| (*number, *at));
        let numbers: Vec<_> = of.collect();
        assert!(numbers.is_sorted_by(|one, next| one.0 < next.0), "{}: once and in order", self.name);
        numbers
    }

    /// Waits for the last event of a sender, and returns how many its client has missed.
    async fn missed(&self, sender: &Self) -> u64 {
        let last = sender.sent() as u32 - 1;
        let has_last = || self.numbers(sender).last().is_some_and(|(number, _)| *number == last);
        eventually(&format!("the last event of {} at {}", sender.name, self.name), has_last).await;
        (sender.sent() - self.numbers(sender).len()) as u64
    }

    fn counts(&self) -> Counts {
        self.server.handle().cluster().expect("an adapter").status().counts
    }

    /// How often something has happened, and when for the last time.
    fn happened(&self, what: impl Fn(&ClusterEvent) -> bool) -> (usize, Option<Instant>) {
        let happened = lock(&self.happened);
        let mut times = happened.iter().filter(|(event, _)| what(event)).map(|(_, at)| *at);
        let last = times.clone().next_back();
        (times.by_ref().count(), last)
    }

    /// The events of others that were told to be lost here.
    fn told_lost(&self) -> u64 {
        let of = |(event, _): &(ClusterEvent, _)| match event {
            ClusterEvent::Lost { frames, .. } => *frames,
            _ => 0,
        };
        lock(&self.happened).iter().map(of).sum()
    }

    /// Its own client has had everything, and at once.
    async fn own_client_noticed_nothing(&self) {
        assert_eq!(self.missed(self).await, 0, "{}", self.name);
        let (made, own) = (lock(&self.made).clone(), self.numbers(self));
        assert_eq!(own.len(), made.len());
        let latest = made.iter().zip(&own).map(|(made, (_, came))| came.duration_since(*made)).max();
        assert!(latest < Some(AT_ONCE), "{}: {latest:?}", self.name);
    }

    /// Nothing has happened to it but that it has come up and met others.
    fn noticed_nothing(&self) {
        assert_eq!((self.happened(is_down).0, self.happened(is_node_down).0, self.told_lost()), (0, 0, 0));
    }
}

/// Reads the events of a client, and answers pings.
async fn read(endpoint: Endpoint, joined: oneshot::Sender<()>, ticks: Arc<Mutex<Vec<Tick>>>) {
    let mut client = endpoint.socket("/").await;
    joined.send(()).expect("it is waited for");
    loop {
        let Received::Text(text) = client.receive().await else { return };
        let Some(rest) = text.strip_prefix(r#"42["tick",""#) else {
            client.send("3").await;
            continue;
        };
        let (sender, rest) = rest.split_once(r#"","#).expect("a sender");
        let (number, _) = rest.split_once(',').expect("a number");
        let tick = (sender.to_owned(), number.parse().expect("a number"), Instant::now());
        lock(&ticks).push(tick);
    }
}

fn is_down(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::BusDown { .. })
}

fn is_up(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::BusUp { .. })
}

fn is_node_down(event: &ClusterEvent) -> bool {
    matches!(event, ClusterEvent::NodeDown { .. })
}

/// These nodes send numbers for a while. It is the broker that is given the time: a real one has no other clock.
async fn talk(nodes: &[Node], time: Duration) {
    let end = Instant::now() + time;
    while Instant::now() < end {
        for node in nodes {
            node.send(0).await;
        }
        sleep(EVERY).await;
    }
}

/// Waits until each client has the last event of each node, and returns how many are missing in all.
async fn settle(nodes: &[Node]) -> u64 {
    let mut missed = 0;
    for node in nodes {
        node.own_client_noticed_nothing().await;
        for sender in nodes.iter().filter(|sender| sender.name != node.name) {
            missed += node.missed(sender).await;
        }
        assert_eq!(node.counts().lost, node.told_lost(), "{}", node.name);
    }
    missed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_1_redis_is_killed_three_times_and_clients_miss_nothing() {
    let mut redis = Redis::start().await;
    let nodes = Node::three(&redis).await;
    for (round, away) in [100, 700, 3000].into_iter().enumerate() {
        talk(&nodes, Duration::from_millis(300)).await;
        redis.kill();
        let killed = Instant::now();
        talk(&nodes, Duration::from_millis(away)).await;
        redis.run().await;
        let back = Instant::now();
        talk(&nodes, Duration::from_secs(1)).await;
        assert_eq!(settle(&nodes).await, 0, "away for {away} ms");
        for node in &nodes {
            let (downs, noticed) = node.happened(is_down);
            assert_eq!(
                (downs, node.happened(is_up).0, node.happened(is_node_down).0),
                (round + 1, round + 2, 0)
            );
            assert!(noticed.expect("it was noticed") - killed < AT_ONCE);
            let others = nodes.iter().filter(|sender| sender.name != node.name);
            let first = others
                .flat_map(|sender| node.numbers(sender))
                .map(|(_, at)| at)
                .filter(|at| *at > back)
                .min();
            assert!(first.expect("an event") - back < 3 * AT_ONCE);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_3_redis_stands_still_and_clients_miss_nothing() {
    let redis = Redis::start().await;
    let nodes = Node::three(&redis).await;
    redis.signal("-STOP");
    talk(&nodes, Duration::from_millis(1500)).await;
    redis.signal("-CONT");
    talk(&nodes, Duration::from_millis(500)).await;
    assert_eq!(settle(&nodes).await, 0);
    nodes.iter().for_each(Node::noticed_nothing);

    let stopped = Instant::now();
    redis.signal("-STOP");
    talk(&nodes, Duration::from_millis(4500)).await;
    redis.signal("-CONT");
    let back = Instant::now();
    for node in &nodes {
        eventually("the broker to be back", || node.happened(is_up).0 == 2).await;
        assert!(node.happened(is_up).1.expect("it is up") - back < 3 * AT_ONCE);
    }
    talk(&nodes, Duration::from_millis(500)).await;
    assert_eq!(settle(&nodes).await, 0);
    for node in &nodes {
        let noticed = (node.happened(is_down).1.expect("it was noticed") - stopped).as_secs_f64();
        assert!((3.0..4.5).contains(&noticed), "{noticed}");
        assert_eq!(node.happened(is_node_down).0, 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_4_the_connection_of_one_node_is_cut_and_only_its_client_misses_something() {
    let redis = Redis::start().await;
    let a = Node::start("a", redis.port).await;
    let others = redis.clients().await;
    let b = Node::start("b", redis.port).await;
    let of_b =
        redis.clients().await.into_iter().find(|id| !others.contains(id)).expect("the connection of b");
    let nodes = [a, b, Node::start("c", redis.port).await];
    for node in &nodes {
        knows(node.server.handle(), 2).await;
    }
    talk(&nodes, Duration::from_millis(300)).await;
    redis.command(&format!("CLIENT KILL ID {of_b}")).await;
    talk(&nodes, Duration::from_secs(1)).await;
    settle(&nodes).await;
    let [a, b, c] = nodes;
    let missed = b.missed(&a).await + b.missed(&c).await;
    assert_eq!(missed, b.told_lost());
    assert_eq!(a.missed(&b).await + c.missed(&b).await, 0, "all of its own have arrived");
    a.noticed_nothing();
    c.noticed_nothing();
    let away = b.happened(is_up).1.expect("it is up") - b.happened(is_down).1.expect("it was down");
    assert!(away < AT_ONCE, "{away:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_6_redis_cuts_a_node_that_reads_nothing_and_its_client_misses_what_it_counts() {
    let redis = Redis::start().await;
    assert!(redis.command("CONFIG SET client-output-buffer-limit 'pubsub 1mb 0 0'").await.starts_with("+OK"));
    let proxy = Proxy::to(redis.port).await;
    let [a, b] = [Node::start("a", redis.port).await, Node::start("b", proxy.port).await];
    knows(a.server.handle(), 1).await;
    knows(b.server.handle(), 1).await;
    proxy.hold(false, true);
    // Much more than all buffers on the way take.
    for _ in 0..300 {
        a.send(100 << 10).await;
        // At a rate that Redis passes on to those who read: it is to cut off the other for its backlog alone.
        sleep(EVERY / 2).await;
    }
    proxy.hold(false, false);
    eventually("the cut and the return of b", || b.happened(is_up).0 == 2).await;
    a.send(0).await;
    let missed = b.missed(&a).await;
    assert!(missed > 0);
    assert_eq!((missed, missed), (b.told_lost(), b.counts().lost));
    assert_eq!((a.happened(is_node_down).0, b.happened(is_node_down).0), (0, 0));
    a.own_client_noticed_nothing().await;
}

/// Lets one direction between b and Redis stand still for six seconds.
async fn black_hole(to: bool, from: bool) {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.port).await;
    let nodes = [Node::start("a", redis.port).await, Node::start("b", proxy.port).await];
    for node in &nodes {
        knows(node.server.handle(), 1).await;
    }
    talk(&nodes, Duration::from_millis(300)).await;
    let began = Instant::now();
    proxy.hold(to, from);
    talk(&nodes, Duration::from_secs(6)).await;
    proxy.hold(false, false);
    eventually("the return of b", || nodes[1].happened(is_up).0 >= 2).await;
    talk(&nodes, Duration::from_secs(1)).await;
    settle(&nodes).await;
    let [a, b] = nodes;
    let first = lock(&b.happened).iter().find(|(event, _)| is_down(event)).expect("it was noticed").1;
    assert!(first - began < Duration::from_millis(4800), "{:?}", first - began);
    assert_eq!(a.missed(&b).await, 0, "what b has sent is held and arrives");
    assert_eq!(b.missed(&a).await, b.told_lost());
    assert_eq!((a.happened(is_node_down).0, b.happened(is_node_down).0), (0, 0));
    assert_eq!(a.happened(is_down).0, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_11_nothing_passes_from_a_node_to_redis() {
    black_hole(true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_11_nothing_passes_from_redis_to_a_node() {
    black_hole(false, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn fault_14_what_arrives_is_not_received_and_no_more_is_kept_than_may_be() {
    const SIZE: usize = 256 << 10;
    let redis = Redis::start().await;
    let gate = Arc::new((Mutex::new(true), Condvar::new()));
    let held = Arc::clone(&gate);
    let [a, b] = [
        Node::start("a", redis.port).await,
        // Called on the task that receives.
        Node::with("b", redis.port, |builder| {
            let held = Arc::clone(&held);
            builder.on_server_event("hold", move |_, ()| {
                drop(held.1.wait_while(lock(&held.0), |is_held| *is_held));
                async {}
            })
        })
        .await,
    ];
    knows(a.server.handle(), 1).await;
    knows(b.server.handle(), 1).await;
    a.server.of("/").server_emit("hold", &()).await.expect("it fits");
    let before = b.numbers(&a).len();
    // More than the sink takes.
    for _ in 0..220 {
        a.send(SIZE).await;
        a.server.handle().cluster().expect("an adapter").ready().await;
    }
    eventually("that some had no room", || b.counts().sink_dropped > 0).await;
    let waiting = || a.server.handle().cluster().expect("an adapter").status().waiting;
    eventually("that all were sent", || waiting() == 0).await;
    *lock(&gate.0) = false;
    gate.1.notify_all();
    a.send(0).await;
    let missed = b.missed(&a).await;
    assert!(missed > 0);
    assert_eq!((missed, missed, missed), (b.told_lost(), b.counts().lost, b.counts().sink_dropped));
    let kept = b.numbers(&a).len() - before;
    assert!(kept * SIZE <= (32 << 20) + 4 * SIZE, "{kept} were kept");
    assert_eq!((b.happened(is_down).0, b.happened(is_node_down).0), (0, 0));
}
