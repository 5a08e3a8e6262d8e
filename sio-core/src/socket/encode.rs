//! Packets on their way out, as bytes that every transport can send.
//!
//! What comes out is one run of whole WebSocket frames: a text frame with the Engine.IO message type and the packet,
//! then one binary frame for each attachment. It is the same for every receiver of a broadcast, and one entry of the
//! outgoing queue, so that nothing can come between a packet and its attachments. A session on polling takes the
//! frames apart again (`engine::frame::Frames`).
//!
//! Grammar of the text (Socket.IO protocol v5, "packet encoding"):
//!
//! ```text
//! message := "4" kind [count "-"] [namespace ","] [id] [json]       count only for kinds 5 and 6
//! ```
//!
//! Encoding allocates exactly once: the result. JSON and frames are put together in memory that the thread keeps.

use std::cell::Cell;

use bytes::Bytes;
use serde::Serialize;

use crate::args::{self, Attachments, EncodeError};
use crate::engine::frame::{write_binary_frame, write_text_frame};
use crate::id::Sid;
use crate::name;
use crate::socket::packet::{Kind, MAIN_NAMESPACE};

/// What a thread keeps of its scratch memory. Larger packets are rare; their memory is given back.
const MAX_KEPT: usize = 64 * 1024;

/// Encodes an event. With an `id` the client is asked for an acknowledgement.
///
/// `args` are one argument, or none (`()`), or several (a tuple): see [`write_args`](crate::args::write_args). Bytes
/// in them travel as attachments. The namespace is written as it is and must be a valid one
/// ([`check_namespace`](crate::name::check_namespace)).
///
/// # Errors
///
/// [`EncodeError::ReservedName`] for a name that Socket.IO keeps for itself, [`EncodeError::Json`] if an argument cannot
/// be written as JSON.
///
/// # Examples
///
/// ```
/// use sio_core::socket::encode;
///
/// let frame = encode::event("/chat", None, "message", &("hi", 1))?;
/// assert_eq!(frame, &b"\x81\x1a42/chat,[\"message\",\"hi\",1]"[..]);
/// # Ok::<(), sio_core::args::EncodeError>(())
/// ```
pub fn event<A: Serialize + ?Sized>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    args: &A,
) -> Result<Bytes, EncodeError> {
    let mut scratch = begin_event(name)?;
    args::serialize(&mut scratch.json, false, args, &mut scratch.attachments)?;
    Ok(scratch.end_array(Kind::Event, namespace, id))
}

/// Encodes an event for clients whose state can be recovered ([`recovery`](super::recovery)), with the offset as an extra
/// last argument.
///
/// Without an `offset` it is an event that is not kept for those who miss it. Clients take the text at the end of any
/// event for an offset: where one stands there, a `null` follows it.
///
/// # Errors
///
/// As [`event()`].
///
/// # Examples
///
/// ```
/// use sio_core::socket::encode;
///
/// let frame = encode::recoverable_event("/", "message", "hi", Some(7))?;
/// assert_eq!(frame, &b"\x81\x1642[\"message\",\"hi\",\"7\"]"[..]);
/// let frame = encode::recoverable_event("/", "message", "hi", None)?;
/// assert_eq!(frame, &b"\x81\x1742[\"message\",\"hi\",null]"[..]);
/// # Ok::<(), sio_core::args::EncodeError>(())
/// ```
pub fn recoverable_event<A: Serialize + ?Sized>(
    namespace: &str,
    name: &str,
    args: &A,
    offset: Option<u64>,
) -> Result<Bytes, EncodeError> {
    let mut scratch = begin_event(name)?;
    args::serialize(&mut scratch.json, false, args, &mut scratch.attachments)?;
    match offset {
        Some(offset) => {
            scratch.json.extend_from_slice(b",\"");
            scratch.json.extend_from_slice(digits(offset, &mut [0; MAX_DIGITS]));
            scratch.json.push(b'"');
        }
        None if scratch.json.ends_with(b"\"") => scratch.json.extend_from_slice(b",null"),
        None => {}
    }
    Ok(scratch.end_array(Kind::Event, namespace, None))
}

