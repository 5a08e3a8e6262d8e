//! Values on their way out: [`write_args`] turns what an application emits into arguments.
//!
//! JSON is written by serde_json. Two things are particular to Socket.IO: bytes anywhere inside a value become an
//! attachment, with a placeholder in their place ("packet encoding"), and the top level says how many arguments there
//! are. The first is a [`Formatter`], the second a serializer for the top level only.

use std::fmt;

use bytes::Bytes;
use serde::ser::{self, Serialize, Serializer};
use serde_json::ser::Formatter;

use super::arity::{is_array, is_unit};
use super::encode_error::EncodeError;
use super::spread::SPREAD;
use crate::pace::Pace;

/// Appends arguments to `out`, separated by commas, and the attachments in them to `attachments`.
///
/// * `()` is no argument;
/// * a tuple is as many arguments as it has elements, and so are a [`Spread`](super::Spread) and any type whose own `Serialize` makes
///   a tuple;
/// * anything else is one argument: a `Vec`, an array, a struct, also a tuple struct or a unit struct (`null`), and the
///   `null` of a [`Value`](crate::value::Value).
///
/// References, `Box`, `Rc`, `Arc` and `Cow` stand for what they point to. To serde an array is a tuple; it is told by
/// the type that is given here. An array that is hidden from it, behind a `dyn Trait` or in a struct marked with
/// `#[serde(transparent)]`, is not told from a tuple.
///
/// `first` says that no comma is needed before the first one. Numbers that JSON cannot hold (NaN, infinities) are
/// written as `null`.
///
/// # Errors
///
/// [`EncodeError::Json`] if a value cannot be written as JSON, for example a map whose keys are lists. The part
/// that was appended until then stays.
///
/// # Examples
///
/// ```
/// use sio_core::args::write_args;
/// use sio_core::binary::Binary;
///
/// let (mut json, mut attachments) = (Vec::new(), Vec::new());
/// write_args(&mut json, true, &("a", Binary::from(b"\x01\x02")), &mut attachments)?;
/// assert_eq!(json, br#""a",{"_placeholder":true,"num":0}"#);
/// assert_eq!(attachments, [vec![1, 2]]);
/// # Ok::<(), sio_core::args::EncodeError>(())
/// ```
pub fn write_args<A: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    first: bool,
    args: &A,
    attachments: &mut Vec<Bytes>,
) -> Result<(), EncodeError> {
    serialize(out, first, args, attachments)
}

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

/// Like `write_args`, into any `Attachments`.
pub(crate) fn serialize<A: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    first: bool,
    args: &A,
    attachments: &mut dyn Attachments,
) -> Result<(), EncodeError> {
    let mut json = None;
    let types = Types { has_size: size_of_val(args) > 0, is_unit: is_unit::<A>, is_array: is_array::<A> };
    args.serialize(TopLevel { out, first, attachments, json: &mut json, types })?;
    Ok(())
}

/// Writes JSON without white space, and placeholders instead of bytes.
struct Placeholders<'a> {
    attachments: &'a mut dyn Attachments,
    pace: Pace,
}

impl<'a> Placeholders<'a> {
    fn new(attachments: &'a mut dyn Attachments) -> Self {
        Self { attachments, pace: Pace::new() }
    }
}

impl Formatter for Placeholders<'_> {
    fn begin_array_value<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.pace.step();
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn begin_object_key<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        first: bool,
    ) -> std::io::Result<()> {
        self.pace.step();
        if first { Ok(()) } else { writer.write_all(b",") }
    }

    fn write_byte_array<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        bytes: &[u8],
    ) -> std::io::Result<()> {
        let index = self.attachments.push(bytes);
        let mark = if self.attachments.marks() { " " } else { "" };
        write!(writer, "{{\"_placeholder\":true,\"num\":{index}{mark}}}")
    }

    /// JSON that the application has ready (`serde_json::value::RawValue`): only there could white space come in, and
    /// with it what looks like a marked placeholder.
    fn write_raw_fragment<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        if self.attachments.marks() {
            write_compact(writer, fragment)
        } else {
            writer.write_all(fragment.as_bytes())
        }
    }
}

/// Writes JSON without the white space between its tokens.
fn write_compact<W: ?Sized + std::io::Write>(writer: &mut W, json: &str) -> std::io::Result<()> {
    let (mut in_text, mut escaped) = (false, false);
    let mut is_kept = |character: char| {
        let is_space = matches!(character, ' ' | '\n' | '\r' | '\t');
        let kept = in_text || !is_space;
        if character == '"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && character == '\\' && !escaped;
        kept
    };
    let compact: String = json.chars().filter(|character| is_kept(*character)).collect();
    writer.write_all(compact.as_bytes())
}

type Json<'a> = serde_json::Serializer<&'a mut Vec<u8>, Placeholders<'a>>;
type Compound<'a, 'j> = serde_json::ser::Compound<'j, &'a mut Vec<u8>, Placeholders<'a>>;

