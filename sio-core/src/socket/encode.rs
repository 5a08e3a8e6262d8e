//! Packets on their way out, as bytes that every transport can send.
//!
//! The output is one run of whole WebSocket frames: a text frame with the Engine.IO message type and the packet,
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

mod scratch;
mod stamp;

use bytes::Bytes;
use serde::Serialize;

use self::scratch::Scratch;
use crate::args::{self, EncodeError, MAX_DIGITS, digits, write_string};
use crate::engine::frame::leading_text;
use crate::id::Sid;
use crate::name;
use crate::socket::packet::Kind;

pub use self::stamp::stamp;

/// Encodes an event. With an `id` the client is asked for an acknowledgement.
///
/// `args` are one argument, or none (`()`), or several (a tuple): see [`write_args`](crate::args::write_args). Bytes
/// in them travel as attachments. The namespace is written as it is and must be a valid one
/// ([`check_namespace`](crate::name::check_namespace)).
///
/// # Errors
///
/// [`EncodeError::ReservedName`] for a name that Socket.IO keeps for itself, [`EncodeError::Json`] if an argument
/// cannot be written as JSON, [`EncodeError::Placeholder`] if one looks like a placeholder beside attachments.
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
    Encoder::default().event(namespace, id, name, args)
}

/// Encodes an event for clients whose state can be recovered ([`recovery`](super::recovery)), with the offset as an
/// extra last argument.
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
    Encoder::default().recoverable_event(namespace, name, args, offset)
}

/// Encodes the acknowledgement of the client's event that had this `id`.
///
/// `args` as for [`event()`]: `()` is an acknowledgement without arguments.
///
/// # Errors
///
/// [`EncodeError::Json`] if an argument cannot be written as JSON, [`EncodeError::Placeholder`] if one looks like a
/// placeholder beside attachments.
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
    Encoder::default().ack(namespace, id, args)
}

/// Encodes what an application sends, by the rules of the clients that read it.
///
/// [`event()`], [`recoverable_event`] and [`ack`] are those of its default: any number of attachments.
///
/// # Examples
///
/// ```
/// use sio_core::args::EncodeError;
/// use sio_core::binary::Binary;
/// use sio_core::socket::encode::Encoder;
///
/// let encoder = Encoder::new(1);
/// assert!(encoder.event("/", None, "up", &Binary::from(b"1")).is_ok());
/// let error = encoder.event("/", None, "up", &(Binary::from(b"1"), Binary::from(b"2"))).unwrap_err();
/// assert!(matches!(error, EncodeError::TooManyAttachments { count: 2, max: 1 }));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Encoder {
    max_attachments: usize,
    /// Placeholders are written so that nothing else looks like them, and are not what clients see.
    marks: bool,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new(usize::MAX)
    }
}

impl Encoder {
    /// Makes an encoder for clients that read the packets as they are, with at most `max_attachments` in one.
    #[must_use]
    pub const fn new(max_attachments: usize) -> Self {
        Self { max_attachments, marks: false }
    }

    /// Makes an encoder for packets that [`msgpack::encode`](crate::msgpack::encode) rewrites: that wire has no
    /// attachments, and an object that looks like a placeholder is one like any other.
    #[cfg(feature = "msgpack")]
    #[must_use]
    pub const fn rewritten() -> Self {
        Self { max_attachments: usize::MAX, marks: true }
    }

    /// Does the same as the function [`event()`].
    ///
    /// # Errors
    ///
    /// As [`event()`], and [`EncodeError::TooManyAttachments`].
    pub fn event<A: Serialize + ?Sized>(
        self,
        namespace: &str,
        id: Option<u64>,
        name: &str,
        args: &A,
    ) -> Result<Bytes, EncodeError> {
        let mut scratch = self.begin_event(namespace, name)?;
        write_args(&mut scratch, false, args)?;
        self.end_array(scratch, Kind::Event, namespace, id)
    }

    /// Does the same as the function [`recoverable_event`].
    ///
    /// # Errors
    ///
    /// As [`Encoder::event`].
    pub fn recoverable_event<A: Serialize + ?Sized>(
        self,
        namespace: &str,
        name: &str,
        args: &A,
        offset: Option<u64>,
    ) -> Result<Bytes, EncodeError> {
        let mut scratch = self.begin_event(namespace, name)?;
        write_args(&mut scratch, false, args)?;
        match offset {
            Some(offset) => {
                let out = scratch.out();
                out.extend_from_slice(b",\"");
                out.extend_from_slice(digits(offset, &mut [0; MAX_DIGITS]));
                out.push(b'"');
            }
            None if scratch.json().ends_with(b"\"") => scratch.out().extend_from_slice(b",null"),
            None => {}
        }
        self.end_array(scratch, Kind::Event, namespace, None)
    }

