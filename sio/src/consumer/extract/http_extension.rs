//! [`HttpExtension`]: what a layer in front of the server has found out about a client.

use std::any::type_name;
use std::ops::Deref;

use super::{Event, FromEvent};
use crate::error::Error;

/// A value from the extensions of the request that opened the client's session, as an argument of handlers and hooks:
/// what an HTTP layer in front of the server has put there.
///
/// It is cloned for each call; [`Handshake::extension`](crate::Handshake::extension) lends it. For values that the
/// program itself attaches to a socket, use [`Extension<T>`](crate::extract::Extension).
///
/// `Option<HttpExtension<T>>` is `None` where there is no such value. A handler that takes a missing
/// `HttpExtension<T>` does not run, the client gets the code `internal`, and the log names the type; a `connect` that
/// takes one refuses the client.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::extract::HttpExtension;
/// use sio::prelude::*;
///
/// /// Inserted by the layer that authenticates: `request.extensions_mut().insert(User { .. })`.
/// #[derive(Clone)]
/// struct User {
///     name: String,
/// }
///
/// struct Chat {
///     name: String,
/// }
///
/// #[consumer(namespace = "/chat")]
/// impl Chat {
///     async fn connect(user: HttpExtension<User>) -> Self {
///         Self { name: user.into_inner().name }
///     }
///
///     async fn event_name(&self) -> &str {
///         &self.name
///     }
/// }
/// ```
#[derive(Debug, Clone)]
pub struct HttpExtension<T>(T);

impl<T> HttpExtension<T> {
    /// Returns the value.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for HttpExtension<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromEvent<'_> for HttpExtension<T> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Option::<Self>::from_event(event)?.ok_or_else(|| {
            Error::internal(format!(
                "the request has no extension {}: no layer has inserted it",
                type_name::<T>()
            ))
        })
    }
}

impl<T: Clone + Send + Sync + 'static> FromEvent<'_> for Option<HttpExtension<T>> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.socket().handshake().extension::<T>().cloned().map(HttpExtension))
    }
}
