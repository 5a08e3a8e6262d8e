//! How long a client is let in for.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sio_core::socket::reason::DisconnectReason;

use super::Member;

/// The end of the time for which a client is let in, in one word: milliseconds of a clock of this process, and whether
/// the client has been warned. Zero: there is no end.
#[derive(Debug, Default)]
pub(super) struct Expiry(AtomicU64);

const WARNED: u64 = 1;

/// A moment before all others that matter here.
fn beginning() -> Instant {
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    *BEGINNING.get_or_init(|| {
        let now = Instant::now();
        now.checked_sub(Duration::from_secs(60 * 60)).unwrap_or(now)
    })
}

impl Expiry {
    fn set(&self, end: Option<Instant>) {
        let word = end.map_or(0, |end| {
            // Rounded up: a client is never disconnected early.
            let millis = end.saturating_duration_since(beginning()).as_nanos().div_ceil(1_000_000);
            u64::try_from(millis.max(1)).unwrap_or(u64::MAX).min(u64::MAX >> 1) << 1
        });
        self.0.store(word, Ordering::Release);
    }

    /// The end, and whether the client has been warned.
    fn get(&self) -> Option<(Instant, bool)> {
        Self::read(self.word())
    }

    fn word(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    fn read(word: u64) -> Option<(Instant, bool)> {
        if word == 0 {
            return None;
        }
        // One that cannot be represented is as far away as never.
        let end = beginning().checked_add(Duration::from_millis(word >> 1))?;
        Some((end, word & WARNED != 0))
    }

    /// Notes that the client is warned of this end. Returns false if another one has been set meanwhile.
    fn note_warned(&self, word: u64) -> bool {
        self.0.compare_exchange(word, word | WARNED, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }
}

/// The step that is due at the end of the time, or before it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// The client is to be told that it has so much time left.
    Warning(Duration),
    /// The time is over.
    End,
}

impl Member {
    /// Sets until when the client is let in.
    pub(crate) fn set_expiry(&self, end: Option<Instant>) {
        self.expiry.set(end);
        // Its task looks at the clock for it from now on.
        self.mailbox.inbox.nudge();
    }

    /// Returns when something is due, if the client is warned so long before the end; zero: it is not warned.
    #[inline]
    pub(crate) fn expiry_deadline(&self, warning: Duration) -> Option<Instant> {
        let (end, was_warned) = self.expiry.get()?;
        if self.is_closed() {
            return None;
        }
        if was_warned || warning.is_zero() {
            Some(end)
        } else {
            Some(end.checked_sub(warning).unwrap_or(end))
        }
    }

    /// Returns what is due now. A warning is due once for each end that is set.
    pub(crate) fn expiry_due(&self, warning: Duration, now: Instant) -> Option<Due> {
        // Read once: another end may be set at any time, from anywhere.
        let word = self.expiry.word();
        let (end, was_warned) = Expiry::read(word)?;
        if self.is_closed() {
            return None;
        }
        if end <= now {
            return Some(Due::End);
        }
        let is_due = !was_warned && !warning.is_zero() && end.checked_sub(warning).unwrap_or(end) <= now;
        (is_due && self.expiry.note_warned(word)).then(|| Due::Warning(end - now))
    }

    /// Disconnects the client, whose time is over.
    pub(crate) fn expire(&self) {
        let last = self.codec().disconnect(self.namespace.path());
        self.close_with(DisconnectReason::AuthExpired, true, Some(last));
        self.mailbox.inbox.nudge();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_is_kept_to_the_millisecond_and_never_early() {
        let expiry = Expiry::default();
        assert_eq!(expiry.get(), None);
        let end = Instant::now() + Duration::new(60, 1);
        expiry.set(Some(end));
        let (kept, was_warned) = expiry.get().expect("an end");
        assert!(!was_warned && kept >= end && kept - end < Duration::from_millis(1));
        assert!(expiry.note_warned(expiry.word()));
        assert_eq!(expiry.get(), Some((kept, true)));
        expiry.set(Some(end));
        assert_eq!(expiry.get(), Some((kept, false)), "another end, another warning");
        expiry.set(None);
        assert_eq!(expiry.get(), None);
    }

    #[test]
    fn an_end_that_has_passed_long_ago_has_passed() {
        let expiry = Expiry::default();
        expiry.set(beginning().checked_sub(Duration::from_secs(60)));
        assert!(expiry.get().is_some_and(|(end, _)| end <= Instant::now()));
    }

    #[test]
    fn a_warning_that_comes_late_changes_no_other_end() {
        let expiry = Expiry::default();
        expiry.set(Some(Instant::now() + Duration::from_secs(60)));
        let before = expiry.word();
        expiry.set(None);
        assert!(!expiry.note_warned(before));
        assert_eq!(expiry.get(), None);
    }

    #[test]
    fn an_end_takes_eight_bytes() {
        assert_eq!(size_of::<Expiry>(), 8);
    }
}
