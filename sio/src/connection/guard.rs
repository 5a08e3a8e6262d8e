//! Keeps what user code does from reaching further than its own event: panics and handlers that never end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep, sleep_until};

use crate::engine::session::after;
use crate::error::Error;
use crate::guarded::{self, text_of};
use crate::handle::socket::Socket;
use crate::log_limiter::{About, hash_of, limited};
use crate::namespaces::registration::Seat;
use crate::short::short;
use crate::watchdog::{self, Doing};

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

/// As the client, or middleware, learns of it.
impl Failure {
    /// Returns the error that the client is answered with. Not a `From`: the compiler would name this type in its messages
    /// about errors of handlers.
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Panicked(_) => Error::panicked(),
            Self::TimedOut => Error::timed_out(),
            Self::Drained => Error::shutting_down(),
        }
    }
}

/// A line for user code that failed to come to its end.
pub(super) fn log_failure(socket: &Socket, event: &str, failure: &Failure) {
    let (namespace, event, id) = (&*short(socket.path()), &*short(event), socket.id());
    let (logs, about) = (&socket.namespace().hub.common.logs, About::event(namespace, event));
    match failure {
        // Panics with different messages do not count as the same line.
        Failure::Panicked(panic) => limited!(
            ERROR, logs, About { other: hash_of(panic), ..about }, target: "sio::consumer",
            { socket = %id, namespace, event, panic, },
            "a handler panicked"
        ),
        Failure::Drained => limited!(
            WARN, logs, about, target: "sio::consumer", { socket = %id, namespace, event, },
            "a handler did not end before the server stopped"
        ),
        Failure::TimedOut => limited!(
            WARN, logs, about, target: "sio::consumer", { socket = %id, namespace, event, },
            "a handler outlived its deadline"
        ),
    }
}

/// Whose handler it is, for the line that is written when it takes long.
pub(crate) struct Watched<'a> {
    pub(crate) seat: &'a Seat,
    pub(crate) event: &'a str,
}

pin_project! {
    /// A future that catches the panics of another and gives it up at a deadline, if there is one.
    ///
    /// A struct, not an `async fn`: those keep their argument twice, and every idle socket would pay for it.
    pub(crate) struct Guard<'a, F> {
        #[pin]
        future: Option<F>,
        // Why there is no future.
        panic: Option<Box<String>>,
        timeout: Option<Duration>,
        // None when nobody wants to know how long it takes, or knows already.
        watched: Option<Watched<'a>>,
        // For the line that is written when it blocks its thread.
        doing: Doing,
        // Made when the future is first found pending, since most handlers never need it; before, where all are timed.
        waiting: Option<Pin<Box<Waiting>>>,
    }

    impl<F> PinnedDrop for Guard<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            give_up(this.project().future);
        }
    }
}

pin_project! {
    /// A future that was not ready at once.
    struct Waiting {
        since: Instant,
        // None where neither a deadline nor a line in the log is due.
        #[pin]
        alarm: Option<Sleep>,
    }
}

/// Drops a future, which may be in the middle: what it holds may panic at that.
fn give_up<F>(mut future: Pin<&mut Option<F>>) {
    guarded::call("a destructor", || future.set(None));
}

impl<'a, F: Future> Guard<'a, F> {
    /// Guards what `make` gives. That a handler is called runs its code too, unless it is an `async fn`.
    pub(crate) fn new(make: impl FnOnce() -> F, timeout: Option<Duration>) -> Self {
        let (future, panic) = match catch_unwind(AssertUnwindSafe(make)) {
            Ok(future) => (Some(future), None),
            Err(panic) => (None, Some(Box::new(text_of(panic)))),
        };
        Self { future, panic, timeout, watched: None, doing: Doing::EVENT, waiting: None }
    }

    /// Has a line written when the future takes long, and another when it blocks its thread.
    pub(crate) fn watched(mut self, seat: &'a Seat, event: &'a str) -> Self {
        self.watched = Some(Watched { seat, event });
        self
    }

    /// As [`watched`](Self::watched), of a hook.
    pub(crate) fn watched_hook(mut self, seat: &'a Seat, hook: Doing) -> Self {
        self.doing = hook;
        self.watched(seat, hook.hook())
    }
}

