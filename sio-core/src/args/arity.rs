//! Whether a type stands for one argument, for several or for none: asked of its `Deserialize` before there is anything
//! to read.

use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::ser::SPREAD;

/// What a type stands for.
pub(super) enum Arity<T> {
    /// `()`, which is the same whatever was sent.
    None(T),
    One,
    /// A tuple, an array or a [`Spread`](super::Spread).
    Several,
}

pub(super) fn arity<T: DeserializeOwned>() -> Arity<T> {
    match T::deserialize(Probe) {
        Ok(unit) => Arity::None(unit),
        // The probe gives no other value, only the reason why there is none.
        Err(Asked::Several) => Arity::Several,
        Err(Asked::One) => Arity::One,
    }
}

/// Says which kind of value it was asked for.
struct Probe;

#[derive(Debug)]
enum Asked {
    Several,
    One,
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Asked;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Asked> {
        Err(Asked::One)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Asked> {
        visitor.visit_unit()
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, Asked> {
        Err(Asked::Several)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Asked> {
        if name == SPREAD { Err(Asked::Several) } else { visitor.visit_newtype_struct(self) }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit_struct
        seq tuple_struct map struct enum identifier ignored_any
    }
}

impl de::Error for Asked {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::One
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("asked for its kind only")
    }
}

impl std::error::Error for Asked {}
