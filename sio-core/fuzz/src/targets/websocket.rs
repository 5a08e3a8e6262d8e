//! Frames of a WebSocket, read in one piece and in many, and compared with a reader that is written as RFC 6455 reads.

use sio::fuzzing::{self, End, Frame};

/// The limits: below and above the length at which a frame takes another way through the reader.
const LIMITS: [usize; 4] = [20, 125, 1000, 100_000];

/// The first byte is the limit and whether messages may be compressed, the second the number of portions, which follow.
pub(super) fn frames(input: &[u8]) {
    let (rules, rest) = super::split(input);
    let (count, rest) = super::split(rest);
    let (portions, bytes) = rest.split_at(usize::from(count % 8).min(rest.len()));
    let portions: Vec<usize> = portions.iter().map(|portion| usize::from(*portion)).collect();
    let (max_payload, may_deflate) = (LIMITS[usize::from(rules & 3)], rules & 4 != 0);
    let bytes = lengthened(bytes, rules >> 3);

    let whole = fuzzing::frames(&bytes, &[], max_payload, may_deflate);
    assert_eq!(fuzzing::frames(&bytes, &portions, max_payload, may_deflate), whole, "in {portions:?}");
    assert_eq!(fuzzing::frames(&bytes, &[1], max_payload, may_deflate), whole, "byte by byte");
    assert_eq!(oracle(&bytes, max_payload, may_deflate), whole);
}

/// Large frames take large inputs, which fuzzers do not make: what stands here is repeated.
fn lengthened(bytes: &[u8], times: u8) -> Vec<u8> {
    let mut all = bytes.to_vec();
    if times > 16 && !bytes.is_empty() {
        all.extend(bytes.iter().cycle().take(usize::from(times) * 2500));
    }
    all
}

fn oracle(mut bytes: &[u8], max_payload: usize, may_deflate: bool) -> (Vec<Frame>, End) {
    let mut frames = Vec::new();
    loop {
        match one(bytes, max_payload, may_deflate) {
            Ok((frame, rest)) => {
                frames.push(frame);
                bytes = rest;
            }
            Err(end) => return (frames, end),
        }
    }
}

fn one(bytes: &[u8], max_payload: usize, may_deflate: bool) -> Result<(Frame, &[u8]), End> {
    let (&[first, second], rest) = bytes.split_first_chunk().ok_or(End::Ended)?;
    if second < 0x80 {
        return Err(End::Protocol);
    }
    let (length, rest) = match second - 0x80 {
        126 => rest.split_first_chunk::<2>().map(|(l, rest)| (u64::from(u16::from_be_bytes(*l)), rest)),
        127 => rest.split_first_chunk::<8>().map(|(l, rest)| (u64::from_be_bytes(*l), rest)),
        length => Some((u64::from(length), rest)),
    }
    .ok_or(End::Ended)?;
    let is_control = first & 8 != 0;
    if is_control && length > 125 {
        return Err(End::Protocol);
    }
    if length > max_payload as u64 && !is_control {
        return Err(End::TooLarge);
    }
    let (mask, rest) = rest.split_first_chunk::<4>().ok_or(End::Ended)?;
    let (payload, rest) = rest.split_at_checked(length as usize).ok_or(End::Ended)?;
    let (fin, opcode) = (first & 0x80 != 0, first & 0x0f);
    let is_deflated = may_deflate && first & 0x40 != 0 && matches!(opcode, 1 | 2);
    let reserved = if is_deflated { 0x30 } else { 0x70 };
    if first & reserved != 0 || !matches!(opcode, 0..=2 | 8..=10) || is_control && !fin {
        return Err(End::Protocol);
    }
    let payload: Vec<u8> = payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    Ok((Frame { fin, opcode, is_deflated, payload }, rest))
}
