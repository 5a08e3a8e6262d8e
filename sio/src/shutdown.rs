//! How far a server's shutdown has come. Nobody else keeps a note of it.
//!
//! ```text
//! Running ── begin ──▶ Draining ── end ──▶ Over
//!    └─────────────── end ──────────────────▲
//! ```

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::until::until;

/// Where a server is on its way from running to stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Clients come in, and their events are handled.
    Running,
    /// No new session opens and no new event is handled; each session ends when its handlers are idle.
    Draining,
    /// Handlers that still run are given up.
    Over,
}

/// Shared by an engine, its sessions, and the namespaces of a server. It is read before each event, and so an atomic: a
/// channel that can be watched would cost a lock each time.
#[derive(Debug, Default)]
pub(crate) struct Shutdown {
    phase: AtomicU8,
    changed: Notify,
}

impl Shutdown {
    /// Begins to drain, if that has not begun.
    pub(crate) fn begin(&self) {
        self.reach(Phase::Draining);
    }

    /// Ends the time for draining.
    pub(crate) fn end(&self) {
        self.reach(Phase::Over);
    }

    fn reach(&self, phase: Phase) {
        self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Draining,
            _ => Phase::Over,
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.phase() == Phase::Running
    }

    /// Returns whether handlers that still run are to be given up.
    pub(crate) fn is_over(&self) -> bool {
        self.phase() == Phase::Over
    }

    /// Waits until the shutdown begins.
    pub(crate) async fn begun(&self) {
        until(&self.changed, || (!self.is_running()).then_some(())).await;
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_shutdown_never_goes_back() {
        let shutdown = Shutdown::default();
        assert!(shutdown.is_running());
        shutdown.begin();
        assert_eq!(shutdown.phase(), Phase::Draining);
        shutdown.end();
        shutdown.begin();
        assert!(shutdown.is_over() && !shutdown.is_running());
    }

    #[test]
    fn who_waits_for_the_beginning_sees_one_that_was_earlier_or_has_left_a_phase_out() {
        let shutdown = Shutdown::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut waiting = pin!(shutdown.begun());
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        shutdown.end();
        assert!(waiting.poll(&mut cx).is_ready());
        assert!(pin!(shutdown.begun()).poll(&mut cx).is_ready());
    }
}
