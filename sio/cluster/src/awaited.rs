//! [`Awaited`]: clients that have come here before their states.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sio_core::id::PrivateId;
use tokio::sync::Notify;

/// The clients that wait here for their states, whichever way those come.
#[derive(Default)]
pub(crate) struct Awaited(Mutex<HashMap<PrivateId, Arc<Notify>>>);

/// A client that waits. Dropping it ends that.
pub(crate) struct Awaiting<'a> {
    all: &'a Awaited,
    pid: PrivateId,
    arrived: Arc<Notify>,
}

impl Awaited {
    pub(crate) fn begin(&self, pid: PrivateId) -> Awaiting<'_> {
        let arrived = Arc::clone(self.lock().entry(pid).or_default());
        Awaiting { all: self, pid, arrived }
    }

    /// The state of a client is here.
    pub(crate) fn arrived(&self, pid: &PrivateId) {
        if let Some(arrived) = self.lock().get(pid) {
            arrived.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<PrivateId, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Awaiting<'_> {
    /// Waits for the state.
    pub(crate) async fn arrived(&self) {
        self.arrived.notified().await;
    }
}

impl Drop for Awaiting<'_> {
    fn drop(&mut self) {
        let mut all = self.all.lock();
        // The list and this one: another connection of the client may wait, too.
        if Arc::strong_count(&self.arrived) <= 2 {
            all.remove(&self.pid);
        }
    }
}
