//! A payload in MessagePack, rewritten as JSON text and attachments.
//!
//! Lists and maps are kept on a stack of their own, so that nesting costs no stack of the thread. The text is at most
//! seven times as long as what it is made of, but for the placeholders of at most the allowed number of attachments.

use std::io::Write as _;

use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use super::Malformed;
use super::token::{Reader, Token};
use crate::args::{MAX_DIGITS, digits, write_string};
use crate::date::Date;
use crate::pace::Pace;
use crate::socket::packet::DecodeError;

/// How deep lists and maps may be nested. Deeper than arguments are ever read, which is 127.
pub(super) const MAX_DEPTH: usize = 512;

/// A message that is kept whole for whatever is in it.
const SHORT: usize = 16 * 1024;

/// Rewrites the value at the position of `reader`, which reads `message`. The bytes in it are slices of `message`
/// unless that
/// is long and they are a small part of it.
pub(super) fn transcode(
    reader: &mut Reader<'_>,
    message: &Bytes,
    max_attachments: usize,
) -> Result<(ByteString, Vec<Bytes>), DecodeError> {
    // Quotes, commas and colons make the text of usual payloads somewhat longer than what they are made of.
    let json = Vec::with_capacity(reader.len() + reader.len() / 4 + 16);
    let mut writer = Writer { json, message, attachments: Vec::new(), max_attachments };
    let mut open = SmallVec::<[Open; 8]>::new();
    let mut pace = Pace::new();
    loop {
        pace.step();
        let opened = match reader.token()? {
            Token::List(length) => Some(Open { left: length, is_map: false, is_first: true }),
            Token::Map(length) => Some(Open { left: length, is_map: true, is_first: true }),
            single => {
                writer.value(single)?;
                None
            }
        };
        if let Some(container) = opened {
            if open.len() == MAX_DEPTH {
                return Err(Malformed::TooDeep.into());
            }
            writer.json.push(if container.is_map { b'{' } else { b'[' });
            open.push(container);
        }
        if !writer.go_on(&mut open, reader)? {
            break;
        }
    }
    let Writer { mut json, mut attachments, .. } = writer;
    // Both may be kept for long, and are not to keep what is many times as large: room for text that has become
    // attachments, a message of which they are the smaller part.
    if json.capacity() / 2 > json.len() {
        json.shrink_to_fit();
    }
    if message.len() > SHORT && attachments.iter().map(Bytes::len).sum::<usize>() < message.len() / 2 {
        attachments.iter_mut().for_each(|data| *data = Bytes::copy_from_slice(data));
    }
    let text = ByteString::try_from(json).expect("texts are written as UTF-8, and all else is ASCII");
    Ok((text, attachments))
}

/// Rewrites a message that is one value.
#[cfg(feature = "node")]
pub(crate) fn to_json(message: &Bytes) -> Result<(ByteString, Vec<Bytes>), DecodeError> {
    let mut reader = Reader::new(message);
    let rewritten = transcode(&mut reader, message, usize::MAX)?;
    if reader.is_at_end() { Ok(rewritten) } else { Err(Malformed::TrailingBytes.into()) }
}

/// A list or map whose end has not been reached.
struct Open {
    left: u32,
    is_map: bool,
    is_first: bool,
}

struct Writer<'a> {
    json: Vec<u8>,
    message: &'a Bytes,
    attachments: Vec<Bytes>,
    max_attachments: usize,
}

impl Writer<'_> {
    /// After a value: closes what ends here. `true`: another value follows, and its name, if it has one, is written.
    fn go_on(
        &mut self,
        open: &mut SmallVec<[Open; 8]>,
        reader: &mut Reader<'_>,
    ) -> Result<bool, DecodeError> {
        while let Some(container) = open.last_mut() {
            if container.left > 0 {
                container.left -= 1;
                if !std::mem::take(&mut container.is_first) {
                    self.json.push(b',');
                }
                if container.is_map {
                    self.key(reader.token()?)?;
                    self.json.push(b':');
                }
                return Ok(true);
            }
            self.json.push(if container.is_map { b'}' } else { b']' });
            open.pop();
        }
        Ok(false)
    }

    fn value(&mut self, token: Token<'_>) -> Result<(), DecodeError> {
        match token {
            Token::Nil => self.json.extend_from_slice(b"null"),
            Token::Bool(value) => self.json.extend_from_slice(if value { b"true" } else { b"false" }),
            Token::Unsigned(number) => self.json.extend_from_slice(digits(number, &mut [0; MAX_DIGITS])),
            Token::Signed(number) => self.display(number),
            Token::Float(number) => serde_json::to_writer(&mut self.json, &number)
                .expect("floats serialize, and a vector takes all of it"),
            Token::Text(text) => self.text(text),
            Token::Bytes(bytes) => self.attach(bytes)?,
            Token::Date(milliseconds) => match Date::new(milliseconds) {
                Some(date) => self.display(format_args!("\"{date}\"")),
                None => self.json.extend_from_slice(b"null"),
            },
            Token::Extension(kind, bytes) => {
                self.display(format_args!("[{kind},"));
                self.attach(bytes)?;
                self.json.push(b']');
            }
            Token::List(_) | Token::Map(_) => unreachable!("containers are opened, not written"),
        }
        Ok(())
    }

    fn key(&mut self, token: Token<'_>) -> Result<(), DecodeError> {
        match token {
            Token::Text(text) => self.text(text),
            Token::Float(number) if !number.is_finite() => return Err(Malformed::Key.into()),
            Token::Nil | Token::Bool(_) | Token::Unsigned(_) | Token::Signed(_) | Token::Float(_) => {
                self.json.push(b'"');
                self.value(token)?;
                self.json.push(b'"');
            }
            Token::Bytes(_) | Token::List(_) | Token::Map(_) | Token::Date(_) | Token::Extension(..) => {
                return Err(Malformed::Key.into());
            }
        }
        Ok(())
    }

    fn attach(&mut self, bytes: &[u8]) -> Result<(), DecodeError> {
        let index = self.attachments.len();
        if index == self.max_attachments {
            return Err(DecodeError::TooManyAttachments { limit: index });
        }
        self.attachments.push(self.message.slice_ref(bytes));
        // With the space that tells it from a map of the client's own, of which none is written.
        self.display(format_args!("{{\"_placeholder\":true,\"num\":{index} }}"));
        Ok(())
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.json, "{value}").expect("a vector takes all of it");
    }

    /// Writes text. Where it is not UTF-8, U+FFFD stands in its place.
    fn text(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => write_string(&mut self.json, text),
            Err(_) => write_string(&mut self.json, &String::from_utf8_lossy(text)),
        }
    }
}
