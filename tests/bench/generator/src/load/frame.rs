//! WebSocket frames (RFC 6455) as a client sends and receives them. No fragments: no server here sends any.

use super::tally::Fault;

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

/// Any mask but zero makes the server do all of its work.
const MASK: [u8; 4] = [0x5b, 0xe1, 0x33, 0x8c];
/// Says in the second byte of the header that two bytes of length follow.
const LENGTH_16: u8 = 126;
/// Says that eight bytes of length follow.
const LENGTH_64: u8 = 127;

/// A frame of the server.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) opcode: u8,
    pub(crate) payload: &'a [u8],
    /// How many bytes it takes, with its header.
    pub(crate) length: usize,
}

/// Appends one masked frame that holds the concatenation of `parts`.
pub(crate) fn write(out: &mut Vec<u8>, opcode: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < LENGTH_16 => out.push(0x80 | short),
        (_, Ok(medium)) => {
            out.push(0x80 | LENGTH_16);
            out.extend_from_slice(&medium.to_be_bytes());
        }
        _ => {
            out.push(0x80 | LENGTH_64);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&MASK);
    let start = out.len();
    for part in parts {
        out.extend_from_slice(part);
    }
    for block in out[start..].chunks_mut(MASK.len()) {
        block.iter_mut().zip(MASK).for_each(|(byte, mask)| *byte ^= mask);
    }
}

/// The frame at the head of `bytes`; `None` if it is not all there yet.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Frame<'_>>, Fault> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    if first & 0xf0 != 0x80 || first & 0x0f == 0 {
        return Err("a fragment, or a reserved bit");
    }
    if second & 0x80 != 0 {
        return Err("a masked frame from the server");
    }
    let (header, length) = match second {
        LENGTH_16 => match rest.first_chunk() {
            Some(length) => (4, usize::from(u16::from_be_bytes(*length))),
            None => return Ok(None),
        },
        LENGTH_64 => match rest.first_chunk() {
            Some(length) => {
                (10, usize::try_from(u64::from_be_bytes(*length)).map_err(|_| "a frame without end")?)
            }
            None => return Ok(None),
        },
        short => (2, usize::from(short)),
    };
    let Some(payload) = bytes[header..].get(..length) else { return Ok(None) };
    Ok(Some(Frame { opcode: first & 0x0f, payload, length: header + length }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_masked_and_of_every_length() {
        for (length, header) in [(0, 2), (125, 2), (126, 4), (65_535, 4), (65_536, 10)] {
            let data: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut frame = Vec::new();
            write(&mut frame, TEXT, &[&data[..length / 3], &data[length / 3..]]);
            assert_eq!(frame[1] & 0x80, 0x80);
            // Taken the mask off, it is a frame of a server.
            frame[1] &= 0x7f;
            let payload = frame.split_off(header + MASK.len());
            assert_eq!(frame.split_off(header), MASK);
            frame.extend(payload.iter().enumerate().map(|(at, byte)| byte ^ MASK[at % 4]));
            let read = read(&frame).unwrap().expect("the frame is complete");
            assert_eq!(read, Frame { opcode: TEXT, payload: &data, length: header + length });
        }
    }

    #[test]
    fn a_part_of_a_frame_is_kept() {
        let frame = [&[0x81, 126, 0, 200][..], &[b'x'; 200]].concat();
        for end in 0..frame.len() {
            assert_eq!(read(&frame[..end]), Ok(None));
        }
        assert_eq!(read(&frame).unwrap().unwrap().length, 204);
    }

    #[test]
    fn what_no_server_may_send_is_a_fault() {
        for frame in [[0x01, 0], [0x80, 0], [0xc1, 0], [0x81, 0x80]] {
            assert!(read(&frame).is_err(), "{frame:?}");
        }
    }
}
