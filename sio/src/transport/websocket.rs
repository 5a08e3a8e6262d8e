//! One WebSocket (RFC 6455): frames to messages, queued packets to writes.
//!
//! Bound by the session's `max_payload` over all fragments of a message together. The session interprets the
//! messages.

mod close_code;
mod message;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use fastwebsockets::OpCode;
use sio_core::engine::config::TransportKind;
use sio_core::engine::packet::Message;

pub(crate) use self::close_code::CloseCode;
use self::message::Partial;
use super::frames::{Frame, FrameReader, ReadError, Rules, Scratch};
use super::link::Link;
use super::outgoing::{Amount, Queue};
use super::wire::Wire;

/// Up to this many bytes, several queued packets are copied together for one `write`; more go by `writev`.
/// A copy of a small packet costs less than the kernel's handling of one more slice.
const COPY_LIMIT: usize = 16 * 1024;

/// Slices of one `writev`: beyond some tens the kernel gains nothing.
const MAX_SLICES: usize = 64;

/// Answers to probes that wait to be written. A client sends one probe.
const MAX_WAITING_ANSWERS: usize = 16;

const FIN_CLOSE: u8 = 0x88;
const FIN_PONG: u8 = 0x8a;

thread_local! {
    /// Where small packets are put together before one write.
    static COPY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A message or frame from a client.
#[derive(Debug)]
pub(crate) enum Incoming {
    Message(Message),
    /// The frame that answers a ping.
    Pong(Bytes),
    /// A frame that says nothing yet, or nothing at all: it counts all the same where frames are counted.
    Nothing,
}

/// Why a WebSocket gives no more messages.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The peer closed, with or without a close frame; the code that it gave is to be sent back.
    ByPeer(CloseCode),
    /// The stream failed, or the peer broke a rule: then the code tells it which.
    Failed(Option<CloseCode>, String),
}

/// A WebSocket and what is on its way in and out.
#[derive(Debug)]
pub(crate) struct WebSocket {
    link: Link,
    reader: FrameReader,
    /// A message that is not complete yet.
    partial: Option<Box<Partial>>,
    /// Taken from the queue and not yet handed to the kernel.
    writing: Queue,
    /// How many packets at the front of it have gone: taking them out after each write would move all others.
    gone: u32,
    /// Handed to the kernel since the queue was last told.
    done: Amount,
    wire: Wire,
    /// Messages may be compressed, both ways.
    deflates: bool,
    /// The peer will send nothing more.
    is_ended: bool,
    /// Our half of the stream is closed.
    is_shut: bool,
}

impl WebSocket {
    pub(crate) fn new(link: Link, wire: Wire) -> Self {
        Self {
            link,
            reader: FrameReader::default(),
            partial: None,
            writing: Queue::new(),
            gone: 0,
            done: Amount::default(),
            wire,
            deflates: false,
            is_ended: false,
            is_shut: false,
        }
    }

    /// Returns the transport that this is.
    pub(crate) fn kind(&self) -> TransportKind {
        self.link.kind()
    }

    /// The form of the packets on this WebSocket.
    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Lets messages be compressed, both ways: the peer has been told so.
    pub(crate) fn set_deflates(&mut self) {
        self.deflates = true;
    }

    /// Returns whether messages may be compressed.
    pub(crate) fn deflates(&self) -> bool {
        self.deflates
    }

    /// Completes the HTTP upgrade that this WebSocket begins with. Ready as well when that is long complete.
    pub(crate) fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Ended>> {
        match ready!(self.link.poll_upgraded(cx)) {
            Ok(early) => {
                if !early.is_empty() {
                    self.reader = FrameReader::with_early(&early);
                }
                Poll::Ready(Ok(()))
            }
            Err(error) => Poll::Ready(Err(Ended::Failed(None, error.to_string()))),
        }
    }

    /// Receives the client's next message or frame.
    pub(crate) fn poll_incoming(
        &mut self,
        cx: &mut Context<'_>,
        scratch: &mut Scratch,
        max_payload: usize,
    ) -> Poll<Result<Incoming, Ended>> {
        let mut rules = Rules { max_payload, may_deflate: self.deflates };
        if let Some(partial) = &mut self.partial {
            if partial.is_heavy() {
                let outcome = ready!(partial.poll_inflate(cx, max_payload));
                self.partial = None;
                return Poll::Ready(outcome);
            }
            // The fragments of a message count together, before the next one is kept beside them.
            rules.max_payload -= partial.len();
        }
        let outcome = match ready!(self.reader.poll_frame(cx, &mut self.link, scratch, rules)) {
            Ok(Some(frame)) => self.take_frame(frame, max_payload),
            Ok(None) => Ok(Incoming::Nothing),
            Err(error) => Err(ended(error)),
        };
        self.is_ended = matches!(outcome, Err(Ended::ByPeer(_)));
        Poll::Ready(outcome)
    }

