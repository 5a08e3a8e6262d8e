//! WebSocket frames (RFC 6455 §5.2), as a client that may lie writes them and one that trusts nothing reads them.

use bytes::{Buf, BytesMut};

/// Opcode of a continuation frame.
pub const CONTINUATION: u8 = 0x0;
/// Opcode of a text frame.
pub const TEXT: u8 = 0x1;
/// Opcode of a binary frame.
pub const BINARY: u8 = 0x2;
/// Opcode of a close frame.
pub const CLOSE: u8 = 0x8;
/// Opcode of a ping frame (WebSocket's own, not Engine.IO's).
pub const PING: u8 = 0x9;
/// Opcode of a pong frame.
pub const PONG: u8 = 0xa;

/// The masking key of every client frame: which one it is makes no difference to a server.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether it is the last one of its message.
    pub is_final: bool,
    /// The three reserved bits, in the lowest three.
    pub reserved: u8,
    /// The kind of frame: [`TEXT`], [`BINARY`] …
    pub opcode: u8,
    /// Whether the payload is masked, as a client's must be.
    pub is_masked: bool,
    /// The payload, never masked here.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A complete, masked frame.
    pub fn new(opcode: u8, payload: impl Into<Vec<u8>>) -> Self {
        Self { is_final: true, reserved: 0, opcode, is_masked: true, payload: payload.into() }
    }

    /// A text frame; the bytes need not be UTF-8.
    pub fn text(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(TEXT, payload)
    }

    /// A binary frame.
    pub fn binary(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(BINARY, payload)
    }

    /// A continuation frame.
    pub fn continuation(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(CONTINUATION, payload)
    }

    /// A close frame with a status code and no text.
    pub fn close(code: u16) -> Self {
        Self::new(CLOSE, code.to_be_bytes())
    }

    /// The same frame, announced as not being the last of its message.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.is_final = false;
        self
    }

    /// The same frame without a mask: forbidden to a client.
    #[must_use]
    pub fn unmasked(mut self) -> Self {
        self.is_masked = false;
        self
    }

    /// The same frame with reserved bits set: forbidden without an extension.
    #[must_use]
    pub fn with_reserved(mut self, bits: u8) -> Self {
        self.reserved = bits & 0b111;
        self
    }

    /// The frame's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.payload.len() + 14);
        out.push(u8::from(self.is_final) << 7 | self.reserved << 4 | self.opcode);
        let mask_bit = u8::from(self.is_masked) << 7;
        match self.payload.len() {
            length @ 0..=125 => out.push(mask_bit | length as u8),
            length @ 126..=0xffff => {
                out.push(mask_bit | 126);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                out.push(mask_bit | 127);
                out.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        if self.is_masked {
            out.extend_from_slice(&MASK);
            out.extend(self.payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        } else {
            out.extend_from_slice(&self.payload);
        }
        out
    }

    /// Takes the next complete frame from what a server sent.
    ///
    /// # Panics
    ///
    /// When the frame breaks a rule that binds servers: a mask, a length not in its shortest form, a long
    /// or fragmented control frame.
    pub fn decode(buffer: &mut BytesMut) -> Option<Self> {
        let [first, second, ..] = **buffer else { return None };
        assert_eq!(second & 0x80, 0, "a server must not mask its frames");
        let (length, head) = match second {
            short @ 0..=125 => (u64::from(short), 2),
            126 => (buffer.get(2..4)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 4),
            _ => (buffer.get(2..10)?.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), 10),
        };
        assert!(head != 4 || length > 125, "a length of {length} fits one byte");
        assert!(head != 10 || length > 0xffff, "a length of {length} fits two bytes");
        let length = usize::try_from(length).expect("the server sent a frame larger than memory");
        if buffer.len() < head + length {
            return None;
        }
        let frame = Self {
            is_final: first & 0x80 != 0,
            reserved: first >> 4 & 0b111,
            opcode: first & 0x0f,
            is_masked: false,
            payload: buffer[head..head + length].to_vec(),
        };
        buffer.advance(head + length);
        assert!(
            frame.opcode < CLOSE || (frame.is_final && length <= 125),
            "a control frame is short and whole"
        );
        Some(frame)
    }
}

impl From<&str> for Frame {
    fn from(packet: &str) -> Self {
        Self::text(packet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_text_frame_is_the_one_of_the_rfc() {
        // RFC 6455 §5.7: "Hello", masked with 37 fa 21 3d.
        let bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
        assert_eq!(Frame::text("Hello").encode(), bytes);
    }

    #[test]
    fn server_frames_of_every_length_form_are_read() {
        for length in [0, 1, 125, 126, 0xffff, 0x10000] {
            let frame = Frame::binary(vec![7; length]).unmasked();
            let mut buffer = BytesMut::from(&frame.encode()[..]);
            let whole = buffer.clone();
            for cut in [1, 2, 9, whole.len() - 1] {
                let mut part = BytesMut::from(&whole[..cut.min(whole.len() - 1)]);
                assert_eq!(Frame::decode(&mut part), None, "{length} bytes cut at {cut}");
            }
            assert_eq!(Frame::decode(&mut buffer), Some(frame));
            assert!(buffer.is_empty());
        }
    }
}
