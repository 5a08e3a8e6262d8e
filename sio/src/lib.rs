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
//! #[derive(Serialize)]
//! struct Delivered {
//!     status: &'static str,
//! }
//!
//! #[derive(Default)]
//! struct ChatConsumer;
//!
//! #[consumer(namespace = "/chat")]
//! impl ChatConsumer {
//!     async fn connect(&mut self, socket: &Socket) -> sio::Result<bool> {
//!         socket.join("lobby").await?;
//!         socket.emit("system_message", &ChatMessage { text: "Welcome!".to_owned() }).await?;
//!         Ok(true)
//!     }
//!
//!     async fn event_chat_message(&mut self, socket: &Socket, payload: ChatMessage) -> sio::Result<Delivered> {
//!         socket.namespace().to("lobby").emit("chat_message", &payload).await?;
//!         Ok(Delivered { status: "ok" })
//!     }
//! }
//!
//! #[tokio::main]
//! async fn main() -> sio::Result<()> {
//!     tracing_subscriber::fmt().init();
//!     sio::serve("127.0.0.1:3000").await
//! }
//! ```
//!
//! Its client, in Node.js or in a page:
//!
//! ```js
//! import { io } from "socket.io-client"; // in a page: the global `io` of its script
//!
//! const socket = io("http://127.0.0.1:3000/chat");
//! socket.on("system_message", ({ text }) => console.log(text)); // Welcome!
//! socket.on("chat_message", ({ text }) => console.log(text)); // Hello
//! socket.emit("chat_message", { text: "Hello" }, (ack) => console.log(ack)); // { status: 'ok' }
//! ```
//!
//! Nothing is registered by hand: [`serve`] finds every consumer of the program. Consumers in a library crate are found
//! if the program mentions that crate: `use my_consumers as _;`.
//!
//! ```toml
//! [dependencies]
//! serde = { version = "1", features = ["derive"] }
//! sio-server = "0.1"
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! tracing-subscriber = "0.3"
//! ```
//!
//! # How it works
//!
//! **One value of the consumer for each client.** `&mut self` is that client's own state. Its events are handled in
//! the order of arrival, one at a time, so no lock is needed; a handler marked `concurrent` runs beside the others.
//! The value comes from [`Default`], or from a `connect` without `self` that makes it of the auth payload. State that
//! several clients share is a [`State`].
//!
//! **Arguments are told apart by type.** [`&Socket`](Socket), [`State`], [`Ack`], [`&Handshake`](Handshake) and some
//! more are provided; everything else that can be deserialized is the next argument that the client sent. [`extract`]
//! has the whole list, [`macro@consumer`] and [`macro@event`] what methods and options there are.
//!
//! **Every acknowledgement that a client asks for is answered once**: with what the handler returns, or with an error:
//!
//! ```json
//! {"status": "error", "code": "invalid_payload", "message": "Invalid payload", "index": 0, "detail": "missing field `text`"}
//! ```
//!
//! `?` turns any error into the code `internal`, and the client sees no details; [`Error::new`] makes an error that the
//! client may read. A payload that does not fit, an unknown event, a panic and a handler that takes too long are
//! answered in the same way, and do not end the connection.
//!
//! **A handler that waits costs only its own time.** Heartbeats, acknowledgements and disconnects do not wait for it.
//! One that blocks its thread holds up other clients: leave such work to [`tokio::task::spawn_blocking`].
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
//! | [`macro@handlers`] | handlers that several consumers share |
//! | [`macro@emits`] | the events that the server sends, declared with their types |
//! | [`Socket`] | one client in one namespace: emit, join, leave, disconnect |
//! | [`Namespace`] | many clients at once: all of them, or those in some rooms; [`emit`] has the types for that |
//! | [`Ack`] | answering a client by hand |
//! | [`State`], [`Handshake`] | what all consumers share; the request of the client |
//! | [`Value`], [`Binary`] | a payload of any shape; bytes inside a payload |
//! | [`extract`] | all that handlers can take; parameters of namespaces, payloads that are checked |
//! | [`error`] | what clients learn when something fails, and what can fail |
//! | [`middleware`] | what stands in front of consumers, and around events |
//! | [`observe`] | what happens in a server, for logs and metrics |
//! | [`Server`], [`Builder`], [`options`] | a server with options of its own, several of them, [graceful shutdown](Server::close) |
//! | [`mod@consumer`] | consumers that are written by hand |
//! | [`http`] | the hyper service and the tower layer, for your own server or in front of it |
//! | [`engine`] | Engine.IO alone, without Socket.IO on top |
//! | `cluster` | several servers that act as one, with the features `cluster` and `redis` |
//! | `contract` | the events of a program with their types, for its clients, with the feature `contract` |
//! | `testing` | clients in the process of a test, with the feature `testing` |
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
//! | `admin` | no | `Builder::admin`: the namespace of the Admin UI, `@socket.io/admin-ui` |
//! | `compression` | no | gzip and deflate for polling answers, from 1,024 bytes on; `Builder::websocket_compression` |
//! | `msgpack` | no | [`options::Parser`]`::MessagePack`, for clients that speak MessagePack |
//! | `redis` | no | `sio::cluster` over Redis or Valkey: several servers that act as one |
//! | `redis-tls` | no | the same over TLS: `rediss://`, by rustls with ring and the system's certificates |
//! | `amqp`, `amqp-tls` | no | `sio::cluster` over RabbitMQ, and over TLS: `amqps://` |
//! | `nats`, `nats-tls` | no | `sio::cluster` over NATS, and over TLS: `tls://` |
//! | `postgres`, `postgres-tls` | no | `sio::cluster` over PostgreSQL, and over TLS |
//! | `python`, `python-pickle` | no | nodes beside servers of python-socketio and Flask-SocketIO, and beside those of old versions |
//! | `node` | no | nodes beside Node's servers |
//! | `cluster` | no | `sio::cluster` without a broker: for your own, and for tests |
//! | `contract` | no | `sio::contract`: the events of a program as TypeScript and AsyncAPI, and a page for developers |
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

