//! Numbers of frames: [`Outgoing`] gives them, and by them [`Incoming`] finds repeats and losses.
//!
//! A lane is a counter. Every node has one for what it sends to everybody, and one for each node that it has sent
//! something to. A receiver expects the numbers of a lane one after the other: the expected one is taken, a smaller one
//! is a repeat, and in front of a larger one some were lost.
//!
//! So repeats are harmless, and a sender may send again what may have been lost; and losses are known where they
//! matter. Frames that tell of the node itself take no number and say which one comes next: so the loss of a last frame
//! is noticed too.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::frame::LANE_ALL;
use super::node::NodeId;

/// How long the place in the lanes of a node that is not heard is kept. A node that stood still comes back within this
/// time and then knows what it has missed.
pub const KEPT: Duration = Duration::from_secs(600);

/// Nodes whose place is kept. More are not alive in any cluster that uses one lane to everybody.
pub const MAX_SOURCES: usize = 4096;

/// Emitters whose place is kept: many short-lived processes may have sent one event each.
pub const MAX_EMITTERS: usize = 1024;

/// Lanes of one node that end here: one to everybody and one to this node, and some that were begun anew.
const MAX_LANES: usize = 8;

/// Gives numbers to the frames of one node.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use sio_core::cluster::lane::Outgoing;
/// use sio_core::cluster::node::NodeId;
///
/// let now = Instant::now();
/// let mut lanes = Outgoing::default();
/// assert_eq!(lanes.take(None, now), (0, 0));
/// assert_eq!(lanes.take(None, now), (0, 1));
/// assert_eq!(lanes.take(Some(NodeId::new(5)), now), (1, 0));
/// ```
#[derive(Debug, Default)]
pub struct Outgoing {
    all: u64,
    nodes: HashMap<NodeId, ToNode>,
    /// The last lane that was begun.
    last: u32,
}

#[derive(Debug)]
struct ToNode {
    lane: u32,
    next: u64,
    used: Instant,
}

impl Outgoing {
    /// Takes the next number of the lane to a node, `None`: of the one to everybody. Returns lane and number.
    pub fn take(&mut self, to: Option<NodeId>, now: Instant) -> (u32, u64) {
        let Some(node) = to else {
            let number = self.all;
            self.all += 1;
            return (LANE_ALL, number);
        };
        let last = &mut self.last;
        let lane = self.nodes.entry(node).or_insert_with(|| {
            *last += 1;
            ToNode { lane: *last, next: 0, used: now }
        });
        lane.used = now;
        let number = lane.next;
        lane.next += 1;
        (lane.lane, number)
    }

    /// Returns the number that the next frame to everybody will have.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.all
    }

    /// Returns, for each node that something was sent to, its lane and the number that comes next in it.
    #[must_use]
    pub fn nodes(&self) -> BTreeMap<NodeId, (u32, u64)> {
        self.nodes.iter().map(|(node, lane)| (*node, (lane.lane, lane.next))).collect()
    }

    /// Forgets lanes that have not been used for [`KEPT`]. They are begun anew, with other numbers of their own.
    pub fn forget(&mut self, now: Instant) {
        self.nodes.retain(|_, lane| now.saturating_duration_since(lane.used) < KEPT);
    }
}

/// How the receiver treats a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// It is to be taken; in front of it this many were lost.
    New {
        /// How many.
        lost: u64,
    },
    /// It was taken before, or counted as lost.
    Repeat,
}

/// Knows which numbers have arrived.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use sio_core::cluster::lane::{Arrival, Incoming};
/// use sio_core::cluster::node::NodeId;
///
/// let (now, node) = (Instant::now(), NodeId::new(5));
/// let mut lanes = Incoming::default();
/// // A node that was unknown begins where it is heard first.
/// assert_eq!(lanes.take(node, 0, 7, now), Arrival::New { lost: 0 });
/// assert_eq!(lanes.take(node, 0, 7, now), Arrival::Repeat);
/// assert_eq!(lanes.take(node, 0, 10, now), Arrival::New { lost: 2 });
/// // A frame without a number says which one comes next.
/// assert_eq!(lanes.reach(node, 0, 12, now), 1);
/// ```
#[derive(Debug, Default)]
pub struct Incoming {
    sources: HashMap<NodeId, Source>,
    emitters: HashMap<NodeId, Emitter>,
    /// Counts what emitters send, to know who was heard last.
    turn: u64,
}

