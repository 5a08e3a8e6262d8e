//! One attempt at an event: what stands in front of its handler, the handler, and how it may fail to come to its end.
//!
//! It is the same for handlers that are called one after the other and for those that run beside them.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;

use super::concurrent::Concurrent;
use super::guard::{Failure, Guard, log_failure};
use super::limits;
use super::spanned;
use crate::consumer::{Consumer, Event, EventInfo, Reply};
use crate::error::Error;
use crate::heavy::{self, Heavily};
use crate::hub::member::Delay;
use crate::middleware::{Step, enter};
use crate::namespaces::Door;
use crate::namespaces::registration::Seat;
use crate::observe::{self, Handled, Observers};
use crate::shutdown::Phase;

type Outcome = Result<Reply, Error>;

/// A handler of a consumer.
pub(super) trait Handler: Send {
    fn call(self, event: &mut Event<'_>) -> impl Future<Output = Outcome> + Send;
}

/// One that has the consumer to itself.
pub(super) struct Serial<'a, C>(pub(super) &'a mut C);

/// One that runs beside others, and so has no consumer to work on.
pub(super) struct Beside<C>(pub(super) PhantomData<fn() -> C>);

impl<C: Consumer> Handler for Serial<'_, C> {
    fn call(self, event: &mut Event<'_>) -> impl Future<Output = Outcome> + Send {
        self.0.on_event(event)
    }
}

impl<C: Consumer> Handler for Beside<C> {
    fn call(self, event: &mut Event<'_>) -> impl Future<Output = Outcome> + Send {
        C::on_concurrent(event)
    }
}

/// The way to a handler. A type, so that sockets in namespaces without middleware are not larger for that of others.
pub(super) trait Way: Send + 'static {
    fn call(
        seat: &Seat,
        event: &mut Event<'_>,
        handler: impl Handler,
    ) -> impl Future<Output = Outcome> + Send;

    /// Returns the deadline for the whole of it.
    fn timeout(door: &Door, info: Option<&'static EventInfo>) -> Option<Duration>;
}

/// Straight to the handler.
pub(super) struct Straight;

impl Way for Straight {
    fn call(_: &Seat, event: &mut Event<'_>, handler: impl Handler) -> impl Future<Output = Outcome> + Send {
        handler.call(event)
    }

    fn timeout(door: &Door, info: Option<&'static EventInfo>) -> Option<Duration> {
        door.timeout_of(info)
    }
}

/// Through middleware.
pub(super) struct Inside;

impl Way for Inside {
    async fn call(seat: &Seat, event: &mut Event<'_>, handler: impl Handler) -> Outcome {
        match enter(&seat.door.hooks.around, event).await {
            Step::Ended(outcome) => outcome,
            Step::Handle(passage) => {
                let (name, timeout) = (event.name_handle(), seat.door.timeout(event.name()));
                let handler = Guard::new(|| handler.call(event), timeout);
                // So that middleware learns of a handler that did not come to its end.
                let flatten = |failure: Failure| {
                    log_failure(&seat.socket, &name, &failure);
                    Err(failure.into_error())
                };
                let handler = pin!(Some(handler.map(|done| done.unwrap_or_else(flatten))));
                passage.around(handler).await
            }
        }
    }

    /// None: the deadline is that of the handler which the event comes to.
    fn timeout(_: &Door, _: Option<&'static EventInfo>) -> Option<Duration> {
        None
    }
}

/// An attempt at an event that has come to its end.
pub(super) struct Attempted {
    end: End,
    /// How long the handler took, with metrics and if it was not ready at once.
    took: Option<Duration>,
}

/// How an attempt at an event has ended.
enum End {
    /// With a result, of the handler or of what stands in front of it.
    Outcome(Outcome),
    /// The handler did not come to its end.
    Failed(Failure),
    /// The server stops: the handler was not called.
    TooLate,
}