#[cfg(feature = "admin")]
mod admin;
mod builder;
#[cfg(feature = "cluster")]
pub mod cluster;
mod codec;
mod connection;
pub mod consumer;
#[cfg(feature = "contract")]
pub mod contract;
mod counters;
mod data;
pub mod emit;
pub mod engine;
pub mod error;
pub mod extract;
// Not part of the interface: the project's own fuzzers come in here (`sio-core/fuzz`).
#[cfg(feature = "testing")]
#[doc(hidden)]
pub mod fuzzing;
mod give_back;
mod guarded;
mod handle;
mod handshake;
mod heavy;
pub mod http;
mod hub;
mod log_limiter;
pub mod middleware;
mod missing;
mod namespaces;
pub mod observe;
pub mod options;
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
mod sync;
#[cfg(feature = "testing")]
pub mod testing;
mod transport;
mod turn;
mod until;
mod via;
mod watchdog;

use tokio::net::ToSocketAddrs;

pub use sio_core::binary::Binary;
pub use sio_core::id::Sid;
pub use sio_core::socket::DisconnectReason;
pub use sio_core::value::Value;
#[doc = include_str!("consumer/consumer.md")]
pub use sio_macros::consumer;
#[doc = include_str!("handle/emits.md")]
pub use sio_macros::emits;
#[doc = include_str!("consumer/event.md")]
pub use sio_macros::event;
#[doc = include_str!("consumer/handlers.md")]
pub use sio_macros::handlers;

pub use self::builder::Builder;
#[doc(inline)]
pub use self::error::{Error, Result};
pub use self::handle::socket::Socket;
pub use self::handshake::Handshake;
pub use self::hub::Namespace;
pub use self::server::Server;

