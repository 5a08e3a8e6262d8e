//! Events that a client sends and receives.

use std::panic::Location;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::{Args, EncodeError};
use sio_core::socket::encode;

use super::client::{Missed, TestClient};
use super::conversation::{Answerer, Question};
use super::outcome::{ErrorAck, Received};

/// How long nothing has to come for [`TestClient::nothing_more`]. With a paused clock any time is long enough; with
/// a running one a test should not take long, and no time would be a proof.
const QUIET: Duration = Duration::from_millis(100);

/// Sending.
impl TestClient {
    /// Sends an event: a tuple is several arguments, everything else is one, bytes become attachments. Returns when
    /// it has been written, on polling when the server has accepted it; not when it has been handled. That the
    /// connection ends over it is seen in what is awaited next.
    ///
    /// # Panics
    ///
    /// When the client is not connected, the event cannot be encoded, or the server does not read.
    #[track_caller]
    pub fn emit(&self, event: &str, args: &(impl Serialize + ?Sized)) -> impl Future<Output = ()> + Send {
        let at = Location::caller();
        let frames = self.encoded(event, encode::event(&self.namespace, None, event, args), at);
        async move { self.send(frames, at).await }
    }

    /// Sends an event and waits for its acknowledgement. A tuple takes all arguments of the answer, everything else
    /// the first.
    ///
    /// When this returns, the event has been handled: `emit_with_ack::<()>` waits for a handler that answers
    /// nothing, too.
    ///
    /// # Errors
    ///
    /// When the handler failed, or there is none.
    ///
    /// # Panics
    ///
    /// When no answer comes within the deadline, or it is not an `R`; and as [`emit`](Self::emit).
    #[track_caller]
    pub fn emit_with_ack<R: DeserializeOwned>(
        &self,
        event: &str,
        args: &(impl Serialize + ?Sized),
    ) -> impl Future<Output = Result<R, ErrorAck>> {
        let at = Location::caller();
        let id = self.session.shared.lock().await_ack(self.index);
        let frames = self.encoded(event, encode::event(&self.namespace, Some(id), event, args), at);
        let event = event.to_owned();
        async move {
            let _forget = Forget(self, id);
            self.send(frames, at).await;
            let mut answer = match self.wait(|conversation| conversation.take_ack(id)).await {
                Ok(answer) => answer,
                Err(missed) => {
                    let why = self.why(&missed);
                    self.fail(at, format_args!("expected the acknowledgement of `{event}`, but {why}"))
                }
            };
            if let Some(error) = ErrorAck::of(&answer) {
                return Err(error);
            }
            answer.take_answer().map_err(|error| {
                let (raw, expected) = (answer.raw(), std::any::type_name::<R>());
                self.fail(at, format_args!("`{event}` was answered {raw}, which is no {expected}: {error}"))
            })
        }
    }

