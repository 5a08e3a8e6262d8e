//! [`Writer`]: values to JSON text, as serde_json writes them, with placeholders instead of bytes.
//!
//! It exists beside serde_json's serializer because that looks at each byte of a string, and most bytes of a packet are
//! inside of strings. Numbers that are no integers are left to serde_json, and so are the errors.

mod text;

use std::fmt::{self, Write as _};

use bytes::Bytes;
use serde::ser::{self, Error as _, Serialize, Serializer};
use serde_json::Error;

use self::text::{InsideString, write_compact};
pub(crate) use self::text::{MAX_DIGITS, digits, write_string};
use crate::pace::Pace;

/// The structs as which serde_json's own types go through any serializer: their only field is a text of JSON.
const READY: [&str; 2] = ["$serde_json::private::RawValue", "$serde_json::private::Number"];

/// Where the attachments go.
pub(crate) trait Attachments {
    /// Keeps an attachment; gives its index in the packet.
    fn push(&mut self, bytes: &[u8]) -> usize;

    /// Returns whether the placeholders of attachments are [marked](super::placeholder::marked_placeholder).
    fn marks(&self) -> bool {
        false
    }
}

impl Attachments for Vec<Bytes> {
    fn push(&mut self, bytes: &[u8]) -> usize {
        Self::push(self, Bytes::copy_from_slice(bytes));
        self.len() - 1
    }
}

/// Writes one value without white space.
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
    attachments: &'a mut dyn Attachments,
    pace: Pace,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, attachments: &'a mut dyn Attachments) -> Self {
        Self { out, attachments, pace: Pace::new() }
    }

    /// Begins the object of a variant with content.
    fn begin_variant(&mut self, variant: &str) {
        self.out.push(b'{');
        write_string(self.out, variant);
        self.out.push(b':');
    }

    fn begin(&mut self, open: u8, close: &'static [u8]) -> Compound<'_, 'a> {
        self.out.push(open);
        Compound { writer: self, is_empty: true, is_ready: false, close }
    }

    /// Begins elements without brackets around them. `first` says that no comma is needed before the first one.
    pub(super) fn bare(&mut self, first: bool) -> Compound<'_, 'a> {
        Compound { writer: self, is_empty: first, is_ready: false, close: b"" }
    }

    /// Writes the name of a member: a string, or a number or a boolean in quotes.
    fn key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        let start = self.out.len();
        key.serialize(&mut *self)?;
        match self.out.get(start) {
            Some(b'"') => {}
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => {
                self.out.insert(start, b'"');
                self.out.push(b'"');
            }
            // `null`, an array or an object.
            _ => return Err(Error::custom("key must be a string, a finite number or a boolean")),
        }
        Ok(())
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            if value < 0 {
                self.out.push(b'-');
            }
            self.serialize_u64(u64::from(value.unsigned_abs()))
        }
    )*};
}

impl<'w, 'a> Serializer for &'w mut Writer<'a> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Compound<'w, 'a>;
    type SerializeTuple = Compound<'w, 'a>;
    type SerializeTupleStruct = Compound<'w, 'a>;
    type SerializeTupleVariant = Compound<'w, 'a>;
    type SerializeMap = Compound<'w, 'a>;
    type SerializeStruct = Compound<'w, 'a>;
    type SerializeStructVariant = Compound<'w, 'a>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.out.extend_from_slice(if value { b"true" } else { b"false" });
        Ok(())
    }

    integers! {
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
    }

    fn serialize_i128(self, value: i128) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, &value)
    }

    fn serialize_u8(self, value: u8) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Error> {
        self.out.extend_from_slice(digits(value, &mut [0; MAX_DIGITS]));
        Ok(())
    }

    fn serialize_u128(self, value: u128) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, &value)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, &value)
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        serde_json::to_writer(&mut *self.out, &value)
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        write_string(self.out, value);
        Ok(())
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Error> {
        let index = self.attachments.push(value) as u64;
        self.out.extend_from_slice(b"{\"_placeholder\":true,\"num\":");
        self.out.extend_from_slice(digits(index, &mut [0; MAX_DIGITS]));
        self.out.extend_from_slice(if self.attachments.marks() { b" }" } else { b"}" });
        Ok(())
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.out.extend_from_slice(b"null");
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.begin_variant(variant);
        value.serialize(&mut *self)?;
        self.out.push(b'}');
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'w, 'a>, Error> {
        Ok(self.begin(b'[', b"]"))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'w, 'a>, Error> {
        Ok(self.begin(b'[', b"]"))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'w, 'a>, Error> {
        Ok(self.begin(b'[', b"]"))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, 'a>, Error> {
        self.begin_variant(variant);
        Ok(self.begin(b'[', b"]}"))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'w, 'a>, Error> {
        Ok(self.begin(b'{', b"}"))
    }

    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Compound<'w, 'a>, Error> {
        if READY.contains(&name) {
            return Ok(Compound { writer: self, is_empty: true, is_ready: true, close: b"" });
        }
        Ok(self.begin(b'{', b"}"))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, 'a>, Error> {
        self.begin_variant(variant);
        Ok(self.begin(b'{', b"}}"))
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.out.push(b'"');
        write!(InsideString(self.out), "{value}").map_err(Error::custom)?;
        self.out.push(b'"');
        Ok(())
    }
}

/// An array or an object that is being written.
pub(super) struct Compound<'w, 'a> {
    writer: &'w mut Writer<'a>,
    is_empty: bool,
    /// The only field is a text of JSON.
    is_ready: bool,
    close: &'static [u8],
}

impl Compound<'_, '_> {
    fn next(&mut self) {
        self.writer.pace.step();
        if !self.is_empty {
            self.writer.out.push(b',');
        }
        self.is_empty = false;
    }

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.next();
        value.serialize(&mut *self.writer)
    }

    fn field<T: Serialize + ?Sized>(&mut self, name: &'static str, value: &T) -> Result<(), Error> {
        if self.is_ready {
            return self.ready(value);
        }
        self.next();
        write_string(self.writer.out, name);
        self.writer.out.push(b':');
        value.serialize(&mut *self.writer)
    }

    /// Writes JSON that the application has ready. Nothing else can hold white space, which marks placeholders.
    #[cold]
    fn ready<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let text = serde_json::to_value(value)?;
        let text = text.as_str().ok_or_else(|| Error::custom("expected a text of JSON"))?;
        if self.writer.attachments.marks() {
            write_compact(self.writer.out, text);
        } else {
            self.writer.out.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    fn finish(self) {
        self.writer.out.extend_from_slice(self.close);
    }
}

macro_rules! elements {
    ($($trait:ident: $method:ident,)*) => {$(
        impl ser::$trait for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.element(value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

elements! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field,
    SerializeTupleVariant: serialize_field,
}

macro_rules! fields {
    ($($trait:ident,)*) => {$(
        impl ser::$trait for Compound<'_, '_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                name: &'static str,
                value: &T,
            ) -> Result<(), Error> {
                self.field(name, value)
            }

            fn end(self) -> Result<(), Error> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

fields! {
    SerializeStruct,
    SerializeStructVariant,
}

impl ser::SerializeMap for Compound<'_, '_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.next();
        self.writer.key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.writer.out.push(b':');
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), Error> {
        self.finish();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
