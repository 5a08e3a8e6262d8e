//! The return types of `connect`: whether the client may enter, or the consumer itself.

use std::marker::PhantomData;
use std::ops::Deref;

use super::Consumer;
use crate::error::{ConnectError, ConnectFailure};
use crate::via;

/// The return types of a `connect` that does not build the consumer: `()`, `bool`, or a `Result` of one of them.
#[diagnostic::on_unimplemented(
    message = "`connect` cannot return `{Self}`",
    label = "does not say whether the connection is accepted",
    note = "with `self` it returns `()`, `bool`, `Result<(), _>` or `Result<bool, _>`",
    note = "without `self` it may also return the consumer: `Self` or `Result<Self, _>`"
)]
pub trait IntoAccept<Via> {
    /// Returns `Ok` if the client may enter.
    ///
    /// # Errors
    ///
    /// If the client may not enter.
    fn into_accept(self) -> Result<(), ConnectError>;
}

impl IntoAccept<via::Value> for () {
    fn into_accept(self) -> Result<(), ConnectError> {
        Ok(())
    }
}

impl IntoAccept<via::Value> for bool {
    fn into_accept(self) -> Result<(), ConnectError> {
        if self { Ok(()) } else { Err(ConnectError::not_authorized()) }
    }
}

impl<T: IntoAccept<V>, E: ConnectFailure<W>, V, W> IntoAccept<(via::Outcome, V, W)> for Result<T, E> {
    fn into_accept(self) -> Result<(), ConnectError> {
        self.map_err(ConnectFailure::into_refusal)?.into_accept()
    }
}

/// The return types of a `connect` without `self`: the consumer `C`, a `Result` of it, or any [`IntoAccept`].
#[diagnostic::on_unimplemented(
    message = "`connect` cannot return `{Self}`",
    label = "neither the consumer nor whether the connection is accepted",
    note = "without `self` it returns the consumer (`Self` or `Result<Self, _>`), or `()`, `bool`, `Result<(), _>`, \
            `Result<bool, _>`"
)]
pub trait IntoConsumer<C, Via> {
    /// The consumer.
    ///
    /// # Errors
    ///
    /// If the client may not enter.
    fn into_consumer(self) -> Result<C, ConnectError>;
}

impl<C: Consumer> IntoConsumer<C, via::Value> for C {
    fn into_consumer(self) -> Result<C, ConnectError> {
        Ok(self)
    }
}

impl<C: Consumer, E: ConnectFailure<W>, W> IntoConsumer<C, (via::Value, W)> for Result<C, E> {
    fn into_consumer(self) -> Result<C, ConnectError> {
        self.map_err(ConnectFailure::into_refusal)
    }
}

impl<C: Fresh, T: IntoAccept<V>, V> IntoConsumer<C, (via::Outcome, V)> for T {
    fn into_consumer(self) -> Result<C, ConnectError> {
        self.into_accept().map(|()| C::fresh())
    }
}

/// Tells what builds the consumer `C` from everything else, as [`Probe`](super::reply::Probe) does with results.
#[derive(Debug)]
pub struct ConnectProbe<C, T>(NotBuilt, PhantomData<fn() -> (C, T)>);

/// See [`ConnectProbe`].
#[derive(Debug)]
#[expect(unnameable_types, reason = "only generated code comes across it")]
pub struct NotBuilt(());

impl<C, T> ConnectProbe<C, T> {
    /// The only value.
    pub const NEW: Self = Self(NotBuilt(()), PhantomData);
}

impl<C> ConnectProbe<C, C> {
    /// The consumer itself.
    #[must_use]
    pub fn __sio_via(&self) -> ConnectVia<via::Value> {
        ConnectVia(PhantomData)
    }
}

impl<C, E> ConnectProbe<C, Result<C, E>> {
    /// The consumer, or an error.
    #[must_use]
    pub fn __sio_via<W>(&self) -> ConnectVia<(via::Value, W)> {
        ConnectVia(PhantomData)
    }
}

impl NotBuilt {
    /// Everything else says whether the client may enter.
    #[must_use]
    pub fn __sio_via<V>(&self) -> ConnectVia<(via::Outcome, V)> {
        ConnectVia(PhantomData)
    }
}

impl<C, T> Deref for ConnectProbe<C, T> {
    type Target = NotBuilt;

    fn deref(&self) -> &NotBuilt {
        &self.0
    }
}

/// The way that a [`ConnectProbe`] found.
#[derive(Debug)]
#[expect(unnameable_types, reason = "only generated code comes across it")]
pub struct ConnectVia<V>(PhantomData<fn() -> V>);

impl<V> ConnectVia<V> {
    /// Makes the consumer.
    ///
    /// # Errors
    ///
    /// As [`IntoConsumer::into_consumer`].
    pub fn __sio_consumer<C, T: IntoConsumer<C, V>>(self, output: T) -> Result<C, ConnectError> {
        output.into_consumer()
    }
}

/// Every type with a `Default`. A trait of its own so that it can say what to do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no `Default`, so `sio` cannot make one for each client",
    label = "needs `Default`, or a `connect` that builds it",
    note = "add `#[derive(Default)]` to it, or write a `connect` without `self` that returns `Self`"
)]
pub trait Fresh {
    /// A new value for a new client.
    fn fresh() -> Self;
}

#[diagnostic::do_not_recommend]
impl<T: Default> Fresh for T {
    fn fresh() -> Self {
        Self::default()
    }
}
