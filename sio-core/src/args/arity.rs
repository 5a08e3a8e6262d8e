//! Tells whether a type stands for one argument, for several or for none.
//!
//! To serde an array `[T; N]` is a tuple, and `null` the same as `()`. The type's name tells them apart. The standard
//! library does not promise how a name is written; but arrays, references and the pointers below have been written as
//! in the source since there are names, and the tests would notice a change.

use std::any::type_name;
use std::fmt;

use serde::de::{self, DeserializeOwned, Deserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::spread::SPREAD;

/// How many arguments a type stands for.
pub(super) enum Arity<T> {
    /// `()`, which is the same whatever was sent.
    None(T),
    One,
    /// A tuple or a [`Spread`](super::Spread).
    Several,
}

pub(super) fn arity<T: DeserializeOwned>() -> Arity<T> {
    match T::deserialize(Probe { is_array: is_array::<T> }) {
        Ok(unit) => Arity::None(unit),
        // The probe gives no other value, only the reason why there is none.
        Err(Asked::Several) => Arity::Several,
        Err(Asked::One) => Arity::One,
    }
}

/// Returns whether the type is an array, also behind references and pointers.
pub(super) fn is_array<T: ?Sized>() -> bool {
    pointee(type_name::<T>()).starts_with('[')
}

/// Returns whether the type is `()`, also behind references and pointers.
pub(super) fn is_unit<T: ?Sized>() -> bool {
    let name = pointee(type_name::<T>());
    // Behind a pointer with parameters, their closing brackets follow.
    name.strip_prefix("()").is_some_and(|rest| rest.bytes().all(|byte| byte == b'>'))
}

/// The prefixes of a name to skip: the pointers that serde passes over, and the lifetime of a `Cow`.
const POINTERS: [&str; 7] = [
    "&mut ",
    "&",
    "alloc::boxed::Box<",
    "alloc::sync::Arc<",
    "alloc::rc::Rc<",
    "alloc::borrow::Cow<",
    "'_, ",
];

fn pointee(name: &'static str) -> &'static str {
    let inner = POINTERS.iter().find_map(|pointer| name.strip_prefix(pointer));
    inner.map_or(name, pointee)
}

/// Says which kind of value it was asked for.
struct Probe {
    is_array: fn() -> bool,
}

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
        Err(if (self.is_array)() { Asked::One } else { Asked::Several })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _: usize,
        _: V,
    ) -> Result<V::Value, Asked> {
        Err(if name == SPREAD { Asked::Several } else { Asked::One })
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
        seq map struct enum identifier ignored_any
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

#[cfg(test)]
mod tests {
    use std::any::Any;
    use std::borrow::Cow;
    use std::rc::Rc;
    use std::sync::Arc;

    use super::{is_array, is_unit};

    #[test]
    fn arrays_are_known_by_their_names_also_behind_pointers() {
        assert!(is_array::<[u8; 2]>() && is_array::<[(u8, u8); 0]>() && is_array::<[[u8; 2]; 2]>());
        assert!(is_array::<&&mut [u8; 2]>() && is_array::<Box<Arc<[u8; 2]>>>());
        assert!(is_array::<Rc<[u8; 2]>>() && is_array::<Cow<'static, [u8; 2]>>());
        assert!(!is_array::<([u8; 2],)>() && !is_array::<&([u8; 2], u8)>() && !is_array::<Option<[u8; 2]>>());
        assert!(!is_array::<Vec<[u8; 2]>>() && !is_array::<fn([u8; 2])>() && !is_array::<&dyn Any>());
    }

    #[test]
    fn nothing_is_known_by_its_name_also_behind_pointers() {
        assert!(is_unit::<()>() && is_unit::<&&()>() && is_unit::<Box<Arc<()>>>());
        assert!(
            !is_unit::<((),)>() && !is_unit::<[(); 0]>() && !is_unit::<fn()>() && !is_unit::<Option<()>>()
        );
    }
}
