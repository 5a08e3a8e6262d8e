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
struct Placeholders<'a>(&'a mut dyn Attachments);

impl Formatter for Placeholders<'_> {
    fn write_byte_array<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        bytes: &[u8],
    ) -> std::io::Result<()> {
        let index = self.0.push(bytes);
        let mark = if self.0.marks() { " " } else { "" };
        write!(writer, "{{\"_placeholder\":true,\"num\":{index}{mark}}}")
    }

    /// JSON that the application has ready (`serde_json::value::RawValue`): only there could white space come in, and
    /// with it what looks like a marked placeholder.
    fn write_raw_fragment<W: ?Sized + std::io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> std::io::Result<()> {
        if self.0.marks() { write_compact(writer, fragment) } else { writer.write_all(fragment.as_bytes()) }
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
        self.json.insert(Json::with_formatter(self.out, Placeholders(self.attachments)))
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
                value.serialize(&mut Json::with_formatter(out, Placeholders(*attachments)))
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
mod tests {
    use std::borrow::Cow;
    use std::collections::{BTreeMap, HashMap};

    use serde::Serialize;

    use super::*;
    use crate::args::Spread;
    use crate::binary::Binary;
    use crate::value::Value;

    fn written<A: Serialize + ?Sized>(args: &A) -> (String, Vec<Bytes>) {
        let (mut json, mut attachments) = (b"x".to_vec(), Vec::new());
        write_args(&mut json, false, args, &mut attachments).unwrap();
        (String::from_utf8(json).unwrap(), attachments)
    }

    fn json<A: Serialize + ?Sized>(args: &A) -> String {
        let (json, attachments) = written(args);
        assert!(attachments.is_empty());
        json
    }

    #[derive(Serialize)]
    struct Unit;
    #[derive(Serialize)]
    struct Newtype(u8);
    #[derive(Serialize)]
    struct Pair(u8, u8);
    #[derive(Serialize)]
    struct Named {
        a: u8,
    }
    #[derive(Serialize)]
    enum Enum {
        Unit,
        Newtype(u8),
        Tuple(u8, u8),
        Struct { a: u8 },
    }

    #[derive(Serialize)]
    #[serde(rename = "sio::Spread")]
    struct Marked(u8, Vec<u8>);

    #[test]
    fn an_array_is_one_argument_wherever_it_stands() {
        let (pair, nested) = ([1, 2], [[1], [2]]);
        assert_eq!(json(&pair), "x,[1,2]");
        assert_eq!(json(&nested), "x,[[1],[2]]");
        assert_eq!(json(&&&pair), "x,[1,2]");
        assert_eq!(json(&Box::new(pair)), "x,[1,2]");
        assert_eq!(json(&Box::new(&pair)), "x,[1,2]");
        assert_eq!(json(&Cow::Borrowed(&pair)), "x,[1,2]");
        assert_eq!(json::<[u8; 0]>(&[]), "x,[]");
        assert_eq!(json(&[(1, 2)]), "x,[[1,2]]");
        assert_eq!(json(&Some(pair)), "x,[1,2]");
        assert_eq!(json(&["a", "b"]), r#"x,["a","b"]"#);
        let (json, attachments) = written(&[Binary::from(b"1"), Binary::from(b"2")]);
        assert_eq!(json, r#"x,[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
        assert_eq!(attachments, ["1", "2"]);
    }

    #[test]
    fn a_tuple_is_several_arguments_also_behind_pointers() {
        let pair = ([1, 2], "b");
        let several = "x,[1,2],\"b\"";
        assert_eq!(json(&pair), several);
        assert_eq!(json(&&&pair), several);
        assert_eq!(json(&&mut pair.clone()), several);
        assert_eq!(json(&Box::new(pair)), several);
        assert_eq!(json(&Box::new(Box::new(&pair))), several);
        assert_eq!(json(&Cow::Borrowed(&pair)), several);
        assert_eq!(json(&(1,)), "x,1");
        assert_eq!(json(&&()), "x");
        assert_eq!(json(&Box::new(())), "x");
        assert_eq!(json(&Marked(1, vec![2])), "x,1,[2]");
        assert_eq!(json(&(Marked(1, vec![2]), Spread(vec![3, 4]))), "x,[1,[2]],[3,4]");
    }

    #[test]
    fn unit_is_none_tuples_are_several_the_rest_is_one() {
        assert_eq!(json(&()), "x");
        assert_eq!(json(&(1, "b", ())), "x,1,\"b\",null");
        assert_eq!(json(&((1, 2), [3, 4])), "x,[1,2],[3,4]");
        assert_eq!(json(&Spread(vec![1, 2])), "x,1,2");
        assert_eq!(json(&vec![1, 2]), "x,[1,2]");
        assert_eq!(json(&[1, 2][..]), "x,[1,2]");
        assert_eq!(json(&Some((1, 2))), "x,[1,2]");
        assert_eq!(json(&None::<u8>), "x,null");
        assert_eq!(json(&Value::Null), "x,null");
        assert_eq!(json(&serde_json::Value::Null), "x,null");
        assert_eq!(json("text"), "x,\"text\"");
        assert_eq!(json(&Unit), "x,null");
        assert_eq!(json(&Newtype(1)), "x,1");
        assert_eq!(json(&Pair(1, 2)), "x,[1,2]");
        assert_eq!(json(&Named { a: 1 }), "x,{\"a\":1}");
        assert_eq!(json(&Enum::Unit), "x,\"Unit\"");
        assert_eq!(json(&Enum::Newtype(1)), "x,{\"Newtype\":1}");
        assert_eq!(json(&Enum::Tuple(1, 2)), "x,{\"Tuple\":[1,2]}");
        assert_eq!(json(&Enum::Struct { a: 1 }), "x,{\"Struct\":{\"a\":1}}");
        assert_eq!(json(&HashMap::from([(1, true)])), "x,{\"1\":true}");
        assert_eq!(json(&format_args!("{}-{}", 1, 2)), "x,\"1-2\"");
    }

    #[test]
    fn the_first_argument_of_all_has_no_comma() {
        let first = |args: &dyn Fn(&mut Vec<u8>) -> Result<(), EncodeError>| {
            let mut json = Vec::new();
            args(&mut json).unwrap();
            String::from_utf8(json).unwrap()
        };
        assert_eq!(first(&|out| write_args(out, true, &(1, 2), &mut Vec::new())), "1,2");
        assert_eq!(first(&|out| write_args(out, true, &1, &mut Vec::new())), "1");
        assert_eq!(first(&|out| write_args(out, true, &(), &mut Vec::new())), "");
    }

    #[test]
    fn bytes_become_attachments_wherever_they_are() {
        #[derive(Serialize)]
        struct Upload {
            meta: BTreeMap<&'static str, Value>,
            data: Binary,
            more: Vec<serde_bytes::ByteBuf>,
        }
        let upload = Upload {
            meta: BTreeMap::from([("icon", Value::Binary(Bytes::from_static(b"1")))]),
            data: Binary::from(b"2"),
            more: vec![serde_bytes::ByteBuf::from(*b"3")],
        };
        let (json, attachments) = written(&(Binary::from(b"0"), upload, serde_bytes::Bytes::new(b"4")));
        let place = |index: usize| format!("{{\"_placeholder\":true,\"num\":{index}}}");
        assert_eq!(
            json,
            format!(
                "x,{},{{\"meta\":{{\"icon\":{}}},\"data\":{},\"more\":[{}]}},{}",
                place(0),
                place(1),
                place(2),
                place(3),
                place(4)
            )
        );
        assert_eq!(attachments, ["0", "1", "2", "3", "4"]);
        assert_eq!(written(&Binary::from(b"0")), (format!("x,{}", place(0)), vec![Bytes::from_static(b"0")]));
    }

    #[test]
    fn numbers_that_are_none_are_null() {
        assert_eq!(
            json(&(f64::NAN, f64::INFINITY, f32::NEG_INFINITY, 0.1, 1e300)),
            "x,null,null,null,0.1,1e+300"
        );
    }

    #[test]
    fn what_cannot_be_json_is_an_error() {
        let error =
            write_args(&mut Vec::new(), true, &HashMap::from([([1, 2], 3)]), &mut Vec::new()).unwrap_err();
        assert!(matches!(error, EncodeError::Json(_)), "{error:?}");
        assert_eq!(error.to_string(), "an argument cannot be written as JSON");
    }
}
