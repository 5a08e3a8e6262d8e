//! The proof in ids that name the node that made them.
//!
//! ```text
//! id := tag proof' ...     5 characters: the tag of the owner
//!                         11 characters: 66 random bits
//!                          4 characters: 24 bits of proof
//! ```
//!
//! The proof is a keyed hash of the kind of id, the tag and the random characters: SipHash-2-4, which was made for short
//! texts like these, since each request for a session of another node is judged by it. Every run of a node makes a key and
//! tells it to the others. So each node can tell at once, and without asking anybody, that an id was made by a node
//! that is alive; a made-up id costs nothing. The proof protects the nodes' network and is no credential: the 66 random
//! bits, with it 90, are what makes an id hard to guess.

use std::fmt;
use std::hash::Hasher as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use siphasher::sip::SipHasher24;

use super::node::Tag;
use crate::id::{PrivateId, SessionId, Sid};

/// Characters of an id in front of its proof.
const PROVED: usize = 16;

/// Random bytes behind an id with an owner. The first 66 bits of them are used.
pub const RANDOM_BYTES: usize = 9;

/// The key by which one run of a node proves its ids. A secret of the cluster; `Debug` does not print it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ProofKey([u8; Self::LEN]);

/// The node that makes ids: its tag and its key.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::key::{Owner, ProofKey, tag_of};
/// use sio_core::cluster::node::Tag;
/// use sio_core::id::Sid;
///
/// let owner = Owner { tag: Tag::from_bits(1), key: ProofKey::from_random([7; 16]) };
/// let sid: Sid = owner.make([3; 9]);
/// assert_eq!(tag_of(&sid), owner.tag);
/// assert!(owner.key.proves(&sid));
/// assert!(!ProofKey::from_random([8; 16]).proves(&sid));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owner {
    /// The tag with which its ids begin.
    pub tag: Tag,
    /// The key that proves its ids.
    pub key: ProofKey,
}

/// An id that can name its owner: [`Sid`], [`SessionId`] or [`PrivateId`].
pub trait Owned: Sized + sealed::Owned {}

impl<T: sealed::Owned> Owned for T {}

mod sealed {
    #[expect(unnameable_types, reason = "nobody else implements it")]
    pub trait Owned: Sized {
        /// Goes into the proof, so that an id of one kind proves nothing when it is shown as one of another.
        const KIND: u8;

        fn chars(&self) -> &[u8; 20];

        fn from_chars(chars: [u8; 20]) -> Self;
    }
}

macro_rules! owned {
    ($id:ty, $kind:literal) => {
        impl sealed::Owned for $id {
            const KIND: u8 = $kind;

            fn chars(&self) -> &[u8; 20] {
                self.chars()
            }

            fn from_chars(chars: [u8; 20]) -> Self {
                Self::from_chars(chars)
            }
        }
    };
}

owned!(Sid, b's');
owned!(SessionId, b'e');
owned!(PrivateId, b'p');

impl ProofKey {
    /// Bytes of a key.
    pub const LEN: usize = 16;

