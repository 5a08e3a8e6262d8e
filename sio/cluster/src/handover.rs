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

use sio_core::cluster::frame::{Kind, LANE_ALL};
use sio_core::cluster::message::{Change, Claim, Deed, Handed, HandedState, PrivateIdText, Selection};
use sio_core::cluster::node::NodeId;
use sio_core::id::PrivateId;
use sio_core::target::Target;
use tokio::time::sleep;

use crate::bus::Topic;
use crate::cluster::Cluster;
use crate::error::PublishError;
use crate::local::{Address, Packet};
use crate::moved::ON_ITS_WAY;
use crate::moving::{MOVED, ON_ITS_WAY_TO_ANOTHER, TAKEN};
use crate::node::State;
use crate::outbox::now;
use crate::requests::Item;
use crate::ring::{Missed, Noted};

/// How long a claim waits.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much of that the node that has made the client's secret may take to answer, before all are asked. One that was killed
/// does not answer, and counts as dead only after seconds; the client may have moved on from there long ago.
const OWNER_PATIENCE: Duration = Duration::from_millis(300);

/// How long a claim waits before it asks again; twice as long each time.
const FIRST_PAUSE: Duration = Duration::from_millis(10);

/// Claims in about a second for clients whose secret no live node has made.
const MAX_UNPROVED: u32 = 1000;

/// Who is asked for a client, and how long.
struct Asked {
    topic: Topic,
    nodes: Vec<NodeId>,
    patience: Duration,
}

impl Asked {
    fn owner(owner: NodeId) -> Self {
        Self { topic: Topic::Node(owner), nodes: vec![owner], patience: OWNER_PATIENCE }
    }
}

/// The answers of other nodes to a claim, together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// None of them has it, or any more: it may have come here.
    No,
    /// Somebody else has it, or one of them has gone meanwhile.
    Elsewhere,
    /// One of them has sent it to another a moment ago.
    OnItsWay,
}

impl Cluster {
    /// Keeps an event of this node for clients that move, if clients can come back. To be called before the event is
    /// delivered to sockets of this node.
    pub fn note(&self, path: &str, target: &Target<'_>, packet: &Packet) -> Option<Noted> {
        let ring = self.node.ring.as_ref()?;
        if self.node.topic_of(target) != Topic::All {
            // The node that has made the id passes it on to the one where its socket is.
            return None;
        }
        let event = Missed::Event { offset: packet.offset?, run: packet.run.clone() };
        Some(Noted(ring.push(path, target, event, None, now())))
    }

    /// As [`Cluster::note`], for a change of rooms of this node, which is applied to its sockets next. `deed` is called
    /// only where something is kept.
    pub fn note_change(&self, to: &Address<'_>, deed: impl FnOnce() -> Deed) -> Option<Noted> {
        let ring = self.node.ring.as_ref()?;
        let deed = Some(deed()).filter(|deed| !matches!(deed, Deed::Disconnect(_)))?;
        // Whomever it is for: a client may be on its way here that the node which has made its id has sent.
        Some(Noted(ring.push(to.path, &to.target, Missed::Change(deed), None, now())))
    }

    /// As [`Cluster::change`], for a change that was [noted](Cluster::note_change) before it was applied to sockets of
    /// this node.
    ///
    /// # Errors
    ///
    /// As [`Cluster::change`].
    pub fn change_noted(
        &self,
        to: &Address<'_>,
        deed: Deed,
        noted: Option<Noted>,
    ) -> Result<(), PublishError> {
        let place = if self.node.has_peers() {
            let topic = self.node.topic_of(&to.target);
            self.node.widen(to.path, &deed);
            let change = Change { to: Selection::new(to.path, &to.target), deed };
            self.push_numbered(topic, Kind::Change, &change)?
        } else {
            Some((LANE_ALL, self.node.line.outbox.skip()))
        };
        self.number(noted, place);
        Ok(())
    }

    /// Something that was noted has got its lane and number.
    pub(crate) fn number(&self, noted: Option<Noted>, place: Option<(u32, u64)>) {
        if let (Some(ring), Some(Noted(index)), Some((lane, number))) = (&self.node.ring, noted, place) {
            ring.number(index, (self.node.me, lane, number));
        }
    }

