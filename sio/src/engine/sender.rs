//! The handle through which a session's messages are sent.

use std::sync::Arc;
use std::task::Waker;

use bytes::Bytes;
use sio_core::engine::packet::{Message, Packet};

use super::command::Command;
use super::mailbox::Mailbox;
use super::outbox::{How, PushError};
use super::{CloseReason, TransportKind};

/// Sends messages to the client of one session. Cheap to clone; may outlive the session.
#[derive(Debug, Clone)]
pub struct Sender {
    mailbox: Arc<Mailbox>,
}

/// Why a message was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The outgoing queue of the client is full.
    #[error("the outgoing queue is full")]
    Full,
    /// The session has ended.
    #[error("the session is closed")]
    Closed,
}

impl From<PushError> for SendError {
    fn from(error: PushError) -> Self {
        match error {
            PushError::Full => Self::Full,
            PushError::Closed => Self::Closed,
        }
    }
}

impl Sender {
    pub(crate) fn new(mailbox: Arc<Mailbox>) -> Self {
        Self { mailbox }
    }

    pub(crate) fn mailbox(&self) -> &Arc<Mailbox> {
        &self.mailbox
    }

    /// Sends a message, waiting while the client's queue is full.
    ///
    /// Cancel safe: a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] when the session has ended.
    pub async fn send(&self, message: &Message) -> Result<(), SendError> {
        let mut entry = frame(message).into();
        self.mailbox.outbox.prepare(&mut entry);
        let mut how = How::Now;
        loop {
            match self.mailbox.offer(&mut entry, how) {
                Ok(waker) => {
                    waker.into_iter().for_each(Waker::wake);
                    return Ok(());
                }
                Err(PushError::Full) => how = self.mailbox.outbox.until_room(entry.size(), || true).await,
                Err(PushError::Closed) => return Err(SendError::Closed),
            }
        }
    }

    /// Sends a message if there is room for it in the client's queue.
    ///
    /// # Errors
    ///
    /// [`SendError::Full`] when there is none, [`SendError::Closed`] when the session has ended.
    pub fn try_send(&self, message: &Message) -> Result<(), SendError> {
        Ok(self.mailbox.push(frame(message))?)
    }

    /// Closes the session when everything queued has been sent.
    pub fn close(&self) {
        self.mailbox.inbox.command(Command::Close(CloseReason::ForcedServerClose));
    }

    /// Returns the transport that the session uses now.
    #[must_use]
    pub fn transport(&self) -> TransportKind {
        self.mailbox.outbox.transport()
    }

    /// Returns whether the session has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.mailbox.outbox.is_refusing()
    }
}

fn frame(message: &Message) -> Bytes {
    Packet::Message(message.clone()).frame()
}
