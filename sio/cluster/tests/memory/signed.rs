//! Nodes that share a secret, and what is published by somebody who does not know it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sio_cluster::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use sio_cluster::protocol::broadcast::{Broadcast, Target};
use sio_cluster::protocol::frame::{Flags, Header, Kind};
use sio_cluster::protocol::signature::Secret;
use sio_cluster::{Emitter, Faults, MemoryBroker, MemoryBus, MemoryLink, NodeId, Options};
use tokio::time::sleep;

use crate::support::{Node, eventually};
use crate::{options, settle, talk};

const SECRET: &str = "the secret of a test";
const OTHER: &str = "another one of a test";

fn signed(broker: &MemoryBroker, name: &str) -> Options {
    options(broker, name).secret(SECRET)
}

/// Somebody who reads along at the broker.
#[derive(Debug, Clone)]
struct Tap {
    bus: MemoryBus,
    seen: Arc<Mutex<Vec<Frame>>>,
}

struct TapLink {
    link: MemoryLink,
    seen: Arc<Mutex<Vec<Frame>>>,
}

impl Tap {
    fn new(bus: MemoryBus) -> Self {
        Self { bus, seen: Arc::default() }
    }

    fn seen(&self) -> Vec<Frame> {
        self.seen.lock().expect("no test panics with it").clone()
    }
}

impl Bus for Tap {
    type Link = TapLink;

    fn caps(&self) -> Caps {
        self.bus.caps()
    }

    fn name(&self) -> String {
        self.bus.name()
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<TapLink, BusError> {
        Ok(TapLink { link: self.bus.connect(names, sink).await?, seen: Arc::clone(&self.seen) })
    }
}

impl Link for TapLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.link.subscribe(topics).await
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.link.unsubscribe(topics).await
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        self.seen.lock().expect("no test panics with it").extend_from_slice(frames);
        self.link.publish(frames).await
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.link.check().await
    }
}

/// An event as the next one of a node to everybody.
fn event(source: NodeId, number: u64, flags: Flags) -> Vec<u8> {
    let target = Target::everybody();
    let run = b"\x81\x0742[\"x\"]".as_slice().into();
    let event = Broadcast { path: "/", target, offset: None, run };
    let mut frame = Header { kind: Kind::Broadcast, flags, source, lane: 0, number }.begin(64);
    event.write(&mut frame);
    frame
}

/// The time of day, in microseconds.
fn stamp() -> u64 {
    let since = std::time::UNIX_EPOCH.elapsed().expect("it is after 1970");
    u64::try_from(since.as_micros()).expect("it is before the year 586,000")
}

