//! The tutorial's chat: one room, one event.

use serde::{Deserialize, Serialize};
use sio::error::BuildError;
use sio::prelude::*;

#[derive(Debug, Serialize, Deserialize)]
struct ChatMessage {
    #[serde(default)]
    text: String,
}

#[derive(Debug, Serialize)]
struct Delivered {
    status: &'static str,
}

/// `/chat`, where everyone is in the lobby.
#[derive(Debug, Default)]
pub struct ChatConsumer;

#[consumer(namespace = "/chat")]
impl ChatConsumer {
    async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
        socket.join("lobby").await?;
        socket.emit("system_message", &ChatMessage { text: "Welcome!".into() }).await?;
        Ok(true)
    }

    async fn event_chat_message(
        &mut self,
        socket: &Socket,
        payload: ChatMessage,
        ack: Option<Ack<Delivered>>,
    ) -> sio::Result<()> {
        socket.namespace().to("lobby").emit("chat_message", &payload).await?;
        if let Some(ack) = ack {
            ack.send(Delivered { status: "ok" })?;
        }
        Ok(())
    }
}

/// The server with default options.
///
/// # Errors
///
/// When the consumer needs what is not there.
pub fn server(origins: &[String]) -> Result<Server, BuildError> {
    Server::builder().collect(false).allowed_origins(origins.to_vec()).consumer::<ChatConsumer>().build()
}