    /// Makes a key of random bytes, which the caller takes from a cryptographic source.
    #[must_use]
    pub const fn from_random(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Returns whether the node that has this key made the id.
    #[must_use]
    pub fn proves<I: Owned>(&self, id: &I) -> bool {
        let (proved, proof) = id.chars().split_at(PROVED);
        let right = self.proof(I::KIND, proved);
        // As long for a wrong proof as for a right one.
        proof.iter().zip(right).fold(0, |differs, (is, should)| differs | (is ^ should)) == 0
    }

    fn proof(&self, kind: u8, proved: &[u8]) -> [u8; 4] {
        let mut hasher = SipHasher24::new_with_key(&self.0);
        hasher.write(&[kind]);
        hasher.write(proved);
        let hash = hasher.finish().to_be_bytes();
        let mut proof = [0; 4];
        URL_SAFE_NO_PAD
            .encode_slice(&hash[..3], &mut proof)
            .expect("3 bytes are exactly 4 characters of base64");
        proof
    }
}

impl Owner {
    /// Makes an id of random bytes, which the caller takes from a cryptographic source.
    #[must_use]
    pub fn make<I: Owned>(&self, random: [u8; RANDOM_BYTES]) -> I {
        let mut text = [0; 12];
        URL_SAFE_NO_PAD.encode_slice(random, &mut text).expect("9 bytes are exactly 12 characters of base64");
        let mut id = [0; 20];
        id[..Tag::LEN].copy_from_slice(self.tag.as_bytes());
        id[Tag::LEN..PROVED].copy_from_slice(&text[..PROVED - Tag::LEN]);
        let proof = self.key.proof(I::KIND, &id[..PROVED]);
        id[PROVED..].copy_from_slice(&proof);
        I::from_chars(id)
    }
}

/// Returns the tag that an id begins with, whether or not it was made by an [`Owner`].
#[must_use]
pub fn tag_of<I: Owned>(id: &I) -> Tag {
    // Ids have the alphabet of tags.
    Tag::from_checked(*id.chars().first_chunk().expect("an id is longer than a tag"))
}

impl fmt::Debug for ProofKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ProofKey(…)")
    }
}

impl Serialize for ProofKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for ProofKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
        let bytes = URL_SAFE_NO_PAD.decode(text.as_bytes()).map_err(|_| Error::custom("not a key"))?;
        bytes.try_into().map(Self).map_err(|_| Error::custom("a key has 16 bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        Owner { tag: "eu001".parse().unwrap(), key: ProofKey::from_random([1; 16]) }
    }

    #[test]
    fn an_id_names_its_owner_and_is_an_id() {
        let sid: Sid = owner().make([0xff; 9]);
        assert_eq!(&sid.as_str()[..16], "eu001___________");
        assert_eq!(sid.as_str().parse(), Ok(sid.clone()));
        assert_eq!(tag_of(&sid).as_str(), "eu001");
    }

    /// Nodes of different versions have to agree on the proof.
    #[test]
    fn proofs_do_not_change() {
        assert_eq!(owner().make::<Sid>([0; 9]).as_str(), "eu001AAAAAAAAAAA12CF");
        assert_eq!(owner().make::<SessionId>([0; 9]).as_str(), "eu001AAAAAAAAAAAgZOa");
        assert_eq!(owner().make::<PrivateId>([0; 9]).as_str(), "eu001AAAAAAAAAAAxkjV");
    }

    #[test]
    fn an_id_of_one_kind_proves_nothing_as_another() {
        let sid: Sid = owner().make([5; 9]);
        let session: SessionId = sid.as_str().parse().unwrap();
        assert!(owner().key.proves(&sid));
        assert!(!owner().key.proves(&session));
    }

    #[test]
    fn every_changed_character_breaks_the_proof() {
        let sid: Sid = owner().make([9; 9]);
        for place in 0..20 {
            let mut text = sid.as_str().to_owned();
            let other = if text.as_bytes()[place] == b'Z' { "Y" } else { "Z" };
            text.replace_range(place..=place, other);
            assert!(!owner().key.proves(&text.parse::<Sid>().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_room_that_looks_like_an_id_is_not_taken_for_one() {
        // Firestore makes ids like these.
        for room in ["0a1b2c3d4e5f6g7h8i9j", "eu001eu001eu001eu001"] {
            assert!(!owner().key.proves(&room.parse::<Sid>().unwrap()));
        }
    }

    #[test]
    fn a_key_is_not_printed_and_travels_as_text() {
        assert_eq!(format!("{:?}", owner().key), "ProofKey(…)");
        let json = serde_json::to_string(&owner().key).unwrap();
        assert_eq!(json, "\"AQEBAQEBAQEBAQEBAQEBAQ\"");
        assert_eq!(serde_json::from_str::<ProofKey>(&json).unwrap(), owner().key);
        assert!(serde_json::from_str::<ProofKey>("\"AQEB\"").is_err());
        assert!(serde_json::from_str::<ProofKey>("\"not base64 at all!!!\"").is_err());
    }
}
