//! The terms in which servers of other kinds are spoken with: an [`Event`], and the [name](host_name) by which a node
//! knows what its own cluster has said.

#[cfg(any(feature = "python", feature = "node"))]
use serde_json::Value as Json;

use super::node::NodeId;
use crate::args::Args;

/// The beginning of the name that a node has among servers of other kinds.
const HOST: &str = "sio.";

/// An event that is not encoded for clients.
#[derive(Debug, Clone)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its arguments.
    pub args: Args,
    /// True if it may be lost.
    pub is_volatile: bool,
    /// True if the message or polling answer that brings it may be compressed.
    pub compress: bool,
}

/// Something that servers of another kind cannot be told: their format has no words for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{servers} servers cannot be told: {reason}")]
pub struct Inexpressible {
    /// The kind of servers.
    pub servers: &'static str,
    /// The reason.
    pub reason: &'static str,
}

/// A message is not of the kind that it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(pub &'static str);

impl Event {
    /// Makes an event that must arrive and may be compressed.
    #[must_use]
    pub fn new(name: impl Into<String>, args: Args) -> Self {
        Self { name: name.into(), args, is_volatile: false, compress: true }
    }
}

/// Returns the name that a node has among servers of other kinds: `sio.` and its id.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::foreign::{host_name, node_of};
/// use sio_core::cluster::node::NodeId;
///
/// let name = host_name(NodeId::new(7));
/// assert_eq!(name, "sio.0000000000000007");
/// assert_eq!(node_of(&name), Some(NodeId::new(7)));
/// assert_eq!(node_of("emitter"), None);
/// ```
#[must_use]
pub fn host_name(node: NodeId) -> String {
    format!("{HOST}{node}")
}

/// Returns the node that has this name among servers of other kinds; `None` if it is the name of none.
#[must_use]
pub fn node_of(name: &str) -> Option<NodeId> {
    name.strip_prefix(HOST)?.parse().ok()
}

/// Reads the names of rooms: one name or a list of them. A number stands for its text.
#[cfg(any(feature = "python", feature = "node"))]
pub(super) fn names(value: Json) -> Result<Vec<String>, Malformed> {
    match value {
        Json::Null => Ok(Vec::new()),
        Json::String(name) => Ok(vec![name]),
        Json::Number(number) => Ok(vec![number.to_string()]),
        Json::Array(list) => {
            let mut all = Vec::with_capacity(list.len());
            for value in list {
                if matches!(value, Json::Array(_)) {
                    return Err(Malformed("a room is a list"));
                }
                all.append(&mut names(value)?);
            }
            Ok(all)
        }
        Json::Bool(_) | Json::Object(_) => Err(Malformed("a room is no name")),
    }
}
