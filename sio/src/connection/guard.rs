//! Keeps what user code does from reaching further than its own event: panics and handlers that never end.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::{Instant, Sleep};

use crate::error::Error;
use crate::guarded::{self, text_of};
use crate::handle::socket::Socket;
use crate::log_limiter::{About, hash_of, limited};
use crate::namespaces::registration::Seat;
use crate::short::short;

/// How long the alarm is set for that only remembers when a handler began.
const REMEMBERED: Duration = Duration::from_secs(60 * 60);

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
        // Set when the future is first found pending: most handlers never need one. With metrics it also tells when
        // that was, and is there for that alone where nothing else needs it.
        alarm: Option<Pin<Box<Sleep>>>,
    }

    impl<F> PinnedDrop for Guard<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            give_up(this.project().future);
        }
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
        Self { future, panic, timeout, watched: None, alarm: None }
    }

    /// Has a line written when the future takes long.
    pub(crate) fn watched(mut self, seat: &'a Seat, event: &'a str) -> Self {
        self.watched = Some(Watched { seat, event });
        self
    }
}

impl<F> Guard<'_, F> {
    /// When the alarm goes off first, and whether it is for a line in the log.
    fn first(timeout: Option<Duration>, watched: Option<&Watched<'_>>) -> (Option<Duration>, bool) {
        let slow = watched.and_then(Watched::slow);
        let is_told_first = slow.is_some_and(|slow| timeout.is_none_or(|timeout| slow < timeout));
        (if is_told_first { slow } else { timeout }, is_told_first)
    }

    /// Returns how long the future has taken by now; `None` if it was ready at once. To be asked with metrics.
    pub(crate) fn took(&self) -> Option<Duration> {
        let alarm = self.alarm.as_ref()?;
        let (first, _) = Self::first(self.timeout, self.watched.as_ref());
        let began = alarm.deadline().checked_sub(first.unwrap_or(REMEMBERED))?;
        Some(began.elapsed())
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
        let poll = || future.poll(cx);
        // A consumer that panicked in the middle of a change goes on with what it has: that is for its author
        // to judge, as with any `&mut self` of which a method panicked.
        match catch_unwind(AssertUnwindSafe(poll)) {
            Ok(Poll::Ready(output)) => return Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => {}
            Err(panic) => return Poll::Ready(Err(Failure::Panicked(text_of(panic)))),
        }
        let timeout = *this.timeout;
        let (first, is_told_first) = Self::first(timeout, this.watched.as_ref());
        let Some(first) = first else {
            if this.alarm.is_none() && this.watched.as_ref().is_some_and(Watched::is_counted) {
                *this.alarm = Some(Box::pin(tokio::time::sleep(REMEMBERED)));
            }
            return Poll::Pending;
        };
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(first)));
        ready!(alarm.as_mut().poll(cx));
        if !is_told_first {
            give_up(this.future);
            return Poll::Ready(Err(Failure::TimedOut));
        }
        let watched = this.watched.take();
        if let Some(watched) = &watched {
            watched.tell(first);
        }
        let Some(timeout) = timeout else {
            if watched.is_some_and(|watched| watched.is_counted()) {
                let remembered = alarm.deadline() + (REMEMBERED - first.min(REMEMBERED));
                alarm.as_mut().reset(remembered);
            } else {
                *this.alarm = None;
            }
            return Poll::Pending;
        };
        let deadline: Instant = alarm.deadline() + (timeout - first);
        alarm.as_mut().reset(deadline);
        ready!(alarm.as_mut().poll(cx));
        give_up(this.future);
        Poll::Ready(Err(Failure::TimedOut))
    }
}

impl Watched<'_> {
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
