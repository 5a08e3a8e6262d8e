//! Ids of sockets and sessions: 15 random bytes written as 20 characters of the URL-safe base64 alphabet. In a cluster
//! they name the node that made them instead of being random throughout (`cluster::key`). Only sockets of clients of
//! revision 3 may have others, which are made of the session's.
//!
//! [`Sid`] is public: it names one client in one namespace and is sent to applications and clients. [`SessionId`] is a
//! secret: whoever knows it can read and write that client's polling session (Engine.IO v4, "handshake"). So is
//! [`PrivateId`], by which a client comes back to a socket that it has lost. They are three types, made of independent
//! random bytes, so that one can never be handed out in place of another. The random bytes come from the caller: this
//! crate has no source of randomness.

mod node;

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

pub use self::node::{InvalidNodeId, NodeId};

/// Random bytes behind an id: 120 bits, and a multiple of three, so that base64 needs no padding.
const RANDOM_BYTES: usize = 15;

/// Characters of an id.
const ID_LEN: usize = 20;

/// The public id of a socket: one client in one namespace.
///
/// Cheap to clone. It is random, and 20 characters long, for every client but those of revision 3 whose ids are
/// [theirs](Self::of_session).
///
/// # Examples
///
/// ```
/// use sio_core::id::Sid;
///
/// let sid = Sid::from_random([7; 15]);
/// assert_eq!(sid.as_str(), "BwcHBwcHBwcHBwcHBwcH");
/// assert_eq!("BwcHBwcHBwcHBwcHBwcH".parse::<Sid>(), Ok(sid));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Sid(Text);

/// Each text has one form, so that equal ids are equal.
#[derive(Clone, PartialEq, Eq)]
enum Text {
    /// As it is made of random bytes.
    Short([u8; ID_LEN]),
    /// A namespace other than `/`, `#`, and as above.
    Long(Arc<str>),
}

/// The id of an Engine.IO session, a secret.
///
/// It has no `Display`, and `Debug` prints a 16-bit digest that is enough to tell sessions apart in a log and of no
/// use to somebody who reads that log.
///
/// # Examples
///
/// ```
/// use sio_core::id::SessionId;
///
/// let id = SessionId::from_random([7; 15]);
/// assert!(!format!("{id:?}").contains("Bwc"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId([u8; ID_LEN]);

/// The `pid` of a socket whose state can be recovered, a secret that only its client knows: who shows it gets the
/// socket's id, its rooms and the events that it has missed.
///
/// Like [`SessionId`] it has no `Display`, and `Debug` prints no more than a digest.
///
/// # Examples
///
/// ```
/// use sio_core::id::PrivateId;
///
/// let pid = PrivateId::from_random([7; 15]);
/// assert_eq!(pid.as_str().parse::<PrivateId>(), Ok(pid));
/// assert!(!format!("{pid:?}").contains("Bwc"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PrivateId([u8; ID_LEN]);

/// The text is not an id: 20 characters of the URL-safe base64 alphabet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected 20 characters of the URL-safe base64 alphabet")]
pub struct InvalidId;

impl Sid {
    /// The number of characters of a random id.
    pub const LEN: usize = ID_LEN;

    /// Makes an id of random bytes, which the caller takes from a cryptographic source.
    #[must_use]
    pub fn from_random(bytes: [u8; RANDOM_BYTES]) -> Self {
        Self(Text::Short(encode(bytes)))
    }

    /// Makes the id that a client of Socket.IO 1 or 2 gives itself: that of its session, with the namespace in front
    /// unless that is `/`.
    ///
    /// Such an id is no secret, and the session's is none then either.
    ///
    /// ```
    /// use sio_core::id::{SessionId, Sid};
    ///
    /// let session = SessionId::from_random([7; 15]);
    /// assert_eq!(Sid::of_session("/", &session).as_str(), "BwcHBwcHBwcHBwcHBwcH");
    /// assert_eq!(Sid::of_session("/chat", &session).as_str(), "/chat#BwcHBwcHBwcHBwcHBwcH");
    /// ```
    #[must_use]
    pub fn of_session(namespace: &str, session: &SessionId) -> Self {
        Self(match namespace {
            "/" => Text::Short(session.0),
            _ => Text::Long([namespace, "#", session.as_str()].concat().into()),
        })
    }

    /// Returns the number of characters: [`Sid::LEN`], or more for an id with a namespace in it.
    #[expect(clippy::len_without_is_empty, reason = "an id is never empty")]
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_str().len()
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            Text::Short(id) => text(id),
            Text::Long(text) => text,
        }
    }
}

/// Ids are ordered as texts are.
impl Ord for Sid {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Sid {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl SessionId {
    /// The number of characters of every id.
    pub const LEN: usize = ID_LEN;

