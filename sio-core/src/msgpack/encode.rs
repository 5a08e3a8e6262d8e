//! Ready-made frames of text and attachments, rewritten as one binary frame of MessagePack.
//!
//! The number of values in a list stands before them, and JSON does not say it. So the payload is written without the
//! headers of its lists and maps, which are put in between when all of them are known.

use std::cell::Cell;
use std::mem;

use bytes::Bytes;
use rmp::encode::{
    write_array_len, write_bin_len, write_f64, write_map_len, write_sint, write_str, write_str_len,
    write_uint,
};
use smallvec::SmallVec;

use super::error::EncodeError;
use crate::args::{
    self, Number, Placeholder, Reader, has_marked_placeholders, marked_placeholder, placeholder,
};
use crate::engine::frame::{Frames, begin_binary_frame};
use crate::pace::Pace;
use crate::socket::decode::Parts;
use crate::socket::packet::{Kind, MAIN_NAMESPACE};

/// Rewrites a packet that is to be sent, as [`socket::encode`](crate::socket::encode) made it, in MessagePack.
///
/// Frames that hold no Socket.IO packet, such as those of a heartbeat, and frames that were rewritten before, come
/// back as they are.
///
/// # Errors
///
/// [`EncodeError`] if the packet is not valid.
///
/// # Examples
///
/// ```
/// use sio_core::binary::Binary;
/// use sio_core::{msgpack, socket};
///
/// let run = socket::encode::event("/", None, "upload", &Binary::from(b"\x01\x02"))?;
/// let frame = msgpack::encode(&run)?;
/// let message = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x92\xa6upload\xc4\x02\x01\x02";
/// assert_eq!(frame[..2], [0x82, message.len() as u8]);
/// assert_eq!(frame[2..], message[..]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn encode(run: &Bytes) -> Result<Bytes, EncodeError> {
    let mut frames = Frames::new(run.clone());
    let Some((false, text)) = frames.next() else { return Ok(run.clone()) };
    let Some(packet) = text.strip_prefix(b"4") else { return Ok(run.clone()) };
    let packet = std::str::from_utf8(packet).map_err(|_| EncodeError)?;
    let attachments: Vec<Bytes> = frames.map(|(_, data)| data).collect();

    let parts = Parts::read(packet, attachments.len()).map_err(|_| EncodeError)?;
    let mut message = Payload::new(&attachments, parts.data);
    message.body.reserve(run.len() + 32);
    let count = 2 + u32::from(parts.id.is_some()) + u32::from(!parts.data.is_empty());
    written(write_map_len(&mut message.body, count))?;
    written(write_str(&mut message.body, "type"))?;
    written(write_uint(&mut message.body, kind(parts.kind)))?;
    written(write_str(&mut message.body, "nsp"))?;
    write_text(&mut message.body, parts.namespace.unwrap_or(MAIN_NAMESPACE))?;
    if !parts.data.is_empty() {
        written(write_str(&mut message.body, "data"))?;
        message.read(Reader::new(parts.data, 0))?;
    }
    if let Some(id) = parts.id {
        written(write_str(&mut message.body, "id"))?;
        written(write_uint(&mut message.body, id))?;
    }
    let mut frame = Vec::new();
    begin_binary_frame(&mut frame, message.len());
    message.write(&mut frame)?;
    Ok(frame.into())
}

/// Appends a value of JSON whose placeholders stand for these attachments.
#[cfg(feature = "node")]
pub(crate) fn write_json(out: &mut Vec<u8>, json: &str, attachments: &[Bytes]) -> Result<(), EncodeError> {
    let mut payload = Payload::new(attachments, json);
    payload.read(Reader::new(json, 0))?;
    payload.write(out)
}

/// The number of a kind: this format does not tell packets with bytes from those without.
fn kind(kind: Kind) -> u64 {
    match kind {
        Kind::Connect => 0,
        Kind::Disconnect => 1,
        Kind::Event | Kind::BinaryEvent => 2,
        Kind::Ack | Kind::BinaryAck => 3,
        Kind::ConnectError => 4,
    }
}

/// The scratch memory that a thread keeps, in bytes.
const MAX_KEPT: usize = 64 * 1024;

thread_local! {
    /// Where the bodies of payloads are put together.
    static BODY: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A payload on its way from JSON to MessagePack, with what stands before and behind it.
struct Payload<'a> {
    attachments: &'a [Bytes],
    /// Placeholders are marked: what else looks like one is an object.
    is_marked: bool,
    /// All of it but the headers of the payload's lists and maps.
    body: Vec<u8>,
    /// The headers, and where in the body they belong, in that order.
    headers: SmallVec<[Header; 8]>,
}

struct Header {
    position: usize,
    count: u32,
    is_map: bool,
}

impl<'a> Payload<'a> {
    /// Begins with nothing, in the thread's scratch memory. The placeholders in `json` stand for `attachments`.
    fn new(attachments: &'a [Bytes], json: &str) -> Self {
        let is_marked = has_marked_placeholders(json);
        // A thread that is ending has none any more.
        let body = BODY.try_with(Cell::take).unwrap_or_default();
        Self { attachments, is_marked, body, headers: SmallVec::new() }
    }

