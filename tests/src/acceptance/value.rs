//! A description of an argument that a server has decoded.

use std::collections::BTreeMap;

use serde::Serialize;
use sio::Value;

/// A description of one value, as proof that the server knows what it is.
#[derive(Debug, Serialize)]
#[serde(tag = "t", rename_all = "lowercase")]
pub(super) enum Described {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool {
        /// Which of them.
        v: bool,
    },
    /// A number.
    Num {
        /// The number.
        v: Value,
    },
    /// A string.
    Str {
        /// Its length in bytes of UTF-8.
        n: usize,
    },
    /// Bytes.
    Bin {
        /// How many.
        n: usize,
        /// Their sum, modulo 65,536.
        sum: u16,
    },
    /// An array.
    List {
        /// What is in it.
        v: Vec<Self>,
    },
    /// An object.
    Map {
        /// What is in it.
        v: BTreeMap<String, Self>,
    },
}

impl From<Value> for Described {
    fn from(value: Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(v) => Self::Bool { v },
            Value::Number(number) => Self::Num { v: Value::Number(number) },
            Value::String(text) => Self::Str { n: text.len() },
            Value::Binary(bytes) => Self::Bin {
                n: bytes.len(),
                sum: bytes.iter().fold(0, |sum, byte| sum.wrapping_add(u16::from(*byte))),
            },
            Value::Array(values) => Self::List { v: values.into_iter().map(Self::from).collect() },
            Value::Object(members) => {
                Self::Map { v: members.into_iter().map(|(key, value)| (key, Self::from(value))).collect() }
            }
        }
    }
}
