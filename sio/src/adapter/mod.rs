//! Who is in which room, and how a packet reaches them.

mod index;
mod memory;
mod target;
mod wakes;

pub(crate) use self::memory::MemoryAdapter;
pub(crate) use self::target::Target;
pub(crate) use self::wakes::Wakes;