    /// Keeps unread input for the next time, before the thread's buffer is given back.
    pub(crate) fn keep(&mut self, scratch: &mut Scratch) {
        self.reader.keep(scratch);
    }

    fn take_frame(&mut self, frame: Frame, max_payload: usize) -> Result<Incoming, Ended> {
        match frame.opcode {
            OpCode::Text | OpCode::Binary if self.partial.is_some() => {
                Err(protocol("a new message began inside a fragmented one"))
            }
            OpCode::Text | OpCode::Binary if frame.fin && !frame.is_deflated => {
                message::whole(frame.opcode == OpCode::Text, frame.payload)
            }
            OpCode::Text | OpCode::Binary => {
                let is_last = frame.fin;
                self.go_on(Box::new(Partial::begin(frame)), is_last, max_payload)
            }
            OpCode::Continuation => self.take_continuation(&frame, max_payload),
            OpCode::Ping => Ok(Incoming::Pong(control_frame(FIN_PONG, &frame.payload))),
            OpCode::Pong => Ok(Incoming::Nothing),
            OpCode::Close => Err(CloseCode::of_frame(&frame.payload).map_or_else(ended, Ended::ByPeer)),
        }
    }

    fn take_continuation(&mut self, frame: &Frame, max_payload: usize) -> Result<Incoming, Ended> {
        let Some(mut partial) = self.partial.take() else {
            return Err(protocol("a continuation without a beginning"));
        };
        if partial.len() + frame.payload.len() > max_payload {
            return Err(ended(ReadError::TooLarge));
        }
        partial.extend(&frame.payload);
        self.go_on(partial, frame.fin, max_payload)
    }

    /// Waits for more of a message, or makes it of its frames.
    fn go_on(
        &mut self,
        mut partial: Box<Partial>,
        is_last: bool,
        max_payload: usize,
    ) -> Result<Incoming, Ended> {
        if is_last && let Some(message) = partial.complete(max_payload)? {
            return Ok(message);
        }
        self.partial = Some(partial);
        Ok(Incoming::Nothing)
    }

    /// Takes packets over for writing.
    pub(crate) fn enqueue(&mut self, packets: Queue) {
        if self.writing.is_empty() {
            self.writing = packets;
        } else {
            self.writing.extend(packets);
        }
    }

    /// Queues the answer to a ping. It replaces one that still waits at the end: only the last ping has to be
    /// answered (RFC 6455 §5.5.3), and how many there are is the client's to say.
    pub(crate) fn enqueue_pong(&mut self, frame: Bytes) {
        match &mut self.writing[self.gone as usize..] {
            // Not the first one, of which a part may have gone.
            [_, .., last] if last.first() == Some(&FIN_PONG) => *last = frame,
            _ => self.writing.push(frame),
        }
    }

    /// Queues the answer to a probe, of which there should be one. It is left out where a client that asks for more
    /// and more of them reads none.
    pub(crate) fn enqueue_answer(&mut self, frame: Bytes) {
        if self.writing.len() - (self.gone as usize) < MAX_WAITING_ANSWERS {
            self.writing.push(frame);
        }
    }

    /// Queues a close frame behind everything else.
    pub(crate) fn enqueue_close(&mut self, code: CloseCode) {
        self.writing.push(match code {
            // What most are closed with.
            CloseCode::NORMAL => Bytes::from_static(&[FIN_CLOSE, 2, 0x03, 0xe8]),
            CloseCode::ABSENT => Bytes::from_static(&[FIN_CLOSE, 0]),
            CloseCode(code) => control_frame(FIN_CLOSE, &code.to_be_bytes()),
        });
    }

    /// True when nothing waits to be written.
    pub(crate) fn is_drained(&self) -> bool {
        self.writing.is_empty()
    }

    /// Returns the amount that has gone to the kernel since the last call.
    pub(crate) fn take_done(&mut self) -> Amount {
        std::mem::take(&mut self.done)
    }

