//! [`Moved`]: clients that have gone from here to other nodes, and where they are.

use std::collections::{HashMap, VecDeque};

use sio_core::cluster::node::NodeId;
use sio_core::id::{PrivateId, Sid};

/// Clients that are remembered.
const MAX: usize = 100_000;

/// Clients that are claimed while they are about to go.
const MAX_CLAIMS: usize = 10_000;

#[derive(Debug, Default)]
pub(crate) struct Moved {
    by_sid: HashMap<Sid, NodeId>,
    /// The socket of each, and the number of its departure.
    pids: HashMap<PrivateId, (Sid, u64)>,
    /// In the order in which they went; some may have come back, and gone again.
    order: VecDeque<(u64, PrivateId)>,
    /// The number of the next departure.
    next: u64,
    /// Clients that are about to go, who has claimed them, and the claim.
    claims: HashMap<PrivateId, (NodeId, u64)>,
}

impl Moved {
    pub(crate) fn insert(&mut self, pid: PrivateId, sid: Sid, node: NodeId) {
        if self.order.len() >= 2 * MAX {
            let pids = &self.pids;
            self.order.retain(|(number, pid)| pids.get(pid).is_some_and(|(_, newest)| newest == number));
        }
        self.remove(&pid);
        while self.pids.len() >= MAX {
            let Some((number, oldest)) = self.order.pop_front() else { break };
            if self.pids.get(&oldest).is_some_and(|(_, newest)| *newest == number) {
                self.remove(&oldest);
            }
        }
        self.by_sid.insert(sid.clone(), node);
        self.pids.insert(pid, (sid, self.next));
        self.order.push_back((self.next, pid));
        self.next += 1;
    }

    /// The client has come back, or its node has gone.
    pub(crate) fn remove(&mut self, pid: &PrivateId) {
        if let Some((sid, _)) = self.pids.remove(pid) {
            self.by_sid.remove(&sid);
        }
    }

    /// The clients at this node are gone with it.
    pub(crate) fn lose(&mut self, node: NodeId) {
        self.by_sid.retain(|_, at| *at != node);
        let by_sid = &self.by_sid;
        self.pids.retain(|_, (sid, _)| by_sid.contains_key(sid));
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

    /// A client has gone on to another node. False if it never went from here.
    pub(crate) fn follow(&mut self, pid: &PrivateId, node: NodeId) -> bool {
        let Some((sid, _)) = self.pids.get(pid) else { return false };
        self.by_sid.insert(sid.clone(), node);
        true
    }

    pub(crate) fn contains(&self, pid: &PrivateId) -> bool {
        self.pids.contains_key(pid)
    }

    /// The node at which a socket is.
    pub(crate) fn node_of(&self, sid: &Sid) -> Option<NodeId> {
        self.by_sid.get(sid).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_sid.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_that_come_back_or_whose_node_goes_are_forgotten() {
        let mut moved = Moved::default();
        let ids = |byte| (PrivateId::from_random([byte; 15]), Sid::from_random([byte; 15]));
        let (a, b) = (NodeId::new(1), NodeId::new(2));
        for (byte, node) in [(1, a), (2, b), (3, b)] {
            let (pid, sid) = ids(byte);
            moved.insert(pid, sid, node);
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
    fn no_more_than_the_bound_are_remembered() {
        let mut moved = Moved::default();
        for number in 0..MAX as u64 + 10 {
            let mut bytes = [0; 15];
            bytes[..8].copy_from_slice(&number.to_le_bytes());
            moved.insert(PrivateId::from_random(bytes), Sid::from_random(bytes), NodeId::new(1));
        }
        assert_eq!((moved.pids.len(), moved.by_sid.len()), (MAX, MAX));
    }

    #[test]
    fn clients_that_go_and_come_back_again_and_again_take_no_room_and_nobodys_place() {
        let mut moved = Moved::default();
        let ids = |byte| (PrivateId::from_random([byte; 15]), Sid::from_random([byte; 15]));
        let (first, node) = (ids(255), NodeId::new(1));
        moved.insert(first.0, first.1.clone(), node);
        for round in 0..3 * MAX {
            let (pid, sid) = ids((round % 7) as u8);
            moved.remove(&pid);
            moved.insert(pid, sid, node);
            assert!(moved.order.len() <= 2 * MAX, "{round}");
        }
        assert_eq!((moved.pids.len(), moved.node_of(&first.1)), (8, Some(node)));
    }
}
