//! Faults of Redis, and what becomes of the events of three nodes. Numbers are those of the table of faults in the
//! design.

use std::time::Duration;

use sio_cluster::protocol::broadcast::Target;
use sio_cluster::protocol::members::Why;
use sio_cluster::protocol::message::{Query, Selection};
use sio_cluster::{ClusterEvent, LossCause};
use tokio::time::{Instant, sleep};

use crate::proxy::Proxy;
use crate::redis::{Redis, options};
use crate::support::{Node, eventually, is_down, is_node_down, is_up};

const EVERY: Duration = Duration::from_millis(10);

/// The limit for something that should take a tenth of it: the machine may be busy.
const SOON: Duration = Duration::from_secs(1);

async fn three(redis: &Redis) -> [Node; 3] {
    Node::all(["a", "b", "c"].map(|name| redis.options(name))).await
}

/// Every node sends one number after the other, for this long. Returns how long a call took at most: nobody may wait for
/// the broker.
async fn talk(nodes: &[Node], time: Duration) -> Duration {
    let mut longest = Duration::ZERO;
    let end = Instant::now() + time;
    let mut ticks = tokio::time::interval(EVERY);
    while Instant::now() < end {
        ticks.tick().await;
        for node in nodes {
            let began = Instant::now();
            node.send();
            longest = longest.max(began.elapsed());
        }
    }
    longest
}

