//! Connection state recovery: a client that has lost its connection and comes back in time is the same socket as before,
//! in the same rooms, with the same data, and gets what it has missed.
//!
//! What is kept of one client is a [`ConnectionState`](crate::hub::state::ConnectionState); which of them there are, and which of these are waited for, is
//! known to the [`Kept`] of the namespace. A client that is away is *parked*: the hub remembers its rooms, so that
//! what is sent to them is kept for it.

mod kept;
mod options;
mod parking;

pub(crate) use self::kept::{Keeping, Kept};
pub use self::options::Recovery;
