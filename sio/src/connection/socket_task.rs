//! The life of one socket, from CONNECT to the end of its `disconnect` hook.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use bytestring::ByteString;
use sio_core::args::Args;
use sio_core::socket::packet::Event as Incoming;
use sio_core::socket::reason::DisconnectReason;

use super::around;

use super::concurrent::{Concurrent, Ended, Failed, Handling};
use super::guard::{Failure, Guard};
use super::limits;
use crate::Socket;
use crate::consumer::{self, Consumer, Event};
use crate::error::{ConnectError, Error, Source};
use crate::guarded::Guarded;
use crate::hub::in_connect::in_connect;
use crate::hub::member::{Member, Next};
use crate::log_limiter::{About, hash_of, limited};
use crate::namespaces::Door;
use crate::namespaces::registration::{Registration, Seat, SocketTask};
use crate::short::short;
use crate::turn;

impl Registration {
    /// Of the consumer `C`, at the place of the call.
    #[must_use]
    #[track_caller]
    pub const fn of<C: Consumer>() -> Self {
        Self::new::<C>(|task| Box::pin(run::<C>(task)))
    }
}

/// Runs a consumer for one socket.
pub(crate) async fn run<C: Consumer>(task: SocketTask) {
    let SocketTask { seat, auth, before } = task;
    seat.door.hub.wakes.note_runtime();
    // A client that has come back is there already, in its rooms.
    if before.is_none() {
        seat.door.hub.add(&seat.socket.member);
    }
    // Whatever ends this task, the socket's rooms end with it.
    let _leaving = Leaving(&seat);
    let Some(mut consumer) = connect::<C>(&seat, auth, before).await else { return };
    let mut concurrent = Concurrent::new(seat.clone(), start_concurrent::<C>);
    loop {
        match poll_fn(|cx| poll_next(&seat.socket, &mut concurrent, cx)).await {
            Ok(Due::Failed(failed)) => tell(&mut *consumer, &seat, failed, &mut concurrent).await,
            Ok(Due::Event(event)) => {
                handle(&mut *consumer, &seat, event, &mut concurrent).await;
                // Acks are never refused for a full queue: the next one has to wait instead.
                let member = &seat.socket.member;
                if member.mailbox.outbox.is_full() {
                    let is_wanted = || !member.is_closed();
                    concurrent.beside(member.mailbox.outbox.until_room(0, is_wanted)).await;
                }
            }
            Err(reason) => {
                poll_fn(|cx| concurrent.poll(cx, true)).await;
                while let Some(failed) = concurrent.next_failed() {
                    turn::until_time().await;
                    tell(&mut *consumer, &seat, failed, &mut concurrent).await;
                }
                disconnect(&mut *consumer, &seat, reason).await;
                return;
            }
        }
    }
}

/// Takes the socket out of its rooms when its task has ended.
struct Leaving<'a>(&'a Seat);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        // Only a task that did not come to its end finds the socket open here.
        let Seat { socket, door } = self.0;
        socket.member.close(DisconnectReason::TransportClose, true);
        door.release(&socket.member);
    }
}

/// Runs the `connect` hook. None when the client was refused, or left before it was let in.
async fn connect<C: Consumer>(
    seat: &Seat,
    auth: Option<Args>,
    before: Option<Arc<Member>>,
) -> Option<Guarded<C>> {
    let Seat { socket, door } = seat;
    socket.member.set_busy();
    let refusal = {
        let hook = Guard::new(|| around::on_connect::<C>(seat, auth, before), None);
        let mut hook = pin!(hook.watched(seat, ByteString::from_static("connect")));
        let outcome = poll_fn(|cx| {
            if socket.member.is_closed() {
                return Poll::Ready(None);
            }
            in_connect(socket.id(), || hook.as_mut().poll(cx)).map(Some)
        });
        match outcome.await {
            Some(Ok(Ok(consumer))) if door.accept(&socket.member) => return Some(consumer),
            Some(Ok(Err(refusal))) => refusal,
            Some(Err(failure)) => {
                log_failure(socket, "connect", &failure);
                ConnectError::panicked()
            }
            // The server has put it out before it was in, and the client waits for an answer.
            None | Some(Ok(Ok(_)))
                if socket.member.reason() == Some(DisconnectReason::ServerNamespaceDisconnect) =>
            {
                ConnectError::not_authorized()
            }
            None | Some(Ok(Ok(_))) => return None,
        }
    };
    socket.member.refuse();
    log_refusal(socket, &refusal);
    let mailbox = &socket.member.mailbox;
    let (message, data, revision) = (refusal.message(), refusal.data(), mailbox.wire().revision());
    mailbox.push_always(door.hub.common.parser.connect_error(door.path(), message, data, revision));
    None
}

