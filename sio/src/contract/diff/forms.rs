//! The forms that a value may have, as a schema says: its unions taken apart, its intersections brought together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::contract::schema::{ATTACHMENT, reference};

/// More forms than these are not compared.
const MOST_FORMS: usize = 256;

/// How deep references may lead to nothing but references.
const MOST_HOPS: usize = 32;

/// One form of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Form {
    Any,
    Bytes,
    Const(Value),
    Null,
    Bool,
    Number { is_integer: bool, from: Option<f64>, to: Option<f64> },
    String { limits: Map<String, Value> },
    Array { items: Option<Value>, first: Vec<Value>, from: u64, to: Option<u64> },
    Object(Object),
}

#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Object {
    pub(super) properties: BTreeMap<String, Value>,
    pub(super) required: BTreeSet<String>,
    pub(super) others: Others,
}

/// Members that are not listed.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) enum Others {
    /// Not written, and ignored where they are read.
    #[default]
    Ignored,
    Refused,
    Like(Value),
}

/// Returns the forms of a schema; `None` if there are too many.
pub(super) fn forms(schema: &Value, types: &Map<String, Value>) -> Option<Vec<Form>> {
    parts(schema, types, 0)
}

fn parts(schema: &Value, types: &Map<String, Value>, hops: usize) -> Option<Vec<Form>> {
    let map = match schema {
        Value::Bool(false) => return Some(Vec::new()),
        Value::Object(map) => map,
        _ => return Some(vec![Form::Any]),
    };
    if hops > MOST_HOPS {
        return None;
    }
    let mut all = own(map);
    if let Some(name) = reference(map) {
        // A type that is not there: anything.
        let target = types.get(name).unwrap_or(&Value::Bool(true));
        all = meet_all(&all, &parts(target, types, hops + 1)?)?;
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(Value::Array(some)) = map.get(keyword) {
            let mut either = Vec::new();
            for one in some {
                either.extend(parts(one, types, hops + 1)?);
            }
            all = meet_all(&all, &either)?;
        }
    }
    for one in map.get("allOf").and_then(Value::as_array).into_iter().flatten() {
        all = meet_all(&all, &parts(one, types, hops + 1)?)?;
    }
    Some(all)
}

/// The forms that a schema names itself, without those of others.
fn own(map: &Map<String, Value>) -> Vec<Form> {
    if map.contains_key(ATTACHMENT) {
        return vec![Form::Bytes];
    }
    if let Some(value) = map.get("const") {
        return vec![Form::Const(value.clone())];
    }
    if let Some(Value::Array(values)) = map.get("enum") {
        return values.iter().cloned().map(Form::Const).collect();
    }
    match map.get("type") {
        Some(Value::String(kind)) => vec![of_kind(kind, map)],
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).map(|kind| of_kind(kind, map)).collect()
        }
        _ if map.contains_key("properties") || map.contains_key("required") => vec![of_kind("object", map)],
        _ => vec![Form::Any],
    }
}

fn of_kind(kind: &str, map: &Map<String, Value>) -> Form {
    let number = |keyword: &str| map.get(keyword).and_then(Value::as_u64);
    match kind {
        "null" => Form::Null,
        "boolean" => Form::Bool,
        "integer" | "number" => {
            let (from, to) = range(map);
            Form::Number { is_integer: kind == "integer", from, to }
        }
        "string" => {
            let keywords = ["format", "maxLength", "minLength", "pattern"];
            let limits =
                keywords.iter().filter_map(|&keyword| Some((keyword.to_owned(), map.get(keyword)?.clone())));
            Form::String { limits: limits.collect() }
        }
        "array" => Form::Array {
            items: map.get("items").cloned(),
            first: map.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default(),
            from: number("minItems").unwrap_or(0),
            to: number("maxItems"),
        },
        "object" => Form::Object(object(map)),
        _ => Form::Any,
    }
}