    /// Makes an id of random bytes, which the caller takes from a cryptographic source.
    #[must_use]
    pub fn from_random(bytes: [u8; RANDOM_BYTES]) -> Self {
        Self(encode(bytes))
    }

    /// Returns the number of characters, always [`SessionId::LEN`].
    #[expect(clippy::len_without_is_empty, reason = "an id is never empty")]
    #[must_use]
    pub const fn len(&self) -> usize {
        ID_LEN
    }

    /// Returns the id as text, for the handshake and for looking the session up; not for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }

    /// Returns the characters of the id, which are ASCII; not for logs.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

/// Ids are keys of maps. What is derived would hash the length and the form as well.
impl Hash for Sid {
    fn hash<H: Hasher>(&self, state: &mut H) {
        match &self.0 {
            Text::Short(id) => state.write(id),
            Text::Long(text) => state.write(text.as_bytes()),
        }
    }
}

impl Hash for SessionId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write(&self.0);
    }
}

impl PrivateId {
    /// Makes an id of random bytes, which the caller takes from a cryptographic source.
    #[must_use]
    pub fn from_random(bytes: [u8; RANDOM_BYTES]) -> Self {
        Self(encode(bytes))
    }

    /// Returns the id as text, for its client; not for logs.
    #[must_use]
    pub fn as_str(&self) -> &str {
        text(&self.0)
    }
}

/// Ids that name the node that made them are put together of characters.
#[cfg(feature = "cluster")]
macro_rules! chars {
    ($($id:ty),*) => {$(
        impl $id {
            pub(crate) const fn chars(&self) -> &[u8; ID_LEN] {
                &self.0
            }

            /// The characters have to be those of ids.
            pub(crate) const fn from_chars(chars: [u8; ID_LEN]) -> Self {
                Self(chars)
            }
        }
    )*};
}

#[cfg(feature = "cluster")]
chars!(SessionId, PrivateId);

#[cfg(feature = "cluster")]
impl Sid {
    /// Of an id that is made of a session's, the characters of that.
    pub(crate) fn chars(&self) -> &[u8; ID_LEN] {
        match &self.0 {
            Text::Short(id) => id,
            Text::Long(text) => text.as_bytes().last_chunk().expect("an id ends in that of a session"),
        }
    }

    /// The characters have to be those of ids.
    pub(crate) const fn from_chars(chars: [u8; ID_LEN]) -> Self {
        Self(Text::Short(chars))
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({})", self.as_str())
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({:04x}…)", digest(&self.0))
    }
}

impl fmt::Debug for PrivateId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateId({:04x}…)", digest(&self.0))
    }
}

/// FNV-1a folded to 16 bits: many ids share each digest, so the digest gives a secret away no more than any 16 of its
/// 120 bits would.
fn digest(id: &[u8; ID_LEN]) -> u32 {
    let hash =
        id.iter().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193));
    (hash >> 16) ^ (hash & 0xffff)
}

impl AsRef<str> for Sid {
    fn as_ref(&self) -> &str {
        self.as_str()
    }
}

impl FromStr for Sid {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        let Some((namespace, session)) = s.rsplit_once('#') else {
            return parse(s).map(|id| Self(Text::Short(id)));
        };
        let is_namespace = namespace.len() > 1 && namespace.starts_with('/');
        parse(session)?;
        if is_namespace { Ok(Self(Text::Long(s.into()))) } else { Err(InvalidId) }
    }
}

impl FromStr for SessionId {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        parse(s).map(Self)
    }
}

impl FromStr for PrivateId {
    type Err = InvalidId;

    fn from_str(s: &str) -> Result<Self, InvalidId> {
        parse(s).map(Self)
    }
}

impl Serialize for Sid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Sid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(SidVisitor)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(IdVisitor).map(Self)
    }
}

struct SidVisitor;

impl Visitor<'_> for SidVisitor {
    type Value = Sid;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        IdVisitor.expecting(f)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Sid, E> {
        text.parse().map_err(E::custom)
    }
}

struct IdVisitor;

impl Visitor<'_> for IdVisitor {
    type Value = [u8; ID_LEN];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an id of 20 URL-safe base64 characters")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        // The text is not repeated in the message: it may be somebody's secret with a typing error in it.
        parse(text).map_err(E::custom)
    }
}

fn encode(bytes: [u8; RANDOM_BYTES]) -> [u8; ID_LEN] {
    let mut id = [0; ID_LEN];
    URL_SAFE_NO_PAD.encode_slice(bytes, &mut id).expect("15 bytes are exactly 20 characters of base64");
    id
}

