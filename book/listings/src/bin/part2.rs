//! Part 2 of the tutorial: a chat consumer.

// ANCHOR: all
// ANCHOR: payloads
use serde::{Deserialize, Serialize};
use sio::prelude::*;

/// `chat_message`, in both directions.
#[derive(Serialize, Deserialize)]
struct ChatMessage {
    text: String,
}

/// The answer to a message.
#[derive(Serialize)]
struct Delivered {
    status: &'static str,
}
// ANCHOR_END: payloads

// ANCHOR: consumer
/// One value of this for each client that is connected.
#[derive(Default)]
struct ChatConsumer;

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    // ANCHOR: connect
    async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
        // Put this client into a room.
        socket.join("lobby").await?;

        // Send a first message to this client only.
        socket
            .emit("system_message", &ChatMessage { text: "Welcome!".to_owned() })
            .await?;

        // True lets the client in.
        Ok(true)
    }
    // ANCHOR_END: connect

    // ANCHOR: disconnect
    async fn disconnect(&mut self, socket: &Socket, reason: DisconnectReason) {
        println!("{} is gone: {reason}", socket.id());
    }
    // ANCHOR_END: disconnect

    // ANCHOR: chat_message
    async fn event_chat_message(
        &mut self,
        socket: &Socket,
        payload: ChatMessage,
        ack: Option<Ack<Delivered>>,
    ) -> sio::Result<()> {
        // To everyone in the room, the sender included.
        socket.namespace().to("lobby").emit("chat_message", &payload).await?;

        // Answer, if the client asked for it.
        if let Some(ack) = ack {
            ack.send(Delivered { status: "ok" })?;
        }
        Ok(())
    }
    // ANCHOR_END: chat_message
}
// ANCHOR_END: consumer

#[tokio::main]
async fn main() -> sio::Result<()> {
    tracing_subscriber::fmt().init();
    sio::serve("127.0.0.1:3000").await
}
// ANCHOR_END: all

#[cfg(test)]
mod tests {
    use sio_tests::TestServer;

    #[tokio::test]
    async fn a_message_reaches_everyone_in_the_lobby_and_is_acknowledged() {
        let server =
            TestServer::start(|builder| builder.consumer::<super::ChatConsumer>()).await;
        let (mut ada, mut bob) =
            (server.socket("/chat").await, server.socket("/chat").await);
        for client in [&mut ada, &mut bob] {
            client.expect(r#"42/chat,["system_message",{"text":"Welcome!"}]"#).await;
        }
        ada.send(r#"42/chat,0["chat_message",{"text":"Hello"}]"#).await;
        ada.expect(r#"42/chat,["chat_message",{"text":"Hello"}]"#).await;
        ada.expect(r#"43/chat,0[{"status":"ok"}]"#).await;
        bob.expect(r#"42/chat,["chat_message",{"text":"Hello"}]"#).await;
    }

    #[tokio::test]
    async fn what_does_not_fit_is_said() {
        let server =
            TestServer::start(|builder| builder.consumer::<super::ChatConsumer>()).await;
        let mut ada = server.socket("/chat").await;
        ada.expect(r#"42/chat,["system_message",{"text":"Welcome!"}]"#).await;
        ada.send(r#"42/chat,0["chat_message",{"txt":"Hello"}]"#).await;
        let answer = r#"43/chat,0[{"status":"error","code":"invalid_payload","message":"Invalid payload","index":0,"detail":"missing field `text`"}]"#;
        ada.expect(answer).await;
    }
}
