//! Whom a packet is for.

use sio_core::id::Sid;

/// Whom a packet is for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    /// Only the members of `rooms`, of whom there are none without a room; else everyone.
    pub(crate) is_limited: bool,
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) sender: Option<Sid>,
}
