//! One Engine.IO packet (protocol v4, "Packet encoding"): from the text or bytes of a transport, to a frame.
//!
//! ```text
//! packet  = type data             over WebSocket in a text frame, over polling as one item of a body
//!         | "b" base64            a binary message as text
//!         | bytes                 a WebSocket binary frame: a binary message
//! type    = "0" open | "1" close | "2" ping | "3" pong | "4" message | "5" upgrade | "6" noop
//! ```

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use bytestring::ByteString;

use super::frame::{write_binary_frame, write_text_frame};

/// Padding is written, and accepted to be absent: some clients leave it out.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Decodes what a client has written as base64.
///
/// The encoders of Android and Java break their lines, at the end too, and may use the URL alphabet. Clients that do
/// neither pay nothing for it.
pub(crate) fn decode_base64(text: &str) -> Result<Vec<u8>, PacketError> {
    BASE64.decode(text).or_else(|error| {
        if !text.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | b'-' | b'_')) {
            return Err(PacketError::Base64(error));
        }
        let plain: Vec<u8> = text
            .bytes()
            .filter(|byte| !matches!(byte, b'\r' | b'\n'))
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => other,
            })
            .collect();
        BASE64.decode(plain).map_err(PacketError::Base64)
    })
}

/// The text that marks the ping and the pong of an upgrade.
pub(super) const PROBE: &str = "probe";

/// A message that the layer above sends or receives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text message, without the packet type.
    Text(ByteString),
    /// A binary message, decoded.
    Binary(Bytes),
}

/// One Engine.IO packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The server's first packet: the handshake as JSON text.
    Open(ByteString),
    /// The sender ends the session.
    Close,
    /// A heartbeat of the server with empty text, or the client's `"probe"` on the WebSocket of an upgrade.
    Ping(ByteString),
    /// The answer to a ping, with the ping's text.
    Pong(ByteString),
    /// A message of the layer above.
    Message(Message),
    /// The client makes the probed WebSocket the transport of the session.
    Upgrade,
    /// Nothing: ends a pending GET.
    Noop,
}

/// Why the peer's bytes are not an Engine.IO packet, or not a polling body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketError {
    /// A packet without even a type.
    #[error("the packet is empty")]
    Empty,
    /// The first character names no packet type.
    #[error("unknown packet type {0:?}")]
    UnknownType(char),
    /// The text after `b` is not base64.
    #[error("the binary message is not base64")]
    Base64(#[source] base64::DecodeError),
    /// A polling body is not UTF-8.
    #[error("the body is not UTF-8")]
    NotUtf8,
    /// A polling body of revision 3 is not made of packets with their lengths.
    #[error("the lengths of the packets do not fit the body")]
    Length,
    /// A polling body holds more packets than the limit, which is carried here.
    #[error("the body holds more than {0} packets")]
    TooManyPackets(usize),
}

impl Packet {
    /// Decodes the text of a WebSocket frame, or one item of a polling body.
    ///
    /// Texts are slices of `text`, not copies. Text behind the type of a packet that carries none is ignored, as the
    /// reference server does.
    ///
    /// # Errors
    ///
    /// Fails on an empty text, an unknown type and on base64 that is not valid.
    ///
    /// ```
    /// use sio_core::engine::packet::{Message, Packet};
    ///
    /// assert_eq!(Packet::decode_text("2probe".into())?, Packet::Ping("probe".into()));
    /// assert_eq!(Packet::decode_text("bAQI=".into())?, Packet::Message(Message::Binary(vec![1, 2].into())));
    /// assert!(Packet::decode_text("abc".into()).is_err());
    /// # Ok::<(), sio_core::engine::packet::PacketError>(())
    /// ```
    #[expect(clippy::needless_pass_by_value, reason = "the frame is handed over; slices of it keep it alive")]
    pub fn decode_text(text: ByteString) -> Result<Self, PacketError> {
        Self::decode_slice(&text, &text)
    }

    /// Decodes `item`, which is a part of `whole`.
    pub(crate) fn decode_slice(item: &str, whole: &ByteString) -> Result<Self, PacketError> {
        let Some(&kind) = item.as_bytes().first() else { return Err(PacketError::Empty) };
        match kind {
            b'4' => Ok(Self::Message(Message::Text(whole.slice_ref(&item[1..])))),
            b'b' => {
                let data = decode_base64(&item[1..])?;
                Ok(Self::Message(Message::Binary(data.into())))
            }
            b'2' => Ok(Self::Ping(whole.slice_ref(&item[1..]))),
            b'3' => Ok(Self::Pong(whole.slice_ref(&item[1..]))),
            b'0' => Ok(Self::Open(whole.slice_ref(&item[1..]))),
            b'1' => Ok(Self::Close),
            b'5' => Ok(Self::Upgrade),
            b'6' => Ok(Self::Noop),
            _ => Err(item.chars().next().map_or(PacketError::Empty, PacketError::UnknownType)),
        }
    }

    /// Makes a packet of the payload of a WebSocket binary frame, which can only be a binary message.
    pub fn decode_binary(data: Bytes) -> Self {
        Self::Message(Message::Binary(data))
    }

