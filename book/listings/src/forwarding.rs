//! Several nodes behind one load balancer.

use std::env;
use std::net::AddrParseError;
use std::time::Duration;

use sio::Builder;
use sio::cluster::{Adapter, Forwarding};
use sio::options::{Recovery, Shutdown};
use sio::prelude::*;

/// A node in a network in which its own idea of its address is wrong.
fn advertised() -> Adapter {
    // ANCHOR: advertise
    Adapter::redis("redis://10.0.0.5").advertise("10.0.1.7:3000")
    // ANCHOR_END: advertise
}

/// A node with a port that is only for the others.
fn with_a_port_for_nodes() -> Result<Builder, AddrParseError> {
    // ANCHOR: listen
    let builder = Server::builder()
        .adapter(Adapter::redis("redis://10.0.0.5"))
        .forwarding(Forwarding::listen("0.0.0.0:3001".parse()?));
    // ANCHOR_END: listen
    Ok(builder)
}

/// A node whose clients come back at any other.
async fn serve() -> sio::Result {
    // ANCHOR: node
    let (redis, node) = (env::var("REDIS")?, env::var("NODE")?);
    let server = Server::builder()
        .adapter(Adapter::redis(&redis).name(node))
        .connection_state_recovery(Recovery::default())
        .health("/healthz", "/readyz")
        // Until the load balancer sends nobody here any more.
        .shutdown(Shutdown::new().delay(Duration::from_secs(5)))
        .build()?;
    server.serve(("0.0.0.0", env::var("PORT")?.parse()?)).await
    // ANCHOR_END: node
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_are_valid() {
        assert!(Server::builder().collect(false).adapter(advertised()).build().is_ok());
        let builder = with_a_port_for_nodes().expect("the address is one");
        assert!(builder.collect(false).build().is_ok());
    }
}
