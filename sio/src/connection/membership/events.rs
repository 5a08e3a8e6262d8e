//! Events that wait for their handlers.

use sio_core::socket::packet::Event;

use super::{Membership, Next, Waiting};

impl Membership {
    /// Queues an event that has arrived. One that comes after the server has put the client out is late.
    pub(crate) fn push_event(&self, event: Event, is_concurrent: bool) {
        let mut state = self.lock();
        if state.reason.is_some() {
            return;
        }
        state.concurrent_waiting += usize::from(is_concurrent);
        state.events.push_back(Waiting { event, is_concurrent });
    }

    /// True while fewer than `limit` events of either kind wait or run concurrently.
    pub(crate) fn has_room(&self, limit: usize) -> bool {
        let state = self.lock();
        let serial = state.events.len() - state.concurrent_waiting;
        serial < limit && state.concurrent_waiting + state.concurrent_running < limit
    }

    /// The next event of those that are handled one at a time, or the end. Concurrent events that came before it have
    /// been taken.
    pub(crate) fn next_serial(&self) -> Next {
        let mut state = self.lock();
        let next = match (state.events.pop_front(), state.reason) {
            (Some(waiting), _) => Next::Event(waiting.event),
            (None, Some(reason)) => Next::Closed(reason),
            (None, None) => Next::Nothing,
        };
        state.busy = !matches!(next, Next::Nothing);
        next
    }

    /// An event whose handler runs beside the others: the first of them, or with `in_order` only one that no other event
    /// precedes.
    pub(crate) fn next_concurrent(&self, in_order: bool) -> Option<Event> {
        let mut state = self.lock();
        if state.concurrent_waiting == 0 {
            return None;
        }
        let at = state.events.iter().position(|waiting| waiting.is_concurrent)?;
        if in_order && at > 0 {
            return None;
        }
        let waiting = state.events.remove(at)?;
        state.concurrent_waiting -= 1;
        state.concurrent_running += 1;
        Some(waiting.event)
    }

    pub(crate) fn concurrent_ended(&self) {
        self.lock().concurrent_running -= 1;
    }

    pub(crate) fn set_busy(&self) {
        self.lock().busy = true;
    }

    /// True when no handler runs and no event waits.
    pub(crate) fn is_idle(&self) -> bool {
        let state = self.lock();
        !state.busy && state.events.len() + state.concurrent_running == 0
    }
}
