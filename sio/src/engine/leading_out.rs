//! Sessions that end one by one, so that their clients do not come to another server all at once.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Engine;
use super::mailbox::Mailbox;
use super::session::after;
use crate::random;
use crate::shutdown::Phase;

impl Engine {
    /// Lets no new session in, and ends those that are open at even steps over `spread`, in no particular order. Each
    /// ends when its handler is idle; the next ones do not wait for it. Where one ends by itself, the next takes its
    /// turn.
    ///
    /// Returns when all have ended, at the latest after `spread`.
    pub(crate) async fn lead_out(&self, spread: Duration) {
        self.shared.shutdown.reach(Phase::LeadingOut);
        let began = Instant::now();
        // As long a time as `Duration::MAX` is one that never ends.
        let end: Instant = after(began.into_std(), spread).into();
        let spread = end - began;
        let leading = async {
            let mut waiting = self.shared.sessions.all();
            random::shuffle(&mut waiting);
            let (count, mut turn) = (waiting.len().max(1) as f64, 0.0);
            while has_open(&mut waiting) {
                sleep_until(began + spread.mul_f64(turn / count)).await;
                if has_open(&mut waiting)
                    && let Some(next) = waiting.pop()
                {
                    next.inbox.retire();
                    turn += 1.0;
                }
            }
            std::future::pending().await
        };
        tokio::select! {
            // Those that are not idle by then are asked again, with less patience.
            () = sleep_until(end) => {}
            () = self.shared.sessions.until_idle() => {}
            () = leading => {}
        }
    }
}

