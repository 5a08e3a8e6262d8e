//! The answers of many, as they come.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_core::{FusedStream, Stream};
use serde::de::DeserializeOwned;
use sio_core::id::{NodeId, Sid};
use tokio::time::{Instant, Sleep};

use crate::engine::session;
use crate::error::AckError;
use crate::hub::answer::{self, Answer, Answered, Asked};

/// The answers to a broadcast, in the order in which they come; everybody who was addressed appears once, on all nodes of
/// a cluster. Nodes that do not say whom they have asked are named by [`missing`](Self::missing).
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

    /// Returns the same stream of answers, as those of another type.
    pub(crate) fn cast<U>(self) -> AckStream<U> {
        let Self { asked, deadline, sleep, answer: _ } = self;
        AckStream { asked, deadline, sleep, answer: PhantomData }
    }

    /// The next answer as it came; `None` after the last.
    pub(super) async fn next_answer(&mut self) -> Option<Answer> {
        poll_fn(|cx| self.poll_answered(cx)).await
    }

    /// The next answer as it came, or one that did not come by the deadline; `None` after the last.
    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Option<Answer>> {
        // An answer that has already come counts, even if it is taken after the deadline.
        match self.asked.poll_answered(cx) {
            Poll::Ready(Answered::One(answer)) => return Poll::Ready(Some(answer)),
            Poll::Ready(Answered::All) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        let deadline = self.deadline;
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        sleep.as_mut().poll(cx).map(|()| self.asked.expire_one())
    }

    /// Returns the nodes of the cluster of which it is not known whom they have asked: their clients may have got the
    /// event, and their answers are missing here. They are known when the stream has come to its end. Empty on a single
    /// node.
    ///
    /// ```
    /// # use sio::prelude::*;
    /// # async fn example(server: &Server) -> sio::Result {
    /// let mut votes = server.to("jury").emit_with_ack::<u32>("vote", &()).await?;
    /// while let Some((juror, vote)) = votes.next().await {
    ///     println!("{juror}: {vote:?}");
    /// }
    /// if !votes.missing().is_empty() {
    ///     println!("not all of the jury could be asked");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn missing(&self) -> Vec<NodeId> {
        self.asked.missing()
    }
}

impl<T: DeserializeOwned> AckStream<T> {
    /// Returns the next answer, or why one of the sockets gave none; `None` after the last. Cancel safe.
    pub async fn next(&mut self) -> Option<(Sid, Result<T, AckError>)> {
        poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    /// Returns all answers, when the last has come or the deadline has passed.
    pub async fn collect(mut self) -> Vec<(Sid, Result<T, AckError>)> {
        let mut answers = Vec::with_capacity(self.asked.left());
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
        let answer = ready!(self.get_mut().poll_answered(cx));
        Poll::Ready(answer.map(|(sid, answer)| (sid, answer.and_then(|mut args| answer::decode(&mut args)))))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.asked.left();
        (left, self.asked.is_counted().then_some(left))
    }
}

impl<T: DeserializeOwned> FusedStream for AckStream<T> {
    fn is_terminated(&self) -> bool {
        self.asked.is_over()
    }
}

impl<T> fmt::Debug for AckStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AckStream").field("waiting", &self.asked.left()).finish_non_exhaustive()
    }
}
