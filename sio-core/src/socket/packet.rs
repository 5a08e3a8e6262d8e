//! A Socket.IO packet that came in, and what an event or an acknowledgement in it holds (Socket.IO protocol v5,
//! "packet types").
//!
//! The text of a packet is taken apart in [`decode`](super::decode), which also says how it looks.

use std::borrow::Cow;

use bytes::Bytes;
use bytestring::ByteString;

use crate::args::{Args, Malformed, Reader};
use crate::name;

/// The namespace that is meant where a packet names none.
pub(crate) const MAIN_NAMESPACE: &str = "/";

/// The type of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// The client joins a namespace, the server says that it has.
    Connect = 0,
    /// One side leaves a namespace.
    Disconnect = 1,
    /// An event.
    Event = 2,
    /// The answer to an event.
    Ack = 3,
    /// The server refuses a CONNECT.
    ConnectError = 4,
    /// An event whose attachments follow it.
    BinaryEvent = 5,
    /// The answer to an event whose attachments follow it.
    BinaryAck = 6,
}

impl Kind {
    /// Returns the digit that stands for it on the wire.
    #[must_use]
    pub const fn digit(self) -> u8 {
        b'0' + self as u8
    }

    /// Returns the type that the digit on the wire stands for, if there is one.
    #[must_use]
    pub const fn from_digit(digit: u8) -> Option<Self> {
        Some(match digit {
            b'0' => Self::Connect,
            b'1' => Self::Disconnect,
            b'2' => Self::Event,
            b'3' => Self::Ack,
            b'4' => Self::ConnectError,
            b'5' => Self::BinaryEvent,
            b'6' => Self::BinaryAck,
            _ => return None,
        })
    }

    /// Returns `true` if attachments may follow the packet.
    #[must_use]
    pub const fn is_binary(self) -> bool {
        matches!(self, Self::BinaryEvent | Self::BinaryAck)
    }

    /// The same with attachments.
    pub(crate) const fn binary(self) -> Self {
        match self {
            Self::Event => Self::BinaryEvent,
            Self::Ack => Self::BinaryAck,
            other => other,
        }
    }
}

/// A packet from a client, its attachments included.
#[derive(Debug, Clone)]
pub struct Packet {
    /// The type.
    pub kind: Kind,
    /// The namespace, `/` if the packet names none, without a query string.
    pub namespace: ByteString,
    /// The number that links an event and its acknowledgement.
    pub id: Option<u64>,
    /// The JSON text behind the header. A [`Decoder`](super::Decoder) has checked that it is JSON.
    pub data: Option<ByteString>,
    /// The attachments for which the placeholders in `data` stand.
    pub attachments: Vec<Bytes>,
}

/// An event from a client.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name, escapes decoded, not a reserved one.
    pub name: ByteString,
    /// Its arguments.
    pub args: Args,
    /// The number that the acknowledgement must have, if the client asks for one.
    pub id: Option<u64>,
}

impl Event {
    /// Copies its parts into memory of their own, those that are shorter than `limit` bytes each.
    ///
    /// They are slices of the buffer that they were read into, which stays in memory for as long as one of them does.
    ///
    /// # Examples
    ///
    /// ```
    /// use bytestring::ByteString;
    /// use sio_core::socket::Decoder;
    ///
    /// let text = ByteString::from(r#"2["message","hi"]"#);
    /// let mut event = Decoder::new(10).text(text.clone())?.expect("no attachments are due").into_event()?;
    /// event.detach(1024);
    /// assert_eq!(event.args.take::<String>().unwrap(), "hi");
    /// assert!(!text.as_bytes().as_ptr_range().contains(&event.name.as_ptr()));
    /// # Ok::<(), sio_core::socket::DecodeError>(())
    /// ```
    pub fn detach(&mut self, limit: usize) {
        if self.args.raw().len() < limit {
            self.name = ByteString::from(&*self.name);
        }
        self.args.detach(limit);
    }
}