/// What the consumer has to do next.
enum Due {
    Event(Incoming),
    Failed(Failed),
}

/// The next event in order, while concurrent handlers go on, or what has become of one of those; or why there will be
/// none.
fn poll_next(
    socket: &Socket,
    concurrent: &mut Concurrent,
    cx: &mut Context<'_>,
) -> Poll<Result<Due, DisconnectReason>> {
    let _ = concurrent.poll(cx, true);
    if concurrent.has_failed() {
        return match turn::take_event(0).then(|| concurrent.next_failed()).flatten() {
            Some(failed) => Poll::Ready(Ok(Due::Failed(failed))),
            None => Poll::Pending,
        };
    }
    match socket.member.next_serial() {
        Next::Event(event) => Poll::Ready(Ok(Due::Event(event))),
        Next::Closed(reason) => Poll::Ready(Err(reason)),
        Next::Nothing | Next::Later => Poll::Pending,
    }
}

/// Handles one event, while concurrent handlers go on beside it.
async fn handle<C: Consumer>(consumer: &mut C, seat: &Seat, incoming: Incoming, concurrent: &mut Concurrent) {
    let Seat { socket, door } = seat;
    let info = door.special(&incoming.name);
    let timeout = door.timeout_of(info);
    let name = incoming.name.clone();
    let mut event = Event::incoming(socket, incoming);
    if !door.shutdown.is_running() {
        return event.give_up(&Error::shutting_down());
    }
    let handled = if let Some(refusal) = limits::refusal(&event, info, door.event_rate) {
        Ok(Err(refusal))
    } else if door.hooks.around.is_empty() {
        let mut handler = pin!(Guard::new(|| consumer.on_event(&mut event), timeout).watched(seat, name));
        poll_fn(|cx| poll_beside(door, handler.as_mut(), concurrent, cx)).await
    } else {
        // In a box: sockets without middleware are not to be larger for it.
        let handler = Guard::new(|| Box::pin(around::on_event(consumer, seat, &mut event)), None);
        let mut handler = handler.watched(seat, name);
        poll_fn(|cx| poll_beside(door, Pin::new(&mut handler), concurrent, cx)).await
    };
    let outcome = match handled {
        Ok(outcome) => outcome,
        Err(failure) => return give_up(&mut event, &failure),
    };
    let conclusion = Guard::new(|| consumer::conclude(consumer, &mut event, outcome), timeout);
    let mut conclusion = pin!(conclusion.watched(seat, ByteString::from_static("error")));
    if let Err(failure) = poll_fn(|cx| poll_beside(door, conclusion.as_mut(), concurrent, cx)).await {
        log_failure(socket, "error", &failure);
    }
}

/// Handles one event of a handler that runs beside the others, and so has no consumer to work on.
fn start_concurrent<C: Consumer>(seat: Seat, incoming: Incoming, size: usize) -> Handling {
    Box::pin(async move { Ended { size, failed: handle_concurrent::<C>(&seat, incoming).await } })
}

