//! Puts an id into an event that is ready to be sent.

use bytes::Bytes;
use rmp::encode::{write_str, write_uint};

use crate::engine::frame::{Frames, write_binary_frame_of};

/// A map of three pairs, as [`encode`](super::encode) begins an event without an id, and its kind.
const WITHOUT: &[u8] = b"\x83\xa4type\x02";

/// The same of one with an id.
const WITH: &[u8] = b"\x84\xa4type\x02";

/// Makes of an event, as [`encode`](super::encode) has made it without an id, the same event with an id, under which
/// clients acknowledge it. `None` if it is anything else.
///
/// # Examples
///
/// ```
/// use sio_core::{msgpack, socket};
///
/// let plain = msgpack::encode(&socket::encode::event("/", None, "vote", &())?)?;
/// let asking = msgpack::encode(&socket::encode::event("/", Some(7), "vote", &())?)?;
/// assert_eq!(msgpack::stamp(&plain, 7), Some(asking));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn stamp(run: &Bytes, id: u64) -> Option<Bytes> {
    let mut frames = Frames::new(run.clone());
    let (true, message) = frames.next()? else { return None };
    if frames.next().is_some() {
        return None;
    }
    let rest = message.strip_prefix(WITHOUT)?;
    let mut end = Vec::with_capacity(12);
    write_str(&mut end, "id").ok()?;
    write_uint(&mut end, id).ok()?;
    let mut stamped = Vec::new();
    write_binary_frame_of(&mut stamped, &[WITH, rest, &end]);
    Some(stamped.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::binary::Binary;
    use crate::msgpack::encode;
    use crate::socket::encode::{ack, disconnect, event};

    #[test]
    fn an_event_gets_an_id_as_if_it_had_been_made_with_it() {
        let sizes = [0, 1, 90, 100, 110, 120, 65_500, 65_530, 70_000];
        for (size, id) in sizes.into_iter().flat_map(|size| [0, 127, 128, 1 << 40].map(|id| (size, id))) {
            let args = (Binary::from(vec![7; size]), "text");
            let made = |id| encode(&event("/chat", id, "vote", &args).unwrap()).unwrap();
            assert_eq!(stamp(&made(None), id), Some(made(Some(id))), "{size}");
        }
    }

    #[test]
    fn anything_else_gets_none() {
        let with_id = event("/", Some(1), "a", &()).unwrap();
        for run in [with_id, ack("/", 1, &()).unwrap(), disconnect("/")] {
            assert_eq!(stamp(&encode(&run).unwrap(), 1), None);
            assert_eq!(stamp(&run, 1), None);
        }
        let mut twice = encode(&event("/", None, "a", &()).unwrap()).unwrap().to_vec();
        twice.extend_from_within(..);
        for run in [Vec::new(), b"\x82\x00".to_vec(), twice] {
            assert_eq!(stamp(&run.into(), 1), None);
        }
    }
}
