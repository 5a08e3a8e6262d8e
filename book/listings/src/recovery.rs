//! Guide: connection state recovery.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::Builder;
use sio::extract::Extension;
use sio::options::Recovery;
use sio::prelude::*;

// ANCHOR: consumer
#[derive(Serialize)]
struct Post {
    author: String,
    text: String,
}

/// The auth payload of a client: an object, to which the official client adds what it
/// needs to come back.
#[derive(Serialize, Deserialize)]
struct Login {
    name: String,
}

/// Kept with the socket, and therefore still there when the client comes back.
struct Author(String);

#[derive(Default)]
struct Forum;

#[consumer(namespace = "/forum")]
impl Forum {
    async fn connect(&mut self, socket: &Socket, login: Login) -> sio::Result {
        if socket.is_recovered() {
            // It is in its rooms, and has been sent what it had missed.
            return Ok(());
        }
        socket.data().insert(Author(login.name));
        socket.join("news").await?;
        Ok(())
    }

    async fn event_post(
        &mut self,
        socket: &Socket,
        author: Extension<Author>,
        text: String,
    ) -> sio::Result {
        let post = Post { author: author.0.clone(), text };
        socket.to("news").emit("post", &post).await?;
        Ok(())
    }
}
// ANCHOR_END: consumer

fn server() -> Builder {
    // ANCHOR: option
    let recovery = Recovery::default() // every bound has a default
        .max_disconnection(Duration::from_secs(60))
        .max_packets(256)
        .max_bytes(256 * 1024)
        .max_clients(5_000);
    let builder = Server::builder().connection_state_recovery(recovery);
    // ANCHOR_END: option
    builder
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sio::testing::TestServer;

    use super::*;

    // ANCHOR: test
    #[tokio::test(start_paused = true)]
    async fn who_comes_back_has_missed_nothing() -> Result<(), Box<dyn std::error::Error>>
    {
        let server = server().collect(false).consumer::<Forum>().build()?;
        let server = TestServer::new(server);
        let [ada, bob] = ["Ada", "Bob"].map(|name| Login { name: name.into() });
        let ada = server.client().namespace("/forum").auth(&ada).connect().await?;
        let bob_again = server.client().namespace("/forum").auth(&bob);
        let bob = server.client().namespace("/forum").auth(&bob).connect().await?;

        bob.kill().await; // a train enters a tunnel
        ada.emit_with_ack::<()>("post", "Who is here?").await?;

        let bob = bob_again.resume(&bob).connect().await?;
        assert!(bob.is_recovered());
        let post: serde_json::Value = bob.next("post").await;
        assert_eq!(post, json!({ "author": "Ada", "text": "Who is here?" }));

        bob.emit_with_ack::<()>("post", "I am").await?;
        assert_eq!(ada.next::<serde_json::Value>("post").await["author"], "Bob");
        Ok(())
    }
    // ANCHOR_END: test
}
