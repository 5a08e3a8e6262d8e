//! The forms that a value may have, as a schema says: its unions taken apart, its intersections brought together.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::meet::meet_all;
use crate::contract::schema::{ATTACHMENT, reference};

/// How deep references may lead to nothing but references.
const MOST_HOPS: usize = 32;

/// One form of a value.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    pub(super) kind: Kind,
    /// Limits that are compared only by their text: patterns, formats, and keywords that are not known here.
    pub(super) limits: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Any,
    Bytes,
    Const(Value),
    Null,
    Bool,
    Number { is_integer: bool, from: Option<f64>, to: Option<f64> },
    String { from: u64, to: Option<u64> },
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
    /// Of one schema. If there are patterns, their names are like all of these, and no other member is taken.
    Like {
        names: BTreeSet<String>,
        schema: Value,
    },
}

/// Returns the forms of a schema; `None` if there are too many.
pub(super) fn forms(schema: &Value, types: &Map<String, Value>) -> Option<Vec<Form>> {
    parts(schema, types, 0)
}

fn parts(schema: &Value, types: &Map<String, Value>, hops: usize) -> Option<Vec<Form>> {
    let map = match schema {
        Value::Bool(false) => return Some(Vec::new()),
        Value::Object(map) => map,
        _ => return Some(vec![Kind::Any.into()]),
    };
    if hops > MOST_HOPS {
        return None;
    }
    let mut all = own(map)?;
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

/// The keywords that limit values of a kind.
const OF_KINDS: [(&str, &[&str]); 4] = [
    ("number", &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]),
    ("string", &["minLength", "maxLength", "pattern", "format"]),
    ("array", &["items", "prefixItems", "minItems", "maxItems", "contains"]),
    ("object", &["properties", "required", "minProperties", "maxProperties", "propertyNames"]),
];

/// Keywords that limit nothing, or nothing that serde looks at.
const NO_LIMITS: [&str; 12] = [
    "$comment",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "default",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "uniqueItems",
    "writeOnly",
];

/// Keywords that are understood, besides those of kinds.
const UNDERSTOOD: [&str; 10] = [
    "$ref",
    "additionalProperties",
    "allOf",
    "anyOf",
    "const",
    "enum",
    "oneOf",
    "patternProperties",
    "type",
    "unevaluatedProperties",
];

/// Limits that are compared only by their text.
const BY_TEXT: [&str; 6] =
    ["contains", "maxProperties", "minProperties", "multipleOf", "pattern", "propertyNames"];

/// The forms that a schema names itself, without those of others.
fn own(map: &Map<String, Value>) -> Option<Vec<Form>> {
    let mut all = vec![Form { kind: Kind::Any, limits: unknown_limits(map) }];
    if map.contains_key(ATTACHMENT) {
        return Some(vec![Form { kind: Kind::Bytes, ..all.remove(0) }]);
    }
    let values = match (map.get("const"), map.get("enum")) {
        (Some(value), _) => Some(vec![value.clone()]),
        (None, Some(Value::Array(values))) => Some(values.clone()),
        _ => None,
    };
    if let Some(values) = values {
        let forms: Vec<_> = values.into_iter().map(|value| Form::from(Kind::Const(value))).collect();
        all = meet_all(&all, &forms)?;
    }
    let kinds: Vec<_> = match map.get("type") {
        Some(Value::String(kind)) => vec![of_kind(kind, map)],
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).map(|kind| of_kind(kind, map)).collect()
        }
        _ if map.contains_key("properties") || map.contains_key("required") => vec![of_kind("object", map)],
        _ if OF_KINDS.iter().any(|(_, limits)| limits.iter().any(|limit| map.contains_key(*limit))) => {
            let mut kinds: Vec<_> = ["null", "boolean", "number", "string", "array", "object"]
                .map(|kind| of_kind(kind, map))
                .into();
            kinds.push(Kind::Bytes.into());
            kinds
        }
        _ => return Some(all),
    };
    meet_all(&all, &kinds)
}

/// The keywords of which nothing is known, with their values.
fn unknown_limits(map: &Map<String, Value>) -> BTreeSet<String> {
    let is_unknown = |keyword: &str| {
        !keyword.starts_with("x-")
            && !NO_LIMITS.contains(&keyword)
            && !UNDERSTOOD.contains(&keyword)
            && !OF_KINDS.iter().any(|(_, limits)| limits.contains(&keyword))
    };
    let unknown = map.iter().filter(|(keyword, _)| is_unknown(keyword));
    unknown.map(|(keyword, value)| format!("{keyword}: {value}")).collect()
}