/// Encodes the acknowledgement of the client's event that had this `id`.
///
/// `args` as for [`event()`]: `()` is an acknowledgement without arguments.
///
/// # Errors
///
/// [`EncodeError::Json`] if an argument cannot be written as JSON.
///
/// # Examples
///
/// ```
/// use sio_core::socket::encode;
///
/// assert_eq!(encode::ack("/", 7, &())?, &b"\x81\x05437[]"[..]);
/// # Ok::<(), sio_core::args::EncodeError>(())
/// ```
pub fn ack<A: Serialize + ?Sized>(namespace: &str, id: u64, args: &A) -> Result<Bytes, EncodeError> {
    let mut scratch = Scratch::take();
    scratch.json.push(b'[');
    args::serialize(&mut scratch.json, true, args, &mut scratch.attachments)?;
    Ok(scratch.end_array(Kind::Ack, namespace, Some(id)))
}

/// Encodes the answer to an accepted CONNECT. `pid` is sent when connection state recovery is on.
///
/// # Examples
///
/// ```
/// use sio_core::id::Sid;
/// use sio_core::socket::encode;
///
/// let frame = encode::connect("/chat", &Sid::from_random([0; 15]), None);
/// assert_eq!(frame, &b"\x81\x2640/chat,{\"sid\":\"AAAAAAAAAAAAAAAAAAAA\"}"[..]);
/// ```
#[must_use]
pub fn connect(namespace: &str, sid: &Sid, pid: Option<&str>) -> Bytes {
    let mut scratch = Scratch::take();
    scratch.json.extend_from_slice(b"{\"sid\":");
    write_text(&mut scratch.json, sid.as_str());
    if let Some(pid) = pid {
        scratch.json.extend_from_slice(b",\"pid\":");
        write_text(&mut scratch.json, pid);
    }
    scratch.json.push(b'}');
    scratch.end(Kind::Connect, namespace, None)
}

/// Encodes the refusal of a CONNECT. `data` is JSON, which is written as it is.
///
/// The payload is always an object, because the JavaScript client reads `message` from it.
///
/// # Examples
///
/// ```
/// use sio_core::socket::encode;
///
/// let frame = encode::connect_error("/random", "Invalid namespace", None);
/// assert_eq!(frame, &b"\x81\x2944/random,{\"message\":\"Invalid namespace\"}"[..]);
/// ```
#[must_use]
pub fn connect_error(namespace: &str, message: &str, data: Option<&str>) -> Bytes {
    let mut scratch = Scratch::take();
    scratch.json.extend_from_slice(b"{\"message\":");
    write_text(&mut scratch.json, message);
    if let Some(data) = data {
        scratch.json.extend_from_slice(b",\"data\":");
        scratch.json.extend_from_slice(data.as_bytes());
    }
    scratch.json.push(b'}');
    scratch.end(Kind::ConnectError, namespace, None)
}

/// Encodes that the server puts the client out of a namespace.
///
/// # Examples
///
/// ```
/// assert_eq!(sio_core::socket::encode::disconnect("/chat"), &b"\x81\x0841/chat,"[..]);
/// ```
#[must_use]
pub fn disconnect(namespace: &str) -> Bytes {
    Scratch::take().end(Kind::Disconnect, namespace, None)
}

/// The part of `event` that no argument type changes.
fn begin_event(name: &str) -> Result<Scratch, EncodeError> {
    if name::is_reserved(name) {
        return Err(EncodeError::ReservedName(name.to_owned()));
    }
    let mut scratch = Scratch::take();
    scratch.json.push(b'[');
    write_text(&mut scratch.json, name);
    Ok(scratch)
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("a text is always JSON, and a vector takes all of it");
}

/// Memory in which a packet is put together.
#[derive(Default)]
struct Scratch {
    json: Vec<u8>,
    attachments: BinaryFrames,
    run: Vec<u8>,
}

/// The attachments of a packet, as the frames in which they are sent.
#[derive(Default)]
struct BinaryFrames {
    frames: Vec<u8>,
    count: usize,
}

impl Attachments for BinaryFrames {
    fn push(&mut self, bytes: &[u8]) -> usize {
        write_binary_frame(&mut self.frames, bytes);
        self.count += 1;
        self.count - 1
    }
}

