//! The way of an event through the middleware to its handler and back.
//!
//! The handler borrows the consumer, and a closure of the application could not name that lifetime. So the handler
//! stays where it is, in the socket's task: the innermost [`Next`] asks for it at a [`Meeting`], and both futures are
//! polled side by side.
//!
//! ```text
//!   task ── polls ──▶ first ─ Next::run ─▶ second ─ Next::run ─▶ asks the task
//!     └──── polls ──▶ handler ──────────────── its result ──────────▲
//! ```

use std::cell::Cell;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use super::meeting::{Asking, Meeting};
use super::{Around, BoxFuture, Call};
use crate::consumer::{Event, Reply};
use crate::error::Error;

pub(super) type Outcome = Result<Reply, Error>;

/// The rest of the way to the handler: the middleware that was added later, then the handler itself.
pub struct Next {
    rest: Arc<[Around]>,
    index: usize,
    meeting: Arc<Meeting>,
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
        Asking::new(self.meeting, call).await
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
    meeting: Attended,
}

/// A meeting that the socket's task attends until it drops this.
struct Attended(Option<Arc<Meeting>>);

thread_local! {
    /// One that is over, whose memory serves for the next.
    static SPARE: Cell<Option<Arc<Meeting>>> = const { Cell::new(None) };
}

impl Attended {
    fn begin() -> Self {
        // A thread that is ending has none any more.
        Self(Some(SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default()))
    }

    fn get(&self) -> &Arc<Meeting> {
        self.0.as_ref().expect("it is taken only when this is dropped")
    }
}

impl Drop for Attended {
    fn drop(&mut self) {
        let Some(mut meeting) = self.0.take() else { return };
        meeting.close();
        if let Some(alone) = Arc::get_mut(&mut meeting) {
            *alone = Meeting::default();
            let _ = SPARE.try_with(|spare| spare.set(Some(meeting)));
        }
    }
}

/// Sends an event through the middleware, the outermost of which comes first; it comes out as they have changed it.
pub(crate) async fn enter(around: &Arc<[Around]>, event: &mut Event<'_>) -> Step {
    let meeting = Attended::begin();
    let next = |index| Next { rest: Arc::clone(around), index, meeting: Arc::clone(meeting.get()) };
    let mut middleware = match around.first() {
        Some(first) => first(Call::new(event), next(1)),
        None => Box::pin(next(0).run(Call::new(event))),
    };
    let asked = poll_fn(|cx| match middleware.as_mut().poll(cx) {
        Poll::Ready(outcome) => Poll::Ready(Err(outcome)),
        Poll::Pending => meeting.get().poll_asked(cx).map(Ok),
    });
    match asked.await {
        Ok(call) => {
            call.change(event);
            Step::Handle(Passage { middleware, meeting })
        }
        Err(outcome) => Step::Ended(outcome),
    }
}

impl Passage {
    /// Runs the handler inside the middleware that waits for it. It is dropped when it has ended, or as soon as nobody
    /// waits for it any more.
    pub(crate) async fn around(
        self,
        mut handler: Pin<&mut Option<impl Future<Output = Outcome>>>,
    ) -> Outcome {
        let Self { mut middleware, meeting } = self;
        poll_fn(|cx| {
            if let Some(running) = handler.as_mut().as_pin_mut() {
                if !meeting.get().is_awaited(cx) {
                    handler.set(None);
                } else if let Poll::Ready(outcome) = running.poll(cx) {
                    handler.set(None);
                    meeting.get().answer(outcome, cx);
                }
            }
            middleware.as_mut().poll(cx)
        })
        .await
    }
}
