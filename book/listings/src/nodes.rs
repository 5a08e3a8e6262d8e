//! Guide: several nodes.

use std::time::Duration;

use serde::Serialize;
use sio::cluster::{Adapter, ClusterEvent, Emitter, Options, RedisBus};
use sio::error::EmitError;
use sio::prelude::*;

// ANCHOR: program
#[derive(Default)]
struct Chat;

#[consumer(namespace = "/nodes/chat")]
impl Chat {
    async fn event_say(&mut self, socket: &Socket, text: String) -> sio::Result {
        // To the clients of all nodes.
        socket.broadcast().emit("said", &text).await?;
        Ok(())
    }
}

async fn run(redis: &str) -> sio::Result {
    let server = Server::builder().adapter(Adapter::redis(redis)).build()?;
    server.serve("0.0.0.0:3000").await
}
// ANCHOR_END: program

async fn addressed(server: &Server, socket: &Socket) -> sio::Result {
    // ANCHOR: local
    server.of("/nodes/chat").emit("news", "for everybody, on all nodes").await?;
    server
        .of("/nodes/chat")
        .local()
        .emit("notice", "this node stops in a minute")
        .await?;
    // Everybody in the lobby joins, on whichever node they are.
    server.of("/nodes/chat").to("lobby").join("night").await?;
    socket.to("night").emit("lights", &false).await?;
    // ANCHOR_END: local
    Ok(())
}

#[derive(Serialize)]
struct Halt {
    market: &'static str,
}

async fn strict(server: &Server) -> sio::Result {
    // ANCHOR: strict
    let traders = server.of("/nodes/chat").to("traders");
    match traders.strict().emit("halt", &Halt { market: "tea" }).await {
        Err(EmitError::Unreachable) => {
            tracing::error!("nobody was told: the broker or a node is away")
        }
        result => result?,
    }
    // ANCHOR_END: strict
    Ok(())
}

async fn tell_from_a_command(redis: &str, order: u64) -> sio::Result {
    // ANCHOR: emitter
    let emitter = Emitter::connect(Options::new(RedisBus::new(redis)?)).await?;
    emitter.of("/nodes/chat")?.to("lobby").emit("news", "the shop opens")?;
    emitter.of("/nodes/chat")?.user(42).emit("shipped", &order)?;
    emitter.close().await; // what waits goes out first
    // ANCHOR_END: emitter
    Ok(())
}

fn signed() -> sio::Result {
    // ANCHOR: secret
    let secret = std::env::var("CLUSTER_SECRET")?;
    let server = Server::builder()
        .adapter(Adapter::redis("redis://10.0.0.5").secret(secret))
        .build()?;
    // ANCHOR_END: secret
    drop(server);
    Ok(())
}

fn watched() -> sio::Result {
    // ANCHOR: events
    let server = Server::builder()
        .adapter(
            Adapter::redis("redis://10.0.0.5")
                .name("web-1")
                .hold(Duration::from_secs(5), 16 << 20),
        )
        .on_cluster(|event| {
            if let ClusterEvent::Lost { from, frames, .. } = event {
                tracing::warn!(%from, frames, "events of another node did not arrive");
            }
        })
        .build()?;

    if let Some(cluster) = server.cluster() {
        let status = cluster.status();
        println!(
            "up: {}, other nodes: {}, waiting: {}",
            status.is_up,
            status.nodes.len(),
            status.waiting
        );
    }
    // ANCHOR_END: events
    Ok(())
}

#[cfg(test)]
mod tests {
    // ANCHOR: test
    use sio::prelude::*;
    use sio::testing::{MemoryBroker, TestServer};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_said_on_one_node_is_heard_on_the_other() -> sio::Result {
        let broker = MemoryBroker::new();
        let node = async |name| -> sio::Result<TestServer> {
            let adapter = Adapter::custom(broker.bus(name));
            let server = Server::builder()
                .collect(false)
                .consumer::<Chat>()
                .adapter(adapter)
                .build()?;
            server.start().await?;
            Ok(TestServer::new(server))
        };
        let [a, b] = [node("a").await?, node("b").await?];
        let ann = a.connect("/nodes/chat").await?;
        let bob = b.connect("/nodes/chat").await?;
        ann.emit("say", "hello").await;
        assert_eq!(bob.next::<String>("said").await, "hello");
        Ok(())
    }
    // ANCHOR_END: test
}
