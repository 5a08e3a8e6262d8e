//! [`Moved`]: clients that have gone from here to other nodes, and where they are.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use sio_core::cluster::node::NodeId;
use sio_core::id::{PrivateId, Sid};

/// Clients that are remembered.
const MAX: usize = 100_000;

/// Clients that are claimed while they are about to go.
const MAX_CLAIMS: usize = 10_000;

/// For so long the state of a client may be on its way to the node that gets it.
pub(crate) const ON_ITS_WAY: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// Those whose nodes are known, or guessed.
    by_sid: HashMap<Sid, At>,
    /// All of them.
    pids: HashMap<PrivateId, Departure>,
    /// In the order in which they went; some may have come back, and gone again.
    order: VecDeque<(u64, PrivateId)>,
    /// The number of the next departure.
    next: u64,
    /// Clients that are about to go, who has claimed them, and the claim.
    claims: HashMap<PrivateId, (NodeId, u64)>,
    /// The node that gets the clients of this one when it stops.
    pub(crate) successor: Option<NodeId>,
}

/// The node at which a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct At {
    pub(crate) node: NodeId,
    /// It is only the successor of the node that had the client, and may think that the client is here.
    pub(crate) is_guessed: bool,
}

impl At {
    fn known(node: NodeId) -> Self {
        Self { node, is_guessed: false }
    }
}

/// A client that has gone from here.
#[derive(Debug)]
struct Departure {
    sid: Sid,
    number: u64,
    at: Instant,
}

impl Moved {
    pub(crate) fn insert(&mut self, pid: PrivateId, sid: Sid, node: NodeId, now: Instant) {
        let is_newest = |pids: &HashMap<PrivateId, Departure>, pid: &PrivateId, number: u64| {
            pids.get(pid).is_some_and(|newest| newest.number == number)
        };
        if self.order.len() >= 2 * MAX {
            let pids = &self.pids;
            self.order.retain(|(number, pid)| is_newest(pids, pid, *number));
        }
        self.remove(&pid);
        while self.pids.len() >= MAX {
            let Some((number, oldest)) = self.order.pop_front() else { break };
            if is_newest(&self.pids, &oldest, number) {
                self.remove(&oldest);
            }
        }
        self.by_sid.insert(sid.clone(), At::known(node));
        self.pids.insert(pid, Departure { sid, number: self.next, at: now });
        self.order.push_back((self.next, pid));
        self.next += 1;
    }

    /// The client has come back, or its node has gone.
    pub(crate) fn remove(&mut self, pid: &PrivateId) {
        if let Some(gone) = self.pids.remove(pid) {
            self.by_sid.remove(&gone.sid);
        }
    }

    /// A node has left and given its clients to another. Who has them now is not known for certain: they are asked for
    /// when they come back.
    pub(crate) fn redirect(&mut self, node: NodeId, next: Option<NodeId>) {
        match next {
            Some(next) => {
                let at_it = self.by_sid.values_mut().filter(|at| at.node == node);
                at_it.for_each(|at| *at = At { node: next, is_guessed: true });
            }
            None => self.by_sid.retain(|_, at| at.node != node),
        }
    }

    /// The clients at this node are gone with it.
    pub(crate) fn lose(&mut self, node: NodeId) {
        let by_sid = &self.by_sid;
        self.pids.retain(|_, gone| by_sid.get(&gone.sid).is_none_or(|at| at.node != node));
        self.by_sid.retain(|_, at| at.node != node);
        self.claims.retain(|_, (claimer, _)| *claimer != node);
    }

    /// A node has claimed a client that is about to go.
    pub(crate) fn claim(&mut self, pid: PrivateId, node: NodeId, claim: u64) {
        if self.claims.len() < MAX_CLAIMS {
            self.claims.insert(pid, (node, claim));
        }
    }

