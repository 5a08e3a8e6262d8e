//! [`Asks`]: the questions of this node to the sockets of others.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use sio_core::cluster::ask::{Answers, Asked, Outcome};
use sio_core::cluster::asking::Asking;
use sio_core::cluster::node::NodeId;
use sio_core::id::Sid;

/// Sockets of other nodes that one question waits for.
const MAX_SOCKETS: usize = 100_000;

/// Bytes of answers that were not taken, of one question.
const MAX_BYTES: usize = 64 << 20;

/// The questions of this node to the sockets of others.
#[derive(Default)]
pub(crate) struct Asks {
    last: AtomicU64,
    open: Mutex<HashMap<u64, Open>>,
}

struct Open {
    asking: Asking,
    /// Of the task that waits for the next answer.
    waker: Option<Waker>,
}

impl Asks {
    /// Begins a question to these nodes, and to those that are not waited for.
    pub(crate) fn begin(&self, nodes: &[NodeId], missing: &[NodeId]) -> u64 {
        let id = self.last.fetch_add(1, Relaxed) + 1;
        let all = nodes.iter().chain(missing).copied();
        let mut asking = Asking::new(all, MAX_SOCKETS, MAX_BYTES);
        missing.iter().for_each(|node| asking.lose(*node));
        self.lock().insert(id, Open { asking, waker: None });
        id
    }

    /// Ends a question. Returns whether somebody was still awaited.
    pub(crate) fn end(&self, id: u64) -> bool {
        let open = self.lock().remove(&id);
        open.is_some_and(|open| !open.asking.is_complete())
    }

    /// Takes the next socket that has come to its end.
    pub(crate) fn poll(&self, id: u64, context: &mut Context<'_>) -> Poll<Option<(Sid, Outcome)>> {
        let mut open = self.lock();
        let Some(open) = open.get_mut(&id) else { return Poll::Ready(None) };
        if let Some(end) = open.asking.take() {
            return Poll::Ready(Some(end));
        }
        if open.asking.is_complete() {
            return Poll::Ready(None);
        }
        open.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Looks at a question, or changes it for the one who has asked.
    pub(crate) fn with<R>(&self, id: u64, look: impl FnOnce(&mut Asking) -> R) -> Option<R> {
        self.lock().get_mut(&id).map(|open| look(&mut open.asking))
    }

    pub(crate) fn asked(&self, node: NodeId, asked: Asked) {
        self.change(asked.id, |asking| asking.asked(node, asked));
    }

    pub(crate) fn answered(&self, node: NodeId, answers: Answers) {
        self.change(answers.id, |asking| asking.answered(node, answers));
    }

    /// A node has gone: its sockets are disconnected.
    pub(crate) fn lose(&self, node: NodeId) {
        let wakers: Vec<Waker> = {
            let mut open = self.lock();
            let wakers = open.values_mut().filter_map(|open| {
                open.asking.lose(node);
                open.waker.take()
            });
            wakers.collect()
        };
        wakers.into_iter().for_each(Waker::wake);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn change(&self, id: u64, change: impl FnOnce(&mut Asking)) {
        let waker = {
            let mut open = self.lock();
            let Some(open) = open.get_mut(&id) else { return };
            change(&mut open.asking);
            open.waker.take()
        };
        waker.into_iter().for_each(Waker::wake);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
