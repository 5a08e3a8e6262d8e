//! [`Extension`]: a value from the data of a socket, as an argument.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Event, FromEvent};
#[cfg(doc)]
use crate::data::SocketData;
use crate::error::Error;

/// A value from the [data](SocketData) of the socket, as an argument of handlers and hooks: what
/// [`Builder::on_connecting`](crate::Builder::on_connecting) has found out about the client, for example.
///
/// `Option<Extension<T>>` is `None` where there is no such value; a handler that takes a missing `Extension<T>` does
/// not run, and the client gets the code `internal`.
pub struct Extension<T>(Arc<T>);

impl<T> Extension<T> {
    /// Returns the shared value, for code that wants to keep it.
    #[must_use]
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> Deref for Extension<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for Extension<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for Extension<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Extension").field(&self.0).finish()
    }
}

impl<T: Send + Sync + 'static> FromEvent<'_> for Extension<T> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        event
            .socket()
            .data()
            .get()
            .map(Self)
            .ok_or_else(|| Error::internal(format!("the socket's data has no {}", type_name::<T>())))
    }
}

impl<T: Send + Sync + 'static> FromEvent<'_> for Option<Extension<T>> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.socket().data().get().map(Extension))
    }
}
