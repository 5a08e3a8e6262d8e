//! How long broadcasts give way to the members whose queues they fill.
//!
//! A loop of broadcasts can be quicker than the tasks that write them, and quicker than clients that read as fast as
//! they can. So a broadcast that finds a queue well filled waits a little. But it must not be for a single client to
//! say how fast a room is: what all broadcasts of a namespace may wait is a budget, to which each of them adds a
//! little. With it a loop makes a thousand broadcasts a second whatever the slowest member does, no broadcast waits
//! for longer than some milliseconds, and who takes a thousand packets a second is never overrun.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, timeout};

use crate::engine::mailbox::Mailbox;

/// The microseconds that a broadcast adds to the budget when it has found a queue filled.
const SHARE: i64 = 1_000;
/// The most that the budget can hold, which is the longest wait of one broadcast.
const MOST: i64 = 5_000;
/// Shorter waits are left for later: the timer's resolution is a millisecond.
const LEAST: i64 = 2_000;

/// The members whose queues are well filled.
pub(crate) type Pressed = Vec<Arc<Mailbox>>;

/// The budget of a namespace in microseconds, as what has been spent of it.
#[derive(Debug, Default)]
pub(crate) struct Patience {
    spent: AtomicI64,
}

impl Patience {
    /// Lets the tasks of these members run, and waits for them for as long as the budget allows. `None` where there is
    /// nothing to wait for.
    ///
    /// In a box: it is rare, and handlers are not to be larger for it.
    pub(crate) fn give_way(&self, pressed: Pressed) -> Option<Pin<Box<impl Future<Output = ()> + Send>>> {
        // Without a runtime there is nothing to wait with, nor a task on this thread that would run meanwhile.
        let is_needed = !pressed.is_empty() && Handle::try_current().is_ok();
        is_needed.then(|| Box::pin(self.wait(pressed)))
    }

    async fn wait(&self, pressed: Pressed) {
        let left = MOST - self.add_share();
        if left < LEAST {
            return tokio::task::yield_now().await;
        }
        let begin = Instant::now();
        let relieved = async {
            for mailbox in &pressed {
                mailbox.outbox.until_relieved().await;
            }
        };
        let _ = timeout(Duration::from_micros(left.unsigned_abs()), relieved).await;
        let spent = i64::try_from(begin.elapsed().as_micros()).unwrap_or(MOST);
        self.spent.fetch_add(spent, Ordering::Relaxed);
    }

    /// Adds what a broadcast adds; returns what is spent then.
    fn add_share(&self) -> i64 {
        let add = |spent: i64| Some((spent - SHARE).max(0));
        let before = self.spent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        (before.unwrap_or_default() - SHARE).max(0)
    }
}
