//! [`Members`]: which nodes are alive.
//!
//! ```text
//!              HELLO, ALIVE                 9 s silent            12 s silent
//! unknown ───────────────────► up ──────────────────► suspect ─────────────────► down (Silent)
//!                               ▲  ◄──────────────────   │
//!                               │     anything heard     │
//!                               └─ BYE: down (Left); a later start of the same name: down (Replaced)
//! ```
//!
//! Nobody is judged while this node has no broker, and the time in which its process stood still does not count: then
//! it is this node that has not listened.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::key::{Owned, ProofKey, tag_of};
use super::node::{Hello, NodeId, Tag};

/// How often a node says that it is alive, give or take a fifth.
pub const HEARTBEAT: Duration = Duration::from_secs(3);

/// After this silence new requests do not wait for a node.
pub const SUSPECT: Duration = Duration::from_secs(9);

/// After this silence a node counts as dead.
pub const DEAD: Duration = Duration::from_secs(12);

/// A longer time between two ticks means that the process stood still.
const STOOD_STILL: Duration = Duration::from_secs(6);

/// Members that are known at the same time.
pub const MAX_MEMBERS: usize = 4096;

/// Nodes that have left whose ids are still known.
const MAX_LEFT: usize = 64;

/// A node that is alive, as far as is known.
#[derive(Debug, Clone)]
pub struct Member {
    /// The node's description of itself.
    pub hello: Hello,
    /// When it was heard last.
    pub heard: Instant,
    /// True if it has been silent for [`SUSPECT`], or could not be reached in another way.
    pub is_suspect: bool,
    /// How many sockets it has, as it says.
    pub sockets: u64,
}

/// A change among the members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A node is there.
    Up(NodeId),
    /// A node has gone.
    Down {
        /// The node.
        node: NodeId,
        /// The reason.
        why: Why,
    },
    /// Another node has the same tag as this one, and is older or was given it: this one has to take another.
    TakeTag(NodeId),
    /// A node has a setting that has to be the same on all nodes, and is not.
    Differs {
        /// The node.
        node: NodeId,
        /// The setting.
        what: Difference,
    },
}

/// Why a node has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// It said so.
    Left,
    /// It was silent for [`DEAD`].
    Silent,
    /// It was started again: another run of the same name is there.
    Replaced,
}

/// A setting in which a node differs from this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Difference {
    /// The format of packets.
    Parser,
    /// The setting that clients can come back.
    Recovery,
    /// The namespaces: perhaps it is another program, on the same prefix by mistake.
    Namespaces,
    /// Both have one tag, and neither takes another.
    Tag,
    /// Both have one name, and both are alive.
    Name,
}

/// Which nodes are alive.
#[derive(Debug)]
pub struct Members {
    me: NodeId,
    hello: Hello,
    members: BTreeMap<NodeId, Member>,
    /// When it was looked at last.
    ticked: Instant,
    /// Nobody is judged before.
    judged_from: Instant,
    /// Since when there is no broker.
    deaf_since: Option<Instant>,
    /// The tags and keys of those that have left last, and when.
    left: VecDeque<(Tag, ProofKey, Instant)>,
}

impl Members {
    /// Makes the members of a node that knows no other, and has no broker yet.
    #[must_use]
    pub const fn new(me: NodeId, hello: Hello, now: Instant) -> Self {
        Self {
            me,
            hello,
            members: BTreeMap::new(),
            ticked: now,
            judged_from: now,
            deaf_since: Some(now),
            left: VecDeque::new(),
        }
    }

    /// Returns this node's description of itself.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// Changes this node's description of itself.
    pub const fn hello_mut(&mut self) -> &mut Hello {
        &mut self.hello
    }

    /// Takes a HELLO or ALIVE of another node.
    pub fn introduced(&mut self, node: NodeId, hello: Hello, sockets: u64, now: Instant) -> Vec<Change> {
        if node == self.me {
            return Vec::new();
        }
        if let Some(member) = self.members.get_mut(&node) {
            member.heard = now;
            member.is_suspect = false;
            member.sockets = sockets;
            member.hello = hello;
            return Vec::new();
        }
        if self.members.len() >= MAX_MEMBERS {
            return Vec::new();
        }
        let mut changes = Vec::new();
        let namesake = |(id, other): (&NodeId, &Member)| {
            (!hello.name.is_empty() && other.hello.name == hello.name).then_some((*id, other.hello.started))
        };
        let namesake = self.members.iter().find_map(namesake);
        match namesake {
            Some((id, started)) if (started, id) < (hello.started, node) => {
                self.members.remove(&id);
                changes.push(Change::Down { node: id, why: Why::Replaced });
            }
            Some(_) => changes.push(Change::Differs { node, what: Difference::Name }),
            None => {}
        }
        changes.push(Change::Up(node));
        let differences = self.differences(node, &hello);
        self.members.insert(node, Member { hello, heard: now, is_suspect: false, sockets });
        changes.extend(differences);
        changes
    }

    /// Takes any frame of a node.
    pub fn heard(&mut self, node: NodeId, now: Instant) {
        if let Some(member) = self.members.get_mut(&node) {
            member.heard = now;
            member.is_suspect = false;
        }
    }

