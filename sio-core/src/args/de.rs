//! The one deserializer of arguments: JSON text, with the packet's attachments in place of their placeholders.
//!
//! It is a single type for packets with and without attachments, and for arguments that are missing, so that every
//! payload type is compiled once. Not a checker: the decoder has checked the text before, and text that was not
//! checked gives an error here like any other mismatch.
//!
//! Where JSON and Rust's types differ it does as serde_json does: number and boolean keys of maps are read from their
//! strings, structs may come as lists, `{"Variant": …}` and `"Variant"` are enums. A placeholder is bytes to
//! whatever asks, so `flatten` and untagged enums, which ask for anything, get bytes too.

use std::str::FromStr;

use bytes::Bytes;
use serde::de::{self, Expected, Visitor};

use super::access::{Elements, Members, Variant};
use super::error::{Error, Found};
use super::json::{Malformed, Reader};
use super::key::Key;
use super::placeholder::{Placeholder, placeholder};
use super::visit::{visit_number, visit_text};
use crate::pace::Pace;

/// How deep a value may be nested. The same as serde_json's; recursion has to end somewhere.
const MAX_DEPTH: u8 = 127;

const NO_ATTACHMENT: &str = "placeholder without its attachment";

/// The value to deserialize next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// The value at the position.
    Value,
    /// Nothing: the argument is missing.
    Missing,
    /// All values up to the end of the array that the position is in, as one sequence.
    Rest,
}

/// Deserializes one argument.
#[derive(Debug)]
pub(super) struct Deserializer<'de> {
    pub(super) reader: Reader<'de>,
    attachments: &'de [Bytes],
    /// Placeholders are marked: what else looks like one is an object.
    #[cfg(feature = "msgpack")]
    pub(super) is_marked: bool,
    start: Start,
    depth: u8,
    pub(super) pace: Pace,
    /// How many elements of a `Start::Rest` have been read.
    pub(super) elements: usize,
}

impl<'de> Deserializer<'de> {
    pub(super) const fn new(reader: Reader<'de>, attachments: &'de [Bytes], start: Start) -> Self {
        Self {
            reader,
            attachments,
            #[cfg(feature = "msgpack")]
            is_marked: false,
            start,
            depth: 0,
            pace: Pace::new(),
            elements: 0,
        }
    }

    /// The first byte of the value to be read.
    #[inline]
    fn peek(&mut self) -> Result<u8, Error> {
        match self.start {
            Start::Value => self.reader.peek().ok_or_else(|| Malformed.into()),
            Start::Missing => Err(Error::new("missing")),
            Start::Rest => Ok(b'['),
        }
    }

    /// The attachment that the object at the position stands for, if it is a placeholder.
    #[inline]
    fn attachment(&mut self) -> Result<Option<&'de [u8]>, Error> {
        if self.attachments.is_empty() {
            return Ok(None);
        }
        #[cfg(feature = "msgpack")]
        if self.is_marked {
            let Some((index, after)) = super::marked_placeholder(self.reader) else { return Ok(None) };
            let bytes = self.attachments.get(index);
            self.reader = after;
            return bytes.map(|bytes| Some(&**bytes)).ok_or_else(|| Error::new(NO_ATTACHMENT));
        }
        match placeholder(self.reader) {
            None => Ok(None),
            Some(Placeholder::Attachment { index, end }) if index < self.attachments.len() => {
                self.reader = self.reader.moved_to(end);
                Ok(Some(&self.attachments[index]))
            }
            Some(_) => Err(Error::new(NO_ATTACHMENT)),
        }
    }

    /// Passes over the byte that opens a container and goes one level down. Returns whether the container is the
    /// rest of the arguments, which has no byte that opens it.
    #[inline]
    fn open(&mut self) -> Result<bool, Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new("recursion limit exceeded"));
        }
        self.depth += 1;
        let is_rest = self.start == Start::Rest;
        if is_rest {
            self.start = Start::Value;
        } else {
            self.reader.advance();
        }
        Ok(is_rest)
    }

    #[inline]
    fn array<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        let is_rest = self.open()?;
        let value = visitor.visit_seq(Elements { de: self, is_first: true, is_rest })?;
        self.depth -= 1;
        match self.reader.peek() {
            // The bracket belongs to the arguments, which go on being exhausted.
            Some(b']') | None if is_rest => Ok(value),
            Some(b']') => {
                self.reader.advance();
                Ok(value)
            }
            _ => Err(Error::new("more elements than expected")),
        }
    }

    #[inline]
    fn object<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.open()?;
        let value = visitor.visit_map(Members { de: self, is_first: true })?;
        self.depth -= 1;
        self.reader.expect(b'}').map_err(|_| Error::new("more members than expected"))?;
        Ok(value)
    }

    fn boolean(&mut self) -> Result<bool, Malformed> {
        let value = self.reader.peek() == Some(b't');
        self.reader.word(if value { "true" } else { "false" })?;
        Ok(value)
    }

    fn number<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        if let b'-' | b'0'..=b'9' = self.peek()? {
            visit_number(self.reader.number()?, visitor)
        } else {
            Err(self.mismatch(&visitor))
        }
    }

    /// Reads a number from its text as this very type; `None`, and nothing read, if it is not one.
    fn number_as<T: FromStr>(&mut self) -> Result<Option<T>, Error> {
        self.peek()?;
        let mut ahead = self.reader;
        let number = ahead.number_text().ok().and_then(|(text, _)| text.parse().ok());
        if number.is_some() {
            self.reader = ahead;
        }
        Ok(number)
    }

    /// The error for a value that is not of the kind that the visitor expects.
    #[cold]
    fn mismatch(&mut self, expected: &dyn Expected) -> Error {
        match self.unexpected() {
            Ok(unexpected) => unexpected.error(expected),
            Err(error) => error,
        }
    }

    fn unexpected(&mut self) -> Result<Found<'de>, Error> {
        Ok(match self.peek()? {
            b'n' => Found::Null,
            b't' | b'f' => Found::Bool(self.boolean()?),
            b'"' => Found::Str(self.reader.string()?),
            b'[' => Found::Seq,
            b'{' if self.attachment()?.is_some() => Found::Bytes,
            b'{' => Found::Map,
            _ => Found::Number(self.reader.number()?),
        })
    }
}

