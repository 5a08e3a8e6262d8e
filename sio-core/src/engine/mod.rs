//! Engine.IO protocol v4: packets, polling bodies, WebSocket frames, the handshake and the session's state.
//!
//! Nothing here reads a socket, a clock or a source of randomness, and nothing here knows what a message means:
//! that is [`crate::socket`], one floor up. Differences of protocol v3 are in [`crate::v3`], but for the
//! heartbeat of their sessions, which is here.

pub mod config;
pub mod frame;
pub mod handshake;
pub mod packet;
pub mod payload;
pub mod session;

mod heartbeat;
mod output;
mod state;