    /// Does the same as the function [`ack`].
    ///
    /// # Errors
    ///
    /// As [`ack`], and [`EncodeError::TooManyAttachments`].
    pub fn ack<A: Serialize + ?Sized>(
        self,
        namespace: &str,
        id: u64,
        args: &A,
    ) -> Result<Bytes, EncodeError> {
        let mut scratch = Scratch::take(namespace, self.marks);
        scratch.out().push(b'[');
        write_args(&mut scratch, true, args)?;
        self.end_array(scratch, Kind::Ack, namespace, Some(id))
    }

    /// The part of an event that no argument type changes.
    fn begin_event(self, namespace: &str, name: &str) -> Result<Scratch, EncodeError> {
        if name::is_reserved(name) {
            return Err(EncodeError::ReservedName(name.to_owned()));
        }
        let mut scratch = Scratch::take(namespace, self.marks);
        scratch.out().push(b'[');
        write_string(scratch.out(), name);
        Ok(scratch)
    }

    /// Closes the array and makes the packet.
    fn end_array(
        self,
        mut scratch: Scratch,
        kind: Kind,
        namespace: &str,
        id: Option<u64>,
    ) -> Result<Bytes, EncodeError> {
        scratch.out().push(b']');
        let count = scratch.attachments();
        // Clients look for placeholders only in packets that announce attachments.
        let checked = if count == 0 || self.marks { Ok(()) } else { self.check(count, scratch.json()) };
        match checked {
            Ok(()) => Ok(scratch.end(kind, namespace, id)),
            Err(error) => {
                scratch.give_back();
                Err(error)
            }
        }
    }

    /// Checks a packet with attachments.
    fn check(self, count: usize, json: &[u8]) -> Result<(), EncodeError> {
        if count > self.max_attachments {
            return Err(EncodeError::TooManyAttachments { count, max: self.max_attachments });
        }
        // Each attachment has written one; any other is the application's.
        if args::count_placeholders(json) > count { Err(EncodeError::Placeholder) } else { Ok(()) }
    }
}

fn write_args<A: Serialize + ?Sized>(
    scratch: &mut Scratch,
    is_first: bool,
    args: &A,
) -> Result<(), EncodeError> {
    let (out, attachments) = scratch.parts();
    args::serialize(out, is_first, args, attachments)
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
    let mut scratch = Scratch::take(namespace, false);
    let out = scratch.out();
    out.extend_from_slice(b"{\"sid\":");
    write_string(out, sid.as_str());
    if let Some(pid) = pid {
        out.extend_from_slice(b",\"pid\":");
        write_string(out, pid);
    }
    out.push(b'}');
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
    let mut scratch = Scratch::take(namespace, false);
    let out = scratch.out();
    out.extend_from_slice(b"{\"message\":");
    write_string(out, message);
    if let Some(data) = data {
        out.extend_from_slice(b",\"data\":");
        out.extend_from_slice(data.as_bytes());
    }
    out.push(b'}');
    scratch.end(Kind::ConnectError, namespace, None)
}

/// Encodes that the server disconnects the client from a namespace.
///
/// # Examples
///
/// ```
/// assert_eq!(sio_core::socket::encode::disconnect("/chat"), &b"\x81\x0841/chat,"[..]);
/// ```
#[must_use]
pub fn disconnect(namespace: &str) -> Bytes {
    Scratch::take(namespace, false).end(Kind::Disconnect, namespace, None)
}

/// Returns the JSON text of an encoded packet: of an event, the array of its name and arguments, with placeholders for
/// attachments. `None` for a packet without data, and for bytes that this module did not write.
///
/// # Examples
///
/// ```
/// use sio_core::binary::Binary;
/// use sio_core::socket::encode::{disconnect, event, json_of};
///
/// let frames = event("/chat", Some(7), "up", &Binary::from(b"1"))?;
/// assert_eq!(json_of(&frames), Some(r#"["up",{"_placeholder":true,"num":0}]"#));
/// assert_eq!(json_of(&disconnect("/chat")), None);
/// # Ok::<(), sio_core::args::EncodeError>(())
/// ```
#[must_use]
pub fn json_of(frames: &[u8]) -> Option<&str> {
    fn behind_digits(text: &str) -> &str {
        text.trim_start_matches(|c: char| c.is_ascii_digit())
    }
    // Behind the type of the message and the kind of the packet.
    let text = leading_text(frames)?.strip_prefix('4')?.get(1..)?;
    let text = behind_digits(text).strip_prefix('-').unwrap_or(text);
    let text = if text.starts_with('/') { text.split_once(',')?.1 } else { text };
    Some(behind_digits(text)).filter(|json| !json.is_empty())
}

#[cfg(test)]
mod tests;
