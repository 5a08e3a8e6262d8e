//! The one timer of a session.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use tokio::time::Sleep;

/// Fires at the earliest of all deadlines of a session, or before: deadlines move forward with every
/// heartbeat, so an early alarm that finds nothing due is cheaper than moving the timer each time.
#[derive(Debug, Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// When the timer will fire; none when it has fired or was never set.
    armed: Option<Instant>,
}

impl Timer {
    /// Returns once the deadline for which the timer has fired.
    ///
    /// Timers fire when the runtime has looked for I/O events: those up to that deadline have been noted. The timer
    /// is only looked at. It was polled when it was armed, and wakes the task of then: a session has one task, of its
    /// own, for as long as it lives.
    pub(crate) fn elapsed(&mut self) -> Option<Instant> {
        let has_fired = self.sleep.as_ref().is_some_and(|sleep| sleep.is_elapsed());
        if has_fired { self.armed.take() } else { None }
    }

    /// Makes sure that the timer fires no later than at `deadline`.
    pub(crate) fn arm(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) {
        let Some(deadline) = deadline else { return };
        if self.armed.is_some_and(|armed| armed <= deadline) {
            return;
        }
        self.armed = Some(deadline);
        let at = tokio::time::Instant::from_std(deadline);
        let sleep = match &mut self.sleep {
            Some(sleep) => {
                sleep.as_mut().reset(at);
                sleep
            }
            empty => empty.insert(Box::pin(tokio::time::sleep_until(at))),
        };
        if let Poll::Ready(()) = sleep.as_mut().poll(cx) {
            cx.waker().wake_by_ref();
        }
    }
}
