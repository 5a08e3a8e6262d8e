//! [`Spread`]: several arguments of one type.

use std::fmt;
use std::marker::PhantomData;

use serde::de::Visitor;
use serde::ser::SerializeTupleStruct as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Several arguments of one type, as many as there are: a `Vec` or an array alone is *one* argument, a list.
///
/// A tuple struct, which is one argument as well, becomes several with `#[serde(rename = "sio::Spread")]`.
///
/// With [`Args::take_rest`](super::Args::take_rest) it takes all arguments that are left, so that they can be sent on
/// as they came.
///
/// # Examples
///
/// ```
/// use sio_core::args::{Args, Spread, write_args};
/// use sio_core::value::Value;
///
/// let mut args = Args::array(r#"[1,{"a":[true]}]"#.into(), Vec::new());
/// let all: Spread<Value> = args.take_rest().unwrap();
///
/// let (mut json, mut attachments) = (Vec::new(), Vec::new());
/// write_args(&mut json, true, &all, &mut attachments).unwrap();
/// assert_eq!(json, br#"1,{"a":[true]}"#);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spread<T>(pub Vec<T>);

impl<T: Serialize> Serialize for Spread<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut arguments = serializer.serialize_tuple_struct(SPREAD, self.0.len())?;
        for argument in &self.0 {
            arguments.serialize_field(argument)?;
        }
        arguments.end()
    }
}

/// The name by which both directions tell a [`Spread`] from a list.
pub(super) const SPREAD: &str = "sio::Spread";

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Spread<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(SPREAD, SpreadVisitor(PhantomData))
    }
}

struct SpreadVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for SpreadVisitor<T> {
    type Value = Spread<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Spread<T>, D::Error> {
        Vec::deserialize(deserializer).map(Spread)
    }
}
