//! Faults of a broker, whichever it is, and what becomes of the events of three nodes. Numbers are those of the table of
//! faults in the design.

use std::time::Duration;

use sio_cluster::protocol::broadcast::Target;
use sio_cluster::protocol::members::Why;
use sio_cluster::protocol::message::{Query, Selection};
use sio_cluster::{Address, ClusterEvent, Packet, PublishError};
use sio_core::id::Sid;
use tokio::time::Instant;

use crate::broker::Broker;
use crate::proxy::Proxy;
use crate::support::{Entries, Node, is_down, is_node_down, is_up};

const EVERY: Duration = Duration::from_millis(10);

/// The limit for something that should take a tenth of it: the machine may be busy.
const SOON: Duration = Duration::from_secs(1);

pub(crate) async fn three(broker: &impl Broker) -> [Node; 3] {
    Node::all(["a", "b", "c"].map(|name| broker.options(name))).await
}

/// Every node sends one number after the other, for this long. Returns how long a call took at most: nobody may wait for
/// the broker.
pub(crate) async fn talk(nodes: &[Node], time: Duration) -> Duration {
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
pub(crate) async fn settle(nodes: &[Node]) -> u64 {
    let mut lost = 0;
    for receiver in nodes {
        for sender in nodes.iter().filter(|sender| sender.sender != receiver.sender) {
            lost += receiver.has_all_of(sender).await;
        }
        assert_eq!(receiver.cluster.status().counts.lost, receiver.journal.lost());
    }
    lost
}

pub(crate) async fn fault_1_it_is_killed_and_comes_back<B: Broker>() {
    let mut broker = B::alone().await;
    let nodes = ["a", "b", "c"].map(|name| broker.options(name).hold(B::HOLD, 64 << 20));
    let nodes = Node::all(nodes).await;
    for (round, away) in B::AWAY.iter().copied().enumerate() {
        talk(&nodes, Duration::from_millis(500)).await;
        broker.kill();
        let killed = Instant::now();
        let longest = talk(&nodes, Duration::from_millis(away)).await;
        assert!(longest < Duration::from_millis(100), "{longest:?}");
        broker.run().await;
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

pub(crate) async fn fault_2_it_is_away_for_longer_than_is_held<B: Broker>() {
    let mut broker = B::alone().await;
    let nodes = three(&broker).await;
    talk(&nodes, Duration::from_millis(500)).await;
    // Nothing is under way when it is killed: of that the sender cannot know whether it has arrived.
    settle(&nodes).await;
    broker.kill();
    talk(&nodes, Duration::from_secs(8)).await;
    broker.run().await;
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

pub(crate) async fn fault_3_it_stands_still<B: Broker>() {
    let broker = B::alone().await;
    let nodes = three(&broker).await;
    talk(&nodes, Duration::from_millis(500)).await;
    broker.signal("-STOP");
    talk(&nodes, Duration::from_millis(1500)).await;
    broker.signal("-CONT");
    talk(&nodes, Duration::from_secs(1)).await;
    assert_eq!(settle(&nodes).await, 0);
    assert!(nodes.iter().all(|node| node.journal.count(is_down) == 0));
    let stopped = Instant::now();
    broker.signal("-STOP");
    talk(&nodes, Duration::from_millis(4500)).await;
    broker.signal("-CONT");
    talk(&nodes, Duration::from_secs(3)).await;
    assert_eq!(settle(&nodes).await, 0);
    for node in &nodes {
        let noticed = (node.journal.last(is_down).expect("it was noticed") - stopped).as_secs_f64();
        assert!((3.0..4.5).contains(&noticed), "{noticed}");
        assert_eq!(node.journal.count(is_node_down), 0);
    }
}

pub(crate) async fn fault_4_the_connection_of_one_node_is_cut<B: Broker>() {
    let broker = B::alone().await;
    let proxy = Proxy::to(broker.port()).await;
    let a = Node::start(broker.options("a")).await;
    let others = broker.connections().await;
    let b = Node::start(broker.options_at(proxy.port, "b")).await;
    let of_b = broker.connections().await.into_iter().find(|id| !others.contains(id));
    let c = Node::start(broker.options("c")).await;
    let nodes = [a, b, c];
    for node in &nodes {
        node.knows(2).await;
    }
    talk(&nodes, Duration::from_millis(500)).await;
    match of_b {
        Some(connection) => broker.close(&connection).await,
        None => proxy.cut(),
    }
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

pub(crate) async fn fault_9_a_node_leaves<B: Broker>() {
    let broker = B::start().await;
    let [a, b, c] = three(&broker).await;
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

/// Lets one direction between b and the broker stand still for six seconds.
async fn black_hole<B: Broker>(to: bool, from: bool) {
    let broker = B::start().await;
    let proxy = Proxy::to(broker.port()).await;
    let nodes = Node::all([broker.options("a"), broker.options_at(proxy.port, "b")]).await;
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

pub(crate) async fn fault_11_nothing_passes_from_a_node_to_it<B: Broker>() {
    black_hole::<B>(true, false).await;
}

pub(crate) async fn fault_11_nothing_passes_from_it_to_a_node<B: Broker>() {
    black_hole::<B>(false, true).await;
}

pub(crate) async fn fault_12_two_clusters_on_one<B: Broker>() {
    let broker = B::start().await;
    let with = |suffix: &'static str| {
        let prefix = broker.prefix() + suffix;
        ["a", "b"].map(|name| broker.options(name).prefix(&*prefix))
    };
    let [a, b] = Node::all(with("")).await;
    // One that is a part of the other.
    let [c, d] = Node::all(with(".x")).await;
    for node in [&a, &b, &c, &d] {
        node.send();
    }
    for (one, other) in [(&a, &b), (&b, &a), (&c, &d), (&d, &c)] {
        one.has_all_of(other).await;
        assert_eq!(one.journal.read().news.len(), 1, "nothing of the other cluster");
    }
}

pub(crate) async fn fault_13_others_publish_garbage<B: Broker>() {
    let broker = B::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| broker.options(name))).await;
    let mut garbage: Vec<Vec<u8>> = (0..100_u8).map(|n| vec![n; usize::from(n) * 3]).collect();
    garbage.push(b"s2 another major version of a frame".to_vec());
    garbage.push(b"\x93\xa6uid123\x83\xa4type\x02".to_vec());
    let count = garbage.len() as u64;
    let (all, own) = (format!("{}.a", broker.prefix()), format!("{}.x.{}", broker.prefix(), b.cluster.me()));
    for bytes in garbage {
        broker.publish(&all, &bytes).await;
        broker.publish(&own, &bytes).await;
    }
    a.send();
    assert_eq!(b.has_all_of(&a).await, 0);
    let counts = b.cluster.status().counts;
    assert_eq!((counts.malformed, counts.lost, b.cluster.nodes().len()), (2 * count, 0, 1));
    assert_eq!(b.journal.read().news.len(), 1);
}

pub(crate) async fn what_goes_to_all_and_to_one_node_stays_in_order<B: Broker>() {
    let broker = B::start().await;
    let [a, b, c] = three(&broker).await;
    let of_b: Sid = b.cluster.owner().make([7; 9]);
    for number in 0..501 {
        let rooms = [of_b.as_str().into()].into_iter().collect();
        let to_one = Target { is_limited: true, rooms, ..Target::everybody() };
        let target = if number % 3 == 0 { Target::everybody() } else { to_one };
        a.send_to(target, false, number % 7 * 100);
    }
    assert_eq!(b.has_all_of(&a).await, 0);
    let is_complete = |entries: &Entries| entries.news.len() == 167;
    c.journal.until("what goes to all", is_complete).await;
    assert!(c.journal.numbers(a.sender).iter().all(|number| number % 3 == 0), "what is for b is not for c");
}

pub(crate) async fn frames_of_all_sizes_arrive_and_larger_ones_are_refused<B: Broker>() {
    let broker = B::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| broker.options(name))).await;
    let too_large = Packet::new(vec![0; 64 << 20].into());
    let address = Address { path: "/", target: Target::everybody() };
    let Err(PublishError::TooLarge { limit, .. }) = a.cluster.publish(&address, &too_large) else {
        panic!("it is too large");
    };
    // Around the limits of messages of brokers, up to nearly that of frames.
    for size in [5_900, 5_980, 5_990, 6_000, 8_000, 65_535, 131_072, 1_048_500, 1_048_576, limit - 1_000] {
        a.send_to(Target::everybody(), false, size);
        // Small ones in between, which must not overtake.
        a.send();
        a.cluster.ready().await;
    }
    assert_eq!(b.has_all_of(&a).await, 0);
    assert_eq!((b.journal.count(is_down), a.journal.count(is_down)), (0, 0));
    assert_eq!(b.cluster.status().counts.malformed, 0);
}