fn of_kind(kind: &str, map: &Map<String, Value>) -> Form {
    let number = |keyword: &str| map.get(keyword).and_then(Value::as_u64);
    let group = if kind == "integer" { "number" } else { kind };
    let keywords = OF_KINDS.iter().find(|(of, _)| *of == group).map_or(&[][..], |(_, keywords)| keywords);
    let mut limits: BTreeSet<_> = keywords
        .iter()
        .filter(|keyword| BY_TEXT.contains(keyword) || (kind == "string" && **keyword == "format"))
        .filter_map(|keyword| Some(format!("{keyword}: {}", map.get(*keyword)?)))
        .collect();
    let kind = match kind {
        "null" => Kind::Null,
        "boolean" => Kind::Bool,
        "integer" | "number" => {
            let is_integer = kind == "integer";
            let (from, to) = range(map, is_integer);
            Kind::Number { is_integer, from, to }
        }
        "string" => Kind::String { from: number("minLength").unwrap_or(0), to: number("maxLength") },
        "array" => Kind::Array {
            items: map.get("items").cloned(),
            first: map.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default(),
            from: number("minItems").unwrap_or(0),
            to: number("maxItems"),
        },
        "object" => Kind::Object(object(map, &mut limits)),
        _ => Kind::Any,
    };
    Form { kind, limits }
}

/// The bounds of a number: those that are written, else those of its Rust type.
fn range(map: &Map<String, Value>, is_integer: bool) -> (Option<f64>, Option<f64>) {
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
    let next = |bound: f64| if is_integer { bound.floor() + 1.0 } else { bound.next_up() };
    let previous = |bound: f64| if is_integer { bound.ceil() - 1.0 } else { bound.next_down() };
    let above = written("exclusiveMinimum").map_or(f64::NEG_INFINITY, next);
    let below = written("exclusiveMaximum").map_or(f64::INFINITY, previous);
    let from = written("minimum").unwrap_or(f64::NEG_INFINITY).max(of_type.0).max(above);
    let to = written("maximum").unwrap_or(f64::INFINITY).min(of_type.1).min(below);
    (from.is_finite().then_some(from), to.is_finite().then_some(to))
}

fn object(map: &Map<String, Value>, limits: &mut BTreeSet<String>) -> Object {
    let properties = map.get("properties").and_then(Value::as_object).into_iter().flatten();
    let required =
        map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let closed = |keyword: &str| map.get(keyword) == Some(&Value::Bool(false));
    let is_closed = closed("additionalProperties") || closed("unevaluatedProperties");
    let patterns = map.get("patternProperties").and_then(Value::as_object);
    let others = match (
        patterns.map(|all| all.iter().collect::<Vec<_>>()).as_deref(),
        map.get("additionalProperties"),
    ) {
        (Some(&[(pattern, like)]), _) if is_closed => {
            Others::Like { names: BTreeSet::from([pattern.clone()]), schema: like.clone() }
        }
        (Some(several @ [_, ..]), _) => {
            limits.insert(format!("patternProperties: {several:?}"));
            Others::Like { names: BTreeSet::new(), schema: Value::Bool(true) }
        }
        (_, Some(like @ (Value::Object(_) | Value::Bool(true)))) => {
            Others::Like { names: BTreeSet::new(), schema: like.clone() }
        }
        _ if is_closed => Others::Refused,
        _ => Others::Ignored,
    };
    Object {
        properties: properties.map(|(name, schema)| (name.clone(), schema.clone())).collect(),
        required: required.map(str::to_owned).collect(),
        others,
    }
}

impl Kind {
    /// Returns false if a value cannot be of this kind. Its limits, other than those of numbers and of lengths, are not
    /// looked at.
    pub(super) fn may_have(&self, value: &Value) -> bool {
        match (value, self) {
            (_, Self::Any)
            | (Value::Null, Self::Null)
            | (Value::Bool(_), Self::Bool)
            | (Value::Array(_), Self::Array { .. })
            | (Value::Object(_), Self::Object(_)) => true,
            (Value::String(text), Self::String { from, to }) => {
                let length = text.chars().count() as u64;
                length >= *from && to.is_none_or(|to| length <= to)
            }
            (Value::Number(number), Self::Number { is_integer, from, to }) => {
                let value = number.as_f64().unwrap_or_default();
                (!is_integer || number.is_i64() || number.is_u64())
                    && from.is_none_or(|from| value >= from)
                    && to.is_none_or(|to| value <= to)
            }
            _ => false,
        }
    }
}

impl From<Kind> for Form {
    fn from(kind: Kind) -> Self {
        Self { kind, limits: BTreeSet::new() }
    }
}

impl Kind {
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
