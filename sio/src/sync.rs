//! The locks and atomics of the modules that several threads enter.
//!
//! `tests/schedules` compiles those modules once more, with a module in the place of this one whose every step lets a
//! scheduler choose who goes on. So they take all that they synchronize by from here.

pub(crate) use std::sync::{Mutex, MutexGuard, atomic};

pub(crate) use tokio::runtime::Handle;
pub(crate) use tokio::sync::Notify;
pub(crate) use tokio::task::yield_now;