/// The alphabet of ids, to be looked up.
const IS_OF_ID: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        let character = byte as u8;
        table[byte] = character.is_ascii_alphanumeric() || matches!(character, b'-' | b'_');
        byte += 1;
    }
    table
};

fn parse(text: &str) -> Result<[u8; ID_LEN], InvalidId> {
    let id: [u8; ID_LEN] = text.as_bytes().try_into().map_err(|_| InvalidId)?;
    // Every string of this alphabet and length is the encoding of some 15 bytes: there are no padding bits to check.
    if id.iter().all(|byte| IS_OF_ID[usize::from(*byte)]) { Ok(id) } else { Err(InvalidId) }
}

fn text(id: &[u8; ID_LEN]) -> &str {
    std::str::from_utf8(id).expect("ids are made of ASCII characters only")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_all_bytes_parse_back() {
        for byte in 0..=255 {
            let sid = Sid::from_random([byte; 15]);
            assert_eq!(sid.as_str().len(), Sid::LEN);
            assert_eq!(sid.as_str().parse(), Ok(sid));
            let session = SessionId::from_random([byte; 15]);
            assert_eq!(session.as_str().parse(), Ok(session));
        }
    }

    #[test]
    fn ids_of_sessions_parse_back() {
        let session = SessionId::from_random([7; 15]);
        for namespace in ["/", "/chat", "/größe", "/a#b"] {
            let sid = Sid::of_session(namespace, &session);
            assert_eq!(sid.as_str().parse(), Ok(sid.clone()), "{namespace}");
            assert_eq!(sid.len(), sid.to_string().len());
            let json = serde_json::to_string(&sid).unwrap();
            assert_eq!(serde_json::from_str::<Sid>(&json).unwrap(), sid);
        }
        assert_eq!(Sid::of_session("/", &session), Sid::from_random([7; 15]));
        for text in [
            "#BwcHBwcHBwcHBwcHBwcH",
            "/#BwcHBwcHBwcHBwcHBwcH",
            "chat#BwcHBwcHBwcHBwcHBwcH",
            "/chat#Bwc",
            "/chat#",
        ] {
            assert_eq!(text.parse::<Sid>(), Err(InvalidId), "{text}");
            assert_eq!(text.parse::<SessionId>(), Err(InvalidId), "{text}");
        }
    }

    #[test]
    fn an_id_takes_no_more_memory_than_it_would_beside_a_pointer() {
        assert_eq!(size_of::<Sid>(), 24);
    }

    #[test]
    fn ids_are_ordered_as_their_texts_are() {
        let session = SessionId::from_random([7; 15]);
        let mut ids =
            [Sid::from_random([7; 15]), Sid::of_session("/b", &session), Sid::of_session("/a", &session)];
        ids.sort();
        assert_eq!(
            ids.map(|id| id.to_string()),
            ["/a#BwcHBwcHBwcHBwcHBwcH", "/b#BwcHBwcHBwcHBwcHBwcH", "BwcHBwcHBwcHBwcHBwcH"]
        );
    }

    #[test]
    fn foreign_characters_and_lengths_are_refused() {
        for text in [
            "",
            "zzz",
            "BwcHBwcHBwcHBwcHBwc",
            "BwcHBwcHBwcHBwcHBwcHB",
            "BwcHBwcHBwcHBwcHBwc=",
            "BwcHBwcHBwcHBwcHBw+/",
        ] {
            assert_eq!(text.parse::<Sid>(), Err(InvalidId), "{text}");
            assert_eq!(text.parse::<SessionId>(), Err(InvalidId), "{text}");
        }
        // Twenty bytes, but not of the alphabet.
        assert_eq!("éééééééééé".parse::<Sid>(), Err(InvalidId));
    }

    #[test]
    fn debug_of_a_session_id_does_not_contain_the_secret() {
        let id = SessionId::from_random(*b"0123456789abcde");
        let debug = format!("{id:?}");
        assert!(debug.starts_with("SessionId(") && debug.ends_with("…)"), "{debug}");
        assert_eq!(debug.chars().count(), "SessionId(3f2a…)".chars().count());
        assert!(!debug.contains(&id.as_str()[..4]), "{debug}");
        assert_ne!(debug, format!("{:?}", SessionId::from_random(*b"0123456789abcdf")));
    }

    #[test]
    fn serde_writes_the_text_and_refuses_other_texts() {
        let sid = Sid::from_random([1; 15]);
        let json = serde_json::to_string(&sid).unwrap();
        assert_eq!(json, format!("\"{sid}\""));
        assert_eq!(serde_json::from_str::<Sid>(&json).unwrap(), sid);
        let error = serde_json::from_str::<SessionId>("\"secret-with-typo\"").unwrap_err();
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}