    /// Takes the BYE of a node.
    pub fn left(&mut self, node: NodeId, now: Instant) -> Option<Change> {
        let Member { hello, .. } = self.members.remove(&node)?;
        if self.left.len() >= MAX_LEFT {
            self.left.pop_front();
        }
        self.left.push_back((hello.tag, hello.key, now));
        Some(Change::Down { node, why: Why::Left })
    }

    /// Notes that a node could not be reached in another way than by the broker: it is suspect until it is heard.
    pub fn distrust(&mut self, node: NodeId) {
        if let Some(member) = self.members.get_mut(&node) {
            member.is_suspect = true;
        }
    }

    /// Notes that there is no broker: nobody can be heard.
    pub fn deaf(&mut self, now: Instant) {
        self.deaf_since.get_or_insert(now);
    }

    /// Notes that the broker is back: the time without it does not count.
    pub fn hears(&mut self, now: Instant) {
        if let Some(since) = self.deaf_since.take() {
            self.forgive(now.saturating_duration_since(since), now);
        }
    }

    /// Judges everybody. To be called about every second.
    pub fn tick(&mut self, now: Instant) -> Vec<Change> {
        let pause = now.saturating_duration_since(self.ticked);
        self.ticked = now;
        if pause > STOOD_STILL && self.deaf_since.is_none() {
            self.forgive(pause, now);
        }
        if self.deaf_since.is_some() || now < self.judged_from {
            return Vec::new();
        }
        let mut gone = Vec::new();
        for (node, member) in &mut self.members {
            let silent = now.saturating_duration_since(member.heard);
            member.is_suspect |= silent >= SUSPECT;
            if silent >= DEAD {
                gone.push(*node);
            }
        }
        let down = |node| {
            self.members.remove(&node);
            Change::Down { node, why: Why::Silent }
        };
        gone.into_iter().map(down).collect()
    }

    /// Returns whether the process stood still for longer than two heartbeats before this moment.
    #[must_use]
    pub fn stood_still(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.ticked) > STOOD_STILL
    }

    /// Returns the nodes that are alive, without this one, in order.
    pub fn iter(&self) -> impl Iterator<Item = (NodeId, &Member)> + '_ {
        self.members.iter().map(|(node, member)| (*node, member))
    }

    /// Returns the member of this id, if it is another node that is alive.
    #[must_use]
    pub fn get(&self, node: NodeId) -> Option<&Member> {
        self.members.get(&node)
    }

    /// Returns how many there are, without this one.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len()
    }

    /// Returns whether this node is alone.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Returns the nodes that a request waits for: those that are alive and not suspect.
    pub fn trusted(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.members.iter().filter(|(_, member)| !member.is_suspect).map(|(node, _)| *node)
    }

    /// Returns whether every member was heard since then.
    #[must_use]
    pub fn all_heard_since(&self, since: Instant) -> bool {
        self.members.values().all(|member| member.heard >= since)
    }

    /// Returns whether all live nodes understand this feature of the protocol.
    #[must_use]
    pub fn all_can(&self, feature: &str) -> bool {
        self.members.values().all(|member| member.hello.can.iter().any(|can| can == feature))
    }

    /// Returns the node that made an id, if it is another one that is alive, and the id proves it.
    #[must_use]
    pub fn owner_of<I: Owned>(&self, id: &I) -> Option<NodeId> {
        let tag = tag_of(id);
        let mut owners = self.members.iter().filter(|(_, member)| member.hello.tag == tag);
        owners.find(|(_, member)| member.hello.key.proves(id)).map(|(node, _)| *node)
    }

    /// Returns when the node left that made an id, if it left in order, is one of the last 64, and the id proves it.
    #[must_use]
    pub fn owner_left_at<I: Owned>(&self, id: &I) -> Option<Instant> {
        let tag = tag_of(id);
        let owner = self.left.iter().find(|(left, key, _)| *left == tag && key.proves(id));
        owner.map(|(_, _, at)| *at)
    }

    /// Discounts a time in which nobody could be heard, and judges nobody before the next heartbeat.
    fn forgive(&mut self, pause: Duration, now: Instant) {
        for member in self.members.values_mut() {
            member.heard = (member.heard + pause).min(now);
        }
        self.judged_from = now + HEARTBEAT;
    }

    fn differences(&self, node: NodeId, other: &Hello) -> Vec<Change> {
        let mut changes = Vec::new();
        if other.tag == self.hello.tag {
            let is_younger = (self.hello.started, self.me) > (other.started, node);
            changes.push(match is_younger {
                true => Change::TakeTag(node),
                false => Change::Differs { node, what: Difference::Tag },
            });
        }
        let mut namespaces = [self.hello.namespaces.clone(), other.namespaces.clone()];
        namespaces.iter_mut().for_each(|list| list.sort_unstable());
        let differ = [
            (Difference::Parser, self.hello.parser != other.parser),
            (Difference::Recovery, self.hello.recovery != other.recovery),
            (
                Difference::Namespaces,
                namespaces[0] != namespaces[1] && namespaces.iter().all(|list| !list.is_empty()),
            ),
            (Difference::Name, !other.name.is_empty() && self.hello.name == other.name),
        ];
        let differ = differ.into_iter().filter(|(_, differs)| *differs);
        changes.extend(differ.map(|(what, _)| Change::Differs { node, what }));
        changes
    }

    /// Returns the tag of this node.
    #[must_use]
    pub const fn tag(&self) -> Tag {
        self.hello.tag
    }
}

#[cfg(test)]
mod tests;
