//! Three servers over a broker in memory.

use std::time::Duration;

use sio::cluster::Adapter;
use sio::testing::MemoryBroker;
use sio::{Builder, Server};
use sio_tests::deadline::soon;
use sio_tests::{TestServer, Ws};
use tokio::time::sleep;

/// The nodes, from the first to the last.
pub(crate) const NAMES: [&str; 3] = ["a", "b", "c"];

/// Three nodes that know each other.
pub(crate) struct Trio {
    pub(crate) broker: MemoryBroker,
    pub(crate) nodes: [TestServer; 3],
}

impl Trio {
    pub(crate) async fn start(configure: impl Fn(Builder) -> Builder) -> Self {
        let broker = MemoryBroker::new();
        let mut nodes = Vec::new();
        for name in NAMES {
            let adapter = adapter(&broker, name);
            nodes.push(TestServer::start(|builder| configure(builder).adapter(adapter)).await);
        }
        for node in &nodes {
            knows(node.handle(), NAMES.len() - 1).await;
        }
        let nodes = nodes.try_into().unwrap_or_else(|_| unreachable!("one for each name"));
        Self { broker, nodes }
    }

    pub(crate) fn server(&self, nth: usize) -> &Server {
        self.nodes[nth].handle()
    }
}

pub(crate) fn adapter(broker: &MemoryBroker, name: &str) -> Adapter {
    Adapter::custom(broker.bus(name)).name(name)
}

/// Waits until a server has started and knows this many other nodes.
pub(crate) async fn knows(server: &Server, count: usize) {
    server.start().await.expect("the broker is there");
    let cluster = server.cluster().expect("it has an adapter");
    eventually(&format!("{count} other nodes"), || cluster.nodes().len() == count).await;
}

/// Waits until this is so, of which nobody is told.
pub(crate) async fn eventually(what: &str, is_so: impl Fn() -> bool) {
    soon(what, async {
        while !is_so() {
            sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

/// Lets each of these servers send a last event to all clients, and checks that they get nothing else before it. What a
/// server has sent earlier would have come.
pub(crate) async fn nothing_more(servers: &[&Server], clients: &mut [Ws]) {
    for server in servers {
        server.emit("end", &()).await.expect("a broadcast cannot fail");
        for client in &mut *clients {
            client.expect(r#"42["end"]"#).await;
        }
    }
}
