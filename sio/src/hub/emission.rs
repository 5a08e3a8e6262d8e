//! An event on its way out, encoded once for all who get it.

use bytes::Bytes;

use crate::engine::outbox::PushError;
use crate::error::EmitError;
use crate::parser::Form;
use crate::transport::outgoing::Entry;

/// An event as ready-made frames.
#[derive(Debug, Clone)]
pub(crate) struct Emission {
    pub(crate) entry: Entry,
    /// Under which number it is kept for clients that come back; `None`: it is not.
    pub(crate) offset: Option<u64>,
}

/// What is expected of an event that is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// That it arrives, sooner or later.
    Arrival,
    /// Nothing: it may be lost.
    Nothing,
    /// An answer, under this id.
    Answer(u64),
}

impl Emission {
    pub(crate) fn new(frames: Bytes, form: Form) -> Self {
        let offset = match form {
            Form::Plain(_) => None,
            Form::Recoverable(offset) => offset,
        };
        Self { entry: frames.into(), offset }
    }

    /// Whether the polling answer that brings it may be compressed.
    pub(crate) fn compress(mut self, compress: bool) -> Self {
        self.entry.compress = compress;
        self
    }
}

/// Why an emission was not sent, as its sender is told.
impl From<PushError> for EmitError {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Full => Self::QueueFull,
            PushError::Closed => Self::Disconnected,
        }
    }
}
