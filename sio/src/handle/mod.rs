//! The handles that users hold: sockets, namespaces, and broadcasts to their clients.

pub(crate) mod ack_stream;
pub(crate) mod broadcast;
pub(crate) mod emit_options;
#[cfg(feature = "cluster")]
mod emitter;
mod expiring;
mod namespace;
mod questions;
pub(crate) mod remote_socket;
pub(crate) mod rooms;
pub(crate) mod socket;
pub(crate) mod typed;
mod user;
