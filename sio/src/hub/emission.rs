//! An event on its way out, encoded once for all who get it.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;

use super::member::Member;
use super::{Namespace, Sent};
use crate::codec::Form;
use crate::engine::outbox::PushError;
use crate::error::EmitError;
use crate::transport::deflate;
use crate::transport::outgoing::Entry;

/// An event as ready-made frames.
pub(crate) struct Emission {
    pub(crate) entry: Entry,
    /// Under which number it is kept for clients that come back; `None`: it is not.
    pub(crate) offset: Option<u64>,
    /// The place of the event among the counters; `None` without metrics, and for those of other nodes.
    pub(super) place: Option<u32>,
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

    /// Returns the same compressed for those receivers who have agreed to that, once for all of them. `None` where that
    /// is not wanted, or `is_wanted` tells that there are none.
    pub(super) fn deflated(&self, from: Option<usize>, is_wanted: impl FnOnce() -> bool) -> Option<Self> {
        let is_long = |threshold: &usize| self.entry.frames.len() > *threshold;
        let threshold = from.filter(|threshold| {
            is_long(threshold) && self.entry.compress && deflate::is_used() && is_wanted()
        })?;
        let mut emission = self.for_one();
        emission.entry.deflate(threshold);
        Some(emission)
    }

    /// Tells the witness, if there is one, that the event has been sent. `bytes` are those of one copy.
    pub(crate) fn tell(&self, recipients: usize, bytes: usize) {
        if let Some(untold) = &self.untold {
            untold.tell(recipients, bytes);
        }
    }

    /// Sets whether it may be compressed, or the long-polling response that carries it.
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

#[cfg(all(test, feature = "compression"))]
mod tests {
    use crate::packet_client::PacketClient;
    use crate::prelude::*;
    use crate::transport::deflate::RSV1;

    #[tokio::test]
    async fn a_broadcast_is_compressed_once_for_all_who_have_agreed() {
        let server = Server::builder().collect(false).websocket_compression(100).build().unwrap();
        let mut clients = Vec::new();
        for n in 0..1000 {
            let mut client = PacketClient::new(&server);
            client.join("0").await;
            if n % 3 > 0 {
                client.mailbox().outbox.set_deflate_from(100);
            }
            clients.push(client);
        }
        let text = "x".repeat(1000);
        for _ in 0..2 {
            server.emit("news", &text).await.unwrap();
            let frames = clients.iter().map(|client| client.mailbox().outbox.take().remove(0));
            let frames: Vec<_> = frames.collect();
            for (n, frame) in frames.iter().enumerate() {
                // The very same memory, of which there are two pieces.
                let same = if n % 3 > 0 { &frames[1] } else { &frames[0] };
                assert_eq!((frame.as_ptr(), frame.len()), (same.as_ptr(), same.len()));
                assert_eq!((frame[0] & RSV1 != 0, frame.len() < 100), (n % 3 > 0, n % 3 > 0));
            }
            let plain = server.compress(false).emit("news", &text).await;
            plain.unwrap();
            for client in &clients {
                assert_eq!(client.received(), [format!(r#"2["news","{text}"]"#)]);
            }
        }
    }
}