#[derive(Debug)]
struct Source {
    /// Lane and expected number. Short, and in the order in which they were begun.
    lanes: SmallVec<[(u32, u64); 2]>,
    heard: Instant,
}

#[derive(Debug)]
struct Emitter {
    next: u64,
    turn: u64,
}

impl Incoming {
    /// Takes a numbered frame of a member.
    pub fn take(&mut self, source: NodeId, lane: u32, number: u64, now: Instant) -> Arrival {
        let expected = self.expected(source, lane, number, now);
        if number < *expected {
            return Arrival::Repeat;
        }
        let lost = number - *expected;
        *expected = number.saturating_add(1);
        Arrival::New { lost }
    }

    /// Returns whether a numbered frame of a member was taken before, or counted as lost.
    #[must_use]
    pub fn is_repeat(&self, source: NodeId, lane: u32, number: u64) -> bool {
        let lanes = self.sources.get(&source).map(|source| &source.lanes);
        lanes.into_iter().flatten().any(|(known, next)| *known == lane && number < *next)
    }

    /// Takes a statement of a member that the next frame of this lane will have this number. Returns how many were
    /// lost.
    pub fn reach(&mut self, source: NodeId, lane: u32, next: u64, now: Instant) -> u64 {
        let expected = self.expected(source, lane, next, now);
        let lost = next.saturating_sub(*expected);
        *expected = next.max(*expected);
        lost
    }

    /// Takes the frame of an emitter, for which only repeats are known. Returns whether it is one.
    pub fn is_repeat_of_emitter(&mut self, source: NodeId, number: u64) -> bool {
        self.turn += 1;
        let turn = self.turn;
        if self.emitters.len() >= MAX_EMITTERS && !self.emitters.contains_key(&source) {
            let longest = self.emitters.iter().min_by_key(|(_, emitter)| emitter.turn).map(|(node, _)| *node);
            longest.and_then(|node| self.emitters.remove(&node));
        }
        let emitter = self.emitters.entry(source).or_insert(Emitter { next: 0, turn });
        emitter.turn = turn;
        if number < emitter.next {
            return true;
        }
        emitter.next = number.saturating_add(1);
        false
    }

