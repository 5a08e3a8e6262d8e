//! Guide: parsers.

use serde::{Deserialize, Serialize};
use sio::prelude::*;

// ANCHOR: server
#[derive(Serialize, Deserialize)]
struct Frame {
    number: u64,
    samples: Binary,
}

#[derive(Default)]
struct Scores;

#[consumer(namespace = "/scores")]
impl Scores {
    async fn event_play(&mut self, socket: &Socket, frame: Frame) -> sio::Result {
        socket.broadcast().emit("play", &frame).await?;
        Ok(())
    }
}

fn server() -> Result<Server, sio::error::BuildError> {
    Server::builder()
        .collect(false)
        .consumer::<Scores>()
        .parser(sio::options::Parser::MessagePack)
        .build()
}
// ANCHOR_END: server

#[cfg(test)]
mod tests {
    use super::*;
    use sio::testing::TestServer;

    #[tokio::test(start_paused = true)]
    async fn the_clients_of_tests_speak_it_too() {
        let server = TestServer::new(server().unwrap());
        let ada = server.connect("/scores").await.unwrap();
        let bob = server.connect("/scores").await.unwrap();
        let frame = Frame { number: u64::MAX, samples: Binary::from(b"\x00\xff") };
        ada.emit_with_ack::<()>("play", &frame).await.unwrap();
        let heard: Frame = bob.next("play").await;
        assert_eq!((heard.number, heard.samples), (frame.number, frame.samples));
    }
}
