//! Claims of other nodes, states that come from them, and events for sockets that have moved: the receiving half of
//! [`handover`](crate::handover).

use std::sync::Arc;

use serde_json::value::RawValue;
use sio_core::cluster::broadcast::Broadcast;
use sio_core::cluster::frame::{Flags, Header, Kind, LANE_ALL};
use sio_core::cluster::message::{self, Change, Claim, Handed, HandedState, PrivateIdText};
use sio_core::cluster::node::NodeId;
use sio_core::id::PrivateId;
use sio_core::target::Target;

use crate::bus::Topic;
use crate::local::{Claimed, Local};
use crate::moved::{At, ON_ITS_WAY};
use crate::node::Node;
use crate::outbox;
use crate::ring::Vector;

/// The answers to a claim: the client has gone to the node that asks, another node has it, it has gone to another node a
/// moment ago, or nobody knows it.
pub(crate) const TAKEN: &str = "1";
pub(crate) const MOVED: &str = "2";
pub(crate) const ON_ITS_WAY_TO_ANOTHER: &str = "3";
const UNKNOWN: &str = "0";

impl Node {
    /// Returns the places in all lanes that this node has come to: to be read before anything is taken out.
    pub(crate) fn lanes(&self) -> Vec<(NodeId, u32, u64)> {
        let own = (self.me, LANE_ALL, self.line.outbox.next_number());
        let state = self.state();
        state.incoming.places().chain([own]).collect()
    }

    /// Another node asks for a client.
    pub(crate) fn claimed(self: &Arc<Self>, local: &dyn Local, from: NodeId, claim: &Claim) {
        let lanes = self.lanes();
        let pid = claim.pid.0;
        let claimed = local.claim(&claim.nsp, pid, claim.offset);
        if matches!(claimed, Claimed::Later) {
            self.state().moved.claim(pid, from, claim.id);
            return;
        }
        let mut handed =
            Handed { claim: Some(claim.id), pid: claim.pid, moved: false, fresh: false, state: None };
        let now = outbox::now();
        match claimed {
            Claimed::State(mut state) => {
                self.state().moved.insert(pid, state.sid.clone(), from, now);
                state.lanes = lanes;
                handed.state = Some(*state);
            }
            // It goes on from where it is to the one that asks.
            Claimed::Unknown | Claimed::Later => {
                let went = self.state().moved.follow(&pid, from);
                handed.moved = went.is_some();
                handed.fresh = went.is_some_and(|at| now.saturating_duration_since(at) < ON_ITS_WAY);
            }
        }
        let mut frame = self.begin(Kind::Handed, Flags::NONE, 1024);
        message::write(&mut frame, &handed);
        if frame.len() > self.line.max_frame() {
            // More than a frame holds: the client is a new one there.
            handed.state = None;
            frame = self.begin(Kind::Handed, Flags::NONE, 256);
            message::write(&mut frame, &handed);
        }
        self.line.outbox.push(Topic::Node(from), frame, outbox::Kind::Held);
    }

    /// A client's state has come.
    pub(crate) fn handed(&self, local: &dyn Local, from: NodeId, handed: Handed) {
        let Handed { claim, pid: PrivateIdText(pid), moved, fresh, state } = handed;
        // Nobody may wait for it any more; the client may still come back to it.
        let claim = claim.filter(|claim| self.requests.is_open(*claim));
        let state = match state {
            // It has crossed the news that this node stops.
            Some(state) if claim.is_none() && !local.lets_in() => return self.hand_on(pid, state),
            state => state,
        };
        let is_taken = state.is_some();
        if let (Some(state), Some(ring)) = (state, &self.ring) {
            let known: Vector =
                state.lanes.iter().map(|(node, lane, next)| ((*node, *lane), *next)).collect();
            let path = state.nsp.clone();
            local.handed(pid, state, &|take| {
                ring.replay(&path, &known, &mut |kept| take(&kept.target, &kept.what))
            });
            self.state().moved.remove(&pid);
            self.awaited.arrived(&pid);
        }
        if let Some(claim) = claim {
            let answer = match (is_taken, moved, fresh) {
                (true, ..) => TAKEN,
                (false, true, true) => ON_ITS_WAY_TO_ANOTHER,
                (false, true, false) => MOVED,
                (false, false, _) => UNKNOWN,
            };
            let answer = RawValue::from_string(answer.to_owned()).expect("it is JSON");
            self.requests.page(claim, from, 0, true, vec![answer]);
        }
    }

    /// Gives a client's state to another node, since it cannot stay here.
    fn hand_on(&self, pid: PrivateId, state: HandedState) {
        let Some(to) = self.successor() else { return };
        self.state().moved.insert(pid, state.sid.clone(), to, outbox::now());
        let pid = PrivateIdText(pid);
        let handed = Handed { claim: None, pid, moved: false, fresh: false, state: Some(state) };
        let mut frame = self.begin(Kind::Handed, Flags::NONE, 1024);
        message::write(&mut frame, &handed);
        self.line.outbox.push(Topic::Node(to), frame, outbox::Kind::Held);
    }

    /// Returns a node that can take over the clients of this one: one that is heard and does not stop itself. It stays
    /// the same while it can: the others are told of one.
    pub(crate) fn successor(&self) -> Option<NodeId> {
        let mut state = self.state();
        let fit = state
            .members
            .iter()
            .filter(|(_, member)| !member.is_suspect && !member.hello.draining && member.hello.recovery);
        // The one with the fewest sockets: several that stop one after the other do not fill one.
        let before = state.moved.successor;
        let next =
            fit.min_by_key(|(node, member)| (before != Some(*node), member.sockets)).map(|(node, _)| node);
        if next.is_some() {
            state.moved.successor = next;
        }
        next
    }

    /// Passes an event on that is for one socket which has moved. Returns whether it is one.
    pub(crate) fn pass_on(&self, header: &Header, event: &Broadcast<'_>) -> bool {
        let Some(at) = self.moved_to(&event.target) else { return false };
        // Its sender may have delivered it itself; an event with an offset is known there when it comes again.
        let is_wanted = at.node != header.source || event.offset.is_some();
        if is_wanted && may_go_on(header, at) {
            let At { node, .. } = at;
            let mut frame = self.begin(Kind::Broadcast, header.flags | Flags::PASSED, event.size());
            event.write(&mut frame);
            self.line.outbox.push(Topic::Node(node), frame, outbox::Kind::Held);
        }
        true
    }

    /// As [`Self::pass_on`], for a change.
    pub(crate) fn pass_on_change(&self, header: &Header, change: &Change) -> bool {
        let Some(at) = self.moved_to(&change.to.target()) else { return false };
        // One that the node itself has sent was made there.
        if at.node != header.source && may_go_on(header, at) {
            let At { node, .. } = at;
            let mut frame = self.begin(Kind::Change, Flags::PASSED, 256);
            message::write(&mut frame, change);
            self.line.outbox.push(Topic::Node(node), frame, outbox::Kind::Held);
        }
        true
    }

    /// Returns the node to which the only socket that is addressed has moved from here.
    fn moved_to(&self, target: &Target<'_>) -> Option<At> {
        let state = self.state();
        if state.moved.is_empty() {
            return None;
        }
        state.moved.at(&target.single()?.parse().ok()?)
    }
}

/// Returns whether a frame may go on to the node at which its socket is. Nodes that have left are replaced by guesses, and
/// each circle of nodes that think the socket to be at the next one has a guess in it: a frame that was passed on
/// before follows none, or it would travel for as long as they live.
fn may_go_on(header: &Header, at: At) -> bool {
    !(at.is_guessed && header.flags.has(Flags::PASSED))
}
