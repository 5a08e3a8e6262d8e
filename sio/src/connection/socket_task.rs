//! The life of one socket, from CONNECT to the end of its `disconnect` hook.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::Duration;

use sio_core::args::Args;
use sio_core::socket::packet::Event as Incoming;
use sio_core::socket::reason::DisconnectReason;

use super::around;
use super::attempt::{Beside, Inside, Serial, Straight, Way, attempt, poll_beside};
use super::concurrent::{Concurrent, Ended, Failed, Handling};
use super::guard::{Guard, log_failure};
use super::spanned::{self, Spanned};
use crate::Socket;
use crate::consumer::{self, Consumer, Event};
use crate::engine::session;
use crate::error::{ConnectError, Source};
use crate::guarded::Guarded;
use crate::heavy::{self, Heavily};
use crate::hub::in_connect::in_connect;
use crate::hub::member::{Next, Waiting};
use crate::log_limiter::{About, hash_of, limited};
use crate::namespaces::registration::{Registration, Running, Seat, SocketTask};
use crate::observe::SocketChange;
use crate::short::short;
use crate::turn;
use crate::watchdog::Doing;
use futures_util::FutureExt as _;
use futures_util::future::Either;

impl Registration {
    /// Makes the registration of the consumer `C`, at the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn of<C: Consumer>() -> Self {
        Self::new::<C>(running::<C>)
    }
}

/// Makes the task of one socket.
pub(crate) fn running<C: Consumer>(task: SocketTask) -> Running {
    if task.seat.door.hooks.around.is_empty() {
        Box::pin(run::<C, Straight>(task))
    } else {
        Box::pin(run::<C, Inside>(task))
    }
}

/// Runs a consumer for one socket: lets the client in, then handles its events.
///
/// Two futures, of which the second takes the place of the first: an idle socket has no room for the auth payload.
fn run<C: Consumer, W: Way>(task: SocketTask) -> impl Future<Output = ()> + Send {
    let entering = match task.seat.door.spans {
        None => Either::Left(enter::<C>(task)),
        Some(_) => Either::Right(Spanned::new(enter::<C>(task))),
    };
    entering.then(|mut entered| async move {
        if let Some(entered) = &mut entered {
            entered.serve::<W>().await;
        }
    })
}

/// A socket that was let in. The fields are dropped in this order.
struct Entered<C> {
    consumer: Guarded<C>,
    leaving: Leaving,
}

/// Takes the socket out of its rooms when its task has ended.
struct Leaving {
    seat: Seat,
    was_in: bool,
}

impl Drop for Leaving {
    fn drop(&mut self) {
        // Only a task that did not come to its end finds the socket open here.
        let Seat { socket, door } = &self.seat;
        socket.member.close(DisconnectReason::TransportClose, true);
        if let Some(counters) = door.counters().filter(|_| self.was_in) {
            counters.left.add(1);
        }
        if let Some(observers) = door.observers.as_ref().filter(|_| self.was_in) {
            let reason = socket.member.reason().unwrap_or(DisconnectReason::TransportClose);
            observers.socket(&SocketChange::Left { socket, reason });
        }
        door.release(&socket.member);
    }
}

