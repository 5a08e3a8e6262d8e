//! What a profile's server can do, of all that a case may ask for.

use serde::Serialize;

/// What every profile of the acceptance application can do.
const COMMON: [&str; 6] =
    ["volatile", "local", "broadcast-ack", "dynamic-namespaces", "remote-sockets", "cors"];

/// The capabilities of one profile.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Capabilities(Vec<&'static str>);

impl Capabilities {
    /// Those that every profile has, and some of its own.
    pub(super) fn with(own: &[&'static str]) -> Self {
        Self([&COMMON, own].concat())
    }
}
