//! [`until`]: waiting for what others change.

use crate::sync::Notify;

/// Waits until `check` returns a value, and returns it. Code that changes what it looks at calls
/// [`notify_waiters`](Notify::notify_waiters) on `changed` afterwards.
pub(crate) async fn until<T>(changed: &Notify, mut check: impl FnMut() -> Option<T>) -> T {
    loop {
        let notified = changed.notified();
        tokio::pin!(notified);
        // Registered before the check, so that a change in between is not missed.
        notified.as_mut().enable();
        if let Some(found) = check() {
            return found;
        }
        notified.await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt as _;

    use super::*;

    #[test]
    fn a_change_during_the_check_is_not_missed() {
        let (changed, checks) = (Notify::new(), Cell::new(0));
        let waiting = until(&changed, || {
            checks.set(checks.get() + 1);
            // Another thread has changed it just after this looked.
            changed.notify_waiters();
            (checks.get() == 3).then_some("found")
        });
        assert_eq!(waiting.now_or_never(), Some("found"));
    }
}
