//! Arguments of handlers: the trait behind them, and those that are not in the crate's root.
//!
//! [`FromEvent`] has the whole list of arguments, and shows how to write your own. A handler names what it needs:
//!
//! ```standalone_crate
//! use serde::Deserialize;
//! use sio::extract::{Extension, Invalid, Path, Validate};
//! use sio::prelude::*;
//!
//! struct User {
//!     name: String,
//! }
//!
//! #[derive(Deserialize)]
//! struct Say {
//!     text: String,
//! }
//!
//! impl Validate for Say {
//!     fn validate(&self) -> Result<(), Invalid> {
//!         if self.text.is_empty() { Err(Invalid::field("text", "must not be empty")) } else { Ok(()) }
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Room;
//!
//! #[consumer(namespace = "/rooms/{id}")]
//! impl Room {
//!     // A parameter of the namespace, a value that is kept with the socket, a payload that is checked.
//!     async fn event_say(Path(room): Path<u32>, user: Extension<User>, say: Valid<Say>) -> String {
//!         format!("{} in {room}: {}", user.name, say.text)
//!     }
//! }
//! # fn main() {}
//! ```
//!
//! | | |
//! |---|---|
//! | [`Ack`] | the answer to an event, as something to hold and send later |
//! | [`State`] | a value that all clients of the server share |
//! | [`Args`], [`EventName`] | all arguments of an event, and its name, for a fallback |
//! | [`Bytes`] | a payload of bytes, as [`Binary`](crate::Binary) holds them |
//! | [`Path`], [`Params`] | the parameters of a dynamic namespace, as types and as texts |
//! | [`Extension`], [`SocketData`] | values that are kept with a socket |
//! | [`HttpExtension`] | values that HTTP layers in front of the server have found out |
//! | [`Valid`], [`Validate`], [`Invalid`] | payloads that are checked |
//! | [`FromEvent`], [`Event`], [`Description`] | arguments of your own |
//!
//! [`Socket`](crate::Socket), [`Handshake`](crate::Handshake) and [`Server`](crate::Server) are arguments too.
//! [`prelude`](crate::prelude) has the most common ones; it leaves out those whose names are taken by axum as well.

pub use bytes::Bytes;
pub use sio_core::args::Args;

pub use crate::consumer::ack::Ack;
pub use crate::consumer::description::Description;
pub use crate::consumer::event::Event;
pub use crate::consumer::extract::{EventName, Extension, FromEvent, HttpExtension, Path};
pub use crate::consumer::state::State;
pub use crate::consumer::valid::{Invalid, Valid, Validate};
pub use crate::data::SocketData;
pub use crate::params::Params;
