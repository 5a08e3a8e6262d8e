//! [`ForwardToken`], by which a node knows the requests that other nodes pass on to it.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};

/// Goes with a request that one node passes on to another, and shows that it has been checked already.
///
/// Every run of a node makes its own and tells it to the others in its [`Hello`](super::node::Hello). A secret of the
/// cluster; `Debug` does not print it.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::token::ForwardToken;
///
/// let token = ForwardToken::from_random([1; 16]);
/// assert_eq!(token.as_str(), "AQEBAQEBAQEBAQEBAQEBAQ");
/// assert!(token.is(b"AQEBAQEBAQEBAQEBAQEBAQ"));
/// assert!(!token.is(b"AQEBAQEBAQEBAQEBAQEBAg"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ForwardToken([u8; TEXT]);

/// The length of the text, as which a token is kept: it is read and written with each request that is passed on.
const TEXT: usize = 22;

impl ForwardToken {
    /// Bytes of a token.
    pub const LEN: usize = 16;

    /// Makes a token of random bytes, which the caller takes from a cryptographic source.
    #[must_use]
    pub fn from_random(bytes: [u8; Self::LEN]) -> Self {
        let mut text = [0; TEXT];
        URL_SAFE_NO_PAD.encode_slice(bytes, &mut text).expect("16 bytes are exactly 22 characters of base64");
        Self(text)
    }

    /// Returns the token as a header carries it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("base64 is made of ASCII characters only")
    }

    /// Returns whether this is the text of the token. Takes as long for a wrong text as for the right one of the same
    /// length.
    #[must_use]
    pub fn is(&self, text: &[u8]) -> bool {
        let differs = text.iter().zip(&self.0).fold(0, |differs, (is, should)| differs | (is ^ should));
        text.len() == TEXT && std::hint::black_box(differs) == 0
    }
}

impl fmt::Debug for ForwardToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ForwardToken(…)")
    }
}

impl Serialize for ForwardToken {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ForwardToken {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(|_| Error::custom("not a token"))?;
        bytes.try_into().map(Self::from_random).map_err(|_| Error::custom("a token has 16 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_text_is_the_token() {
        let token = ForwardToken::from_random(std::array::from_fn(|place| place as u8));
        let text = token.as_str();
        assert!(token.is(text.as_bytes()));
        for length in 0..text.len() {
            assert!(!token.is(&text.as_bytes()[..length]), "{length}");
        }
        assert!(!token.is(format!("{text}A").as_bytes()));
        for place in 0..text.len() {
            let mut wrong = text.as_bytes().to_vec();
            wrong[place] ^= 1;
            assert!(!token.is(&wrong), "{place}");
        }
    }

    #[test]
    fn a_token_is_not_printed_and_travels_as_text() {
        let token = ForwardToken::from_random([1; 16]);
        assert_eq!(format!("{token:?}"), "ForwardToken(…)");
        let json = serde_json::to_string(&token).unwrap();
        assert_eq!(json, "\"AQEBAQEBAQEBAQEBAQEBAQ\"");
        assert_eq!(serde_json::from_str::<ForwardToken>(&json).unwrap(), token);
        assert!(serde_json::from_str::<ForwardToken>("\"AQEB\"").is_err());
    }
}