thread_local! {
    /// Taken while a packet is put together: a value's `Serialize` may itself encode a packet, in memory of its own.
    static SCRATCH: Cell<Scratch> = const {
        let attachments = BinaryFrames { frames: Vec::new(), count: 0 };
        Cell::new(Scratch { json: Vec::new(), attachments, run: Vec::new() })
    };
}

impl Scratch {
    /// The thread's scratch memory, empty.
    fn take() -> Self {
        // A thread that is ending has none any more.
        SCRATCH.try_with(Cell::take).unwrap_or_default()
    }

    /// Closes the array and makes the packet.
    fn end_array(mut self, kind: Kind, namespace: &str, id: Option<u64>) -> Bytes {
        self.json.push(b']');
        self.end(kind, namespace, id)
    }

    /// Makes the packet of the JSON and the attachments, and gives the memory back.
    fn end(mut self, kind: Kind, namespace: &str, id: Option<u64>) -> Bytes {
        let has_attachments = self.attachments.count > 0;
        let kind = if has_attachments { kind.binary() } else { kind };
        let is_main = namespace == MAIN_NAMESPACE;
        let (mut count_digits, mut id_digits) = ([0; MAX_DIGITS], [0; MAX_DIGITS]);
        write_text_frame(
            &mut self.run,
            &[
                b"4",
                &[kind.digit()],
                if has_attachments { digits(self.attachments.count as u64, &mut count_digits) } else { b"" },
                if has_attachments { b"-" } else { b"" },
                if is_main { b"" } else { namespace.as_bytes() },
                if is_main { b"" } else { b"," },
                id.map_or(&[], |id| digits(id, &mut id_digits)),
                &self.json,
            ],
        );
        self.run.extend_from_slice(&self.attachments.frames);
        let packet = Bytes::copy_from_slice(&self.run);
        self.give_back();
        packet
    }

    fn give_back(mut self) {
        self.attachments.count = 0;
        for memory in [&mut self.json, &mut self.attachments.frames, &mut self.run] {
            memory.clear();
            memory.shrink_to(MAX_KEPT);
        }
        // Nothing to keep it for if the thread is ending.
        let _ = SCRATCH.try_with(|kept| kept.set(self));
    }
}

/// Digits of the largest `u64`.
const MAX_DIGITS: usize = 20;

