//! The bundle of the first version, byte for byte, and what is no bundle.

use bytes::Bytes;
use proptest::prelude::*;
use sio_core::cluster::bundle::{Bundle, frames, is_bundle};
use sio_core::cluster::frame::{HEADER_LEN, Header, Kind};
use sio_core::cluster::node::NodeId;

const SOURCE: NodeId = NodeId::new(0x0102_0304_0506_0708);

fn bundle<'a>(frames: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut bundle = Bundle::new(SOURCE, 0);
    frames.into_iter().for_each(|frame| bundle.push(frame));
    bundle.finish()
}

#[test]
fn bundle_15() {
    let mut golden = vec![b's', b'1', 15, 0, 8, 7, 6, 5, 4, 3, 2, 1];
    golden.extend_from_slice(&[0; 12]);
    golden.extend_from_slice(b"\x03\0\0\0one\x00\x00\x00\x00\x05\0\0\0three");
    let written = bundle([&b"one"[..], b"", b"three"]);
    assert_eq!(written, golden);
    assert!(is_bundle(&written) && frames(&written).eq([&b"one"[..], b"", b"three"]));
    let (header, _) = Header::read(&written).expect("a bundle is a frame");
    assert_eq!((header.kind, header.source), (Kind::Bundle, SOURCE));
}

proptest! {
    #[test]
    fn random_bytes_are_split_without_harm(
        body in prop::collection::vec(any::<u8>(), 0..300),
        cut in 0..400_usize,
    ) {
        let mut bytes = bundle([]).to_vec();
        bytes.extend_from_slice(&body);
        bytes.truncate(cut);
        let all: usize = frames(&bytes).map(<[u8]>::len).sum();
        prop_assert!(all <= bytes.len());
        prop_assert_eq!(is_bundle(&bytes), bytes.len() >= HEADER_LEN);
    }

    #[test]
    fn frames_are_read_as_they_are_written(
        all in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..50), 0..20),
    ) {
        let written = bundle(all.iter().map(Vec::as_slice));
        prop_assert!(frames(&written).eq(all.iter().map(Vec::as_slice)));
    }
}
