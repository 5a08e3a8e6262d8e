//! [`Awaited`]: clients that have come here before their states.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio_core::id::PrivateId;
use tokio::sync::Semaphore;

/// The clients that wait here for their states, whichever way those come.
#[derive(Default)]
pub(crate) struct Awaited(Mutex<HashMap<PrivateId, Waiting>>);

/// Several connections of one client may wait.
struct Waiting {
    /// Closed when the state is here: then nobody waits any more, and nobody has to be there to notice.
    arrived: Arc<Semaphore>,
    count: usize,
}

/// A client that waits. Dropping it ends that.
pub(crate) struct Awaiting<'a> {
    all: &'a Awaited,
    pid: PrivateId,
    arrived: Arc<Semaphore>,
}

impl Awaited {
    pub(crate) fn begin(&self, pid: PrivateId) -> Awaiting<'_> {
        let mut all = self.lock();
        let waiting =
            all.entry(pid).or_insert_with(|| Waiting { arrived: Arc::new(Semaphore::new(0)), count: 0 });
        waiting.count += 1;
        Awaiting { all: self, pid, arrived: Arc::clone(&waiting.arrived) }
    }

    /// The state of a client is here.
    pub(crate) fn arrived(&self, pid: &PrivateId) {
        if let Some(waiting) = self.lock().remove(pid) {
            waiting.arrived.close();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PrivateId, Waiting>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaiting<'_> {
    /// Waits for the state.
    pub(crate) async fn arrived(&self) {
        // There are no permits: an error is all that comes.
        drop(self.arrived.acquire().await);
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // Others may have begun to wait since the state was here.
        let Some(waiting) = all.get_mut(&self.pid).filter(|one| Arc::ptr_eq(&one.arrived, &self.arrived))
        else {
            return;
        };
        waiting.count -= 1;
        if waiting.count == 0 {
            all.remove(&self.pid);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn has_arrived(waiting: &Awaiting<'_>) -> bool {
        pin!(waiting.arrived()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn all_connections_of_a_client_learn_of_its_state_and_nothing_is_left() {
        let awaited = Awaited::default();
        let pid = PrivateId::from_random([1; 15]);
        let (first, second) = (awaited.begin(pid), awaited.begin(pid));
        assert!(!has_arrived(&first));
        awaited.arrived(&pid);
        let later = awaited.begin(pid);
        assert!(has_arrived(&first) && has_arrived(&second));
        assert!(!has_arrived(&later), "an earlier state is not this one");
        drop((first, second));
        assert_eq!(awaited.lock().len(), 1);
        drop((awaited.begin(pid), later));
        assert!(awaited.lock().is_empty());
    }
}
