//! Part 4 of the tutorial: names, rooms and acknowledgements in both directions.

// ANCHOR: payloads
use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::prelude::*;

/// The auth payload of a client.
#[derive(Deserialize)]
struct Login {
    name: String,
}

/// `chat_message` as a client sends it.
#[derive(Deserialize)]
struct Say {
    room: String,
    text: String,
}

/// `chat_message` as the members of the room get it.
#[derive(Serialize)]
struct Said<'a> {
    room: &'a str,
    from: &'a str,
    text: &'a str,
}
// ANCHOR_END: payloads

// ANCHOR: state
/// The state of one client.
struct ChatConsumer {
    name: String,
    rooms: BTreeSet<String>,
}
// ANCHOR_END: state

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    // ANCHOR: connect
    async fn connect(socket: &Socket, login: Login) -> Result<Self, ConnectError> {
        let name = login.name.trim();
        if name.is_empty() {
            return Err(ConnectError::new("A name is required").with_data(["name"]));
        }
        socket.broadcast().emit("system_message", &format!("{name} is here")).await?;
        Ok(Self { name: name.to_owned(), rooms: BTreeSet::new() })
    }
    // ANCHOR_END: connect

    // ANCHOR: rooms
    async fn event_join_room(
        &mut self,
        socket: &Socket,
        room: String,
    ) -> sio::Result<Vec<String>> {
        socket.join(channel(&room)).await?;
        if self.rooms.insert(room.clone()) {
            socket.to(channel(&room)).emit("joined", &(&room, &self.name)).await?;
        }
        Ok(self.rooms.iter().cloned().collect())
    }

    async fn event_leave_room(
        &mut self,
        socket: &Socket,
        room: String,
    ) -> sio::Result<()> {
        if self.rooms.remove(&room) {
            socket.leave(channel(&room)).await?;
            socket.to(channel(&room)).emit("left", &(&room, &self.name)).await?;
        }
        Ok(())
    }
    // ANCHOR_END: rooms

    // ANCHOR: chat_message
    async fn event_chat_message(
        &mut self,
        socket: &Socket,
        say: Say,
    ) -> sio::Result<usize> {
        if !self.rooms.contains(&say.room) {
            return Err(sio::Error::new(
                "not_in_room",
                "Join the room before you write to it",
            )
            .with_field("room", &say.room));
        }
        let room = socket.namespace().to(channel(&say.room));
        room.emit(
            "chat_message",
            &Said { room: &say.room, from: &self.name, text: &say.text },
        )
        .await?;
        Ok(room.sockets().len())
    }
    // ANCHOR_END: chat_message

    // ANCHOR: typing
    async fn event_typing(&self, socket: &Socket, room: String) -> sio::Result<()> {
        // Worth nothing a moment later: a client that has something else to read is
        // passed over.
        socket.to(channel(&room)).volatile().emit("typing", &(&room, &self.name)).await?;
        Ok(())
    }
    // ANCHOR_END: typing

    // ANCHOR: ask
    #[event(concurrent)]
    async fn event_vote(
        socket: Socket,
        room: String,
        question: String,
    ) -> sio::Result<(usize, usize)> {
        if !socket.rooms().contains(&channel(&room)) {
            return Err(sio::Error::new(
                "not_in_room",
                "Join the room before you ask it",
            ));
        }
        let ballot =
            socket.namespace().to(channel(&room)).timeout(Duration::from_secs(30));
        let answers =
            ballot.emit_with_ack::<bool>("question", &question).await?.collect().await;

        let yes = answers.iter().filter(|(_, answer)| matches!(answer, Ok(true))).count();
        let no = answers.iter().filter(|(_, answer)| matches!(answer, Ok(false))).count();
        Ok((yes, no))
    }
    // ANCHOR_END: ask

    // ANCHOR: disconnect
    async fn disconnect(&mut self, socket: &Socket) {
        for room in &self.rooms {
            let left = socket.to(channel(room)).emit("left", &(room, &self.name)).await;
            left.ok(); // Fails only for what cannot be written as JSON.
        }
    }
    // ANCHOR_END: disconnect
}

// ANCHOR: channel
/// The Socket.IO room behind a room of the chat. Every client is alone in a room that is
/// named by its socket's id; with the prefix nobody can join another client's.
fn channel(room: &str) -> String {
    format!("room:{room}")
}
// ANCHOR_END: channel

// ANCHOR: main
#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    let server = Server::builder()
        .static_files("/", "public")
        .client_files("node_modules/socket.io-client/dist")
        .build()?;
    server.serve("127.0.0.1:3000").await
}
// ANCHOR_END: main

// ANCHOR: tests
#[cfg(test)]
mod tests {
    // ANCHOR: set_up
    use serde_json::{Value, json};
    use sio::testing::{Refused, TestClient, TestServer};

    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    /// The server of `main`, without the page.
    fn server() -> TestServer {
        TestServer::new(Server::builder().build().expect("the chat can be built"))
    }

