//! The answers of many, as they come.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use serde::de::DeserializeOwned;
use sio_core::id::Sid;
use tokio::time::{Instant, Sleep};

use crate::engine::session;
use crate::error::AckError;
use crate::hub::answer::{self, Answer, Asked};

/// The answers to a broadcast, in the order in which they come; everybody who was addressed appears once.
///
/// It is a [`Stream`] of what [`next`](Self::next) gives, for the combinators of `futures` and `tokio-stream`.
/// Without them, `next` and [`collect`](Self::collect) are enough; with an extension trait in scope they are still
/// the ones that are called.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt as _;
/// use sio::prelude::*;
///
/// /// The first three that say yes.
/// async fn volunteers(server: &Server) -> sio::Result<Vec<sio::Sid>> {
///     let answers = server.of("/chat").emit_with_ack::<bool>("who helps?", &()).await?;
///     let helpers = answers.filter_map(async |(id, answer)| answer.unwrap_or(false).then_some(id));
///     Ok(helpers.take(3).collect().await)
/// }
/// ```
pub struct AckStream<T> {
    asked: Asked,
    deadline: Instant,
    /// The wait for the deadline, which begins when there is something to wait for.
    sleep: Option<Pin<Box<Sleep>>>,
    answer: PhantomData<fn() -> T>,
}

impl<T> AckStream<T> {
    pub(crate) fn new(asked: Asked, timeout: Duration) -> Self {
        let deadline = session::later(timeout).into();
        Self { asked, deadline, sleep: None, answer: PhantomData }
    }

    /// The next answer as it came: `None` at the deadline.
    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        // An answer that has already come counts, even if it is taken after the deadline.
        if let Poll::Ready(answer) = self.asked.poll_answered(cx) {
            return Poll::Ready(answer);
        }
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        sleep.as_mut().poll(cx).map(|()| None)
    }
}

impl<T: DeserializeOwned> AckStream<T> {
    /// Returns the next answer, or why one of the sockets gave none; `None` after the last. Cancel safe.
    pub async fn next(&mut self) -> Option<(Sid, Result<T, AckError>)> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns all answers, when the last has come or the deadline has passed.
    pub async fn collect(mut self) -> Vec<(Sid, Result<T, AckError>)> {
        let mut answers = Vec::with_capacity(self.asked.missing());
        while let Some(answer) = self.next().await {
            answers.push(answer);
        }
        answers
    }
}

/// # Panics
///
/// When it is polled outside of a Tokio runtime with a timer, as everything that has a deadline.
impl<T: DeserializeOwned> Stream for AckStream<T> {
    type Item = (Sid, Result<T, AckError>);

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        while this.asked.missing() > 0 {
            let Some((sid, answer)) = ready!(this.poll_answered(cx)) else {
                return Poll::Ready(this.asked.give_up_one().map(|sid| (sid, Err(AckError::Timeout))));
            };
            // One that came at the very deadline was told of already.
            if this.asked.has_answered(&sid) {
                let answer = answer.and_then(|mut args| answer::decode(&mut args));
                return Poll::Ready(Some((sid, answer)));
            }
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.asked.missing(), Some(self.asked.missing()))
    }
}

impl<T: DeserializeOwned> FusedStream for AckStream<T> {
    fn is_terminated(&self) -> bool {
        self.asked.missing() == 0
    }
}

impl<T> fmt::Debug for AckStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckStream").field("waiting", &self.asked.missing()).finish_non_exhaustive()
    }
}
