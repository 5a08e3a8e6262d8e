//! The handlers of one socket that run beside the others.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, StreamExt};
use sio_core::socket::packet::Event;

use crate::consumer::{self, EventInfo};
use crate::error::Error;
use crate::hub::member::Waiting;
use crate::namespaces::registration::Seat;
use crate::turn;

pub(crate) type Handling = Pin<Box<dyn Future<Output = Ended> + Send>>;

/// Errors that wait for the consumer's `error` hook, which a long handler may keep waiting.
const MAX_FAILED: usize = 128;

/// How a concurrent handler has ended.
pub(crate) struct Ended {
    /// The size of its event.
    pub(crate) size: usize,
    pub(crate) failed: Option<Failed>,
}

/// An error that the client was not told of: it is for the `error` hook.
pub(crate) struct Failed {
    pub(crate) event: Event,
    pub(crate) info: Option<&'static EventInfo>,
    pub(crate) error: Error,
}

/// Starts and drives events marked `concurrent`. A namespace without such events never makes one run.
pub(crate) struct Concurrent {
    seat: Seat,
    start: fn(Seat, Waiting) -> Handling,
    /// In a box, and only while there is something in it: most sockets never have one.
    running: Option<Box<Running>>,
}

#[derive(Default)]
struct Running {
    handlers: FuturesUnordered<Handling>,
    failed: VecDeque<Failed>,
}

impl Concurrent {
    /// `start` makes the future that handles one event.
    pub(crate) fn new(seat: Seat, start: fn(Seat, Waiting) -> Handling) -> Self {
        Self { seat, start, running: None }
    }

    /// Starts what has arrived and polls what runs; ready when nothing runs. With `in_order`, an event waits for those
    /// that came before it to be taken up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, in_order: bool) -> Poll<()> {
        if !self.seat.door.has_special {
            return Poll::Ready(());
        }
        self.poll_running(cx);
        // One after the other: the turn is to know how long each took to begin.
        while let Some(waiting) = self.seat.socket.member.next_concurrent(in_order) {
            let handling = (self.start)(self.seat.clone(), waiting);
            self.running.get_or_insert_with(Box::default).handlers.push(handling);
            self.poll_running(cx);
        }
        let Some(running) = &self.running else { return Poll::Ready(()) };
        if !running.handlers.is_empty() {
            return Poll::Pending;
        }
        if running.failed.is_empty() {
            self.running = None;
        }
        Poll::Ready(())
    }

    fn poll_running(&mut self, cx: &mut Context<'_>) {
        let Some(running) = &mut self.running else { return };
        while let Poll::Ready(Some(ended)) = running.handlers.poll_next_unpin(cx) {
            self.seat.socket.member.concurrent_ended(ended.size);
            match ended.failed {
                Some(failed) if running.failed.len() < MAX_FAILED => running.failed.push_back(failed),
                Some(Failed { event, error, .. }) => {
                    consumer::log(&consumer::Event::incoming(&self.seat.socket, event), &error);
                }
                None => {}
            }
            turn::worked();
            if turn::is_over() {
                return turn::put_off();
            }
        }
    }

    /// Returns whether there is an error for the `error` hook.
    pub(crate) fn has_failed(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.failed.is_empty())
    }

    /// The next error for the `error` hook.
    pub(crate) fn next_failed(&mut self) -> Option<Failed> {
        self.running.as_mut()?.failed.pop_front()
    }

    /// Drives a future and, beside it, the concurrent handlers.
    pub(crate) async fn beside<T>(&mut self, future: impl Future<Output = T>) -> T {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            let done = future.as_mut().poll(cx);
            let _ = self.poll(cx, false);
            done
        })
        .await
    }
}