impl Packet {
    /// Returns the event in an EVENT or BINARY_EVENT packet.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if this is another kind of packet, if its data is not an array that begins with the event's
    /// name, or if the name is reserved.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio_core::socket::Decoder;
    ///
    /// let packet = Decoder::new(10).text(r#"2/chat,7["message","hi"]"#.into())?.expect("no attachments are due");
    /// let mut event = packet.into_event()?;
    /// assert_eq!((&*event.name, event.id), ("message", Some(7)));
    /// assert_eq!(event.args.take::<String>().unwrap(), "hi");
    /// # Ok::<(), sio_core::socket::DecodeError>(())
    /// ```
    pub fn into_event(self) -> Result<Event, DecodeError> {
        if !matches!(self.kind, Kind::Event | Kind::BinaryEvent) {
            return Err(DecodeError::WrongKind(self.kind));
        }
        let data = self.data.ok_or(DecodeError::NotAnArray)?;
        let mut reader = Reader::new(&data, 0);
        reader.expect(b'[').map_err(|_| DecodeError::NotAnArray)?;
        let name = match reader.peek() {
            Some(b'"') => reader.string()?,
            Some(b']') => return Err(DecodeError::EmptyArray),
            _ => return Err(DecodeError::NameNotText),
        };
        if name::is_reserved(&name) {
            return Err(DecodeError::ReservedName(name.into_owned()));
        }
        if reader.peek() == Some(b',') {
            reader.advance();
        }
        let position = reader.position();
        let name = match name {
            Cow::Borrowed(name) => data.slice_ref(name),
            Cow::Owned(name) => name.into(),
        };
        Ok(Event { name, args: Args::new(data, position, self.attachments), id: self.id })
    }

    /// Returns the id and the arguments of an ACK or BINARY_ACK packet.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if this is another kind of packet, if it has no id, or if its data is not an array.
    pub fn into_ack(self) -> Result<(u64, Args), DecodeError> {
        if !matches!(self.kind, Kind::Ack | Kind::BinaryAck) {
            return Err(DecodeError::WrongKind(self.kind));
        }
        let id = self.id.ok_or(DecodeError::NoAckId)?;
        let data = self.data.ok_or(DecodeError::NotAnArray)?;
        let mut reader = Reader::new(&data, 0);
        reader.expect(b'[').map_err(|_| DecodeError::NotAnArray)?;
        let position = reader.position();
        Ok((id, Args::new(data, position, self.attachments)))
    }
}

/// Why something that came in is no valid packet. The client is to blame, and its connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// There is nothing in it.
    #[error("empty packet")]
    Empty,
    /// It begins with something else than one of the digits of [`Kind`].
    #[error("unknown packet type {0:?}")]
    UnknownKind(char),
    /// A binary packet does not say how many attachments follow.
    #[error("the number of attachments is missing")]
    NoAttachmentCount,
    /// A packet announces more attachments than are allowed.
    #[error("more than {limit} attachments")]
    TooManyAttachments {
        /// The number that is allowed.
        limit: usize,
    },
    /// The id is larger than 2^53 - 1, the largest whole number of JavaScript.
    #[error("the ack id is too large")]
    AckIdTooLarge,
    /// An acknowledgement does not say of what.
    #[error("an ack without an id")]
    NoAckId,
    /// The text after the header is not JSON.
    #[error("not valid JSON")]
    NotJson,
    /// A DISCONNECT has a payload.
    #[error("a disconnect packet with a payload")]
    UnexpectedPayload,
    /// The payload of an event or acknowledgement is missing or not an array.
    #[error("the payload is not an array")]
    NotAnArray,
    /// The payload of an event is an empty array, so the event has no name.
    #[error("an event without a name")]
    EmptyArray,
    /// The name of an event is not a text.
    #[error("the name of the event is not a text")]
    NameNotText,
    /// The name of an event is one of [`RESERVED`](crate::name::RESERVED).
    #[error("`{0}` is a reserved event name")]
    ReservedName(String),
    /// A placeholder names no attachment of this packet, or there are more placeholders than attachments.
    #[error("a placeholder without its attachment")]
    NoAttachment,
    /// A text came while attachments were due.
    #[error("a text packet while attachments are due")]
    AttachmentsDue,
    /// Bytes came while no attachment was due.
    #[error("bytes that belong to no packet")]
    UnexpectedBinary,
    /// It is no packet in MessagePack.
    #[cfg(feature = "msgpack")]
    #[error("no packet in MessagePack")]
    Msgpack(#[from] crate::msgpack::Malformed),
    /// A packet of this kind is not what was asked for.
    #[error("a packet of the kind {0:?}")]
    WrongKind(Kind),
}

