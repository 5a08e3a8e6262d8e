//! [`Shared`]: the types of socket data that other nodes see.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;

use super::SocketData;
use crate::guarded;
use crate::log_limiter::{About, LogLimiter, limited};

/// Socket data as others see it: JSON by name.
pub(crate) type Texts = BTreeMap<String, String>;

/// The types of socket data that other nodes see, in the order in which they were named.
#[derive(Default)]
pub(crate) struct Shared(Vec<Kind>);

struct Kind {
    name: String,
    /// Returns the value of a socket as JSON, if it has one.
    read: fn(&SocketData) -> Option<serde_json::Result<String>>,
}

impl Shared {
    /// Shares a type under a name.
    pub(crate) fn add<T: Serialize + Send + Sync + 'static>(&mut self, name: String) {
        let read = |data: &SocketData| data.with(|value: &T| serde_json::to_string(value));
        self.0.push(Kind { name, read });
    }

    /// Returns whether two types have one name.
    pub(crate) fn has_twins(&self) -> bool {
        let names: HashSet<&str> = self.0.iter().map(|kind| &*kind.name).collect();
        names.len() < self.0.len()
    }

    /// Returns the values of a socket that are shared. One that cannot be written is left out, and that is logged.
    pub(crate) fn texts(&self, data: &SocketData) -> Texts {
        let texts = self.0.iter().filter_map(|Kind { name, read }| {
            // The application's own code writes it.
            let text = guarded::call("a shared value", || read(data)).flatten()?;
            let name = name.clone();
            match text {
                Ok(text) => Some((name, text)),
                Err(error) => {
                    let about = About { event: Some(&name), ..About::default() };
                    limited!(
                        ERROR, LogLimiter::of_process(), about, target: "sio::cluster", { name, %error, },
                        "a shared value of a socket cannot be written as JSON, and is left out"
                    );
                    None
                }
            }
        });
        texts.collect()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|kind| &kind.name)).finish()
    }
}
