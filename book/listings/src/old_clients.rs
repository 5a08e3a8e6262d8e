//! Guide: old clients.

use serde::{Deserialize, Serialize};
use sio::engine::Revision;
use sio::prelude::*;

// ANCHOR: allow
fn with_old_clients(builder: sio::Builder) -> sio::Builder {
    builder.allow_eio3(true)
}
// ANCHOR_END: allow

// ANCHOR: ids
fn with_ids_of_old_clients(builder: sio::Builder) -> sio::Builder {
    builder.allow_eio3(sio::options::Eio3::new().client_ids(true))
}
// ANCHOR_END: ids

// ANCHOR: consumer
#[derive(Deserialize)]
struct Login {
    token: String,
}

struct Lobby {
    user: String,
}

#[consumer]
impl Lobby {
    async fn connect(
        socket: &Socket,
        login: Option<Login>,
    ) -> Result<Self, ConnectError> {
        let handshake = socket.handshake();
        let is_old = handshake.revision() == Revision::V3;
        let token = match login {
            Some(login) => Some(login.token),
            None if is_old => handshake.query_param("token"),
            None => None,
        };
        let user = token
            .and_then(|token| user_of(&token))
            .ok_or_else(|| ConnectError::new("Who are you?"))?;
        if is_old {
            // Its own `socket.id` is something else.
            socket.emit("your_id", &socket.id()).await?;
        }
        Ok(Self { user })
    }

    async fn event_name(&self) -> String {
        self.user.clone()
    }
}
// ANCHOR_END: consumer

fn user_of(token: &str) -> Option<String> {
    (token == "sesame").then(|| "Ada".to_owned())
}

// ANCHOR: refusal
#[derive(Serialize)]
struct Refusal {
    message: &'static str,
    retry: bool,
}

/// Clients of either kind find the text in `error.message`.
fn refusal() -> ConnectError {
    const FULL: &str = "The table is full";
    ConnectError::new(FULL).with_data(Refusal { message: FULL, retry: true })
}
// ANCHOR_END: refusal

#[derive(Default)]
struct Table;

#[consumer(namespace = "/table")]
impl Table {
    async fn connect(&mut self) -> Result<(), ConnectError> {
        Err(refusal())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sio_tests::{OldPolling, Received, TestServer, pattern};

    async fn lobby() -> TestServer {
        TestServer::start(|builder| {
            with_old_clients(builder.consumer::<Lobby>().consumer::<Table>())
        })
        .await
    }

    #[tokio::test]
    async fn an_old_client_is_known_by_its_query_and_told_its_id() {
        let server = lobby().await;
        let mut old = OldPolling::open(&server, "&token=sesame").await;
        old.expect("40").await;
        let Received::Text(told) = old.next().await else {
            panic!("an event without bytes is text")
        };
        let sockets = server.of("/").sockets();
        assert_eq!(pattern::json(&told), serde_json::json!(["your_id", sockets[0].id()]));
        old.send(&[r#"420["name"]"#]).await;
        old.expect(r#"430["Ada"]"#).await;
        old.send(&["40/table,"]).await;
        old.expect(r#"44/table,{"message":"The table is full","retry":true}"#).await;

        OldPolling::open(&server, "&token=guess")
            .await
            .expect(r#"44"Who are you?""#)
            .await;
    }

    #[tokio::test]
    async fn an_old_client_may_keep_the_id_that_it_takes() {
        let server = TestServer::start(|builder| {
            with_ids_of_old_clients(builder.consumer::<Lobby>())
        })
        .await;
        let mut old = OldPolling::open(&server, "&token=sesame").await;
        old.expect("40").await;
        let Received::Text(told) = old.next().await else {
            panic!("an event without bytes is text")
        };
        assert_eq!(pattern::json(&told), serde_json::json!(["your_id", old.open.sid]));
    }

    #[tokio::test]
    async fn a_client_of_today_is_not() {
        let server = lobby().await;
        let mut young = server.ws().await;
        young.send(r#"40{"token":"sesame"}"#).await;
        young.expect(r#"40{"sid":…}"#).await;
        young.send(r#"420["name"]"#).await;
        young.expect(r#"430["Ada"]"#).await;
        let mut stranger = server
            .try_ws("EIO=4&transport=websocket&token=sesame", &[])
            .await
            .expect("it may open");
        stranger.receive().await;
        stranger.send("40").await;
        stranger.expect(r#"44{"message":"Who are you?"}"#).await;
    }
}
