//! [`FromEvent`]: what handlers and `connect` can take as arguments.
//!
//! There are two families: payloads, which are whatever serde can deserialize, and what the server provides, which are
//! types of ours. A trait cannot be implemented for both without the two getting in each other's way (`Option<Ack<T>>`
//! is an `Option`, which serde knows), hence the parameter `Via`: each family has its own, and the compiler finds out
//! which one is meant because no type is in both.

mod extension;
mod http_extension;
mod path;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytestring::ByteString;
use serde::de::DeserializeOwned;
use sio_core::args::Args;

pub use self::extension::Extension;
pub use self::http_extension::HttpExtension;
pub use self::path::Path;
#[cfg(doc)]
use super::state::State;
use super::{Ack, Description, Event};
use crate::error::Error;
use crate::handle::socket::Socket;
use crate::handshake::Handshake;
use crate::via;

/// A type that a handler or `connect` can take as an argument.
///
/// | argument | is |
/// |---|---|
/// | any `T: Deserialize` that owns its data | the next argument of the client; extra ones are ignored |
/// | `Option<T>` of such a `T` | the same, `None` if it is missing or `null` |
/// | [`Valid<T>`](crate::extract::Valid), `Option<Valid<T>>` | the same, checked by [`Validate`](crate::extract::Validate) |
/// | [`Binary`](crate::Binary), also inside a payload | bytes |
/// | [`&Socket`](Socket), [`Socket`] | the client's socket |
/// | [`Ack<T>`], `Option<Ack<T>>` | the acknowledgement, see there |
/// | [`State<T>`] | what was given to `Builder::state` |
/// | [`Server`](crate::Server) | the server that the client is connected to |
/// | [`EventName`] | the name, for a fallback |
/// | [`Args`] | all arguments that are left, for a fallback |
/// | [`&Handshake`](Handshake), `Arc<Handshake>` | the request with which the client came |
/// | [`Params`](crate::extract::Params), [`Path<T>`](crate::extract::Path) | the parameters of a dynamic namespace |
/// | [`Extension<T>`](crate::extract::Extension), `Option<Extension<T>>` | a value from the socket's data |
/// | [`HttpExtension<T>`](crate::extract::HttpExtension), `Option<HttpExtension<T>>` | a value from the request's extensions |
///
/// and any type of the application that implements this trait. It is written without the parameter `Via`:
///
/// ```
/// use sio::extract::{Event, FromEvent};
/// use sio::{Error, Socket};
///
/// struct Caller(String);
///
/// impl<'a> FromEvent<'a> for Caller {
///     fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
///         let socket = <&Socket>::from_event(event)?;
///         Ok(Self(socket.id().to_string()))
///     }
/// }
/// ```
///
/// A type that is both this and `Deserialize` cannot be an argument: the compiler could not know which is meant.
#[diagnostic::on_unimplemented(
    message = "a handler cannot take an argument of type `{Self}`",
    label = "neither a payload nor something `sio` can provide",
    note = "a payload is a type that owns its data and can be deserialized: add `#[derive(serde::Deserialize)]` to it",
    note = "`sio` provides `&Socket`, `Socket`, `Ack<T>`, `Option<Ack<T>>`, `State<T>`, `EventName`, `Args`, \
            `&Handshake`, `Params`, `Path<T>`, `Extension<T>`, `HttpExtension<T>` and every type with `impl FromEvent<'_>`"
)]
pub trait FromEvent<'a, Via = via::Server>: Sized {
    /// Makes the value.
    ///
    /// # Errors
    ///
    /// If the value cannot be made. Then the handler does not run, and the client gets the error.
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error>;

    /// Declares what the argument needs. Called once, before the server starts.
    fn describe(description: &mut Description<'_>) {
        let _ = description;
    }
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned> FromEvent<'_, via::Payload> for T {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        event.take()
    }
}

impl<'a> FromEvent<'a> for &'a Socket {
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
        Ok(event.socket())
    }
}

impl FromEvent<'_> for Socket {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.socket().clone())
    }
}

impl<'a> FromEvent<'a> for &'a Handshake {
    fn from_event(event: &mut Event<'a>) -> Result<Self, Error> {
        Ok(event.socket().handshake())
    }
}

impl FromEvent<'_> for Arc<Handshake> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(Self::clone(event.socket().handshake()))
    }
}

impl<T> FromEvent<'_> for Ack<T> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        event.lend_answer().map(Self::new)
    }
}

impl<T> FromEvent<'_> for Option<Ack<T>> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.lend_answer()?.map(|slot| Ack::new(Some(slot))))
    }
}

impl FromEvent<'_> for Args {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.take_args())
    }
}

/// The name of an event, for a handler that gets several: the fallback.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EventName(ByteString);

impl EventName {
    /// Returns the name as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromEvent<'_> for EventName {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(Self(event.name_handle()))
    }
}

impl Deref for EventName {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl PartialEq<str> for EventName {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for EventName {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}
