//! The way of an event through the middleware to its handler and back.
//!
//! The handler borrows the consumer, and a closure of the application could not name that lifetime. So the handler
//! stays where it is, in the socket's task: the innermost [`Next`] asks for it over a channel, and both futures are
//! polled side by side.
//!
//! ```text
//!   task ── polls ──▶ first ─ Next::run ─▶ second ─ Next::run ─▶ asks the task
//!     └──── polls ──▶ handler ──────────────── its result ──────────▲
//! ```

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::oneshot;

use super::{Around, BoxFuture, Call};
use crate::consumer::{Event, Reply};
use crate::error::Error;

type Outcome = Result<Reply, Error>;
/// The event as it reaches the handler, and where its result goes.
type Question = (Call, oneshot::Sender<Outcome>);

/// The rest of the way to the handler: the middleware that was added later, then the handler itself.
pub struct Next {
    rest: Arc<[Around]>,
    index: usize,
    handler: oneshot::Sender<Question>,
}

impl Next {
    /// Calls the next middleware or the handler, and returns its result. Without this call the handler does not run.
    ///
    /// Errors are those of the handler, of the middleware behind this one, and of the framework: `internal` for a
    /// handler that panicked, `timeout` for one that outlived its deadline. Dropping the future drops the handler.
    ///
    /// # Errors
    ///
    /// Returns the error of the handler, of the middleware after this one, or of the framework, as described above.
    pub async fn run(mut self, call: Call) -> Result<Reply, Error> {
        if let Some(next) = self.rest.get(self.index).cloned() {
            self.index += 1;
            return next(call, self).await;
        }
        let (answer, answered) = oneshot::channel();
        let gone = || Error::internal("the event is over: its middleware has ended");
        self.handler.send((call, answer)).map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }
}

impl fmt::Debug for Next {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Next").field("middleware", &(self.rest.len() - self.index)).finish_non_exhaustive()
    }
}

/// How the way in ended.
pub(crate) enum Step {
    /// The event does not reach its handler.
    Ended(Outcome),
    /// The handler is to run.
    Handle(Passage),
}

/// Middleware that waits for the handler.
pub(crate) struct Passage {
    middleware: BoxFuture<Outcome>,
    answer: oneshot::Sender<Outcome>,
}

/// Sends an event through the middleware, of which `first` is the outermost; it comes out as they have changed it.
pub(crate) async fn enter(first: &Around, around: &Arc<[Around]>, event: &mut Event<'_>) -> Step {
    let (handler, asked) = oneshot::channel();
    let next = Next { rest: Arc::clone(around), index: 1, handler };
    let mut middleware = first(Call::new(event), next);
    let mut asked = Some(asked);
    let question = poll_fn(|cx| {
        if let Poll::Ready(outcome) = middleware.as_mut().poll(cx) {
            return Poll::Ready(Err(outcome));
        }
        let polled = asked.as_mut().map(|asked| Pin::new(asked).poll(cx));
        match polled {
            Some(Poll::Ready(Ok(question))) => Poll::Ready(Ok(question)),
            // Dropped unused: the middleware will end without the handler.
            Some(Poll::Ready(Err(_))) => {
                asked = None;
                Poll::Pending
            }
            Some(Poll::Pending) | None => Poll::Pending,
        }
    });
    match question.await {
        Ok((call, answer)) => {
            call.change(event);
            Step::Handle(Passage { middleware, answer })
        }
        Err(outcome) => Step::Ended(outcome),
    }
}

impl Passage {
    /// Runs the handler inside the middleware that waits for it.
    pub(crate) async fn around(self, handler: impl Future<Output = Outcome>) -> Outcome {
        let Self { mut middleware, answer } = self;
        let mut handler = pin!(handler);
        let mut answer = Some(answer);
        poll_fn(|cx| {
            // Nobody waits for it any more: it is given up, as any future that is dropped.
            let is_given_up = answer.as_mut().is_some_and(|answer| answer.poll_closed(cx).is_ready());
            if is_given_up {
                answer = None;
            }
            if answer.is_some()
                && let Poll::Ready(outcome) = handler.as_mut().poll(cx)
                && let Some(answer) = answer.take()
            {
                let _ = answer.send(outcome);
            }
            middleware.as_mut().poll(cx)
        })
        .await
    }
}