/// Runs the `connect` hook. None when the client was refused, or left before it was let in.
async fn enter<C: Consumer>(SocketTask { seat, auth, before }: SocketTask) -> Option<Entered<C>> {
    seat.door.hub.wakes.note_runtime();
    // A client that has come back is there already, in its rooms.
    if before.is_none() {
        seat.door.hub.add(&seat.socket.member);
    }
    // However this task ends, the socket's rooms end with it.
    let mut leaving = Leaving { seat, was_in: false };
    let Seat { socket, door } = &leaving.seat;
    socket.member.set_busy();
    let mut has_failed = false;
    let refusal = {
        let is_heavy = auth.as_ref().is_some_and(|auth| heavy::is_heavy(auth.raw()));
        let mut event = Event::connect(socket, auth);
        spanned::begin_connect(&leaving.seat, &event);
        let hook = Guard::new(|| around::on_connect::<C>(&leaving.seat, &mut event, before), None);
        let hook = hook.watched_hook(&leaving.seat, Doing::CONNECT);
        let mut hook = pin!(Heavily::new(is_heavy, hook));
        let outcome = poll_fn(|cx| {
            if socket.member.is_closed() {
                return Poll::Ready(None);
            }
            in_connect(socket.id(), || hook.as_mut().poll(cx)).map(Some)
        });
        match outcome.await {
            Some(Ok(Ok(consumer))) if may_stay(socket) && door.accept(&socket.member) => Ok(consumer),
            Some(Ok(Err(refusal))) => {
                has_failed = refusal.is_failure();
                Err(refusal)
            }
            Some(Err(failure)) => {
                log_failure(socket, "connect", &failure);
                has_failed = true;
                Err(ConnectError::panicked())
            }
            // The server has disconnected it before it was let in, and the client waits for an answer.
            None | Some(Ok(Ok(_)))
                if matches!(
                    socket.member.reason(),
                    Some(DisconnectReason::ServerNamespaceDisconnect | DisconnectReason::AuthExpired)
                ) =>
            {
                Err(ConnectError::not_authorized())
            }
            None | Some(Ok(Ok(_))) => return None,
        }
    };
    let refusal = match refusal {
        Ok(consumer) => {
            leaving.was_in = true;
            if let Some(counters) = door.counters() {
                counters.accepted.add(1);
            }
            spanned::end_connect(&leaving.seat, "accepted");
            if let Some(observers) = &door.observers {
                observers.socket(&SocketChange::Accepted(socket));
            }
            return Some(Entered { consumer, leaving });
        }
        Err(refusal) => refusal,
    };
    socket.member.refuse();
    log_refusal(socket, &refusal);
    if let Some(counters) = door.counters() {
        if has_failed { counters.failed.add(1) } else { counters.refused.add(1) }
    }
    spanned::end_connect(&leaving.seat, if has_failed { "failed" } else { "refused" });
    if let Some(observers) = &door.observers {
        observers.socket(&SocketChange::Refused { socket, error: &refusal });
    }
    let codec = socket.member.codec();
    socket.member.mailbox.push_always(codec.connect_error(door.path(), refusal.message(), refusal.data()));
    None
}

/// Returns false for a client whose time is over before it has begun.
fn may_stay(socket: &Socket) -> bool {
    // Ends are kept to the millisecond, and rounded up.
    let soon = session::now() + Duration::from_millis(1);
    let is_over = socket.member.expiry_deadline(Duration::ZERO).is_some_and(|end| end < soon);
    if is_over {
        socket.member.expire();
    }
    !is_over
}

impl<C: Consumer> Entered<C> {
    /// Handles the client's events until it has left, and that.
    async fn serve<W: Way>(&mut self) {
        let Self { consumer, leaving: Leaving { seat, .. } } = self;
        let member = &seat.socket.member;
        let mut concurrent = Concurrent::new(seat.clone(), start_concurrent::<C, W>);
        let reason = loop {
            // Two calls: a future that is made before it is known how it is awaited is copied.
            let handled = match seat.door.spans {
                None => handle_next::<C, W>(&mut **consumer, seat, &mut concurrent).await,
                Some(_) => Spanned::new(handle_next::<C, W>(&mut **consumer, seat, &mut concurrent)).await,
            };
            if let Err(reason) = handled {
                break reason;
            }
            // Acks are never refused for a full queue: the next one has to wait instead.
            if member.mailbox.outbox.is_full() {
                let is_wanted = || !member.is_closed();
                concurrent.beside(member.mailbox.outbox.until_room(0, is_wanted)).await;
            }
        };
        poll_fn(|cx| concurrent.poll(cx, true)).await;
        while concurrent.has_failed() {
            turn::until_time().await;
            tell_next(&mut **consumer, seat, &mut concurrent).await;
        }
        disconnect(&mut **consumer, seat, reason).await;
    }
}