/// Tells no argument, one and several apart.
struct TopLevel<'a, 'j> {
    out: &'a mut Vec<u8>,
    first: bool,
    attachments: &'a mut dyn Attachments,
    /// Where the serializer of a single argument lives: what it returns borrows it.
    json: &'j mut Option<Json<'a>>,
    types: Types,
}

/// The properties of the emitted type that serde does not tell apart.
struct Types {
    has_size: bool,
    /// `()`, and not the `null` of a type such as `serde_json::Value`: to serde both are a unit.
    is_unit: fn() -> bool,
    /// An array, and not a tuple: to serde both are a tuple.
    is_array: fn() -> bool,
}

impl<'a, 'j> TopLevel<'a, 'j> {
    /// Begins the only argument.
    fn one(self) -> &'j mut Json<'a> {
        if !self.first {
            self.out.push(b',');
        }
        self.json.insert(Json::with_formatter(self.out, Placeholders::new(self.attachments)))
    }

    /// Begins as many arguments as there will be elements.
    fn several(self) -> Elements<'a, 'j> {
        Elements::Several { out: self.out, first: self.first, attachments: self.attachments }
    }
}

macro_rules! one_argument {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Self::Error> {
            self.one().$method(value)
        }
    )*};
}

impl<'a, 'j> Serializer for TopLevel<'a, 'j> {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Compound<'a, 'j>;
    type SerializeTuple = Elements<'a, 'j>;
    type SerializeTupleStruct = Elements<'a, 'j>;
    type SerializeTupleVariant = Compound<'a, 'j>;
    type SerializeMap = Compound<'a, 'j>;
    type SerializeStruct = Compound<'a, 'j>;
    type SerializeStructVariant = Compound<'a, 'j>;

    fn serialize_unit(self) -> Result<(), Self::Error> {
        if !self.types.has_size || (self.types.is_unit)() { Ok(()) } else { self.one().serialize_unit() }
    }

    fn serialize_tuple(self, len: usize) -> Result<Elements<'a, 'j>, Self::Error> {
        if (self.types.is_array)() {
            self.one().serialize_tuple(len).map(Elements::OfOne)
        } else {
            Ok(self.several())
        }
    }

    one_argument! {
        serialize_bool: bool,
        serialize_i8: i8,
        serialize_i16: i16,
        serialize_i32: i32,
        serialize_i64: i64,
        serialize_i128: i128,
        serialize_u8: u8,
        serialize_u16: u16,
        serialize_u32: u32,
        serialize_u64: u64,
        serialize_u128: u128,
        serialize_f32: f32,
        serialize_f64: f64,
        serialize_char: char,
        serialize_str: &str,
        serialize_bytes: &[u8],
        serialize_unit_struct: &'static str,
    }

    fn serialize_none(self) -> Result<(), Self::Error> {
        self.one().serialize_none()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Self::Error> {
        self.one().serialize_some(value)
    }

    fn serialize_unit_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
    ) -> Result<(), Self::Error> {
        self.one().serialize_unit_variant(name, index, variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Self::Error> {
        self.one().serialize_newtype_struct(name, value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Self::Error> {
        self.one().serialize_newtype_variant(name, index, variant, value)
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, Self::Error> {
        self.one().serialize_seq(len)
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, Self::Error> {
        if name == SPREAD {
            return Ok(self.several());
        }
        self.one().serialize_tuple_struct(name, len).map(Elements::OfOne)
    }

    fn serialize_tuple_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleVariant, Self::Error> {
        self.one().serialize_tuple_variant(name, index, variant, len)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, Self::Error> {
        self.one().serialize_map(len)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Self::SerializeStruct, Self::Error> {
        self.one().serialize_struct(name, len)
    }

    fn serialize_struct_variant(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStructVariant, Self::Error> {
        self.one().serialize_struct_variant(name, index, variant, len)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Self::Error> {
        self.one().collect_str(value)
    }
}

/// The elements of a tuple.
enum Elements<'a, 'j> {
    /// Each is an argument.
    Several { out: &'a mut Vec<u8>, first: bool, attachments: &'a mut dyn Attachments },
    /// All are one argument, an array.
    OfOne(Compound<'a, 'j>),
}

impl Elements<'_, '_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), serde_json::Error> {
        match self {
            Self::Several { out, first, attachments } => {
                if !*first {
                    out.push(b',');
                }
                *first = false;
                value.serialize(&mut Json::with_formatter(out, Placeholders::new(*attachments)))
            }
            Self::OfOne(array) => ser::SerializeTuple::serialize_element(array, value),
        }
    }

    fn finish(self) -> Result<(), serde_json::Error> {
        match self {
            Self::Several { .. } => Ok(()),
            Self::OfOne(array) => ser::SerializeTuple::end(array),
        }
    }
}

impl ser::SerializeTuple for Elements<'_, '_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Self::Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Self::Error> {
        self.finish()
    }
}

impl ser::SerializeTupleStruct for Elements<'_, '_> {
    type Ok = ();
    type Error = serde_json::Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Self::Error> {
        self.element(value)
    }

    fn end(self) -> Result<(), Self::Error> {
        self.finish()
    }
}

#[cfg(test)]
mod tests;
