//! Binary messages of one connection to packets.
//!
//! The checks are those of `socket.io-msgpack-parser` 3.0: the packet's type, that the namespace is a text, that
//! the payload fits the type, that an id is a whole number, and that nothing follows the packet. Where that is more
//! exact than needed, other clients are let in: nil counts as absent, as Python's client sends it. Where it lets
//! through what the text format cannot say, this is stricter: a namespace has to be a name of one, an id must not be
//! negative or beyond 2^53 - 1, and attachments are counted.

use bytes::Bytes;
use bytestring::ByteString;

use super::Malformed;
use super::token::{Reader, Token};
use super::transcode::Transcoder;
use crate::name::check_namespace;
use crate::socket::decode::MAX_ACK_ID;
use crate::socket::packet::{DecodeError, Kind, MAIN_NAMESPACE, Packet};

/// Decodes the packets of one connection, like [`socket::Decoder`](crate::socket::Decoder).
///
/// After an error the connection is to be closed.
///
/// # Examples
///
/// ```
/// use sio_core::msgpack::Decoder;
/// use sio_core::socket::Kind;
///
/// let mut decoder = Decoder::new(10);
/// let message = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa6upload\xc4\x03\x01\x02\x03";
/// let packet = decoder.binary(message[..].into())?.expect("a message is a packet");
/// assert_eq!(packet.kind, Kind::BinaryEvent);
/// assert_eq!(packet.data.as_deref(), Some(r#"["upload",{"_placeholder":true,"num":0 }]"#));
/// assert_eq!(packet.attachments, [vec![1, 2, 3]]);
/// # Ok::<(), sio_core::socket::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder {
    max_attachments: usize,
}

impl Decoder {
    /// Makes a decoder that accepts packets with at most `max_attachments` byte values in them.
    #[must_use]
    pub const fn new(max_attachments: usize) -> Self {
        Self { max_attachments }
    }

    /// Refuses a text message: this format has none.
    ///
    /// # Errors
    ///
    /// Always [`Malformed::Text`].
    pub fn text(&mut self, _: ByteString) -> Result<Option<Packet>, DecodeError> {
        Err(Malformed::Text.into())
    }

    /// Decodes a binary message. It is always a whole packet, never `None`.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if it is no packet.
    #[expect(clippy::needless_pass_by_value, reason = "a message is handed over, as in the other decoders")]
    pub fn binary(&mut self, message: Bytes) -> Result<Option<Packet>, DecodeError> {
        let mut payload = Transcoder::new(&message, self.max_attachments);
        let members = Members::read(&message, &mut payload)?;
        let kind = members.kind()?;
        let (data, attachments) = if members.has_payload(kind)? {
            let (data, attachments) = payload.finish();
            (Some(data), attachments)
        } else {
            (None, Vec::new())
        };
        let kind = if attachments.is_empty() { kind } else { kind.binary() };
        let namespace = members.namespace(&message)?;
        Ok(Some(Packet { kind, namespace, id: members.id()?, data, attachments }))
    }
}

/// The members of a packet. Others, as JavaScript's `options`, are passed over; of a repeated one the last counts.
#[derive(Debug, Default)]
struct Members<'a> {
    kind: Option<Token<'a>>,
    namespace: Option<Token<'a>>,
    id: Option<Token<'a>>,
    /// The beginning of the payload.
    data: Option<Token<'a>>,
}

impl<'a> Members<'a> {
    /// Reads a packet from its beginning to its end, once: the payload is rewritten on the way.
    fn read(message: &'a [u8], payload: &mut Transcoder<'a>) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(message);
        let Token::Map(length) = reader.token()? else { return Err(Malformed::NotAMap.into()) };
        let mut members = Self::default();
        for _ in 0..length {
            match reader.skip()? {
                Token::Text(b"data") => members.data = Some(payload.rewrite(&mut reader)?),
                Token::Text(b"type") => members.kind = Some(reader.skip()?),
                Token::Text(b"nsp") => members.namespace = Some(reader.skip()?),
                Token::Text(b"id") => members.id = Some(reader.skip()?),
                _ => _ = reader.skip()?,
            }
        }
        if reader.is_at_end() { Ok(members) } else { Err(Malformed::TrailingBytes.into()) }
    }

    fn kind(&self) -> Result<Kind, Malformed> {
        match self.kind.and_then(Token::whole) {
            Some(0) => Ok(Kind::Connect),
            Some(1) => Ok(Kind::Disconnect),
            Some(2) => Ok(Kind::Event),
            Some(3) => Ok(Kind::Ack),
            Some(4) => Ok(Kind::ConnectError),
            _ => Err(Malformed::Kind),
        }
    }

    /// The name without a query string, which the text format does not give on either.
    fn namespace(&self, message: &Bytes) -> Result<ByteString, Malformed> {
        let Some(Token::Text(text)) = self.namespace else { return Err(Malformed::Namespace) };
        if text == MAIN_NAMESPACE.as_bytes() {
            return Ok(ByteString::from_static(MAIN_NAMESPACE));
        }
        let text = ByteString::try_from(message.slice_ref(text)).map_err(|_| Malformed::Namespace)?;
        let name = text.split('?').next().unwrap_or_default();
        if name == MAIN_NAMESPACE {
            return Ok(ByteString::from_static(MAIN_NAMESPACE));
        }
        check_namespace(name).map_err(|_| Malformed::Namespace)?;
        Ok(text.slice_ref(name))
    }

    fn id(&self) -> Result<Option<u64>, DecodeError> {
        match self.id {
            None | Some(Token::Nil) => Ok(None),
            Some(token) => match token.whole().ok_or(Malformed::Id)? {
                id if id > MAX_ACK_ID => Err(DecodeError::AckIdTooLarge),
                id => Ok(Some(id)),
            },
        }
    }

    /// Returns whether there is a payload, which is checked to be one that a packet of this kind may have.
    fn has_payload(&self, kind: Kind) -> Result<bool, DecodeError> {
        match (kind, self.data.unwrap_or(Token::Nil)) {
            (Kind::Connect | Kind::Disconnect, Token::Nil) => Ok(false),
            (Kind::Connect | Kind::ConnectError, Token::Map(_)) | (Kind::ConnectError, Token::Text(_)) => {
                Ok(true)
            }
            (Kind::Connect | Kind::ConnectError, _) => Err(Malformed::Payload.into()),
            (Kind::Disconnect, _) => Err(DecodeError::UnexpectedPayload),
            (_, Token::List(_)) => Ok(true),
            _ => Err(DecodeError::NotAnArray),
        }
    }
}

#[cfg(test)]
mod tests;
