//! Older protocol versions: how clients of Engine.IO protocol v3 and Socket.IO protocol v4, that is
//! `socket.io-client` 2.x and its contemporaries, differ from present ones.
//!
//! | module | what it does |
//! |---|---|
//! | [`packet`] | one packet: binary messages have a type of their own |
//! | [`payload`] | polling bodies: lengths instead of separators, and a second form for bytes |
//! | [`socket`] | CONNECT and its answers: a query instead of an auth payload, and plain errors |
//!
//! The reversed heartbeat is an option of the [session](crate::engine::session::Session::open_revision). A queue keeps
//! what it has to send in the same form for every client, the frames of [`engine::frame`](crate::engine::frame); a
//! transport of revision 3 turns them into what goes over the wire. Not here: JSONP polling.

pub mod packet;
pub mod payload;
pub mod socket;
