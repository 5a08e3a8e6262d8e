//! [`Meeting`]: where the innermost middleware asks for the handler and gets its result.
//!
//! Most middleware is polled by the task that polls the handler. Neither then has to wake the other: the task polls
//! both in its turn. A waker is kept for the rest, such as middleware that goes on in a task of its own.

use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::Call;
use super::passage::Outcome;
use crate::error::Error;

/// The state that the two sides share: the middleware, which asks, and the socket's task, which handles.
#[derive(Default)]
pub(super) struct Meeting(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    state: State,
    /// Wakes the side that asks.
    asker: Option<Waker>,
    /// Wakes the socket's task.
    task: Option<Waker>,
}

#[derive(Default)]
enum State {
    /// The handler has not been asked for.
    #[default]
    Open,
    /// It is asked for, with the event as it is to reach it.
    Asked(Call),
    /// It runs.
    Handling,
    /// It has ended, with this.
    Ended(Outcome),
    /// One of the two sides has gone, or has all that it came for.
    Over,
}

impl Meeting {
    /// For the socket's task, after it has polled the middleware: is ready when the handler is asked for.
    pub(super) fn poll_asked(&self, cx: &Context<'_>) -> Poll<Call> {
        let mut inner = self.lock();
        if !matches!(inner.state, State::Asked(_)) {
            self.expect(inner, |inner| &mut inner.task, cx);
            return Poll::Pending;
        }
        match mem::replace(&mut inner.state, State::Handling) {
            State::Asked(call) => Poll::Ready(call),
            _ => unreachable!("it was looked at under the same lock"),
        }
    }

    /// For the socket's task, before it polls the handler: returns whether the middleware still waits for it.
    pub(super) fn is_awaited(&self, cx: &Context<'_>) -> bool {
        let inner = self.lock();
        let is_awaited = matches!(inner.state, State::Handling);
        if is_awaited {
            self.expect(inner, |inner| &mut inner.task, cx);
        }
        is_awaited
    }

    /// For the socket's task: gives the handler's result to the middleware, which it polls next.
    pub(super) fn answer(&self, outcome: Outcome, cx: &Context<'_>) {
        let mut inner = self.lock();
        if !matches!(inner.state, State::Handling) {
            drop(inner);
            return drop(outcome);
        }
        inner.state = State::Ended(outcome);
        let asker = inner.asker.take();
        drop(inner);
        wake_other(asker, cx);
    }

    /// For the socket's task, which goes: a handler that is asked for later does not run.
    pub(super) fn close(&self) {
        self.end(|inner| inner.asker.take());
    }

    /// For the side that asks, which goes: the handler is given up.
    fn give_up(&self) {
        self.end(|inner| inner.task.take());
    }

    fn end(&self, other: impl FnOnce(&mut Inner) -> Option<Waker>) {
        let mut inner = self.lock();
        let state = mem::replace(&mut inner.state, State::Over);
        let other = other(&mut inner);
        drop(inner);
        // The result may hold an error of the application, whose destructor may do anything.
        drop(state);
        if let Some(other) = other {
            other.wake();
        }
    }

    fn poll_ask(&self, call: &mut Option<Call>, cx: &Context<'_>) -> Poll<Option<Outcome>> {
        let mut inner = self.lock();
        match mem::take(&mut inner.state) {
            State::Open if call.is_some() => {
                inner.state = call.take().map_or(State::Over, State::Asked);
                let task = inner.task.take();
                self.expect(inner, |inner| &mut inner.asker, cx);
                wake_other(task, cx);
                Poll::Pending
            }
            State::Ended(outcome) => {
                inner.state = State::Over;
                Poll::Ready(Some(outcome))
            }
            State::Over => {
                inner.state = State::Over;
                Poll::Ready(None)
            }
            other => {
                inner.state = other;
                self.expect(inner, |inner| &mut inner.asker, cx);
                Poll::Pending
            }
        }
    }

    /// Keeps the waker of the side that waits now, in its place.
    fn expect(
        &self,
        mut inner: MutexGuard<'_, Inner>,
        place: impl FnOnce(&mut Inner) -> &mut Option<Waker>,
        cx: &Context<'_>,
    ) {
        let kept = place(&mut inner);
        if kept.as_ref().is_some_and(|kept| kept.will_wake(cx.waker())) {
            return;
        }
        let former = kept.replace(cx.waker().clone());
        drop(inner);
        drop(former);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the other side, unless it is the one that runs: its turn comes in this one.
fn wake_other(waker: Option<Waker>, cx: &Context<'_>) {
    if let Some(waker) = waker
        && !waker.will_wake(cx.waker())
    {
        waker.wake();
    }
}

/// The innermost middleware, which waits for the handler. Dropping it gives the handler up.
pub(super) struct Asking {
    // None once the result is there.
    meeting: Option<Arc<Meeting>>,
    call: Option<Call>,
}

impl Asking {
    pub(super) fn new(meeting: Arc<Meeting>, call: Call) -> Self {
        Self { meeting: Some(meeting), call: Some(call) }
    }
}

impl Future for Asking {
    type Output = Outcome;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = self.get_mut();
        let outcome = match &this.meeting {
            Some(meeting) => std::task::ready!(meeting.poll_ask(&mut this.call, cx)),
            None => None,
        };
        this.meeting = None;
        let gone = || Err(Error::internal("the event is over: its middleware has ended"));
        Poll::Ready(outcome.unwrap_or_else(gone))
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        if let Some(meeting) = &self.meeting {
            meeting.give_up();
        }
    }
}
