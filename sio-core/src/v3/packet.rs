//! One Engine.IO packet of revision 3 (Engine.IO protocol v3, "Packet"): from the text or bytes of a transport, and
//! queued frames to those of a WebSocket.
//!
//! ```text
//! packet  = type data             over WebSocket in a text frame, over polling as one item of a body
//!         | "b4" base64           a binary message as text
//!         | %x04 bytes            a binary message in a WebSocket binary frame, or in a binary body
//! ```
//!
//! The types are those of revision 4, and so is all that has no bytes in it.

use base64::Engine as _;
use bytes::{Buf as _, Bytes};
use bytestring::ByteString;

use crate::engine::frame::{Frames, write_binary_frame_of, write_text_frame};
use crate::engine::packet::{BASE64, Message, Packet, PacketError, decode_base64};

/// The type of a message, before its bytes.
pub(super) const MESSAGE: u8 = 4;
/// The prefix of a binary message in base64: the mark of base64, and the type of a message.
pub(super) const BASE64_MESSAGE: &str = "b4";

/// Decodes the text of a WebSocket frame.
///
/// Texts are slices of `text`, not copies.
///
/// # Errors
///
/// Fails on an empty text, an unknown type, bytes that are no message and on base64 that is not valid.
///
/// # Examples
///
/// ```
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::v3::packet;
///
/// assert_eq!(packet::decode_text("2probe".into())?, Packet::Ping("probe".into()));
/// assert_eq!(packet::decode_text("b4AQL/".into())?, Packet::Message(Message::Binary(vec![1, 2, 255].into())));
/// # Ok::<(), sio_core::engine::packet::PacketError>(())
/// ```
#[expect(clippy::needless_pass_by_value, reason = "the frame is handed over; slices of it keep it alive")]
pub fn decode_text(text: ByteString) -> Result<Packet, PacketError> {
    decode_slice(&text, &text)
}

/// Decodes the payload of a WebSocket binary frame. Only messages can be binary.
///
/// # Errors
///
/// Fails on an empty frame and on any type but that of a message.
///
/// # Examples
///
/// ```
/// use sio_core::engine::packet::{Message, Packet};
/// use sio_core::v3::packet;
///
/// let packet = packet::decode_binary(vec![4, 1, 2, 255].into())?;
/// assert_eq!(packet, Packet::Message(Message::Binary(vec![1, 2, 255].into())));
/// # Ok::<(), sio_core::engine::packet::PacketError>(())
/// ```
pub fn decode_binary(mut data: Bytes) -> Result<Packet, PacketError> {
    match data.first() {
        Some(&MESSAGE) => {
            data.advance(1);
            Ok(Packet::Message(Message::Binary(data)))
        }
        Some(&other) => Err(PacketError::UnknownType(char::from(other))),
        None => Err(PacketError::Empty),
    }
}

/// Decodes `item`, which is a part of `whole`.
pub(super) fn decode_slice(item: &str, whole: &ByteString) -> Result<Packet, PacketError> {
    let Some(typed) = item.strip_prefix('b') else { return Packet::decode_slice(item, whole) };
    let Some(base64) = item.strip_prefix(BASE64_MESSAGE) else {
        return Err(typed.chars().next().map_or(PacketError::Empty, PacketError::UnknownType));
    };
    let data = decode_base64(base64)?;
    Ok(Packet::Message(Message::Binary(data.into())))
}

