//! Giving the plain values of JSON text to visitors.

use std::borrow::Cow;

use serde::de::Visitor;

use super::error::Error;
use super::json::Number;

/// Gives a text to a visitor, without copying it.
#[inline]
pub(super) fn visit_text<'de, V: Visitor<'de>>(text: Cow<'de, str>, visitor: V) -> Result<V::Value, Error> {
    match text {
        Cow::Borrowed(text) => visitor.visit_borrowed_str(text),
        Cow::Owned(text) => visitor.visit_string(text),
    }
}

/// Gives a number to a visitor in its smallest form.
pub(super) fn visit_number<'de, V: Visitor<'de>>(number: Number, visitor: V) -> Result<V::Value, Error> {
    match number {
        Number::Unsigned(number) => visitor.visit_u64(number),
        Number::Signed(number) => visitor.visit_i64(number),
        Number::Float(number) if number.is_finite() => visitor.visit_f64(number),
        Number::Float(_) => Err(Error::new("number out of range")),
    }
}
