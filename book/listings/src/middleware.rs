//! Guide: middleware and listeners.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde::Deserialize;
use sio::Builder;
use sio::consumer::Reply;
use sio::extract::Extension;
use sio::middleware::{Call, Connecting, Next};
use sio::observe::RoomEvent;
use sio::prelude::*;

// ANCHOR: connecting
#[derive(Deserialize)]
struct Login {
    token: String,
}

struct User {
    name: String,
    is_moderator: bool,
}

/// Finds out who it is, once for all namespaces.
async fn authenticate(client: Connecting) -> Result<(), ConnectError> {
    let login: Login = client.auth()?;
    let name = login
        .token
        .strip_prefix("token-of-")
        .ok_or_else(|| ConnectError::new("Unknown token"))?;
    client.insert(User { name: name.to_owned(), is_moderator: name == "ada" });
    Ok(())
}
// ANCHOR_END: connecting

// ANCHOR: extension
#[derive(Default)]
struct Forum;

#[consumer(namespace = "/forum")]
impl Forum {
    async fn event_post(
        &mut self,
        socket: &Socket,
        user: Extension<User>,
        text: String,
    ) -> sio::Result {
        socket.namespace().emit("post", &(&user.name, text)).await?;
        Ok(())
    }

    async fn event_delete(&mut self, socket: &Socket, post: u64) -> sio::Result {
        socket.namespace().emit("deleted", &post).await?;
        Ok(())
    }
}
// ANCHOR_END: extension

// ANCHOR: permission
async fn moderators_only(call: Call, next: Next) -> sio::Result<Reply> {
    let is_moderator =
        call.socket().data().with(|user: &User| user.is_moderator).unwrap_or(false);
    if call.name() == "delete" && !is_moderator {
        return Err(sio::Error::new("forbidden", "Only moderators may"));
    }
    next.run(call).await
}
// ANCHOR_END: permission

// ANCHOR: timing
async fn timed(call: Call, next: Next) -> sio::Result<Reply> {
    let (name, start) = (call.name().to_owned(), Instant::now());
    let outcome = next.run(call).await;
    tracing::info!(event = name, took = ?start.elapsed(), ok = outcome.is_ok());
    outcome
}
// ANCHOR_END: timing

// ANCHOR: build
fn with_middleware(builder: Builder) -> Builder {
    builder
        .on_connecting("*", authenticate)
        .middleware("*", timed)
        .middleware("/forum", moderators_only)
}
// ANCHOR_END: build

// ANCHOR: listeners
#[derive(Default)]
struct Counters {
    received: AtomicU64,
    sent: AtomicU64,
    joined: AtomicU64,
}

fn with_counters(builder: Builder, counters: &Arc<Counters>) -> Builder {
    let (received, sent, joined) =
        (Arc::clone(counters), Arc::clone(counters), Arc::clone(counters));
    builder
        .on_incoming(move |_socket, _event, _args| {
            received.received.fetch_add(1, Ordering::Relaxed);
        })
        .on_outgoing(move |_outgoing| {
            sent.sent.fetch_add(1, Ordering::Relaxed);
        })
        .on_room(move |_namespace, _room, event| {
            if matches!(event, RoomEvent::Joined(_)) {
                joined.joined.fetch_add(1, Ordering::Relaxed);
            }
        })
}
// ANCHOR_END: listeners

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn middleware_decides_who_may_what() {
        let counters = Arc::<Counters>::default();
        let server = TestServer::start(|builder| {
            with_counters(with_middleware(builder.consumer::<Forum>()), &counters)
        })
        .await;
        let (mut ada, mut bob) = (server.ws().await, server.ws().await);
        ada.send("40/forum,").await;
        ada.expect(
            r#"44/forum,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":…}}"#,
        )
        .await;
        ada.send(r#"40/forum,{"token":"?"}"#).await;
        ada.expect(r#"44/forum,{"message":"Unknown token"}"#).await;
        for (client, name) in [(&mut ada, "ada"), (&mut bob, "bob")] {
            client.send(&format!(r#"40/forum,{{"token":"token-of-{name}"}}"#)).await;
            client.expect(r#"40/forum,{"sid":…}"#).await;
        }
        bob.send(r#"42/forum,0["post","Hello"]"#).await;
        bob.expect(r#"42/forum,["post","bob","Hello"]"#).await;
        bob.expect("43/forum,0[]").await;
        ada.expect(r#"42/forum,["post","bob","Hello"]"#).await;
        bob.send(r#"42/forum,1["delete",1]"#).await;
        bob.expect(r#"43/forum,1[{"status":"error","code":"forbidden","message":"Only moderators may"}]"#)
            .await;
        ada.send(r#"42/forum,0["delete",1]"#).await;
        ada.expect(r#"42/forum,["deleted",1]"#).await;
        ada.expect("43/forum,0[]").await;
        server.of("/forum").broadcast().join("tea").await.unwrap();
        let counted = [&counters.received, &counters.sent, &counters.joined];
        assert_eq!(counted.map(|counter| counter.load(Ordering::Relaxed)), [3, 2, 2]);
    }
}
