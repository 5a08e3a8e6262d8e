//! The memory of all events that are kept, of all clients together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

/// One client may keep as much as this part of the memory that is left.
const PARTS: usize = 64;

/// Counts the bytes of events that may be kept. An event counts once, however many clients keep it.
#[derive(Debug)]
pub(crate) struct Memory {
    max: usize,
    used: AtomicUsize,
}

/// The bytes of one event.
struct Counted {
    bytes: Bytes,
    memory: Arc<Memory>,
}

impl Memory {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, used: AtomicUsize::new(0) }
    }

    /// The same bytes, which count for as long as any copy of them is left.
    pub(crate) fn count(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Bytes::from_owner(Counted { bytes, memory: Arc::clone(self) })
    }

    /// How many bytes of events one client may keep now: less and less as the memory fills, so that those who keep much
    /// give way before there is none for the others.
    pub(crate) fn share(&self) -> usize {
        self.max.saturating_sub(self.used.load(Ordering::Relaxed)) / PARTS
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_counts_once_until_its_last_copy_is_gone() {
        let memory = Arc::new(Memory::new(64_000));
        assert_eq!(memory.share(), 1000);
        let event = memory.count(Bytes::from(vec![7; 6_400]));
        let copies = vec![event.clone(); 100];
        assert_eq!((memory.share(), &event[..]), (900, &[7; 6_400][..]));
        drop(event);
        assert_eq!(memory.share(), 900);
        drop(copies);
        assert_eq!(memory.share(), 1000);
    }

    #[test]
    fn where_nothing_is_left_nothing_may_be_kept() {
        let memory = Arc::new(Memory::new(64));
        let _event = memory.count(Bytes::from(vec![7; 100]));
        assert_eq!(memory.share(), 0);
    }
}
