//! [`Key`]: the names of members, which JSON has only as strings.

use std::fmt;

use serde::ser::{Error as _, Impossible, Serialize, Serializer};
use serde_json::Error;

use super::Writer;

/// Writes a name: what is no string, but short, in quotes.
pub(super) struct Key<'w, 'a>(pub(super) &'w mut Writer<'a>);

impl Key<'_, '_> {
    fn quoted(self, write: impl FnOnce(&mut Writer<'_>) -> Result<(), Error>) -> Result<(), Error> {
        self.0.out.push(b'"');
        write(self.0)?;
        self.0.out.push(b'"');
        Ok(())
    }
}

fn no_string<T>() -> Result<T, Error> {
    Err(Error::custom("key must be a string"))
}

fn finite(is_finite: bool) -> Result<(), Error> {
    if is_finite { Ok(()) } else { Err(Error::custom("float key must be finite (got NaN or +/-inf)")) }
}

macro_rules! quoted {
    ($($method:ident: $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.quoted(|writer| writer.$method(value))
        }
    )*};
}

impl Serializer for Key<'_, '_> {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Impossible<(), Error>;
    type SerializeTuple = Impossible<(), Error>;
    type SerializeTupleStruct = Impossible<(), Error>;
    type SerializeTupleVariant = Impossible<(), Error>;
    type SerializeMap = Impossible<(), Error>;
    type SerializeStruct = Impossible<(), Error>;
    type SerializeStructVariant = Impossible<(), Error>;

    quoted! {
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
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        finite(value.is_finite())?;
        self.quoted(|writer| writer.serialize_f32(value))
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        finite(value.is_finite())?;
        self.quoted(|writer| writer.serialize_f64(value))
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.0.serialize_char(value)
    }

    fn serialize_str(self, value: &str) -> Result<(), Error> {
        self.0.serialize_str(value)
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        no_string()
    }

    fn serialize_none(self) -> Result<(), Error> {
        no_string()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        no_string()
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        no_string()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.0.serialize_str(variant)
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
        _: &'static str,
        _: &T,
    ) -> Result<(), Error> {
        no_string()
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, Error> {
        no_string()
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, Error> {
        no_string()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeTupleStruct, Error> {
        no_string()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, Error> {
        no_string()
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Error> {
        no_string()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Error> {
        no_string()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, Error> {
        no_string()
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), Error> {
        self.0.collect_str(value)
    }
}
