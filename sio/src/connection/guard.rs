//! Keeps what user code does from reaching further than its own event: panics and handlers that never end.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

use crate::log_limiter::{About, LogLimiter, hash_of, limited};

/// How user code failed to come to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It panicked, with this text.
    Panicked(String),
    /// It outlived its deadline and was dropped.
    TimedOut,
    /// The server stops, and has waited for it long enough.
    Drained,
}

pin_project! {
    /// A future that catches the panics of another and gives it up at a deadline, if there is one.
    ///
    /// A struct, not an `async fn`: those keep their argument twice, and every idle socket would pay for it.
    pub(crate) struct Guard<F> {
        #[pin]
        future: Option<F>,
        deadline: Option<Pin<Box<Sleep>>>,
    }

    impl<F> PinnedDrop for Guard<F> {
        /// A future that is given up is dropped in the middle, and what it holds may panic at that.
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            drop_guarded(|| future.set(None));
        }
    }
}

impl<F: Future> Guard<F> {
    pub(crate) fn new(future: F, timeout: Option<Duration>) -> Self {
        Self { future: Some(future), deadline: timeout.map(|timeout| Box::pin(tokio::time::sleep(timeout))) }
    }
}

impl<F: Future> Future for Guard<F> {
    type Output = Result<F::Output, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let future = &mut this.future;
        let poll = || future.as_mut().as_pin_mut().expect("it is there until the guard is dropped").poll(cx);
        // A consumer that panicked in the middle of a change goes on with what it has: that is for its author
        // to judge, as with any `&mut self` of which a method panicked.
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(Failure::Panicked(text_of(panic.as_ref())))),
        }
        match this.deadline {
            Some(deadline) => deadline.as_mut().poll(cx).map(|()| Err(Failure::TimedOut)),
            None => Poll::Pending,
        }
    }
}

/// Drops what belongs to user code, whose destructor may panic.
pub(crate) fn drop_guarded(dropping: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(dropping)) {
        let panic = text_of(panic.as_ref());
        let about = About { other: hash_of(&panic), ..About::default() };
        limited!(
            ERROR, LogLimiter::of_process(), about, target: "sio::consumer", { panic, }, "a destructor panicked"
        );
    }
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
