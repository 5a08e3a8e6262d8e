//! Waking the members of a large room without keeping everybody else waiting.
//!
//! A broadcast queues its packet for all members at once, which is quick; but each member's task then needs some
//! microseconds to write it, and a runtime works off its tasks in turn. Ten thousand of them woken together would
//! stand before the next event of any other client. So they are woken a few at a time, and in between everything else
//! has its turn. Later broadcasts join the packets of those that are not awake yet: several packets go out with one
//! write.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock, PoisonError};
use std::task::Waker;

use smallvec::SmallVec;

use crate::sync::{Handle, Mutex, MutexGuard, yield_now};

/// How many are woken before others have their turn. The runtime looks for new events when it has none left to run:
/// then a client that has nothing to do with the room waits for one step, or for two if its event comes behind the next
/// wake-ups.
const STEP: usize = 32;

/// Tasks that are to be woken. Each is in here at most once: it counts as awake from the moment at which it is put
/// in.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    waiting: Arc<Mutex<Waiting>>,
    /// The runtime of the members. A sender may be on another one, or on none.
    runtime: OnceLock<Handle>,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: VecDeque<Waker>,
    is_running: bool,
}

impl Wakes {
    /// There is a member, which runs on this runtime.
    pub(crate) fn note_runtime(&self) {
        self.runtime.get_or_init(Handle::current);
    }

    /// Wakes these tasks: a few at once, more of them in steps.
    pub(crate) fn wake(&self, wakers: Vec<Waker>) {
        let runtime = self.runtime.get().filter(|_| wakers.len() > STEP);
        let Some(runtime) = runtime else {
            return wakers.into_iter().for_each(Waker::wake);
        };
        let must_start = {
            let mut waiting = lock(&self.waiting);
            waiting.wakers.extend(wakers);
            !std::mem::replace(&mut waiting.is_running, true)
        };
        // Without the lock: a runtime that has ended drops what it is given at once.
        if must_start {
            runtime.spawn(work_off(Running(Some(Arc::clone(&self.waiting)))));
        }
    }
}

/// Wakes until there is nobody left to wake.
async fn work_off(mut running: Running) {
    while let Some(waiting) = &running.0 {
        let step = lock(waiting).step();
        if step.is_empty() {
            running.0 = None;
            return;
        }
        step.into_iter().for_each(Waker::wake);
        yield_now().await;
    }
}

impl Waiting {
    fn step(&mut self) -> SmallVec<[Waker; STEP]> {
        let count = self.wakers.len().min(STEP);
        // With nobody left the task ends; whoever comes after this starts another.
        self.is_running = count > 0;
        self.wakers.drain(..count).collect()
    }
}

fn lock(waiting: &Mutex<Waiting>) -> MutexGuard<'_, Waiting> {
    waiting.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Leaves nobody asleep, and nothing marked as running, when the runtime drops the task half-way or before it began.
struct Running(Option<Arc<Mutex<Waiting>>>);

impl Drop for Running {
    fn drop(&mut self) {
        let Some(waiting) = &self.0 else { return };
        let mut waiting = lock(waiting);
        waiting.is_running = false;
        let rest = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        rest.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn one_crowd_after_the_other_is_woken() {
        let (wakes, count) = (Wakes::default(), Arc::new(Count::default()));
        wakes.note_runtime();
        for crowds in 1..=3 {
            wakes.wake(vec![Waker::from(Arc::clone(&count)); 3 * STEP]);
            // A step each, and one to find nobody.
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            assert_eq!(count.0.load(Ordering::Relaxed), crowds * 3 * STEP);
            assert!(!lock(&wakes.waiting).is_running);
        }
    }

    #[test]
    fn nobody_stays_asleep_when_the_runtime_ends() {
        let (wakes, count) = (Wakes::default(), Arc::new(Count::default()));
        let woken = || count.0.load(Ordering::Relaxed);
        let crowd = || vec![Waker::from(Arc::clone(&count)); 3 * STEP];
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async { wakes.note_runtime() });
        // Nothing drives the runtime, which drops what it was given.
        wakes.wake(crowd());
        assert_eq!(woken(), 0);
        drop(runtime);
        assert_eq!(woken(), 3 * STEP);
        wakes.wake(crowd());
        assert_eq!(woken(), 6 * STEP);
    }
}