    /// Takes out who has claimed a client, and the claim.
    pub(crate) fn take_claim(&mut self, pid: &PrivateId) -> Option<(NodeId, u64)> {
        self.claims.remove(pid)
    }

    /// A client goes on to another node. Returns when it went from here, if it did.
    pub(crate) fn follow(&mut self, pid: &PrivateId, node: NodeId) -> Option<Instant> {
        let gone = self.pids.get(pid)?;
        self.by_sid.insert(gone.sid.clone(), At::known(node));
        Some(gone.at)
    }

    pub(crate) fn contains(&self, pid: &PrivateId) -> bool {
        self.pids.contains_key(pid)
    }

    /// The node at which a socket is.
    pub(crate) fn at(&self, sid: &Sid) -> Option<At> {
        self.by_sid.get(sid).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_sid.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Moved {
        fn node_of(&self, sid: &Sid) -> Option<NodeId> {
            self.at(sid).map(|at| at.node)
        }
    }

    #[test]
    fn clients_that_come_back_or_whose_node_goes_are_forgotten() {
        let mut moved = Moved::default();
        let ids = |byte| (PrivateId::from_random([byte; 15]), Sid::from_random([byte; 15]));
        let (a, b) = (NodeId::new(1), NodeId::new(2));
        for (byte, node) in [(1, a), (2, b), (3, b)] {
            let (pid, sid) = ids(byte);
            moved.insert(pid, sid, node, Instant::now());
        }
        assert_eq!(moved.node_of(&ids(2).1), Some(b));
        moved.remove(&ids(2).0);
        assert_eq!((moved.node_of(&ids(2).1), moved.contains(&ids(2).0)), (None, false));
        moved.lose(b);
        assert!(moved.contains(&ids(1).0) && !moved.contains(&ids(3).0));
        moved.lose(a);
        assert!(moved.is_empty());
    }

    #[test]
    fn clients_of_a_node_that_leaves_are_at_its_successor_or_asked_for() {
        let mut moved = Moved::default();
        let (pid, sid) = (PrivateId::from_random([1; 15]), Sid::from_random([1; 15]));
        let [a, b, c] = [1, 2, 3].map(NodeId::new);
        moved.insert(pid, sid.clone(), a, Instant::now());
        moved.redirect(a, Some(b));
        moved.lose(a);
        assert_eq!(moved.at(&sid), Some(At { node: b, is_guessed: true }));
        moved.redirect(b, None);
        moved.lose(b);
        assert_eq!((moved.node_of(&sid), moved.contains(&pid)), (None, true));
        assert!(moved.follow(&pid, c).is_some());
        assert_eq!(moved.at(&sid), Some(At::known(c)));
        moved.lose(c);
        assert!(moved.is_empty() && !moved.contains(&pid));
    }

    #[test]
    fn no_more_than_the_bound_are_remembered() {
        let mut moved = Moved::default();
        for number in 0..MAX as u64 + 10 {
            let mut bytes = [0; 15];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            moved.insert(
                PrivateId::from_random(bytes),
                Sid::from_random(bytes),
                NodeId::new(1),
                Instant::now(),
            );
        }
        assert_eq!((moved.pids.len(), moved.by_sid.len()), (MAX, MAX));
    }

    #[test]
    fn clients_that_go_and_come_back_again_and_again_take_no_room_and_nobodys_place() {
        let mut moved = Moved::default();
        let ids = |byte| (PrivateId::from_random([byte; 15]), Sid::from_random([byte; 15]));
        let (first, node) = (ids(255), NodeId::new(1));
        moved.insert(first.0, first.1.clone(), node, Instant::now());
        for round in 0..3 * MAX {
            let (pid, sid) = ids((round % 7) as u8);
            moved.remove(&pid);
            moved.insert(pid, sid, node, Instant::now());
            assert!(moved.order.len() <= 2 * MAX, "{round}");
        }
        assert_eq!((moved.pids.len(), moved.node_of(&first.1)), (8, Some(node)));
    }
}
