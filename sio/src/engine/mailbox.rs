//! The state that a session's task shares with the rest of the program: packets to send, and commands.

use std::task::{Context, Waker};

use sio_core::engine::config::Revision;

use super::inbox::Inbox;
use super::outbox::{How, Outbox, PushError, QueueLimits};
use crate::transport::outgoing::Entry;
use crate::transport::wire::Wire;

/// The two boxes of a session. Packets that are put into the outbox from here wake the task, unless it is already
/// about to look.
#[derive(Debug)]
pub(crate) struct Mailbox {
    pub(crate) outbox: Outbox,
    pub(crate) inbox: Inbox,
    /// The form of the packets, on polling and in general; a WebSocket knows its own.
    wire: Wire,
}

impl Mailbox {
    pub(crate) fn new(limits: QueueLimits, wire: Wire) -> Self {
        Self { outbox: Outbox::new(limits), inbox: Inbox::default(), wire }
    }

    /// The form that the request which opened the session asked for.
    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Takes a packet out of `entry` and queues it, if there is room. Leaves it to the caller to wake the task, soon.
    pub(crate) fn offer(&self, entry: &mut Entry, how: How) -> Result<Option<Waker>, PushError> {
        if entry.is_deflated() {
            self.fit(entry);
        }
        let is_queued = self.outbox.offer(entry, how)?;
        Ok(if is_queued { self.inbox.rouse() } else { None })
    }

    /// Leaves the packet a compressed form only if it is the one for this client.
    #[cold]
    fn fit(&self, entry: &mut Entry) {
        let agrees = self.outbox.deflate_from().is_some();
        // The binary frames of the older revision are others, and are compressed when they are made.
        entry.keep_deflated(|form| agrees && (form.is_text || self.wire.revision() == Revision::V4));
    }

    /// Queues a packet if there is room for it.
    pub(crate) fn push(&self, entry: impl Into<Entry>) -> Result<(), PushError> {
        let mut entry = entry.into();
        self.outbox.prepare(&mut entry);
        let waker = self.offer(&mut entry, How::Now)?;
        waker.into_iter().for_each(Waker::wake);
        Ok(())
    }

    /// Queues a packet whatever the limits say: acks and control packets, whose number is bounded by what
    /// the peer itself sends. That is read no further while twice the limits are exceeded.
    pub(crate) fn push_always(&self, entry: impl Into<Entry>) {
        let mut entry = entry.into();
        self.outbox.prepare(&mut entry);
        self.push_prepared(entry);
    }

    /// As [`push_always`](Self::push_always), without compressing the packet: quick enough to be called under a lock.
    pub(crate) fn push_prepared(&self, entry: impl Into<Entry>) {
        let mut entry = entry.into();
        if entry.is_deflated() {
            self.fit(&mut entry);
        }
        if self.outbox.add(entry) {
            self.inbox.rouse().into_iter().for_each(Waker::wake);
        }
    }

    /// The task is about to sleep: true when it may, false when something came in meanwhile. With `blocked`,
    /// packets are left queued on purpose, since the transport cannot take them now.
    pub(crate) fn park(&self, cx: &Context<'_>, blocked: bool) -> bool {
        self.inbox.park(cx, || blocked || self.outbox.is_taken())
    }

    /// Ends the mailbox: later packets and commands are refused, senders that wait are released.
    pub(crate) fn close(&self) {
        self.inbox.close();
        self.outbox.close();
    }
}