    /// Returns the amount that waits to be written.
    pub(crate) fn unsent(&self) -> Amount {
        let unsent = &self.writing[self.gone as usize..];
        Amount { packets: unsent.len(), bytes: unsent.iter().map(Bytes::len).sum() }
    }

    /// Writes what is queued; ready when all of it has gone to the kernel.
    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.writing.is_empty() {
            let count = ready!(self.poll_write_some(cx))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(count);
        }
        self.link.poll_flush(cx)
    }

    fn poll_write_some(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let unsent = &self.writing[self.gone as usize..];
        if let [single] = unsent {
            return self.link.poll_write(cx, single);
        }
        let mut total = 0;
        let fits = |packet: &&Bytes| {
            total += packet.len();
            total <= COPY_LIMIT
        };
        // No more is looked at than one write takes, so that a long queue is gone through once.
        let small = unsent.iter().take_while(fits).count();
        if small < unsent.len().min(MAX_SLICES) {
            let mut slices = [IoSlice::new(&[]); MAX_SLICES];
            for (slice, packet) in slices.iter_mut().zip(unsent) {
                *slice = IoSlice::new(packet);
            }
            let count = unsent.len().min(MAX_SLICES);
            return self.link.poll_write_vectored(cx, &slices[..count]);
        }
        let mut copy = COPY.take();
        copy.clear();
        for packet in &unsent[..small] {
            copy.extend_from_slice(packet);
        }
        let outcome = self.link.poll_write(cx, &copy);
        COPY.set(copy);
        outcome
    }

    fn advance(&mut self, mut count: usize) {
        self.done.bytes += count;
        let before = self.gone as usize;
        let mut gone = before;
        for packet in &mut self.writing[before..] {
            if packet.len() > count {
                packet.advance(count);
                break;
            }
            count -= packet.len();
            gone += 1;
        }
        self.done.packets += gone - before;
        self.gone = 0;
        let left = self.writing.len() - gone;
        match u32::try_from(gone) {
            _ if left == 0 => self.writing.clear(),
            Ok(short) if gone < left => {
                self.writing[before..gone].fill(Bytes::new());
                self.gone = short;
            }
            // No more packets are moved than have gone, however long the queue is.
            _ => drop(self.writing.drain(..gone)),
        }
    }

    /// After the close frame has gone: closes our half of the stream. Ready as well when that cannot be done.
    pub(crate) fn poll_shut(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if !self.is_shut {
            self.is_shut = ready!(self.link.poll_shutdown(cx)).is_ok();
        }
        Poll::Ready(self.is_shut)
    }

    /// After the close frame has gone: closes our half of the stream and reads the peer's to its end. Closing with
    /// unread input would make the kernel reset the connection, and the client might lose the last packets.
    pub(crate) fn poll_goodbye(&mut self, cx: &mut Context<'_>, scratch: &mut Scratch) -> Poll<()> {
        if self.is_ended && self.link.closes_when_dropped() {
            return Poll::Ready(());
        }
        if !ready!(self.poll_shut(cx)) || self.is_ended {
            return Poll::Ready(());
        }
        scratch.poll_discard(cx, &mut self.link)
    }
}

fn protocol(rule: &'static str) -> Ended {
    ended(ReadError::Protocol(rule))
}

fn ended(error: ReadError) -> Ended {
    match error {
        ReadError::Ended => Ended::ByPeer(CloseCode::ABSENT),
        ReadError::Io(error) => Ended::Failed(None, error.to_string()),
        ReadError::Protocol(rule) => Ended::Failed(Some(CloseCode::PROTOCOL), rule.to_owned()),
        ReadError::InvalidUtf8 => {
            Ended::Failed(Some(CloseCode::INVALID_DATA), "text is not UTF-8".to_owned())
        }
        ReadError::NotDeflated => {
            Ended::Failed(Some(CloseCode::INVALID_DATA), "a compressed message is not one".to_owned())
        }
        ReadError::TooLarge => {
            Ended::Failed(Some(CloseCode::TOO_LARGE), "a message is larger than max_payload".to_owned())
        }
    }
}

/// A control frame (RFC 6455 §5.5): its payload fits the short length, which the reader has checked.
fn control_frame(head: u8, payload: &[u8]) -> Bytes {
    let mut frame = Vec::with_capacity(2 + payload.len());
    frame.push(head);
    frame.push(u8::try_from(payload.len()).expect("the payload of a control frame has at most 125 bytes"));
    frame.extend_from_slice(payload);
    frame.into()
}
