//! From and to the values of `serde_json`.

use super::Value;

/// There are bytes in a [`Value`] that was to become JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the value has bytes in it, which JSON cannot hold")]
pub struct NotJson;

impl From<serde_json::Value> for Value {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(value) => Self::Bool(value),
            serde_json::Value::Number(number) => Self::Number(number),
            serde_json::Value::String(text) => Self::String(text),
            serde_json::Value::Array(elements) => elements.into(),
            serde_json::Value::Object(members) => members.into_iter().collect(),
        }
    }
}

/// Fails if there are bytes anywhere in the value. Of members with one name the last is kept, and their order is the
/// one that `serde_json` gives them.
///
/// ```
/// use serde_json::json;
/// use sio_core::value::Value;
///
/// let value = Value::from_iter([("n", 1)]);
/// assert_eq!(serde_json::Value::try_from(value), Ok(json!({ "n": 1 })));
/// assert!(serde_json::Value::try_from(Value::Binary(vec![1].into())).is_err());
/// ```
impl TryFrom<Value> for serde_json::Value {
    type Error = NotJson;

    fn try_from(value: Value) -> Result<Self, NotJson> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(value),
            Value::Number(number) => Self::Number(number),
            Value::String(text) => Self::String(text),
            Value::Binary(_) => return Err(NotJson),
            Value::Array(elements) => {
                Self::Array(elements.into_iter().map(Self::try_from).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| Ok((name, Self::try_from(value)?)));
                Self::Object(members.collect::<Result<_, _>>()?)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_the_same_there_and_back() {
        let json = json!({"a": [null, true, -1, 0.5, u64::MAX, "x"], "b": {"c": {}}});
        assert_eq!(serde_json::Value::try_from(Value::from(json.clone())), Ok(json));
    }

    #[test]
    fn the_last_of_two_equal_names_is_kept() {
        let value = Value::from_iter([("a", 1), ("a", 2)]);
        assert_eq!(serde_json::Value::try_from(value), Ok(json!({"a": 2})));
    }

    #[test]
    fn bytes_are_no_json_however_deep() {
        let bytes = Value::Binary(vec![1].into());
        let deep = Value::from_iter([("a", Value::Array(vec![Value::Null, bytes.clone()]))]);
        for value in [bytes, deep] {
            assert_eq!(serde_json::Value::try_from(value), Err(NotJson));
        }
    }
}
