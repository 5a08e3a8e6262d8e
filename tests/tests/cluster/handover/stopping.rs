//! Clients whose node stops while others send to their ids, or stop as well.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sio::Builder;
use sio::options::Recovery;
use sio::testing::Faults;
use sio_tests::Ws;
use sio_tests::app::Plain;
use tokio::time::sleep;

use super::{Three, back};
use crate::support::{Trio, eventually};

/// Waits until so many more events have been sent.
async fn more(sent: &AtomicUsize, count: usize) {
    let end = sent.load(Ordering::SeqCst) + count;
    eventually("more events", || sent.load(Ordering::SeqCst) >= end).await;
}

#[tokio::test(start_paused = true)]
async fn all_that_is_sent_to_the_id_of_a_client_follows_it_from_a_node_that_stops() {
    for seed in 0..20 {
        let faults = Faults { seed, delay: Duration::from_millis(5), ..Faults::default() };
        let Three { nodes, .. } = Three::start(faults).await;
        let client = nodes[0].connect("/").await.expect("it is let in");
        let (id, server) = (client.id(), nodes[2].server().clone());
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let sending = tokio::spawn(async move {
            while !ends.load(Ordering::SeqCst) {
                let number = counted.load(Ordering::SeqCst);
                server.to(&id).emit(&format!("{number:04}"), &()).await.expect("a broadcast cannot fail");
                counted.fetch_add(1, Ordering::SeqCst);
                sleep(Duration::from_millis(1)).await;
            }
        });
        more(&sent, 20).await;
        nodes[0].server().close().await;
        client.expect_disconnect().await;
        let mut got = client.unread();
        more(&sent, 20).await;
        let again = back(&client, &nodes[1]).await;
        assert!(again.is_recovered(), "seed {seed}");
        more(&sent, 20).await;
        is_over.store(true, Ordering::SeqCst);
        sending.await.expect("it does not panic");
        // Longer than anything is under way, so that what comes twice has come.
        sleep(Duration::from_secs(1)).await;
        got.extend(again.unread());
        // Those that took the way over the node that has stopped may come behind others.
        got.sort_unstable();
        let all: Vec<_> = (0..sent.load(Ordering::SeqCst)).map(|number| format!("{number:04}")).collect();
        assert_eq!(got, all, "seed {seed}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_is_given_on_by_a_node_that_stops_at_the_same_time() {
    for seed in 0..20 {
        let faults = Faults { seed, delay: Duration::from_millis(5), ..Faults::default() };
        let Three { nodes, .. } = Three::start(faults).await;
        let here = nodes[0].connect("/").await.expect("it is let in");
        here.socket().join("red").await.expect("it is connected");
        tokio::join!(nodes[0].server().close(), nodes[1].server().close());
        here.expect_disconnect().await;
        nodes[2].server().to("red").emit("missed", &()).await.expect("a broadcast cannot fail");
        // Its state may still be on its way.
        let again = back(&here, &nodes[2]).await;
        assert!(again.is_recovered() && again.id() == here.id() && again.is_in("red"), "seed {seed}");
        again.next::<()>("missed").await;
        again.nothing_more().await;
    }
}

/// On long-polling nothing tells a node that its client has gone.
#[tokio::test]
async fn a_client_that_comes_back_before_its_node_could_tell_it_of_the_end_is_the_same() {
    let recovering =
        |builder: Builder| builder.consumer::<Plain>().connection_state_recovery(Recovery::default());
    let trio = Trio::start(recovering).await;
    let mut gone = trio.nodes[0].polling().await;
    gone.send("40").await;
    let place = gone.expect(r#"40{"sid":…,"pid":…}"#).await;
    let stopping = trio.server(0).clone();
    let closing = tokio::spawn(async move { stopping.close().await });
    eventually("the node to stop", || !trio.server(0).is_ready()).await;

    let mut back = Ws::open(&trio.nodes[1]).await;
    back.send(&format!(r#"40{{"pid":{}}}"#, place["pid"])).await;
    back.expect(&format!(r#"40{{"sid":{},"pid":{}}}"#, place["sid"], place["pid"])).await;
    closing.await.expect("it does not panic");
}