/// Waits until every node has all of the others, once and in order, and returns how much was lost.
async fn settle(nodes: &[Node]) -> u64 {
    let mut lost = 0;
    for receiver in nodes {
        for sender in nodes.iter().filter(|sender| sender.sender != receiver.sender) {
            lost += receiver.has_all_of(sender).await;
        }
        assert_eq!(receiver.cluster.status().counts.lost, receiver.journal.lost());
    }
    lost
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_1_redis_is_killed_and_comes_back() {
    let mut redis = Redis::start().await;
    let nodes = three(&redis).await;
    for (round, away) in [100, 700, 3000].into_iter().enumerate() {
        talk(&nodes, Duration::from_millis(500)).await;
        redis.kill();
        let killed = Instant::now();
        let longest = talk(&nodes, Duration::from_millis(away)).await;
        assert!(longest < Duration::from_millis(100), "{longest:?}");
        redis.run().await;
        let back = Instant::now();
        talk(&nodes, Duration::from_secs(2)).await;
        assert_eq!(settle(&nodes).await, 0, "away for {away} ms");
        for node in &nodes {
            assert_eq!((node.journal.count(is_down), node.journal.count(is_up)), (round + 1, round + 2));
            assert_eq!(node.journal.count(is_node_down), 0);
            let noticed = node.journal.last(is_down).expect("it was noticed") - killed;
            assert!(noticed < SOON, "{noticed:?}");
            let first = {
                let entries = node.journal.read();
                entries.news.iter().map(|(.., at)| *at).find(|at| *at > back).expect("an event") - back
            };
            assert!(first < 3 * SOON, "{first:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_2_redis_is_away_for_longer_than_is_held() {
    let mut redis = Redis::start().await;
    let nodes = three(&redis).await;
    talk(&nodes, Duration::from_millis(500)).await;
    // Nothing is under way when it is killed: of that the sender cannot know whether it has arrived.
    settle(&nodes).await;
    redis.kill();
    talk(&nodes, Duration::from_secs(8)).await;
    redis.run().await;
    talk(&nodes, Duration::from_secs(2)).await;
    settle(&nodes).await;
    for sender in &nodes {
        let dropped = sender.cluster.status().counts.held_dropped;
        assert!(dropped > 50, "{dropped}");
        for receiver in nodes.iter().filter(|receiver| receiver.sender != sender.sender) {
            assert_eq!(sender.sent() - receiver.journal.numbers(sender.sender).len() as u64, dropped);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_3_redis_stands_still() {
    let redis = Redis::start().await;
    let nodes = three(&redis).await;
    talk(&nodes, Duration::from_millis(500)).await;
    redis.signal("-STOP");
    talk(&nodes, Duration::from_millis(1500)).await;
    redis.signal("-CONT");
    talk(&nodes, Duration::from_secs(1)).await;
    assert_eq!(settle(&nodes).await, 0);
    assert!(nodes.iter().all(|node| node.journal.count(is_down) == 0));
    let stopped = Instant::now();
    redis.signal("-STOP");
    talk(&nodes, Duration::from_millis(4500)).await;
    redis.signal("-CONT");
    talk(&nodes, Duration::from_secs(3)).await;
    assert_eq!(settle(&nodes).await, 0);
    for node in &nodes {
        let noticed = (node.journal.last(is_down).expect("it was noticed") - stopped).as_secs_f64();
        assert!((3.0..4.5).contains(&noticed), "{noticed}");
        assert_eq!(node.journal.count(is_node_down), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_4_the_connection_of_one_node_is_cut() {
    let redis = Redis::start().await;
    let a = Node::start(redis.options("a")).await;
    let others = redis.clients().await;
    let b = Node::start(redis.options("b")).await;
    let of_b =
        redis.clients().await.into_iter().find(|id| !others.contains(id)).expect("the connection of b");
    let c = Node::start(redis.options("c")).await;
    let nodes = [a, b, c];
    for node in &nodes {
        node.knows(2).await;
    }
    talk(&nodes, Duration::from_millis(500)).await;
    redis.command(&format!("CLIENT KILL ID {of_b}")).await;
    talk(&nodes, Duration::from_secs(1)).await;
    settle(&nodes).await;
    assert_eq!((nodes[1].journal.count(is_down), nodes[1].journal.count(is_up)), (1, 2));
    for other in [&nodes[0], &nodes[2]] {
        assert_eq!(
            (other.journal.count(is_down), other.journal.count(is_node_down), other.journal.lost()),
            (0, 0, 0)
        );
    }
    let away = nodes[1].journal.last(is_up).expect("up") - nodes[1].journal.last(is_down).expect("down");
    assert!(away < SOON, "{away:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_redis_is_emptied() {
    let redis = Redis::start().await;
    let nodes = three(&redis).await;
    talk(&nodes, Duration::from_millis(300)).await;
    redis.command("FLUSHALL").await;
    talk(&nodes, Duration::from_millis(300)).await;
    assert_eq!(settle(&nodes).await, 0);
    assert!(nodes.iter().all(|node| node.journal.count(is_down) == 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_6_redis_cuts_a_node_that_reads_nothing() {
    let redis = Redis::start().await;
    assert!(redis.command("CONFIG SET client-output-buffer-limit 'pubsub 1mb 0 0'").await.starts_with("+OK"));
    let proxy = Proxy::to(redis.port).await;
    let [a, b] = Node::all([redis.options("a"), options(proxy.port, "b")]).await;
    proxy.hold(false, true);
    // Much more than all buffers on the way take.
    for _ in 0..400 {
        a.send_to(Target::everybody(), false, 100 << 10);
        a.cluster.ready().await;
        sleep(Duration::from_millis(5)).await;
    }
    proxy.hold(false, false);
    eventually("the cut and the return of b", || b.journal.count(is_up) == 2).await;
    a.send();
    let lost = b.has_all_of(&a).await;
    assert!(lost > 0);
    assert_eq!(
        (b.journal.lost(), a.journal.count(is_node_down), b.journal.count(is_node_down)),
        (lost, 0, 0)
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_9_a_node_leaves() {
    let redis = Redis::start().await;
    let [a, b, c] = three(&redis).await;
    let last = b.send();
    let began = Instant::now();
    b.cluster.close(None).await;
    for node in [&a, &c] {
        node.knows(1).await;
        let left = ClusterEvent::NodeDown { node: b.cluster.me(), why: Why::Left };
        assert_eq!(node.journal.count(|event| *event == left), 1);
        assert!(node.journal.last(|event| *event == left).expect("it left") - began < SOON);
        assert_eq!(node.journal.numbers(b.sender), [last]);
    }
    let began = Instant::now();
    let gathered = a.cluster.request(Query::Count(Selection::default())).await.expect("small");
    assert!(gathered.missing.is_empty() && gathered.items.len() == 1 && began.elapsed() < SOON);
}

/// Lets one direction between b and Redis stand still for six seconds.
async fn black_hole(to: bool, from: bool) {
    let redis = Redis::start().await;
    let proxy = Proxy::to(redis.port).await;
    let nodes = Node::all([redis.options("a"), options(proxy.port, "b")]).await;
    talk(&nodes, Duration::from_millis(500)).await;
    let began = Instant::now();
    proxy.hold(to, from);
    talk(&nodes, Duration::from_secs(6)).await;
    proxy.hold(false, false);
    talk(&nodes, Duration::from_secs(3)).await;
    settle(&nodes).await;
    let [a, b] = nodes;
    let noticed =
        (b.journal.read().events.iter().find(|(event, _)| is_down(event)).expect("it was noticed").1 - began)
            .as_secs_f64();
    assert!(noticed < 4.5, "{noticed}");
    assert_eq!(a.journal.numbers(b.sender).len() as u64, b.sent(), "all of b's have arrived");
    assert_eq!((a.journal.count(is_node_down), b.journal.count(is_node_down)), (0, 0));
    assert_eq!(a.journal.count(is_down), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_11_nothing_passes_from_a_node_to_redis() {
    black_hole(true, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_11_nothing_passes_from_redis_to_a_node() {
    black_hole(false, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_12_two_clusters_on_one_redis() {
    let redis = Redis::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| redis.options(name).prefix("x"))).await;
    let [c, d] = Node::all(["c", "d"].map(|name| redis.options(name).prefix("y"))).await;
    for node in [&a, &b, &c, &d] {
        node.send();
    }
    for (one, other) in [(&a, &b), (&b, &a), (&c, &d), (&d, &c)] {
        one.has_all_of(other).await;
        assert_eq!(one.journal.read().news.len(), 1, "nothing of the other cluster");
    }
    let channels = redis.command("PUBSUB CHANNELS").await;
    let mut names: Vec<&str> = channels.lines().filter(|line| line.contains('.')).collect();
    names.sort_unstable();
    let mut expected = vec!["x.a".to_owned(), "y.a".to_owned()];
    expected.extend([&a, &b].map(|node| format!("x.x.{}", node.cluster.me())));
    expected.extend([&c, &d].map(|node| format!("y.x.{}", node.cluster.me())));
    expected.sort_unstable();
    assert_eq!(names, expected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_13_others_publish_garbage() {
    let redis = Redis::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| redis.options(name))).await;
    let mut garbage: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; usize::from(n) * 3]).collect();
    garbage.push(b"s2 another major version of a frame".to_vec());
    garbage.push(b"\x93\xa6uid123\x83\xa4type\x02".to_vec());
    let count = garbage.len() as u64;
    let own = format!("sio.x.{}", b.cluster.me());
    for bytes in garbage {
        redis.publish("sio.a", &bytes).await;
        redis.publish(&own, &bytes).await;
    }
    a.send();
    assert_eq!(b.has_all_of(&a).await, 0);
    let counts = b.cluster.status().counts;
    assert_eq!((counts.malformed, counts.lost, b.cluster.nodes().len()), (2 * count, 0, 1));
    assert_eq!(b.journal.read().news.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn fault_14_what_arrives_is_not_received() {
    let redis = Redis::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| redis.options(name))).await;
    b.journal.hold(true);
    a.send();
    // More than the sink takes while its receiver is held.
    for _ in 0..220 {
        a.send_to(Target::everybody(), false, 256 << 10);
        a.cluster.ready().await;
    }
    eventually("that some had no room", || b.cluster.status().counts.sink_dropped > 0).await;
    eventually("that all were sent", || a.cluster.status().waiting == 0).await;
    b.journal.hold(false);
    a.send();
    let lost = b.has_all_of(&a).await;
    let counts = b.cluster.status().counts;
    assert!(lost > 0);
    assert_eq!((counts.lost, counts.sink_dropped, b.journal.lost()), (lost, lost, lost));
    let gaps = b.journal.count(|event| matches!(event, ClusterEvent::Lost { cause: LossCause::Gap, .. }));
    assert_eq!((gaps, b.journal.count(is_down)), (0, 0));
}
