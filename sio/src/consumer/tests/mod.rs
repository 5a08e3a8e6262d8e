//! Consumers without a server: packets go in, answers come out, as `BEHAVIOUR` promises them.

mod acks;
mod events;
mod hooks;
mod registry;

use sio_core::args::Args;
use sio_core::socket::Decoder;

use super::{Consumer, Event, StateMap, conclude};
use crate::error::ConnectError;
use crate::socket::Socket;

/// One socket and its consumer.
struct Client<C> {
    socket: Socket,
    consumer: C,
}

impl<C: Consumer> Client<C> {
    async fn connect() -> Self {
        Self::try_connect(None, StateMap::default()).await.expect("this consumer accepts everybody")
    }

    async fn try_connect(auth: Option<&str>, states: StateMap) -> Result<Self, ConnectError> {
        let socket = Socket::for_tests(C::NAMESPACE, states);
        let auth = auth.map(|auth| Args::single(auth.into()));
        let consumer = C::on_connect(&mut Event::connect(&socket, auth)).await?;
        Ok(Self { socket, consumer })
    }

    /// Handles an event packet; gives the answers that were sent by the time the handler had ended.
    async fn send(&mut self, packet: &str) -> Vec<String> {
        let mut event = Event::incoming(&self.socket, decode(packet));
        let result = self.consumer.on_event(&mut event).await;
        conclude(&mut self.consumer, &mut event, result).await;
        self.answers()
    }

    fn answers(&self) -> Vec<String> {
        self.socket.take_answers().iter().map(|(_, frame)| text(frame)).collect()
    }
}

fn decode(packet: &str) -> sio_core::socket::Event {
    let packet = Decoder::new(10)
        .text(packet.to_owned().into())
        .expect("a valid packet")
        .expect("without attachments");
    packet.into_event().expect("an event")
}

/// The text in a WebSocket frame, which must be short.
fn text(frame: &[u8]) -> String {
    let payload = match frame[1] {
        126 => &frame[4..],
        _ => &frame[2..],
    };
    String::from_utf8(payload.to_vec()).unwrap()
}
