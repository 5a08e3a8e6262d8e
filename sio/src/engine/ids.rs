//! The ids of sessions: random ones, or those that the application makes.

use std::fmt;
use std::sync::Arc;

use sio_core::id::SessionId;

use crate::guarded::{self, Guarded};
use crate::random;

type NewId = dyn Fn() -> SessionId + Send + Sync;

/// Makes ids. Default: random ones.
#[derive(Clone, Default)]
pub(crate) struct Ids(Option<Arc<Guarded<Box<NewId>>>>);

impl Ids {
    pub(super) fn made_by(new_id: impl Fn() -> SessionId + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(Guarded::new(Box::new(new_id)))))
    }

    /// Returns whether the application makes the ids, and so may return one twice.
    pub(super) fn may_repeat(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn next(&self) -> SessionId {
        let new_id = self.0.as_ref().and_then(|new_id| guarded::call("`id_generator`", || new_id()));
        new_id.unwrap_or_else(random::session_id)
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.may_repeat() { "Ids(of the application)" } else { "Ids(random)" })
    }
}
