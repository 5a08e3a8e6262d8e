//! Part 6 of the tutorial: the chat of part 4, with types for its page.

// ANCHOR: payloads
use std::collections::BTreeSet;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sio::prelude::*;

/// The data with which a client connects.
#[derive(Deserialize, JsonSchema)]
struct Login {
    name: String,
}

/// `chat_message` as a client sends it.
#[derive(Deserialize, JsonSchema)]
struct Say {
    room: String,
    text: String,
}

/// `chat_message` as the members of the room get it.
#[derive(Serialize, JsonSchema)]
struct Said<'a> {
    room: &'a str,
    from: &'a str,
    text: &'a str,
}
// ANCHOR_END: payloads

// ANCHOR: events
/// The events of the server.
#[emits(namespace = "/chat")]
trait ChatEvents {
    async fn emit_system_message(text: &str);

    async fn emit_joined(room: &str, name: &str);

    async fn emit_left(room: &str, name: &str);

    /// Somebody in a room has written something.
    async fn emit_chat_message(said: &Said<'_>);

    async fn emit_typing(room: &str, name: &str);

    /// A question to everybody in a room: yes or no?
    async fn emit_question(question: &str) -> bool;
}
// ANCHOR_END: events

/// The state of one client.
struct ChatConsumer {
    name: String,
    rooms: BTreeSet<String>,
}

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    async fn connect(socket: &Socket, login: Login) -> Result<Self, ConnectError> {
        let name = login.name.trim();
        if name.is_empty() {
            return Err(ConnectError::new("A name is required").with_data(["name"]));
        }
        socket.broadcast().emit_system_message(&format!("{name} is here")).await?;
        Ok(Self { name: name.to_owned(), rooms: BTreeSet::new() })
    }

    async fn event_join_room(
        &mut self,
        socket: &Socket,
        room: String,
    ) -> sio::Result<Vec<String>> {
        socket.join(channel(&room)).await?;
        if self.rooms.insert(room.clone()) {
            socket.to(channel(&room)).emit_joined(&room, &self.name).await?;
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
            socket.to(channel(&room)).emit_left(&room, &self.name).await?;
        }
        Ok(())
    }

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
        room.emit_chat_message(&Said {
            room: &say.room,
            from: &self.name,
            text: &say.text,
        })
        .await?;
        Ok(room.sockets().len())
    }
    // ANCHOR_END: chat_message

    async fn event_typing(&self, socket: &Socket, room: String) -> sio::Result<()> {
        // Worth nothing a moment later: a client that has something else to read is passed over.
        socket.to(channel(&room)).volatile().emit_typing(&room, &self.name).await?;
        Ok(())
    }

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
        let answers = ballot.emit_question(&question).await?.collect().await;

        let yes = answers.iter().filter(|(_, answer)| matches!(answer, Ok(true))).count();
        let no = answers.iter().filter(|(_, answer)| matches!(answer, Ok(false))).count();
        Ok((yes, no))
    }

    async fn disconnect(&mut self, socket: &Socket) {
        for room in &self.rooms {
            let left = socket.to(channel(room)).emit_left(room, &self.name).await;
            left.ok(); // Fails only for what cannot be written as JSON.
        }
    }
}

/// The Socket.IO room behind a room of the chat. Every client is alone in a room that is named by its socket's id; with
/// the prefix nobody can join another client's.
fn channel(room: &str) -> String {
    format!("room:{room}")
}

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    let server = Server::builder()
        .static_files("/", "public")
        .client_files("node_modules/socket.io-client/dist")
        .build()?;
    server.serve("127.0.0.1:3000").await
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use sio::testing::TestServer;

    use super::*;

    type TestResult = Result<(), Box<dyn std::error::Error>>;

    // ANCHOR: check
    #[test]
    fn the_page_has_the_types_of_the_server() {
        sio::contract::Contract::collect().check("web/contract.ts");
    }
    // ANCHOR_END: check

    #[tokio::test(start_paused = true)]
    async fn declared_events_are_those_of_part_4() -> TestResult {
        let server = TestServer::new(Server::builder().build()?);
        let login = |name| {
            server.client().namespace("/chat").auth(&json!({ "name": name })).connect()
        };
        let (ada, bob) = (login("Ada").await?, login("Bob").await?);
        assert_eq!(ada.next::<String>("system_message").await, "Bob is here");
        for client in [&ada, &bob] {
            client.emit_with_ack::<Value>("join_room", "rust").await?;
        }
        assert_eq!(
            ada.next::<(String, String)>("joined").await,
            ("rust".into(), "Bob".into())
        );
        bob.emit_with_ack::<()>("typing", "rust").await?;
        assert_eq!(
            ada.next::<(String, String)>("typing").await,
            ("rust".into(), "Bob".into())
        );
        let hello = json!({ "room": "rust", "text": "Hello" });
        assert_eq!(bob.emit_with_ack::<usize>("chat_message", &hello).await?, 2);
        let said: Value = ada.next("chat_message").await;
        assert_eq!(said, json!({ "room": "rust", "from": "Bob", "text": "Hello" }));

        bob.ignore("chat_message");
        ada.answer("question", |_: String| true);
        bob.answer("question", |_: String| false);
        let votes: (usize, usize) = ada.emit_with_ack("vote", &("rust", "Tea?")).await?;
        assert_eq!(votes, (1, 1));
        bob.emit_with_ack::<()>("leave_room", "rust").await?;
        assert_eq!(
            ada.next::<(String, String)>("left").await,
            ("rust".into(), "Bob".into())
        );
        Ok(())
    }
}