    /// Answers the server's events of this name that ask for an answer, those that have come already included. They
    /// are not kept for [`next`](Self::next). A tuple takes all arguments of the event, and as an answer is several;
    /// a second function for the name replaces the first. [`Received::answer`] answers a single event.
    ///
    /// ```
    /// # async fn example(client: sio::testing::TestClient) -> sio::Result {
    /// client.answer("double", |n: u32| n * 2);
    /// assert_eq!(client.socket().emit_with_ack::<u32>("double", &21).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// When the arguments are not a `T`, or the function panics, the client fails the test at its next wait.
    pub fn answer<T, R>(&self, event: &str, mut answer: impl FnMut(T) -> R + Send + 'static)
    where
        T: DeserializeOwned,
        R: Serialize,
    {
        let namespace = Arc::clone(&self.namespace);
        let answerer = move |id: u64, mut args: Args| -> Result<Bytes, String> {
            let question = args.take_answer::<T>().map_err(|error| format!("{}: {error}", args.raw()))?;
            encode::ack(&namespace, id, &answer(question)).map_err(|error| error.to_string())
        };
        let answerer: Arc<Mutex<Answerer>> = Arc::new(Mutex::new(answerer));
        let waiting: Vec<Question> = self.conversation(|conversation| {
            conversation.answerers.insert(event.to_owned(), Arc::clone(&answerer));
            let (waiting, rest) = std::mem::take(&mut conversation.unread)
                .into_iter()
                .partition::<Vec<_>, _>(|unread| *unread.name == *event && unread.id.is_some());
            conversation.unread = rest.into();
            let question = |event: sio_core::socket::Event| Some((Arc::clone(&answerer), event.id?, event));
            waiting.into_iter().filter_map(question).collect()
        });
        waiting.into_iter().for_each(|question| self.session.shared.answer(question));
    }

    #[track_caller]
    fn encoded(&self, event: &str, frames: Result<Bytes, EncodeError>, at: &Location<'_>) -> Bytes {
        match frames {
            Ok(frames) => frames,
            Err(error) => self.fail(at, format_args!("cannot send `{event}`: {error}")),
        }
    }
}

/// Receiving.
impl TestClient {
    /// Waits for the next event of this name, as a `T`: a tuple takes all arguments, everything else the first.
    /// Events of other names are kept for later.
    ///
    /// # Panics
    ///
    /// When none comes within the deadline (the message lists the events that came instead), the connection ends
    /// before, or the arguments are not a `T`.
    #[track_caller]
    pub fn next<T: DeserializeOwned>(&self, event: &str) -> impl Future<Output = T> {
        let at = Location::caller();
        let event = event.to_owned();
        async move {
            let received = self.take(&event, at).await;
            match received.args.clone().take_answer() {
                Ok(payload) => payload,
                Err(error) => {
                    let (raw, expected) = (received.args.raw(), std::any::type_name::<T>());
                    self.fail(at, format_args!("the event {raw} is no {expected}: {error}"))
                }
            }
        }
    }

    /// As [`next`](Self::next), with everything that belongs to the event, so that it can be answered.
    ///
    /// # Panics
    ///
    /// When none comes within the deadline, or the connection ends before.
    #[track_caller]
    pub fn next_event(&self, event: &str) -> impl Future<Output = Received> + Send {
        let at = Location::caller();
        let event = event.to_owned();
        async move { Received::new(self, self.take(&event, at).await) }
    }

    /// Returns the names of the events that have come and were not asked for yet, in their order.
    #[must_use]
    pub fn unread(&self) -> Vec<String> {
        self.conversation(|conversation| {
            conversation.unread.iter().map(|event| event.name.to_string()).collect()
        })
    }

    /// Drops the events of this name, those that have come already included: they are of no interest to the test.
    pub fn ignore(&self, event: &str) {
        self.conversation(|conversation| {
            conversation.ignored.insert(event.to_owned());
            conversation.unread.retain(|unread| *unread.name != *event);
        });
    }

    /// Makes sure that every event was asked for and that no other comes for 100 ms of tokio's time.
    ///
    /// With a paused clock this is exact and takes no time: the clock moves on only when every task waits. With a
    /// running clock an event that takes longer is missed.
    ///
    /// # Panics
    ///
    /// When there is, or comes, another event.
    #[track_caller]
    pub fn nothing_more(&self) -> impl Future<Output = ()> + Send {
        let at = Location::caller();
        async move {
            let client = self.within(QUIET);
            let more = client.wait(|conversation| (!conversation.unread.is_empty()).then_some(()));
            match more.await {
                Ok(()) => self.fail(at, "expected no more events"),
                Err(Missed::Fault(fault)) => self.fail(at, fault),
                Err(Missed::Deadline | Missed::Gone(_)) => {}
            }
        }
    }

    async fn take(&self, event: &str, at: &Location<'_>) -> sio_core::socket::Event {
        match self.wait(|conversation| conversation.take(event)).await {
            Ok(received) => received,
            Err(missed) => {
                self.fail(at, format_args!("expected the event `{event}`, but {}", self.why(&missed)))
            }
        }
    }
}

/// Forgets an acknowledgement that nobody waits for any more.
struct Forget<'a>(&'a TestClient, u64);

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        self.0.conversation(|conversation| conversation.acks.remove(&self.1));
    }
}
