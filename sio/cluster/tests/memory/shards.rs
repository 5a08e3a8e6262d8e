//! A node beside Node's servers with the sharded adapter that has very many rooms, at a broker that takes its time.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::value::RawValue;
use sio_cluster::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use sio_cluster::protocol::message::{Deed, Query};
use sio_cluster::protocol::node::NodeId;
use sio_cluster::{Address, BoxFuture, Cluster, ClusterEvent, Local, NodeJs, Options, Packet};
use tokio::time::{Instant, sleep};

use crate::support::eventually;

/// How long the broker takes for each subscription.
const EACH: Duration = Duration::from_millis(1);

/// More than it confirms in the time that a node waits for an answer.
const ROOMS: usize = 20_000;

#[derive(Debug, Clone, Default)]
struct Slow {
    subscribed: Arc<AtomicUsize>,
    sink: Arc<Mutex<Option<Sink>>>,
}

impl Bus for Slow {
    type Link = Self;

    fn caps(&self) -> Caps {
        Caps { max_frame: 1 << 20 }
    }

    fn name(&self) -> String {
        "slow".to_owned()
    }

    fn carries(&self, _: &Topic) -> bool {
        true
    }

    async fn connect(&self, _: Names, sink: Sink) -> Result<Self, BusError> {
        self.subscribed.store(0, Relaxed);
        *self.sink.lock().expect("no test panics with it") = Some(sink);
        Ok(self.clone())
    }
}

impl Link for Slow {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        for _ in topics {
            sleep(EACH).await;
            self.subscribed.fetch_add(1, Relaxed);
        }
        Ok(())
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        for _ in topics {
            sleep(EACH).await;
            self.subscribed.fetch_sub(1, Relaxed);
        }
        Ok(())
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        // To the node itself, who is the only one there.
        let sink = self.sink.lock().expect("no test panics with it").clone().expect("it is connected");
        for frame in frames.iter().filter(|frame| frame.topic == Topic::All) {
            sink.frame(&frame.topic, frame.payload.clone());
        }
        Ok(Receivers::Each(vec![1; frames.len()]))
    }

    async fn check(&mut self) -> Result<(), BusError> {
        Ok(())
    }
}

/// A node with so many rooms, and how often it has heard that the broker is there.
#[derive(Default)]
struct Crowd {
    rooms: AtomicUsize,
    ups: AtomicUsize,
}

impl Local for Crowd {
    fn broadcast(&self, _: &Address<'_>, _: Packet) {}

    fn namespaces(&self) -> Vec<String> {
        vec!["/".to_owned()]
    }

    fn rooms(&self, _: &str, _: bool) -> Vec<String> {
        (0..self.rooms.load(Relaxed)).map(|number| format!("room {number}")).collect()
    }

    fn change(&self, _: &Address<'_>, _: &Deed) -> usize {
        0
    }

    fn query(&self, _: Query) -> BoxFuture<Vec<Box<RawValue>>> {
        Box::pin(async { Vec::new() })
    }

    fn server_event(
        &self,
        _: NodeId,
        _: &str,
        _: &str,
        _: Box<RawValue>,
    ) -> BoxFuture<Option<Box<RawValue>>> {
        Box::pin(async { None })
    }

    fn event(&self, event: ClusterEvent) {
        if matches!(event, ClusterEvent::BusUp { .. }) {
            self.ups.fetch_add(1, Relaxed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_with_very_many_rooms_subscribes_them_all_and_comes_back() {
    let (bus, crowd) = (Slow::default(), Arc::new(Crowd::default()));
    let cluster = Cluster::new(&Options::new(bus.clone()).node(NodeJs::sharded())).expect("options");
    cluster.start(Arc::clone(&crowd) as Arc<dyn Local>).await.expect("it starts");
    // Its own topics, and the shards of the namespace and of the node in it.
    let own = bus.subscribed.load(Relaxed);
    let has = |rooms: usize| bus.subscribed.load(Relaxed) == own + rooms;
    crowd.rooms.store(ROOMS, Relaxed);
    cluster.rooms_changed();
    eventually("all rooms", || has(ROOMS)).await;
    // As after a restart: more than the limit of one answer, but each part is confirmed in time.
    let sink = bus.sink.lock().expect("no test panics with it").clone();
    sink.expect("it is connected").closed(BusError::new("it ends"));
    let began = Instant::now();
    eventually("its return", || crowd.ups.load(Relaxed) == 2).await;
    assert!(has(ROOMS) && began.elapsed() > Duration::from_secs(10), "{:?}", began.elapsed());
    crowd.rooms.store(1, Relaxed);
    cluster.rooms_changed();
    eventually("that the others are left", || has(1)).await;
}
