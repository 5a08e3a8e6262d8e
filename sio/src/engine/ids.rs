//! The ids of sessions: random ones, or those that the application makes.

use std::fmt;
use std::sync::Arc;

use sio_core::id::SessionId;

use crate::guarded::{self, Guarded};
use crate::random;

type NewId = dyn Fn() -> SessionId + Send + Sync;

/// Makes ids. Default: random ones.
#[derive(Clone, Default)]
pub(crate) struct Ids {
    application: Option<Arc<Guarded<Box<NewId>>>>,
    random: random::Ids,
}

impl Ids {
    pub(super) fn made_by(new_id: impl Fn() -> SessionId + Send + Sync + 'static) -> Self {
        Self { application: Some(Arc::new(Guarded::new(Box::new(new_id)))), random: random::Ids::default() }
    }

    /// Takes the ids that the application does not make from here.
    pub(crate) fn set_random(&mut self, random: random::Ids) {
        self.random = random;
    }

    /// Returns whether the application makes the ids, and so may return one twice.
    pub(crate) fn may_repeat(&self) -> bool {
        self.application.is_some()
    }

    pub(super) fn next(&self) -> SessionId {
        let application = self.application.as_ref();
        let new_id = application.and_then(|new_id| guarded::call("`id_generator`", || new_id()));
        new_id.unwrap_or_else(|| self.random())
    }

    pub(super) fn random(&self) -> SessionId {
        self.random.session_id()
    }
}

impl fmt::Debug for Ids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.may_repeat() { "Ids(of the application)" } else { "Ids(random)" })
    }
}
