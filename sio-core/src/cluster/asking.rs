//! [`Asking`]: which sockets of other nodes were asked, and which of them have answered.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap, VecDeque};

use super::ask::{Answers, Asked, Outcome};
use super::node::NodeId;
use crate::id::Sid;

/// A question to the sockets of several nodes, as the node sees it that asks.
///
/// Every socket that a node has listed comes to exactly one end. A node that has not listed all of its sockets is
/// missing.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::ask::{Answers, Asked, Outcome};
/// use sio_core::cluster::asking::Asking;
/// use sio_core::cluster::node::NodeId;
/// use sio_core::id::Sid;
///
/// let (a, b, sid) = (NodeId::new(1), NodeId::new(2), Sid::from_random([7; 15]));
/// let mut asking = Asking::new([a, b], 100, 1000);
/// asking.asked(a, Asked { id: 1, page: 0, is_last: true, sids: vec![sid.clone()] });
/// asking.answered(a, Answers { id: 1, answers: vec![(sid.clone(), Outcome::Timeout)] });
/// assert_eq!(asking.take(), Some((sid, Outcome::Timeout)));
/// asking.expire();
/// assert!(asking.is_over());
/// assert_eq!(asking.missing(), [b]);
/// ```
#[derive(Debug)]
pub struct Asking {
    /// The nodes whose lists are awaited, and the number of the page that comes next.
    listing: BTreeMap<NodeId, u64>,
    missing: Vec<NodeId>,
    /// Everybody who was listed; with a node: who has not come to an end, and where it is.
    sockets: HashMap<Sid, Option<NodeId>>,
    /// How many have not come to an end.
    waiting: usize,
    /// Those that have, and were not taken.
    ready: VecDeque<(Sid, Outcome)>,
    /// The bytes of their answers.
    bytes: usize,
    most_sockets: usize,
    most_bytes: usize,
}

impl Asking {
    /// Asks these nodes. Of more than `most_sockets` sockets the rest is not awaited, and their nodes are missing; an
    /// answer for which `most_bytes` have no room, since others were not taken, is [`Outcome::Refused`].
    pub fn new(nodes: impl IntoIterator<Item = NodeId>, most_sockets: usize, most_bytes: usize) -> Self {
        Self {
            listing: nodes.into_iter().map(|node| (node, 0)).collect(),
            missing: Vec::new(),
            sockets: HashMap::new(),
            waiting: 0,
            ready: VecDeque::new(),
            bytes: 0,
            most_sockets,
            most_bytes,
        }
    }

    /// Takes a part of the list of a node. One that is not awaited is ignored; if an earlier part of it was lost, the
    /// node is missing, and those it has listed are awaited all the same.
    pub fn asked(&mut self, node: NodeId, asked: Asked) {
        let Some(next) = self.listing.get_mut(&node) else { return };
        let is_next = *next == asked.page;
        *next += 1;
        let mut is_whole = true;
        for sid in asked.sids {
            is_whole &= self.sockets.len() < self.most_sockets || self.sockets.contains_key(&sid);
            self.listed(node, sid);
        }
        if !is_next || !is_whole {
            self.miss(node);
        } else if asked.is_last {
            self.listing.remove(&node);
        }
    }

    /// Takes answers of sockets that a node has listed before; others are ignored.
    pub fn answered(&mut self, node: NodeId, answers: Answers) {
        for (sid, outcome) in answers.answers {
            if self.sockets.get(&sid).is_some_and(|at| *at == Some(node)) {
                self.end(sid, outcome);
            }
        }
    }

    /// A node has gone, or cannot be reached: its sockets are disconnected.
    pub fn lose(&mut self, node: NodeId) {
        self.miss(node);
        self.end_all(|at| at == node, &Outcome::Disconnected);
    }

    /// The time is over: nobody is awaited any more.
    pub fn expire(&mut self) {
        self.missing.extend(std::mem::take(&mut self.listing).into_keys());
        self.missing.sort_unstable();
        self.end_all(|_| true, &Outcome::Timeout);
    }

    /// Returns a socket that has come to its end, and how, once.
    pub fn take(&mut self) -> Option<(Sid, Outcome)> {
        let (sid, outcome) = self.ready.pop_front()?;
        self.bytes -= size(&outcome);
        Some((sid, outcome))
    }

    /// Returns how many sockets are known that were not taken.
    #[must_use]
    pub fn left(&self) -> usize {
        self.waiting + self.ready.len()
    }

    /// Returns whether nothing is awaited: no list, and no answer.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.listing.is_empty() && self.waiting == 0
    }

    /// Returns whether nothing is awaited, and everything was taken.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_complete() && self.ready.is_empty()
    }

    /// Returns the nodes that have not listed all of their sockets, and will not, in order.
    #[must_use]
    pub fn missing(&self) -> &[NodeId] {
        &self.missing
    }

    fn listed(&mut self, node: NodeId, sid: Sid) {
        if self.sockets.len() >= self.most_sockets {
            return;
        }
        // A client that moves from node to node may be listed by both. It is asked once.
        if let Entry::Vacant(entry) = self.sockets.entry(sid) {
            entry.insert(Some(node));
            self.waiting += 1;
        }
    }

    fn miss(&mut self, node: NodeId) {
        if self.listing.remove(&node).is_some() {
            self.missing.push(node);
            self.missing.sort_unstable();
        }
    }

    fn end_all(&mut self, is_meant: impl Fn(NodeId) -> bool, outcome: &Outcome) {
        let all = self.sockets.iter();
        let meant: Vec<Sid> =
            all.filter(|(_, at)| at.is_some_and(&is_meant)).map(|(sid, _)| sid.clone()).collect();
        meant.into_iter().for_each(|sid| self.end(sid, outcome.clone()));
    }

    /// A socket that was awaited has come to its end.
    fn end(&mut self, sid: Sid, mut outcome: Outcome) {
        if size(&outcome) > self.most_bytes - self.bytes {
            outcome = Outcome::Refused;
        }
        self.bytes += size(&outcome);
        self.sockets.insert(sid.clone(), None);
        self.waiting -= 1;
        self.ready.push_back((sid, outcome));
    }
}

/// The bytes of an answer.
fn size(outcome: &Outcome) -> usize {
    match outcome {
        Outcome::Answer { json, attachments } => {
            json.len() + attachments.iter().map(bytes::Bytes::len).sum::<usize>()
        }
        Outcome::Timeout | Outcome::Disconnected | Outcome::Refused => 0,
    }
}

#[cfg(test)]
mod tests;
