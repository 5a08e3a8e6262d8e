//! Values of a schema, and the question if a value is of one: the oracle of `contract::diff`.
//!
//! It reads a schema as serde reads the type that it describes: of `oneOf` one is enough, and a format bounds a number.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::rng::Rng;
use super::schemas::PATTERNS;

const ATTACHMENT: &str = "x-socketio-attachment";

/// The value that stands for bytes.
fn bytes() -> Value {
    json!({ "\u{0}": "bytes" })
}

/// How deep values are at most.
const DEPTH: usize = 8;

const UUID: &str = "67e55044-10b1-426f-9247-bb680e5fe0c8";

/// The types that schemas refer to.
#[derive(Clone, Copy)]
pub(super) struct Types<'a>(pub(super) &'a Value);

impl<'a> Types<'a> {
    fn of(self, map: &Map<String, Value>) -> Option<&'a Value> {
        let name = map.get("$ref")?.as_str()?.strip_prefix("#/types/")?;
        self.0.get(name)
    }

    /// Returns true if a value is of a schema.
    pub(super) fn is_valid(self, value: &Value, schema: &Value) -> bool {
        let map = match schema {
            Value::Bool(all) => return *all,
            Value::Object(map) => map,
            _ => return false,
        };
        if map.contains_key(ATTACHMENT) {
            return *value == bytes();
        }
        let each = |keyword: &str| map.get(keyword).and_then(Value::as_array);
        self.of(map).is_none_or(|target| self.is_valid(&self.without_tag(value, map, target), target))
            && ["oneOf", "anyOf"].into_iter().all(|keyword| {
                each(keyword).is_none_or(|some| some.iter().any(|one| self.is_valid(value, one)))
            })
            && map.get("const").is_none_or(|only| only == value)
            && each("enum").is_none_or(|some| some.contains(value))
            && map.get("type").is_none_or(|kind| is_of_kind(value, kind))
            && is_within(value, map)
            && self.has_valid_parts(value, map)
    }

    /// A variant of an enum is read without the tag, so its type does not refuse it.
    fn without_tag<'v>(self, value: &'v Value, map: &Map<String, Value>, target: &Value) -> Cow<'v, Value> {
        let (Value::Object(members), Some(Value::Object(own))) = (value, map.get("properties")) else {
            return Cow::Borrowed(value);
        };
        let known = target.as_object().map(|target| self.evaluated(value, target)).unwrap_or_default();
        let mut members = members.clone();
        members.retain(|name, _| known.contains(name) || !own.contains_key(name));
        Cow::Owned(Value::Object(members))
    }

    fn has_valid_parts(self, value: &Value, map: &Map<String, Value>) -> bool {
        match value {
            Value::Array(items) => {
                let first = map.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let length = |keyword: &str| map.get(keyword).and_then(Value::as_u64);
                let count = items.len() as u64;
                length("minItems").is_none_or(|least| count >= least)
                    && length("maxItems").is_none_or(|most| count <= most)
                    && items.iter().enumerate().all(|(number, item)| {
                        let schema = first.get(number).or_else(|| map.get("items"));
                        schema.is_none_or(|schema| self.is_valid(item, schema))
                    })
            }
            Value::Object(members) if *value != bytes() => {
                let required = map.get("required").and_then(Value::as_array).into_iter().flatten();
                required.filter_map(Value::as_str).all(|name| members.contains_key(name))
                    && members.iter().all(|(name, member)| self.is_valid_member(name, member, map))
                    && (map.get("unevaluatedProperties") != Some(&Value::Bool(false)) || {
                        let known = self.evaluated(value, map);
                        members.keys().all(|name| known.contains(name))
                    })
            }
            _ => true,
        }
    }

    fn is_valid_member(self, name: &str, member: &Value, map: &Map<String, Value>) -> bool {
        let is_number = !name.is_empty() && name.chars().all(|digit| digit.is_ascii_digit());
        let listed = map.get("properties").and_then(|all| all.get(name));
        let pattern = map.get("patternProperties").and_then(|all| all.get(r"^\d+$")).filter(|_| is_number);
        match listed.or(pattern).or_else(|| map.get("additionalProperties")) {
            Some(schema) => self.is_valid(member, schema),
            None => true,
        }
    }

    /// The members that a schema or one of its parts names.
    fn evaluated(self, value: &Value, map: &Map<String, Value>) -> BTreeSet<String> {
        let own = map.get("properties").and_then(Value::as_object).into_iter().flatten();
        let mut names: BTreeSet<_> = own.map(|(name, _)| name.clone()).collect();
        let forms = ["oneOf", "anyOf"].into_iter().filter_map(|keyword| map.get(keyword)?.as_array());
        let forms = forms.flatten().filter(|form| self.is_valid(value, form));
        for part in forms.chain(self.of(map)).filter_map(Value::as_object) {
            names.extend(self.evaluated(value, part));
        }
        names
    }

    /// Returns a value as a writer of a schema writes it: without members that the schema does not name. `None` if none
    /// is found.
    pub(super) fn value(self, rng: &mut Rng, schema: &Value) -> Option<Value> {
        (0..4).find_map(|_| self.part(rng, schema, DEPTH).filter(|value| self.is_valid(value, schema)))
    }

    /// Returns a part of a value. One that has parts itself is tried once, so that the effort does not multiply.
    fn part(self, rng: &mut Rng, schema: &Value, depth: usize) -> Option<Value> {
        if has_parts(schema) {
            return self.attempt(rng, schema, depth);
        }
        (0..8).find_map(|_| self.attempt(rng, schema, depth).filter(|value| self.is_valid(value, schema)))
    }

    fn attempt(self, rng: &mut Rng, schema: &Value, depth: usize) -> Option<Value> {
        let map = match schema {
            Value::Object(map) => map,
            Value::Bool(true) => return Some(anything(rng)),
            _ => return None,
        };
        let depth = depth.checked_sub(1)?;
        if map.contains_key(ATTACHMENT) {
            return Some(bytes());
        }
        if let Some(only) = map.get("const") {
            return Some(only.clone());
        }
        if let Some(Value::Array(some)) = map.get("enum") {
            return Some(rng.pick(some).clone());
        }
        let mut parts = Vec::new();
        if let Some(target) = self.of(map) {
            parts.push(self.part(rng, target, depth)?);
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(some)) = map.get(keyword) {
                let form = rng.below(some.len());
                parts.push(self.part(rng, &some[form], depth)?);
            }
        }
        let kind = match map.get("type") {
            Some(Value::Array(kinds)) => rng.pick(kinds).as_str(),
            kind => kind.and_then(Value::as_str),
        };
        if let Some(kind) = kind {
            parts.push(self.of_kind(rng, kind, map, depth)?);
        }
        let mut parts = parts.into_iter();
        let first = parts.next()?;
        Some(parts.fold(first, |whole, part| match (whole, part) {
            (Value::Object(mut all), Value::Object(more)) => {
                all.extend(more);
                Value::Object(all)
            }
            (_, part) => part,
        }))
    }

    fn of_kind(self, rng: &mut Rng, kind: &str, map: &Map<String, Value>, depth: usize) -> Option<Value> {
        Some(match kind {
            "null" => Value::Null,
            "boolean" => Value::Bool(rng.once_in(2)),
            "integer" => json!(*rng.pick(&EDGES)),
            "number" if rng.once_in(2) => json!(*rng.pick(&EDGES)),
            "number" => json!(*rng.pick(&[0.5, -0.5, 5.5, 10.5, 1e300])),
            "string" => json!(*rng.pick(&["", "a", "aa", "b", "ab", "abba", "aaaaa", "A", "B", "D", UUID])),
            "array" => {
                let first = map.get("prefixItems").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
                let count = if first.is_empty() { rng.below(5) } else { first.len() };
                let anything = Value::Bool(true);
                let schemas = (0..count).map(|number| first.get(number).or_else(|| map.get("items")));
                let items = schemas.map(|schema| self.part(rng, schema.unwrap_or(&anything), depth));
                Value::Array(items.collect::<Option<_>>()?)
            }
            _ => Value::Object(self.members(rng, map, depth)?),
        })
    }

    fn members(self, rng: &mut Rng, map: &Map<String, Value>, depth: usize) -> Option<Map<String, Value>> {
        let mut members = Map::new();
        let required = map.get("required").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (name, schema) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
            let is_required = required.iter().any(|one| one == name);
            if is_required || rng.once_in(2) {
                match self.part(rng, schema, depth) {
                    Some(value) => drop(members.insert(name.clone(), value)),
                    None if is_required => return None,
                    None => {}
                }
            }
        }
        let pattern = map.get("patternProperties").and_then(|all| all.get(r"^\d+$"));
        let others = map.get("additionalProperties").filter(|schema| !schema.is_boolean());
        for (names, schema) in [(["7", "12"], pattern), (["a", "x"], others)] {
            for name in names {
                let is_new = !members.contains_key(name);
                if let Some(schema) = schema.filter(|_| is_new && rng.once_in(2)) {
                    members.extend(self.part(rng, schema, depth).map(|value| (name.to_owned(), value)));
                }
            }
        }
        Some(members)
    }
}

