//! Ready-made frames of text and attachments, rewritten as one binary frame of MessagePack.
//!
//! The number of values in a list stands before them, and JSON does not say it. So a byte is left for the header of each
//! list and map, which is filled in at its end. The headers of long ones take more: these are put in between when all of
//! them are known.

use std::cell::Cell;
use std::mem;

use bytes::Bytes;
use rmp::encode::{
    write_array_len, write_bin_len, write_f64, write_map_len, write_sint, write_str_len, write_uint,
};
use smallvec::SmallVec;

use super::error::EncodeError;
use crate::args::{
    self, Number, Placeholder, Reader, has_marked_placeholders, marked_placeholder, placeholder,
};
use crate::engine::frame::{Frames, MAX_HEADER, binary_header};
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
    let body = &mut message.body;
    body.reserve(run.len() + 32);
    body.resize(MAX_HEADER, 0);
    let count = 2 + u8::from(parts.id.is_some()) + u8::from(!parts.data.is_empty());
    body.push(SHORT_MAP | count);
    body.extend_from_slice(b"\xa4type");
    body.push(kind(parts.kind));
    body.extend_from_slice(b"\xa3nsp");
    write_text(body, parts.namespace.unwrap_or(MAIN_NAMESPACE))?;
    if !parts.data.is_empty() {
        body.extend_from_slice(b"\xa4data");
        message.read(Reader::new(parts.data, 0))?;
    }
    if let Some(id) = parts.id {
        message.body.extend_from_slice(b"\xa2id");
        write_number(&mut message.body, id)?;
    }
    message.into_frame()
}

/// Appends a value of JSON whose placeholders stand for these attachments.
#[cfg(feature = "node")]
pub(crate) fn write_json(out: &mut Vec<u8>, json: &str, attachments: &[Bytes]) -> Result<(), EncodeError> {
    let mut payload = Payload::new(attachments, json);
    payload.read(Reader::new(json, 0))?;
    payload.write(0, out)
}

/// The number of a kind: this format does not tell packets with bytes from those without.
fn kind(kind: Kind) -> u8 {
    match kind {
        Kind::Connect => 0,
        Kind::Disconnect => 1,
        Kind::Event | Kind::BinaryEvent => 2,
        Kind::Ack | Kind::BinaryAck => 3,
        Kind::ConnectError => 4,
    }
}

/// A map of fewer than sixteen pairs begins with this and their number; a list and a text of fewer than 32 bytes too.
const SHORT_MAP: u8 = 0x80;
const SHORT_LIST: u8 = 0x90;
const SHORT_TEXT: u8 = 0xa0;
/// The length of a text stands in the next byte.
const TEXT_8: u8 = 0xd9;

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
    /// All of it, as long as the headers of its lists and maps have the one byte that is there for each of them.
    body: Vec<u8>,
    /// The headers that are longer, in the order in which their lists and maps end.
    long: SmallVec<[Header; 4]>,
}

/// A list or map, whose header begins here.
struct Header {
    position: usize,
    count: u32,
    is_map: bool,
}

impl<'a> Payload<'a> {
    /// Begins with nothing, in the thread's scratch memory. The placeholders in `json` stand for `attachments`.
    fn new(attachments: &'a [Bytes], json: &str) -> Self {
        let is_marked = !attachments.is_empty() && has_marked_placeholders(json);
        // A thread that is ending has none any more.
        let body = BODY.try_with(Cell::take).unwrap_or_default();
        Self { attachments, is_marked, body, long: SmallVec::new() }
    }

    /// Takes in the one value that `reader` reads.
    fn read(&mut self, mut reader: Reader<'_>) -> Result<(), EncodeError> {
        // What has not been closed.
        let mut open = SmallVec::<[Header; 8]>::new();
        let mut pace = Pace::new();
        loop {
            pace.step();
            match reader.peek().ok_or(EncodeError)? {
                b'"' => write_text(&mut self.body, &reader.string()?)?,
                first @ (b'{' | b'[') => {
                    let is_map = first == b'{';
                    if let Some(after) = if is_map { self.placeholder(&reader)? } else { None } {
                        reader = after;
                    } else {
                        reader.advance();
                        open.push(Header { position: self.body.len(), count: 0, is_map });
                        self.body.push(0);
                    }
                }
                first => self.word(first, &mut reader)?,
            }
            if !self.go_on(&mut open, &mut reader)? {
                break;
            }
        }
        if reader.peek().is_none() { Ok(()) } else { Err(EncodeError) }
    }

