//! The members of a large room, who are woken in steps.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use super::{join, with};
use crate::hub::wakes::Wakes;
use crate::sync::Handle;

/// More than are woken at once.
const CROWD: usize = 129;

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn run(during: impl FnOnce()) {
    Handle::begin();
    let (wakes, count) = (Arc::new(Wakes::default()), Arc::new(Count::default()));
    wakes.note_runtime();
    let broadcast = || {
        let crowd = vec![Waker::from(Arc::clone(&count)); CROWD];
        with(&wakes, move |wakes| wakes.wake(crowd))
    };
    let broadcasts = vec![broadcast(), broadcast(), broadcast()];
    during();
    join(broadcasts);
    Handle::wait();
    assert_eq!(count.0.load(Ordering::Relaxed), 3 * CROWD, "somebody sleeps on");
}

/// Three broadcasts at once.
pub fn broadcasts_at_once() {
    run(|| {});
}

/// The same on a runtime that ends meanwhile.
pub fn a_runtime_that_ends() {
    run(Handle::end);
}
