//! [`Shared`]: the types of socket data that other nodes see, and that go along when a client moves to another node.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;

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
    /// Gives a socket the value that a JSON text has.
    #[cfg(feature = "cluster")]
    write: fn(&SocketData, &str) -> serde_json::Result<()>,
}

impl Shared {
    /// Shares a type under a name.
    pub(crate) fn add<T>(&mut self, name: String)
    where
        T: Serialize + DeserializeOwned + Send + Sync + 'static,
    {
        let read = |data: &SocketData| data.with(|value: &T| serde_json::to_string(value));
        self.0.push(Kind {
            name,
            read,
            #[cfg(feature = "cluster")]
            write: |data, text| {
                data.insert(serde_json::from_str::<T>(text)?);
                Ok(())
            },
        });
    }

    /// Returns whether two types have one name.
    pub(crate) fn has_twins(&self) -> bool {
        let names: HashSet<&str> = self.0.iter().map(|kind| &*kind.name).collect();
        names.len() < self.0.len()
    }

    /// Returns the values of a socket that are shared. One that cannot be written is left out, and that is logged.
    pub(crate) fn texts(&self, data: &SocketData) -> Texts {
        let texts = self.0.iter().filter_map(|Kind { name, read, .. }| {
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

    /// Gives a socket the values that it had at another node. One that cannot be read is left out, and that is logged.
    #[cfg(feature = "cluster")]
    pub(crate) fn put_back<'a>(&self, data: &SocketData, texts: impl Iterator<Item = (&'a str, &'a str)>) {
        for (name, text) in texts {
            let Some(kind) = self.0.iter().find(|kind| kind.name == name) else { continue };
            // The application's own code reads it.
            let read = guarded::call("a shared value", || (kind.write)(data, text));
            if let Some(Err(error)) = read {
                let about = About { event: Some(name), ..About::default() };
                limited!(
                    ERROR, LogLimiter::of_process(), about, target: "sio::cluster", { name, %error, },
                    "a shared value of a socket that comes from another node cannot be read, and is left out"
                );
            }
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|kind| &kind.name)).finish()
    }
}