/// Drops sessions that have ended by themselves, until one that has not is next. Returns whether there is one.
fn has_open(waiting: &mut Vec<Arc<Mailbox>>) -> bool {
    while waiting.pop_if(|mailbox| mailbox.outbox.is_refusing()).is_some() {}
    !waiting.is_empty()
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Waker};

    use hyper::Request;

    use super::*;
    use crate::engine::{CloseReason, Config, Handler, Message};
    use crate::handshake::Handshake;
    use crate::peer::Peer;
    use crate::transport::wire::Wire;

    const SPREAD: Duration = Duration::from_secs(30);

    /// All that a test wants to know and to say of its sessions.
    #[derive(Default)]
    struct Seen {
        ended: Mutex<Vec<(usize, Instant)>>,
        opened: AtomicUsize,
        /// The number of the session that is at work, and what wakes it.
        busy: Mutex<Option<(usize, Waker)>>,
    }

    struct Session {
        number: usize,
        seen: Arc<Seen>,
    }

    impl Handler for Session {
        fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
            Ok(())
        }

        fn poll(&mut self, cx: &mut Context<'_>) {
            if let Some((number, waker)) = &mut *self.seen.busy.lock().unwrap()
                && *number == self.number
            {
                waker.clone_from(cx.waker());
            }
        }

        fn is_idle(&self) -> bool {
            self.seen.busy.lock().unwrap().as_ref().is_none_or(|(number, _)| *number != self.number)
        }

        fn on_close(&mut self, reason: CloseReason) {
            assert_eq!(reason, CloseReason::ServerShuttingDown);
            self.seen.ended.lock().unwrap().push((self.number, Instant::now()));
        }
    }

    /// An engine with so many sessions; the last of them is busy if `is_busy`.
    fn engine(count: usize, is_busy: bool) -> (Engine, Arc<Seen>) {
        let seen = Arc::new(Seen::default());
        if is_busy {
            *seen.busy.lock().unwrap() = Some((count - 1, Waker::noop().clone()));
        }
        let shared = Arc::clone(&seen);
        let engine = Engine::new(Config::default(), move |_, _| {
            let number = shared.opened.fetch_add(1, Ordering::Relaxed);
            Box::new(Session { number, seen: Arc::clone(&shared) })
        });
        for _ in 0..count {
            let request = Request::new(()).into_parts().0;
            let handshake = Handshake::of(&request, Peer::default(), std::time::SystemTime::now());
            engine.open(engine.new_id(), Arc::new(handshake), None, Wire::V4, None);
        }
        (engine, seen)
    }

    /// As long as that, a session waits for a client that does not come to hear of the end.
    const SILENCE: Duration = crate::engine::session::PATIENCE;

    /// The times from the beginning to the ends, in their order.
    fn times(seen: &Seen, began: Instant) -> Vec<Duration> {
        seen.ended.lock().unwrap().iter().map(|(_, at)| *at - began).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn sessions_end_at_even_steps_in_no_particular_order() {
        let (engine, seen) = engine(100, false);
        tokio::task::yield_now().await;
        let began = Instant::now();
        engine.lead_out(SPREAD).await;
        engine.shared.sessions.until_idle().await;
        let times = times(&seen, began);
        assert_eq!(times.len(), 100);
        for (turn, time) in times.iter().enumerate() {
            let due = SPREAD / 100 * u32::try_from(turn).unwrap() + SILENCE;
            assert!(time.abs_diff(due) <= Duration::from_millis(2), "{turn}: {time:?} is not {due:?}");
        }
        let order: Vec<_> = seen.ended.lock().unwrap().iter().map(|(number, _)| *number).collect();
        assert!(!order.is_sorted(), "a client that came late does not leave late");
        assert!(engine.has_room().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_at_work_ends_when_it_is_idle_and_keeps_nobody_waiting() {
        let (engine, seen) = engine(10, true);
        tokio::task::yield_now().await;
        let all = engine.shared.sessions.all();
        let began = Instant::now();
        let leading = tokio::spawn({
            let engine = engine.clone();
            async move { engine.lead_out(SPREAD).await }
        });
        tokio::time::sleep(SPREAD * 95 / 100).await;
        let told = || all.iter().filter(|mailbox| mailbox.outbox.is_refusing()).count();
        assert_eq!(told(), 9);
        let (_, waker) = seen.busy.lock().unwrap().take().unwrap();
        waker.wake();
        tokio::task::yield_now().await;
        assert_eq!(told(), 10);
        leading.await.unwrap();
        engine.shared.sessions.until_idle().await;
        let ended = seen.ended.lock().unwrap().last().copied().unwrap();
        assert_eq!(ended.0, 9);
        assert!(ended.1 - began >= SPREAD * 95 / 100);
    }

    #[tokio::test(start_paused = true)]
    async fn a_time_that_never_ends_ends_with_the_last_session() {
        let (engine, seen) = engine(1, false);
        tokio::task::yield_now().await;
        let began = Instant::now();
        engine.lead_out(Duration::MAX).await;
        assert_eq!(times(&seen, began)[0].as_secs(), SILENCE.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_session_that_stays_at_work_is_left_for_the_closing() {
        let (engine, seen) = engine(1, true);
        tokio::task::yield_now().await;
        let began = Instant::now();
        engine.lead_out(SPREAD).await;
        assert_eq!(began.elapsed().as_secs(), 30);
        assert_eq!(seen.ended.lock().unwrap().len(), 0);
        engine.close(Duration::from_secs(10)).await;
        assert_eq!(times(&seen, began)[0].as_secs(), 40);
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_takes_the_turn_of_one_that_has_gone_by_itself() {
        let (engine, seen) = engine(100, false);
        tokio::task::yield_now().await;
        let leading = tokio::spawn({
            let engine = engine.clone();
            async move { engine.lead_out(SPREAD).await }
        });
        tokio::task::yield_now().await;
        let began = Instant::now();
        // Half of those who are left, whoever that is.
        for mailbox in engine.shared.sessions.all().iter().take(50) {
            mailbox.inbox.retire();
        }
        leading.await.unwrap();
        assert_eq!(seen.ended.lock().unwrap().len(), 100);
        let last = times(&seen, began).pop().unwrap();
        assert!(last < SPREAD * 6 / 10 + SILENCE, "{last:?}");
    }
}