/// Turns queued frames into those that a WebSocket of revision 3 sends: binary ones get the type of a message. For a
/// client that asked for base64 (`b64` in its query) they become text.
///
/// Runs without a binary frame are the same for all revisions and are not copied.
///
/// # Examples
///
/// ```
/// use sio_core::engine::packet::Packet;
/// use sio_core::v3::packet;
///
/// let queued = Packet::decode_binary(vec![1, 2, 255].into()).frame();
/// assert_eq!(packet::websocket_frames(&queued, false), &b"\x82\x04\x04\x01\x02\xff"[..]);
/// assert_eq!(packet::websocket_frames(&queued, true), &b"\x81\x06b4AQL/"[..]);
/// ```
#[must_use]
pub fn websocket_frames(queued: &Bytes, base64: bool) -> Bytes {
    if !Frames::new(queued.clone()).any(|(is_binary, _)| is_binary) {
        return queued.clone();
    }
    // One more byte in each frame, and now and then two or six more of a longer header.
    let mut out = Vec::with_capacity(queued.len() + 16);
    for (is_binary, data) in Frames::new(queued.clone()) {
        match (is_binary, base64) {
            (false, _) => write_text_frame(&mut out, &[&data]),
            (true, false) => write_binary_frame_of(&mut out, &[&[MESSAGE], &data]),
            (true, true) => {
                write_text_frame(&mut out, &[BASE64_MESSAGE.as_bytes(), BASE64.encode(&data).as_bytes()]);
            }
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::frame::write_binary_frame;

    fn decode(text: &str) -> Result<Packet, PacketError> {
        decode_text(text.into())
    }

    fn binary(data: &[u8]) -> Packet {
        Packet::Message(Message::Binary(Bytes::copy_from_slice(data)))
    }

    #[test]
    fn texts_are_those_of_revision_4_but_for_base64() {
        assert_eq!(decode("4hé"), Ok(Packet::Message(Message::Text("hé".into()))));
        assert_eq!(decode("2"), Ok(Packet::Ping("".into())));
        assert_eq!(decode("5"), Ok(Packet::Upgrade));
        assert_eq!(decode("b4"), Ok(binary(&[])));
        assert_eq!(decode("b4AQIDBA"), Ok(binary(&[1, 2, 3, 4])));
        assert_eq!(decode(""), Err(PacketError::Empty));
        assert_eq!(decode("7"), Err(PacketError::UnknownType('7')));
        assert_eq!(decode("b"), Err(PacketError::Empty));
        assert_eq!(decode("b2"), Err(PacketError::UnknownType('2')));
        assert_eq!(decode("bAQID"), Err(PacketError::UnknownType('A')));
        assert!(matches!(decode("b4!"), Err(PacketError::Base64(_))));
    }

    #[test]
    fn only_messages_are_binary() {
        assert_eq!(decode_binary(Bytes::from_static(&[4])), Ok(binary(&[])));
        assert_eq!(decode_binary(Bytes::from_static(&[4, 4])), Ok(binary(&[4])));
        assert_eq!(decode_binary(Bytes::new()), Err(PacketError::Empty));
        for other in [0, 2, 5, b'4', 255] {
            let error = decode_binary(vec![other, 1].into()).unwrap_err();
            assert_eq!(error, PacketError::UnknownType(char::from(other)));
        }
    }

    #[test]
    fn bytes_are_not_copied() {
        let data = Bytes::from(vec![4, 1, 2]);
        let Ok(Packet::Message(Message::Binary(message))) = decode_binary(data.clone()) else {
            panic!("not a binary message")
        };
        assert_eq!(message.as_ptr(), data[1..].as_ptr());
    }

    #[test]
    fn frames_without_bytes_are_shared() {
        let queued = Packet::Message(Message::Text("hi".into())).frame();
        assert_eq!(websocket_frames(&queued, false).as_ptr(), queued.as_ptr());
    }

    #[test]
    fn each_binary_frame_of_a_run_gets_its_type() {
        let mut run = Vec::new();
        write_text_frame(&mut run, &[b"452-"]);
        write_binary_frame(&mut run, &[]);
        write_binary_frame(&mut run, &[7; 125]);
        let run = Bytes::from(run);
        let frames: Vec<_> = Frames::new(websocket_frames(&run, false)).collect();
        let large = [&[4][..], &[7; 125]].concat();
        assert_eq!(frames, [(false, "452-".into()), (true, vec![4].into()), (true, large.into())]);
        let frames: Vec<_> = Frames::new(websocket_frames(&run, true)).collect();
        assert!(
            frames.iter().all(|(is_binary, text)| !is_binary && (text.starts_with(b"b4") || *text == "452-"))
        );
    }
}
