//! The numbers of the cluster on the pages of its nodes.

use std::collections::BTreeMap;

use sio::cluster::Counts;
use sio::testing::Faults;
use sio_cluster::bus::Topic;
use sio_tests::app::Plain;
use sio_tests::deadline::soon;
use sio_tests::{Request, TestServer};

use crate::support::{Trio, eventually};

/// The numbers on a node's page, by their names and labels.
async fn page(node: &TestServer) -> BTreeMap<String, u64> {
    let answer = node.request(&Request::get("/metrics")).await;
    assert_eq!(answer.status, 200);
    let lines = answer.text().lines().filter(|line| line.starts_with("sio_cluster_"));
    let numbers = lines.map(|line| {
        let (name, number) = line.rsplit_once(' ').expect("a name and a number");
        (name.to_owned(), number.parse().expect("a number"))
    });
    numbers.collect()
}

/// Waits until a number on a node's page is what it should be.
async fn shows(node: &TestServer, name: &str, is_so: impl Fn(u64) -> bool) {
    soon(name, async {
        while !page(node).await.get(name).is_some_and(|number| is_so(*number)) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn by_kind(counts: &Counts) -> [(&'static str, u64); 12] {
    [
        ("sent", counts.sent),
        ("received", counts.received),
        ("resent", counts.resent),
        ("held_dropped", counts.held_dropped),
        ("queue_dropped", counts.queue_dropped),
        ("volatile_dropped", counts.volatile_dropped),
        ("sink_dropped", counts.sink_dropped),
        ("repeated", counts.repeats),
        ("lost", counts.lost),
        ("malformed", counts.malformed),
        ("forged", counts.forged),
        ("unknown", counts.unknown),
    ]
}

#[tokio::test]
async fn each_node_shows_what_it_sends_receives_and_loses() {
    let trio = Trio::start(|builder| builder.consumer::<Plain>().metrics_path("/metrics")).await;
    let Trio { nodes, broker } = &trio;
    let frames = |kind: &str| format!("sio_cluster_frames_total{{what=\"{kind}\"}}");
    let mut before = Vec::new();
    for node in nodes {
        let page = page(node).await;
        assert_eq!((page["sio_cluster_up"], page["sio_cluster_nodes"]), (1, 2));
        assert_eq!((page["sio_cluster_cuts_total"], page[&frames("lost")]), (0, 0));
        before.push(page);
    }
    for number in 0..10 {
        trio.server(0).emit("cast", &number).await.expect("a broadcast cannot fail");
    }
    shows(&nodes[0], &frames("sent"), |count| count >= before[0][&frames("sent")] + 10).await;
    for nth in [1, 2] {
        shows(&nodes[nth], &frames("received"), |count| count >= before[nth][&frames("received")] + 10).await;
    }
    // Bytes that no node has sent.
    broker.inject("sio", &Topic::All, "garbage");
    for node in nodes {
        shows(node, &frames("malformed"), |count| count == 1).await;
    }
    // A frame that the broker loses is missed when the next one comes.
    broker.set_faults(Faults { drop: 1.0, ..Faults::default() });
    trio.server(0).emit("cast", &10).await.expect("a broadcast cannot fail");
    let status = |nth: usize| trio.server(nth).cluster().expect("it has an adapter").status();
    eventually("it is sent", || status(0).waiting == 0).await;
    broker.set_faults(Faults::default());
    trio.server(0).emit("cast", &11).await.expect("a broadcast cannot fail");
    for node in &nodes[1..] {
        shows(node, &frames("lost"), |count| count >= 1).await;
    }
    // Without a broker an event waits, and a volatile one does not.
    broker.stop();
    shows(&nodes[0], "sio_cluster_up", |is_up| is_up == 0).await;
    trio.server(0).emit("cast", &12).await.expect("a broadcast cannot fail");
    trio.server(0).broadcast().volatile().emit("cast", &13).await.expect("a broadcast cannot fail");
    let page_without = page(&nodes[0]).await;
    assert_eq!(page_without["sio_cluster_waiting_frames"], 1);
    assert_eq!((page_without["sio_cluster_cuts_total"], page_without[&frames("volatile_dropped")]), (1, 1));
    broker.start();
    for node in nodes {
        shows(node, "sio_cluster_up", |is_up| is_up == 1).await;
        shows(node, "sio_cluster_waiting_frames", |count| count == 0).await;
    }
    // Heartbeats go on: each number lies between those of before and after.
    for (nth, node) in nodes.iter().enumerate() {
        let before = by_kind(&status(nth).counts);
        let page = page(node).await;
        let after = by_kind(&status(nth).counts);
        for ((kind, least), (_, most)) in before.into_iter().zip(after) {
            assert!((least..=most).contains(&page[&frames(kind)]), "{kind}: {least} to {most} in {page:?}");
        }
        assert_eq!(page["sio_cluster_requests_late_total"], 0);
    }
}