    /// After a value, or the beginning of a container: closes what ends here. `true`: another value follows, and its
    /// name, if it has one, is taken in.
    #[inline]
    fn go_on(
        &mut self,
        open: &mut SmallVec<[Header; 8]>,
        reader: &mut Reader<'_>,
    ) -> Result<bool, EncodeError> {
        while let Some(header) = open.last_mut() {
            let next = reader.peek();
            if next == Some(if header.is_map { b'}' } else { b']' }) {
                reader.advance();
                open.pop().into_iter().for_each(|header| self.close(header));
                continue;
            }
            if header.count > 0 {
                if next != Some(b',') {
                    return Err(EncodeError);
                }
                reader.advance();
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

    /// A list or map has ended: its header is known.
    fn close(&mut self, header: Header) {
        match u8::try_from(header.count) {
            Ok(count @ 0..16) => self.body[header.position] = header.short() | count,
            _ => self.long.push(header),
        }
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

    /// Takes in a value that is neither a string nor holds others, and begins like this.
    fn word(&mut self, first: u8, reader: &mut Reader<'_>) -> Result<(), EncodeError> {
        let (word, marker) = match first {
            b'n' => ("null", rmp::Marker::Null),
            b't' => ("true", rmp::Marker::True),
            b'f' => ("false", rmp::Marker::False),
            _ => {
                return match reader.number()? {
                    Number::Unsigned(number) => write_number(&mut self.body, number),
                    Number::Signed(number) => written(write_sint(&mut self.body, number)),
                    Number::Float(number) => written(write_f64(&mut self.body, number)),
                };
            }
        };
        reader.word(word)?;
        self.body.push(marker.to_u8());
        Ok(())
    }

    /// Makes a frame of the message, before which there is room for its header.
    fn into_frame(mut self) -> Result<Bytes, EncodeError> {
        let mut bytes = [0; MAX_HEADER];
        if self.long.is_empty() {
            let header = binary_header(self.body.len() - MAX_HEADER, &mut bytes);
            let start = MAX_HEADER - header.len();
            self.body[start..MAX_HEADER].copy_from_slice(header);
            // The memory of one that is not kept becomes that of the frame.
            return Ok(if self.body.len() > MAX_KEPT {
                Bytes::from(mem::take(&mut self.body)).slice(start..)
            } else {
                Bytes::copy_from_slice(&self.body[start..])
            });
        }
        let longer: usize = self.long.iter().map(|header| header.len() - 1).sum();
        let length = self.body.len() - MAX_HEADER + longer;
        // Not a byte more: a vector that is full becomes `Bytes` without another allocation.
        let header = binary_header(length, &mut bytes);
        let mut frame = Vec::with_capacity(header.len() + length);
        frame.extend_from_slice(header);
        self.write(MAX_HEADER, &mut frame)?;
        Ok(frame.into())
    }

    /// Appends all that is behind `start`, with the headers that are longer than their places.
    fn write(&mut self, start: usize, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.long.sort_unstable_by_key(|header| header.position);
        let mut copied = start;
        for header in &self.long {
            out.extend_from_slice(&self.body[copied..header.position]);
            copied = header.position + 1;
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
    /// Returns what a header of one byte begins with.
    const fn short(&self) -> u8 {
        if self.is_map { SHORT_MAP } else { SHORT_LIST }
    }

    /// Returns how many bytes it takes: lists and maps have headers of the same lengths.
    const fn len(&self) -> usize {
        match self.count {
            0..16 => 1,
            16..0x1_0000 => 3,
            0x1_0000.. => 5,
        }
    }
}

#[inline]
fn write_text(out: &mut Vec<u8>, text: &str) -> Result<(), EncodeError> {
    match u8::try_from(text.len()) {
        Ok(short @ 0..32) => out.push(SHORT_TEXT | short),
        Ok(medium) => out.extend_from_slice(&[TEXT_8, medium]),
        Err(_) => written(write_str_len(out, length(text.as_bytes())?))?,
    }
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

#[inline]
fn write_number(out: &mut Vec<u8>, number: u64) -> Result<(), EncodeError> {
    match u8::try_from(number) {
        Ok(short @ 0..128) => {
            out.push(short);
            Ok(())
        }
        _ => written(write_uint(out, number)),
    }
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
