//! The time, by tokio's clock: tests can stop it.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Goes from one kind of time to the other: tokens carry the wall clock's, timers wait for tokio's.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// The same moment, since 1970.
    started_at: Duration,
}

impl Clock {
    pub(crate) fn start() -> Self {
        // A wall clock before 1970 is wrong, and then any time will do.
        let started_at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // Tokens have milliseconds: with no fraction of one here, none is lost there.
        let started_at =
            Duration::new(started_at.as_secs(), started_at.subsec_millis() * 1_000_000);
        Self { started: Instant::now(), started_at }
    }

    /// The time since 1970.
    pub(crate) fn now(&self) -> Duration {
        self.started_at + self.started.elapsed()
    }

    /// The moment that is so long after 1970; now, if it has passed.
    pub(crate) fn instant(&self, since_1970: Duration) -> Instant {
        Instant::now() + since_1970.saturating_sub(self.now())
    }
}
