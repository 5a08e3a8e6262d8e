//! What is sent to a client, and who waits for its answers.

use std::sync::atomic::Ordering;
use std::task::Waker;

use bytes::Bytes;
use sio_core::args::Args;

use super::{CLOSED, CONNECTED, CONNECTING, Membership};
use crate::ack_wait::Waiter;
use crate::emission::Emission;
use crate::engine::mailbox::PushError;
use crate::error::AckError;
use crate::recovery::ConnectionState;
use crate::transport::outgoing::Entry;

impl Membership {
    /// Sends a packet to the client: at once, after the CONNECT that still has to come, or when the client has come back.
    pub(crate) fn deliver(&self, emission: Emission) -> Result<(), PushError> {
        match self.kept_under(&emission) {
            Some((state, offset)) => Self::deliver_kept(&emission.entry, state, offset),
            None => self.push(emission.entry),
        }
    }

    fn deliver_kept(entry: &Entry, state: &ConnectionState, offset: u64) -> Result<(), PushError> {
        state.deliver(offset, entry, false, |holder| holder.push(entry.clone()))
    }

    /// As [`Self::deliver`], waiting while the client's queue is full.
    ///
    /// Cancel safe: a dropped future has sent nothing.
    pub(crate) async fn deliver_waiting(&self, emission: Emission) -> Result<(), PushError> {
        let Some((state, offset)) = self.kept_under(&emission) else {
            // While the `connect` hook runs nothing is sent, so that waiting would not help.
            return match self.phase.load(Ordering::Acquire) {
                CONNECTED => self.mailbox.push_waiting(emission.entry, || self.is_connected()).await,
                _ => self.push(emission.entry),
            };
        };
        loop {
            let outcome = Self::deliver_kept(&emission.entry, state, offset);
            if outcome != Err(PushError::Full) {
                return outcome;
            }
            let Some(holder) = state.holder() else { return Err(PushError::Closed) };
            if holder.phase.load(Ordering::Acquire) == CONNECTING {
                return outcome;
            }
            let is_wanted = || !holder.is_closed();
            holder.mailbox.until_room(emission.entry.frames.len(), is_wanted).await;
        }
    }

    /// Where a packet is kept for a client that may come back, if it is one that is kept.
    fn kept_under(&self, emission: &Emission) -> Option<(&ConnectionState, u64)> {
        Some((&*self.recovery.as_ref()?.state, emission.offset?))
    }

    fn push(&self, entry: Entry) -> Result<(), PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.push(entry),
            CONNECTING => self.hold(entry),
            _ => Err(PushError::Closed),
        }
    }

    fn hold(&self, entry: Entry) -> Result<(), PushError> {
        let mut state = self.lock();
        // The hook may have ended while the lock was waited for.
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => return self.mailbox.push(entry),
            CLOSED => return Err(PushError::Closed),
            _ => {}
        }
        if !self.mailbox.would_fit(state.held.len(), state.held_bytes + entry.frames.len()) {
            return Err(PushError::Full);
        }
        state.held_bytes += entry.frames.len();
        state.held.push(entry);
        Ok(())
    }

    /// As [`Self::deliver`], but leaves it to the caller to wake the client's task, soon; and to let the client go if
    /// there is no room, so that the packet is kept for it in any case.
    pub(crate) fn deliver_unwoken(&self, emission: &Emission) -> Result<Option<Waker>, PushError> {
        let entry = &emission.entry;
        match self.kept_under(emission) {
            Some((state, offset)) => {
                state.deliver(offset, entry, true, |holder| holder.push_unwoken(entry.clone()))
            }
            None => self.push_unwoken(entry.clone()),
        }
    }

    fn push_unwoken(&self, entry: Entry) -> Result<Option<Waker>, PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.push_unwoken(entry),
            CONNECTING => self.hold(entry).map(|()| None),
            _ => Err(PushError::Closed),
        }
    }

    /// As [`Self::deliver`], but only if nothing else waits for this client, its CONNECT included: a packet that may be
    /// lost. An error if the client has gone.
    pub(crate) fn deliver_volatile(&self, entry: Entry) -> Result<(), PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED if self.mailbox.is_empty() => match self.mailbox.push(entry) {
                // Something else was quicker.
                Err(PushError::Full) => Ok(()),
                pushed => pushed,
            },
            CLOSED => Err(PushError::Closed),
            _ => Ok(()),
        }
    }

    /// Sends an answer that the client has asked for.
    pub(crate) fn answer(&self, frame: Bytes) {
        if self.is_connected() {
            self.mailbox.push_always(frame);
        }
    }

    /// Remembers who waits for the answer to an event.
    pub(crate) fn await_ack(&self, id: u64, waiter: Waiter) -> Result<(), AckError> {
        let mut state = self.lock();
        if state.reason.is_some() {
            return Err(AckError::Disconnected);
        }
        // Ids come from one counter: an occupied one would mean 2^64 events ago.
        state.acks.insert(id, waiter).map_err(|_| AckError::TooMany)
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget_ack(&self, id: u64) {
        let forgotten = self.lock().acks.take(id);
        drop(forgotten);
    }

    /// The client has answered. An answer that nobody waits for is ignored.
    pub(crate) fn on_ack(&self, id: u64, args: Args) {
        let waiter = self.lock().acks.take(id);
        if let Some(waiter) = waiter {
            waiter.answered(args);
        }
    }
}
