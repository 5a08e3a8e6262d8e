//! [`Params`] and [`Path`]: the parameters of a dynamic namespace, as texts and as types.

use std::ops::Deref;

use serde::de::DeserializeOwned;

use super::{Description, Event, FromEvent};
use crate::error::Error;
use crate::params::Params;

impl FromEvent<'_> for Params {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.socket().namespace().params().clone())
    }
}

/// The parameters of a dynamic namespace, as a type of the application: one value, a tuple of them in the order of the
/// pattern, or a struct by their names.
///
/// A client that asks for a path on which one of them does not parse is refused with `Invalid namespace`, whatever
/// hook or handler takes it: the consumer never sees it. A `Path` that cannot fit the pattern (three values of two
/// parameters) keeps the server from starting.
///
/// # Examples
///
/// ```standalone_crate
/// use serde::Deserialize;
/// use sio::extract::Path;
/// use sio::prelude::*;
///
/// #[derive(Deserialize)]
/// struct Place {
///     org: u32,
///     room: String,
/// }
///
/// struct Room {
///     org: u32,
/// }
///
/// #[consumer(namespace = "/org/{org}/{room}")]
/// impl Room {
///     async fn connect(Path((org, _room)): Path<(u32, String)>) -> Self {
///         Self { org }
///     }
///
///     async fn event_where(&mut self, place: Path<Place>) -> String {
///         assert_eq!(place.org, self.org);
///         place.into_inner().room
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path<T>(pub T);

impl<T> Path<T> {
    /// Returns the value itself.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Path<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned> FromEvent<'_> for Path<T> {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        // Was tried before the client was let in; only a type that changes its mind gets here with an error.
        let value = event.socket().namespace().params().parse();
        value.map(Self).map_err(|error| Error::internal(error.to_string()))
    }

    fn describe(description: &mut Description<'_>) {
        description.needs_path(std::any::type_name::<T>(), |params| params.parse::<T>().map(drop));
    }
}