/// The decimal digits of a number.
fn digits(mut number: u64, buffer: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut start = MAX_DIGITS;
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[start..];
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Serializer;

    use super::*;
    use crate::binary::Binary;
    use crate::engine::frame::Frames;
    use crate::name::RESERVED;

    /// The text of the first frame and the attachments behind it.
    fn frames(run: Bytes) -> (String, Vec<Bytes>) {
        let mut frames = Frames::new(run);
        let (is_binary, text) = frames.next().expect("a text frame comes first");
        assert!(!is_binary);
        let attachments = frames.map(|(is_binary, bytes)| {
            assert!(is_binary);
            bytes
        });
        (String::from_utf8(text.to_vec()).unwrap(), attachments.collect())
    }

    fn text(run: Bytes) -> String {
        let (text, attachments) = frames(run);
        assert!(attachments.is_empty());
        text
    }

    #[test]
    fn events_and_acks() {
        assert_eq!(text(event("/", None, "a", &()).unwrap()), r#"42["a"]"#);
        assert_eq!(text(event("/", Some(0), "a", &1).unwrap()), r#"420["a",1]"#);
        assert_eq!(
            text(event("/x", Some(u64::MAX), "a", &(1, [2])).unwrap()),
            r#"42/x,18446744073709551615["a",1,[2]]"#
        );
        assert_eq!(text(event("/x", None, "q\"\n✓", &()).unwrap()), r#"42/x,["q\"\n✓"]"#);
        assert_eq!(text(ack("/", 10, &()).unwrap()), "4310[]");
        assert_eq!(text(ack("/x", 9, &("a", "b")).unwrap()), r#"43/x,9["a","b"]"#);
        assert_eq!(text(ack("/x", 9, &vec!["a", "b"]).unwrap()), r#"43/x,9[["a","b"]]"#);
    }

    #[test]
    fn offsets_come_last() {
        fn encoded(args: impl Serialize, offset: Option<u64>) -> String {
            text(recoverable_event("/", "a", &args, offset).unwrap())
        }
        assert_eq!(encoded((), Some(0)), r#"42["a","0"]"#);
        assert_eq!(encoded((1, "x"), Some(12)), r#"42["a",1,"x","12"]"#);
        // Not kept: nothing at the end that a client would take for an offset.
        assert_eq!(encoded((), None), r#"42["a",null]"#);
        assert_eq!(encoded((1, "x"), None), r#"42["a",1,"x",null]"#);
        assert_eq!(encoded(("x", 1), None), r#"42["a","x",1]"#);
        assert_eq!(encoded(vec!["x"], None), r#"42["a",["x"]]"#);
    }

    #[test]
    fn attachments_follow_their_packet() {
        let args = (Binary::from(b"one"), [Binary::from(b""), Binary::from(vec![7; 70_000])]);
        let (text, attachments) = frames(event("/x", Some(3), "up", &args).unwrap());
        let place = |index| format!("{{\"_placeholder\":true,\"num\":{index}}}");
        assert_eq!(text, format!("453-/x,3[\"up\",{},[{},{}]]", place(0), place(1), place(2)));
        assert_eq!(attachments, [Bytes::from_static(b"one"), Bytes::new(), vec![7; 70_000].into()]);

        let (text, attachments) = frames(ack("/", 12, &Binary::from(b"x")).unwrap());
        assert_eq!(text, format!("461-12[{}]", place(0)));
        assert_eq!(attachments, ["x"]);
        // Nothing of it is left for the next packet.
        assert_eq!(frames(ack("/", 1, &()).unwrap()), ("431[]".into(), vec![]));
    }

    #[test]
    fn packets_without_arguments() {
        let sid = Sid::from_random([255; 15]);
        assert_eq!(text(connect("/", &sid, None)), r#"40{"sid":"____________________"}"#);
        assert_eq!(text(connect("/x", &sid, Some("p"))), r#"40/x,{"sid":"____________________","pid":"p"}"#);
        assert_eq!(text(connect_error("/", "no \"entry\"", None)), r#"44{"message":"no \"entry\""}"#);
        assert_eq!(text(connect_error("/x", "", Some("[1]"))), r#"44/x,{"message":"","data":[1]}"#);
        assert_eq!(text(disconnect("/")), "41");
        assert_eq!(text(disconnect("/x")), "41/x,");
    }

    #[test]
    fn reserved_names_are_refused() {
        for name in RESERVED {
            let error = event("/", None, name, &()).unwrap_err();
            assert!(matches!(&error, EncodeError::ReservedName(refused) if refused == name), "{error:?}");
        }
    }

    /// Encodes a packet while it is serialised itself.
    struct Nested;

    impl Serialize for Nested {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&text(event("/", None, "inner", &Binary::from(b"x").len()).unwrap()))
        }
    }

    /// Fails half-way through.
    struct Failing;

    impl Serialize for Failing {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            (Binary::from(b"lost"), std::collections::HashMap::from([((1, 2), 3)])).serialize(serializer)
        }
    }

    #[test]
    fn a_failed_or_nested_encoding_leaves_nothing_behind() {
        assert!(event("/", None, "a", &Failing).is_err());
        assert_eq!(text(event("/", None, "b", &()).unwrap()), r#"42["b"]"#);
        assert_eq!(
            text(event("/", None, "outer", &(1, Nested, 2)).unwrap()),
            r#"42["outer",1,"42[\"inner\",1]",2]"#
        );
    }

    #[test]
    fn the_memory_that_a_thread_keeps_is_bounded() {
        let large = "x".repeat(10 * MAX_KEPT);
        event("/", None, "a", &(large, Binary::from(vec![0; 10 * MAX_KEPT]))).unwrap();
        let kept = Scratch::take();
        for memory in [&kept.json, &kept.attachments.frames, &kept.run] {
            assert!(memory.capacity() <= MAX_KEPT && memory.is_empty(), "{}", memory.capacity());
        }
    }
}
