//! The users of other nodes, as those tell of them.

use std::collections::HashSet;
use std::sync::Arc;

use sio_core::id::NodeId;

use super::{Inner, Key, Presence};

/// The state of another node, as far as it has arrived.
#[derive(Default)]
pub(super) struct Node {
    /// The number of its next change; `None` until all of its users are known.
    next: Option<u64>,
    /// It is being asked for all of its users.
    is_asked: bool,
    /// Changes that came before that: number, user, and whether the user is there.
    waiting: Vec<(u64, Key, bool)>,
}

/// Changes of a node that wait until its users are known. It is asked again for those that were left out.
const MAX_WAITING: usize = 10_000;

/// The messages of other nodes.
impl Presence {
    /// A user has come or gone on another node. Returns whether that node has to be asked for all of its users.
    pub(crate) fn heard(self: &Arc<Self>, from: NodeId, path: &str, change: (&str, bool, u64)) -> bool {
        let (user, is_there, number) = change;
        let key: Key = (path.into(), user.into());
        let is_unknown = {
            let mut inner = self.lock();
            // One that is not there yet, or not any more, is asked when it is.
            let Some(node) = inner.nodes.get_mut(&from) else { return false };
            let is_next = node.next == Some(number);
            let was_known = node.next.is_some();
            if is_next {
                node.next = Some(number + 1);
                self.change_there(&mut inner, from, &key, is_there);
            } else {
                node.next = None;
                if node.waiting.len() < MAX_WAITING {
                    node.waiting.push((number, key, is_there));
                }
            }
            was_known && !is_next
        };
        self.wake();
        is_unknown
    }

    /// Another node is to be asked for all of its users. Returns false if it is being asked already: then it tells what
    /// is missing, since that is older than its answer.
    pub(crate) fn begin_asking(&self, node: NodeId) -> bool {
        let mut inner = self.lock();
        let node = inner.nodes.entry(node).or_default();
        node.next = None;
        !std::mem::replace(&mut node.is_asked, true)
    }

    /// Another node has told all of its users, as of its change of this number. Returns whether it has to be asked
    /// again.
    pub(crate) fn heard_all(
        self: &Arc<Self>,
        from: NodeId,
        number: u64,
        users: Vec<(String, String)>,
    ) -> bool {
        let is_whole = {
            let mut inner = self.lock();
            if !inner.nodes.contains_key(&from) {
                return false;
            }
            let mut before: HashSet<Key> = inner.users_of(from).into_iter().collect();
            for (path, user) in users {
                let key: Key = (path.into(), user.into());
                self.change_there(&mut inner, from, &key, true);
                before.remove(&key);
            }
            before.iter().for_each(|key| self.change_there(&mut inner, from, key, false));
            let node = inner.nodes.entry(from).or_default();
            let (mut next, mut is_whole) = (number + 1, true);
            for (number, key, is_there) in std::mem::take(&mut node.waiting) {
                // Those before are among the users already.
                if number < next {
                    continue;
                }
                is_whole &= number == next;
                next = number + 1;
                self.change_there(&mut inner, from, &key, is_there);
            }
            let node = inner.nodes.entry(from).or_default();
            (node.next, node.is_asked) = (is_whole.then_some(next), !is_whole);
            is_whole
        };
        self.wake();
        !is_whole
    }

    /// Another node has gone, and its users with it.
    pub(crate) fn lost(self: &Arc<Self>, node: NodeId) {
        {
            let mut inner = self.lock();
            inner.nodes.remove(&node);
            let gone = inner.users_of(node);
            gone.iter().for_each(|key| self.change_there(&mut inner, node, key, false));
        }
        self.wake();
    }

    /// Changes whether a user is at another node.
    fn change_there(&self, inner: &mut Inner, node: NodeId, key: &Key, is_there: bool) {
        if is_there && !inner.is_kept(key, self.max_users) {
            // The line is written when one comes here: all nodes have the same users.
            return;
        }
        inner.change(key, self.grace, |user| {
            user.elsewhere.retain(|other| *other != node);
            if is_there {
                user.elsewhere.push(node);
            }
        });
    }

    /// Returns the users of this node, and the number of the last change that was told of them.
    pub(crate) fn users(&self) -> (u64, Vec<(String, String)>) {
        let inner = self.lock();
        let here = inner.users.iter().filter(|(_, user)| user.is_here);
        (inner.number, here.map(|((path, user), _)| (path.to_string(), user.to_string())).collect())
    }
}

impl Inner {
    fn users_of(&self, node: NodeId) -> Vec<Key> {
        let users = self.users.iter().filter(|(_, user)| user.elsewhere.contains(&node));
        users.map(|(key, _)| key.clone()).collect()
    }
}
