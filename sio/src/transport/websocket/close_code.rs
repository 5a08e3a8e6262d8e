//! Why a WebSocket is closed.

use crate::transport::frames::ReadError;

/// A close code (RFC 6455 §7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CloseCode(pub(super) u16);

impl CloseCode {
    pub(crate) const NORMAL: Self = Self(1000);
    pub(crate) const GOING_AWAY: Self = Self(1001);
    pub(crate) const PROTOCOL: Self = Self(1002);
    /// Stands for no code, and is never written.
    pub(crate) const ABSENT: Self = Self(1005);
    pub(crate) const INVALID_DATA: Self = Self(1007);
    pub(crate) const TOO_LARGE: Self = Self(1009);

    /// Reads the payload of a peer's close frame, or says how it breaks the rules.
    pub(super) fn of_frame(payload: &[u8]) -> Result<Self, ReadError> {
        let (code, text) = match payload {
            [] => return Ok(Self::ABSENT),
            [_] => return Err(ReadError::Protocol("a close frame has half a code")),
            [high, low, text @ ..] => (u16::from_be_bytes([*high, *low]), text),
        };
        // Those that are registered and may be sent, and those that are left to libraries and applications.
        if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
            return Err(ReadError::Protocol("a close frame has a code that nobody may send"));
        }
        std::str::from_utf8(text).map(|_| Self(code)).map_err(|_| ReadError::InvalidUtf8)
    }
}
