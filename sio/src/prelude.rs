//! The items that most programs with `sio` need: `use sio::prelude::*;`.

pub use crate::consumer::{Ack, EventName, State, Valid};
pub use crate::error::{ConnectError, EventError};
pub use crate::{
    Args, Binary, DisconnectReason, Extension, Handshake, Params, Path, Server, Socket, Value, consumer,
    event,
};
