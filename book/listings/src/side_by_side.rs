//! The listings of "Piece by piece".

use sio::cluster::{Adapter, Emitter, NodeJs, Options, Python, RedisBus};
use sio::prelude::*;

fn beside_python() -> sio::Result<Server> {
    // ANCHOR: python
    let adapter = Adapter::redis("redis://10.0.0.5").python(Python::new().member());
    let server = Server::builder().adapter(adapter).build()?;
    // ANCHOR_END: python
    Ok(server)
}

fn beside_node() -> sio::Result<Server> {
    // ANCHOR: node
    let adapter = Adapter::redis("redis://10.0.0.5").node(NodeJs::new().member());
    let server = Server::builder().adapter(adapter).build()?;
    // ANCHOR_END: node
    Ok(server)
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
        assert!(beside_python().is_ok() && beside_node().is_ok());
    }
}
