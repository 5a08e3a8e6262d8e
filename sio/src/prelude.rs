//! The items that most programs with `sio` need: `use sio::prelude::*;`.
//!
//! Names that other crates of such programs have as well are not among them: `Value` of `serde_json`, `Path` and
//! `Extension` of axum. [`sio::Value`](crate::Value) and [`sio::extract`](crate::extract) are imported by name.

pub use sio_core::args::Args;
pub use sio_macros::{consumer, emits, event, handlers};

pub use crate::consumer::ack::Ack;
pub use crate::consumer::extract::EventName;
pub use crate::consumer::state::State;
pub use crate::consumer::valid::Valid;
pub use crate::error::ConnectError;
pub use crate::{Binary, DisconnectReason, Handshake, Server, Socket};
