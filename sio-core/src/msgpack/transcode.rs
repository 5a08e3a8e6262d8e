//! A payload in MessagePack, rewritten as JSON text and attachments.
//!
//! Lists and maps are kept on a stack of their own, so that nesting costs no stack of the thread. The text is at most
//! seven times as long as what it is made of, but for the placeholders of at most the allowed number of attachments.

use std::fmt::Write as _;

use bytes::Bytes;
use bytestring::ByteString;
use smallvec::SmallVec;

use super::Malformed;
use super::token::{Reader, Token};
use crate::args::write_string;
use crate::date::Date;
use crate::pace::Pace;
use crate::socket::packet::DecodeError;

/// How deep lists and maps may be nested. Deeper than arguments are ever read, which is 127.
pub(super) const MAX_DEPTH: usize = 512;

/// A message that is kept whole for whatever is in it.
const SHORT: usize = 16 * 1024;

/// Rewrites values of a message.
pub(super) struct Transcoder<'a> {
    /// Grown to what is usual when the first value comes.
    json: String,
    message: &'a Bytes,
    attachments: Vec<Bytes>,
    max_attachments: usize,
}

/// Rewrites a message that is one value.
#[cfg(feature = "node")]
pub(crate) fn to_json(message: &Bytes) -> Result<(ByteString, Vec<Bytes>), DecodeError> {
    let mut reader = Reader::new(message);
    let mut transcoder = Transcoder::new(message, usize::MAX);
    transcoder.rewrite(&mut reader)?;
    if reader.is_at_end() { Ok(transcoder.finish()) } else { Err(Malformed::TrailingBytes.into()) }
}

/// A list or map whose end has not been reached.
struct Open {
    left: u32,
    is_map: bool,
    is_first: bool,
}

impl<'a> Transcoder<'a> {
    pub(super) fn new(message: &'a Bytes, max_attachments: usize) -> Self {
        Self { json: String::new(), message, attachments: Vec::new(), max_attachments }
    }

    /// Rewrites the value at the position of `reader`, which reads the message. It takes the place of one that was
    /// rewritten before. Returns its first token.
    pub(super) fn rewrite(&mut self, reader: &mut Reader<'a>) -> Result<Token<'a>, DecodeError> {
        self.json.clear();
        self.attachments.clear();
        // Quotes, commas and colons make the text of usual payloads somewhat longer than what they are made of.
        self.json.reserve(reader.len() + reader.len() / 4 + 16);
        let mut open = SmallVec::<[Open; 8]>::new();
        let mut pace = Pace::new();
        let first = reader.token()?;
        let mut token = first;
        loop {
            pace.step();
            let (left, is_map) = match token {
                Token::List(length) => (length, false),
                Token::Map(length) => (length, true),
                single => {
                    self.value(single)?;
                    if !self.go_on(&mut open, reader)? {
                        return Ok(first);
                    }
                    token = reader.token()?;
                    continue;
                }
            };
            if open.len() == MAX_DEPTH {
                return Err(Malformed::TooDeep.into());
            }
            self.json.push(if is_map { '{' } else { '[' });
            open.push(Open { left, is_map, is_first: true });
            if !self.go_on(&mut open, reader)? {
                return Ok(first);
            }
            token = reader.token()?;
        }
    }

    /// Returns the JSON of the last value and the bytes in it. These are slices of the message unless that is long and
    /// they are a small part of it.
    pub(super) fn finish(self) -> (ByteString, Vec<Bytes>) {
        let Self { mut json, message, mut attachments, .. } = self;
        // Both may be kept for long, and are not to keep what is many times as large: room for text that has become
        // attachments, a message of which they are the smaller part.
        if json.capacity() / 2 > json.len() {
            json.shrink_to_fit();
        }
        if message.len() > SHORT && attachments.iter().map(Bytes::len).sum::<usize>() < message.len() / 2 {
            attachments.iter_mut().for_each(|data| *data = Bytes::copy_from_slice(data));
        }
        (json.into(), attachments)
    }

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
                    self.json.push(',');
                }
                if container.is_map {
                    self.key(reader.token()?)?;
                    self.json.push(':');
                }
                return Ok(true);
            }
            self.json.push(if container.is_map { '}' } else { ']' });
            open.pop();
        }
        Ok(false)
    }

    fn value(&mut self, token: Token<'_>) -> Result<(), DecodeError> {
        match token {
            Token::Nil => self.json.push_str("null"),
            Token::Bool(value) => self.json.push_str(if value { "true" } else { "false" }),
            Token::Unsigned(number) => self.digits(number),
            Token::Signed(number) => self.display(number),
            Token::Float(number) => self.float(number),
            Token::Text(text) => self.text(text),
            Token::Bytes(bytes) => self.attach(bytes)?,
            Token::Date(milliseconds) => match Date::new(milliseconds) {
                Some(date) => self.display(format_args!("\"{date}\"")),
                None => self.json.push_str("null"),
            },
            Token::Extension(kind, bytes) => {
                self.display(format_args!("[{kind},"));
                self.attach(bytes)?;
                self.json.push(']');
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
                self.json.push('"');
                self.value(token)?;
                self.json.push('"');
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

    fn digits(&mut self, number: u64) {
        if let Ok(digit @ 0..10) = u8::try_from(number) {
            self.json.push(char::from(b'0' + digit));
        } else {
            self.display(number);
        }
    }

    fn float(&mut self, number: f64) {
        // Longer than any of them.
        let mut text = [0; 32];
        let mut left = &mut text[..];
        serde_json::to_writer(&mut left, &number).expect("floats serialize, and are not as long");
        let length = 32 - left.len();
        self.json.push_str(std::str::from_utf8(&text[..length]).expect("digits, a point and an exponent"));
    }

    fn display(&mut self, value: impl std::fmt::Display) {
        write!(self.json, "{value}").expect("a text takes all of it");
    }

    /// Writes text. Where it is not UTF-8, U+FFFD stands in its place.
    fn text(&mut self, text: &[u8]) {
        match std::str::from_utf8(text) {
            Ok(text) => write_string(&mut self.json, text),
            Err(_) => write_string(&mut self.json, &String::from_utf8_lossy(text)),
        }
    }
}
