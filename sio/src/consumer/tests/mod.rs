//! Consumers without a server: packets go in, answers come out, as `BEHAVIOUR` promises them.

mod acks;
mod events;
mod hooks;
mod registry;

use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime};

use hyper::Request;
use sio_core::args::Args;
use sio_core::socket::Decoder;

use super::{Consumer, Event, conclude};
use crate::engine::mailbox::Mailbox;
use crate::engine::outbox::QueueLimits;
use crate::error::ConnectError;
use crate::handle::socket::Socket;
use crate::handshake::Handshake;
use crate::hub::member::Member;
use crate::hub::{self, Hub, Namespace};
use crate::params::Params;
use crate::peer::Peer;
use crate::state_map::StateMap;
use crate::transport::wire::Wire;

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
        let socket = connected(C::NAMESPACE, states);
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
        self.socket.member.mailbox.outbox.take().iter().map(|frame| text(frame)).collect()
    }
}

/// A connected socket without a connection: what is sent to it stays queued.
fn connected(path: &str, states: StateMap) -> Socket {
    let common = hub::Common {
        encoding: crate::codec::Encoding::new(crate::parser::Parser::default(), 10),
        ack_timeout: Duration::from_secs(5),
        state: Arc::new(states),
        logs: crate::log_limiter::LogLimiter::default(),
        shared: Arc::default(),
        presence: None,
        others: None,
        witness: None,
        counters: None,
        deflate_from: None,
        server: Weak::<()>::new(),
    };
    let namespace = Namespace::of(&Hub::new(path, Params::default(), common, None));
    let mailbox = Arc::new(Mailbox::new(QueueLimits { bytes: 1 << 20, packets: 1024 }, Wire::V4));
    let (request, ()) = Request::new(()).into_parts();
    let handshake = Handshake::of(&request, Peer::default(), SystemTime::UNIX_EPOCH);
    let member = Member::new(
        crate::random::Ids::default().sid(),
        namespace,
        Arc::clone(&mailbox),
        Arc::new(handshake),
        None,
        None,
    );
    assert!(member.accept(), "it was connecting");
    drop(mailbox.outbox.take());
    Socket::new(member)
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
