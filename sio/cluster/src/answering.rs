//! [`Answering`]: the requests of other nodes, and the answers to them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::value::RawValue;
use sio_core::cluster::frame::{Flags, Kind};
use sio_core::cluster::message::{self, Page};
use sio_core::cluster::node::NodeId;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::bus::Topic;
use crate::local::BoxFuture;
use crate::node::Node;
use crate::outbox;

/// Bytes of a page, but for one item that is longer.
const PAGE_BYTES: usize = 256 << 10;

/// Requests of other nodes that are answered at the same time.
const MAX_ANSWERING: usize = 256;

/// Answers requests of other nodes, on tasks of their own.
pub(crate) struct Answering(Arc<Semaphore>);

impl Answering {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_ANSWERING)))
    }

    /// Sends what the future yields; after the limit nobody waits for it.
    pub(crate) fn answer(
        &self,
        node: &Arc<Node>,
        to: NodeId,
        id: u64,
        limit: Duration,
        items: BoxFuture<Vec<Box<RawValue>>>,
    ) {
        let node_of_task = Arc::clone(node);
        self.spawn(node, async move {
            if let Ok(items) = timeout(limit, items).await {
                node_of_task.answer_request(to, id, items);
            }
        });
    }

    /// Runs what nobody waits for.
    pub(crate) fn run(&self, node: &Arc<Node>, work: BoxFuture<Vec<Box<RawValue>>>) {
        self.spawn(node, async move {
            work.await;
        });
    }

    fn spawn(&self, node: &Arc<Node>, work: impl Future<Output = ()> + Send + 'static) {
        let Ok(permit) = Arc::clone(&self.0).try_acquire_owned() else {
            return node.line.counters.refused(1);
        };
        tokio::spawn(async move {
            work.await;
            drop(permit);
        });
    }
}

impl Node {
    /// Sends the answer to a request, in pages.
    pub(crate) fn answer_request(&self, to: NodeId, id: u64, items: Vec<Box<RawValue>>) {
        let mut items = items.into_iter().peekable();
        let mut page = 0;
        loop {
            let (mut batch, mut bytes) = (Vec::new(), 0);
            while let Some(item) =
                items.next_if(|item| batch.is_empty() || bytes + item.get().len() < PAGE_BYTES)
            {
                bytes += item.get().len() + 1;
                batch.push(item);
            }
            let last = items.peek().is_none();
            let mut frame = self.begin(Kind::Page, Flags::NONE, bytes + 64);
            message::write(&mut frame, &Page { id, page, last, items: batch });
            self.line.outbox.push(Topic::Node(to), frame, outbox::Kind::Held);
            if last {
                return;
            }
            page += 1;
        }
    }
}
