//! The listings of "Piece by piece".

use sio::cluster::{
    Adapter, Emitter, NodeJs, Options, Python, RedisBus, SubscriptionMode,
};
use sio::prelude::*;

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
    let emitter =
        Emitter::python(Options::new(RedisBus::new(url)?), &Python::new()).await?;
    emitter.of("/orders")?.to("order:7").emit("progress", &(7, "picked"))?;
    emitter.close().await;
    Ok(())
}
// ANCHOR_END: emitter

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_server_beside_others_is_built_without_a_broker() {
        let built = beside_sharded_node().collect(false).build();
        assert!(built.is_ok(), "{built:?}");
    }
}