/// The next event in order, while concurrent handlers go on, or `None` if one of those has failed; or why there will be
/// no more.
fn poll_next(
    socket: &Socket,
    concurrent: &mut Concurrent,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Waiting>, DisconnectReason>> {
    let _ = concurrent.poll(cx, true);
    if concurrent.has_failed() {
        return if turn::take_event(0) { Poll::Ready(Ok(None)) } else { Poll::Pending };
    }
    match socket.member.next_serial() {
        Next::Event(mut event) => {
            event.begin();
            Poll::Ready(Ok(Some(event)))
        }
        Next::Closed(reason) => Poll::Ready(Err(reason)),
        Next::Nothing | Next::Later => Poll::Pending,
    }
}

/// Waits for the next thing to handle, and handles it, while concurrent handlers go on beside it. The error is the reason
/// why there will be none.
///
/// It waits for what it handles, rather than being given it: an asynchronous function keeps room for its arguments twice.
async fn handle_next<C: Consumer, W: Way>(
    consumer: &mut C,
    seat: &Seat,
    concurrent: &mut Concurrent,
) -> Result<(), DisconnectReason> {
    let Some(Waiting { event: Incoming { id, name, args }, size, info, delay }) =
        poll_fn(|cx| poll_next(&seat.socket, concurrent, cx)).await?
    else {
        tell_next(consumer, seat, concurrent).await;
        return Ok(());
    };
    let mut event = Event::named(&seat.socket, &name, id, args);
    spanned::begin_event(seat, &event);
    let attempted = attempt::<W>(seat, &mut event, &name, info, Serial(consumer), Some(concurrent)).await;
    let outcome = match attempted.settle(seat, &mut event, size, delay.as_deref()) {
        Some(Ok(reply)) => {
            // None of the application's code runs any more.
            drop(event.finish(Ok(reply)));
            return Ok(());
        }
        Some(Err(error)) => Err(error),
        None => return Ok(()),
    };
    let conclusion =
        Guard::new(|| consumer::conclude(consumer, &mut event, outcome), seat.door.timeout_of(info));
    let mut conclusion = pin!(conclusion.watched_hook(seat, Doing::ERROR));
    let concluded = poll_fn(|cx| poll_beside(&seat.door, conclusion.as_mut(), Some(concurrent), cx));
    if let Err(failure) = concluded.await {
        log_failure(&seat.socket, "error", &failure);
    }
    Ok(())
}

/// Handles one event of a handler that runs beside the others.
fn start_concurrent<C: Consumer, W: Way>(seat: Seat, waiting: Waiting) -> Handling {
    let has_spans = seat.door.spans.is_some();
    let handling =
        async move { Ended { size: waiting.size, failed: handle_concurrent::<C, W>(&seat, waiting).await } };
    if has_spans { Box::pin(Spanned::new(handling)) } else { Box::pin(handling) }
}

async fn handle_concurrent<C: Consumer, W: Way>(seat: &Seat, mut waiting: Waiting) -> Option<Failed> {
    waiting.begin();
    let (name, info) = (waiting.event.name.clone(), waiting.info);
    let mut event = Event::incoming(&seat.socket, waiting.event);
    spanned::begin_event(seat, &event);
    let attempted = attempt::<W>(seat, &mut event, &name, info, Beside::<C>(PhantomData), None).await;
    let outcome = attempted.settle(seat, &mut event, waiting.size, waiting.delay.as_deref())?;
    let error = event.finish(outcome)?;
    Some(Failed { event: Incoming { id: None, name, args: Args::empty() }, info, error })
}

/// Tells the `error` hook what has become of a concurrent handler.
async fn tell_next<C: Consumer>(consumer: &mut C, seat: &Seat, concurrent: &mut Concurrent) {
    let Some(Failed { event, info, error }) = concurrent.next_failed() else { return };
    let Seat { socket, door } = seat;
    let timeout = door.timeout_of(info);
    socket.member.set_busy();
    let mut event = Event::incoming(socket, event);
    let told = async {
        if let Err(error) = consumer.on_error(&mut event, error).await {
            consumer::log(&event, &error);
        }
    };
    let mut hook = pin!(Guard::new(|| told, timeout).watched_hook(seat, Doing::ERROR));
    if let Err(failure) = poll_fn(|cx| poll_beside(door, hook.as_mut(), Some(concurrent), cx)).await {
        log_failure(socket, "error", &failure);
    }
}

async fn disconnect<C: Consumer>(consumer: &mut C, seat: &Seat, reason: DisconnectReason) {
    let socket = &seat.socket;
    let mut event = Event::disconnect(socket, reason);
    let hook = Guard::new(|| consumer.on_disconnect(&mut event), None);
    match hook.watched_hook(seat, Doing::DISCONNECT).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => consumer::log(&event, &error),
        Err(failure) => log_failure(socket, "disconnect", &failure),
    }
}

/// A line for a client that was refused.
fn log_refusal(socket: &Socket, refusal: &ConnectError) {
    let (id, namespace, message) = (socket.id(), &*short(socket.path()), refusal.message());
    let (logs, about) = (&socket.namespace().hub.common.logs, About::event(namespace, "connect"));
    match refusal.cause().map(Source::chain) {
        // The client is not told the reason, so it must be in the log.
        Some(error) if refusal.is_failure() => limited!(
            ERROR, logs, About { other: hash_of(&error), ..about }, target: "sio::consumer",
            { socket = %id, namespace, event = "connect", %error, },
            "the `connect` hook failed"
        ),
        // The application has chosen it, and has something to say for the log.
        Some(error) => limited!(
            WARN, logs, About { other: hash_of(&error), ..about }, target: "sio::consumer",
            { socket = %id, namespace, event = "connect", message, %error, },
            "refused a client"
        ),
        None => limited!(
            DEBUG, logs, about, target: "sio::consumer", { socket = %id, namespace, event = "connect", message, },
            "refused a client"
        ),
    }
}