    /// Returns the lanes of all members with the number that is expected next in each.
    pub fn places(&self) -> impl Iterator<Item = (NodeId, u32, u64)> + '_ {
        self.sources
            .iter()
            .flat_map(|(node, source)| source.lanes.iter().map(|(lane, next)| (*node, *lane, *next)))
    }

    /// Forgets nodes that have not been heard for [`KEPT`].
    pub fn forget(&mut self, now: Instant) {
        self.sources.retain(|_, source| now.saturating_duration_since(source.heard) < KEPT);
    }

    fn expected(&mut self, node: NodeId, lane: u32, number: u64, now: Instant) -> &mut u64 {
        let is_known = self.sources.contains_key(&node);
        if !is_known && self.sources.len() >= MAX_SOURCES {
            let longest = self.sources.iter().min_by_key(|(_, source)| source.heard).map(|(node, _)| *node);
            longest.and_then(|node| self.sources.remove(&node));
        }
        let source =
            self.sources.entry(node).or_insert_with(|| Source { lanes: SmallVec::new(), heard: now });
        source.heard = now;
        let place = source.lanes.iter().position(|(known, _)| *known == lane).unwrap_or_else(|| {
            // A lane to this node alone was begun with 0, by a writer that knew this node: that can be checked if the
            // writer is known as well. In the lane to everybody others have come before.
            let first = if is_known && lane != LANE_ALL { 0 } else { number };
            if source.lanes.len() >= MAX_LANES {
                let oldest = source.lanes.iter().position(|(known, _)| *known != LANE_ALL).unwrap_or(0);
                source.lanes.remove(oldest);
            }
            source.lanes.push((lane, first));
            source.lanes.len() - 1
        });
        &mut source.lanes[place].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: NodeId = NodeId::new(1);

    #[test]
    fn a_lane_to_one_node_begins_with_zero_if_its_sender_is_known() {
        let now = Instant::now();
        let mut lanes = Incoming::default();
        assert_eq!(lanes.reach(NODE, LANE_ALL, 40, now), 0);
        assert_eq!(lanes.take(NODE, 3, 2, now), Arrival::New { lost: 2 });
        // The loss of an only frame, which the next heartbeat tells.
        assert_eq!(lanes.reach(NODE, 4, 1, now), 1);
    }

    #[test]
    fn a_lane_to_one_node_begins_anywhere_if_its_sender_is_unknown() {
        let now = Instant::now();
        let mut lanes = Incoming::default();
        assert_eq!(lanes.take(NODE, 3, 200, now), Arrival::New { lost: 0 });
        assert_eq!(lanes.take(NODE, LANE_ALL, 70, now), Arrival::New { lost: 0 });
    }

    #[test]
    fn a_place_is_kept_for_ten_minutes() {
        let now = Instant::now();
        let mut lanes = Incoming::default();
        lanes.take(NODE, LANE_ALL, 1, now);
        lanes.forget(now + KEPT - Duration::from_millis(1));
        assert_eq!(lanes.take(NODE, LANE_ALL, 5, now), Arrival::New { lost: 3 });
        lanes.forget(now + KEPT);
        assert_eq!(lanes.take(NODE, LANE_ALL, 900, now + KEPT), Arrival::New { lost: 0 });

        let mut lanes = Outgoing::default();
        assert_eq!(lanes.take(Some(NODE), now), (1, 0));
        lanes.forget(now + KEPT);
        assert_eq!(lanes.take(Some(NODE), now), (2, 0), "begun anew, under another name");
        assert_eq!(lanes.nodes(), BTreeMap::from([(NODE, (2, 1))]));
    }

    #[test]
    fn the_emitter_that_was_heard_longest_ago_is_forgotten() {
        let mut lanes = Incoming::default();
        for number in 0..MAX_EMITTERS as u64 {
            assert!(!lanes.is_repeat_of_emitter(NodeId::new(number), 5));
        }
        assert!(lanes.is_repeat_of_emitter(NodeId::new(0), 5), "and is the latest now");
        assert!(!lanes.is_repeat_of_emitter(NodeId::new(9999), 0));
        assert!(lanes.is_repeat_of_emitter(NodeId::new(0), 5));
        assert!(!lanes.is_repeat_of_emitter(NodeId::new(1), 5), "it was forgotten");
        assert_eq!(lanes.emitters.len(), MAX_EMITTERS);
    }

    #[test]
    fn lanes_and_sources_are_bounded() {
        let now = Instant::now();
        let mut lanes = Incoming::default();
        for number in 0..3 * MAX_SOURCES as u64 {
            lanes.take(NodeId::new(number), LANE_ALL, 0, now + Duration::from_nanos(number));
        }
        for lane in 0..100 {
            lanes.take(NODE, lane, 0, now + Duration::from_secs(1));
        }
        assert_eq!(lanes.sources.len(), MAX_SOURCES);
        assert_eq!(lanes.sources[&NODE].lanes.len(), MAX_LANES);
        assert_eq!(lanes.sources[&NODE].lanes[0].0, LANE_ALL);
    }

    #[test]
    fn the_largest_number_does_not_overflow() {
        let now = Instant::now();
        let mut lanes = Incoming::default();
        assert_eq!(lanes.take(NODE, 0, u64::MAX, now), Arrival::New { lost: 0 });
        assert_eq!(lanes.take(NODE, 0, u64::MAX - 1, now), Arrival::Repeat);
        assert!(!lanes.is_repeat_of_emitter(NODE, u64::MAX));
    }
}
