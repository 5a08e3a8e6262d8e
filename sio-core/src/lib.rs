//! The Engine.IO v4 and Socket.IO v5 protocols without I/O.
//!
//! Clients of the protocols before these are spoken to with the help of [`v3`], and packets can be MessagePack instead
//! of JSON with that of `msgpack`, for which there is a feature of that name. So is there for `cluster`: what several
//! servers that act as one say to each other.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod args;
pub mod binary;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod engine;
pub mod id;
#[cfg(feature = "msgpack")]
pub mod msgpack;
pub mod name;
pub mod socket;
pub mod v3;
pub mod value;