/// Numbers at the ends of the types and of the limits that occur, and beyond.
const EDGES: [i64; 21] = [
    0,
    1,
    2,
    5,
    9,
    10,
    11,
    100,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    -1,
    -128,
    -129,
    2_147_483_647,
    2_147_483_648,
    4_294_967_296,
    i64::MIN,
];

fn anything(rng: &mut Rng) -> Value {
    rng.pick(&[
        json!(null),
        json!(true),
        json!(-1),
        json!(0.5),
        json!("a"),
        json!([]),
        json!({ "a": 1 }),
        bytes(),
    ])
    .clone()
}

/// Returns true if there are schemas in a schema.
fn has_parts(schema: &Value) -> bool {
    [
        "$ref",
        "oneOf",
        "anyOf",
        "items",
        "prefixItems",
        "properties",
        "patternProperties",
        "additionalProperties",
    ]
    .into_iter()
    .any(|keyword| schema.get(keyword).is_some())
}

fn is_of_kind(value: &Value, kind: &Value) -> bool {
    if let Value::Array(kinds) = kind {
        return kinds.iter().any(|kind| is_of_kind(value, kind));
    }
    match (value, kind.as_str().unwrap_or_default()) {
        (Value::Null, "null")
        | (Value::Bool(_), "boolean")
        | (Value::String(_), "string")
        | (Value::Array(_), "array")
        | (Value::Number(_), "number") => true,
        (Value::Number(number), "integer") => number.is_i64() || number.is_u64(),
        (Value::Object(_), "object") => *value != bytes(),
        _ => false,
    }
}

