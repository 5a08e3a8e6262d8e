//! An event on its way out, encoded once for all who get it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::member::Member;
use super::{Namespace, Sent};
use crate::codec::Form;
use crate::engine::outbox::PushError;
use crate::error::EmitError;
use crate::transport::outgoing::Entry;

/// An event as ready-made frames.
pub(crate) struct Emission {
    pub(crate) entry: Entry,
    /// Under which number it is kept for clients that come back; `None`: it is not.
    pub(crate) offset: Option<u64>,
    /// The place of the event among the counters; `None` without metrics, and for those of other nodes.
    pub(super) place: Option<usize>,
    /// Where somebody wants to hear of it when it has been sent.
    pub(super) untold: Option<Box<Untold>>,
}

/// The facts about an event that has been sent.
pub(super) struct Untold {
    pub(super) namespace: Namespace,
    pub(super) event: String,
    pub(super) to: Option<Arc<Member>>,
    pub(super) rooms: Vec<Cow<'static, str>>,
    /// In the text format.
    pub(super) frames: Bytes,
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
    /// It expects an acknowledgement, whose id each node puts in.
    #[cfg(feature = "cluster")]
    Answers,
}

impl Emission {
    pub(crate) fn new(frames: Bytes, form: Form) -> Self {
        let offset = match form {
            Form::Plain(_) => None,
            Form::Recoverable(offset) => offset,
        };
        Self { entry: frames.into(), offset, place: None, untold: None }
    }

    /// Returns the same for one of several receivers, with nothing to tell.
    pub(crate) fn for_one(&self) -> Self {
        Self { entry: self.entry.clone(), offset: self.offset, place: None, untold: None }
    }

    /// Tells the witness, if there is one, that the event has been sent. `bytes` are those of one copy.
    pub(crate) fn tell(&self, recipients: usize, bytes: usize) {
        if let Some(untold) = &self.untold {
            untold.tell(recipients, bytes);
        }
    }

    /// Sets whether the long-polling response that carries it may be compressed.
    pub(crate) fn compress(mut self, compress: bool) -> Self {
        self.entry.compress = compress;
        self
    }
}

impl Untold {
    #[cold]
    fn tell(&self, recipients: usize, bytes: usize) {
        let Self { namespace, event, to, rooms, frames } = self;
        if let Some(witness) = &namespace.hub.common.witness {
            witness.sent(namespace, &Sent { event, to: to.as_ref(), rooms, frames, recipients, bytes });
        }
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