// The documentation of the attributes names them.
#[cfg(doc)]
use self::extract::{Ack, State};

#[doc(hidden)]
pub mod __private {
    //! The items that generated code uses. Not public API: it changes with every version.

    /// Passes on the code that the macros of this version have written, and explains that of any other.
    ///
    /// The rules must be those of a macro: names that another version does not have are looked for only after it has
    /// been expanded, so one error takes the place of many. The first rule has the version of the package; no test of
    /// a consumer compiles while the two differ.
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __sio_generated {
        ("0.1.0" $($code:tt)*) => { $($code)* };
        ($version:literal $($code:tt)*) => {
            ::core::compile_error!(::core::concat!(
                "this attribute is of sio-macros ", $version, ", which belongs to another version of `sio`: ",
                "use the attributes that this `sio` has, and look with `cargo tree -i sio-macros` for who brings the others"
            ));
        };
    }

    /// Compiles what the macros say of the shapes of handlers, with the feature `contract` only.
    #[cfg(feature = "contract")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __sio_contract {
        ($($code:tt)*) => { $($code)* };
    }

    /// Compiles what the macros say of the shapes of handlers, with the feature `contract` only.
    #[cfg(not(feature = "contract"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __sio_contract {
        ($($code:tt)*) => {};
    }

    pub use __sio_contract as contract;
    /// The description of a declared event: its name now, and with the feature `contract` its documentation, the names
    /// and shapes of its arguments, and that of its answer. A macro, because the attribute cannot know which features
    /// `sio` has.
    #[cfg(not(feature = "contract"))]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __sio_sent_event {
        ($name:literal, $docs:literal, [$($arg:literal: $ty:ty),*] $(-> $answer:ty)?) => {
            $crate::__private::SentEvent::new($name)
        };
    }

    /// As above, and tells the contract of the shapes of arguments and answer.
    #[cfg(feature = "contract")]
    #[doc(hidden)]
    #[macro_export]
    macro_rules! __sio_sent_event {
        ($name:literal, $docs:literal, [$($arg:literal: $ty:ty),*] $(-> $answer:ty)?) => {
            $crate::__private::SentEvent::new($name).described(
                $docs,
                &[$(($arg, || $crate::__private::SentProbe::<$ty>::NEW.__sio_typed())),*],
                &[$(|| $crate::__private::SentProbe::<$answer>::NEW.__sio_typed()),*],
            )
        };
    }

    pub use __sio_generated as generated;
    pub use __sio_sent_event as sent_event;
    pub use std::result::Result;
    pub use std::result::Result::{Err, Ok};

    pub use inventory;

    pub use crate::consumer::accept::{ConnectProbe, Fresh, IntoAccept};
    pub use crate::consumer::description::Description;
    pub use crate::consumer::event::{Event, put_error};
    pub use crate::consumer::explained::{
        Borrowing, EachTypeHasOneConsumerBlock, EachTypeHasOneHandlersBlock, KnownToAxum,
    };
    pub use crate::consumer::extract::FromEvent;
    pub use crate::consumer::hook::{Disconnect, Failure, HookArg, HookOutput};
    pub use crate::consumer::names::Names;
    pub use crate::consumer::reply::{AckedOutput, Probe, Reply, handler_future};
    pub use crate::consumer::set::{Handlers, SetOf, on_concurrent_of};
    #[cfg(feature = "contract")]
    pub use crate::consumer::shape::{ArgProbe, CodesProbe, ReplyProbe, SentProbe};
    pub use crate::consumer::{Consumer, EventInfo};
    pub use crate::error::connect::ConnectFailure;
    pub use crate::error::event::{Conversion, HandlerError, StdEventError};
    pub use crate::error::{ConnectError, Error};
    pub use crate::handle::typed::{Argument, Ask, ClientAnswer, Declared, Emit, Payload};
    pub use crate::namespaces::declarations::{Emits, SentEvent};
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