    /// A client that has been accepted.
    async fn login(server: &TestServer, name: &str) -> Result<TestClient, Refused> {
        let client = server
            .client()
            .namespace("/chat")
            .auth(&json!({ "name": name }))
            .connect()
            .await?;
        client.ignore("system_message");
        Ok(client)
    }
    // ANCHOR_END: set_up

    // ANCHOR: refused
    #[tokio::test(start_paused = true)]
    async fn a_client_without_a_name_is_refused() {
        let refused = login(&server(), " ").await.unwrap_err();
        assert_eq!(refused.message, "A name is required");
        assert_eq!(refused.data[0].as_str(), Some("name"));

        let refused = server().connect("/chat").await.unwrap_err();
        assert_eq!(refused.message, "Invalid auth payload");
    }
    // ANCHOR_END: refused

    // ANCHOR: message
    #[tokio::test(start_paused = true)]
    async fn only_members_read_and_write() -> TestResult {
        let server = server();
        let (ada, bob) = (login(&server, "Ada").await?, login(&server, "Bob").await?);
        let rooms: Vec<String> = ada.emit_with_ack("join_room", "rust").await?;
        assert_eq!(rooms, ["rust"]);

        let hello = json!({ "room": "rust", "text": "Hello" });
        let error = bob.emit_with_ack::<Value>("chat_message", &hello).await.unwrap_err();
        assert_eq!(
            (error.code(), error.field("room").as_str()),
            ("not_in_room", Some("rust"))
        );
        ada.nothing_more().await;

        bob.emit_with_ack::<Value>("join_room", "rust").await?;
        assert_eq!(
            ada.next::<(String, String)>("joined").await,
            ("rust".into(), "Bob".into())
        );
        assert_eq!(bob.emit_with_ack::<usize>("chat_message", &hello).await?, 2);
        for client in [&ada, &bob] {
            let said: Value = client.next("chat_message").await;
            assert_eq!(said, json!({ "room": "rust", "from": "Bob", "text": "Hello" }));
        }
        Ok(())
    }
    // ANCHOR_END: message

    // ANCHOR: leaving
    #[tokio::test(start_paused = true)]
    async fn a_lost_client_leaves_its_rooms() -> TestResult {
        let server = server();
        let (ada, bob) = (login(&server, "Ada").await?, login(&server, "Bob").await?);
        ada.emit_with_ack::<Value>("join_room", "rust").await?;
        bob.emit_with_ack::<Value>("join_room", "rust").await?;
        ada.ignore("joined");

        bob.ignore_pings();
        assert_eq!(
            bob.within(Duration::from_secs(60)).expect_disconnect().await,
            DisconnectReason::PingTimeout
        );
        assert_eq!(
            ada.next::<(String, String)>("left").await,
            ("rust".into(), "Bob".into())
        );
        Ok(())
    }
    // ANCHOR_END: leaving

    // ANCHOR: vote
    #[tokio::test(start_paused = true)]
    async fn a_silent_client_does_not_vote() -> TestResult {
        let server = server();
        let (ada, bob) = (login(&server, "Ada").await?, login(&server, "Bob").await?);
        let _silent = login(&server, "Eve").await?;
        for socket in server.of("/chat").sockets() {
            socket.join(channel("rust")).await?;
        }
        ada.answer("question", |_: String| true);
        bob.answer("question", |_: String| false);
        let patient = ada.within(Duration::from_secs(60));
        let votes: (usize, usize) =
            patient.emit_with_ack("vote", &("rust", "Tea?")).await?;
        assert_eq!(votes, (1, 1));
        Ok(())
    }
    // ANCHOR_END: vote

    // ANCHOR: rest
    #[tokio::test(start_paused = true)]
    async fn a_client_that_leaves_a_room_reads_nothing_there() -> TestResult {
        let server = server();
        let (ada, bob) = (login(&server, "Ada").await?, login(&server, "Bob").await?);
        ada.emit_with_ack::<Value>("join_room", "rust").await?;
        bob.emit_with_ack::<Value>("join_room", "rust").await?;
        ada.emit_with_ack::<()>("typing", "rust").await?;
        assert_eq!(
            bob.next::<(String, String)>("typing").await,
            ("rust".into(), "Ada".into())
        );

        bob.emit_with_ack::<()>("leave_room", "rust").await?;
        assert!(!bob.is_in(&channel("rust")));
        let error =
            bob.emit_with_ack::<Value>("vote", &("rust", "Tea?")).await.unwrap_err();
        assert_eq!(error.code(), "not_in_room");
        Ok(())
    }
    // ANCHOR_END: rest
}
// ANCHOR_END: tests
