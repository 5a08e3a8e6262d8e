//! The bodies that are JSON: everything but [events](super::broadcast) and [questions to sockets](super::ask).
//!
//! They can be read on the wire, and a later version can add members: those that are not known are ignored.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::broadcast::Target;
use super::node::{Hello, NodeId};
use crate::id::{PrivateId, Sid};

/// A node is alive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alive {
    /// As in its HELLO: so nobody has to ask for what it has missed, and changes are told.
    pub hello: Hello,
    /// The lanes to single nodes, each as its number and the number that the next frame in it will have: so the loss of
    /// a last frame is noticed too. That of the lane to everybody stands in the header.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lanes: BTreeMap<NodeId, (u32, u64)>,
    /// How many sockets the node has.
    #[serde(default)]
    pub sockets: u64,
}

/// A node leaves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bye {
    /// The node that has its clients' states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub successor: Option<NodeId>,
    /// The others answer with an empty [`Page`] under this id, and send the node nothing after that: the ids that it has
    /// made belong to nobody then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
}

/// Nobody waits for the answers to an ask any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cancel {
    /// The id of the ask.
    pub ask: u64,
}

/// Sockets of a namespace, as [`Target`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    /// The namespace.
    pub nsp: String,
    /// The rooms; `None`: everybody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rooms: Option<Vec<String>>,
    /// Members of these are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except: Vec<String>,
    /// This socket is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Sid>,
}

/// An action on sockets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// They join these rooms.
    Join(Vec<String>),
    /// They leave these rooms.
    Leave(Vec<String>),
    /// They are disconnected: with `true` their whole connections, else from the namespace.
    Disconnect(bool),
}

/// Something is done to all sockets that are selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The sockets.
    #[serde(flatten)]
    pub to: Selection,
    /// The deed.
    #[serde(rename = "do")]
    pub deed: Deed,
}

/// A question to nodes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Names the question among those of the node that asks.
    pub id: u64,
    /// The time to wait for an answer, in milliseconds.
    pub limit: u64,
    /// The question.
    pub what: Query,
}

/// The questions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Query {
    /// The sockets that are selected, an item each.
    Sockets(Selection),
    /// How many sockets are selected: one item, a number.
    Count(Selection),
    /// The names of the rooms of a namespace, an item each.
    Rooms(String),
    /// The users that have sockets: first the number of the last change that was told of them, then an item each, the
    /// namespace and the user.
    Users,
    /// The users who have sockets in a namespace, an item each: the user, and how many sockets.
    Online(String),
    /// A change that tells how many sockets it has found: one item, a number.
    Change(Change),
}

/// A part of the answer to a [`Request`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Page {
    /// The id of the request.
    pub id: u64,
    /// The number of this page, from 0.
    #[serde(default)]
    pub page: u32,
    /// True if no others follow.
    #[serde(default)]
    pub last: bool,
    /// The items.
    #[serde(default)]
    pub items: Vec<Box<RawValue>>,
}

/// An event from node to node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ServerEvent {
    /// The id under which the answer is awaited, as a [`Page`] with one item; `None` if none is awaited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The time to wait for an answer, in milliseconds.
    #[serde(default)]
    pub limit: u64,
    /// The namespace.
    pub nsp: String,
    /// Its name.
    pub event: String,
    /// Its arguments: a JSON array.
    pub args: Box<RawValue>,
}

/// A client of another node has come here and wants to go on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Names the claim among those of the node that makes it.
    pub id: u64,
    /// The client's secret.
    pub pid: PrivateIdText,
    /// The namespace in which it wants to go on.
    #[serde(default)]
    pub nsp: String,
    /// The last event that it has received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

/// The state of a client that moves to another node.
#[derive(Clone, Serialize, Deserialize)]
pub struct Handed {
    /// The id of the [`Claim`]; `None`: the owner stops, and hands its clients over by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<u64>,
    /// The client's secret.
    pub pid: PrivateIdText,
    /// True if there is no state here because another node has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub moved: bool,
    /// True if it moved there a moment ago, so that its state may still be on its way.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fresh: bool,
    /// Its state; `None`: there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<HandedState>,
}

/// The state that a client takes along to another node.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HandedState {
    /// The namespace.
    pub nsp: String,
    /// The id of its socket.
    pub sid: Sid,
    /// Its address, as far as it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// Its rooms.
    #[serde(default)]
    pub rooms: Vec<String>,
    /// The data that nodes share, by name.
    #[serde(default)]
    pub data: BTreeMap<String, Box<RawValue>>,
    /// The offset of the event in front of the first of `events`; none: there was none before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The events that it has missed: offset, and the run of frames as base64.
    #[serde(default)]
    pub events: Vec<(u64, String)>,
    /// Offsets of events that it had, or has here: so nothing comes to it twice.
    #[serde(default)]
    pub seen: Vec<u64>,
    /// The number that comes next in each lane that the owner knows.
    #[serde(default)]
    pub lanes: Vec<(NodeId, u32, u64)>,
}

/// A [`PrivateId`] as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivateIdText(pub PrivateId);

impl Serialize for PrivateIdText {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl<'de> Deserialize<'de> for PrivateIdText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| serde::de::Error::custom("not an id"))
    }
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Claim").field("id", &self.id).field("pid", &self.pid.0).finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Handed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handed").field("claim", &self.claim).field("pid", &self.pid.0).finish_non_exhaustive()
    }
}

impl Selection {
    /// Selects the sockets of a namespace that a target means.
    #[must_use]
    pub fn new(path: &str, target: &Target<'_>) -> Self {
        let own = |rooms: &[std::borrow::Cow<'_, str>]| rooms.iter().map(|room| room.to_string()).collect();
        Self {
            nsp: path.to_owned(),
            rooms: target.is_limited.then(|| own(&target.rooms)),
            except: own(&target.except),
            sender: target.sender.clone(),
        }
    }

    /// Returns the same as a target.
    #[must_use]
    pub fn target(&self) -> Target<'_> {
        Target {
            is_limited: self.rooms.is_some(),
            rooms: self.rooms.iter().flatten().map(|room| room.as_str().into()).collect(),
            except: self.except.iter().map(|room| room.as_str().into()).collect(),
            sender: self.sender.clone(),
        }
    }
}

/// Appends a body.
///
/// # Panics
///
/// Never with the types of this module: all of them can be written as JSON.
pub fn write<T: Serialize>(out: &mut Vec<u8>, body: &T) {
    serde_json::to_writer(out, body).expect("texts, numbers and JSON can be written as JSON");
}

/// Reads a body; `None` if it is malformed.
#[must_use]
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Option<T> {
    serde_json::from_slice(body).ok()
}
