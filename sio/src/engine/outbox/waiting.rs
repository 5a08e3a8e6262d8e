//! Waiting for the queue to shrink.

use super::{How, OVERTAKEN, Outbox};

impl Outbox {
    /// Waits while there is no room for so many bytes and `is_wanted` says that it is worth waiting for. Returns how
    /// there is room.
    ///
    /// Beside broadcasts that fill the queue as fast as it empties there would never be any. So the wait is over as
    /// well when all that was queued before it has gone, and others have come in above the soft bound.
    pub(crate) async fn until_room(&self, size: usize, is_wanted: impl Fn() -> bool) -> How {
        let mut ahead = None;
        loop {
            let notified = self.changed.notified();
            tokio::pin!(notified);
            // Registered before the checks, so that what changes in between is not missed.
            notified.as_mut().enable();
            if !is_wanted() {
                return How::Now;
            }
            {
                let mut state = self.lock();
                if state.refusing || state.fits(size, self.limits) {
                    return How::Now;
                }
                let (begin, packets) = *ahead.get_or_insert((state.settled, state.packets));
                let is_overtaken =
                    state.settled.wrapping_sub(begin) >= packets && !state.is_within(self.limits);
                if is_overtaken && state.fits(size, self.limits.times(OVERTAKEN)) {
                    return How::Overtaken;
                }
                state.waiting += 1;
            }
            let _waiting = Waiting(self);
            notified.await;
        }
    }

    /// Waits while the queue is pressed. A sender that waits here does not count as waiting for the client.
    pub(crate) async fn until_relieved(&self) {
        loop {
            let notified = self.changed.notified();
            tokio::pin!(notified);
            // Registered before the check, so that what changes in between is not missed.
            notified.as_mut().enable();
            {
                let mut state = self.lock();
                if state.refusing || !self.is_pressed() {
                    return;
                }
                state.giving_way += 1;
            }
            let _giving_way = GivingWay(self);
            notified.await;
        }
    }
}

/// Counts a sender as waiting for as long as it waits.
struct Waiting<'a>(&'a Outbox);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.lock().waiting -= 1;
    }
}

/// Counts a sender as giving way for as long as it does.
struct GivingWay<'a>(&'a Outbox);

impl Drop for GivingWay<'_> {
    fn drop(&mut self) {
        self.0.lock().giving_way -= 1;
    }
}
