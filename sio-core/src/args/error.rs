//! Why a value could not be deserialized, in serde's words and short enough to be sent back.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::de::{self, Expected, Unexpected};

use super::json::{Malformed, Number};

/// Bytes of an error message that are kept. Serde repeats the client's text in it, which can be a megabyte long.
const MAX_MESSAGE: usize = 256;

/// Why an argument could not be deserialized: serde's message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Error(String);

impl Error {
    #[cold]
    pub(super) fn new(message: &str) -> Self {
        Self(message.to_owned())
    }

    pub(super) fn into_message(self) -> String {
        self.0
    }
}

impl From<Malformed> for Error {
    #[cold]
    fn from(malformed: Malformed) -> Self {
        Self(malformed.to_string())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    #[cold]
    fn custom<T: fmt::Display>(message: T) -> Self {
        let mut shortened = Shortened(String::new());
        if write!(shortened, "{message}").is_err() {
            shortened.0.push('…');
        }
        Self(shortened.0)
    }

    #[cold]
    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn Expected) -> Self {
        match unexpected {
            Unexpected::Unit => Self::custom(format_args!("invalid type: null, expected {expected}")),
            // serde_json's `Value` describes itself in these words and has no place for bytes.
            Unexpected::Bytes(_) if expected.to_string() == "any valid JSON value" => {
                Self::new("bytes do not fit into `serde_json::Value`: use `sio::Value`")
            }
            _ => Self::custom(format_args!("invalid type: {unexpected}, expected {expected}")),
        }
    }
}

/// The value that was found in the text where another was expected.
pub(super) enum Found<'de> {
    Null,
    Bool(bool),
    Number(Number),
    Str(Cow<'de, str>),
    Bytes,
    Seq,
    Map,
}

impl Found<'_> {
    pub(super) fn error(&self, expected: &dyn Expected) -> Error {
        let unexpected = match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Number(Number::Unsigned(number)) => Unexpected::Unsigned(*number),
            Self::Number(Number::Signed(number)) => Unexpected::Signed(*number),
            Self::Number(Number::Float(number)) => Unexpected::Float(*number),
            Self::Str(text) => Unexpected::Str(text),
            Self::Bytes => Unexpected::Bytes(&[]),
            Self::Seq => Unexpected::Seq,
            Self::Map => Unexpected::Map,
        };
        de::Error::invalid_type(unexpected, expected)
    }
}

/// A text that takes no more than `MAX_MESSAGE` bytes and fails when there are more.
struct Shortened(String);

impl fmt::Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = MAX_MESSAGE - self.0.len();
        if text.len() <= room {
            self.0.push_str(text);
            return Ok(());
        }
        let end = (0..=room).rfind(|end| text.is_char_boundary(*end)).unwrap_or_default();
        self.0.push_str(&text[..end]);
        Err(fmt::Error)
    }
}
