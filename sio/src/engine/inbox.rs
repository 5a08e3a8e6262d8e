//! Orders for a session's task, and what wakes it.

use std::sync::PoisonError;
use std::task::{Context, Waker};

use smallvec::SmallVec;

use super::command::Command;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// Commands on their way to a session's task, which is woken only when it is not going to look anyway.
///
/// The task and those who call it agree by two flags, as in Dekker's algorithm: a caller leaves something to do and
/// then looks whether the task is awake; the task says that it sleeps and then looks whether there is something to
/// do. So one of the two sees the other. Hence the sequentially consistent order.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    /// The task is running, or has been woken and will look here before it sleeps.
    awake: AtomicBool,
    /// The task is to run once more from its beginning before it sleeps: there is a command, or somebody has nudged it.
    called: AtomicBool,
    /// A POST is under way.
    posting: AtomicBool,
    /// The session is to end when its handler is idle.
    retiring: AtomicBool,
}

/// Commands in order. There is room for one of them, since most come alone.
pub(crate) type Commands = SmallVec<[Command; 1]>;

#[derive(Debug, Default)]
struct State {
    commands: Commands,
    /// Wakes the task while it sleeps.
    waker: Option<Waker>,
    /// The session has ended: no command is taken any more.
    closed: bool,
}

impl Default for Inbox {
    fn default() -> Self {
        Self {
            state: Mutex::default(),
            // It has yet to run for the first time.
            awake: AtomicBool::new(true),
            called: AtomicBool::new(false),
            posting: AtomicBool::new(false),
            retiring: AtomicBool::new(false),
        }
    }
}

impl Inbox {
    /// Hands a command to the task; false when the session has ended.
    pub(crate) fn command(&self, command: Command) -> bool {
        {
            let mut state = self.lock();
            if state.closed {
                return false;
            }
            state.commands.push(command);
        }
        self.nudge();
        true
    }

    /// Makes the task look at its sockets again.
    pub(crate) fn nudge(&self) {
        self.called.store(true, Ordering::SeqCst);
        if let Some(waker) = self.rouse() {
            waker.wake();
        }
    }

    /// Tells the task to end its session when its handler is idle, for a server that stops.
    pub(crate) fn retire(&self) {
        self.retiring.store(true, Ordering::Release);
        self.nudge();
    }

    /// Returns whether the session is to end when its handler is idle.
    pub(crate) fn is_retiring(&self) -> bool {
        self.retiring.load(Ordering::Acquire)
    }

    /// Marks the task as awake; returns what wakes it when it is asleep. Comes after whatever it is to find when it is
    /// awake.
    pub(crate) fn rouse(&self) -> Option<Waker> {
        if self.awake.swap(true, Ordering::SeqCst) { None } else { self.lock().waker.take() }
    }

    /// Marks a POST as under way for as long as the guard lives; none when there is one already.
    pub(crate) fn begin_post(&self) -> Option<Posting<'_>> {
        let was_posting = self.posting.swap(true, Ordering::AcqRel);
        (!was_posting).then_some(Posting(&self.posting))
    }

    /// True while a POST is under way, whose body may not have come yet.
    pub(crate) fn is_posting(&self) -> bool {
        self.posting.load(Ordering::Acquire)
    }

    /// The task runs: until it parks, nobody needs to wake it. Returns the commands, if it was called.
    pub(crate) fn begin(&self) -> Option<Commands> {
        self.awake.store(true, Ordering::SeqCst);
        // Mostly it was not, and to look costs less than to swap.
        let is_called = self.called.load(Ordering::SeqCst) && self.called.swap(false, Ordering::SeqCst);
        is_called.then(|| std::mem::take(&mut self.lock().commands))
    }

    /// The task is about to sleep: true when it may, false when it was called meanwhile, or `is_idle`, which is asked
    /// after that, finds something to do.
    pub(crate) fn park(&self, cx: &Context<'_>, is_idle: impl FnOnce() -> bool) -> bool {
        match &mut self.lock().waker {
            Some(waker) => waker.clone_from(cx.waker()),
            empty => *empty = Some(cx.waker().clone()),
        }
        self.awake.store(false, Ordering::SeqCst);
        let may_sleep = !self.called.load(Ordering::SeqCst) && is_idle();
        if !may_sleep {
            self.awake.store(true, Ordering::SeqCst);
        }
        may_sleep
    }

    /// Later commands are refused, those that wait are dropped.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let commands = std::mem::take(&mut state.commands);
        drop(state);
        drop(commands);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No user code runs under this lock, and every update is complete before the next statement.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A POST under way.
pub(crate) struct Posting<'a>(&'a AtomicBool);

impl Drop for Posting<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize;
    use std::task::Wake;

    use sio_core::engine::session::CloseReason;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_task_is_woken_once_and_only_when_it_sleeps() {
        let (inbox, count) = (Inbox::default(), Arc::new(Count::default()));
        let waker = Waker::from(Arc::clone(&count));
        let cx = Context::from_waker(&waker);
        let close = || Command::Close(CloseReason::ForcedServerClose);
        inbox.nudge();
        assert!(!inbox.park(&cx, || true), "it was called before it slept");
        assert!(inbox.begin().is_some_and(|commands| commands.is_empty()));
        assert!(inbox.begin().is_none(), "it is called once");
        assert!(!inbox.park(&cx, || false), "there is something to do");
        assert!(inbox.park(&cx, || true));
        assert_eq!(count.0.load(Ordering::Relaxed), 0);
        assert!(inbox.command(close()));
        assert!(inbox.command(close()));
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(inbox.begin().map(|commands| commands.len()), Some(2));
        inbox.close();
        assert!(!inbox.command(close()));
    }
}
