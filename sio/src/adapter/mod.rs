//! Who is in which room, and how a packet reaches them.

mod memory;

pub(crate) use self::memory::{MemoryAdapter, Target, drop_slow};
