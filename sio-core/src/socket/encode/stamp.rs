//! Puts an id into an event that is ready to be sent.

use bytes::Bytes;

use crate::args::{MAX_DIGITS, digits};
use crate::engine::frame::{leading_text, write_text_frame};
use crate::socket::packet::Kind;

/// Makes of an event, as [`event()`](super::event()) has made it without an id, the same event with an id, under which
/// clients acknowledge it. `None` if it is anything else.
///
/// Nodes of a cluster use it: each puts in an id of its own before it passes the event to its clients.
///
/// # Examples
///
/// ```
/// use sio_core::socket::encode;
///
/// let run = encode::event("/chat", None, "vote", &())?;
/// let stamped = encode::stamp(&run, 7);
/// assert_eq!(stamped, Some(encode::event("/chat", Some(7), "vote", &())?));
/// # Ok::<(), sio_core::args::EncodeError>(())
/// ```
#[must_use]
pub fn stamp(run: &Bytes, id: u64) -> Option<Bytes> {
    let text = leading_text(run)?.as_bytes();
    let at = place_of_id(text)?;
    let attachments = &run[text.as_ptr().addr() - run.as_ptr().addr() + text.len()..];
    // 10 bytes are the longest header of a frame.
    let mut stamped = Vec::with_capacity(text.len() + MAX_DIGITS + 10 + attachments.len());
    write_text_frame(&mut stamped, &[&text[..at], digits(id, &mut [0; MAX_DIGITS]), &text[at..]]);
    stamped.extend_from_slice(attachments);
    Some(stamped.into())
}

/// Where the id of an event without one belongs: in front of its array.
fn place_of_id(text: &[u8]) -> Option<usize> {
    let is_event = |kind: u8| kind == Kind::Event.digit() || kind == Kind::BinaryEvent.digit();
    let (&[b'4', kind], mut rest) = text.split_first_chunk()? else { return None };
    if !is_event(kind) {
        return None;
    }
    if kind == Kind::BinaryEvent.digit() {
        let count = rest.iter().position(|byte| !byte.is_ascii_digit()).filter(|count| *count > 0)?;
        rest = rest[count..].strip_prefix(b"-")?;
    }
    if rest.starts_with(b"/") {
        rest = &rest[rest.iter().position(|byte| *byte == b',')? + 1..];
    }
    rest.starts_with(b"[").then(|| text.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use serde::Serialize;

    use super::super::{ack, disconnect, event, recoverable_event};
    use super::*;
    use crate::binary::Binary;

    fn is_stamped_as_made<A: Serialize + ?Sized>(args: &A) {
        for namespace in ["/", "/chat", "/a[b"] {
            for id in [0, 7, u64::MAX] {
                let made = |id| event(namespace, id, "vote", args).unwrap();
                assert_eq!(stamp(&made(None), id), Some(made(Some(id))));
            }
        }
    }

    #[test]
    fn an_event_gets_an_id_as_if_it_had_been_made_with_it() {
        let long = "x".repeat(70_000);
        is_stamped_as_made(&());
        is_stamped_as_made(&("one", 2));
        is_stamped_as_made(long.as_str());
        // The length of the frame needs more bytes than before.
        (90..127).for_each(|length| is_stamped_as_made(&*"x".repeat(length)));
        is_stamped_as_made(&(Binary::from(b"1"), Binary::from(b"")));
        is_stamped_as_made(&(Binary::from(long.clone().into_bytes()), "4[2]"));
    }

    #[test]
    fn anything_else_gets_none() {
        let with_id = event("/", Some(1), "a", &()).unwrap();
        for run in [with_id, ack("/", 1, &()).unwrap(), disconnect("/")] {
            assert_eq!(stamp(&run, 1), None);
        }
        for run in [
            &b""[..],
            b"\x81\x00",
            b"\x81\x012",
            b"\x81\x0342",
            b"\x81\x0542-[]",
            b"\x82\x0442[]",
            b"\x81\x7e",
        ] {
            assert_eq!(stamp(&Bytes::from_static(run), 1), None, "{run:?}");
        }
        for text in ["45[\"a\"]", "45-[\"a\"]", "452[\"a\"]", "42/chat[\"a\"]", "52[\"a\"]", "42{}"] {
            let mut run = Vec::new();
            write_text_frame(&mut run, &[text.as_bytes()]);
            assert_eq!(stamp(&run.into(), 1), None, "{text}");
        }
    }

    #[test]
    fn one_that_is_kept_for_those_who_miss_it_keeps_its_offset() {
        let run = recoverable_event("/", "a", &(), Some(5)).unwrap();
        assert_eq!(stamp(&run, 3).unwrap(), &b"\x81\x0c423[\"a\",\"5\"]"[..]);
    }
}
