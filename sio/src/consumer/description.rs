//! [`Description`]: what the handlers of a consumer need, known before the server starts.

use std::any::{TypeId, type_name};

#[cfg(feature = "contract")]
use super::shape::Handlers;
#[cfg(doc)]
use super::state::State;
use crate::guarded;
use crate::log_limiter::{About, LogLimiter, limited};
use crate::params::{Params, PathError};
use crate::short::short;

/// The needs of a consumer's handlers, collected before the server starts.
#[derive(Debug)]
pub struct Description<'a> {
    needs: &'a mut Needs,
    /// `None` while a server starts: only the contract asks for them.
    #[cfg(feature = "contract")]
    pub(super) handlers: Option<&'a mut Handlers>,
}

/// The collected needs.
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
    /// Returns whether all handlers can take the parameters of this path.
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
    /// Returns what the handlers of a consumer need.
    pub(crate) fn collect(describe: fn(&mut Description<'_>)) -> Needs {
        let mut needs = Needs::default();
        describe(&mut Description {
            needs: &mut needs,
            #[cfg(feature = "contract")]
            handlers: None,
        });
        needs
    }

    /// Returns what the handlers of a consumer take and answer with.
    #[cfg(feature = "contract")]
    pub(crate) fn handlers(describe: fn(&mut Description<'_>)) -> Handlers {
        let (mut needs, mut handlers) = (Needs::default(), Handlers::default());
        describe(&mut Description { needs: &mut needs, handlers: Some(&mut handlers) });
        handlers
    }

    /// Declares that a [`State<T>`] is needed.
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
