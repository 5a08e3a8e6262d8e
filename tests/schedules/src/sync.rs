//! In the place of the module of this name in `sio`: the same, with a scheduler that chooses after each step who goes on.

use std::cell::{Cell, RefCell};
use std::future::Future;

pub(crate) use shuttle::future::yield_now;
pub(crate) use shuttle::sync::{Mutex, MutexGuard, atomic};
use tokio::sync::futures::Notified;

/// Tokio's, between whose steps others may go on.
#[derive(Debug, Default)]
pub(crate) struct Notify(tokio::sync::Notify);

impl Notify {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn notified(&self) -> Notified<'_> {
        step();
        self.0.notified()
    }

    pub(crate) fn notify_waiters(&self) {
        step();
        self.0.notify_waiters();
    }
}

/// Lets the scheduler choose who goes on.
pub(crate) fn step() {
    atomic::AtomicBool::new(false).load(atomic::Ordering::SeqCst);
}

/// A runtime that can end at any time: what it has not finished is dropped, and so is what it is given from then on.
#[derive(Debug)]
pub(crate) struct Handle;

thread_local! {
    // All tasks of a schedule take turns on one thread.
    static TASKS: RefCell<Vec<shuttle::future::JoinHandle<()>>> = const { RefCell::new(Vec::new()) };
    static HAS_ENDED: Cell<bool> = const { Cell::new(false) };
}

impl Handle {
    /// Begins a schedule.
    pub(crate) fn begin() {
        TASKS.take();
        HAS_ENDED.set(false);
    }

    pub(crate) fn current() -> Self {
        Self
    }

    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        step();
        if HAS_ENDED.get() {
            return;
        }
        let task = shuttle::future::spawn(task);
        TASKS.with_borrow_mut(|tasks| tasks.push(task));
    }

    /// Ends the runtime, and waits until it has dropped its tasks.
    pub(crate) fn end() {
        HAS_ENDED.set(true);
        for task in TASKS.take() {
            task.abort();
            // It has been dropped, or has ended by itself.
            let _ = shuttle::future::block_on(task);
        }
    }

    /// Waits until every task has ended by itself.
    pub(crate) fn wait() {
        for task in TASKS.take() {
            shuttle::future::block_on(task).expect("it ends by itself");
        }
    }
}