    /// Writes the packet as one complete WebSocket frame from server to client.
    ///
    /// The packets of heartbeat and upgrade are static: they allocate nothing.
    ///
    /// ```
    /// use sio_core::engine::packet::Packet;
    ///
    /// assert_eq!(Packet::Pong("probe".into()).frame(), &b"\x81\x063probe"[..]);
    /// ```
    pub fn frame(&self) -> Bytes {
        match self {
            Self::Close => Bytes::from_static(b"\x81\x011"),
            Self::Ping(text) if text.is_empty() => Bytes::from_static(b"\x81\x012"),
            Self::Pong(text) if text.is_empty() => Bytes::from_static(b"\x81\x013"),
            Self::Pong(text) if **text == *PROBE => Bytes::from_static(b"\x81\x063probe"),
            Self::Upgrade => Bytes::from_static(b"\x81\x015"),
            Self::Noop => Bytes::from_static(b"\x81\x016"),
            Self::Open(text) => text_frame(b"0", text.as_bytes()),
            Self::Ping(text) => text_frame(b"2", text.as_bytes()),
            Self::Pong(text) => text_frame(b"3", text.as_bytes()),
            Self::Message(Message::Text(text)) => text_frame(b"4", text.as_bytes()),
            Self::Message(Message::Binary(data)) => {
                let mut out = Vec::new();
                write_binary_frame(&mut out, data);
                out.into()
            }
        }
    }
}

pub(super) fn text_frame(kind: &[u8], text: &[u8]) -> Bytes {
    let mut out = Vec::new();
    write_text_frame(&mut out, &[kind, text]);
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Packet, PacketError> {
        Packet::decode_text(text.into())
    }

    fn binary(data: &[u8]) -> Packet {
        Packet::Message(Message::Binary(Bytes::copy_from_slice(data)))
    }

    #[test]
    fn each_type_is_known() {
        assert_eq!(decode("0{}"), Ok(Packet::Open("{}".into())));
        assert_eq!(decode("1"), Ok(Packet::Close));
        assert_eq!(decode("2"), Ok(Packet::Ping("".into())));
        assert_eq!(decode("3probe"), Ok(Packet::Pong("probe".into())));
        assert_eq!(decode("4hé"), Ok(Packet::Message(Message::Text("hé".into()))));
        assert_eq!(decode("4"), Ok(Packet::Message(Message::Text("".into()))));
        assert_eq!(decode("5"), Ok(Packet::Upgrade));
        assert_eq!(decode("6"), Ok(Packet::Noop));
    }

    #[test]
    fn text_behind_a_type_that_carries_none_is_ignored() {
        assert_eq!(decode("1x"), Ok(Packet::Close));
        assert_eq!(decode("5probe"), Ok(Packet::Upgrade));
        assert_eq!(decode("6x"), Ok(Packet::Noop));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        assert_eq!(decode(""), Err(PacketError::Empty));
        assert_eq!(decode("7"), Err(PacketError::UnknownType('7')));
        assert_eq!(decode("abc"), Err(PacketError::UnknownType('a')));
        assert_eq!(decode("é4"), Err(PacketError::UnknownType('é')));
        assert!(matches!(decode("b!"), Err(PacketError::Base64(_))));
        assert!(matches!(decode("bAQI=x"), Err(PacketError::Base64(_))));
        assert!(matches!(decode("bA"), Err(PacketError::Base64(_))));
    }

    #[test]
    fn base64_is_standard_and_may_lack_its_padding() {
        assert_eq!(decode("bAQIDBA=="), Ok(binary(&[1, 2, 3, 4])));
        assert_eq!(decode("bAQIDBA"), Ok(binary(&[1, 2, 3, 4])));
        assert_eq!(decode("b+/+/"), Ok(binary(&[0xfb, 0xff, 0xbf])));
        assert_eq!(decode("b"), Ok(binary(&[])));
    }

    #[test]
    fn base64_may_have_line_breaks_and_the_alphabet_of_urls() {
        for text in ["bAAEC\nAwQ=", "bAAEC\r\nAwQ=", "bAAECAwQ=\n", "bAAECAwQ\r\n", "b\nAAECA\n\nwQ\n=\n"] {
            assert_eq!(decode(text), Ok(binary(&[0, 1, 2, 3, 4])), "{text:?}");
        }
        assert_eq!(decode("b-_-_"), Ok(binary(&[0xfb, 0xff, 0xbf])));
        assert_eq!(decode("b-_+/\n"), Ok(binary(&[0xfb, 0xff, 0xbf])));
        assert_eq!(decode("b\n"), Ok(binary(&[])));
        for text in ["bAAEC AwQ=", "bAAEC\tAwQ=", "bA\nQI=\n!", "b-", "bAQI=\nAQI="] {
            assert!(matches!(decode(text), Err(PacketError::Base64(_))), "{text:?}");
        }
    }

    #[test]
    fn a_text_message_shares_the_memory_of_its_frame() {
        let text = ByteString::from("4a long enough message".to_owned());
        let start = text.as_ptr();
        let Ok(Packet::Message(Message::Text(message))) = Packet::decode_text(text) else {
            panic!("not a text message")
        };
        assert_eq!(message.as_ptr(), start.wrapping_add(1));
    }

    #[test]
    fn frames_are_complete() {
        assert_eq!(Packet::Open("{}".into()).frame(), &b"\x81\x030{}"[..]);
        assert_eq!(Packet::Close.frame(), &b"\x81\x011"[..]);
        assert_eq!(Packet::Ping("".into()).frame(), &b"\x81\x012"[..]);
        assert_eq!(Packet::Ping("probe".into()).frame(), &b"\x81\x062probe"[..]);
        assert_eq!(Packet::Pong("".into()).frame(), &b"\x81\x013"[..]);
        assert_eq!(Packet::Pong("probe".into()).frame(), &b"\x81\x063probe"[..]);
        assert_eq!(Packet::Message(Message::Text("hi".into())).frame(), &b"\x81\x034hi"[..]);
        assert_eq!(binary(&[4, 5]).frame(), &b"\x82\x02\x04\x05"[..]);
        assert_eq!(Packet::Upgrade.frame(), &b"\x81\x015"[..]);
        assert_eq!(Packet::Noop.frame(), &b"\x81\x016"[..]);
    }
}
