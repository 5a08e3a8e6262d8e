//! How far a server's shutdown has come. Nobody else keeps a note of it.
//!
//! ```text
//! Running ─▶ Announced ─▶ LeadingOut ─▶ Closing ─▶ Over
//! ```
//!
//! It never goes back, and may leave phases out: a server that is closed at once goes from `Running` to `Closing`.

use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

use crate::until::until;

/// Where a server is on its way from running to stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Clients come in, and their events are handled.
    Running,
    /// The same; others are told that this server stops soon.
    Announced,
    /// No new session opens. Those that are open are told one by one to end, each when its handlers are idle; their
    /// events are handled until then.
    LeadingOut,
    /// No new session opens, and events that want an answer are refused; each session ends when its handlers are idle.
    Closing,
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
    /// Goes on to a phase. Returns false if it was reached before.
    pub(crate) fn reach(&self, phase: Phase) -> bool {
        let before = self.phase.fetch_max(phase as u8, Ordering::AcqRel);
        self.changed.notify_waiters();
        before < phase as u8
    }

    pub(crate) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Running,
            1 => Phase::Announced,
            2 => Phase::LeadingOut,
            3 => Phase::Closing,
            _ => Phase::Over,
        }
    }

    /// Returns whether nothing of the server's end has begun.
    pub(crate) fn is_running(&self) -> bool {
        self.phase() == Phase::Running
    }

    /// Returns whether new sessions may open.
    pub(crate) fn lets_in(&self) -> bool {
        self.phase() < Phase::LeadingOut
    }

    /// Returns whether handlers that still run are to be given up.
    pub(crate) fn is_over(&self) -> bool {
        self.phase() == Phase::Over
    }

    /// Waits until a phase is reached.
    pub(crate) async fn reached(&self, phase: Phase) {
        until(&self.changed, || (self.phase() >= phase).then_some(())).await;
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
        assert!(shutdown.is_running() && shutdown.lets_in());
        assert!(shutdown.reach(Phase::Announced));
        assert!(!shutdown.is_running() && shutdown.lets_in());
        assert!(shutdown.reach(Phase::LeadingOut));
        assert!(!shutdown.lets_in());
        assert!(shutdown.reach(Phase::Closing));
        assert!(!shutdown.is_over());
        assert!(shutdown.reach(Phase::Over));
        assert!(!shutdown.reach(Phase::Closing));
        assert!(shutdown.is_over());
    }

    #[test]
    fn who_waits_for_a_phase_sees_one_that_was_earlier_or_has_been_left_out() {
        let shutdown = Shutdown::default();
        let mut cx = Context::from_waker(Waker::noop());
        let mut waiting = pin!(shutdown.reached(Phase::LeadingOut));
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        shutdown.reach(Phase::Announced);
        assert!(waiting.as_mut().poll(&mut cx).is_pending());
        shutdown.reach(Phase::Over);
        assert!(waiting.poll(&mut cx).is_ready());
        assert!(pin!(shutdown.reached(Phase::Announced)).poll(&mut cx).is_ready());
    }
}
