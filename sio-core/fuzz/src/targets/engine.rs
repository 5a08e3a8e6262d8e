//! Polling bodies of both revisions.

use bytes::Bytes;
use sio_core::engine::payload;
use sio_core::v3::payload as v3;

/// The first byte is the most packets that a body may have; 0 is no limit.
pub(super) fn payload_v4(input: &[u8]) {
    let (limit, body) = super::split(input);
    let limit = Some(usize::from(limit)).filter(|limit| *limit > 0);
    let Ok(packets) = payload::decode(Bytes::copy_from_slice(body), limit) else { return };
    assert_eq!(packets.len(), body.iter().filter(|byte| **byte == b'\x1e').count() + 1);
    assert!(limit.is_none_or(|limit| packets.len() <= limit));
    // The same packets are written so that they are read as the same.
    let mut answer = payload::PayloadBuilder::new(usize::MAX, usize::MAX);
    assert!(packets.iter().all(|packet| answer.try_push(&packet.frame())));
    assert_eq!(payload::decode(answer.finish(), None).unwrap(), packets);
}

/// The first byte says whether the body is binary, and whether the answer is to be text.
pub(super) fn payload_v3(input: &[u8]) {
    let (form, body) = super::split(input);
    let (is_binary, base64) = (form & 1 != 0, form & 2 != 0);
    let limit = Some(usize::from(form >> 2)).filter(|limit| *limit > 0);
    let Ok(packets) = v3::decode(Bytes::copy_from_slice(body), is_binary, limit) else { return };
    assert!(packets.len() <= body.len() && limit.is_none_or(|limit| packets.len() <= limit));
    if packets.is_empty() {
        return;
    }
    let mut answer = v3::PayloadBuilder::new(usize::MAX, usize::MAX, base64);
    assert!(packets.iter().all(|packet| answer.try_push(&packet.frame())));
    let answer = answer.finish();
    assert_eq!(v3::decode(answer.bytes, answer.is_binary, None).unwrap(), packets);
}
