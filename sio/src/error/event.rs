//! The conversion of the application's errors to what a client sees: [`IntoEventError`], for every type that can be
//! an error.
//!
//! There are three kinds. A type that is no [`std::error::Error`] implements the trait. All that are have it already,
//! and tell the client nothing; those that want to say more are found by their type, in a list that `#[event_error]`
//! makes: a second implementation of the trait would not compile, so no code gets lost by `?`. And there are
//! [`Error`] itself and boxes, for which no trait can be implemented beside all standard errors, hence
//! [`HandlerError`] with its parameter.

use std::any::TypeId;
use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::LazyLock;

use sio_core::args::ArgError;

use super::{BoxError, Error};
use crate::via;

/// An error type whose values can be told to a client: with it a handler returns them, and `?` turns them into an
/// [`Error`].
///
/// A type that is no [`std::error::Error`] implements it. Every type that is one has it already, and tells the client
/// nothing but `Internal server error`. To show the client more of such a type, write the same `impl` under
/// [`#[event_error]`](macro@crate::error::event_error); without the attribute the compiler says that there are two
/// implementations.
///
/// # Examples
///
/// ```
/// use sio::error::IntoEventError;
///
/// enum ChatError { Muted { minutes: u32 } }
///
/// impl IntoEventError for ChatError {
///     fn into_event_error(self) -> sio::Error {
///         match self {
///             Self::Muted { minutes } => sio::Error::new("muted", "You are muted").with_field("minutes", minutes),
///         }
///     }
/// }
///
/// fn say(text: &str) -> sio::Result {
///     if text.is_empty() { Err(ChatError::Muted { minutes: 5 })? }
///     Ok(())
/// }
///
/// assert_eq!(say("").unwrap_err().code(), "muted");
/// ```
#[diagnostic::on_unimplemented(
    message = "a handler cannot fail with `{Self}`",
    label = "the client cannot be told about this error",
    note = "return `sio::Result<_>`: `?` takes every `std::error::Error`, and `.map_err(sio::Error::internal)?` also a text; \
            the client learns that something went wrong, the log what",
    note = "`sio::Error::new(\"code\", \"message\")` is an error that the client may read",
    note = "or implement `sio::error::IntoEventError` for `{Self}` to choose what the client sees"
)]
pub trait IntoEventError {
    /// Returns the error that the client gets.
    fn into_event_error(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<E: StdError + Send + Sync + 'static> IntoEventError for E {
    fn into_event_error(self) -> Error {
        let error: BoxError = self.into();
        if let Some(convert) = CONVERSIONS.get(&TypeId::of::<E>()) {
            return convert(error);
        }
        // The fallback handler takes its arguments by hand: `?` there means what it means for declared arguments.
        match error.downcast::<ArgError>() {
            Ok(error) => Error::invalid_payload(&error),
            Err(error) => Error::internal(error),
        }
    }
}

#[diagnostic::do_not_recommend]
impl<E: IntoEventError> From<E> for Error {
    fn from(error: E) -> Self {
        error.into_event_error()
    }
}

/// A standard error that shows more to the client: `#[event_error]` implements it.
pub trait StdEventError: StdError + Send + Sync + Sized + 'static {
    /// Returns the error that the client gets.
    fn into_event_error(self) -> Error;
}

/// A function that converts errors of one type to what the client sees.
#[derive(Debug, Clone, Copy)]
pub struct Conversion {
    id: fn() -> TypeId,
    convert: Convert,
}

type Convert = fn(BoxError) -> Error;

inventory::collect!(Conversion);

static CONVERSIONS: LazyLock<HashMap<TypeId, Convert>> = LazyLock::new(|| {
    inventory::iter::<Conversion>
        .into_iter()
        .map(|conversion| ((conversion.id)(), conversion.convert))
        .collect()
});

impl Conversion {
    /// Makes the conversion of the type `E`.
    #[must_use]
    pub const fn of<E: StdEventError>() -> Self {
        Self {
            id: TypeId::of::<E>,
            convert: |error| match error.downcast::<E>() {
                // By its trait: the box has the other one.
                Ok(error) => StdEventError::into_event_error(*error),
                Err(error) => Error::internal(error),
            },
        }
    }
}

/// All that a handler can fail with: [`IntoEventError`], an [`Error`], a boxed error.
#[diagnostic::on_unimplemented(
    message = "a handler cannot fail with `{Self}`",
    label = "the client cannot be told about this error"
)]
pub trait HandlerError<Via> {
    /// The error for the client and the log.
    fn into_error(self) -> Error;
}

impl<E: IntoEventError> HandlerError<via::Value> for E {
    fn into_error(self) -> Error {
        self.into_event_error()
    }
}

#[diagnostic::do_not_recommend]
impl HandlerError<via::Server> for Error {
    fn into_error(self) -> Error {
        self
    }
}

#[diagnostic::do_not_recommend]
impl HandlerError<via::Payload> for BoxError {
    fn into_error(self) -> Error {
        Error::internal(self)
    }
}
