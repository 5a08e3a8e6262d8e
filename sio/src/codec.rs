//! How packets are encoded: [`Encoding`] for all clients of a server alike, [`Codec`] for one of them.
//!
//! An event is encoded once for all who receive it, so that it cannot depend on a client. All other packets belong to
//! one client. Members write some of them, and the connection above them the others: both ask the client's codec.

use bytes::Bytes;
use serde::Serialize;
use sio_core::args::EncodeError;
use sio_core::engine::config::Revision;
use sio_core::engine::packet::Message;
use sio_core::id::Sid;
#[cfg(feature = "msgpack")]
use sio_core::msgpack;
use sio_core::socket;
use sio_core::socket::encode;
use sio_core::socket::packet::{DecodeError, Packet};
use sio_core::v3;

use crate::heavy;
use crate::log_limiter::{About, LogLimiter, limited};
use crate::parser::Parser;
use crate::short::short;

/// The encoding of what does not depend on a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Encoding {
    parser: Parser,
    /// How many attachments one packet may have.
    max_attachments: usize,
}

/// The additional field of an event's packet, beside its name and its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The id under which an answer is awaited, if one is.
    Plain(Option<u64>),
    /// The number under which the event is kept, if it is.
    Recoverable(Option<u64>),
}

impl Encoding {
    pub(crate) fn new(parser: Parser, max_attachments: usize) -> Self {
        Self { parser, max_attachments }
    }

    /// Returns an event as it is sent. `witness` is called with its text format.
    pub(crate) fn event<A: Serialize + ?Sized>(
        self,
        namespace: &str,
        form: Form,
        name: &str,
        args: &A,
        witness: impl FnOnce(&Bytes),
    ) -> Result<Bytes, EncodeError> {
        let encoder = self.encoder();
        let frames = match form {
            Form::Plain(id) => encoder.event(namespace, id, name, args)?,
            Form::Recoverable(offset) => encoder.recoverable_event(namespace, name, args, offset)?,
        };
        let rewritten = self.parser.rewrite(&frames)?;
        witness(&frames);
        Ok(rewritten.unwrap_or(frames))
    }

    /// Returns an event that was encoded without an id with one, under which clients acknowledge it; `None` if the
    /// bytes are none.
    #[cfg(feature = "cluster")]
    pub(crate) fn stamp(self, event: &Bytes, id: u64) -> Option<Bytes> {
        match self.parser {
            Parser::Json => encode::stamp(event, id),
            #[cfg(feature = "msgpack")]
            Parser::MessagePack => msgpack::stamp(event, id),
        }
    }

    fn encoder(self) -> encode::Encoder {
        self.parser.encoder(self.max_attachments)
    }
}

/// The encoding of one client's packets: that of the server, in the revision that the client speaks. It is made where
/// it is needed, so that no client takes memory for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codec {
    encoding: Encoding,
    revision: Revision,
}

impl Codec {
    pub(crate) fn new(encoding: Encoding, revision: Revision) -> Self {
        Self { encoding, revision }
    }

    /// Returns the packet that lets the client into a namespace.
    pub(crate) fn connect(self, namespace: &str, sid: &Sid, pid: Option<&str>) -> Bytes {
        self.in_revision(self.finish(encode::connect(namespace, sid, pid)))
    }

    /// Returns the packet that refuses the client in a namespace. `data` is JSON.
    pub(crate) fn connect_error(self, namespace: &str, message: &str, data: Option<&str>) -> Bytes {
        let frames = encode::connect_error(namespace, message, data);
        self.in_revision(self.encoding.parser.finish(frames).unwrap_or_else(|error| {
            let shortened = &*short(namespace);
            limited!(
                ERROR, LogLimiter::of_process(), About::namespace(shortened), target: "sio::socket",
                { namespace = shortened, event = "connect", %error, },
                "a client is refused without being told why"
            );
            self.finish(encode::connect_error(namespace, "", None))
        }))
    }

    /// Returns the packet that disconnects the client from a namespace.
    pub(crate) fn disconnect(self, namespace: &str) -> Bytes {
        self.finish(encode::disconnect(namespace))
    }

    /// Returns the acknowledgement of the client's event with this id.
    pub(crate) fn ack<A: Serialize + ?Sized>(
        self,
        namespace: &str,
        id: u64,
        args: &A,
    ) -> Result<Bytes, EncodeError> {
        let frames = self.encoding.encoder().ack(namespace, id, args)?;
        self.encoding.parser.finish(frames)
    }

    /// Returns a decoder for the client's messages.
    pub(crate) fn decoder(self) -> Decoder {
        let Encoding { parser, max_attachments } = self.encoding;
        match (parser, self.revision) {
            (Parser::Json, Revision::V4) => Decoder::Json(socket::Decoder::new(max_attachments)),
            (Parser::Json, Revision::V3) => Decoder::Json3(v3::socket::Decoder::new(max_attachments)),
            #[cfg(feature = "msgpack")]
            (Parser::MessagePack, _) => Decoder::MessagePack(msgpack::Decoder::new(max_attachments)),
        }
    }

    /// Finishes a packet in which nothing is the application's.
    fn finish(self, frames: Bytes) -> Bytes {
        self.encoding.parser.finish(frames).expect("a short packet of valid JSON can be written")
    }

    /// Returns a CONNECT or a CONNECT_ERROR as the client's revision has it. All other packets are the same in both.
    fn in_revision(self, frames: Bytes) -> Bytes {
        match self.revision {
            Revision::V4 => frames,
            Revision::V3 => v3::socket::downgrade(&frames),
        }
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

    /// Returns whether it is a heavy piece of work to decode a message.
    pub(crate) fn is_heavy(&self, message: &Message) -> bool {
        match (self, message) {
            (_, Message::Text(text)) => heavy::is_heavy(text),
            (Self::Json(_) | Self::Json3(_), Message::Binary(_)) => false,
            #[cfg(feature = "msgpack")]
            (Self::MessagePack(_), Message::Binary(data)) => heavy::are_heavy(data),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_packets_that_begin_a_membership_depend_on_the_revision() {
        let [new, old] =
            [Revision::V4, Revision::V3].map(|revision| Codec::new(Encoding::new(Parser::Json, 1), revision));
        let sid = Sid::from_random([0; 15]);
        assert_ne!(new.connect("/a", &sid, None), old.connect("/a", &sid, None));
        assert_ne!(new.connect_error("/a", "no", None), old.connect_error("/a", "no", None));
        assert_eq!(new.disconnect("/a"), old.disconnect("/a"));
        assert_eq!(new.ack("/a", 1, &"x").unwrap(), old.ack("/a", 1, &"x").unwrap());
    }

    #[cfg(feature = "msgpack")]
    #[test]
    fn a_refusal_that_cannot_be_written_is_sent_without_its_data() {
        let codec = Codec::new(Encoding::new(Parser::MessagePack, 1), Revision::V4);
        let unreadable = codec.connect_error("/a", "no", Some("{"));
        assert_eq!(unreadable, codec.connect_error("/a", "", None));
    }
}
