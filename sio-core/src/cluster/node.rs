//! [`NodeId`] and [`Tag`], the names of a node, and [`Hello`], what it says of itself.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

use super::key::ProofKey;
use super::token::ForwardToken;
pub use crate::id::NodeId;

/// Bits that a [`Tag`] has.
const TAG_BITS: u32 = 30;

/// The alphabet of ids: base64, URL-safe.
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// The five characters by which ids name the node that made them.
///
/// By default they are the first 30 bits of the [`NodeId`]. An application may choose them, so that a load balancer can
/// route by them.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::node::{NodeId, Tag};
///
/// assert_eq!(Tag::of(NodeId::new(u64::MAX)).as_str(), "_____");
/// assert_eq!("eu001".parse::<Tag>().unwrap().as_str(), "eu001");
/// assert!("europe".parse::<Tag>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tag([u8; Self::LEN]);

/// The text is not a tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag is 5 characters of A-Z, a-z, 0-9, - and _")]
pub struct InvalidTag;

impl Tag {
    /// The number of characters of every tag.
    pub const LEN: usize = 5;

    /// Returns the tag that a node has unless it is given another: the first 30 bits of its id.
    #[must_use]
    pub const fn of(node: NodeId) -> Self {
        Self::from_bits((node.get() >> (u64::BITS - TAG_BITS)) as u32)
    }

    /// Makes a tag of the last 30 bits of a number.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        let mut tag = [0; Self::LEN];
        let mut place = 0;
        while place < Self::LEN {
            tag[place] = ALPHABET[((bits >> (TAG_BITS - 6 * (place as u32 + 1))) & 0x3f) as usize];
            place += 1;
        }
        Self(tag)
    }

    /// Returns the tag as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("tags are made of ASCII characters only")
    }

    /// Makes a tag of characters that have been checked.
    pub(super) const fn from_checked(chars: [u8; Self::LEN]) -> Self {
        Self(chars)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

impl FromStr for Tag {
    type Err = InvalidTag;

    fn from_str(text: &str) -> Result<Self, InvalidTag> {
        let tag: [u8; Self::LEN] = text.as_bytes().try_into().map_err(|_| InvalidTag)?;
        if tag.iter().all(|byte| ALPHABET.contains(byte)) { Ok(Self(tag)) } else { Err(InvalidTag) }
    }
}

impl Serialize for Tag {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Tag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <Cow<'_, str>>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

/// A node's description of itself, which it sends when it enters, and again with every heartbeat.
///
/// JSON; members that a later version adds are ignored, and those that an earlier one lacks have defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The name that the operator gave the node, which stays when the node is started again. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    /// By which ids name the node.
    pub tag: Tag,
    /// By which the node's ids are proved.
    pub key: ProofKey,
    /// Where other nodes reach its listener (`host:port`), if they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// By which it knows the requests that other nodes pass on to it; none: it takes none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<ForwardToken>,
    /// The path of its Engine.IO endpoint.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// When it was started, in milliseconds since 1970 of its own wall clock. Decides between two runs of one name, and
    /// nothing else.
    #[serde(default)]
    pub started: u64,
    /// The version of its software.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    /// The features that it understands beyond the first version of the protocol. A node uses one only while all live
    /// nodes have it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub can: Vec<String>,
    /// How its clients' packets are written: `json` or `msgpack`. Has to be the same on all nodes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub parser: String,
    /// True if clients can come back. Must be the same on all nodes.
    #[serde(default)]
    pub recovery: bool,
    /// True if the node is about to stop.
    #[serde(default)]
    pub draining: bool,
    /// The namespaces, or patterns of them, that its program serves; empty: unknown. Nodes of one cluster run one
    /// program.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub namespaces: Vec<String>,
}

impl Hello {
    /// Makes the description of a node that has the default options and no name.
    #[must_use]
    pub fn new(tag: Tag, key: ProofKey) -> Self {
        Self {
            name: String::new(),
            tag,
            key,
            address: None,
            token: None,
            path: String::new(),
            started: 0,
            version: String::new(),
            can: Vec::new(),
            parser: String::new(),
            recovery: false,
            draining: false,
            namespaces: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_and_tags_are_read_as_they_are_written() {
        for number in [0, 1, 0xdead_beef, u64::MAX] {
            let id = NodeId::new(number);
            assert_eq!(id.to_string().parse(), Ok(id));
            let tag = Tag::of(id);
            assert_eq!(tag.as_str().parse(), Ok(tag));
            assert_eq!(serde_json::to_string(&tag).unwrap(), format!("\"{tag}\""));
        }
        assert_eq!(Tag::from_bits(0b000001_000010_000011_000100_000101).as_str(), "BCDEF");
    }

    #[test]
    fn other_texts_are_no_names() {
        for text in ["", "1", "00000000000000001", "000000000000000G", "+00000000000000f", "00000000000000AB"]
        {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
        }
        for text in ["", "eu01", "eu0001", "eu/01", "é001", "     "] {
            assert!(text.parse::<Tag>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_hello_of_another_version_is_read() {
        let json = r#"{"tag":"abcde","key":"AAAAAAAAAAAAAAAAAAAAAA","future":{"x":[1]},"started":7}"#;
        let hello: Hello = serde_json::from_str(json).unwrap();
        assert_eq!((hello.tag.as_str(), hello.started, hello.draining), ("abcde", 7, false));
        assert!(hello.can.is_empty());
    }
}
