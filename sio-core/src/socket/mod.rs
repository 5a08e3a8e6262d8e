//! Socket.IO v5.
pub mod acks;
pub mod client;
pub mod decode;
pub mod encode;
pub mod packet;
pub mod reason;
