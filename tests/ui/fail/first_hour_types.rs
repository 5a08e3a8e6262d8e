//! Mistakes of somebody who has never written a consumer, of which only types tell.

use serde::Deserialize;
use sio::prelude::*;

#[derive(Deserialize)]
struct Message {
    text: String,
}

struct Answer;

#[derive(Default)]
struct Chat {
    count: u32,
}

#[consumer]
impl Chat {
    async fn event_reference(&mut self, message: &Message) {
        drop(message.text.clone());
    }

    async fn event_borrowed_self(&self) {
        self.count += 1;
    }

    async fn event_no_self() {
        self.count += 1;
    }

    async fn event_emits(&mut self, socket: &Socket) -> sio::Result {
        socket.emit("answer", &Answer).await?;
        Ok(())
    }

    async fn event_not_awaited(&mut self, socket: &Socket) -> sio::Result {
        socket.emit("answer", "text")?;
        Ok(())
    }

    async fn event_acks(&mut self, ack: Ack<u32>) -> sio::Result {
        ack.send("text")?;
        Ok(())
    }

    async fn event_acks_twice(&mut self, ack: Ack<u32>) -> sio::Result {
        ack.send(1)?;
        ack.send(2)?;
        Ok(())
    }

    async fn event_socket_of_others(&mut self, sockets: Vec<Socket>) {
        drop(sockets);
    }

    async fn event_option_of_state(&mut self, count: Option<State<u32>>) {
        drop(count);
    }

    async fn connect(&mut self, socket: &Socket) -> Result<Self, sio::error::ConnectError> {
        drop(socket);
        Ok(Self { count: 0 })
    }
}

fn main() {}
