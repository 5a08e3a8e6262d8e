//! [`Ports`]: the clusters of other kinds that a node takes part in.
//!
//! Each node subscribes to their names itself; nothing is passed on from one node to another. A message that a node sends
//! to them also comes to all nodes of its own cluster, which have the event already: they know it by the name of its
//! sender, and drop it. So each event comes to a socket once.

#[cfg(feature = "node")]
mod node_js;
#[cfg(feature = "python")]
mod python;
#[cfg(all(test, feature = "python"))]
mod tests;

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::value::RawValue;
use sio_core::cluster::broadcast::Target;
use sio_core::cluster::foreign::{Event, Inexpressible, Malformed};
use sio_core::cluster::message::Deed;
use sio_core::cluster::node::NodeId;

use crate::asks::Asks;
use crate::bus::{Frame, Topic};
use crate::counters::Counters;
use crate::foreign::Foreign;
use crate::local::{Address, Local};
use crate::outbox::{Outbox, now};
use crate::requests::Requests;

/// Between two log lines about what is malformed.
const QUIET: Duration = Duration::from_secs(1);

/// The first character of rooms that only this cluster has, such as those of users.
pub(crate) const HIDDEN: char = '\0';

/// The servers of a cluster of another kind.
#[derive(Debug)]
pub(crate) struct Peers {
    /// Their name in logs.
    servers: &'static str,
    /// The id by which they are known in lists of nodes: all of them as one.
    id: NodeId,
    /// True if they are told anything.
    is_member: bool,
}

/// The place of a node in a cluster of another kind.
pub(crate) trait Port: Send + Sync + fmt::Debug {
    /// The servers of that cluster.
    fn peers(&self) -> &Peers;

    fn servers(&self) -> &'static str {
        self.peers().servers
    }

    fn id(&self) -> NodeId {
        self.peers().id
    }

    fn is_member(&self) -> bool {
        self.peers().is_member
    }

    /// The topics under which they are heard, which may depend on the namespaces and rooms that there are.
    fn topics(&self, local: Option<&dyn Local>) -> Vec<Topic>;

    /// Takes a message that has come under this topic. `None` if it is that of another port.
    fn arrived(&self, from: &Topic, payload: &Bytes, desk: &Desk<'_>) -> Option<Result<(), Malformed>>;

    /// The messages of an event. With an `ask`, a number and a limit, those who are addressed are asked for answers.
    fn event(
        &self,
        to: &Address<'_>,
        event: &Event,
        ask: Option<(u64, Duration)>,
    ) -> Result<Messages, Inexpressible>;

    /// The messages of a question to clients, who have this long to answer, are about to be sent.
    fn began(&self, id: u64, to: &Address<'_>, limit: Duration) {
        let _ = (id, to, limit);
    }

    /// The message of a question to their servers, who have this long to answer: with pages of a request. `None` if they
    /// cannot be asked.
    fn question(&self, to: &Address<'_>, question: &Question<'_>, id: u64, limit: Duration) -> Option<Frame> {
        let _ = (to, question, id, limit);
        None
    }

    /// Returns whether the topics change with the namespaces and rooms that there are.
    fn has_changing_topics(&self) -> bool {
        false
    }

    /// Returns whether it matters how many have subscribed to a topic, after something was published there.
    fn is_counted(&self, topic: &Topic) -> bool {
        let _ = topic;
        false
    }

    /// So many others have.
    fn counted(&self, topic: &Topic, count: u64, desk: &Desk<'_>) {
        let _ = (topic, count, desk);
    }

    /// The name of one of their servers, if it is known.
    fn name_of(&self, node: NodeId) -> Option<String> {
        (node == self.id()).then(|| self.servers().to_owned())
    }

    /// The messages of a change.
    fn change(&self, to: &Address<'_>, deed: &Deed) -> Result<Messages, Inexpressible>;

    /// The messages of an event for their programs, not for clients. `args`: a JSON array.
    fn server_event(&self, path: &str, event: &str, args: &RawValue) -> Result<Messages, Inexpressible>;

    /// Is called every second.
    fn tick(&self, now: Instant);
}

/// Messages for servers of another kind.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    pub(crate) frames: Vec<Frame>,
    /// Answers to them will come.
    pub(crate) is_asked: bool,
}

/// A question to servers of another kind.
#[derive(Debug)]
pub(crate) enum Question<'a> {
    /// The names of all rooms, an item each.
    Rooms,
    /// The sockets that are addressed, an item each.
    Sockets,
    /// The answers of their programs to an event with these arguments: lists of one value.
    #[cfg_attr(not(feature = "node"), allow(dead_code, reason = "only servers in Node.js answer them"))]
    ServerEvent(&'a str, &'a RawValue),
}

/// The parts of a node that a port works with.
#[cfg_attr(
    not(any(feature = "python", feature = "node")),
    allow(dead_code, reason = "without a port nobody works at it")
)]
pub(crate) struct Desk<'a> {
    pub(crate) local: &'a dyn Local,
    pub(crate) outbox: &'a Arc<Outbox>,
    pub(crate) asks: &'a Asks,
    #[cfg_attr(not(feature = "node"), allow(dead_code, reason = "only servers in Node.js are asked"))]
    pub(crate) requests: &'a Requests,
}

