//! A Socket.IO server framework: annotate an impl block, and its methods answer the events of a namespace.
//!
//! TODO-DOC
#![forbid(unsafe_code)]

// The macro writes `::sio`, also in our own tests.
#[cfg(test)]
extern crate self as sio;
#[cfg(test)]
mod testing;

mod ack_wait;
mod adapter;
mod broadcast;
mod builder;
mod connection;
mod consumer;
mod data;
mod direct;
mod drain;
pub mod engine;
mod error;
mod handshake;
pub mod http;
mod listeners;
mod middleware;
mod namespace;
mod namespaces;
mod params;
pub mod prelude;
mod random;
mod rooms;
mod serve;
mod server;
mod socket;
mod transport;

use tokio::net::ToSocketAddrs;

pub use sio_core::args::{ArgError, Args, EncodeError, Spread};
pub use sio_core::binary::Binary;
pub use sio_core::id::Sid;
pub use sio_core::socket::DisconnectReason;
pub use sio_core::value::Value;
#[doc = include_str!("consumer/consumer.md")]
pub use sio_macros::consumer;
#[doc = include_str!("consumer/event.md")]
pub use sio_macros::event;

pub use self::broadcast::{AckStream, Broadcast};
pub use self::builder::Builder;
pub use self::consumer::{
    Ack, Consumer, Description, Event, EventInfo, EventName, FromEvent, IntoAccept, IntoConsumer, IntoReply,
    Invalid, Rate, Reply, State, Valid, Validate,
};
pub use self::data::{Extension, SocketData};
pub use self::direct::Direct;
pub use self::engine::TransportKind;
pub use self::error::{
    AckError, BuildError, ConnectError, EmitError, Error, EventError, IntoConnectError, IntoEventError,
    Problem, Result,
};
pub use self::handshake::Handshake;
pub use self::http::{AllowedOrigins, Cookie, SameSite};
pub use self::listeners::{Outgoing, RoomEvent};
pub use self::middleware::{Call, Connecting, Next};
pub use self::namespace::Namespace;
pub use self::params::{Params, Path};
pub use self::rooms::IntoRooms;
pub use self::server::Server;
pub use self::socket::Socket;

#[doc(hidden)]
pub mod __private {
    //! What generated code calls. Not for anybody else: it changes with every version.
    pub use std::result::Result;
    pub use std::result::Result::{Err, Ok};

    pub use inventory;

    pub use crate::consumer::{
        AckedOutput, ConnectProbe, Disconnect, Failure, Fresh, HookArg, HookOutput, Probe, Registration,
        handler_future, put_error, via,
    };
}

/// Serves all consumers of the program on an address, until SIGINT or SIGTERM.
///
/// # Errors
///
/// When the consumers do not fit together (see [`Builder::build`]) or the address cannot be listened on.
pub async fn serve(address: impl ToSocketAddrs) -> Result<()> {
    Server::global()?.serve(address).await
}

/// The global server, made of all consumers of the program on first use.
///
/// # Panics
///
/// When the consumers do not fit together; [`serve`] gives the same as an error.
#[must_use]
pub fn server() -> Server {
    match Server::global() {
        Ok(server) => server,
        Err(error) => panic!("{error}"),
    }
}
