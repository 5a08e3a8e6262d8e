//! Values on their way out: [`write_args`] turns what an application emits into arguments.
//!
//! Two things are particular to Socket.IO: bytes anywhere inside a value become an attachment, with a placeholder in
//! their place ("packet encoding"), and the top level says how many arguments there are. The first is a matter of the
//! [`Writer`], the second of a serializer for the top level only.

use std::fmt;

use bytes::Bytes;
use serde::ser::{Serialize, Serializer};

use super::arity::{is_array, is_unit};
use super::encode_error::EncodeError;
use super::spread::SPREAD;
use super::writer::{Attachments, Compound, Writer};

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

/// Like `write_args`, into any `Attachments`.
pub(crate) fn serialize<A: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    first: bool,
    args: &A,
    attachments: &mut dyn Attachments,
) -> Result<(), EncodeError> {
    let mut writer = None;
    let types = Types { has_size: size_of_val(args) > 0, is_unit: is_unit::<A>, is_array: is_array::<A> };
    args.serialize(TopLevel { out, first, attachments, writer: &mut writer, types })?;
    Ok(())
}

/// Tells no argument, one and several apart.
struct TopLevel<'a, 'j> {
    out: &'a mut Vec<u8>,
    first: bool,
    attachments: &'a mut dyn Attachments,
    /// The place of the writer, which the compounds borrow.
    writer: &'j mut Option<Writer<'a>>,
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
    fn one(self) -> &'j mut Writer<'a> {
        if !self.first {
            self.out.push(b',');
        }
        self.writer.insert(Writer::new(self.out, self.attachments))
    }

    /// Begins as many arguments as there will be elements.
    fn several(self) -> Compound<'j, 'a> {
        self.writer.insert(Writer::new(self.out, self.attachments)).bare(self.first)
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
    type SerializeSeq = Compound<'j, 'a>;
    type SerializeTuple = Compound<'j, 'a>;
    type SerializeTupleStruct = Compound<'j, 'a>;
    type SerializeTupleVariant = Compound<'j, 'a>;
    type SerializeMap = Compound<'j, 'a>;
    type SerializeStruct = Compound<'j, 'a>;
    type SerializeStructVariant = Compound<'j, 'a>;

    fn serialize_unit(self) -> Result<(), Self::Error> {
        if !self.types.has_size || (self.types.is_unit)() { Ok(()) } else { self.one().serialize_unit() }
    }

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, Self::Error> {
        if (self.types.is_array)() { self.one().serialize_tuple(len) } else { Ok(self.several()) }
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
        self.one().serialize_tuple_struct(name, len)
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

#[cfg(test)]
mod tests;
