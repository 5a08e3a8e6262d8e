//! Messages for servers of other kinds. Those cannot tell what comes twice, so nothing is sent to them again.

use super::{Entry, Outbox, Stage, UP_BYTES, UP_FRAMES, now};
use crate::bus::Frame;
use crate::counters::Counters;

impl Outbox {
    /// Takes a message for servers of another kind. It has no number, and is held while there is no broker.
    pub(crate) fn push_foreign(&self, frame: Frame, is_volatile: bool) {
        let mut inner = self.lock();
        let is_up = inner.stage == Stage::Up;
        let is_full = inner.waiting.len() >= UP_FRAMES || inner.bytes + frame.payload.len() > UP_BYTES;
        if inner.stage == Stage::Closed || (!is_up && is_volatile) || (is_up && is_full) {
            return self.counters.foreign_dropped(1);
        }
        inner.bytes += frame.payload.len();
        let since = (!is_up).then(now);
        inner.waiting.push_back(Entry { frame, is_control: false, since });
        match since {
            None => {
                drop(inner);
                self.ready.notify_one();
            }
            Some(since) => self.prune(&mut inner, since),
        }
    }
}

impl Entry {
    pub(super) const fn is_foreign(&self) -> bool {
        !self.frame.topic.is_native()
    }

    /// Returns whether what may have been sent can be sent again; if that is for servers of another kind, it counts as
    /// dropped.
    pub(super) fn may_repeat(&self, counters: &Counters) -> bool {
        counters.foreign_dropped(self.is_foreign().into());
        !self.is_control && !self.is_foreign()
    }
}
