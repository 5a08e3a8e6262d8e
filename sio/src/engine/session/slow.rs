//! Finds slow clients, and decides what becomes of them.

use std::time::{Duration, Instant};

use super::{SessionTask, later};
use crate::engine::CloseReason;

/// How long after the grace a transport is looked at once more. A client that polls takes something by a request,
/// which is read by another task: that one has had its turn by then.
const ONCE_MORE: Duration = Duration::from_millis(1);

/// A burst that waits for the transport.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stall {
    /// When the transport is looked at.
    due: Instant,
    /// It was looked at when the grace was over.
    was_seen: bool,
    /// An upgrade was under way then, which is waited for once.
    was_excused: bool,
}

impl Stall {
    pub(super) fn due(&self) -> Instant {
        self.due
    }
}

impl SessionTask {
    /// Ends the session of a client that is slow: a burst waits for it, and the transport has taken nothing for the
    /// whole of the grace. That is judged here, after an attempt to write, and not where packets are queued: a client
    /// whose task did not get to run is not to blame.
    ///
    /// Nor is one whose reading nobody has noticed: that a socket is ready again is known only when the runtime has
    /// looked for I/O events, which a busy one does seldom. Hence only a look counts that the timer has set off,
    /// which fires after these events, and it takes two of them.
    pub(super) fn judge(&mut self, blocked: bool, fired: Option<Instant>) {
        if !blocked || !self.is_open() || !self.mailbox.outbox.is_bursting() {
            self.stall = None;
            return;
        }
        let grace = self.shared.config.slow_client_grace;
        let Some(stall) = &mut self.stall else {
            self.stall = Some(Stall { due: later(grace), was_seen: false, was_excused: false });
            return;
        };
        if fired.is_none_or(|deadline| deadline < stall.due) {
            return;
        }
        if self.state.has_probed() && !stall.was_excused {
            // It has been told to stop polling. Once only: it could probe again and again.
            stall.was_excused = true;
            stall.due = later(self.shared.config.upgrade_timeout.saturating_add(grace));
        } else if !stall.was_seen {
            stall.was_seen = true;
            stall.due = later(ONCE_MORE);
        } else {
            self.close_now(CloseReason::SlowClient);
            // The handler has been told, and has yet to run.
            self.mailbox.inbox.nudge();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use sio_core::engine::packet::Packet;
    use tokio::sync::oneshot;
    use tokio::time::{Instant, advance};

    use super::super::test_session::Session;
    use super::*;
    use crate::engine::outbox::{How, PushError};
    use crate::engine::{Command, PollAnswer};

    const SECOND: Duration = Duration::from_secs(1);

    /// A masked frame with `2probe`.
    const PROBE: &[u8] = b"\x81\x86\0\0\0\x002probe";

    #[tokio::test(start_paused = true)]
    async fn a_client_is_slow_when_the_grace_has_passed_and_it_has_taken_nothing() {
        let mut session = Session::open();
        session.burst();
        let begin = Instant::now();
        assert_eq!(session.closed.recv().await, Some(CloseReason::SlowClient));
        assert!((SECOND..SECOND * 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_is_within_its_soft_bound_may_take_its_time() {
        let mut session = Session::open();
        for _ in 0..10 {
            assert_eq!(session.broadcast(), Ok(()));
        }
        assert!(session.is_open_after(10 * SECOND).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_polls_now_and_then_is_not_slow() {
        let mut session = Session::open();
        for _ in 0..10 {
            session.burst();
            assert!(session.is_open_after(SECOND * 9 / 10).await);
            session.poll().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_whose_task_has_not_run_is_not_slow() {
        let mut session = Session::open();
        assert!(session.is_open_after(SECOND).await);
        session.burst();
        // Nothing has run in between.
        advance(10 * SECOND).await;
        session.poll().await;
        assert!(session.is_open_after(2 * SECOND).await);
    }

    #[tokio::test]
    async fn a_client_that_has_taken_everything_while_the_thread_was_busy_is_not_slow() {
        const SHORT: Duration = Duration::from_millis(20);
        let mut session = Session::with(|config| config.slow_client_grace = SHORT);
        session.burst();
        tokio::task::yield_now().await;
        // The thread is busy, and looks for no events.
        std::thread::sleep(3 * SHORT);
        // Something else wakes the task before they are looked for; and the client's request has yet to be read then.
        session.mailbox.inbox.nudge();
        tokio::task::yield_now().await;
        session.poll().await;
        assert!(session.is_open_after(3 * SHORT).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_has_probed_is_waited_for_once() {
        let mut session = Session::open();
        session.burst();
        let begin = Instant::now();
        let mut probes = 0;
        while session.is_open_after(SECOND / 10).await && probes < 1000 {
            let probe = session.attach(PROBE).await;
            assert!(session.is_open_after(SECOND / 10).await || begin.elapsed() > SECOND);
            drop(probe);
            probes += 1;
        }
        // The grace, one upgrade, and the grace once more.
        assert!((10 * SECOND..20 * SECOND).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_websocket_that_does_not_probe_is_no_excuse() {
        let mut session = Session::open();
        let _silent = session.attach(b"").await;
        session.burst();
        let begin = Instant::now();
        assert_eq!(session.closed.recv().await, Some(CloseReason::SlowClient));
        assert!(begin.elapsed() < SECOND * 2, "{:?}", begin.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_the_hard_bound_a_client_is_lost_at_once() {
        let session = Session::open();
        for _ in 0..80 {
            assert_eq!(session.broadcast(), Ok(()));
        }
        assert_eq!(session.broadcast(), Err(PushError::Full));
        assert_eq!(session.broadcast(), Err(PushError::Closed), "it is told once");
    }

    #[tokio::test(start_paused = true)]
    async fn who_sends_to_one_client_waits_at_the_soft_bound() {
        let session = Session::open();
        let mut entry = Packet::Noop.frame().into();
        session.burst();
        assert_eq!(session.mailbox.offer(&mut entry, How::Now).map(drop), Err(PushError::Full));
    }

    #[tokio::test(start_paused = true)]
    async fn a_volatile_packet_needs_a_transport_that_takes_it_now() {
        let mut session = Session::open();
        let volatile = || session.mailbox.outbox.offer(&mut Packet::Noop.frame().into(), How::Volatile);
        // Lets the task run.
        tokio::task::yield_now().await;
        assert_eq!(volatile(), Ok(false), "no GET waits");
        let (answer, answered) = oneshot::channel();
        session.mailbox.inbox.command(Command::Poll(answer));
        tokio::task::yield_now().await;
        assert_eq!(volatile(), Ok(true), "one waits");
        assert_eq!(volatile(), Ok(false), "it brings one already");
        session.mailbox.inbox.nudge();
        assert!(matches!(answered.await, Ok(PollAnswer::Payload(_))));
        assert_eq!(volatile(), Ok(false), "the next has not come");
        assert!(session.is_open_after(SECOND).await);
    }
}
