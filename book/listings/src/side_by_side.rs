//! The listings of "Piece by piece".

use sio::cluster::{Adapter, Emitter, NodeJs, Options, Python, RedisBus, SubscriptionMode};
use sio::prelude::*;

fn beside_python() -> sio::Builder {
    // ANCHOR: python
    let adapter = Adapter::redis("redis://10.0.0.5").python(Python::new().member());
    let server = Server::builder().adapter(adapter);
    // ANCHOR_END: python
    server
}

fn beside_node() -> sio::Builder {
    // ANCHOR: node
    let adapter = Adapter::redis("redis://10.0.0.5").node(NodeJs::new().member());
    let server = Server::builder().adapter(adapter);
    // ANCHOR_END: node
    server
}

fn beside_sharded_node() -> sio::Builder {
    // ANCHOR: sharded
    let theirs = NodeJs::sharded().subscription_mode(SubscriptionMode::Dynamic);
    let adapter = Adapter::redis("redis://10.0.0.5").node(theirs);
    let server = Server::builder().adapter(adapter);
    // ANCHOR_END: sharded
    server
}

// ANCHOR: emitter
async fn say(url: &str) -> Result<(), Box<dyn std::error::Error>> {
    let emitter = Emitter::python(Options::new(RedisBus::new(url)?), &Python::new()).await?;
    emitter.of("/orders")?.to("order:7").emit("progress", &(7, "picked"))?;
    emitter.close().await;
    Ok(())
}
// ANCHOR_END: emitter

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn servers_beside_others_are_built_without_a_broker() {
        for server in [beside_python(), beside_node(), beside_sharded_node()] {
            let built = server.collect(false).build();
            assert!(built.is_ok(), "{built:?}");
        }
    }
}
