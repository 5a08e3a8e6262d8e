//! Sending to a client, and who waits for its answers.

use std::task::Waker;

use bytes::Bytes;
use sio_core::args::Args;
use tokio::task::coop::consume_budget;

use super::{CONNECTED, CONNECTING, Member, Stage};
use crate::engine::outbox::{How, PushError};
use crate::error::AckError;
use crate::hub::answer::Waiter;
use crate::hub::emission::Emission;
use crate::hub::state::ConnectionState;
use crate::sync::atomic::Ordering;
use crate::transport::outgoing::Entry;

impl Member {
    /// Sends a packet to the client: at once, after the CONNECT that still has to come, or when the client has come
    /// back. Takes the packet out of `emission` if it could be sent, and leaves it to the caller to wake the client's
    /// task, soon.
    ///
    /// With [`How::Fanout`] it is also left to the caller to disconnect the client if there is no room: the packet is
    /// kept for it in any case.
    pub(crate) fn deliver(&self, emission: &mut Emission, how: How) -> Result<Option<Waker>, PushError> {
        match self.kept_under(emission) {
            Some((state, offset)) => {
                let entry = &emission.entry;
                state.deliver(offset, entry, how == How::Fanout, |holder| {
                    holder.offer(&mut entry.clone(), how)
                })
            }
            None => self.offer(&mut emission.entry, how),
        }
    }

    /// As [`Self::deliver`], to this client alone: its task is woken, and the witness told.
    pub(crate) fn deliver_now(&self, emission: &mut Emission, how: How) -> Result<(), PushError> {
        let bytes = emission.entry.frames.len();
        self.mailbox.outbox.prepare(&mut emission.entry);
        let waker = self.deliver(emission, how)?;
        waker.into_iter().for_each(Waker::wake);
        self.namespace.hub.note_sent(emission, 1);
        emission.tell(1, bytes);
        Ok(())
    }

    /// As [`Self::deliver_now`], waiting while the client's queue is full; not while its `connect` hook runs: nothing is
    /// sent then, so that waiting would not help.
    ///
    /// Cancel safe: a dropped future has sent nothing, or has sent it and only gives way.
    pub(crate) async fn deliver_waiting(&self, emission: &mut Emission) -> Result<(), PushError> {
        match self.deliver_now(emission, How::Now) {
            // In a box: it is rare, and handlers are not to be larger for it.
            Err(PushError::Full) => Box::pin(self.deliver_with_room(emission)).await?,
            outcome => outcome?,
        }
        if self.recovery.is_some() {
            // There is always room where packets are kept: without this a loop would never let others run.
            consume_budget().await;
        }
        Ok(())
    }

    /// Waits for room, and sends a packet.
    async fn deliver_with_room(&self, emission: &mut Emission) -> Result<(), PushError> {
        loop {
            let how = self.until_room(emission).await?;
            match self.deliver_now(emission, how) {
                Err(PushError::Full) => {}
                outcome => return outcome,
            }
        }
    }

    /// Waits for room for a packet, by whichever member the client is reached; returns how it may go then.
    async fn until_room(&self, emission: &Emission) -> Result<How, PushError> {
        let kept = self.kept_under(emission).map(|(state, _)| state.holder().ok_or(PushError::Closed));
        let holder = kept.transpose()?;
        let reached = holder.as_deref().unwrap_or(self);
        if reached.phase.load(Ordering::Acquire) == CONNECTING {
            return Err(PushError::Full);
        }
        Ok(reached.mailbox.outbox.until_room(emission.entry.size(), || !reached.is_closed()).await)
    }

    /// Where a packet is kept for a client that may come back, if it is one that is kept.
    fn kept_under(&self, emission: &Emission) -> Option<(&ConnectionState, u64)> {
        Some((&*self.recovery.as_ref()?.state, emission.offset?))
    }

    fn offer(&self, entry: &mut Entry, how: How) -> Result<Option<Waker>, PushError> {
        match self.phase.load(Ordering::Acquire) {
            CONNECTED => self.mailbox.offer(entry, how),
            CONNECTING => self.hold(entry, how),
            _ => Err(PushError::Closed),
        }
    }

    /// Keeps a packet until the `connect` hook has ended.
    fn hold(&self, entry: &mut Entry, how: How) -> Result<Option<Waker>, PushError> {
        let mut state = self.lock();
        // The hook may have ended while the lock was waited for.
        let held = match &mut state.stage {
            Stage::Connected => return self.mailbox.offer(entry, how),
            Stage::Left(_) | Stage::Released(_) => return Err(PushError::Closed),
            // The CONNECT still waits.
            Stage::Connecting(_) if how == How::Volatile => return Ok(None),
            Stage::Connecting(held) => held,
        };
        let outbox = &self.mailbox.outbox;
        if outbox.is_refusing() {
            return Err(PushError::Closed);
        }
        if !outbox.would_fit(held.entries.len(), held.bytes + entry.frames.len(), how) {
            if how == How::Fanout {
                // As beyond the hard bound of the queue itself: the client is lost.
                outbox.refuse();
            }
            return Err(PushError::Full);
        }
        held.bytes += entry.frames.len();
        held.entries.push(entry.take());
        Ok(None)
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
        if state.stage.gone().is_some() {
            return Err(AckError::Disconnected);
        }
        // Ids come from one counter: an occupied one would mean 2^64 events ago.
        state.acks.insert(id, waiter).map_err(|_| AckError::TooMany)
    }

    /// How many answers are waited for.
    #[cfg(test)]
    pub(crate) fn waiters(&self) -> usize {
        self.lock().acks.len()
    }

    /// Nobody waits for this answer any more.
    pub(crate) fn forget_ack(&self, id: u64) {
        let forgotten = self.lock().acks.take(id);
        if let (Some(_), Some(counters)) = (forgotten, &self.namespace.hub.common.counters) {
            // A client that is told of the end of its session is sent nothing else.
            let is_leaving = self.mailbox.outbox.is_refusing();
            let count = if is_leaving { &counters.acks_disconnected } else { &counters.acks_given_up };
            count.add(1);
        }
    }

    /// The client has answered. An answer that nobody waits for is ignored.
    pub(crate) fn on_ack(&self, id: u64, args: Args) {
        let waiter = self.lock().acks.take(id);
        if let Some(waiter) = waiter {
            if let Some(counters) = &self.namespace.hub.common.counters {
                counters.acks_answered.add(1);
            }
            waiter.answered(args);
        }
    }
}
