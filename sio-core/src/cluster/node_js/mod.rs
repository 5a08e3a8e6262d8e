//! The messages of Node's servers to each other, as `@socket.io/redis-adapter` writes them, and `@socket.io/redis-emitter`.
//!
//! Names at the broker begin with a key, [`KEY`] by default, and hold the namespace:
//!
//! ```text
//! KEY#NSP#             events, as MessagePack; those for exactly one room have its name behind that, and another #
//! KEY-request#NSP#     requests, as JSON, or as MessagePack where there may be bytes
//! KEY-response#NSP#    answers, likewise
//! ```
//!
//! A server asks how many have subscribed to the requests of a namespace, and waits for as many answers. So whoever
//! subscribes there has to answer everything in time.

mod read;
pub mod sharded;
mod write;

pub use self::read::{Answer, Answered, Request, What, read_answer, read_event, read_request};
pub use self::write::{
    acknowledged, answer_sockets, answer_text, asked, asks, change, event, request, rooms_of, value_of,
};

/// The default key.
pub const KEY: &str = "socket.io";

/// How Node's servers are named in errors.
const SERVERS: &str = "Node";
