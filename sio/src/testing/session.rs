//! One connection of a client: what its handles and the task that reads and writes share.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use sio_core::engine::frame::Frames;
use sio_core::engine::packet::{self as engine, Message};
use sio_core::engine::payload;
use sio_core::socket;
use sio_core::socket::packet::Packet;
use tokio::sync::{Notify, mpsc, oneshot};

use super::conversation::{Conversation, Place, Question};
use super::http::{Answer, Http, Owned};
use super::outcome::Refused;
use super::transcript::Transcript;
use super::{polling, websocket};
use crate::codec::{Codec, Decoder, Encoding};
use crate::engine::{Revision, TransportKind};
use crate::parser::Parser;
use crate::until::until;

/// Commands for the task of a connection, in order.
pub(super) enum Outgoing {
    /// Whole frames, as for a WebSocket; told when they are written.
    Frames(Bytes, oneshot::Sender<()>),
    /// Moves from polling to WebSocket; told when the server has noticed.
    Upgrade(oneshot::Sender<Result<(), String>>),
}

/// A connection. Dropping it ends it, without a word to the server.
pub(super) struct Session {
    pub(super) shared: Arc<Shared>,
    driver: Mutex<Option<Owned>>,
}

pub(super) struct Shared {
    state: Mutex<State>,
    /// The server's: its clients have to use the same.
    parser: Parser,
    changed: Notify,
    out: mpsc::UnboundedSender<Outgoing>,
}

pub(super) struct State {
    /// One for each CONNECT, in order: handles know theirs by its index.
    pub(super) conversations: Vec<Conversation>,
    pub(super) transcript: Transcript,
    pub(super) transport: TransportKind,
    /// The server broke the protocol, or an answer of the test failed: every wait ends with it.
    pub(super) fault: Option<String>,
    decoder: Decoder,
    ignores_pings: bool,
    next_ack: u64,
}

/// The open packet.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Open {
    pub(super) sid: String,
    pub(super) max_payload: usize,
}

impl Session {
    /// Connects to a server, by one transport.
    pub(super) async fn open(http: Http, transport: TransportKind) -> Result<Self, Refused> {
        let (out, outgoing) = mpsc::unbounded_channel();
        let parser = http.server.inner.options.parser;
        let state = State {
            conversations: Vec::new(),
            transcript: Transcript::new(),
            transport,
            fault: None,
            decoder: Codec::new(Encoding::new(parser, usize::MAX), Revision::V4).decoder(),
            ignores_pings: false,
            next_ack: 0,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), parser, changed: Notify::new(), out });
        let driver = match transport {
            TransportKind::WebSocket => {
                let stream = http.websocket(None).await.map_err(said)?.map_err(Answer::into_refusal)?;
                let driver = websocket::begin(Arc::clone(&shared), stream, outgoing).await.map_err(said)?;
                Owned::spawn(driver)
            }
            TransportKind::Polling => {
                let answer = http.get(None).await.map_err(said)?;
                if !answer.status.is_success() {
                    return Err(answer.into_refusal());
                }
                let packets = payload::decode(answer.body, None);
                let packets = packets.map_err(|error| said(error.to_string()))?;
                let open = Open::find(&packets).map_err(said)?;
                Owned::spawn(polling::run(Arc::clone(&shared), http, open, outgoing))
            }
            TransportKind::WebTransport => {
                return Err(said(
                    "a client in the process has no WebTransport: it needs a network".to_owned(),
                ));
            }
        };
        shared.lock().transcript.note(format_args!("connected by {transport}"));
        Ok(Self { shared, driver: Mutex::new(Some(driver)) })
    }

    /// Ends the connection without a word; the server's half is closed when this returns.
    pub(super) async fn kill(&self) {
        let driver = self.driver.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut driver) = driver {
            driver.end().await;
            self.shared.end("the test cut the connection");
        }
    }
}

/// Returns an error that occurred before the server could refuse anything.
fn said(message: String) -> Refused {
    Refused { message, data: crate::Value::Null, status: None }
}

impl Open {
    pub(super) fn find(packets: &[engine::Packet]) -> Result<Self, String> {
        match packets.first() {
            Some(engine::Packet::Open(json)) => {
                serde_json::from_str(json).map_err(|error| format!("the open packet: {error}"))
            }
            other => Err(format!("instead of an open packet there came {other:?}")),
        }
    }
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `check` returns a value; `None` if the deadline has passed.
    pub(super) async fn wait<T>(
        &self,
        deadline: Duration,
        mut check: impl FnMut(&mut State) -> Option<T>,
    ) -> Option<T> {
        tokio::time::timeout(deadline, until(&self.changed, || check(&mut self.lock()))).await.ok()
    }

