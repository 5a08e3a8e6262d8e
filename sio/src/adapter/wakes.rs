//! Waking the members of a large room without keeping everybody else waiting.
//!
//! A broadcast queues its packet for all members at once, which is quick; but each member's task then needs some
//! microseconds to write it, and a runtime works off its tasks in turn. Ten thousand of them woken together would
//! stand before the next event of any other client. So they are woken a few at a time, and in between everything
//! else has its turn. What is broadcast meanwhile joins the packets of those that are not awake yet: several
//! packets go out with one write.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Waker;

use smallvec::SmallVec;
use tokio::runtime::Handle;

/// How many are woken before others have their turn. The runtime itself looks for new events after about as many
/// tasks, so that much smaller steps gain nothing.
const STEP: usize = 128;

/// Tasks that are to be woken. Each is in here at most once: it counts as awake from the moment at which it is put
/// in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakes {
    waiting: Arc<Mutex<Waiting>>,
}

#[derive(Debug, Default)]
struct Waiting {
    wakers: VecDeque<Waker>,
    is_running: bool,
}

impl Wakes {
    /// Wakes these tasks: a few at once, more of them in steps.
    pub(crate) fn wake(&self, wakers: Vec<Waker>) {
        let runtime = if wakers.len() > STEP { Handle::try_current().ok() } else { None };
        let Some(runtime) = runtime else {
            return wakers.into_iter().for_each(Waker::wake);
        };
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.wakers.extend(wakers);
        if !waiting.is_running {
            waiting.is_running = true;
            runtime.spawn(work_off(Arc::clone(&self.waiting)));
        }
    }
}

/// Wakes until there is nobody left to wake.
async fn work_off(waiting: Arc<Mutex<Waiting>>) {
    let mut unless_done = Interrupted(Some(waiting));
    while let Some(waiting) = &unless_done.0 {
        let step = waiting.lock().unwrap_or_else(PoisonError::into_inner).step();
        if step.is_empty() {
            unless_done.0 = None;
            return;
        }
        step.into_iter().for_each(Waker::wake);
        tokio::task::yield_now().await;
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

/// Leaves nobody asleep, and nothing marked as running, when the runtime drops the task half-way.
struct Interrupted(Option<Arc<Mutex<Waiting>>>);

impl Drop for Interrupted {
    fn drop(&mut self) {
        let Some(waiting) = &self.0 else { return };
        let mut waiting = waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.is_running = false;
        let rest = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        rest.into_iter().for_each(Waker::wake);
    }
}
