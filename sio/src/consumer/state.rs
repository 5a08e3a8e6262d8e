//! [`State`]: what all clients of a server share, as an argument.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::{Description, Event, FromEvent};
use crate::error::Error;

/// A value that was given to `Builder::state`, shared by all clients of the server.
///
/// If a consumer takes a state that was not provided, the server does not start: it is not found out by the first
/// client.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::prelude::*;
///
/// struct Limits {
///     text: usize,
/// }
///
/// #[derive(Default)]
/// struct Chat;
///
/// #[consumer]
/// impl Chat {
///     async fn event_say(text: String, limits: State<Limits>) -> bool {
///         text.len() <= limits.text
///     }
/// }
/// ```
pub struct State<T>(Arc<T>);

impl<T> State<T> {
    /// Returns the shared value, for code that wants to keep it.
    #[must_use]
    pub fn into_inner(self) -> Arc<T> {
        self.0
    }
}

impl<T> From<Arc<T>> for State<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T: fmt::Debug> fmt::Debug for State<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("State").field(&self.0).finish()
    }
}

impl<T: Send + Sync + 'static> FromEvent<'_> for State<T> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        event.socket().namespace().hub.common.state.get().map(Self).ok_or_else(|| {
            Error::internal(format!("State<{}> was not provided to the builder", type_name::<T>()))
        })
    }

    fn describe(description: &mut Description<'_>) {
        description.needs_state::<T>();
    }
}
