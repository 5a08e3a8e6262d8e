//! The values that all clients of a server share: one value of each type.

use std::any::{Any, TypeId, type_name};
use std::fmt;
use std::sync::Arc;

use crate::guarded::drop_guarded;

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

    pub(crate) fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        let id = TypeId::of::<T>();
        let (.., value) = self.0.iter().find(|(known, ..)| *known == id)?;
        Arc::clone(value).downcast().ok()
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
