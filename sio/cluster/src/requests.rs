//! [`Requests`]: the requests of this node to others, while they wait for answers.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::value::RawValue;
use sio_core::cluster::gather::{Gather, Gathered};
use sio_core::cluster::node::NodeId;
use tokio::sync::Notify;
use tokio::time::timeout;

/// Items of one answer.
const MAX_ITEMS: usize = 100_000;

/// An item, and the node that it is from.
pub(crate) type Item = (NodeId, Box<RawValue>);

/// The requests of this node that wait for answers.
#[derive(Default)]
pub(crate) struct Requests {
    last: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

struct Open {
    gather: Gather<Item>,
    changed: Arc<Notify>,
}

/// A request that waits. Dropping it ends it.
pub(crate) struct Waiting<'a> {
    requests: &'a Requests,
    pub(crate) id: u64,
    changed: Arc<Notify>,
}

impl Requests {
    /// Begins a request to these nodes.
    pub(crate) fn begin(&self, nodes: impl IntoIterator<Item = NodeId>) -> Waiting<'_> {
        let id = self.last.fetch_add(1, Relaxed) + 1;
        let changed = Arc::new(Notify::new());
        let gather = Gather::new(nodes, MAX_ITEMS);
        self.lock().insert(id, Open { gather, changed: Arc::clone(&changed) });
        Waiting { requests: self, id, changed }
    }

    /// Takes a part of an answer.
    pub(crate) fn page(&self, id: u64, node: NodeId, page: u32, is_last: bool, items: Vec<Box<RawValue>>) {
        self.page_of(id, node, page, is_last, items.into_iter().map(|item| (node, item)));
    }

    /// The same, with the node of each item: one that answers for others.
    pub(crate) fn page_of(
        &self,
        id: u64,
        node: NodeId,
        page: u32,
        is_last: bool,
        items: impl Iterator<Item = Item>,
    ) {
        if let Some(open) = self.lock().get_mut(&id) {
            open.gather.page(node, page, is_last, items);
            open.changed.notify_one();
        }
    }

    /// A node has gone: nobody waits for it any more.
    pub(crate) fn lose(&self, node: NodeId) {
        for open in self.lock().values_mut() {
            open.gather.lose(node);
            open.changed.notify_one();
        }
    }

    /// The broker is gone: nobody waits for anybody.
    pub(crate) fn lose_all(&self) {
        for open in self.lock().values_mut() {
            open.gather.lose_all();
            open.changed.notify_one();
        }
    }

    /// Returns whether a request still waits.
    pub(crate) fn is_open(&self, id: u64) -> bool {
        self.lock().contains_key(&id)
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    /// Waits for all answers, or until the items that have come are enough, or for the limit.
    pub(crate) async fn finish(self, limit: Duration, is_enough: impl Fn(&[Item]) -> bool) -> Gathered<Item> {
        let complete = async {
            while !self.is_complete(&is_enough) {
                self.changed.notified().await;
            }
        };
        // The answer is what has come by the limit.
        let _ = timeout(limit, complete).await;
        let open = self.requests.lock().remove(&self.id);
        open.map_or_else(|| Gather::new([], 0).finish(), |open| open.gather.finish())
    }

    fn is_complete(&self, is_enough: impl Fn(&[Item]) -> bool) -> bool {
        let open = self.requests.lock();
        open.get(&self.id).is_none_or(|open| open.gather.is_complete() || is_enough(open.gather.items()))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.requests.lock().remove(&self.id);
    }
}
