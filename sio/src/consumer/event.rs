//! [`Event`]: something that happens to a socket, on its way through a consumer.

use std::borrow::Cow;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::{Args, EncodeError};
use sio_core::socket::{self, DisconnectReason};

use super::ack::AckSlot;
use super::{Reply, log};
use crate::error::{Error, Kind};
use crate::handle::socket::Socket;
use crate::watchdog;

/// Something that happens to a socket: it connects, sends an event, or leaves.
///
/// Handlers see its parts as arguments; [`FromEvent`](crate::extract::FromEvent) implementations and hand-written
/// [consumers](crate::consumer::Consumer) see the whole.
#[derive(Debug)]
pub struct Event<'a> {
    socket: &'a Socket,
    name: Cow<'a, ByteString>,
    args: Args,
    occasion: Occasion,
    answer: Answer,
    /// For the `error` hook, which takes it as an argument.
    error: Option<Error>,
    /// Its place in [`Consumer::EVENTS`](super::Consumer::EVENTS), once it is known; `u16::MAX` until then.
    place: u16,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Occasion {
    Connect { auth: bool },
    Incoming,
    Disconnect(DisconnectReason),
}

/// The way to the answer that the client is owed.
#[derive(Debug)]
enum Answer {
    /// Nobody waits for one, or not any more.
    NotAsked,
    /// The client waits, under this id.
    Due(u64),
    /// The client waits, and the handler holds an [`Ack`](crate::extract::Ack).
    Lent(Arc<AckSlot>),
}

impl<'a> Event<'a> {
    /// A client asks to enter the namespace, with its auth payload.
    pub(crate) fn connect(socket: &'a Socket, auth: Option<Args>) -> Self {
        let occasion = Occasion::Connect { auth: auth.is_some() };
        let name = Cow::Owned(ByteString::from_static("connect"));
        Self::new(socket, name, auth.unwrap_or_default(), occasion, Answer::NotAsked)
    }

    /// A client sent an event.
    pub(crate) fn incoming(socket: &'a Socket, event: socket::Event) -> Self {
        let answer = event.id.map_or(Answer::NotAsked, Answer::Due);
        Self::new(socket, Cow::Owned(event.name), event.args, Occasion::Incoming, answer)
    }

    /// As [`Self::incoming`], of an event whose name is needed beside it.
    pub(crate) fn named(socket: &'a Socket, name: &'a ByteString, id: Option<u64>, args: Args) -> Self {
        let answer = id.map_or(Answer::NotAsked, Answer::Due);
        Self::new(socket, Cow::Borrowed(name), args, Occasion::Incoming, answer)
    }

    /// A client has left.
    pub(crate) fn disconnect(socket: &'a Socket, reason: DisconnectReason) -> Self {
        let name = Cow::Owned(ByteString::from_static("disconnect"));
        Self::new(socket, name, Args::empty(), Occasion::Disconnect(reason), Answer::NotAsked)
    }

    fn new(
        socket: &'a Socket,
        name: Cow<'a, ByteString>,
        args: Args,
        occasion: Occasion,
        answer: Answer,
    ) -> Self {
        Self { socket, name, args, occasion, answer, error: None, place: u16::MAX }
    }

