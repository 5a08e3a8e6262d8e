//! The handlers of one socket that run beside the others.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::stream::{FuturesUnordered, StreamExt};
use sio_core::socket::packet::Event;

use crate::error::Error;
use crate::{Socket, consumer};

pub(crate) type Handling = Pin<Box<dyn Future<Output = Option<Failed>> + Send>>;

/// Errors that wait for the consumer's `error` hook, which a long handler may keep waiting.
const MAX_FAILED: usize = 128;

/// An error that the client was not told of: it is for the `error` hook.
pub(crate) struct Failed {
    pub(crate) event: Event,
    pub(crate) error: Error,
}

/// Starts and drives events marked `concurrent`. A namespace without such events never makes one run.
pub(crate) struct Concurrent {
    socket: Socket,
    start: fn(Socket, Event) -> Handling,
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
    pub(crate) fn new(socket: Socket, start: fn(Socket, Event) -> Handling) -> Self {
        Self { socket, start, running: None }
    }

    /// Starts what has arrived and polls what runs; ready when nothing runs. With `in_order`, an event waits for those
    /// that came before it to be taken up.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, in_order: bool) -> Poll<()> {
        if !self.socket.namespace().inner.has_special() {
            return Poll::Ready(());
        }
        while let Some(event) = self.socket.membership.next_concurrent(in_order) {
            let handling = (self.start)(self.socket.clone(), event);
            self.running.get_or_insert_with(Box::default).handlers.push(handling);
        }
        let Some(running) = &mut self.running else { return Poll::Ready(()) };
        while let Poll::Ready(Some(failed)) = running.handlers.poll_next_unpin(cx) {
            self.socket.membership.concurrent_ended();
            match failed {
                Some(failed) if running.failed.len() < MAX_FAILED => running.failed.push_back(failed),
                Some(Failed { event, error }) => {
                    consumer::log(&consumer::Event::incoming(&self.socket, event), &error);
                }
                None => {}
            }
        }
        if !running.handlers.is_empty() {
            return Poll::Pending;
        }
        if running.failed.is_empty() {
            self.running = None;
        }
        Poll::Ready(())
    }

    /// The next error for the `error` hook.
    pub(crate) fn next_failed(&mut self) -> Option<Failed> {
        self.running.as_mut()?.failed.pop_front()
    }

    /// Drives a future and, beside it, the concurrent handlers.
    pub(crate) async fn beside(&mut self, future: impl Future<Output = ()>) {
        let mut future = pin!(future);
        std::future::poll_fn(|cx| {
            let done = future.as_mut().poll(cx);
            let _ = self.poll(cx, false);
            done
        })
        .await;
    }
}
