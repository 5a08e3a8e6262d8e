//! Who is in which room, and how a packet reaches them.

mod index;
mod memory;
mod patience;
mod target;
mod wakes;

pub(crate) use self::memory::MemoryAdapter;
pub(crate) use self::patience::{Patience, Pressed};
pub(crate) use self::target::Target;
pub(crate) use self::wakes::Wakes;