    /// Returns the socket of the event.
    #[must_use]
    pub fn socket(&self) -> &'a Socket {
        self.socket
    }

    /// Returns the event's name; `connect` or `disconnect` inside of those hooks.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Takes the next argument that the client sent; where a client connects, its auth payload.
    ///
    /// # Errors
    ///
    /// The code `invalid_payload` (`invalid_auth`) if the argument is not a `T`, or is missing and `T` is no `Option`.
    pub fn take<T: DeserializeOwned>(&mut self) -> Result<T, Error> {
        match self.args.take() {
            Ok(value) => Ok(value),
            // A client that sends no auth payload means the empty one, unless the hook knows the difference.
            Err(error) if error.missing && self.occasion == (Occasion::Connect { auth: false }) => {
                Args::single(ByteString::from_static("{}"))
                    .take()
                    .map_err(|error| Error::invalid_auth(&error))
            }
            Err(error) if matches!(self.occasion, Occasion::Connect { .. }) => {
                Err(Error::invalid_auth(&error))
            }
            Err(error) => Err(Error::invalid_payload(&error)),
        }
    }

    /// How many bytes the client sent.
    pub(crate) fn size(&self) -> usize {
        self.args.raw().len() + self.args.attachments().iter().map(Bytes::len).sum::<usize>()
    }

    /// The index of the argument that is taken next.
    pub(super) fn arg_index(&self) -> usize {
        self.args.index()
    }

    /// The error for an argument that can be read and is not valid.
    pub(super) fn invalid(&self, index: usize, fields: &impl Serialize) -> Error {
        let error = match self.occasion {
            Occasion::Connect { .. } => Error::payload("invalid_auth", "Invalid auth payload"),
            _ => Error::payload("invalid_payload", "Invalid payload").with_field("index", index),
        };
        error.with_field("fields", fields)
    }

    /// Takes all arguments that are left.
    #[must_use]
    pub fn take_args(&mut self) -> Args {
        mem::take(&mut self.args)
    }

    /// Returns whether the client waits for an answer.
    #[must_use]
    pub fn wants_ack(&self) -> bool {
        !matches!(self.answer, Answer::NotAsked)
    }

    /// Returns the error for an event that the consumer does not know: the code `unknown_event`.
    #[must_use]
    pub fn unhandled(&self) -> Error {
        Error::unhandled(&self.name)
    }

    /// Returns why the socket is gone; `None` unless it is.
    #[must_use]
    pub fn reason(&self) -> Option<DisconnectReason> {
        match self.occasion {
            Occasion::Disconnect(reason) => Some(reason),
            _ => None,
        }
    }

    /// Notes its place in [`Consumer::EVENTS`](super::Consumer::EVENTS). Called by generated code, in the arm of the event.
    #[doc(hidden)]
    pub fn at(&mut self, place: u16) {
        self.place = place;
        watchdog::at(place);
    }

    /// Notes one of the places of a handler that has several events, or any. Called by generated code.
    #[doc(hidden)]
    pub fn near(&mut self, place: u16) {
        watchdog::at(place);
    }

    /// Returns its place in [`Consumer::EVENTS`](super::Consumer::EVENTS), if that is known.
    pub(crate) fn place(&self) -> Option<usize> {
        (self.place < u16::MAX).then_some(self.place.into())
    }

    pub(crate) fn name_handle(&self) -> ByteString {
        ByteString::clone(&self.name)
    }

    pub(crate) fn take_error(&mut self) -> Option<Error> {
        self.error.take()
    }

    /// Lends the answer to the handler. `Ok(None)`: nobody waits for it.
    pub(crate) fn lend_answer(&mut self) -> Result<Option<Arc<AckSlot>>, Error> {
        match self.answer {
            Answer::NotAsked => Ok(None),
            Answer::Due(id) => {
                let slot = Arc::new(AckSlot::new(self.socket.clone(), id));
                self.answer = Answer::Lent(Arc::clone(&slot));
                Ok(Some(slot))
            }
            Answer::Lent(_) => Err(Error::internal("a handler takes the acknowledgement twice")),
        }
    }

    /// The frame that answers with `value`, if anybody waits for it.
    pub(crate) fn encode<T: Serialize + ?Sized>(&self, value: &T) -> Result<Option<Bytes>, EncodeError> {
        let Some(id) = self.ack_id() else { return Ok(None) };
        self.socket.encode_ack(id, value).map(Some)
    }

    pub(crate) fn ack_id(&self) -> Option<u64> {
        match &self.answer {
            Answer::NotAsked => None,
            Answer::Due(id) => Some(*id),
            Answer::Lent(slot) => Some(slot.id()),
        }
    }

    /// The auth payload of a client that connects with one.
    pub(crate) fn auth(&self) -> Option<&Args> {
        (self.occasion == Occasion::Connect { auth: true }).then_some(&self.args)
    }

    /// The arguments that are left.
    pub(crate) fn args(&self) -> &Args {
        &self.args
    }

    /// Goes on under another name, or with other arguments.
    pub(crate) fn replace(&mut self, name: ByteString, args: Args) {
        (self.name, self.args) = (Cow::Owned(name), args);
    }

    /// The handler has ended: answers the client, if it waits and has no answer yet. Returns the error if the client
    /// was not told; an event without a handler is then only worth a line in the log.
    #[must_use = "an error that was not told to the client is for the error hook or the log"]
    pub(crate) fn finish(&mut self, result: Result<Reply, Error>) -> Option<Error> {
        let (frame, error) = match result {
            Ok(reply) => (reply.into_frame(), None),
            Err(error) => (self.encode_error(&error), Some(error)),
        };
        let answered = match mem::replace(&mut self.answer, Answer::NotAsked) {
            Answer::NotAsked => false,
            Answer::Due(id) => {
                let frame = frame.unwrap_or_else(|| empty_answer(self.socket, id));
                self.socket.answer_ack(id, frame);
                true
            }
            Answer::Lent(slot) if error.is_some() => slot.fail(frame),
            Answer::Lent(slot) => {
                slot.finish(frame);
                true
            }
        };
        let error = error?;
        let expected = error.kind() == Kind::Unhandled;
        if !answered && !expected {
            return Some(error);
        }
        // The client knows; the log has to know what the client was not told.
        if expected || error.kind() == Kind::Internal || error.source().is_some() {
            log(self, &error);
        }
        None
    }

    /// The handler was given up, which the log knows already: answers the client, if it waits and has no answer yet.
    pub(crate) fn give_up(&mut self, error: &Error) {
        let frame = self.encode_error(error);
        match mem::replace(&mut self.answer, Answer::NotAsked) {
            Answer::NotAsked => {}
            Answer::Due(id) => frame.into_iter().for_each(|frame| self.socket.answer_ack(id, frame)),
            // Without effect when the handle has answered before.
            Answer::Lent(slot) => drop(slot.fail(frame)),
        }
    }

    fn encode_error(&self, error: &Error) -> Option<Bytes> {
        self.encode(&error.answer()).unwrap_or_else(|failure| {
            // A text can be too long for the format, and a field that is a client's may look like an attachment.
            log(self, &failure.into());
            self.encode(&Error::panicked().answer()).expect("an error of two short texts can be written")
        })
    }
}

/// An answer that is not made by a handler.
pub(crate) fn encode_reply<T: Serialize + ?Sized>(
    socket: &Socket,
    id: Option<u64>,
    value: &T,
) -> Result<Reply, Error> {
    let frame = id.map(|id| socket.encode_ack(id, value)).transpose()?;
    Ok(Reply::from_frame(frame))
}

/// The answer that carries no argument.
pub(super) fn empty_answer(socket: &Socket, id: u64) -> Bytes {
    socket.encode_ack(id, &()).expect("no arguments can be written")
}

/// Keeps the error for the hook that is about to take it as an argument.
pub fn put_error(event: &mut Event<'_>, error: Error) {
    event.error = Some(error);
}