/// Returns true if a number or a text keeps its limits.
fn is_within(value: &Value, map: &Map<String, Value>) -> bool {
    let limit = |keyword: &str| map.get(keyword).and_then(Value::as_f64);
    match value {
        Value::Number(number) => {
            let number = number.as_f64().unwrap_or_default();
            let (from, to) = match map.get("format").and_then(Value::as_str).unwrap_or_default() {
                "uint8" => (0.0, f64::from(u8::MAX)),
                "int8" => (f64::from(i8::MIN), f64::from(i8::MAX)),
                "uint16" => (0.0, f64::from(u16::MAX)),
                "uint32" => (0.0, f64::from(u32::MAX)),
                "int32" => (f64::from(i32::MIN), f64::from(i32::MAX)),
                _ => (f64::NEG_INFINITY, f64::INFINITY),
            };
            number >= from
                && number <= to
                && limit("minimum").is_none_or(|least| number >= least)
                && limit("maximum").is_none_or(|most| number <= most)
                && limit("exclusiveMinimum").is_none_or(|least| number > least)
                && limit("exclusiveMaximum").is_none_or(|most| number < most)
        }
        Value::String(text) => {
            let count = text.chars().count() as f64;
            let is_like = |pattern: &str| {
                let letters = if pattern == PATTERNS[0] { "a" } else { "ab" };
                text.chars().all(|letter| letters.contains(letter))
            };
            limit("minLength").is_none_or(|least| count >= least)
                && limit("maxLength").is_none_or(|most| count <= most)
                && map.get("pattern").and_then(Value::as_str).is_none_or(is_like)
                && (map.get("format") != Some(&json!("uuid")) || text == UUID)
        }
        _ => true,
    }
}
