//! Guide: users and presence.

use std::time::Duration;

use sio::observe::PresenceChange;
use sio::prelude::*;

#[derive(Default)]
struct Shop;

fn customer_of(token: &str) -> sio::Result<u64> {
    Ok(token.parse()?)
}

// ANCHOR: identify
#[consumer(namespace = "/guide/shop")]
impl Shop {
    async fn connect(&mut self, socket: &Socket, token: String) -> sio::Result {
        socket.identify(customer_of(&token)?)?;
        Ok(())
    }
}
// ANCHOR_END: identify

async fn customers(server: &Server, order: u64) -> sio::Result {
    // ANCHOR: user
    let customer = server.of("/guide/shop").user(42);
    customer.emit("shipped", &order).await?; // all tabs and telephones
    let is_online = customer.is_online().await?;
    customer.disconnect().await?; // log out everywhere
    // ANCHOR_END: user
    println!("{is_online}");
    Ok(())
}

fn presence() -> sio::Builder {
    // ANCHOR: presence
    let grace = Duration::from_secs(5);
    Server::builder().presence(grace).on_presence(
        |namespace, user, change| match change {
            PresenceChange::Online => println!("{user} is in {namespace}"),
            PresenceChange::Offline { since } => {
                println!("{user} has left {namespace} at {since:?}")
            }
            _ => {}
        },
    )
    // ANCHOR_END: presence
}
