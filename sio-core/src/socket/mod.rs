//! Socket.IO protocol v5, without I/O.
//!
//! | module | what it does |
//! |---|---|
//! | [`packet`] | a packet, and what an event or acknowledgement in it holds |
//! | [`decode`] | text and attachments of one connection to packets |
//! | [`encode`] | what is sent, as ready-made WebSocket frames |
//! | [`client`] | which namespaces a connection has joined and what each packet means |
//! | [`acks`] | who waits for an acknowledgement |
//! | [`reason`] | why a socket is gone |
//! | [`recovery`] | how a client asks to go on where it lost its connection |
//!
//! Engine.IO, which carries the packets, is [`crate::engine`]. Rooms, tasks and time are the server's.

pub mod acks;
pub mod client;
pub mod decode;
pub mod encode;
pub mod packet;
pub mod reason;
pub mod recovery;

pub use self::acks::AckTable;
pub use self::client::{Action, Client, Key, Violation};
pub use self::decode::Decoder;
pub use self::packet::{DecodeError, Event, Kind, Packet};
pub use self::reason::{DisconnectReason, UnknownReason};
