//! The parameters of a dynamic namespace: [`Params`] as texts, [`Path`] as types.

mod de;

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub(crate) use self::de::PathError;
use crate::consumer::{Description, Event, FromEvent};
use crate::error::Error;

/// The parameters of a dynamic namespace, as texts: of `/org/7`, served by a consumer with
/// `namespace = "/org/{id}"`, the `id` is `7`.
///
/// Handlers and hooks take it as an argument; [`Namespace::params`](crate::Namespace::params) gives it too. It is
/// empty in a namespace with a path of its own. [`Path`] has the same with types.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::prelude::*;
///
/// #[derive(Default)]
/// struct Org;
///
/// #[consumer(namespace = "/org/{id}/{*folder}")]
/// impl Org {
///     async fn event_where(params: Params) -> String {
///         format!("{} in {}", params.get("folder").unwrap_or("/"), &params["id"])
///     }
/// }
/// # fn main() {}
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Option<Arc<[Pair]>>);

type Pair = (Box<str>, Box<str>);

impl Params {
    pub(crate) fn new<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Self {
        Self(Some(pairs.map(|(name, value)| (name.into(), value.into())).collect()))
    }

    /// The value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values, in the order of the pattern.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs().iter().map(|(name, value)| (&**name, &**value))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// True where the namespace has a path of its own.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs().is_empty()
    }

    fn pairs(&self) -> &[Pair] {
        self.0.as_deref().unwrap_or_default()
    }

    pub(crate) fn parse<T: DeserializeOwned>(&self) -> Result<T, PathError> {
        T::deserialize(de::Deserializer::new(self.pairs()))
    }
}

/// The value of a parameter that the pattern has.
///
/// # Panics
///
/// When it does not.
impl std::ops::Index<&str> for Params {
    type Output = str;

    fn index(&self, name: &str) -> &str {
        match self.get(name) {
            Some(value) => value,
            None => panic!("this namespace has no parameter {name:?}"),
        }
    }
}

impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl FromEvent<'_> for Params {
    fn from_event(event: &mut Event<'_>) -> Result<Self, Error> {
        Ok(event.socket().namespace().params().clone())
    }
}

/// The parameters of a dynamic namespace, as a type of one's own: one value, a tuple of them in the order of the
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
    /// The value itself.
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
