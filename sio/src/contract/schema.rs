//! Looking into JSON Schemas.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
pub(crate) use sio_core::schema::ATTACHMENT;

/// Where named types are, in references.
pub(crate) const TYPES: &str = "#/types/";

/// The keyword of a schema that stands for a type without one.
const UNKNOWN: &str = "x-unknown";

/// The schema of a type of which nothing is known.
pub(crate) fn unknown() -> Value {
    json!({ UNKNOWN: true })
}

/// Calls `look` with a schema and all that are in it.
pub(crate) fn walk(value: &Value, look: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(map) => {
            look(map);
            map.iter().filter(|(key, _)| !is_data(key)).for_each(|(_, value)| walk(value, look));
        }
        Value::Array(items) => items.iter().for_each(|value| walk(value, look)),
        _ => {}
    }
}

/// Calls `change` with the target of every reference.
pub(crate) fn each_reference(value: &mut Value, change: &mut impl FnMut(&mut String)) {
    match value {
        Value::Object(map) => {
            if let Some(Value::String(target)) = map.get_mut("$ref") {
                change(target);
            }
            let inner = map.iter_mut().filter(|(key, _)| !is_data(key));
            inner.for_each(|(_, value)| each_reference(value, change));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| each_reference(value, change)),
        _ => {}
    }
}

/// Returns whether a keyword holds values, and not schemas.
fn is_data(key: &str) -> bool {
    matches!(key, "const" | "default" | "enum" | "examples")
}

/// The names of the types that a schema refers to.
pub(crate) fn references(value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    walk(value, &mut |node| found.extend(reference(node).map(str::to_owned)));
    found
}

/// The name of the type that a schema refers to.
pub(crate) fn reference(node: &Map<String, Value>) -> Option<&str> {
    node.get("$ref")?.as_str()?.strip_prefix(TYPES)
}

/// Returns whether there are bytes in a schema.
pub(crate) fn has_attachment(value: &Value) -> bool {
    let mut found = false;
    walk(value, &mut |node| found |= node.contains_key(ATTACHMENT));
    found
}

/// Returns whether a schema has integers of which JavaScript loses digits.
pub(crate) fn has_large_integer(value: &Value) -> bool {
    let mut found = false;
    walk(value, &mut |node| {
        let format = node.get("format").and_then(Value::as_str);
        found |= format.is_some_and(is_large_integer);
    });
    found
}

pub(crate) fn is_large_integer(format: &str) -> bool {
    matches!(format, "uint64" | "int64" | "uint128" | "int128" | "uint" | "int")
}