    /// Returns whether a client with this secret may be known at another node. If nobody who is alive has made it, it is
    /// that of a client which has outlived its node, or is made up: no more than 1,000 of these a second are asked for.
    #[must_use]
    pub fn may_be_elsewhere(&self, pid: &PrivateId) -> bool {
        let state = self.node.state();
        if state.members.is_empty() {
            // The last one that has left may have sent it here.
            return has_just_left(&state, pid);
        }
        if state.members.hello().key.proves(pid) {
            return state.moved.contains(pid);
        }
        let members = &state.members;
        let is_proved = members.owner_of(pid).is_some() || members.owner_left_at(pid).is_some();
        is_proved || self.node.unproved.fetch_add(1, Relaxed) < MAX_UNPROVED
    }

    /// Asks for the state of a client that has come here. When this returns, [`Local::handed`](crate::Local::handed) has
    /// taken it, if there is any; after a second at the latest. `is_here` returns whether it has been taken already.
    pub async fn claim(
        &self,
        path: &str,
        pid: PrivateId,
        offset: Option<u64>,
        is_here: impl FnOnce() -> bool + Send,
    ) {
        // It may also come unasked, from a node that stops. One that came before this is in place by now, and one that
        // comes from here on ends the wait.
        let awaiting = self.node.awaited.begin(pid);
        if is_here() {
            return;
        }
        // A later answer is ignored.
        let asking = tokio::time::timeout(PATIENCE, async {
            let owner = self.node.state().members.owner_of(&pid);
            if let Some(owner) = owner
                && self.ask_for(Asked::owner(owner), path, pid, offset).await == Found::No
            {
                return;
            }
            // Its node has gone, or knows that another has it. A claim may come there before the client's state: then all
            // of them are asked again.
            let mut pause = FIRST_PAUSE;
            loop {
                let nodes = self.node.state().members.trusted().collect();
                let all = Asked { topic: Topic::All, nodes, patience: PATIENCE };
                let found = self.ask_for(all, path, pid, offset).await;
                if found != Found::OnItsWay && !has_just_left(&self.node.state(), &pid) {
                    return;
                }
                sleep(pause).await;
                pause *= 2;
            }
        });
        tokio::select! {
            biased;
            () = awaiting.arrived() => {}
            _ = asking => {}
        }
    }

    /// Asks these for a client. One that gives it away does so before this returns.
    async fn ask_for(&self, asked: Asked, path: &str, pid: PrivateId, offset: Option<u64>) -> Found {
        let Asked { topic, nodes, patience } = asked;
        let waiting = self.node.requests.begin(nodes);
        let claim = Claim { id: waiting.id, pid: PrivateIdText(pid), nsp: path.to_owned(), offset };
        if self.push(topic, Kind::Claim, &claim).is_err() {
            return Found::No;
        }
        let has = |items: &[Item], what: &str| items.iter().any(|(_, answer)| answer.get() == what);
        let answers = waiting.finish(patience, |items| has(items, TAKEN)).await;
        let has = |what| has(&answers.items, what);
        if has(ON_ITS_WAY_TO_ANOTHER) {
            Found::OnItsWay
        } else if has(MOVED) || !answers.missing.is_empty() {
            Found::Elsewhere
        } else {
            Found::No
        }
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
            self.node.state().moved.insert(pid, state.sid.clone(), to, now());
            HandedState { lanes, ..state }
        };
        let pid = PrivateIdText(pid);
        let handed = Handed { claim, pid, moved: false, fresh: false, state: Some(state) };
        self.push(Topic::Node(to), Kind::Handed, &handed).is_ok()
    }

    /// Returns a node that can take over the clients of this one: one that is heard and does not stop itself.
    #[must_use]
    pub fn successor(&self) -> Option<NodeId> {
        self.node.successor()
    }
}

/// Returns whether the node that has made a client's secret has left a moment ago: it has sent the client's state to
/// another then.
fn has_just_left(state: &State, pid: &PrivateId) -> bool {
    let left = state.members.owner_left_at(pid);
    left.is_some_and(|at| now().saturating_duration_since(at) < ON_ITS_WAY)
}
