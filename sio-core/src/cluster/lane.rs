//! Numbers of frames: [`Outgoing`] gives them, and by them [`Incoming`] finds repeats and losses.
//!
//! A lane is a counter. Every node has one for what it sends to everybody, one for each node that it has sent
//! something to, and one for each [topic of rooms](super::room_topic). A receiver expects the numbers of a lane one after the other: the expected one is taken, a smaller one
//! is a repeat, and in front of a larger one some were lost.
//!
//! So repeats are harmless, and a sender may send again what may have been lost; and losses are known where they
//! matter. Frames that tell of the node itself take no number and say which one comes next: so the loss of a last frame
//! is noticed too.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use smallvec::SmallVec;

use super::frame::{LANE_ALL, LANE_ROOMS};
use super::node::NodeId;
use super::room_topic::MAX_TOPICS;

/// How long the place in the lanes of a node that is not heard is kept. A node that stood still comes back within this
/// time and then knows what it has missed.
pub const KEPT: Duration = Duration::from_secs(600);

/// Nodes whose place is kept. More are not alive in any cluster that uses one lane to everybody.
pub const MAX_SOURCES: usize = 4096;

/// Emitters whose place is kept: many short-lived processes may have sent one event each.
pub const MAX_EMITTERS: usize = 1024;

/// Lanes of one node that end here: one to everybody and one to this node, and some that were begun anew.
const MAX_LANES: usize = 8;

/// How often the next number of a lane to rooms is told after something has gone in it: for as long as a node that is
/// not heard is thought alive.
const MARKS: u8 = 4;

/// Whom a frame is for, as far as its number is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Lane {
    /// Everybody.
    All,
    /// One node.
    Node(NodeId),
    /// Those who have members of the rooms of this topic.
    Rooms(u16),
}

/// Gives numbers to the frames of one node.
///
/// # Examples
///
/// ```
/// use std::time::Instant;
/// use sio_core::cluster::lane::{Lane, Outgoing};
/// use sio_core::cluster::node::NodeId;
///
/// let now = Instant::now();
/// let mut lanes = Outgoing::default();
/// assert_eq!(lanes.take(Lane::All, now), (0, 0));
/// assert_eq!(lanes.take(Lane::All, now), (0, 1));
/// assert_eq!(lanes.take(Lane::Node(NodeId::new(5)), now), (1, 0));
/// ```
#[derive(Debug, Default)]
pub struct Outgoing {
    all: u64,
    nodes: HashMap<NodeId, ToNode>,
    rooms: HashMap<u16, ToRooms>,
    /// The last lane that was begun.
    last: u32,
}

#[derive(Debug)]
struct ToNode {
    lane: u32,
    next: u64,
    used: Instant,
}

#[derive(Debug, Default)]
struct ToRooms {
    next: u64,
    /// How often its next number is still to be told.
    marks: u8,
}

impl Outgoing {
    /// Takes the next number of a lane. Returns lane and number.
    pub fn take(&mut self, to: Lane, now: Instant) -> (u32, u64) {
        let node = match to {
            Lane::All => {
                let number = self.all;
                self.all += 1;
                return (LANE_ALL, number);
            }
            Lane::Rooms(topic) => {
                let lane = self.rooms.entry(topic).or_default();
                lane.marks = MARKS;
                let number = lane.next;
                lane.next += 1;
                return (LANE_ROOMS + u32::from(topic), number);
            }
            Lane::Node(node) => node,
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

    /// Returns the lane to a topic of rooms, and the number that comes next in it.
    #[must_use]
    pub fn next_to_rooms(&self, topic: u16) -> (u32, u64) {
        (LANE_ROOMS + u32::from(topic), self.rooms.get(&topic).map_or(0, |lane| lane.next))
    }

    /// Returns the topics of rooms whose next number is to be told now: for a while after something has gone to them, so
    /// that a receiver whose connection was cut knows of it as well. To be called at each heartbeat.
    pub fn rooms_to_mark(&mut self) -> Vec<u16> {
        let marked = self.rooms.iter_mut().filter(|(_, lane)| lane.marks > 0);
        marked
            .map(|(topic, lane)| {
                lane.marks -= 1;
                *topic
            })
            .collect()
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
    /// Something has been taken that was sent after it, so that it cannot be taken any more; this many were lost, itself
    /// included. None if nothing was to come here when it was sent first.
    Late {
        /// How many.
        lost: u64,
    },
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
    /// The number that is expected next, of lanes to topics of rooms.
    rooms: HashMap<u16, u64>,
    heard: Instant,
}

impl Source {
    fn new(now: Instant) -> Self {
        Self { lanes: SmallVec::new(), rooms: HashMap::new(), heard: now }
    }
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

    /// Takes a frame of a lane to a topic of rooms, which was sent before the frame to everybody with the number `before`.
    ///
    /// The numbers of the two lanes together keep the order: when a member sends again what its broker may not have
    /// passed on, there are frames among it that came before the topic was subscribed here.
    pub fn take_of_rooms(
        &mut self,
        source: NodeId,
        lane: u32,
        number: u64,
        before: u64,
        now: Instant,
    ) -> Arrival {
        let is_late = self.is_repeat(source, LANE_ALL, before);
        let rooms = self.sources.get(&source).map(|source| &source.rooms);
        let is_known = rooms.zip(topic_of(lane)).is_some_and(|(rooms, topic)| rooms.contains_key(&topic));
        match self.take(source, lane, number, now) {
            Arrival::New { lost } if is_late => Arrival::Late { lost: lost + u64::from(is_known) },
            arrival => arrival,
        }
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

    /// Forgets the lanes of all nodes to this topic of rooms: what goes in them does not come here any more.
    pub fn forget_rooms(&mut self, topic: u16) {
        for source in self.sources.values_mut() {
            source.rooms.remove(&topic);
        }
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
        let source = self.sources.entry(node).or_insert_with(|| Source::new(now));
        source.heard = now;
        if let Some(topic) = topic_of(lane) {
            if source.rooms.len() >= MAX_TOPICS && !source.rooms.contains_key(&topic) {
                // No node has that many: the numbers are made up.
                source.rooms.clear();
            }
            // The topic may have been subscribed when others had come before.
            return source.rooms.entry(topic).or_insert(number);
        }
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

/// The topic of rooms to which a lane leads.
fn topic_of(lane: u32) -> Option<u16> {
    u16::try_from(lane.checked_sub(LANE_ROOMS)?).ok()
}

#[cfg(test)]
mod tests;
