//! Messages by the broker, which a stranger can reach: frames that are forged, cut, huge and many, and the formats of
//! servers of other kinds.

use sio::Builder;
use sio::cluster::{Adapter, NodeJs, Python};
use sio::prelude::*;
use sio::testing::MemoryBroker;
use sio_cluster::bus::Topic;
use sio_tests::TestServer;
use sio_tests::app::{All, Plain};
use sio_tests::deadline::soon;

use super::{Seen, Speech, attacked_beside, corpus};

/// `/bystander`, which no frame of the corpus addresses.
#[derive(Default)]
struct Bystander;

#[consumer(namespace = "/bystander")]
impl Bystander {
    async fn event_ask(&mut self, arguments: All) -> All {
        arguments
    }
}

const BYSTANDER: Speech = Speech::Json("/bystander");

/// More than an honest node sends at once.
const FLOOD: usize = 20_000;

fn node(broker: &MemoryBroker, change: impl FnOnce(Adapter) -> Adapter) -> impl FnOnce(Builder) -> Builder {
    let adapter = change(Adapter::custom(broker.bus("a")).name("a"));
    |builder| builder.consumer::<Plain>().consumer::<Bystander>().adapter(adapter)
}

/// Publishes what no node has sent, to everybody, and waits until it has been looked at.
async fn publish(server: &TestServer, broker: &MemoryBroker, topic: Topic, frames: Vec<Vec<u8>>) -> Seen {
    let counts = || server.handle().cluster().expect("it has an adapter").status().counts;
    for frames in frames.chunks(1000) {
        for frame in frames {
            broker.inject("sio", &topic, frame.clone());
        }
        // Arrives behind them.
        let before = counts().malformed + counts().forged;
        broker.inject("sio", &Topic::All, "the last one");
        soon("the frames to be looked at", async {
            while counts().malformed + counts().forged == before {
                tokio::task::yield_now().await;
            }
        })
        .await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }
    let nodes = server.handle().cluster().expect("it has an adapter").nodes().len();
    format!("{nodes} nodes")
}

/// Frames that are no frame of this version, each in its own way.
fn broken() -> Vec<Vec<u8>> {
    let frames = corpus::inputs("cluster");
    let whole = frames.iter().map(|frame| frame.len()).max().unwrap_or_default();
    let mut broken: Vec<Vec<u8>> = frames.iter().map(|frame| frame[..frame.len().min(23)].to_vec()).collect();
    broken.extend(frames.iter().map(|frame| [b"s9", &frame[2.min(frame.len())..]].concat()));
    broken.push(Vec::new());
    broken.push(vec![0; 4 << 20]);
    broken.push(vec![0xff; whole]);
    broken
}

#[test]
fn frames_that_nobody_has_signed_have_no_effect_at_all() {
    let broker = MemoryBroker::new();
    let signing = node(&broker, |adapter| adapter.secret("a secret of thirty-two characters"));
    attacked_beside(BYSTANDER, signing, async |server, watch| {
        for (name, topic) in [("all", Topic::All), ("a topic of rooms", Topic::Rooms(1))] {
            let seen = publish(server, &broker, topic, corpus::inputs("cluster"));
            watch.attack(format!("forged frames to {name}"), "0 nodes", seen).await;
        }
        let seen = publish(server, &broker, Topic::All, broken());
        watch.attack("frames that are none", "0 nodes", seen).await;
        let flood = vec![corpus::inputs("cluster")[0].clone(); FLOOD];
        let seen = publish(server, &broker, Topic::All, flood);
        watch.attack("a flood of forged frames", "0 nodes", seen).await;
    });
}

#[test]
fn frames_that_are_none_harm_nobody() {
    let broker = MemoryBroker::new();
    attacked_beside(BYSTANDER, node(&broker, |adapter| adapter), async |server, watch| {
        let seen = publish(server, &broker, Topic::All, broken());
        watch.attack("frames that are none", "0 nodes", seen).await;
        let flood = vec![b"no frame".to_vec(); FLOOD];
        let seen = publish(server, &broker, Topic::All, flood);
        watch.attack("a flood of them", "0 nodes", seen).await;
    });
}

#[test]
fn messages_of_servers_of_other_kinds_that_break_the_rules_harm_nobody() {
    let broker = MemoryBroker::new();
    let foreign = node(&broker, |adapter| adapter.python(Python::new()));
    attacked_beside(BYSTANDER, foreign, async |server, watch| {
        let topic = Topic::Foreign("socketio".into());
        let seen = publish(server, &broker, topic, corpus::inputs("python"));
        watch.attack("messages of python-socketio", "0 nodes", seen).await;
    });
    let broker = MemoryBroker::new();
    let foreign = node(&broker, |adapter| adapter.node(NodeJs::sharded()));
    attacked_beside(BYSTANDER, foreign, async |server, watch| {
        for topic in ["socket.io#/#", "socket.io#/bystander#", "socket.io#/#public#"] {
            let seen = publish(server, &broker, Topic::Foreign(topic.into()), corpus::inputs("node_js"));
            watch.attack(format!("messages of Node by {topic}"), "0 nodes", seen).await;
        }
    });
}
