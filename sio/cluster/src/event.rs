//! The events and the status of a cluster, for the application.

use std::time::Duration;

use sio_core::cluster::members::{Difference, Why};
use sio_core::cluster::node::{NodeId, Tag};

use crate::counters::Counts;

/// Something that has happened to the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClusterEvent {
    /// The broker is gone. The node's own clients are served; what is for others is held.
    BusDown {
        /// The reason.
        reason: String,
    },
    /// The broker is there, for the first time or again.
    BusUp {
        /// How long it was away.
        away: Duration,
        /// Frames that are sent again; who has them already drops them.
        resent: u64,
        /// Frames that were dropped meanwhile. Other nodes count them as lost.
        dropped: u64,
    },
    /// Another node is there.
    NodeUp {
        /// The node.
        node: NodeId,
        /// Its name; empty if it has none.
        name: String,
    },
    /// Another node has gone.
    NodeDown {
        /// The node.
        node: NodeId,
        /// The reason.
        why: Why,
    },
    /// Something that another node has sent did not arrive here.
    Lost {
        /// The node that sent it.
        from: NodeId,
        /// How many frames: events, and changes of rooms.
        frames: u64,
        /// Where they were lost.
        cause: LossCause,
    },
    /// A setting of another node is not as it is here.
    Differs {
        /// The node.
        node: NodeId,
        /// The setting.
        what: Difference,
    },
}

/// Where frames were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LossCause {
    /// Between the other node and this one.
    Gap,
    /// Here: more arrived than was received.
    Overload,
}

/// The state of the cluster, as this node sees it.
#[derive(Debug, Clone)]
pub struct Status {
    /// This node.
    pub me: NodeId,
    /// The tag by which its ids name it.
    pub tag: Tag,
    /// True if the broker is there.
    pub is_up: bool,
    /// The other nodes that are alive.
    pub nodes: Vec<NodeStatus>,
    /// How much waits to be sent.
    pub waiting: usize,
    /// How many topics of rooms are subscribed.
    pub room_topics: usize,
    /// The counters.
    pub counts: Counts,
}

/// Another node, as this one sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeStatus {
    /// The node.
    pub id: NodeId,
    /// Its name; empty if it has none.
    pub name: String,
    /// How long it has been silent. A heartbeat comes every three seconds.
    pub silent: Duration,
    /// True if it has been silent for too long for new requests to wait for it.
    pub is_suspect: bool,
    /// True if it is about to stop.
    pub is_draining: bool,
    /// How many sockets it has, as of its last heartbeat.
    pub sockets: u64,
}
