//! Connection state recovery: a client that has lost its connection and comes back in time is the same socket as before,
//! in the same rooms, with the same data, and gets what it has missed.
//!
//! What is kept of one client is a [`ConnectionState`]; which of them there are, and which of these are waited for, is
//! known to the [`Kept`] of the namespace. A client that is away is *parked*: the adapter remembers its rooms, so that
//! what is sent to them is kept for it.

mod kept;
mod log;
mod memory;
mod options;
mod parking;
mod state;

pub(crate) use self::kept::{Keeping, Kept};
pub use self::options::Recovery;
pub(crate) use self::state::ConnectionState;

use sio_core::socket::DisconnectReason;

/// Whether a client that has gone for this reason may come back: it did not mean to leave, and nobody wanted it to.
pub(crate) fn may_come_back(reason: DisconnectReason) -> bool {
    use DisconnectReason as R;
    matches!(reason, R::TransportClose | R::TransportError | R::PingTimeout | R::ForcedClose | R::SlowClient)
}
