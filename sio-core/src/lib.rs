//! The Engine.IO v4 and Socket.IO v5 protocols without I/O.
//!
//! [`target`] says for whom a packet is. [`v3`] helps to speak with clients of older protocol versions. The feature
//! `msgpack` adds packets in MessagePack instead of JSON, and the feature `cluster` the messages between several
//! servers that act as one.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod args;
pub mod binary;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod date;
pub mod engine;
pub mod id;
#[cfg(feature = "msgpack")]
pub mod msgpack;
pub mod name;
mod pace;
#[cfg(feature = "schema")]
pub mod schema;
pub mod socket;
pub mod target;
pub mod v3;
pub mod value;
