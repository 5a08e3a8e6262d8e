//! A Socket.IO server framework.
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![allow(dead_code, reason = "the server that calls the consumers is not here yet")]

// The unit tests use `#[consumer]`, which writes `::sio`.
#[cfg(test)]
extern crate self as sio;

mod connection;
mod consumer;
mod error;
mod handshake;
pub mod prelude;
mod socket;

pub use sio_core::args::{ArgError, Args, Spread};
pub use sio_core::binary::Binary;
pub use sio_core::id::Sid;
pub use sio_core::socket::DisconnectReason;
pub use sio_core::value::Value;
#[doc = include_str!("consumer/consumer.md")]
pub use sio_macros::consumer;
#[doc = include_str!("consumer/event.md")]
pub use sio_macros::event;

pub use crate::consumer::{
    Ack, Consumer, Description, Event, EventInfo, EventName, FromEvent, IntoAccept, IntoConsumer, IntoReply,
    Reply, State,
};
pub use crate::error::{
    AckError, BuildError, ConnectError, EmitError, Error, EventError, IntoConnectError, IntoEventError,
    Problem, Result,
};
pub use crate::handshake::Handshake;
pub use crate::socket::Socket;

/// What `#[consumer]` writes calls to. Not for anybody else: it changes without notice.
#[doc(hidden)]
pub mod __private {
    pub use std::result::Result;
    pub use std::result::Result::{Err, Ok};

    pub use inventory;

    pub use crate::consumer::{
        AckedOutput, ConnectProbe, Disconnect, Failure, Fresh, HookArg, HookOutput, Probe, Registration,
        handler_future, put_error, via,
    };
}
