//! [`Reply`] and [`IntoReply`]: what handlers return.
//!
//! `Result` is `Serialize`, so a handler's `Result` could be meant as a value as well. [`Probe`] decides: a `Result` is
//! an outcome, everything else a value. It asks the type, not the name that the user writes for it, so aliases work.

use std::marker::PhantomData;
use std::ops::Deref;

use bytes::Bytes;
use serde::Serialize;

use super::Event;
use crate::error::{Error, HandlerError};
use crate::guarded::Guarded;
use crate::via;

/// The outcome of an event's handler: the answer, if the client waits for one.
///
/// It is encoded at once, and only when somebody waits for it.
#[derive(Debug)]
#[must_use = "a reply that is not returned is not sent"]
pub struct Reply(Option<Bytes>);

impl Reply {
    /// Makes a reply without a value. A client that waits gets an acknowledgement without arguments.
    pub fn none() -> Self {
        Self(None)
    }

    /// Answers `event` with `value`: a tuple is several arguments, `()` is none, everything else is one.
    ///
    /// # Errors
    ///
    /// If the value cannot be written as JSON.
    pub fn new<T: Serialize + ?Sized>(event: &Event<'_>, value: &T) -> Result<Self, Error> {
        Ok(Self(event.encode(value)?))
    }

    pub(super) fn from_frame(frame: Option<Bytes>) -> Self {
        Self(frame)
    }

    pub(super) fn into_frame(self) -> Option<Bytes> {
        self.0
    }
}

/// A type that an event's handler can return: any `T: Serialize`, which is the answer, or a `Result` of one and an
/// error that the client can be told about.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be returned from an event handler",
    label = "does not serialize, so it cannot be sent as the acknowledgement",
    note = "add `#[derive(serde::Serialize)]` to it, or return `()`"
)]
pub trait IntoReply<Via> {
    /// Makes the answer to `event`.
    ///
    /// # Errors
    ///
    /// If the handler failed, or if its value cannot be written as JSON.
    fn into_reply(self, event: &Event<'_>) -> Result<Reply, Error>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize> IntoReply<via::Value> for T {
    fn into_reply(self, event: &Event<'_>) -> Result<Reply, Error> {
        // A value that panics while it is written and again while it is dropped would abort the process.
        let value = Guarded::new(self);
        Reply::new(event, &*value)
    }
}

impl<T: IntoReply<via::Value>, E: HandlerError<V>, V> IntoReply<(via::Outcome, V)> for Result<T, E> {
    fn into_reply(self, event: &Event<'_>) -> Result<Reply, Error> {
        self.map_err(HandlerError::into_error)?.into_reply(event)
    }
}

/// Tells `Result` from everything else: the method found first wins.
#[derive(Debug)]
pub struct Probe<T>(NotAResult, PhantomData<fn() -> T>);

/// See [`Probe`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "only generated code comes across it")]
pub struct NotAResult(());

impl<T> Probe<T> {
    /// The only value.
    pub const NEW: Self = Self(NotAResult(()), PhantomData);
}

impl<T, E> Probe<Result<T, E>> {
    /// A `Result` is an outcome.
    #[must_use]
    pub fn __sio_via<V>(&self) -> Via<(via::Outcome, V)> {
        Via(PhantomData)
    }
}

impl NotAResult {
    /// Everything else is a value.
    #[must_use]
    pub fn __sio_via(&self) -> Via<via::Value> {
        Via(PhantomData)
    }
}

impl<T> Deref for Probe<T> {
    type Target = NotAResult;

    fn deref(&self) -> &NotAResult {
        &self.0
    }
}

/// The way that a [`Probe`] found. Known before the conversion is looked at, so that the compiler complains about the
/// part that is wrong and not about the whole.
#[derive(Debug)]
#[expect(unnameable_types, reason = "only generated code comes across it")]
pub struct Via<V>(PhantomData<fn() -> V>);

impl<V> Via<V> {
    /// Makes the answer to `event`.
    ///
    /// # Errors
    ///
    /// As [`IntoReply::into_reply`].
    pub fn __sio_reply<T: IntoReply<V>>(self, output: T, event: &Event<'_>) -> Result<Reply, Error> {
        output.into_reply(event)
    }
}

/// Returns the future of a handler unchanged. Its bound makes the compiler report a future that is not [`Send`] at
/// the handler's name, and nowhere else.
pub fn handler_future<F: Future + Send>(future: F) -> F {
    future
}

/// The return types of a handler that takes an [`Ack`](super::Ack).
#[diagnostic::on_unimplemented(
    message = "this handler takes `Ack`, so its return value `{Self}` would be lost",
    label = "not `()` or `Result<(), _>`",
    note = "return `()` or `Result<(), _>` and send the value with `Ack::send`, or drop the `Ack` argument and return it"
)]
pub trait AckedOutput<Via> {
    /// Nothing to answer, or the error.
    ///
    /// # Errors
    ///
    /// If the handler failed.
    fn into_reply(self) -> Result<Reply, Error>;
}

impl AckedOutput<via::Value> for () {
    fn into_reply(self) -> Result<Reply, Error> {
        Ok(Reply::none())
    }
}

impl<E: HandlerError<V>, V> AckedOutput<(via::Outcome, V)> for Result<(), E> {
    fn into_reply(self) -> Result<Reply, Error> {
        self.map_err(HandlerError::into_error).map(|()| Reply::none())
    }
}
