//! Parameters to types: a `serde` deserializer over names and texts.

use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{self, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::Pair;

/// Why parameters are not what a type asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PathError {
    /// The type asks for others than the pattern has, whatever the values are.
    Shape(String),
    /// A value does not parse.
    Value(String),
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Shape(text) | Self::Value(text)) = self;
        f.write_str(text)
    }
}

impl std::error::Error for PathError {}

impl de::Error for PathError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Value(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self::Shape(format!("the pattern has no parameter `{field}`"))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::Shape(format!("there is no field for the parameter `{field}`"))
    }
}

/// All parameters of a path.
pub(super) struct Deserializer<'a>(&'a [Pair]);

impl<'a> Deserializer<'a> {
    pub(super) fn new(pairs: &'a [Pair]) -> Self {
        Self(pairs)
    }

    /// For a type that is not a collection: the only parameter.
    fn only(&self) -> Result<Text<'a>, PathError> {
        match self.0 {
            [(_, value)] => Ok(Text(value)),
            several => {
                Err(PathError::Shape(format!("one value is asked for, the pattern has {}", several.len())))
            }
        }
    }

    fn seq<'de, V: Visitor<'de>>(&self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_seq(SeqDeserializer::new(self.0.iter().map(|(_, value)| Text(value))))
    }

    fn check_len(&self, len: usize) -> Result<(), PathError> {
        if self.0.len() == len {
            return Ok(());
        }
        let text = format!("{len} values are asked for, the pattern has {}", self.0.len());
        Err(PathError::Shape(text))
    }
}

macro_rules! only {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
            self.only()?.$method(visitor)
        })*
    };
}

impl<'de> de::Deserializer<'de> for Deserializer<'_> {
    type Error = PathError;

    only! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128 deserialize_f32
        deserialize_f64 deserialize_char deserialize_str deserialize_string deserialize_bytes
        deserialize_byte_buf deserialize_identifier deserialize_option
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        self.check_len(0)?;
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        self.seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, PathError> {
        self.check_len(len)?;
        self.seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.deserialize_tuple(len, visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_map(MapDeserializer::new(self.0.iter().map(|(name, value)| (&**name, Text(value)))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        self.only()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_unit()
    }
}

/// One parameter.
#[derive(Clone, Copy)]
struct Text<'a>(&'a str);

impl<'de> IntoDeserializer<'de, PathError> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! parsed {
    ($($method:ident $visit:ident $ty:ty,)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
            match self.0.parse::<$ty>() {
                Ok(value) => visitor.$visit(value),
                Err(error) => Err(PathError::Value(format!("{:?}: {error}", self.0))),
            }
        })*
    };
}

impl<'de> de::Deserializer<'de> for Text<'_> {
    type Error = PathError;

    parsed! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
        deserialize_f32 visit_f32 f32,
        deserialize_f64 visit_f64 f64,
        deserialize_char visit_char char,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, PathError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, PathError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, PathError> {
        StrDeserializer::new(self.0).deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::PathError;
    use crate::params::Params;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "lowercase")]
    enum Kind {
        Red,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Id(u32);

    #[derive(Debug, PartialEq, Deserialize)]
    struct Both {
        id: Id,
        kind: Option<Kind>,
    }

    fn one(value: &str) -> Params {
        Params::new([("id", value)].into_iter())
    }

    fn two() -> Params {
        Params::new([("id", "7"), ("kind", "red")].into_iter())
    }

    #[test]
    fn one_parameter_is_one_value() {
        assert_eq!(one("7").parse(), Ok(7u32));
        assert_eq!(one("7").parse(), Ok((7u64,)));
        assert_eq!(one("7").parse(), Ok("7".to_owned()));
        assert_eq!(one("7").parse(), Ok(Id(7)));
        assert_eq!(one("red").parse(), Ok(Kind::Red));
        assert_eq!(one("true").parse(), Ok(true));
        assert_eq!(one("x").parse(), Ok('x'));
    }

    #[test]
    fn several_are_a_tuple_by_their_order_or_a_struct_by_their_names() {
        assert_eq!(two().parse(), Ok((7i8, Kind::Red)));
        assert_eq!(two().parse(), Ok(["7".to_owned(), "red".to_owned()]));
        assert_eq!(two().parse(), Ok(vec!["7".to_owned(), "red".to_owned()]));
        assert_eq!(two().parse(), Ok(Both { id: Id(7), kind: Some(Kind::Red) }));
    }

    #[test]
    fn a_wrong_value_is_not_a_wrong_shape() {
        for wrong in ["", "-1", "x", "1.5", "4294967296"] {
            assert!(matches!(one(wrong).parse::<u32>(), Err(PathError::Value(_))), "{wrong}");
        }
        assert!(matches!(one("blue").parse::<Kind>(), Err(PathError::Value(_))));
        assert!(matches!(two().parse::<u32>(), Err(PathError::Shape(_))));
        assert!(matches!(two().parse::<(u32,)>(), Err(PathError::Shape(_))));
        assert!(matches!(
            Params::new([("kind", "red")].into_iter()).parse::<Both>(),
            Err(PathError::Shape(_))
        ));
    }
}
