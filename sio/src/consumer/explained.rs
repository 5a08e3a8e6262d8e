//! Traits that are there for their messages alone: each stands in front of another one where the attribute sees by the
//! spelling of a type which mistake it would be.

use super::{Description, Event, FromEvent};
use crate::error::Error;
use crate::via;

/// [`FromEvent`] of a type that is written with a lifetime, and so cannot be a payload.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take an argument of type `{Self}`, which borrows",
    label = "a payload owns its data: it outlives the packet",
    note = "write the type without a lifetime: `String` for `&str`, `Vec<T>` for `&[T]`, `Binary` for bytes",
    note = "a type that borrows from the socket, and is no payload, implements `sio::extract::FromEvent<'_>`"
)]
pub trait Borrowing<'a>: Sized {
    /// As [`FromEvent::from_event`].
    ///
    /// # Errors
    ///
    /// As [`FromEvent::from_event`].
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error>;

    /// As [`FromEvent::describe`].
    fn describe(description: &mut Description<'_>) {
        let _ = description;
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: FromEvent<'a, via::Server>> Borrowing<'a> for T {
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
        <T as FromEvent<'a, via::Server>>::from_event(event)
    }

    fn describe(description: &mut Description<'_>) {
        <T as FromEvent<'a, via::Server>>::describe(description);
    }
}

/// [`FromEvent`] of a type whose name axum knows as well.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take an argument of type `{Self}`",
    label = "neither a payload nor a type that `sio` provides",
    note = "axum's types are others than those of `sio` with the same names: `State`, `Path` and `Extension` of `sio::extract`",
    note = "a payload needs no wrapper: take `T` instead of `Json<T>`, `Form<T>` or `Query<T>`",
    note = "the `T` of `State<T>` is `Send` and `Sync`; that of `Path<T>` can be deserialized"
)]
pub trait KnownToAxum<'a, Via>: Sized {
    /// As [`FromEvent::from_event`].
    ///
    /// # Errors
    ///
    /// As [`FromEvent::from_event`].
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error>;

    /// As [`FromEvent::describe`].
    fn describe(description: &mut Description<'_>) {
        let _ = description;
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T: FromEvent<'a, V>, V> KnownToAxum<'a, V> for T {
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
        <T as FromEvent<'a, V>>::from_event(event)
    }

    fn describe(description: &mut Description<'_>) {
        <T as FromEvent<'a, V>>::describe(description);
    }
}

/// Implemented once by every `#[consumer]` block, so that the compiler's error about a second one has a name that explains it.
pub trait EachTypeHasOneConsumerBlock {}

/// Implemented once by every `#[handlers]` block, so that the compiler's error about a second one has a name that explains it.
pub trait EachTypeHasOneHandlersBlock {}
