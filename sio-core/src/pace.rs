//! Long work that gives way: reading or writing a large value holds its thread, and others wait for the processor.
//!
//! The scheduler of an operating system lets a thread that computes go on for some milliseconds before it lets another
//! go first that has only now got something to do. A server with as many threads that compute as there are processors
//! answers everybody else that much later.

use std::thread;

/// How many steps are taken before others may go first: some 0.1 ms of work.
const STRETCH: u16 = 1024;

/// Counts the steps of a work that may be long, such as the elements of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    steps: u16,
}

impl Pace {
    pub(crate) const fn new() -> Self {
        Self { steps: 0 }
    }

    /// Goes one step on, after a stretch of them by way of the scheduler.
    #[inline]
    pub(crate) fn step(&mut self) {
        self.steps = self.steps.wrapping_add(1);
        if self.steps.is_multiple_of(STRETCH) {
            give_way();
        }
    }
}

#[cold]
fn give_way() {
    #[cfg(test)]
    tests::GIVEN_WAY.set(tests::GIVEN_WAY.get() + 1);
    thread::yield_now();
}

#[cfg(test)]
pub(crate) mod tests {
    use std::cell::Cell;

    thread_local! {
        pub(super) static GIVEN_WAY: Cell<usize> = const { Cell::new(0) };
    }

    /// Returns how often some work gives way.
    pub(crate) fn given_way<T>(work: impl FnOnce() -> T) -> usize {
        let before = GIVEN_WAY.get();
        work();
        GIVEN_WAY.get() - before
    }
}
