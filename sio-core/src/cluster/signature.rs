//! Signatures: the proof that a message of the broker comes from somebody who knows the cluster's secret.
//!
//! ```text
//! signed := frame with the flag `signed`    stamp    mac
//!                                           8 bytes  16 bytes
//! mac    := HMAC-SHA-256("sio frame 1", length of the topic's name, the name, frame, stamp), the first 16 bytes
//! ```
//!
//! The name of the topic has the prefix of the cluster in it, and that of a node its id: so a message that is shown under
//! another name, or to another cluster, has no right signature. The stamp is the time of signing in microseconds, later
//! for each message of one process. It bounds how long a message can be shown again; within that time the numbers of
//! [lanes](super::lane) tell repeats.
//!
//! HMAC-SHA-256 because its key may be a text of any length, and because there is nothing in it to explain to anybody who
//! reviews it. Half of it is as hard to guess as a key of 128 bits. A bundle is signed once, not each frame in it.

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::frame::{Flags, HEADER_LEN, Header};

/// Bytes that a signature adds to a frame.
pub const SIGNATURE_LEN: usize = STAMP_LEN + MAC_LEN;

/// Bytes of the shortest secret that is one.
pub const LEAST_SECRET_LEN: usize = 16;

const STAMP_LEN: usize = 8;

const MAC_LEN: usize = 16;

/// Goes into every signature, so that one means nothing where the same secret signs something else.
const PURPOSE: &[u8] = b"sio frame 1";

/// A secret that nodes and emitters of a cluster share. `Debug` does not print it.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::frame::{Flags, Header, Kind, LANE_ALL};
/// use sio_core::cluster::node::NodeId;
/// use sio_core::cluster::signature::Secret;
///
/// let secret = Secret::new(b"0123456789abcdef").expect("it is long enough");
/// let source = NodeId::new(7);
/// let header = Header { kind: Kind::Bye, flags: Flags::NONE, source, lane: LANE_ALL, number: 12 };
/// let mut frame = header.begin(2);
/// frame.extend_from_slice(b"{}");
///
/// let signed = secret.sign("shop.a", 1, &frame);
/// assert_eq!(secret.stamp("shop.a", &signed), Some(1));
/// assert_eq!(secret.stamp("other.a", &signed), None);
/// assert_eq!(Header::read(&signed).unwrap().1, b"{}");
/// ```
#[derive(Clone)]
pub struct Secret(Hmac<Sha256>);

impl Secret {
    /// Makes a secret of these bytes; `None` if there are fewer than [`LEAST_SECRET_LEN`].
    #[must_use]
    pub fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < LEAST_SECRET_LEN {
            return None;
        }
        let mut mac = Hmac::new_from_slice(secret).ok()?;
        mac.update(PURPOSE);
        Some(Self(mac))
    }

    /// Returns the signed copy of a frame that goes to the topic of this name.
    ///
    /// # Panics
    ///
    /// If the frame has no whole header.
    #[must_use]
    pub fn sign(&self, topic: &str, stamp: u64, frame: &[u8]) -> Vec<u8> {
        let mut signed = Vec::with_capacity(frame.len() + SIGNATURE_LEN);
        signed.extend_from_slice(frame);
        Header::mark(&mut signed[..], Flags::SIGNED);
        signed.extend_from_slice(&stamp.to_le_bytes());
        let mac = self.mac(topic, &signed).finalize().into_bytes();
        signed.extend_from_slice(&mac[..MAC_LEN]);
        signed
    }

    /// Returns when a message was signed that came under the topic of this name; `None` if its signature is not right.
    #[must_use]
    pub fn stamp(&self, topic: &str, message: &[u8]) -> Option<u64> {
        let (signed, mac) = message.split_last_chunk::<MAC_LEN>()?;
        let (frame, stamp) = signed.split_last_chunk::<STAMP_LEN>()?;
        if !is_signed(frame) {
            return None;
        }
        // As long for a wrong one as for a right one.
        self.mac(topic, signed).verify_truncated_left(mac).ok()?;
        Some(u64::from_le_bytes(*stamp))
    }

    fn mac(&self, topic: &str, signed: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(&(topic.len() as u64).to_le_bytes());
        mac.update(topic.as_bytes());
        mac.update(signed);
        mac
    }
}

/// Returns whether a message says that it is signed.
#[must_use]
pub fn is_signed(message: &[u8]) -> bool {
    message.len() >= HEADER_LEN && Header::flags_of(message).has(Flags::SIGNED)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{Kind, LANE_ALL};
    use super::super::node::NodeId;
    use super::*;

    fn secret() -> Secret {
        Secret::new(b"a secret of a test").unwrap()
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        let source = NodeId::new(7);
        let header =
            Header { kind: Kind::Broadcast, flags: Flags::VOLATILE, source, lane: LANE_ALL, number: 5 };
        [&header.begin(0), body].concat()
    }

    /// Nodes of different versions have to agree on it. Checked with Python's `hmac`.
    #[test]
    fn signatures_do_not_change() {
        let signed = secret().sign("shop.a", 0x0102, &frame(b"body"));
        let hex: String = signed[HEADER_LEN + 4..].iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, "02010000000000005a678a66406bc53ee2d699833f5fe3b1");
    }

    #[test]
    fn a_signed_frame_is_read_as_it_was() {
        for len in [0, 1, 100, 100_000] {
            let frame = frame(&vec![3; len]);
            let signed = secret().sign("shop.a", 9, &frame);
            assert_eq!(signed.len(), frame.len() + SIGNATURE_LEN);
            let (header, body) = Header::read(&signed).unwrap();
            assert_eq!((header.number, body), (5, &frame[HEADER_LEN..]));
            assert!(header.flags.has(Flags::SIGNED | Flags::VOLATILE));
            assert_eq!(secret().stamp("shop.a", &signed), Some(9));
        }
    }

    #[test]
    fn every_changed_bit_and_every_cut_breaks_a_signature() {
        let signed = secret().sign("shop.a", 9, &frame(b"body"));
        for bit in 0..signed.len() * 8 {
            let mut changed = signed.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(secret().stamp("shop.a", &changed), None, "bit {bit}");
        }
        for len in 0..signed.len() {
            assert_eq!(secret().stamp("shop.a", &signed[..len]), None, "{len} bytes");
        }
        assert_eq!(secret().stamp("shop.a", &[&signed[..], b"x"].concat()), None);
    }

    #[test]
    fn a_signature_holds_for_one_topic_and_one_secret() {
        let signed = secret().sign("shop.a", 9, &frame(b"body"));
        for topic in ["shop.b", "shop.", "shop.a1", "", "a"] {
            assert_eq!(secret().stamp(topic, &signed), None, "{topic}");
        }
        let other = Secret::new(b"a secret of a tesT").unwrap();
        assert_eq!(other.stamp("shop.a", &signed), None);
    }

    #[test]
    fn a_short_secret_is_none_and_none_is_printed() {
        assert!(Secret::new(&[b'x'; LEAST_SECRET_LEN - 1]).is_none());
        assert!(Secret::new(&[b'x'; 1000]).is_some());
        assert_eq!(format!("{:?}", secret()), "Secret(…)");
    }
}
