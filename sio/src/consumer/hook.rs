//! Arguments and return types of the hooks `disconnect` and `error`, which receive nothing from the client and answer
//! nothing.

use sio_core::socket::DisconnectReason;

use super::{Description, Event, FromEvent};
use crate::error::{Error, HandlerError};
use crate::via;

/// The hook `disconnect`, as a type.
#[derive(Debug)]
pub enum Disconnect {}

/// The hook `error`, as a type.
#[derive(Debug)]
pub enum Failure {}

/// A type that the hook `H` can take as an argument: whatever the server provides, and what the hook is about.
#[diagnostic::on_unimplemented(
    message = "this hook cannot take an argument of type `{Self}`",
    label = "not something `sio` can provide here",
    note = "nothing is sent by the client here, so there is no payload",
    note = "hooks take `&Socket`, `Socket`, `State<T>`, `&Handshake`, every type with `impl FromEvent<'_>`; \
            `disconnect` takes a `DisconnectReason`, `error` takes a `sio::Error` and an `EventName`"
)]
pub trait HookArg<'a, H>: Sized {
    /// Makes the value.
    ///
    /// # Errors
    ///
    /// If the argument cannot be made. Then the hook does not run, and the error is logged.
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error>;

    /// Declares what the argument needs. Called once, before the server starts.
    fn describe(description: &mut Description<'_>);
}

#[diagnostic::do_not_recommend]
impl<'a, H, T: FromEvent<'a, via::Server>> HookArg<'a, H> for T {
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
        <T as FromEvent<'a, via::Server>>::from_event(event)
    }

    fn describe(description: &mut Description<'_>) {
        <T as FromEvent<'a, via::Server>>::describe(description);
    }
}

impl HookArg<'_, Disconnect> for DisconnectReason {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        event.reason().ok_or_else(|| Error::internal("this socket is not disconnected"))
    }

    fn describe(_: &mut Description<'_>) {}
}

impl HookArg<'_, Failure> for Error {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        event.take_error().ok_or_else(|| Self::internal("the error hook takes the error twice"))
    }

    fn describe(_: &mut Description<'_>) {}
}

/// The return types of such a hook.
#[diagnostic::on_unimplemented(
    message = "this hook cannot return `{Self}`",
    label = "nobody is there to get this value",
    note = "`disconnect` and `error` return nothing, or a `Result<(), _>` whose error goes to the log"
)]
pub trait HookOutput<Via> {
    /// The error for the log, if there is one.
    ///
    /// # Errors
    ///
    /// That error.
    fn into_result(self) -> Result<(), Error>;
}

impl HookOutput<via::Value> for () {
    fn into_result(self) -> Result<(), Error> {
        Ok(())
    }
}

impl<E: HandlerError<V>, V> HookOutput<(via::Outcome, V)> for Result<(), E> {
    fn into_result(self) -> Result<(), Error> {
        self.map_err(HandlerError::into_error)
    }
}