/// The bounds of a number: those that are written, else those of its Rust type.
fn range(map: &Map<String, Value>) -> (Option<f64>, Option<f64>) {
    let of_type = match map.get("format").and_then(Value::as_str).unwrap_or_default() {
        "int8" => (-128.0, 127.0),
        "int16" => (-32_768.0, 32_767.0),
        "int32" => (-2_147_483_648.0, 2_147_483_647.0),
        "int64" | "int" => (-9_223_372_036_854_775_808.0, 9_223_372_036_854_775_807.0),
        "uint8" => (0.0, 255.0),
        "uint16" => (0.0, 65_535.0),
        "uint32" => (0.0, 4_294_967_295.0),
        "uint64" | "uint" => (0.0, 18_446_744_073_709_551_615.0),
        _ => (f64::NEG_INFINITY, f64::INFINITY),
    };
    let written = |keyword: &str| map.get(keyword).and_then(Value::as_f64);
    // A bound that is excluded: the number beside it is the first that may be written.
    let above = written("exclusiveMinimum").map_or(f64::NEG_INFINITY, f64::next_up);
    let below = written("exclusiveMaximum").map_or(f64::INFINITY, f64::next_down);
    let from = written("minimum").unwrap_or(of_type.0).max(above);
    let to = written("maximum").unwrap_or(of_type.1).min(below);
    (from.is_finite().then_some(from), to.is_finite().then_some(to))
}

fn object(map: &Map<String, Value>) -> Object {
    let properties = map.get("properties").and_then(Value::as_object).into_iter().flatten();
    let required =
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let patterns =
        map.get("patternProperties").and_then(Value::as_object).and_then(|all| all.values().next());
    let closed = |keyword: &str| map.get(keyword) == Some(&Value::Bool(false));
    let others = match (patterns, map.get("additionalProperties")) {
        (Some(like), _) => Others::Like(like.clone()),
        (None, Some(like @ (Value::Object(_) | Value::Bool(true)))) => Others::Like(like.clone()),
        _ if closed("additionalProperties") || closed("unevaluatedProperties") => Others::Refused,
        _ => Others::Ignored,
    };
    Object {
        properties: properties.map(|(name, schema)| (name.clone(), schema.clone())).collect(),
        required: required.map(str::to_owned).collect(),
        others,
    }
}

/// Returns the forms of values that are of one form of each list; `None` if there are too many.
fn meet_all(all: &[Form], more: &[Form]) -> Option<Vec<Form>> {
    if all.len().saturating_mul(more.len()) > MOST_FORMS {
        return None;
    }
    Some(all.iter().flat_map(|a| more.iter().filter_map(move |b| meet(a, b))).collect())
}

/// Returns the form of values that are of both; `None` if there are none.
fn meet(a: &Form, b: &Form) -> Option<Form> {
    match (a, b) {
        (Form::Any, other) | (other, Form::Any) => Some(other.clone()),
        (Form::Object(a), Form::Object(b)) => {
            let mut met = a.clone();
            met.required.extend(b.required.iter().cloned());
            for (name, schema) in &b.properties {
                let both = match met.properties.get(name) {
                    Some(known) if known != schema => json!({ "allOf": [known, schema] }),
                    _ => schema.clone(),
                };
                met.properties.insert(name.clone(), both);
            }
            if met.others == Others::Ignored {
                met.others = b.others.clone();
            }
            Some(Form::Object(met))
        }
        (a, b) if a == b => Some(a.clone()),
        // One is a case of the other: the narrower of them.
        (Form::Const(_), _) => Some(a.clone()),
        (_, Form::Const(_)) => Some(b.clone()),
        _ if std::mem::discriminant(a) == std::mem::discriminant(b) => Some(b.clone()),
        _ => None,
    }
}

impl Form {
    /// The kind of value, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Any => "anything".to_owned(),
            Self::Bytes => "bytes".to_owned(),
            Self::Const(value) => value.to_string(),
            Self::Null => "null".to_owned(),
            Self::Bool => "a boolean".to_owned(),
            Self::Number { is_integer: true, .. } => "an integer".to_owned(),
            Self::Number { .. } => "a number".to_owned(),
            Self::String { .. } => "a string".to_owned(),
            Self::Array { first, .. } if !first.is_empty() => format!("a list of {}", first.len()),
            Self::Array { .. } => "a list".to_owned(),
            Self::Object(object) => object.words(),
        }
    }
}

impl Object {
    /// The members whose value tells this form from others.
    pub(super) fn tags(&self) -> impl Iterator<Item = (&String, &Value)> {
        self.properties.iter().filter_map(|(name, schema)| Some((name, schema.get("const")?)))
    }

    fn words(&self) -> String {
        match self.tags().next() {
            Some((name, value)) => format!("an object with {name}: {value}"),
            None if self.required.len() == 1 => {
                format!("an object with {}", self.required.iter().next().map_or("", String::as_str))
            }
            None => "an object".to_owned(),
        }
    }
}
