//! Several frames in one message of the broker: what it costs to publish and to receive does not depend on their number.
//!
//! ```text
//!  0  24  a header of the kind `bundle`, whose lane and number mean nothing
//! 24  4   length of the first frame, its lowest byte first
//! 28  …   the frame; then the next one
//! ```
//!
//! The frames go from one node to one topic, and are in the order in which they would go one by one. Frames of kinds
//! without numbers are not bundled, nor are bundles.

use bytes::Bytes;

use super::frame::{Flags, HEADER_LEN, Header, Kind, LANE_ALL};
use super::node::NodeId;

/// Bytes in front of each frame.
const LENGTH_LEN: usize = size_of::<u32>();

/// Where the byte of the kind is in a header.
const KIND_AT: usize = 2;

/// Puts frames into one.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::bundle::{Bundle, frames, is_bundle};
/// use sio_core::cluster::node::NodeId;
///
/// let mut bundle = Bundle::new(NodeId::new(7), 2 * 3);
/// bundle.push(b"one");
/// bundle.push(b"two");
/// let frame = bundle.finish();
/// assert!(is_bundle(&frame));
/// assert!(frames(&frame).eq([&b"one"[..], b"two"]));
/// ```
#[derive(Debug)]
pub struct Bundle(Vec<u8>);

impl Bundle {
    /// Begins a bundle of frames of this node; `capacity` is about the number of their bytes.
    #[must_use]
    pub fn new(source: NodeId, capacity: usize) -> Self {
        let header = Header { kind: Kind::Bundle, flags: Flags::NONE, source, lane: LANE_ALL, number: 0 };
        Self(header.begin(capacity))
    }

    /// Returns whether a frame may be in a bundle: those that only tell of the node are not.
    #[must_use]
    pub fn takes(frame: &[u8]) -> bool {
        frame.len() >= HEADER_LEN
            && frame.get(KIND_AT).is_some_and(|kind| {
                let kind = Kind::from_code(*kind);
                kind.is_numbered() && kind != Kind::Bundle
            })
    }

    /// Returns the number of bytes that a frame of this length takes.
    #[must_use]
    pub const fn cost(len: usize) -> usize {
        LENGTH_LEN + len
    }

    /// Appends a frame.
    ///
    /// # Panics
    ///
    /// If it is longer than 4 GiB.
    pub fn push(&mut self, frame: &[u8]) {
        let length = u32::try_from(frame.len()).expect("no frame is that long");
        self.0.extend_from_slice(&length.to_le_bytes());
        self.0.extend_from_slice(frame);
    }

    /// Returns the bundle as a frame.
    #[must_use]
    pub fn finish(self) -> Bytes {
        self.0.into()
    }
}

/// Returns whether a frame is a bundle of this version.
#[must_use]
pub fn is_bundle(frame: &[u8]) -> bool {
    frame.get(KIND_AT) == Some(&Kind::Bundle.code()) && Header::read(frame).is_ok()
}

/// Returns the frames of a bundle. The rest of one that is malformed is returned as a last frame, which will not be
/// one. Nothing is returned for bytes that are no bundle.
pub fn frames(bundle: &[u8]) -> impl Iterator<Item = &[u8]> {
    // Without its signature.
    let mut rest = Header::read(bundle).map_or(&[][..], |(_, body)| body);
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let (frame, after) = split(rest).unwrap_or((rest, &[]));
        rest = after;
        Some(frame)
    })
}

/// The first frame, and what follows it.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = rest.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)
}

#[cfg(test)]
mod tests {
    use super::super::signature::Secret;
    use super::*;

    const NODE: NodeId = NodeId::new(7);

    fn of(frames: &[&[u8]]) -> Bytes {
        let mut bundle = Bundle::new(NODE, 0);
        frames.iter().for_each(|frame| bundle.push(frame));
        bundle.finish()
    }

    #[test]
    fn frames_come_out_as_they_went_in() {
        let (none, one, long): (&[u8], &[u8], &[u8]) = (b"", b"a", &[7; 70_000]);
        for all in [&[][..], &[none], &[none, one, none], &[long, one]] {
            let bundle = of(all);
            assert!(is_bundle(&bundle) && frames(&bundle).eq(all.iter().copied()));
            let size: usize = all.iter().map(|frame| Bundle::cost(frame.len())).sum();
            assert_eq!(bundle.len(), HEADER_LEN + size);
        }
    }

    #[test]
    fn what_is_left_of_a_malformed_bundle_is_a_frame_that_is_none() {
        let bundle = of(&[b"one", b"two"]);
        let cut = &bundle[..bundle.len() - 1];
        assert!(frames(cut).eq([&b"one"[..], b"\x03\0\0\0tw"]));
        let cut = &bundle[..HEADER_LEN + 3];
        assert!(frames(cut).eq([&b"\x03\0\0"[..]]));
        assert!(!is_bundle(&bundle[..HEADER_LEN - 1]), "a part of a header");
        assert_eq!(frames(&bundle[..HEADER_LEN - 1]).count(), 0);
    }

    #[test]
    fn a_bundle_is_signed_as_one() {
        let secret = Secret::new(b"a secret of a test").unwrap();
        let signed = secret.sign("shop.a", 1, &of(&[b"one", b"two"]));
        assert!(is_bundle(&signed) && frames(&signed).eq([&b"one"[..], b"two"]));
    }

    #[test]
    fn only_numbered_frames_are_bundled() {
        let frame = |kind| Header { kind, flags: Flags::NONE, source: NODE, lane: 0, number: 0 }.begin(0);
        for code in 0..=u8::MAX {
            let kind = Kind::from_code(code);
            let frame = frame(kind);
            assert_eq!(Bundle::takes(&frame), !matches!(code, 1..=3 | 15 | 16), "{kind:?}");
            assert_eq!(is_bundle(&frame), kind == Kind::Bundle);
        }
        assert!(!Bundle::takes(b"s1\x04"), "a part of a header");
    }
}
