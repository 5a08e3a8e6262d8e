//! How far a server's shutdown has come.

use std::sync::atomic::{AtomicU8, Ordering};

const RUNNING: u8 = 0;
const DRAINING: u8 = 1;
const OVER: u8 = 2;

/// Shared by a server and its namespaces, and read before each event.
#[derive(Debug, Default)]
pub(crate) struct Drain(AtomicU8);

impl Drain {
    /// No new events are handled from now on. False when that was so already.
    pub(crate) fn begin(&self) -> bool {
        self.0.compare_exchange(RUNNING, DRAINING, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    /// Handlers that still run are given up from now on.
    pub(crate) fn end(&self) {
        self.0.store(OVER, Ordering::Release);
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.0.load(Ordering::Acquire) != RUNNING
    }

    pub(crate) fn is_over(&self) -> bool {
        self.0.load(Ordering::Acquire) == OVER
    }
}
