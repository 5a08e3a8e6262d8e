//! [`Topic`], and the [`Names`] that brokers know topics by.

use std::borrow::Cow;
use std::sync::Arc;

use sio_core::cluster::node::NodeId;

use crate::error::OptionsError;

/// Characters of a prefix.
const MAX_PREFIX: usize = 64;

/// Where a frame goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Topic {
    /// To all nodes of the cluster.
    All,
    /// To one node.
    Node(NodeId),
    /// To the nodes that have members of rooms, which are divided among the topics of this kind.
    Rooms(u16),
    /// To the servers of a cluster of another kind, by the name that it has at the broker.
    Foreign(Arc<str>),
    /// Everything of that kind whose name has this form, with `*` for any characters. Nothing is published under it; what
    /// comes by it is a [`Topic::Foreign`].
    ForeignPattern(Arc<str>),
    /// As [`Topic::Foreign`], by the name of a shard: Redis 7 keeps those apart from other names.
    ForeignShard(Arc<str>),
}

impl Topic {
    /// Returns whether frames of this cluster go there.
    pub(crate) const fn is_native(&self) -> bool {
        matches!(self, Self::All | Self::Node(_) | Self::Rooms(_))
    }

    /// The name of servers of another kind.
    pub(crate) fn foreign_name(&self) -> Option<&str> {
        match self {
            Self::Foreign(name) | Self::ForeignPattern(name) | Self::ForeignShard(name) => Some(name),
            Self::All | Self::Node(_) | Self::Rooms(_) => None,
        }
    }
}

/// The names that topics have at the broker: `<prefix>.a` for everybody, `<prefix>.x.<node>` for a node,
/// `<prefix>.r.<number>` for rooms. Those of other clusters have their own.
///
/// # Examples
///
/// ```
/// use sio_cluster::NodeId;
/// use sio_cluster::bus::{Names, Topic};
///
/// let names = Names::new("shop").unwrap();
/// assert_eq!(names.of(&Topic::All), "shop.a");
/// assert_eq!(names.of(&Topic::Node(NodeId::new(1))), "shop.x.0000000000000001");
/// assert_eq!(names.topic("shop.a"), Some(Topic::All));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    all: Arc<str>,
    node: Arc<str>,
    rooms: Arc<str>,
}

impl Names {
    /// Makes the names with this prefix.
    ///
    /// # Errors
    ///
    /// If it is not 1 to 64 letters, digits, `-`, `_`, `.`, `:` and `/`: other characters mean something to brokers.
    pub fn new(prefix: &str) -> Result<Self, OptionsError> {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:/".contains(&byte);
        if prefix.is_empty() || prefix.len() > MAX_PREFIX || !prefix.bytes().all(is_plain) {
            return Err(OptionsError::Prefix(prefix.chars().take(MAX_PREFIX).collect()));
        }
        Ok(Self::with(prefix))
    }

    fn with(prefix: &str) -> Self {
        let [all, node, rooms] = ["a", "x.", "r."].map(|end| format!("{prefix}.{end}").into());
        Self { all, node, rooms }
    }

    /// Returns the names for servers that share channels among them by slots: all in that of this part.
    #[cfg(feature = "redis")]
    pub(crate) fn of_slot(&self, part: &str) -> Self {
        debug_assert!(part.starts_with(self.prefix()), "other clusters have other names");
        Self::with(&format!("{{{part}}}"))
    }

    /// Returns the prefix of all names.
    #[must_use]
    pub fn prefix(&self) -> &str {
        self.all.strip_suffix(".a").unwrap_or(&self.all)
    }

    /// Returns the name of a topic.
    #[must_use]
    pub fn of<'a>(&'a self, topic: &'a Topic) -> Cow<'a, str> {
        match topic {
            Topic::All => Cow::Borrowed(&self.all),
            Topic::Node(node) => Cow::Owned(format!("{}{node}", self.node)),
            Topic::Rooms(number) => Cow::Owned(format!("{}{number}", self.rooms)),
            Topic::Foreign(name) | Topic::ForeignPattern(name) | Topic::ForeignShard(name) => {
                Cow::Borrowed(name)
            }
        }
    }

    /// Returns the topic of this cluster that has this name; `None` for others.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<Topic> {
        if *name == *self.all {
            return Some(Topic::All);
        }
        match name.strip_prefix(&*self.node) {
            Some(node) => node.parse().ok().map(Topic::Node),
            None => number(name.strip_prefix(&*self.rooms)?).map(Topic::Rooms),
        }
    }
}

/// Reads a number as it is written here: others are another program's.
fn number(text: &str) -> Option<u16> {
    text.parse().ok().filter(|number: &u16| number.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_characters_that_brokers_interpret_are_refused() {
        for prefix in ["", "a*", "a b", "a?", "[a]", "é", &"a".repeat(65)] {
            assert!(Names::new(prefix).is_err(), "{prefix}");
        }
        let names = Names::new("a:b/c-d_e.f").unwrap();
        for topic in [Topic::All, Topic::Node(NodeId::new(u64::MAX)), Topic::Rooms(0), Topic::Rooms(u16::MAX)]
        {
            assert_eq!(names.topic(&names.of(&topic)), Some(topic));
        }
        assert_eq!(names.topic("other.a"), None);
        #[cfg(feature = "redis")]
        assert_eq!(names.of_slot("a:b/c-d_e.f#1").of(&Topic::All), "{a:b/c-d_e.f#1}.a");
        for name in ["x.1", "r.", "r.01", "r.+1", "r.65536", "r.a"] {
            assert_eq!(names.topic(&format!("a:b/c-d_e.f.{name}")), None, "{name}");
        }
    }
}