impl Attempted {
    /// Counts it, and tells observers. Returns `None` for an event that was given up: then the log and the client know why. It is no
    /// business of the `error` hook, which is for errors that a handler returned.
    ///
    /// `bytes` and `delay` are those of the event as it arrived.
    pub(super) fn settle(
        self,
        seat: &Seat,
        event: &mut Event<'_>,
        bytes: usize,
        delay: Option<&Delay>,
    ) -> Option<Outcome> {
        let Self { end, took } = self;
        if let Some(counters) = seat.door.counters() {
            let place = event.place().unwrap_or_else(|| counters.place(event.name()));
            counters.handled(place, end.outcome() as usize, took);
        }
        spanned::end_event(seat, || end.outcome());
        if let (Some(observers), Some(delay)) = (&seat.door.observers, delay) {
            end.tell(observers, seat, event, bytes, delay.waited);
        }
        match end {
            End::Outcome(outcome) => return Some(outcome),
            End::Failed(failure) => {
                log_failure(&seat.socket, event.name(), &failure);
                event.give_up(&failure.into_error());
            }
            End::TooLate => event.give_up(&Error::shutting_down()),
        }
        None
    }

    fn at_once(end: End) -> Self {
        Self { end, took: None }
    }
}

impl End {
    fn outcome(&self) -> observe::Outcome {
        match self {
            Self::Outcome(Ok(_)) => observe::Outcome::Ok,
            Self::Outcome(Err(error)) => observe::Outcome::of(error),
            Self::Failed(Failure::Panicked(_)) => observe::Outcome::Panicked,
            Self::Failed(Failure::TimedOut) => observe::Outcome::TimedOut,
            Self::Failed(Failure::Drained) | Self::TooLate => observe::Outcome::Drained,
        }
    }

    #[cold]
    fn tell(&self, observers: &Observers, seat: &Seat, event: &Event<'_>, bytes: usize, waited: Duration) {
        let Seat { socket, door } = seat;
        let (pattern, events) =
            door.consumer.as_ref().map_or(("/", &[][..]), |one| (one.namespace, one.events));
        let index = events.iter().position(|known| !known.fallback && known.name == event.name());
        let outcome = self.outcome();
        observers.handled(&Handled { socket, pattern, event: event.name(), index, outcome, waited, bytes });
    }
}

/// Calls the handler of an event, within all that limits and surrounds it. `name` is that under which it came, `beside`
/// what goes on meanwhile.
pub(super) async fn attempt<W: Way>(
    seat: &Seat,
    event: &mut Event<'_>,
    name: &str,
    info: Option<&'static EventInfo>,
    handler: impl Handler,
    mut beside: Option<&mut Concurrent>,
) -> Attempted {
    let door = &*seat.door;
    if is_too_late(door, event) {
        return Attempted::at_once(End::TooLate);
    }
    if let Some(refusal) = limits::refusal(event, info, door.event_rate) {
        return Attempted::at_once(End::Outcome(Err(refusal)));
    }
    let is_heavy = heavy::is_heavy(event.args().raw());
    let handler = Guard::new(|| W::call(seat, event, handler), W::timeout(door, info));
    let mut handler = pin!(Heavily::new(is_heavy, handler.watched(seat, name)));
    let handled = poll_fn(|cx| poll_beside(door, handler.as_mut(), beside.as_deref_mut(), cx)).await;
    let took = if door.counters().is_some() { handler.inner().took() } else { None };
    Attempted { end: handled.map_or_else(End::Failed, End::Outcome), took }
}

/// Returns whether the server stops, and the client learns that its event was not handled: by the answer that it waits
/// for, or by the end of its connection without one. It learns nothing of an event for which it wants no answer, which is
/// handled for as long as there is time.
fn is_too_late(door: &Door, event: &Event<'_>) -> bool {
    let cannot_answer = || event.socket().member.mailbox.outbox.is_refusing();
    match door.shutdown.phase() {
        Phase::Running | Phase::Announced => false,
        Phase::LeadingOut => event.wants_ack() && cannot_answer(),
        Phase::Closing => event.wants_ack(),
        Phase::Over => true,
    }
}

/// Polls a handler and, beside it, the concurrent ones. The handler is given up when the time for draining is over: its
/// client can still be told.
pub(super) fn poll_beside<T>(
    door: &Door,
    handler: Pin<&mut impl Future<Output = Result<T, Failure>>>,
    beside: Option<&mut Concurrent>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, Failure>> {
    let polled = match handler.poll(cx) {
        Poll::Pending if door.shutdown.is_over() => Poll::Ready(Err(Failure::Drained)),
        polled => polled,
    };
    if let Some(concurrent) = beside {
        // Those that came later begin later, those that came earlier have begun.
        let _ = concurrent.poll(cx, false);
    }
    polled
}