async fn handle_concurrent<C: Consumer>(seat: &Seat, incoming: Incoming) -> Option<Failed> {
    let Seat { socket, door } = seat;
    let info = door.special(&incoming.name);
    let timeout = door.timeout_of(info);
    let name = incoming.name.clone();
    let mut event = Event::incoming(socket, incoming);
    if !door.shutdown.is_running() {
        event.give_up(&Error::shutting_down());
        return None;
    }
    let handled = if let Some(refusal) = limits::refusal(&event, info, door.event_rate) {
        Ok(Err(refusal))
    } else if door.hooks.around.is_empty() {
        let handler = Guard::new(|| C::on_concurrent(&mut event), timeout);
        let mut handler = pin!(handler.watched(seat, name.clone()));
        poll_fn(|cx| poll_until_drained(door, handler.as_mut(), cx)).await
    } else {
        let handler = Guard::new(|| Box::pin(around::on_concurrent::<C>(seat, &mut event)), None);
        let mut handler = handler.watched(seat, name.clone());
        poll_fn(|cx| poll_until_drained(door, Pin::new(&mut handler), cx)).await
    };
    let outcome = match handled {
        Ok(outcome) => outcome,
        Err(failure) => {
            give_up(&mut event, &failure);
            return None;
        }
    };
    let error = event.finish(outcome)?;
    Some(Failed { event: Incoming { id: None, name, args: Args::empty() }, error })
}

/// Tells the `error` hook what has become of a concurrent handler.
async fn tell<C: Consumer>(
    consumer: &mut C,
    seat: &Seat,
    Failed { event, error }: Failed,
    concurrent: &mut Concurrent,
) {
    let Seat { socket, door } = seat;
    let timeout = door.timeout(&event.name);
    socket.member.set_busy();
    let mut event = Event::incoming(socket, event);
    let told = async {
        if let Err(error) = consumer.on_error(&mut event, error).await {
            consumer::log(&event, &error);
        }
    };
    let mut hook = pin!(Guard::new(|| told, timeout).watched(seat, ByteString::from_static("error")));
    if let Err(failure) = poll_fn(|cx| poll_beside(door, hook.as_mut(), concurrent, cx)).await {
        log_failure(socket, "error", &failure);
    }
}

/// Polls a handler and, beside it, the concurrent ones.
fn poll_beside<T>(
    door: &Door,
    handler: Pin<&mut impl Future<Output = Result<T, Failure>>>,
    concurrent: &mut Concurrent,
    cx: &mut Context<'_>,
) -> Poll<Result<T, Failure>> {
    let polled = poll_until_drained(door, handler, cx);
    // Those that came later begin later, those that came earlier have begun.
    let _ = concurrent.poll(cx, false);
    polled
}

/// Polls a handler, which is given up when the time for draining is over: its client can still be told.
fn poll_until_drained<T>(
    door: &Door,
    handler: Pin<&mut impl Future<Output = Result<T, Failure>>>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, Failure>> {
    match handler.poll(cx) {
        Poll::Pending if door.shutdown.is_over() => Poll::Ready(Err(Failure::Drained)),
        polled => polled,
    }
}

async fn disconnect<C: Consumer>(consumer: &mut C, seat: &Seat, reason: DisconnectReason) {
    let socket = &seat.socket;
    let mut event = Event::disconnect(socket, reason);
    let hook = Guard::new(|| consumer.on_disconnect(&mut event), None);
    match hook.watched(seat, ByteString::from_static("disconnect")).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => consumer::log(&event, &error),
        Err(failure) => log_failure(socket, "disconnect", &failure),
    }
}

/// Ends an event whose handler did not come to its end: the log learns why, the client that a failure happened.
/// It is no business of the error hook, which is for errors that a handler returned.
fn give_up(event: &mut Event<'_>, failure: &Failure) {
    log_failure(event.socket(), event.name(), failure);
    event.give_up(&match failure {
        Failure::Panicked(_) => Error::panicked(),
        Failure::TimedOut => Error::timed_out(),
        Failure::Drained => Error::shutting_down(),
    });
}

/// A line for a client that was refused.
fn log_refusal(socket: &Socket, refusal: &ConnectError) {
    let (id, namespace, message) = (socket.id(), &*short(socket.path()), refusal.message());
    let (logs, about) = (&socket.namespace().hub.common.logs, About::event(namespace, "connect"));
    match refusal.cause().map(Source::chain) {
        // What the client is not told, the log has to know.
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

pub(super) fn log_failure(socket: &Socket, event: &str, failure: &Failure) {
    let (namespace, event, id) = (&*short(socket.path()), &*short(event), socket.id());
    let (logs, about) = (&socket.namespace().hub.common.logs, About::event(namespace, event));
    match failure {
        // What panics for different reasons is not alike.
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
