//! What a program that uses `sio` needs most: `use sio::prelude::*;`.

pub use crate::consumer::{Ack, EventName, State, Valid};
pub use crate::error::{ConnectError, EventError};
pub use crate::{
    Args, Binary, DisconnectReason, Extension, Handshake, Params, Path, Server, Socket, Value, consumer,
    event,
};
