//! Part 4 of the tutorial: names, rooms and acknowledgements in both directions.

// ANCHOR: payloads
use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sio::prelude::*;

/// What a client says of itself when it connects.
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
/// What the server knows of one client.
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
            return Err(ConnectError::new("A name is wanted").with_data(["name"]));
        }
        socket.broadcast().emit("system_message", &format!("{name} is here")).await?;
        Ok(Self { name: name.to_owned(), rooms: BTreeSet::new() })
    }
    // ANCHOR_END: connect

    // ANCHOR: rooms
    async fn event_join_room(&mut self, socket: &Socket, room: String) -> sio::Result<Vec<String>> {
        socket.join(channel(&room)).await?;
        if self.rooms.insert(room.clone()) {
            socket.to(channel(&room)).emit("joined", &(&room, &self.name)).await?;
        }
        Ok(self.rooms.iter().cloned().collect())
    }

    async fn event_leave_room(&mut self, socket: &Socket, room: String) -> sio::Result<()> {
        if self.rooms.remove(&room) {
            socket.leave(channel(&room)).await?;
            socket.to(channel(&room)).emit("left", &(&room, &self.name)).await?;
        }
        Ok(())
    }
    // ANCHOR_END: rooms

    // ANCHOR: chat_message
    async fn event_chat_message(&mut self, socket: &Socket, say: Say) -> sio::Result<usize> {
        if !self.rooms.contains(&say.room) {
            return Err(sio::Error::new("not_in_room", "Join the room before you write to it")
                .with_field("room", &say.room));
        }
        let room = socket.namespace().to(channel(&say.room));
        room.emit("chat_message", &Said { room: &say.room, from: &self.name, text: &say.text }).await?;
        Ok(room.sockets().len())
    }
    // ANCHOR_END: chat_message

    // ANCHOR: typing
    async fn event_typing(&self, socket: &Socket, room: String) -> sio::Result<()> {
        // Worth nothing a moment later: a client that has something else to read is passed over.
        socket.to(channel(&room)).volatile().emit("typing", &(&room, &self.name)).await?;
        Ok(())
    }
    // ANCHOR_END: typing

    // ANCHOR: ask
    #[event(concurrent)]
    async fn event_vote(socket: Socket, room: String, question: String) -> sio::Result<(usize, usize)> {
        if !socket.rooms().contains(&channel(&room)) {
            return Err(sio::Error::new("not_in_room", "Join the room before you ask it"));
        }
        let ballot = socket.namespace().to(channel(&room)).timeout(Duration::from_secs(30));
        let answers = ballot.emit_with_ack::<bool>("question", &question).await?.collect().await;

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
/// The Socket.IO room behind a room of the chat. Every client is alone in a room that is named by its socket's id; with
/// the prefix nobody can join another client's.
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

#[cfg(test)]
mod tests {
    use sio_tests::{TestServer, Ws};

    async fn login(server: &TestServer, name: &str) -> Ws {
        let mut client = server.ws().await;
        client.send(&format!(r#"40/chat,{{"name":"{name}"}}"#)).await;
        client.expect(r#"40/chat,{"sid":…}"#).await;
        client
    }

    async fn start() -> TestServer {
        TestServer::start(|builder| builder.consumer::<super::ChatConsumer>()).await
    }

    #[tokio::test]
    async fn who_has_no_name_is_told_so() {
        let server = start().await;
        let mut client = server.ws().await;
        client.send(r#"40/chat,{"name":" "}"#).await;
        client.expect(r#"44/chat,{"message":"A name is wanted","data":["name"]}"#).await;
        client.send("40/chat,").await;
        client
            .expect(r#"44/chat,{"message":"Invalid auth payload","data":{"code":"invalid_auth","detail":…}}"#)
            .await;
    }

    #[tokio::test]
    async fn only_members_read_and_write() {
        let server = start().await;
        let mut ada = login(&server, "Ada").await;
        let mut bob = login(&server, "Bob").await;
        ada.expect(r#"42/chat,["system_message","Bob is here"]"#).await;
        ada.send(r#"42/chat,0["join_room","rust"]"#).await;
        ada.expect(r#"43/chat,0[["rust"]]"#).await;
        bob.send(r#"42/chat,0["chat_message",{"room":"rust","text":"Hi"}]"#).await;
        bob.expect(r#"43/chat,0[{"status":"error","code":"not_in_room","message":"Join the room before you write to it","room":"rust"}]"#).await;
        bob.send(r#"42/chat,1["join_room","rust"]"#).await;
        bob.expect(r#"43/chat,1[["rust"]]"#).await;
        ada.expect(r#"42/chat,["joined","rust","Bob"]"#).await;
        bob.send(r#"42/chat,2["chat_message",{"room":"rust","text":"Hi"}]"#).await;
        let said = r#"42/chat,["chat_message",{"room":"rust","from":"Bob","text":"Hi"}]"#;
        bob.expect(said).await;
        bob.expect("43/chat,2[2]").await;
        ada.expect(said).await;

        bob.send(r#"42/chat,["typing","rust"]"#).await;
        ada.expect(r#"42/chat,["typing","rust","Bob"]"#).await;
        bob.send(r#"42/chat,3["leave_room","rust"]"#).await;
        bob.expect("43/chat,3[]").await;
        ada.expect(r#"42/chat,["left","rust","Bob"]"#).await;
        bob.expect_nothing_more().await;
    }

    #[tokio::test]
    async fn who_leaves_is_missed_in_its_rooms() {
        let server = start().await;
        let mut ada = login(&server, "Ada").await;
        ada.send(r#"42/chat,0["join_room","rust"]"#).await;
        ada.expect(r#"43/chat,0[["rust"]]"#).await;
        let mut bob = login(&server, "Bob").await;
        ada.expect(r#"42/chat,["system_message","Bob is here"]"#).await;
        bob.send(r#"42/chat,0["join_room","rust"]"#).await;
        ada.expect(r#"42/chat,["joined","rust","Bob"]"#).await;
        bob.close().await;
        ada.expect(r#"42/chat,["left","rust","Bob"]"#).await;
    }

    #[tokio::test]
    async fn a_vote_counts_every_answer() {
        let server = start().await;
        let (mut ada, mut bob) = (login(&server, "Ada").await, login(&server, "Bob").await);
        ada.expect(r#"42/chat,["system_message","Bob is here"]"#).await;
        ada.send(r#"42/chat,0["join_room","rust"]"#).await;
        ada.expect(r#"43/chat,0[["rust"]]"#).await;
        bob.send(r#"42/chat,0["join_room","rust"]"#).await;
        bob.expect(r#"43/chat,0[["rust"]]"#).await;
        ada.expect(r#"42/chat,["joined","rust","Bob"]"#).await;
        ada.send(r#"42/chat,1["vote","rust","Tea?"]"#).await;
        ada.expect(r#"42/chat,0["question","Tea?"]"#).await;
        bob.expect(r#"42/chat,0["question","Tea?"]"#).await;
        ada.send("43/chat,0[true]").await;
        bob.send("43/chat,0[false]").await;
        ada.expect("43/chat,1[1,1]").await;
    }
}