impl<F> Guard<'_, F> {
    /// Returns how long the future has taken by now; `None` if it was ready at once and is not timed then. To be asked with metrics: without
    /// them, one that nothing is due for is not timed.
    pub(crate) fn took(&self) -> Option<Duration> {
        Some(self.waiting.as_ref()?.since.elapsed())
    }
}

impl<F: Future> Future for Guard<'_, F> {
    type Output = Result<F::Output, Failure>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else {
            let panic = this.panic.take().map_or_else(String::new, |panic| *panic);
            return Poll::Ready(Err(Failure::Panicked(panic)));
        };
        if this.waiting.is_none() && this.watched.as_ref().is_some_and(Watched::is_precise) {
            let first = first(this.watched.as_ref(), *this.timeout).0;
            *this.waiting = Some(Box::pin(Waiting::new(first)));
        }
        let poll = || future.poll(cx);
        // A consumer that panicked in the middle of a change goes on with what it has: that is for its author
        // to judge, as with any `&mut self` of which a method panicked.
        let number = this.watched.as_ref().map_or(0, |watched| watched.seat.door.number);
        if number != 0 {
            watchdog::begin(number, *this.doing);
        }
        let polled = catch_unwind(AssertUnwindSafe(poll));
        if number != 0 {
            watchdog::end(this.doing);
        }
        match polled {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(Failure::Panicked(text_of(panic)))),
        }
        let timeout = *this.timeout;
        let (first, slow) = first(this.watched.as_ref(), timeout);
        if this.waiting.is_none() {
            if first.is_none() && !this.watched.as_ref().is_some_and(Watched::is_counted) {
                return Poll::Pending;
            }
            *this.waiting = Some(Box::pin(Waiting::new(first)));
        }
        let Some(waiting) = this.waiting.as_mut() else { return Poll::Pending };
        let mut waiting = waiting.as_mut().project();
        let Some(mut alarm) = waiting.alarm.as_mut().as_pin_mut() else { return Poll::Pending };
        ready!(alarm.as_mut().poll(cx));
        if let Some(slow) = slow {
            if let Some(watched) = this.watched.take() {
                watched.tell(slow);
            }
            let Some(timeout) = timeout else {
                waiting.alarm.set(None);
                return Poll::Pending;
            };
            alarm.as_mut().reset(end(*waiting.since, timeout));
            ready!(alarm.poll(cx));
        }
        give_up(this.future);
        Poll::Ready(Err(Failure::TimedOut))
    }
}

/// Returns the time after which something is due, and that of the line in the log if it comes before the deadline.
fn first(watched: Option<&Watched<'_>>, timeout: Option<Duration>) -> (Option<Duration>, Option<Duration>) {
    let slow = watched.and_then(Watched::slow);
    let slow = slow.filter(|slow| timeout.is_none_or(|timeout| *slow < timeout));
    (slow.or(timeout), slow)
}

impl Waiting {
    /// A wait that begins now, with an alarm after this time.
    fn new(first: Option<Duration>) -> Self {
        let since = Instant::now();
        Self { since, alarm: first.map(|first| sleep_until(end(since, first))) }
    }
}

/// The end of a wait; as long a one as `Duration::MAX` never ends.
fn end(since: Instant, wait: Duration) -> Instant {
    after(since.into_std(), wait).into()
}

impl Watched<'_> {
    /// Returns whether those that are ready at once are timed as well.
    fn is_precise(&self) -> bool {
        self.seat.door.counters().is_some_and(|counters| counters.is_precise)
    }

    fn slow(&self) -> Option<Duration> {
        self.seat.door.handler_times.slow
    }

    fn is_counted(&self) -> bool {
        self.seat.door.counters().is_some()
    }

    fn tell(&self, after: Duration) {
        let (namespace, event) = (&*short(self.seat.door.path()), &*short(self.event));
        limited!(
            WARN, self.seat.door.hub.common.logs, About::event(namespace, event), target: "sio::consumer",
            { socket = %self.seat.socket.id(), namespace, event, ?after, },
            "a handler still runs"
        );
    }
}
