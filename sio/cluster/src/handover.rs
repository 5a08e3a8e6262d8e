//! Clients that come back at another node than the one that they had left.
//!
//! ```text
//! client ──► B: CLAIM {pid, offset} ──► A: takes the state out, under one lock
//!            B: puts it in, under one lock:   ◄── HANDED {rooms, events, numbers of all lanes}
//!               what comes from now on reaches it, and what B has received and A had not is in the ring
//! ```
//!
//! Three rules make it exact. An event goes first into the ring of its node, then to its sockets, and is numbered last.
//! HANDED has the offsets of all events that the client's node knew, those before the client's own as well. An event
//! that comes twice is known by its offset.

use std::sync::PoisonError;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use sio_core::cluster::frame::Kind;
use sio_core::cluster::message::{Claim, Handed, HandedState, PrivateIdText};
use sio_core::cluster::node::NodeId;
use sio_core::id::PrivateId;
use sio_core::target::Target;

use crate::bus::Topic;
use crate::cluster::Cluster;
use crate::local::Packet;
use crate::moving::{MOVED, TAKEN};
use crate::outbox::now;
use crate::requests::Item;
use crate::ring::Noted;

/// How long a claim waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// Claims in about a second for clients whose secret no live node has made.
const MAX_UNPROVED: u32 = 1000;

impl Cluster {
    /// Keeps an event of this node for clients that move, if clients can come back. To be called before the event is
    /// delivered to sockets of this node.
    pub fn note(&self, path: &str, target: &Target<'_>, packet: &Packet) -> Option<Noted> {
        let ring = self.node.ring.as_ref()?;
        if self.node.topic_of(target) != Topic::All {
            // The node that has made the id passes it on to the one where its socket is.
            return None;
        }
        let index = ring.push(path, target, (packet.offset?, packet.run.clone()), None, now());
        Some(Noted(index))
    }

    /// Returns whether a client with this secret may be known at another node. If nobody who is alive has made it, it is
    /// that of a client which has outlived its node, or is made up: no more than 1,000 of these a second are asked for.
    #[must_use]
    pub fn may_be_elsewhere(&self, pid: &PrivateId) -> bool {
        let state = self.node.state();
        if state.members.is_empty() {
            return false;
        }
        if state.members.hello().key.proves(pid) {
            return state.moved.contains(pid);
        }
        let members = &state.members;
        let is_proved = members.owner_of(pid).is_some() || members.is_of_one_that_left(pid);
        is_proved || self.node.unproved.fetch_add(1, Relaxed) < MAX_UNPROVED
    }

    /// Asks for the state of a client that has come here. When this returns, [`Local::handed`](crate::Local::handed) has
    /// taken it, if there is any; after a second at the latest.
    pub async fn claim(&self, path: &str, pid: PrivateId, offset: Option<u64>) {
        // A later answer is ignored.
        let _ = tokio::time::timeout(PATIENCE, async {
            let owner = self.node.state().members.owner_of(&pid);
            if let Some(owner) = owner
                && !self.ask_for(Topic::Node(owner), vec![owner], path, pid, offset).await
            {
                return;
            }
            // Its node has gone, or knows that another has it.
            let nodes = self.node.state().members.trusted().collect();
            self.ask_for(Topic::All, nodes, path, pid, offset).await;
        })
        .await;
    }

    /// Returns whether somebody else has to be asked: since another has it, or one of these has gone meanwhile.
    async fn ask_for(
        &self,
        topic: Topic,
        nodes: Vec<NodeId>,
        path: &str,
        pid: PrivateId,
        offset: Option<u64>,
    ) -> bool {
        let waiting = self.node.requests.begin(nodes);
        let claim = Claim { id: waiting.id, pid: PrivateIdText(pid), nsp: path.to_owned(), offset };
        if self.push(topic, Kind::Claim, &claim).is_err() {
            return false;
        }
        let has = |items: &[Item], what: &str| items.iter().any(|(_, answer)| answer.get() == what);
        let answers = waiting.finish(PATIENCE, |items| has(items, TAKEN)).await;
        !has(&answers.items, TAKEN) && (has(&answers.items, MOVED) || !answers.missing.is_empty())
    }

    /// Gives the state of a client away, since this node stops: to the node that has [claimed](crate::Claimed::Later) it
    /// meanwhile, or to one that did not ask. False if there is no such node or that cannot be sent; it is lost then.
    pub fn hand(&self, pid: PrivateId, take: impl FnOnce() -> Option<HandedState>) -> bool {
        let claimed = self.node.state().moved.take_claim(&pid);
        let Some(to) = claimed.map(|(node, _)| node).or_else(|| self.successor()) else { return false };
        self.hand_to(to, claimed.map(|(_, claim)| claim), pid, take)
    }

    /// As [`Cluster::hand`], if a node has claimed the client.
    pub fn hand_claimed(&self, pid: PrivateId, take: impl FnOnce() -> Option<HandedState>) -> bool {
        let claimed = self.node.state().moved.take_claim(&pid);
        claimed.is_some_and(|(to, claim)| self.hand_to(to, Some(claim), pid, take))
    }

    fn hand_to(
        &self,
        to: NodeId,
        claim: Option<u64>,
        pid: PrivateId,
        take: impl FnOnce() -> Option<HandedState>,
    ) -> bool {
        let state = {
            // An event that has arrived is either with the client or not known yet, never in between; and one that
            // arrives from now on finds it gone.
            let _between = self.node.delivering.lock().unwrap_or_else(PoisonError::into_inner);
            let lanes = self.node.lanes();
            let Some(state) = take() else { return false };
            self.node.state().moved.insert(pid, state.sid.clone(), to);
            HandedState { lanes, ..state }
        };
        let handed = Handed { claim, pid: PrivateIdText(pid), moved: false, state: Some(state) };
        self.push(Topic::Node(to), Kind::Handed, &handed).is_ok()
    }

    /// Returns a node that can take over the clients of this one: one that is heard and does not stop itself.
    #[must_use]
    pub fn successor(&self) -> Option<NodeId> {
        self.node.successor()
    }
}