/// Something that is ready to be said to servers of other kinds: made before anybody gets it, so that what cannot be said
/// to them is not said to half of the clients.
#[derive(Debug, Default)]
#[must_use = "it is not sent yet"]
pub struct Prepared {
    pub(crate) frames: Vec<Frame>,
    pub(crate) is_volatile: bool,
}

/// The clusters of other kinds that a node takes part in.
#[derive(Debug)]
pub(crate) struct Ports {
    all: Vec<Arc<dyn Port>>,
    has_members: bool,
    /// When something malformed was logged last.
    warned: Mutex<Option<Instant>>,
}

impl Ports {
    pub(crate) fn new(foreign: &[Foreign], me: NodeId) -> Self {
        let all: Vec<Arc<dyn Port>> = foreign.iter().map(|foreign| open(foreign, me)).collect();
        let has_members = all.iter().any(|port| port.is_member());
        Self { all, has_members, warned: Mutex::default() }
    }

    /// Returns whether any servers are told anything.
    pub(crate) const fn has_members(&self) -> bool {
        self.has_members
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = &dyn Port> {
        self.all.iter().map(|port| &**port).filter(|port| port.is_member())
    }

    pub(crate) fn topics(&self, local: Option<&dyn Local>) -> impl Iterator<Item = Topic> {
        self.all.iter().flat_map(move |port| port.topics(local))
    }

    /// Returns whether the topics change with the namespaces and rooms that there are.
    pub(crate) fn have_changing_topics(&self) -> bool {
        self.all.iter().any(|port| port.has_changing_topics())
    }

    /// Returns whether it matters how many have subscribed to a topic.
    pub(crate) fn are_counted(&self, topic: &Topic) -> bool {
        self.members().any(|port| port.is_counted(topic))
    }

    pub(crate) fn name_of(&self, node: NodeId) -> Option<String> {
        self.all.iter().find_map(|port| port.name_of(node))
    }

    pub(crate) fn tick(&self, now: Instant) {
        self.all.iter().for_each(|port| port.tick(now));
    }

    /// Takes a message that has come under this topic.
    pub(crate) fn arrived(&self, from: &Topic, payload: &Bytes, desk: &Desk<'_>, counters: &Counters) {
        counters.foreign(1);
        for port in &self.all {
            match port.arrived(from, payload, desk) {
                None => {}
                Some(Ok(())) => return,
                Some(Err(reason)) => {
                    counters.foreign_malformed(1);
                    return self.warn(&**port, from, payload.len(), reason);
                }
            }
        }
    }

    fn warn(&self, port: &dyn Port, from: &Topic, size: usize, reason: Malformed) {
        let now = now();
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if warned.is_none_or(|last| now.saturating_duration_since(last) >= QUIET) {
            *warned = Some(now);
            let (servers, name) = (port.servers(), from.foreign_name());
            tracing::warn!(target: "sio::cluster", servers, name, size, %reason, "ignored a message of other servers");
        }
    }
}

fn open(foreign: &Foreign, me: NodeId) -> Arc<dyn Port> {
    #[cfg(not(any(feature = "python", feature = "node")))]
    let _ = me;
    match *foreign {
        #[cfg(feature = "python")]
        Foreign::Python(ref options) => Arc::new(python::PythonPort::of_node(options, me)),
        #[cfg(feature = "node")]
        Foreign::NodeJs(ref options) => Arc::new(node_js::NodePort::of_node(options, me)),
    }
}

/// The port of a process that is no node.
#[cfg(feature = "python")]
pub(crate) fn python_of_emitter(options: &crate::foreign::Python) -> Arc<dyn Port> {
    Arc::new(python::PythonPort::of_emitter(options))
}

/// The port of a process that is no node.
#[cfg(feature = "node")]
pub(crate) fn node_of_emitter(options: &crate::foreign::NodeJs) -> Arc<dyn Port> {
    Arc::new(node_js::NodePort::of_emitter(options))
}

/// Returns the part of a target that other servers may have. `None` if that is nobody: rooms of users, and the sockets
/// of this cluster, are not theirs.
pub(crate) fn theirs<'a>(target: &'a Target<'_>, is_ours: impl Fn(&str) -> bool) -> Option<Target<'a>> {
    let is_theirs = |name: &&Cow<'_, str>| !name.starts_with(HIDDEN) && !is_ours(name);
    let part = |names: &'a [Cow<'_, str>]| {
        names.iter().filter(is_theirs).map(|name| Cow::Borrowed(&**name)).collect()
    };
    let theirs = Target {
        is_limited: target.is_limited,
        rooms: part(&target.rooms),
        except: part(&target.except),
        sender: None,
    };
    (!theirs.is_limited || !theirs.rooms.is_empty()).then_some(theirs)
}
