//! Sockets of this node that other nodes have asked, and the way of their answers.

use std::any::Any;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use sio_core::cluster::ask::Outcome;
use sio_core::cluster::node::NodeId;
use sio_core::id::Sid;
use tokio::sync::Notify;

use crate::outbox::now;

/// Questions of other nodes that are open at the same time.
const MAX_OPEN: usize = 16_384;

/// After the limit of a question, until it is forgotten: its asker cancels it, but that may be lost.
const GRACE: Duration = Duration::from_secs(1);

/// The longest limit that a question of another node may have.
const MAX_LIMIT: Duration = Duration::from_secs(24 * 60 * 60);

/// A question is named by the node that asks, and by the id that it has there.
pub(crate) type Key = (NodeId, u64);

/// The questions of other nodes to sockets of this one.
#[derive(Default)]
pub(crate) struct Replies {
    state: Mutex<State>,
    /// There are answers to be sent.
    pub(crate) ready: Notify,
}

#[derive(Default)]
struct State {
    open: HashMap<Key, Open>,
    /// Those that have answers to be sent, each once.
    ready: Vec<Key>,
}

struct Open {
    /// How many sockets have not answered; `None` while they are being asked.
    left: Option<usize>,
    /// Answers that were not sent.
    answers: Vec<(Sid, Outcome)>,
    until: Instant,
    /// Dropped, it lets the sockets forget that somebody waits for their answers.
    hold: Option<Box<dyn Any + Send>>,
}

/// The node that has asked a socket of this one: see [`Local::ask`](crate::Local::ask).
#[derive(Clone)]
pub struct Asker(Kind);

#[derive(Clone)]
enum Kind {
    Node {
        replies: Weak<Replies>,
        key: Key,
    },
    #[cfg(any(feature = "python", feature = "node"))]
    Foreign(Arc<dyn Answered>),
}

/// A server of another kind that has asked sockets of this node.
#[cfg(any(feature = "python", feature = "node"))]
pub(crate) trait Answered: Send + Sync {
    /// Takes the answer of a socket, or the reason why there is none.
    fn answer(&self, sid: Sid, outcome: Outcome);

    /// The id by which this node knows the others of its kind.
    fn node(&self) -> NodeId;
}

/// The sockets of this node that were asked: the result of [`Local::ask`](crate::Local::ask).
#[derive(Default)]
pub struct AskedHere {
    /// The sockets.
    pub sids: Vec<Sid>,
    /// Dropped when nobody waits for answers any more.
    pub hold: Option<Box<dyn Any + Send>>,
}

impl Asker {
    /// Tells the answer of a socket, or the reason why there is none. Each socket that was asked has one; a second is
    /// ignored by the node that asks.
    pub fn answer(&self, sid: Sid, outcome: Outcome) {
        let (replies, key) = match &self.0 {
            Kind::Node { replies, key } => (replies, key),
            #[cfg(any(feature = "python", feature = "node"))]
            Kind::Foreign(asker) => return asker.answer(sid, outcome),
        };
        let Some(replies) = replies.upgrade() else { return };
        {
            let mut state = replies.lock();
            let State { open, ready } = &mut *state;
            let Some(open) = open.get_mut(key) else { return };
            open.answers.push((sid, outcome));
            // While others are being asked the list of them has to go first.
            if open.answers.len() > 1 || open.left.is_none() {
                return;
            }
            ready.push(*key);
        }
        replies.ready.notify_one();
    }

    /// Returns the node that asks.
    #[must_use]
    pub fn node(&self) -> NodeId {
        match &self.0 {
            Kind::Node { key, .. } => key.0,
            #[cfg(any(feature = "python", feature = "node"))]
            Kind::Foreign(asker) => asker.node(),
        }
    }

    #[cfg(any(feature = "python", feature = "node"))]
    pub(crate) fn foreign(asker: Arc<dyn Answered>) -> Self {
        Self(Kind::Foreign(asker))
    }
}

impl Replies {
    /// Begins a question; `None` if there are too many.
    pub(crate) fn begin(self: &Arc<Self>, from: NodeId, id: u64, limit: Duration) -> Option<Asker> {
        let open = &mut self.lock().open;
        if open.len() >= MAX_OPEN {
            return None;
        }
        let until = now() + limit.min(MAX_LIMIT) + GRACE;
        open.insert((from, id), Open { left: None, answers: Vec::new(), until, hold: None });
        Some(Asker(Kind::Node { replies: Arc::downgrade(self), key: (from, id) }))
    }

    /// The list of sockets is on its way; answers may follow.
    pub(crate) fn listed(&self, key: Key, count: usize, hold: Option<Box<dyn Any + Send>>) {
        {
            let mut state = self.lock();
            let State { open, ready } = &mut *state;
            if count == 0 {
                open.remove(&key);
            } else if let Some(open) = open.get_mut(&key) {
                (open.left, open.hold) = (Some(count), hold);
                if !open.answers.is_empty() {
                    ready.push(key);
                }
            }
        }
        self.ready.notify_one();
    }

    /// The node that has asked does not wait any more.
    pub(crate) fn cancel(&self, from: NodeId, id: u64) {
        // Without the lock: sockets have locks of their own.
        let cancelled = self.lock().open.remove(&(from, id));
        drop(cancelled);
    }

    /// Forgets the questions of a node that has gone.
    pub(crate) fn lose(&self, node: NodeId) {
        self.forget(|(from, _), _| *from == node);
    }

    /// Forgets the questions whose time is over.
    pub(crate) fn expire(&self, now: Instant) {
        self.forget(|_, open| open.until <= now);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().open.len()
    }

    fn forget(&self, is_over: impl Fn(&Key, &Open) -> bool) {
        let over: Vec<Open> = {
            let mut state = self.lock();
            state.open.extract_if(|key, open| is_over(key, open)).map(|(_, open)| open).collect()
        };
        drop(over);
    }

    /// The answers that are to be sent, by question.
    pub(crate) fn take(&self) -> Vec<(Key, Vec<(Sid, Outcome)>)> {
        let mut over = Vec::new();
        let mut state = self.lock();
        let State { open, ready } = &mut *state;
        let mut taken = Vec::with_capacity(ready.len());
        for key in ready.drain(..) {
            let Some(question) = open.get_mut(&key) else { continue };
            let answers = std::mem::take(&mut question.answers);
            let left = question.left.unwrap_or_default().saturating_sub(answers.len());
            question.left = Some(left);
            taken.push((key, answers));
            if left == 0 {
                over.extend(open.remove(&key));
            }
        }
        drop(state);
        taken
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("node", &self.node()).finish_non_exhaustive()
    }
}

impl fmt::Debug for AskedHere {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskedHere").field("sids", &self.sids).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_kept_of_a_question_that_is_cancelled_or_whose_asker_has_gone() {
        let (replies, hold) = (Arc::new(Replies::default()), Arc::new(()));
        let (a, b) = (NodeId::new(1), NodeId::new(2));
        for key in [(a, 1), (a, 2), (b, 1)] {
            assert!(replies.begin(key.0, key.1, Duration::from_secs(5)).is_some());
            replies.listed(key, 1, Some(Box::new(Arc::clone(&hold))));
        }
        replies.cancel(a, 1);
        assert_eq!((replies.len(), Arc::strong_count(&hold)), (2, 3));
        replies.lose(a);
        assert_eq!((replies.len(), Arc::strong_count(&hold)), (1, 2));
        replies.expire(now() + Duration::from_secs(60));
        assert_eq!((replies.len(), Arc::strong_count(&hold)), (0, 1));
    }
}