macro_rules! deserialize_number {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.number(visitor)
        }
    )*};
}

macro_rules! deserialize_str {
    ($($method:ident)*) => {$(
        #[inline]
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            match self.peek()? {
                b'"' => visit_text(self.reader.string()?, visitor),
                _ => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for &mut Deserializer<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek()? {
            b'n' => self.deserialize_unit(visitor),
            b't' | b'f' => visitor.visit_bool(self.boolean()?),
            b'"' => visit_text(self.reader.string()?, visitor),
            b'[' => self.array(visitor),
            b'{' => match self.attachment()? {
                Some(bytes) => visitor.visit_borrowed_bytes(bytes),
                None => self.object(visitor),
            },
            _ => visit_number(self.reader.number()?, visitor),
        }
    }

    deserialize_number! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_f64
    }

    deserialize_str! { deserialize_char deserialize_str deserialize_string deserialize_identifier }

    /// Read as `f32` at once: the nearest `f64` can lie exactly between two of them.
    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.number_as::<f32>()? {
            Some(number) if number.is_finite() => visitor.visit_f32(number),
            Some(_) => Err(Error::new("number out of range")),
            None => self.number(visitor),
        }
    }

    fn deserialize_i128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.number_as()? {
            Some(number) => visitor.visit_i128(number),
            None => self.number(visitor),
        }
    }

    fn deserialize_u128<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.number_as()? {
            Some(number) => visitor.visit_u128(number),
            None => self.number(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek()? {
            b't' | b'f' => visitor.visit_bool(self.boolean()?),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    /// Bytes, or what a type of bytes may accept instead: a text, a list of numbers.
    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_any(visitor)
    }

    /// `None` is `null`, and also an argument that is not there.
    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if self.start == Start::Missing {
            return visitor.visit_none();
        }
        if self.peek()? == b'n' {
            self.reader.word("null")?;
            return visitor.visit_none();
        }
        visitor.visit_some(self)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek()? {
            b'n' => {
                self.reader.word("null")?;
                visitor.visit_unit()
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek()? {
            b'[' => self.array(visitor),
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek()? {
            b'{' => match self.attachment()? {
                Some(bytes) => visitor.visit_borrowed_bytes(bytes),
                None => self.object(visitor),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        // serde would also fill the fields from a list, in their order: a client that sends one has made a mistake.
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.peek()? {
            b'"' => visitor.visit_enum(Key(self.reader.string()?)),
            b'{' => {
                if self.attachment()?.is_some() {
                    return Err(Found::Bytes.error(&visitor));
                }
                self.open()?;
                let value = visitor.visit_enum(Variant { de: self })?;
                self.depth -= 1;
                self.reader.expect(b'}').map_err(|_| Error::new("more members than expected"))?;
                Ok(value)
            }
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.peek()?;
        if self.start == Start::Rest {
            return self.array(visitor);
        }
        self.reader.skip()?;
        visitor.visit_unit()
    }
}
