//! Engine.IO v4.
pub mod config;
pub mod frame;
pub mod handshake;
pub mod packet;
pub mod payload;
pub mod session;
