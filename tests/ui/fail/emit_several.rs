use sio::prelude::*;

#[derive(Default)]
struct Chat;

#[consumer]
impl Chat {
    async fn event_say(&mut self, socket: &Socket) -> sio::Result {
        socket.emit("moved", 1, 2).await?;
        socket.emit("moved", 1).await?;
        socket.emit("moved").await?;
        Ok(())
    }
}

fn main() {}