#[tokio::test(start_paused = true)]
async fn nodes_with_a_secret_talk_as_those_without_through_every_fault() {
    let broker = MemoryBroker::with_faults(Faults {
        seed: 3,
        repeat: 0.2,
        cut: 0.002,
        delay: Duration::from_millis(30),
        ..Faults::default()
    });
    let nodes = Node::all(["a", "b", "c"].map(|name| signed(&broker, name))).await;
    let worker = Options::new(broker.bus("worker")).secret(SECRET);
    let emitter = Emitter::connect(worker).await.expect("the broker is there");
    talk(&nodes, Duration::from_secs(5)).await;
    broker.set_faults(Faults::default());
    settle(&nodes).await;
    emitter.of("/").expect("a path").emit("note", &1).expect("it is sent");
    for node in &nodes {
        node.journal
            .until("the emitter's event", |entries| {
                entries.packets.iter().any(|packet| packet.run.ends_with(b"42[\"note\",1]"))
            })
            .await;
        assert_eq!(node.cluster.status().counts.forged, 0);
        assert_eq!(node.cluster.nodes().len(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_that_is_forged_changes_anything() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| signed(&broker, name))).await;
    a.send();
    b.has_all_of(&a).await;
    let (of_a, secret) =
        (event(a.cluster.me(), 1, Flags::NONE), Secret::new(SECRET.as_bytes()).expect("long"));
    let other = Secret::new(OTHER.as_bytes()).expect("long");
    let bye = Header { kind: Kind::Bye, flags: Flags::NONE, source: a.cluster.me(), lane: 0, number: 2 };
    let bye = [&bye.begin(2)[..], b"{}"].concat();
    let right = secret.sign("sio.a", stamp(), &of_a);
    let to_b = Topic::Node(b.cluster.me());
    let forged = [
        (Topic::All, of_a.clone()),
        (Topic::All, bye.clone()),
        (Topic::All, event(NodeId::new(9), 0, Flags::EMITTER)),
        (Topic::All, other.sign("sio.a", stamp(), &of_a)),
        (Topic::All, other.sign("sio.a", stamp(), &bye)),
        (Topic::All, secret.sign("shop.a", stamp(), &of_a)),
        (Topic::All, secret.sign("sio.a", stamp() - 301_000_000, &of_a)),
        (to_b, right.clone()),
        (Topic::All, right[..right.len() - 1].to_vec()),
        (Topic::All, right[..40].to_vec()),
        (Topic::All, event(a.cluster.me(), 1, Flags::SIGNED)),
    ];
    let count = forged.len() as u64;
    for (topic, bytes) in forged {
        broker.inject("sio", &topic, bytes);
    }
    eventually("all of them", || b.cluster.status().counts.forged == count).await;
    a.send();
    assert_eq!(b.has_all_of(&a).await, 0, "they have not taken its numbers");
    assert_eq!(b.cluster.nodes(), [a.cluster.me()]);
    assert_eq!(b.journal.read().packets.len(), 2);
    let counts = b.cluster.status().counts;
    assert_eq!((counts.malformed, counts.lost, counts.repeats), (0, 0, 0));
    broker.inject("sio", &Topic::All, secret.sign("sio.a", stamp(), &event(a.cluster.me(), 2, Flags::NONE)));
    b.journal.until("one that is not forged", |entries| entries.packets.len() == 3).await;
}

#[tokio::test(start_paused = true)]
async fn what_is_shown_again_changes_nothing_even_when_its_node_has_gone() {
    let broker = MemoryBroker::new();
    let tap = Tap::new(broker.bus("a"));
    let b = Node::start(signed(&broker, "b")).await;
    let a = Node::start(Options::new(tap.clone()).name("a").secret(SECRET)).await;
    b.knows(1).await;
    for _ in 0..50 {
        a.send();
        a.send_to(Target::room(a.cluster.me().to_string()), false, 0);
        sleep(Duration::from_millis(100)).await;
    }
    b.has_all_of(&a).await;
    let show_again = async || {
        let (seen, before) = (tap.seen(), b.cluster.status().counts.received);
        assert!(seen.len() > 20);
        for frame in &seen {
            broker.inject("sio", &frame.topic, frame.payload.clone());
        }
        b.send();
        eventually("them all", || {
            let counts = b.cluster.status().counts;
            counts.received + counts.repeats > before + seen.len() as u64 / 2
        })
        .await;
    };
    show_again().await;
    assert_eq!(b.journal.read().news.len(), 100, "each once");
    a.cluster.close(None).await;
    b.knows(0).await;
    let ups = b.journal.count(crate::support::is_node_up);
    show_again().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((b.cluster.nodes().len(), b.journal.count(crate::support::is_node_up)), (0, ups));
    assert_eq!(b.journal.read().news.len(), 100, "each once");
    assert_eq!(b.cluster.status().counts.forged, 0, "they are repeats");
}

#[tokio::test(start_paused = true)]
async fn what_others_have_signed_is_refused_even_under_one_prefix() {
    let broker = MemoryBroker::new();
    let nodes = Node::all(["a", "b"].map(|name| signed(&broker, name))).await;
    let stranger = Node::start(options(&broker, "c").secret(OTHER)).await;
    let unsigned = Node::start(options(&broker, "d")).await;
    for node in [&stranger, &unsigned] {
        node.send();
        node.cluster.close(None).await;
    }
    for node in &nodes {
        eventually("what they sent", || node.cluster.status().counts.forged >= 4).await;
        assert_eq!(node.cluster.nodes().len(), 1);
        assert!(node.journal.read().news.is_empty());
    }
}

/// Restarts the nodes of a cluster one after the other with other options, and checks at each step that everybody hears
/// everybody.
async fn rolls(steps: &[&dyn Fn(Options) -> Options]) {
    let broker = MemoryBroker::new();
    let start = async |step: usize, name| Node::start(steps[step](options(&broker, name))).await;
    let mut nodes = [start(0, "a").await, start(0, "b").await, start(0, "c").await];
    for step in 0..steps.len() {
        for place in 0..3 {
            if step > 0 {
                nodes[place].cluster.close(None).await;
                nodes[place] = start(step, ["a", "b", "c"][place]).await;
            }
            for node in &nodes {
                node.knows(2).await;
            }
            talk(&nodes, Duration::from_millis(50)).await;
            for receiver in &nodes {
                for sender in nodes.iter().filter(|sender| sender.sender != receiver.sender) {
                    let last = sender.sent() - 1;
                    let hears = || receiver.journal.numbers(sender.sender).contains(&last);
                    eventually(&format!("step {step}, node {place}"), hears).await;
                }
                assert_eq!(receiver.cluster.status().counts.forged, 0, "step {step}, node {place}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_running_cluster_gets_its_secret_node_by_node() {
    rolls(&[&|options| options, &|options| options.secret(SECRET).accept_unsigned(true), &|options| {
        options.secret(SECRET)
    }])
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_running_cluster_gets_another_secret_node_by_node() {
    rolls(&[
        &|options| options.secret(SECRET),
        &|options| options.secret(SECRET).second_secret(OTHER),
        &|options| options.secret(OTHER).second_secret(SECRET),
        &|options| options.secret(OTHER),
    ])
    .await;
}

/// Frames of all kinds, each broken in another way: bits that flip, parts that are missing, parts of two in one.
#[tokio::test(start_paused = true)]
async fn twenty_thousand_broken_frames_are_counted_and_nothing_else() {
    let broker = MemoryBroker::new();
    let tap = Tap::new(broker.bus("a"));
    let a = Node::start(Options::new(tap.clone()).name("a").secret(SECRET)).await;
    let b = Node::start(signed(&broker, "b")).await;
    a.knows(1).await;
    talk(std::slice::from_ref(&a), Duration::from_secs(4)).await;
    b.has_all_of(&a).await;
    let seen: Vec<Frame> = tap.seen().into_iter().filter(|frame| frame.topic == Topic::All).collect();
    let mut random = 1_u64;
    let mut below = |limit: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        usize::try_from(random % limit as u64).expect("it is below")
    };
    let before = (b.cluster.status().counts, b.journal.read().news.len());
    for turn in 0..20_000 {
        let mut bytes = seen[below(seen.len())].payload.to_vec();
        match turn % 4 {
            0 => {
                let bit = below(bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
            }
            1 => bytes.truncate(below(bytes.len())),
            2 => bytes.insert(below(bytes.len()), turn as u8),
            _ => {
                let at = below(bytes.len() - 1) + 1;
                bytes.truncate(at);
                bytes.extend_from_slice(&[turn as u8; 40]);
            }
        }
        broker.inject("sio", &Topic::All, bytes);
        if turn % 500 == 0 {
            sleep(Duration::from_millis(10)).await;
        }
    }
    a.send();
    b.has_all_of(&a).await;
    let (counts, news) = (b.cluster.status().counts, b.journal.read().news.len());
    assert_eq!((counts.forged, counts.repeats), (20_000, before.0.repeats));
    assert_eq!((counts.malformed, counts.lost, news), (0, 0, before.1 + 1));
    assert_eq!(b.cluster.nodes(), [a.cluster.me()]);
    assert!(b.journal.read().deeds.is_empty());
}

#[test]
fn a_secret_that_is_none_keeps_a_node_from_being_made() {
    let broker = MemoryBroker::new();
    for options in [
        options(&broker, "a").secret("short"),
        options(&broker, "a").second_secret(OTHER),
        options(&broker, "a").secret(SECRET).second_secret("short"),
        options(&broker, "a").accept_unsigned(true),
    ] {
        assert!(options.check().is_err() && sio_cluster::Cluster::new(&options).is_err());
    }
    assert!(!format!("{:?}", signed(&broker, "a")).contains(SECRET));
}
