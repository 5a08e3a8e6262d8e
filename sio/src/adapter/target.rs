//! Whom a packet is for.

use sio_core::id::Sid;

/// Whom a packet is for. Without rooms: everyone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Target {
    pub(crate) rooms: Vec<String>,
    pub(crate) except: Vec<String>,
    pub(crate) sender: Option<Sid>,
}