    /// Takes in the one value that `reader` reads.
    fn read(&mut self, mut reader: Reader<'_>) -> Result<(), EncodeError> {
        // The headers of what has not been closed.
        let mut open = SmallVec::<[usize; 8]>::new();
        let mut pace = Pace::new();
        loop {
            pace.step();
            let opened = match reader.peek().ok_or(EncodeError)? {
                b'{' => match self.placeholder(&reader)? {
                    Some(after) => {
                        reader = after;
                        false
                    }
                    None => true,
                },
                b'[' => true,
                _ => {
                    self.single(&mut reader)?;
                    false
                }
            };
            if opened {
                let is_map = reader.peek() == Some(b'{');
                reader.advance();
                open.push(self.headers.len());
                self.headers.push(Header { position: self.body.len(), count: 0, is_map });
            }
            if !self.go_on(&mut open, &mut reader)? {
                break;
            }
        }
        if reader.peek().is_none() { Ok(()) } else { Err(EncodeError) }
    }

    /// After a value, or the beginning of a container: closes what ends here. `true`: another value follows, and its
    /// name, if it has one, is taken in.
    fn go_on(
        &mut self,
        open: &mut SmallVec<[usize; 8]>,
        reader: &mut Reader<'_>,
    ) -> Result<bool, EncodeError> {
        while let Some(&index) = open.last() {
            let header = &mut self.headers[index];
            let end = if header.is_map { b'}' } else { b']' };
            if reader.peek() == Some(end) {
                reader.advance();
                open.pop();
                continue;
            }
            if header.count > 0 {
                reader.expect(b',')?;
            }
            header.count = header.count.checked_add(1).ok_or(EncodeError)?;
            if header.is_map {
                write_text(&mut self.body, &reader.string()?)?;
                reader.expect(b':')?;
            }
            return Ok(true);
        }
        Ok(false)
    }

    /// Takes in the attachment that the object at the position stands for, if it is a placeholder. Gives the position
    /// after it.
    fn placeholder<'t>(&mut self, reader: &Reader<'t>) -> Result<Option<Reader<'t>>, EncodeError> {
        if self.attachments.is_empty() {
            return Ok(None);
        }
        let found = if self.is_marked {
            marked_placeholder(*reader)
        } else {
            match placeholder(*reader) {
                None => None,
                Some(Placeholder::Attachment { index, end }) => Some((index, reader.moved_to(end))),
                Some(Placeholder::Illegal) => return Err(EncodeError),
            }
        };
        let Some((index, after)) = found else { return Ok(None) };
        let bytes = self.attachments.get(index).ok_or(EncodeError)?;
        written(write_bin_len(&mut self.body, length(bytes)?))?;
        self.body.extend_from_slice(bytes);
        Ok(Some(after))
    }

    /// Takes in a value that holds no others.
    fn single(&mut self, reader: &mut Reader<'_>) -> Result<(), EncodeError> {
        match reader.peek() {
            Some(b'"') => write_text(&mut self.body, &reader.string()?)?,
            Some(b'n') => {
                reader.word("null")?;
                self.body.push(rmp::Marker::Null.to_u8());
            }
            Some(b't') => {
                reader.word("true")?;
                self.body.push(rmp::Marker::True.to_u8());
            }
            Some(b'f') => {
                reader.word("false")?;
                self.body.push(rmp::Marker::False.to_u8());
            }
            _ => match reader.number()? {
                Number::Unsigned(number) => written(write_uint(&mut self.body, number))?,
                Number::Signed(number) => written(write_sint(&mut self.body, number))?,
                Number::Float(number) => written(write_f64(&mut self.body, number))?,
            },
        }
        Ok(())
    }

    /// Returns how long it is with its headers.
    fn len(&self) -> usize {
        self.body.len() + self.headers.iter().map(Header::len).sum::<usize>()
    }

    /// Appends headers and body in their order.
    fn write(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let mut copied = 0;
        for header in &self.headers {
            out.extend_from_slice(&self.body[copied..header.position]);
            copied = header.position;
            if header.is_map {
                written(write_map_len(out, header.count))?;
            } else {
                written(write_array_len(out, header.count))?;
            }
        }
        out.extend_from_slice(&self.body[copied..]);
        Ok(())
    }
}

impl Drop for Payload<'_> {
    fn drop(&mut self) {
        let mut body = mem::take(&mut self.body);
        body.clear();
        body.shrink_to(MAX_KEPT);
        // Nothing to keep it for if the thread is ending.
        let _ = BODY.try_with(|kept| kept.set(body));
    }
}

impl Header {
    /// Returns how many bytes it takes: lists and maps have headers of the same lengths.
    fn len(&self) -> usize {
        match self.count {
            0..16 => 1,
            16..0x1_0000 => 3,
            0x1_0000.. => 5,
        }
    }
}

fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), EncodeError> {
    written(write_str_len(out, length(text.as_bytes())?))?;
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn length(bytes: &[u8]) -> Result<u32, EncodeError> {
    u32::try_from(bytes.len()).map_err(|_| EncodeError)
}

/// Converts the result of a write into a vector, which takes all of it.
fn written<T, E>(result: Result<T, E>) -> Result<(), EncodeError> {
    result.map(drop).map_err(|_| EncodeError)
}

impl From<args::Malformed> for EncodeError {
    fn from(_: args::Malformed) -> Self {
        Self
    }
}

#[cfg(test)]
mod tests;
