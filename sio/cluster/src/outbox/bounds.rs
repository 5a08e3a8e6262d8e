//! The bounds of an outbox: drops frames that are too old or too many.

use std::time::{Duration, Instant};

use super::{Entry, Inner, Outbox};

/// Frames that are held while there is no broker.
const HOLD_FRAMES: usize = 65_536;

/// The bytes that a node may hold however many nodes there are.
const LEAST_HOLD_BYTES: usize = 256 << 10;

/// A broker that is back is noticed, and connected to, within this time, which is added to that of the hold: so one
/// that is back within the hold has lost nothing.
pub(super) const NOTICE: Duration = Duration::from_secs(1);

impl Outbox {
    pub(super) fn most_held(&self, inner: &Inner) -> usize {
        (self.hold_bytes / inner.nodes).max(LEAST_HOLD_BYTES.min(self.hold_bytes))
    }

    /// Drops what has been held for too long, and the oldest of what is too much.
    pub(super) fn prune(&self, inner: &mut Inner, now: Instant) {
        let most = self.most_held(inner);
        let mut bytes =
            inner.bytes + inner.under_way.iter().map(|entry| entry.frame.payload.len()).sum::<usize>();
        let mut frames = inner.waiting.len() + inner.under_way.len();
        let is_old = |entry: &Entry| {
            entry.since.is_some_and(|since| now.saturating_duration_since(since) > self.hold + NOTICE)
        };
        let (mut dropped, mut foreign) = (0, 0);
        let mut from_under_way = 0;
        for entry in &inner.under_way {
            if frames <= HOLD_FRAMES && bytes <= most && !is_old(entry) {
                break;
            }
            bytes -= entry.frame.payload.len();
            frames -= 1;
            from_under_way += 1;
        }
        inner.under_way.drain(..from_under_way);
        dropped += from_under_way as u64;
        while inner.under_way.is_empty()
            && inner
                .waiting
                .front()
                .is_some_and(|first| frames > HOLD_FRAMES || bytes > most || is_old(first))
        {
            let Some(entry) = inner.waiting.pop_front() else { break };
            let size = entry.frame.payload.len();
            inner.bytes -= size;
            bytes -= size;
            frames -= 1;
            if entry.is_foreign() { foreign += 1 } else { dropped += 1 }
        }
        self.counters.foreign_dropped(foreign);
        self.counters.held_dropped(dropped);
    }
}

impl Inner {
    pub(super) fn prune_tail(&mut self, now: Instant, age: Duration, bytes: usize) {
        while let Some(first) = self.tail.front() {
            let is_old = first.since.is_some_and(|since| now.saturating_duration_since(since) > age);
            if !is_old && self.tail_bytes <= bytes {
                break;
            }
            self.tail_bytes -= first.frame.payload.len();
            self.tail.pop_front();
        }
    }
}
