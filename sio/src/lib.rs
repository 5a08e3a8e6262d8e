//! A Socket.IO server framework: annotate an impl block, and its methods answer the events of a namespace.
//!
//! You write *consumers*, plain structs with async methods. `sio` does everything below them: HTTP and WebSocket,
//! heartbeats, the upgrade from long-polling, packets, namespaces, rooms and acknowledgements. Clients are the official
//! ones, in the browser, Node.js, Python and elsewhere; they speak Engine.IO 4 and Socket.IO 5, or Engine.IO 3 where
//! [`Builder::allow_eio3`] lets them in.
//!
//! # A complete server
//!
//! ```no_run,standalone_crate
//! use serde::{Deserialize, Serialize};
//! use sio::prelude::*;
//!
//! #[derive(Serialize, Deserialize)]
//! struct ChatMessage {
//!     text: String,
//! }
//!
//! #[derive(Default)]
//! struct Chat {
//!     written: u32,
//! }
//!
//! #[consumer(namespace = "/chat")]
//! impl Chat {
//!     async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
//!         socket.join("lobby").await?;
//!         Ok(true)
//!     }
//!
//!     /// For the event `chat_message`. What it returns is the acknowledgement.
//!     async fn event_chat_message(&mut self, socket: &Socket, message: ChatMessage) -> sio::Result<u32> {
//!         socket.namespace().to("lobby").emit("chat_message", &message).await?;
//!         self.written += 1;
//!         Ok(self.written)
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> sio::Result {
//!     sio::serve("127.0.0.1:3000").await
//! }
//! ```
//!
//! ```js
//! const socket = io("http://127.0.0.1:3000/chat");
//! socket.on("chat_message", ({ text }) => console.log(text));
//! socket.emit("chat_message", { text: "Hello" }, (written) => console.log(written)); // 1
//! ```
//!
//! Nothing is registered by hand: [`serve`] finds every consumer of the program.
//!
//! # How it works
//!
//! **One value of the consumer for each client.** `&mut self` is that client's own state. Its events are handled in
//! the order of arrival, one at a time, so no lock is needed; a handler marked `concurrent` runs beside the others.
//! The value comes from [`Default`], or from a `connect` without `self` that makes it of the auth payload. State that
//! several clients share is a [`State`].
//!
//! **Arguments are told apart by type.** [`&Socket`](Socket), [`State`], [`Ack`], [`&Handshake`](Handshake) and some
//! more are provided; everything else that can be deserialized is the next argument that the client sent. [`FromEvent`]
//! has the whole list, [`macro@consumer`] and [`macro@event`] what methods and options there are.
//!
//! **Every acknowledgement that a client asks for is answered once**: with what the handler returns, or with an
//! object of `status`, `code` and `message`. `?` turns any error into code `internal`, and the client sees no
//! details; [`Error::new`] makes an error that it may read. A payload that does not fit, an unknown event, a panic
//! and a handler that takes too long are answered in the same way, and do not end the connection.
//!
//! **A slow handler costs only its own time.** Heartbeats, acknowledgements and disconnects do not wait for it.
//! Queues are bounded: a server that is behind stops reading from that client. A client that reads too slowly is
//! disconnected; broadcasts never skip it silently.
//!
//! **Closed by default.** Only pages of the server's own origin may connect, until [`Builder::allowed_origins`] names
//! others. If `connect` fails or panics, the client is refused.
//!
//! # Saying something to clients
//!
//! ```
//! # use sio::prelude::*;
//! # async fn example(socket: &Socket) -> sio::Result {
//! socket.emit("score", &(3, 2)).await?; // to this client; a tuple is several arguments
//! let is_sure: bool = socket.emit_with_ack("confirm", "Really?").await?;
//! socket.to("lobby").emit("joined", &socket.id()).await?; // to a room, but not to this client
//! socket.namespace().to("lobby").except("muted").emit("news", "Goal!").await?;
//! socket.server().of("/chat").emit("notice", "We close in five minutes").await?; // from anywhere
//! # Ok(())
//! # }
//! ```
//!
//! Everything that is `Serialize` can be sent, and bytes anywhere inside it, as [`Binary`], travel as attachments.
//!
//! # What is where
//!
//! | | |
//! |---|---|
//! | [`macro@consumer`], [`macro@event`] | what a consumer consists of |
//! | [`Socket`] | one client in one namespace: emit, join, leave, disconnect |
//! | [`Namespace`], [`Broadcast`] | many clients at once: all of them, or those in some rooms |
//! | [`Ack`], [`AckStream`] | answering a client by hand; the answers of many |
//! | [`State`], [`Handshake`], [`Value`] | what all consumers share; the request of the client; a payload of any shape |
//! | [`Params`], [`Path`] | namespaces with parameters: `#[consumer(namespace = "/org/{id}")]` |
//! | [`Builder::on_connecting`], [`Builder::middleware`] | what stands in front of consumers |
//! | [`Socket::data`], [`Extension`] | what is kept with a socket, for others to see |
//! | [`Handshake::extension`], [`HttpExtension`] | what HTTP layers in front of the server have found out |
//! | [`Builder::connection_state_recovery`], [`Recovery`] | clients that go on where they lost their connection |
//! | [`Valid`], [`Validate`] | payloads that are checked |
//! | [`Error`], [`ConnectError`], [`IntoEventError`] | what clients learn when something fails |
//! | [`Server`], [`Builder`] | a server with options of its own, several of them, [graceful shutdown](Server::close) |
//! | [`http`] | the hyper service and the tower layer, for your own server or in front of it |
//! | [`engine`] | Engine.IO alone, without Socket.IO on top |
//!
//! [`prelude`] has what most programs need. The protocol itself, without tasks, sockets and clock, is the crate
//! `sio-core`.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `static-files` | no | `Builder::static_files` and `Builder::client_files`: a page and the browser client beside Socket.IO |
//! | `tower` | no | [`Service`](http::Service) as a tower service, and `Server::layer` to put it in front of another |
//! | `axum` | no | `tower`, and clients' addresses from axum's `ConnectInfo` |
//! | `tls` | no | `Server::serve_tls`, by rustls with ring |
//! | `compression` | no | gzip and deflate for polling answers, from 1,024 bytes on |
//! | `msgpack` | no | [`Parser`]`::MessagePack`, for clients that speak MessagePack |
//! | `redis` | no | `sio::cluster` over Redis or Valkey: several servers that act as one |
//! | `cluster` | no | `sio::cluster` without a broker: for your own, and for tests |
//! | `testing` | no | `sio::testing`: clients in the process of a test |
//!
//! `sio` logs through `tracing`, with targets that begin with `sio::`; install a subscriber to see the logs.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

// The macro writes `::sio`, also in our own tests.
#[cfg(test)]
extern crate self as sio;
#[cfg(test)]
mod packet_client;

mod builder;
#[cfg(feature = "cluster")]
pub mod cluster;
mod codec;
mod connection;
mod consumer;
mod data;
pub mod engine;
mod error;
mod guarded;
mod handle;
mod handshake;
pub mod http;
mod hub;
mod log_limiter;
mod middleware;
mod namespaces;
mod observe;
mod params;
mod parser;
mod peer;
mod places;
pub mod prelude;
mod random;
mod recovery;
mod server;
mod short;
mod shutdown;
mod state_map;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod turn;
mod via;

use tokio::net::ToSocketAddrs;

/// The version of the crate `bytes` that [`Binary`] and [`Value`] are made of.
pub use bytes;
pub use sio_core::args::{ArgError, Args, EncodeError, Spread};
pub use sio_core::binary::Binary;
pub use sio_core::id::Sid;
pub use sio_core::socket::{DisconnectReason, UnknownReason};
pub use sio_core::value::{NotJson, Value};
#[doc = include_str!("consumer/consumer.md")]
pub use sio_macros::consumer;
#[doc = include_str!("consumer/event.md")]
pub use sio_macros::event;
#[doc = include_str!("error/event_error.md")]
pub use sio_macros::event_error;

pub use self::builder::{Builder, Eio3};
pub use self::consumer::{
    Ack, Consumer, Description, Event, EventInfo, EventName, Extension, FromEvent, HttpExtension, IntoAccept,
    IntoConsumer, IntoReply, Invalid, Path, Rate, Reply, State, Valid, Validate,
};
pub use self::data::SocketData;
pub use self::engine::TransportKind;
pub use self::error::{
    AckError, BuildError, ConnectError, EmitError, Error, EventError, IntoConnectError, IntoEventError,
    Problem, Result,
};
pub use self::handle::ack_stream::AckStream;
pub use self::handle::broadcast::Broadcast;
pub use self::handle::emit_options::EmitOptions;
pub use self::handle::rooms::IntoRooms;
pub use self::handle::socket::Socket;
pub use self::handshake::Handshake;
pub use self::http::{AllowedOrigins, Cookie, SameSite};
pub use self::hub::{Namespace, RoomEvent};
pub use self::middleware::{Call, Connecting, Next};
pub use self::observe::{Handled, Observer, Outcome, Outgoing, SocketChange};
pub use self::params::Params;
pub use self::parser::Parser;
pub use self::recovery::Recovery;
pub use self::server::{Server, shutdown_signal};
/// The version of rustls that [`Server::serve_tls`] takes its configuration from, with ring as the only provider.
#[cfg(feature = "tls")]
pub use tokio_rustls::rustls;

#[doc(hidden)]
pub mod __private {
    //! The items that generated code uses. Not public API: it changes with every version.
    pub use std::result::Result;
    pub use std::result::Result::{Err, Ok};

    pub use inventory;

    pub use crate::consumer::{
        AckedOutput, ConnectProbe, Disconnect, Failure, Fresh, HookArg, HookOutput, Probe, handler_future,
        put_error,
    };
    pub use crate::error::{ConnectFailure, Conversion, HandlerError, StdEventError};
    pub use crate::namespaces::registration::Registration;

    pub mod via {
        //! By which way a type gets in or out of a handler.
        pub use crate::via::{Outcome, Payload, Server, Value};
    }
}

/// Serves all consumers of the program on an address, until SIGINT or SIGTERM.
///
/// # Errors
///
/// When the consumers do not fit together (see [`Builder::build`]) or the address cannot be listened on.
pub async fn serve(address: impl ToSocketAddrs + std::fmt::Debug) -> Result<()> {
    Server::global()?.serve(address).await
}

/// Returns the global server, made of all consumers of the program on first use.
///
/// # Panics
///
/// If the consumers do not fit together; [`serve`] returns the same as an error.
#[must_use]
pub fn server() -> Server {
    match Server::global() {
        Ok(server) => server,
        Err(error) => panic!("{error}"),
    }
}
