//! A Socket.IO server framework: so far its lower half, Engine.IO over HTTP.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod engine;
mod handshake;
pub mod http;
mod random;
mod transport;

pub use self::handshake::Handshake;
