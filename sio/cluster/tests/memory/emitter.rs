//! Processes that emit and are no nodes.

use std::time::Duration;

use sio_cluster::protocol::message::Deed;
use sio_cluster::{Emitter, MemoryBroker, Options};
use tokio::time::sleep;

use crate::support::{Node, raw};
use crate::{EVERY, options};

#[tokio::test(start_paused = true)]
async fn an_emitter_reaches_all_nodes_and_is_none() {
    let broker = MemoryBroker::new();
    let [a, b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    let emitter = Emitter::connect(Options::new(broker.bus("worker"))).await.expect("the broker is there");
    emitter
        .of("/shop")
        .expect("a path")
        .to("x")
        .except("y")
        .volatile()
        .emit("paid", &(1, "x"))
        .expect("it is sent");
    emitter.of("/shop").expect("a path").to("x").join(["z"]).expect("it is sent");
    emitter.server_emit("/", "note", raw(&[1])).expect("it is sent");
    assert!(emitter.of("shop").is_err() && emitter.of("/").expect("a path").emit("connect", &()).is_err());
    for node in [&a, &b] {
        node.journal.until("all of it", |entries| entries.server_events.len() == 1).await;
        let entries = node.journal.read();
        assert_eq!(&entries.packets[0].run[..], b"\x81\x1642/shop,[\"paid\",1,\"x\"]".as_slice());
        assert!(entries.packets[0].is_volatile);
        assert_eq!(entries.addresses[0], ("/shop".to_owned(), vec!["x".to_owned()]));
        assert_eq!(entries.deeds, [Deed::Join(vec!["z".into()])]);
        assert_eq!(node.cluster.nodes().len(), 1);
    }
    assert!(emitter.flush(Duration::from_secs(1)).await);
    emitter.close().await;
}

#[tokio::test(start_paused = true)]
async fn what_an_emitter_says_during_an_outage_arrives_once() {
    let broker = MemoryBroker::new();
    let [a, _b] = Node::all(["a", "b"].map(|name| options(&broker, name))).await;
    let emitter = Emitter::connect(Options::new(broker.bus("worker"))).await.expect("the broker is there");
    let say = |number: u64| emitter.of("/").expect("a path").emit("n", &number).expect("it is sent");
    for number in 0..300 {
        match number {
            50 => broker.stop(),
            250 => broker.start(),
            _ => {}
        }
        say(number);
        sleep(EVERY).await;
    }
    assert!(emitter.flush(Duration::from_secs(10)).await);
    a.journal.until("all of it", |entries| entries.packets.len() == 300).await;
    let entries = a.journal.read();
    let last = format!("42[\"n\",{}]", 299);
    assert!(entries.packets[299].run.ends_with(last.as_bytes()), "in order");
    assert!(a.cluster.status().counts.repeats > 0 && emitter.counts().resent > 0);
}
