//! [`Parser`]: the encoding of Socket.IO packets.
//!
//! Packets are made in the text format, whatever the parser: only listeners see them so. Then they are rewritten if
//! need be, once for all who receive them.

use bytes::Bytes;
use serde::Serialize;
use sio_core::args::EncodeError;
use sio_core::id::Sid;
#[cfg(feature = "msgpack")]
use sio_core::msgpack;
use sio_core::socket;
use sio_core::socket::encode::{self, Encoder};
use sio_core::socket::packet::{DecodeError, Packet};
use sio_core::v3;

use crate::engine::{Message, Revision};
use crate::error::Problem;
use crate::log_limiter::{About, LogLimiter, limited};
use crate::short::short;

/// The encoding of Socket.IO packets, chosen with [`Builder::parser`](crate::Builder::parser).
///
/// Nothing on the wire says which it is: all clients of a server have to use the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Parser {
    /// JSON with attachments, the format of the protocol, which clients use unless told otherwise.
    #[default]
    Json,
    /// MessagePack: one binary message for each packet, with bytes in their place and no attachments. Feature
    /// `msgpack`.
    ///
    /// It is the format of the npm package `socket.io-msgpack-parser`, and of python-socketio's
    /// `serializer="msgpack"`. Consumers are the same for both formats; what is not in JSON arrives as what comes
    /// closest: a date as text, `undefined` as `null`, a map's numeric key as text.
    #[cfg(feature = "msgpack")]
    MessagePack,
}

/// The additional field of an event's packet, beside its name and its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The id under which an answer is awaited, if one is.
    Plain(Option<u64>),
    /// The number under which the event is kept, if it is.
    Recoverable(Option<u64>),
}

impl Parser {
    /// Checks the option against `allow_eio3`.
    pub(crate) fn problem(self, allow_eio3: bool) -> Option<Problem> {
        let reason = "clients of Engine.IO 3 are served in JSON only".to_owned();
        (allow_eio3 && self != Self::Json).then_some(Problem::Option { name: "allow_eio3", reason })
    }

    /// An event as it is sent; `before` it is, somebody may look at it in the text format.
    pub(crate) fn event<A: Serialize + ?Sized>(
        self,
        max_attachments: usize,
        namespace: &str,
        form: Form,
        name: &str,
        args: &A,
        before: impl FnOnce(&Bytes),
    ) -> Result<Bytes, EncodeError> {
        let encoder = self.encoder(max_attachments);
        let frames = match form {
            Form::Plain(id) => encoder.event(namespace, id, name, args)?,
            Form::Recoverable(offset) => encoder.recoverable_event(namespace, name, args, offset)?,
        };
        let rewritten = self.rewrite(&frames)?;
        before(&frames);
        Ok(rewritten.unwrap_or(frames))
    }

    /// As [`Self::event`], for an acknowledgement.
    pub(crate) fn ack<A: Serialize + ?Sized>(
        self,
        max_attachments: usize,
        namespace: &str,
        id: u64,
        args: &A,
    ) -> Result<Bytes, EncodeError> {
        let frames = self.encoder(max_attachments).ack(namespace, id, args)?;
        Ok(self.rewrite(&frames)?.unwrap_or(frames))
    }

    fn encoder(self, max_attachments: usize) -> Encoder {
        match self {
            Self::Json => Encoder::new(max_attachments),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => Encoder::rewritten(),
        }
    }

    pub(crate) fn connect(self, namespace: &str, sid: &Sid, pid: Option<&str>, revision: Revision) -> Bytes {
        for_revision(revision, self.write(encode::connect(namespace, sid, pid)))
    }

    pub(crate) fn connect_error(
        self,
        namespace: &str,
        message: &str,
        data: Option<&str>,
        revision: Revision,
    ) -> Bytes {
        for_revision(revision, self.refusal(namespace, message, data))
    }

    fn refusal(self, namespace: &str, message: &str, data: Option<&str>) -> Bytes {
        let frames = encode::connect_error(namespace, message, data);
        match self.rewrite(&frames) {
            Ok(rewritten) => rewritten.unwrap_or(frames),
            Err(error) => {
                let namespace = &*short(namespace);
                limited!(
                    ERROR, LogLimiter::of_process(), About::namespace(namespace), target: "sio::socket",
                    { namespace, event = "connect", %error, },
                    "a client is refused without being told why"
                );
                self.write(encode::connect_error(namespace, "", None))
            }
        }
    }

    pub(crate) fn disconnect(self, namespace: &str) -> Bytes {
        self.write(encode::disconnect(namespace))
    }

    /// A packet in which nothing is the application's.
    fn write(self, frames: Bytes) -> Bytes {
        self.rewrite(&frames).expect("a short packet of valid JSON can be written").unwrap_or(frames)
    }

    /// A packet in this format, `None` if that is how it is written already.
    #[cfg_attr(not(feature = "msgpack"), expect(unused_variables, reason = "only other formats look"))]
    pub(crate) fn rewrite(self, frames: &Bytes) -> Result<Option<Bytes>, EncodeError> {
        match self {
            Self::Json => Ok(None),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => Ok(Some(msgpack::encode(frames)?)),
        }
    }

    /// Returns a decoder for the messages of one connection.
    pub(crate) fn decoder(self, revision: Revision, max_attachments: usize) -> Decoder {
        match self {
            Self::Json if revision == Revision::V3 => {
                Decoder::Json3(v3::socket::Decoder::new(max_attachments))
            }
            Self::Json => Decoder::Json(socket::Decoder::new(max_attachments)),
            #[cfg(feature = "msgpack")]
            Self::MessagePack => Decoder::MessagePack(msgpack::Decoder::new(max_attachments)),
        }
    }
}

/// CONNECT and CONNECT_ERROR are the packets that are not the same for clients of both revisions.
fn for_revision(revision: Revision, frames: Bytes) -> Bytes {
    match revision {
        Revision::V4 => frames,
        Revision::V3 => v3::socket::downgrade(&frames),
    }
}

/// Reads the messages of one connection.
#[derive(Debug)]
pub(crate) enum Decoder {
    Json(socket::Decoder),
    /// That of clients of Engine.IO 3.
    Json3(v3::socket::Decoder),
    #[cfg(feature = "msgpack")]
    MessagePack(msgpack::Decoder),
}

impl Decoder {
    /// How many bytes of a packet have arrived whose attachments are due.
    pub(crate) fn unfinished(&self) -> usize {
        match self {
            Self::Json(decoder) => decoder.unfinished(),
            Self::Json3(decoder) => decoder.unfinished(),
            #[cfg(feature = "msgpack")]
            Self::MessagePack(_) => 0,
        }
    }

    /// The packet that this message completes, `None` while attachments are due.
    pub(crate) fn message(&mut self, message: Message) -> Result<Option<Packet>, DecodeError> {
        match (self, message) {
            (Self::Json(decoder), Message::Text(text)) => decoder.text(text),
            (Self::Json(decoder), Message::Binary(data)) => decoder.binary(data),
            (Self::Json3(decoder), Message::Text(text)) => decoder.text(text),
            (Self::Json3(decoder), Message::Binary(data)) => decoder.binary(data),
            #[cfg(feature = "msgpack")]
            (Self::MessagePack(decoder), Message::Text(text)) => decoder.text(text),
            #[cfg(feature = "msgpack")]
            (Self::MessagePack(decoder), Message::Binary(data)) => decoder.binary(data),
        }
    }
}
