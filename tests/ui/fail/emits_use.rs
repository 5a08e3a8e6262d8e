use serde::{Deserialize, Serialize};
use sio::prelude::*;

#[derive(Serialize, Deserialize)]
struct Message {
    text: String,
}

#[emits(namespace = "/chat")]
trait ChatEvents {
    async fn emit_said(from: &str, message: &Message);

    async fn emit_are_you_there(seconds: u32) -> bool;
}

async fn uses(socket: &Socket, message: &Message) -> sio::Result {
    socket.emit_sayd("Ada", message).await?;
    socket.emit_said("Ada", "text").await?;
    socket.emit_said("Ada").await?;
    let answer: String = socket.emit_are_you_there(5).await?;
    let answer: bool = socket.namespace().emit_are_you_there(5).await?;
    socket.emit_said("Ada", message);
    message.emit_said("Ada", message).await?;
    Ok(())
}

fn main() {}
