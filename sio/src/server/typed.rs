//! Typed emits to the namespace `/`.

use super::Server;
use crate::error::EmitError;
use crate::handle::broadcast::Broadcast;
use crate::handle::typed::{Ask, ClientAnswer, Declared, Emit, Payload, Sealed, everybody};

everybody! {
    Server, |this| this.broadcast();
}
