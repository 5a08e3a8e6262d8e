//! Starting without a broker that can be used, whichever it is; and emitters.

use std::time::{Duration, Instant};

use sio_cluster::protocol::message::Deed;
use sio_cluster::{Emitter, Options};
use tokio::net::TcpListener;

use crate::broker::Broker;
use crate::servers::process::free_port;
use crate::support::{Node, eventually};

/// Why a node does not start; it must be known within two seconds.
pub(crate) async fn refusal(options: Options) -> String {
    let node = Node::new(&options);
    let began = Instant::now();
    let error = node.cluster.start(node.journal.clone()).await.expect_err("it must not start").to_string();
    assert!(began.elapsed() < Duration::from_secs(3), "{:?}", began.elapsed());
    error
}

pub(crate) async fn fault_16_nobody_listens<B: Broker>() {
    let broker = B::start().await;
    let port = free_port().await;
    let error = refusal(broker.options_at(port, "a")).await;
    assert!(
        error.starts_with("cannot connect to ") && error.contains(&format!("127.0.0.1:{port}")),
        "{error}"
    );
    assert!(error.contains("refused") && error.lines().count() == 1, "{error}");
}

pub(crate) async fn fault_16_who_listens_says_nothing<B: Broker>() {
    let broker = B::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("an address").port();
    let error = refusal(broker.options_at(port, "a")).await;
    assert!(error.contains("it does not answer within 2 s"), "{error}");
}

pub(crate) async fn fault_16_with_wait_a_node_starts_and_connects_later<B: Broker>() {
    let mut broker = B::alone().await;
    broker.kill();
    let a = Node::start(broker.options("a").wait(true)).await;
    assert!(!a.cluster.is_up());
    broker.run().await;
    eventually("the broker", || a.cluster.is_up()).await;
    let b = Node::start(broker.options("b")).await;
    a.knows(1).await;
    b.send();
    a.has_all_of(&b).await;
}

pub(crate) async fn an_emitter_reaches_nodes<B: Broker>() {
    let broker = B::start().await;
    let [a, b] = Node::all(["a", "b"].map(|name| broker.options(name))).await;
    let emitter = Emitter::connect(broker.options("")).await.expect("it is there");
    emitter.of("/").expect("a path").to("x").emit("hello", &"you").expect("it is sent");
    emitter.of("/").expect("a path").to("x").disconnect(true).expect("it is sent");
    assert!(emitter.flush(Duration::from_secs(5)).await);
    emitter.close().await;
    for node in [&a, &b] {
        node.journal.until("both", |entries| entries.deeds == [Deed::Disconnect(true)]).await;
        assert!(node.journal.read().packets[0].run.ends_with(b"42[\"hello\",\"you\"]"));
    }
}
