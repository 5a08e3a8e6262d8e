//! [`State`]: what all clients of a server share, and how it is known beforehand that it is there.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use super::Registration;
use crate::guarded::{self, drop_guarded};
use crate::log_limiter::{About, LogLimiter, limited};
use crate::params::{Params, PathError};
use crate::short::short;

/// A value that was given to `Builder::state`, shared by all clients of the server.
///
/// A consumer that takes a state which nobody provided keeps the server from starting: it is not found out by the first
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
    /// The shared value, for code that wants to keep it.
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

/// The states of one server. A handful at most, so a list is the fastest way to find one.
#[derive(Default)]
pub(crate) struct StateMap(Vec<Entry>);

/// A value by its type, and what that is called.
type Entry = (TypeId, &'static str, Arc<dyn Any + Send + Sync>);

impl StateMap {
    /// Adds a value; a later one of the same type takes the place of an earlier one.
    pub(crate) fn insert<T: Send + Sync + 'static>(&mut self, value: T) {
        let id = TypeId::of::<T>();
        self.0.retain(|(known, ..)| *known != id);
        self.0.push((id, type_name::<T>(), Arc::new(value)));
    }

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<State<T>> {
        let id = TypeId::of::<T>();
        let (.., value) = self.0.iter().find(|(known, ..)| *known == id)?;
        Arc::clone(value).downcast().ok().map(State)
    }

    pub(crate) fn contains(&self, id: TypeId) -> bool {
        self.0.iter().any(|(known, ..)| *known == id)
    }

    /// The types of all values.
    pub(crate) fn type_names(&self) -> Vec<&'static str> {
        self.0.iter().map(|(_, name, _)| *name).collect()
    }
}

impl Drop for StateMap {
    /// The last handle of the server may be dropped anywhere.
    fn drop(&mut self) {
        self.0.drain(..).for_each(drop_guarded);
    }
}

impl fmt::Debug for StateMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StateMap").field("len", &self.0.len()).finish()
    }
}

/// What the handlers of a consumer need, collected before the server starts.
#[derive(Debug)]
pub struct Description<'a> {
    needs: &'a mut Needs,
}

/// What was collected.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) states: Vec<(TypeId, &'static str)>,
    pub(crate) paths: Vec<PathNeed>,
}

/// A handler takes the parameters of the namespace as a type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PathNeed {
    pub(crate) type_name: &'static str,
    pub(crate) check: fn(&Params) -> Result<(), PathError>,
}

impl Needs {
    /// Whether the parameters of a path are what all handlers take.
    pub(crate) fn accept(&self, namespace: &str, params: &Params, logs: &LogLimiter) -> bool {
        let namespace = &*short(namespace);
        self.paths.iter().all(|need| {
            match guarded::call("`Deserialize` of a namespace's parameters", || (need.check)(params)) {
                Some(Ok(())) => true,
                None => false,
                Some(Err(error)) => {
                    limited!(
                        DEBUG, logs, About::event("", need.type_name), target: "sio::consumer",
                        { namespace, wanted = need.type_name, error = &*short(&error.to_string()), },
                        "a namespace's parameters do not fit"
                    );
                    false
                }
            }
        })
    }
}

impl Description<'_> {
    /// Asks a consumer.
    pub(crate) fn of(registration: &Registration) -> Needs {
        let mut needs = Needs::default();
        (registration.describe)(&mut Description { needs: &mut needs });
        needs
    }

    /// A [`State<T>`] is needed.
    pub fn needs_state<T: 'static>(&mut self) {
        let need = (TypeId::of::<T>(), type_name::<T>());
        if !self.needs.states.contains(&need) {
            self.needs.states.push(need);
        }
    }

    pub(crate) fn needs_path(
        &mut self,
        type_name: &'static str,
        check: fn(&Params) -> Result<(), PathError>,
    ) {
        if !self.needs.paths.iter().any(|need| need.type_name == type_name) {
            self.needs.paths.push(PathNeed { type_name, check });
        }
    }
}
