//! Who is in a namespace, in which rooms, and delivery to them.

pub(crate) mod answer;
pub(crate) mod emission;
pub(crate) mod in_connect;
mod index;
pub(crate) mod member;
mod memory;
mod patience;
mod target;
mod wakes;

pub(crate) use self::memory::MemoryAdapter;
pub(crate) use self::patience::{Patience, Pressed};
pub(crate) use self::target::Target;
pub(crate) use self::wakes::Wakes;
