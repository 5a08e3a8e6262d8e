//! Which client is slow, and what becomes of it.

use super::{Phase, SessionTask, now};
use crate::engine::CloseReason;

impl SessionTask {
    /// Ends the session of a client that is slow: a burst waits for it, and the transport has taken nothing for the whole
    /// of the grace. That is judged here, after an attempt to write, and not where packets are queued: a client whose task
    /// did not get to run is not to blame.
    pub(super) fn judge(&mut self, blocked: bool) {
        let may_take = self.phase == Phase::Open && self.probe.is_none();
        if !blocked || !may_take || !self.mailbox.outbox.is_bursting() {
            self.stalled_since = None;
            return;
        }
        let now = now();
        let since = *self.stalled_since.get_or_insert(now);
        if now.saturating_duration_since(since) >= self.shared.config.slow_client_grace {
            self.close_now(CloseReason::SlowClient);
            // The handler has been told, and has yet to run.
            self.mailbox.inbox.nudge();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::{Duration, SystemTime};

    use hyper::Request;
    use sio_core::engine::packet::Message;
    use sio_core::engine::packet::Packet;
    use tokio::sync::{mpsc, oneshot};
    use tokio::time::{Instant, advance, timeout};

    use super::*;
    use crate::engine::mailbox::Mailbox;
    use crate::engine::outbox::{How, PushError};
    use crate::engine::{Command, Config, Engine, Handler, PollAnswer};
    use crate::handshake::Handshake;
    use crate::peer::Peer;
    use crate::transport::wire::Wire;

    const SECOND: Duration = Duration::from_secs(1);

    /// Tells why the session has ended.
    struct Told(mpsc::UnboundedSender<CloseReason>);

    impl Handler for Told {
        fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
            Ok(())
        }

        fn on_close(&mut self, reason: CloseReason) {
            self.0.send(reason).expect("the test waits for it");
        }
    }

    /// A session that polls.
    struct Session {
        _engine: Engine,
        mailbox: Arc<Mailbox>,
        closed: mpsc::UnboundedReceiver<CloseReason>,
    }

    impl Session {
        fn open() -> Self {
            let (told, closed) = mpsc::unbounded_channel();
            let config = Config { outgoing_queue_packets: 10, ..Config::default() };
            let engine = Engine::new(config, move |_, _| Box::new(Told(told.clone())));
            let request = Request::new(()).into_parts().0;
            let handshake = Handshake::of(&request, Peer::default(), SystemTime::UNIX_EPOCH);
            engine.open(engine.new_id(), Arc::new(handshake), None, Wire::V4, None);
            let mailbox = engine.shared.sessions.all().pop().expect("the session is there");
            Self { _engine: engine, mailbox, closed }
        }

        fn broadcast(&self) -> Result<(), PushError> {
            let waker = self.mailbox.offer(&mut Packet::Noop.frame().into(), How::Fanout)?;
            waker.into_iter().for_each(std::task::Waker::wake);
            Ok(())
        }

        /// Fills the queue beyond its soft bound.
        fn burst(&self) {
            for _ in 0..11 {
                assert_eq!(self.broadcast(), Ok(()));
            }
        }

        async fn poll(&self) {
            let (answer, answered) = oneshot::channel();
            assert!(self.mailbox.inbox.command(Command::Poll(answer)));
            assert!(matches!(answered.await, Ok(PollAnswer::Payload(_))));
        }

        async fn is_open_after(&mut self, time: Duration) -> bool {
            timeout(time, self.closed.recv()).await.is_err()
        }
    }

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
