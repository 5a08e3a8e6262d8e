//! The parameters of a dynamic namespace: [`Params`] as texts, [`Path`](crate::extract::Path) as types.

mod de;

use std::fmt;
use std::sync::Arc;

use serde::de::DeserializeOwned;

pub(crate) use self::de::PathError;

/// The parameters of a dynamic namespace, as texts: of `/org/7`, served by a consumer with
/// `namespace = "/org/{id}"`, the `id` is `7`.
///
/// Handlers and hooks take it as an argument; [`Namespace::params`](crate::Namespace::params) returns it too. It is
/// empty in a namespace with a path of its own. [`Path`](crate::extract::Path) has the same with types.
///
/// # Examples
///
/// ```standalone_crate
/// use sio::extract::Params;
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

    /// Returns the value of a parameter.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }

    /// Names and values, in the order of the pattern.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.pairs().iter().map(|(name, value)| (&**name, &**value))
    }

    /// Returns the number of parameters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs().len()
    }

    /// Returns whether there are none: the namespace has a path of its own.
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
