//! Guide: state.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use sio::extract::Extension;
use sio::prelude::*;

// ANCHOR: shared
/// The state that all clients share.
#[derive(Default)]
struct Statistics {
    messages: AtomicU64,
}
// ANCHOR_END: shared

// ANCHOR: presence
/// The people who are online, and the number of sockets of each.
#[derive(Clone, Default)]
struct Presence(Arc<Mutex<HashMap<String, usize>>>);

/// A place among those who are there; given up when it is dropped.
struct Present {
    presence: Presence,
    name: String,
}

impl Presence {
    fn enter(&self, name: &str) -> Present {
        *self.lock().entry(name.to_owned()).or_default() += 1;
        Present { presence: self.clone(), name: name.to_owned() }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self.lock().keys().cloned().collect();
        names.sort();
        names
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        let mut names = self.presence.lock();
        if let Some(count) = names.get_mut(&self.name) {
            *count -= 1;
            if *count == 0 {
                names.remove(&self.name);
            }
        }
    }
}
// ANCHOR_END: presence

// ANCHOR: consumer
struct Office {
    /// This client's own: no lock, no map by socket id.
    messages: u64,
    /// Dropped with the consumer, however the client came to leave.
    _present: Present,
}

#[consumer(namespace = "/office")]
impl Office {
    async fn connect(login: Login, presence: State<Presence>) -> Self {
        Self { messages: 0, _present: presence.enter(&login.name) }
    }

    async fn event_say(
        &mut self,
        _text: String,
        statistics: State<Statistics>,
    ) -> (u64, u64) {
        self.messages += 1;
        let all = statistics.messages.fetch_add(1, Ordering::Relaxed) + 1;
        (self.messages, all)
    }

    async fn event_who(presence: State<Presence>) -> Vec<String> {
        presence.names()
    }
}
// ANCHOR_END: consumer

// ANCHOR: data
/// The auth payload of the client: `io("/party", { auth: { name: "Ada" } })`.
#[derive(Deserialize)]
struct Login {
    name: String,
}

struct Name(String);

#[derive(Default)]
struct Party;

#[consumer(namespace = "/party")]
impl Party {
    async fn connect(&mut self, socket: &Socket, login: Login) {
        socket.data().insert(Name(login.name));
    }

    async fn event_who(socket: &Socket) -> Vec<String> {
        let sockets = socket.namespace().sockets();
        let name = |socket: &Socket| socket.data().with(|name: &Name| name.0.clone());
        sockets.iter().filter_map(name).collect()
    }

    async fn event_whoami(name: Extension<Name>) -> String {
        name.0.clone()
    }
}
// ANCHOR_END: data

// ANCHOR: build
fn server() -> sio::Result<Server> {
    let server = Server::builder()
        .collect(false)
        .consumer::<Office>()
        .state(Statistics::default())
        .state(Presence::default())
        .build()?;
    Ok(server)
}
// ANCHOR_END: build

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::TestServer;

    #[tokio::test]
    async fn what_is_shared_is_shared_and_what_is_not_is_not() {
        let presence = Presence::default();
        let server = TestServer::start(|builder| {
            builder
                .consumer::<Office>()
                .state(Statistics::default())
                .state(presence.clone())
        })
        .await;
        let (mut ada, mut bob) = (server.ws().await, server.ws().await);
        for (client, name) in [(&mut ada, "Ada"), (&mut bob, "Bob")] {
            client.send(&format!(r#"40/office,{{"name":"{name}"}}"#)).await;
            client.expect(r#"40/office,{"sid":…}"#).await;
        }
        ada.send(r#"42/office,0["say","hi"]"#).await;
        ada.expect("43/office,0[1,1]").await;
        bob.send(r#"42/office,0["say","hi"]"#).await;
        bob.expect("43/office,0[1,2]").await;
        bob.send(r#"42/office,1["who"]"#).await;
        bob.expect(r#"43/office,1[["Ada","Bob"]]"#).await;

        let socket = server.of("/office").sockets().remove(0);
        socket.disconnect();
        socket.closed().await;
        sio_tests::deadline::soon("the place to be given up", async {
            while presence.names().len() > 1 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    #[tokio::test]
    async fn others_see_what_is_kept_with_the_socket() {
        let server = TestServer::start(|builder| builder.consumer::<Party>()).await;
        let mut ada = server.ws().await;
        ada.send(r#"40/party,{"name":"Ada"}"#).await;
        ada.expect(r#"40/party,{"sid":…}"#).await;
        ada.send(r#"42/party,0["who"]"#).await;
        ada.expect(r#"43/party,0[["Ada"]]"#).await;
        ada.send(r#"42/party,1["whoami"]"#).await;
        ada.expect(r#"43/party,1["Ada"]"#).await;
    }

    #[test]
    fn a_state_that_nobody_provides_is_found_at_the_start() {
        server().unwrap();
        let error =
            Server::builder().collect(false).consumer::<Office>().build().unwrap_err();
        assert_eq!(error.problems().len(), 2);
        assert!(
            error.to_string().contains("needs State<book_listings::state::Presence>"),
            "{error}"
        );
    }
}
