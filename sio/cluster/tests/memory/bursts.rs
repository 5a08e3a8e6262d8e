//! Many events at once share messages of the broker.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use sio_cluster::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use sio_cluster::protocol::bundle::Bundle;
use sio_cluster::protocol::frame::{Flags, Header, Kind};
use sio_cluster::{MemoryBroker, MemoryBus, MemoryLink, NodeId, Options};

use crate::options;
use crate::support::Node;

/// Counts the messages that the broker takes.
#[derive(Debug)]
struct Counting<T> {
    inner: T,
    messages: Arc<AtomicUsize>,
}

impl Bus for Counting<MemoryBus> {
    type Link = Counting<MemoryLink>;

    fn caps(&self) -> Caps {
        self.inner.caps()
    }

    fn name(&self) -> String {
        self.inner.name()
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<Self::Link, BusError> {
        Ok(Counting { inner: self.inner.connect(names, sink).await?, messages: Arc::clone(&self.messages) })
    }
}

impl Link for Counting<MemoryLink> {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.inner.subscribe(topics).await
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.inner.unsubscribe(topics).await
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        self.messages.fetch_add(frames.len(), Relaxed);
        self.inner.publish(frames).await
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.inner.check().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_takes_few_messages_and_arrives_once_and_in_order() {
    const EVENTS: u64 = 1000;
    let (broker, messages) = (MemoryBroker::new(), Arc::new(AtomicUsize::new(0)));
    let counting = Counting { inner: broker.bus("a"), messages: Arc::clone(&messages) };
    let [a, b] = Node::all([Options::new(counting).name("a"), options(&broker, "b")]).await;
    let before = messages.load(Relaxed);
    for _ in 0..EVENTS {
        a.send();
    }
    assert_eq!(b.has_all_of(&a).await, 0);
    assert_eq!(b.journal.numbers(a.sender), (0..EVENTS).collect::<Vec<_>>());
    let count = messages.load(Relaxed) - before;
    assert!(count <= 20, "{count} messages for {EVENTS} events");
    assert_eq!(b.cluster.status().counts.repeats, 0);
}

#[tokio::test(start_paused = true)]
async fn events_one_after_the_other_are_sent_as_they_are() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    for _ in 0..10 {
        a.send();
        assert_eq!(b.has_all_of(&a).await, 0);
    }
    assert_eq!(b.journal.numbers(a.sender), (0..10).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn a_malformed_bundle_costs_what_is_malformed_in_it() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    a.send();
    b.has_all_of(&a).await;
    let stranger = NodeId::new(5);
    let nested = Bundle::new(stranger, 0).finish();
    let mut unknown =
        Header { kind: Kind::Unknown(99), flags: Flags::NONE, source: stranger, lane: 0, number: 1 }.begin(0);
    unknown.extend_from_slice(b"of a later version");
    let mut bundle = Bundle::new(stranger, 0);
    bundle.push(&nested);
    bundle.push(&unknown);
    bundle.push(b"no frame");
    let bundle = bundle.finish();
    // The rest of the cut one is one more that is malformed; and there is nothing in an empty one.
    for bytes in [bundle.slice(..bundle.len() - 1), nested] {
        broker.inject("sio", &Topic::All, bytes);
    }
    a.send();
    assert_eq!(b.has_all_of(&a).await, 0);
    let counts = b.cluster.status().counts;
    assert_eq!((counts.malformed, counts.unknown, counts.lost), (2, 1, 0));
}
