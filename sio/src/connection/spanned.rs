//! The spans around what a consumer does for a client.
//!
//! A span begins inside of the future that it is around, when it is known what the future does. So the span that is
//! entered belongs to the thread while the future is polled, and to the future in between.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use sio_core::args::Args;
use tracing::Span;
use tracing::field::Empty;
use tracing::span::EnteredSpan;

use crate::consumer::Event;
use crate::namespaces::registration::Seat;
use crate::observe::metrics::OUTCOME_LABELS;
use crate::observe::{Outcome, Spans, TraceParent};

/// Stands for the names that clients choose.
const OTHER: &str = "(other)";

thread_local! {
    /// The span of the future that is being polled.
    static ENTERED: Cell<Option<EnteredSpan>> = const { Cell::new(None) };
}

/// A future that may begin a span, which ends with it.
///
/// The future is in a box: sockets without spans are not to be larger for those of others.
pub(super) struct Spanned<F> {
    future: Pin<Box<F>>,
    span: Option<Span>,
}

impl<F: Future> Spanned<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: Box::pin(future), span: None }
    }
}

impl<F: Future> Future for Spanned<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let around = ENTERED.replace(self.span.take().map(Span::entered));
        let around = Around(around);
        let polled = self.future.as_mut().poll(cx);
        self.span = ENTERED.take().map(EnteredSpan::exit);
        drop(around);
        polled
    }
}

/// The span of the future in whose poll this one is polled. It is back when this is dropped, also by a panic.
struct Around(Option<EnteredSpan>);

impl Drop for Around {
    fn drop(&mut self) {
        ENTERED.set(self.0.take());
    }
}

/// Begins the span of the `connect` hook, with spans.
pub(super) fn begin_connect(seat: &Seat, event: &Event<'_>) {
    let Some(spans) = &seat.door.spans else { return };
    let socket = &seat.socket;
    let header = |name: &str| socket.handshake().header(name)?.parse().ok();
    let link = Spans::link(event.auth().map(Args::raw), header);
    if let Some(link) = link {
        socket.data().insert(link);
    }
    let span = tracing::info_span!(
        target: "sio::event",
        parent: None,
        "connect",
        otel.name = format_args!("{} connect", seat.door.pattern()),
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = "socket.io",
        messaging.socket.io.namespace = socket.path(),
        messaging.socket.io.event_name = "connect",
        sid = %socket.id(),
        outcome = Empty,
    );
    // The auth payload is no event: its trace is the link.
    begin(spans, span, "", link);
}

/// Begins the span of an event, with spans.
#[inline]
pub(super) fn begin_event(seat: &Seat, event: &Event<'_>) {
    if let Some(spans) = &seat.door.spans {
        begin_event_of(spans, seat, event);
    }
}

#[cold]
fn begin_event_of(spans: &Spans, seat: &Seat, event: &Event<'_>) {
    let socket = &seat.socket;
    let mut events = seat.door.consumer.as_ref().map_or(&[][..], |one| one.events).iter();
    let known = events.find(|known| !known.fallback && known.name == event.name());
    let span = tracing::info_span!(
        target: "sio::event",
        parent: None,
        "receive",
        otel.name = format_args!("{} {}", seat.door.pattern(), known.map_or(OTHER, |known| known.name)),
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = "socket.io",
        messaging.socket.io.namespace = socket.path(),
        messaging.socket.io.event_name = event.name(),
        sid = %socket.id(),
        outcome = Empty,
    );
    let link = socket.data().get::<TraceParent>();
    begin(spans, span, event.args().raw(), link.as_deref().copied());
}

fn begin(spans: &Spans, span: Span, json: &str, link: Option<TraceParent>) {
    spans.start(&span, json, link);
    ENTERED.set(Some(span.entered()));
}

/// Notes on the span, with spans, how the event has ended.
#[inline]
pub(super) fn end_event(seat: &Seat, outcome: impl FnOnce() -> Outcome) {
    if seat.door.spans.is_some() {
        let outcome = outcome();
        let has_failed = matches!(outcome, Outcome::Internal | Outcome::Panicked | Outcome::TimedOut);
        end(OUTCOME_LABELS[outcome as usize], has_failed);
    }
}

/// Notes on the span, with spans, how the `connect` hook has ended.
pub(super) fn end_connect(seat: &Seat, outcome: &'static str) {
    if seat.door.spans.is_some() {
        end(outcome, outcome == "failed");
    }
}

#[cold]
fn end(outcome: &'static str, has_failed: bool) {
    let Some(span) = ENTERED.take() else { return };
    span.record("outcome", outcome);
    if has_failed {
        span.record("otel.status_code", "ERROR");
    }
    ENTERED.set(Some(span));
}
