//! Packets as MessagePack maps, the wire format of the npm package `socket.io-msgpack-parser` and of python-socketio's
//! `serializer="msgpack"`.
//!
//! Server and client have to agree on it beforehand; nothing on the wire shows it. Every packet is one binary Engine.IO
//! message:
//!
//! ```text
//! packet = { "type": kind, "nsp": namespace, "data": payload, "id": number }      data and id where there are any
//! kind   = 0 CONNECT | 1 DISCONNECT | 2 EVENT | 3 ACK | 4 CONNECT_ERROR
//! ```
//!
//! Bytes are `bin` inside the payload, so there are no attachments on the wire. Everything above is the same code for
//! both formats nevertheless: a [`Decoder`] gives the packets that [`socket::Decoder`](crate::socket::Decoder) gives,
//! their payload rewritten as JSON text with bytes as attachments, and [`encode`] rewrites the frames that
//! [`socket::encode`](crate::socket::encode) makes.
//!
//! # What becomes of values that JSON does not have
//!
//! | MessagePack | JSON text | because |
//! |---|---|---|
//! | `bin`; `ext 8`, `16`, `32` of type 0 | an attachment | JavaScript's typed arrays are sent as the latter |
//! | `fixext 1` of type 0 | `null` | JavaScript's `undefined` |
//! | `fixext 8` of type 0; type -1 | `"2020-01-02T03:04:05.006Z"` | a date; what JavaScript's JSON makes of it |
//! | any other `ext` | `[type, attachment]` | what JavaScript's decoder makes of it |
//! | NaN and infinite floats | `null` | what JavaScript's JSON makes of them |
//! | integers beyond 2^53 | as they are | JavaScript alone rounds them |
//! | `str` that is not UTF-8 | U+FFFD for what is not | as lone surrogates are treated in JSON |
//! | keys: integers, finite floats, booleans, nil | their text | JavaScript and Python do so; other keys are refused |
//!
//! Sent data may hold an object that looks like the placeholder of an attachment, beside bytes too: packets are made by
//! [`Encoder::rewritten`](crate::socket::encode::Encoder::rewritten). So may received data: the placeholders that
//! [`Decoder`] writes end with a space and a brace, ` }`, and [`Args`](crate::args::Args) takes every other object for
//! data.

mod decode;
mod encode;
mod error;
mod stamp;
mod token;
mod transcode;

pub use self::decode::Decoder;
pub use self::encode::encode;
#[cfg(feature = "node")]
pub(crate) use self::encode::write_json;
pub use self::error::{EncodeError, Malformed};
pub use self::stamp::stamp;
#[cfg(feature = "node")]
pub(crate) use self::transcode::to_json;
