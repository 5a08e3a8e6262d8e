//! What most consumers need: `use sio::prelude::*;`.

pub use crate::{
    Ack, Args, Binary, ConnectError, DisconnectReason, EventError, EventName, Handshake, Socket, State,
    Value, consumer, event,
};
