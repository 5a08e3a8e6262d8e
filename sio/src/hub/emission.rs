//! An event on its way out, encoded once for all who get it.

use bytes::Bytes;

use crate::codec::Form;
use crate::engine::outbox::PushError;
use crate::error::EmitError;
use crate::transport::outgoing::Entry;

/// An event as ready-made frames.
#[derive(Debug, Clone)]
pub(crate) struct Emission {
    pub(crate) entry: Entry,
    /// Under which number it is kept for clients that come back; `None`: it is not.
    pub(crate) offset: Option<u64>,
}

/// The sender's expectation for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expect {
    /// It must be delivered, sooner or later.
    Arrival,
    /// It may be dropped.
    Nothing,
    /// It expects an acknowledgement with this id.
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

    /// Sets whether the long-polling response that carries it may be compressed.
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
