//! Keeps what user code does from reaching further than its own event: panics and handlers that never end.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Sleep;

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
        future: F,
        deadline: Option<Pin<Box<Sleep>>>,
    }
}

impl<F: Future> Guard<F> {
    pub(crate) fn new(future: F, timeout: Option<Duration>) -> Self {
        Self { future, deadline: timeout.map(|timeout| Box::pin(tokio::time::sleep(timeout))) }
    }
}

impl<F: Future> Future for Guard<F> {
    type Output = Result<F::Output, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        // A consumer that panicked in the middle of a change goes on with what it has: that is for its author
        // to judge, as with any `&mut self` of which a method panicked.
        match catch_unwind(AssertUnwindSafe(|| this.future.poll(cx))) {
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

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "a panic without a text".to_owned())
}
