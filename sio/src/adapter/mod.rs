//! Who is in which room, and how a packet reaches them.

mod memory;
mod wakes;

pub(crate) use self::memory::{MemoryAdapter, Target, drop_slow};
pub(crate) use self::wakes::Wakes;