impl From<Malformed> for DecodeError {
    fn from(_: Malformed) -> Self {
        Self::NotJson
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(kind: Kind, id: Option<u64>, data: Option<&'static str>) -> Packet {
        let data = data.map(ByteString::from_static);
        Packet { kind, namespace: MAIN_NAMESPACE.into(), id, data, attachments: Vec::new() }
    }

    fn event(data: &'static str) -> Result<Event, DecodeError> {
        packet(Kind::Event, Some(1), Some(data)).into_event()
    }

    #[test]
    fn names_are_slices_of_the_text_unless_escaped() {
        let data = ByteString::from(r#" [ "name" , 1 ]"#);
        let name =
            Packet { data: Some(data.clone()), ..packet(Kind::Event, None, None) }.into_event().unwrap().name;
        assert_eq!(name, "name");
        assert!(data.as_bytes().as_ptr_range().contains(&name.as_ptr()));
        assert_eq!(event(r#"["\u006eame\n"]"#).unwrap().name, "name\n");
        assert_eq!(event(r#"["\ud800"]"#).unwrap().name, "\u{fffd}");
        assert_eq!(event(r#"[""]"#).unwrap().name, "");
    }

    #[test]
    fn arguments_follow_the_name() {
        for data in [r#"["a"]"#, r#"[ "a" ] "#] {
            assert!(event(data).unwrap().args.is_exhausted(), "{data}");
        }
        let mut event = event(r#"["a" , 1,[2] ]"#).unwrap();
        assert_eq!(event.id, Some(1));
        assert_eq!(event.args.take::<u8>().unwrap(), 1);
        assert_eq!(event.args.index(), 1);
        assert_eq!(event.args.take_rest::<Vec<Vec<u8>>>().unwrap(), [[2]]);
    }

    #[test]
    fn what_is_no_event_is_refused() {
        assert_eq!(event("{}").unwrap_err(), DecodeError::NotAnArray);
        assert_eq!(event("\"a\"").unwrap_err(), DecodeError::NotAnArray);
        assert_eq!(packet(Kind::Event, None, None).into_event().unwrap_err(), DecodeError::NotAnArray);
        assert_eq!(event(" [ ] ").unwrap_err(), DecodeError::EmptyArray);
        for data in ["[1]", "[null]", "[[\"a\"]]", "[{}]", r#"[{"_placeholder":true,"num":0}]"#] {
            assert_eq!(event(data).unwrap_err(), DecodeError::NameNotText, "{data}");
        }
        assert_eq!(event(r#"["disconnect"]"#).unwrap_err(), DecodeError::ReservedName("disconnect".into()));
        assert_eq!(event(r#"["\u0063onnect",1]"#).unwrap_err(), DecodeError::ReservedName("connect".into()));
        let ack = packet(Kind::Ack, Some(1), Some("[\"a\"]"));
        assert_eq!(ack.into_event().unwrap_err(), DecodeError::WrongKind(Kind::Ack));
    }

    #[test]
    fn acks_have_an_id_and_an_array() {
        let (id, mut args) = packet(Kind::Ack, Some(0), Some("[\"a\"]")).into_ack().unwrap();
        assert_eq!((id, args.take::<String>().unwrap()), (0, "a".into()));
        assert!(packet(Kind::Ack, Some(0), Some("[ ]")).into_ack().unwrap().1.is_exhausted());
        let error = |id, data| packet(Kind::BinaryAck, id, data).into_ack().unwrap_err();
        assert_eq!(error(None, Some("[]")), DecodeError::NoAckId);
        assert_eq!(error(Some(1), None), DecodeError::NotAnArray);
        assert_eq!(error(Some(1), Some("{}")), DecodeError::NotAnArray);
        let event = packet(Kind::Event, Some(1), Some("[\"a\"]"));
        assert_eq!(event.into_ack().unwrap_err(), DecodeError::WrongKind(Kind::Event));
    }

    #[test]
    fn digits_and_kinds_correspond() {
        for digit in b'0'..=b'6' {
            assert_eq!(Kind::from_digit(digit).map(Kind::digit), Some(digit));
        }
        assert_eq!(Kind::from_digit(b'7'), None);
        assert_eq!(Kind::from_digit(b'/'), None);
    }
}
