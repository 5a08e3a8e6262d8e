//! The broker goes and comes back: what own clients notice (nothing), what others get, and what the sender learns.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sio::cluster::ClusterEvent;
use sio::error::EmitError;
use sio::prelude::*;
use sio::testing::{MemoryBroker, TestClient, TestServer};
use sio_tests::app::Plain;
use tokio::time::{Instant, sleep};

use crate::support::{adapter, eventually, knows};

/// Two nodes with a client each, under a clock that can stand still.
struct Two {
    broker: MemoryBroker,
    nodes: [TestServer; 2],
    clients: [TestClient; 2],
    events: [Arc<Mutex<Vec<ClusterEvent>>>; 2],
}

impl Two {
    async fn start() -> Self {
        let broker = MemoryBroker::new();
        let mut nodes = Vec::new();
        let events: [Arc<Mutex<Vec<ClusterEvent>>>; 2] = Default::default();
        for (name, events) in ["a", "b"].into_iter().zip(&events) {
            let events = Arc::clone(events);
            let builder = Server::builder().collect(false).consumer::<Plain>();
            let builder = builder.state(sio_tests::journal::Journal::default());
            let builder =
                builder.on_cluster(move |event| events.lock().expect("no panic").push(event.clone()));
            let server = builder.adapter(adapter(&broker, name)).build().expect("it can be built");
            server.start().await.expect("the broker is there");
            nodes.push(TestServer::new(server));
        }
        for node in &nodes {
            knows(node, 1).await;
        }
        let nodes: [TestServer; 2] = nodes.try_into().unwrap_or_else(|_| unreachable!("two"));
        let clients = [
            nodes[0].connect("/").await.expect("it is let in"),
            nodes[1].connect("/").await.expect("it is let in"),
        ];
        Self { broker, nodes, clients, events }
    }

    fn is_up(&self, nth: usize) -> bool {
        self.nodes[nth].cluster().expect("it has an adapter").is_up()
    }

    /// Stops the broker, and returns when both know.
    async fn stop(&self) {
        self.broker.stop();
        eventually("the loss of the broker", || !self.is_up(0) && !self.is_up(1)).await;
    }

    /// The events of a node, without those about other nodes.
    fn bus_events(&self, nth: usize) -> Vec<ClusterEvent> {
        let events = self.events[nth].lock().expect("no panic").clone();
        let is_of_bus =
            |event: &ClusterEvent| matches!(event, ClusterEvent::BusUp { .. } | ClusterEvent::BusDown { .. });
        events.into_iter().filter(is_of_bus).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_broker_delays_what_is_for_others_and_nothing_else() {
    let two = Two::start().await;
    two.stop().await;
    for number in 0..100_u32 {
        let began = Instant::now();
        two.nodes[0].emit("tick", &number).await.expect("it is no error that the broker is gone");
        assert_eq!(two.clients[0].next::<u32>("tick").await, number);
        assert!(began.elapsed() < Duration::from_millis(100), "{:?}", began.elapsed());
        sleep(Duration::from_millis(10)).await;
    }
    two.broker.start();
    for number in 0..100 {
        assert_eq!(two.clients[1].next::<u32>("tick").await, number);
    }
    two.clients[1].nothing_more().await;
    let events = two.bus_events(1);
    assert!(
        matches!(
            events[..],
            [ClusterEvent::BusUp { .. }, ClusterEvent::BusDown { .. }, ClusterEvent::BusUp { .. }]
        ),
        "{events:?}"
    );
    let counts = two.nodes[1].cluster().expect("it has an adapter").status().counts;
    assert_eq!(counts.lost, 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_held_for_too_long_is_lost_and_both_sides_count_it() {
    let two = Two::start().await;
    two.stop().await;
    for number in 0..80_u32 {
        two.nodes[0].emit("tick", &number).await.expect("it is no error that the broker is gone");
        two.nodes[0].volatile().emit("volatile", &number).await.expect("nor here");
        sleep(Duration::from_millis(100)).await;
    }
    two.broker.start();
    eventually("the broker", || two.is_up(0) && two.is_up(1)).await;
    two.nodes[0].emit("end", &()).await.expect("it is sent");
    let first = two.clients[1].next::<u32>("tick").await;
    for number in first + 1..80 {
        assert_eq!(two.clients[1].next::<u32>("tick").await, number);
    }
    two.clients[1].next::<()>("end").await;
    let [a, b] = [0, 1].map(|nth: usize| two.nodes[nth].cluster().expect("an adapter").status().counts);
    assert_eq!((a.held_dropped, a.volatile_dropped), (u64::from(first), 80));
    assert_eq!(b.lost, a.held_dropped);
    // It looks twice a second what is too old.
    assert!((20..=30).contains(&first), "it holds for five seconds: {first}");
    let lost: u64 = two.events[1]
        .lock()
        .expect("no panic")
        .iter()
        .map(|event| match event {
            ClusterEvent::Lost { frames, .. } => *frames,
            _ => 0,
        })
        .sum();
    assert_eq!(lost, b.lost);
}

#[tokio::test(start_paused = true)]
async fn a_strict_event_reaches_everybody_or_nobody() {
    let two = Two::start().await;
    let [a, b] = &two.nodes;
    a.strict().emit("all", &1).await.expect("everybody is there");
    for client in &two.clients {
        assert_eq!(client.next::<u8>("all").await, 1);
    }
    two.stop().await;
    for error in [
        a.strict().emit("nobody", &()).await.expect_err("the broker is gone"),
        a.to("room").strict().try_emit("nobody", &()).expect_err("the broker is gone"),
        a.strict().emit_with_ack::<()>("nobody", &()).await.map(drop).expect_err("the broker is gone"),
        b.of("/").strict().send(&()).await.expect_err("the broker is gone"),
    ] {
        assert!(matches!(error, EmitError::Unreachable), "{error}");
    }
    a.strict().local().emit("here", &()).await.expect("nobody else is meant");
    two.clients[0].next::<()>("here").await;
    two.broker.start();
    eventually("the broker", || a.cluster().expect("an adapter").is_whole()).await;
    a.strict().emit("all", &2).await.expect("everybody is there");
    for client in &two.clients {
        assert_eq!(client.next::<u8>("all").await, 2);
        client.nothing_more().await;
    }
    // A node that is silent may not get it either.
    two.broker.part(&["a"], &["b"]);
    eventually("its silence", || !a.cluster().expect("an adapter").is_whole()).await;
    let error = a.strict().emit("nobody", &()).await.expect_err("a node is silent");
    assert!(matches!(error, EmitError::Unreachable), "{error}");
    a.emit("whoever", &()).await.expect("it is not asked for");
    two.clients[0].next::<()>("whoever").await;
}

#[tokio::test]
async fn without_a_cluster_everybody_is_there() {
    let server = TestServer::with_consumer::<Alone>();
    let client = server.connect("/alone").await.expect("it is let in");
    assert!(server.cluster().is_none());
    server.start().await.expect("there is nothing to enter");
    server.of("/alone").strict().emit("all", &()).await.expect("there are no others");
    client.next::<()>("all").await;
}

#[derive(Default)]
struct Alone;

#[consumer(namespace = "/alone")]
impl Alone {}