    /// Queues a packet in the text format, which the server's parser may change; the receiver is told when it is
    /// written, and fails when it never will be.
    pub(super) fn send(&self, frames: Bytes) -> oneshot::Receiver<()> {
        let (done, written) = oneshot::channel();
        if let Some(packet) = decode_frames(&frames) {
            self.lock().transcript.sent(&packet);
        }
        match self.parser.finish(frames) {
            Ok(frames) => {
                let _ = self.out.send(Outgoing::Frames(frames, done));
            }
            Err(error) => self.fault(format!("cannot send a packet: {error}")),
        }
        written
    }

    pub(super) fn upgrade(&self) -> oneshot::Receiver<Result<(), String>> {
        let (done, upgraded) = oneshot::channel();
        let _ = self.out.send(Outgoing::Upgrade(done));
        upgraded
    }

    /// Leaves pings unanswered from now on.
    pub(super) fn ignore_pings(&self) {
        self.lock().ignores_pings = true;
    }

    /// Answers a question of the server. No lock is held while the test's function runs.
    pub(super) fn answer(&self, (answerer, id, event): Question) {
        let run = || answerer.lock().unwrap_or_else(PoisonError::into_inner)(id, event.args);
        let answered = catch_unwind(AssertUnwindSafe(run));
        match answered.unwrap_or_else(|_| Err("it panicked".to_owned())) {
            Ok(frames) => drop(self.send(frames)),
            Err(why) => self.fault(format!("the answer to `{}` failed: {why}", event.name)),
        }
    }

    fn fault(&self, fault: String) {
        let mut state = self.lock();
        state.transcript.note(&fault);
        state.fault.get_or_insert(fault);
        drop(state);
        self.changed.notify_waiters();
    }

    /// The connection has ended.
    pub(super) fn end(&self, why: &str) {
        let mut state = self.lock();
        state.transcript.note(format_args!("the connection ended: {why}"));
        state.conversations.iter_mut().for_each(|conversation| conversation.end(why));
        drop(state);
        self.changed.notify_waiters();
    }

    /// The transport has changed.
    pub(super) fn upgraded(&self) {
        let mut state = self.lock();
        state.transport = TransportKind::WebSocket;
        state.transcript.note("upgraded to websocket");
    }

    /// Takes in what the server sent; breaks with the reason when that ends the connection.
    pub(super) fn receive(&self, packet: engine::Packet) -> ControlFlow<String> {
        match packet {
            engine::Packet::Ping(text) => self.on_ping(text),
            engine::Packet::Close => return ControlFlow::Break("the server closed it".to_owned()),
            engine::Packet::Message(message) => {
                if let Err(fault) = self.on_message(message) {
                    self.fault(format!("the server sent what no client understands: {fault}"));
                }
            }
            // Packets that only clients send, or that have no meaning for a client.
            engine::Packet::Open(_)
            | engine::Packet::Pong(_)
            | engine::Packet::Upgrade
            | engine::Packet::Noop => {}
        }
        ControlFlow::Continue(())
    }

    fn on_ping(&self, text: bytestring::ByteString) {
        let mut state = self.lock();
        if state.ignores_pings {
            state.transcript.note("a ping, which the client leaves unanswered");
            return;
        }
        drop(state);
        // Nobody waits for it to be written.
        let (done, _) = oneshot::channel();
        let _ = self.out.send(Outgoing::Frames(engine::Packet::Pong(text).frame(), done));
    }

    fn on_message(&self, message: Message) -> Result<(), String> {
        let question = {
            let mut state = self.lock();
            let decoded = state.decoder.message(message);
            let Some(packet) = decoded.map_err(|error| error.to_string())? else { return Ok(()) };
            state.transcript.received(&packet);
            let namespace = packet.namespace.clone();
            let mut conversations = state.conversations.iter_mut().rev();
            match conversations.find(|one| one.is_open() && one.namespace == *namespace) {
                Some(conversation) => conversation.on_packet(packet)?,
                // It was under way when the client left.
                None => None,
            }
        };
        self.changed.notify_waiters();
        if let Some(question) = question {
            self.answer(question);
        }
        Ok(())
    }
}

impl State {
    /// Begins a conversation and returns its index.
    pub(super) fn begin(&mut self, namespace: &str, place: Option<Place>) -> usize {
        self.conversations.push(Conversation::new(namespace, place));
        self.conversations.len() - 1
    }

    /// An id for an acknowledgement that is waited for.
    pub(super) fn await_ack(&mut self, conversation: usize) -> u64 {
        let id = self.next_ack;
        self.next_ack += 1;
        self.conversations[conversation].acks.insert(id, None);
        id
    }
}

/// The Socket.IO packet in ready-made frames, if there is one.
fn decode_frames(frames: &Bytes) -> Option<Packet> {
    let mut decoder = socket::Decoder::new(usize::MAX);
    let mut packet = None;
    for (is_binary, data) in Frames::new(frames.clone()) {
        packet = if is_binary {
            decoder.binary(data).ok()?
        } else {
            let text = bytestring::ByteString::try_from(data).ok()?;
            match engine::Packet::decode_text(text).ok()? {
                engine::Packet::Message(Message::Text(text)) => decoder.text(text).ok()?,
                _ => return None,
            }
        };
    }
    packet
}
