//! What users hold: sockets, namespaces, and ways of saying something to them.

pub(crate) mod ack_stream;
pub(crate) mod broadcast;
pub(crate) mod direct;
mod namespace;
pub(crate) mod rooms;
pub(crate) mod socket;
