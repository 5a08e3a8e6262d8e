//! Connection state recovery: a client that has lost its connection and comes back in time is the same socket as
//! before, in the same rooms, with the same data, and gets what it has missed.
//!
//! The state kept of one client is a [`ConnectionState`](crate::hub::state::ConnectionState). The [`Kept`] of the
//! namespace knows which of them there are, and which clients are waited for. A client that is away is *parked*: the
//! hub remembers its rooms, so that events sent to them are kept for it.

mod kept;
#[cfg(feature = "cluster")]
mod moving;
mod options;
mod parking;

pub(crate) use self::kept::{Keeping, Kept};
pub use self::options::Recovery;
