//! A session for tests, without HTTP.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use hyper::Request;
use sio_core::engine::packet::{Message, Packet};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use crate::engine::mailbox::Mailbox;
use crate::engine::outbox::{How, PushError};
use crate::engine::{CloseReason, Command, Config, Engine, Handler, PollAnswer};
use crate::handshake::Handshake;
use crate::peer::Peer;
use crate::transport::link::Link;
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;

/// Tells why the session has ended.
struct Told(mpsc::UnboundedSender<CloseReason>);

impl Handler for Told {
    fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
        Ok(())
    }

    fn on_close(&mut self, reason: CloseReason) {
        self.0.send(reason).expect("the test waits for it");
    }
}

/// A session that polls.
pub(super) struct Session {
    engine: Engine,
    pub(super) mailbox: Arc<Mailbox>,
    pub(super) closed: mpsc::UnboundedReceiver<CloseReason>,
}

impl Session {
    pub(super) fn open() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(configure: impl FnOnce(&mut Config)) -> Self {
        let (told, closed) = mpsc::unbounded_channel();
        let mut config = Config { outgoing_queue_packets: 10, ..Config::default() };
        configure(&mut config);
        let engine = Engine::new(config, move |_, _| Box::new(Told(told.clone())));
        let request = Request::new(()).into_parts().0;
        let handshake = Handshake::of(&request, Peer::default(), SystemTime::UNIX_EPOCH);
        engine.open(engine.new_id(), Arc::new(handshake), None, Wire::V4, None);
        let mailbox = engine.shared.sessions.all().pop().expect("the session is there");
        Self { engine, mailbox, closed }
    }

    /// How many sessions can be found.
    pub(super) fn count(&self) -> usize {
        self.engine.shared.sessions.all().len()
    }

    pub(super) fn broadcast(&self) -> Result<(), PushError> {
        let waker = self.mailbox.offer(&mut Packet::Noop.frame().into(), How::Fanout)?;
        waker.into_iter().for_each(std::task::Waker::wake);
        Ok(())
    }

    /// Fills the queue beyond its soft bound.
    pub(super) fn burst(&self) {
        for _ in 0..11 {
            assert_eq!(self.broadcast(), Ok(()));
        }
    }

    pub(super) async fn poll(&self) {
        let (answer, answered) = oneshot::channel();
        assert!(self.mailbox.inbox.command(Command::Poll(answer)));
        assert!(matches!(answered.await, Ok(PollAnswer::Payload(_))));
    }

    /// Attaches a WebSocket, whose client begins with these bytes. Gives the client's end.
    pub(super) async fn attach(&self, sent: &[u8]) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a port");
        let address = listener.local_addr().expect("it is bound");
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (mut client, server) = (client.expect("it listens"), accepted.expect("it was connected to").0);
        client.write_all(sent).await.expect("it is open");
        let websocket = Box::new(WebSocket::new(Link::Tcp(server), Wire::V4));
        self.mailbox.inbox.command(Command::Probe(websocket));
        client
    }

    pub(super) async fn is_open_after(&mut self, time: Duration) -> bool {
        timeout(time, self.closed.recv()).await.is_err()
    }
}
