//! Random schemas in the forms in which schemars writes types, and small changes to them.

use serde_json::{Map, Value, json};

use super::rng::Rng;

/// The names of the types that a schema can refer to. The first is an object; the second can contain itself.
const TYPES: [&str; 3] = ["Plain", "Tree", "Small"];

const INTEGERS: [&str; 6] = ["uint8", "int8", "uint16", "int32", "uint32", "int64"];

/// The patterns that `values` can write and check.
pub(super) const PATTERNS: [&str; 2] = ["^a*$", "^[ab]*$"];

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/types/{name}") })
}

/// Returns the types of a contract.
pub(super) fn types(rng: &mut Rng) -> Value {
    let small = match rng.below(3) {
        0 => integer(rng),
        1 => text(rng),
        _ => words(rng),
    };
    let mut tree = object(rng, 1);
    let children = json!({ "type": "array", "items": { "$ref": "#/types/Tree" } });
    tree["properties"]["children"] = children;
    json!({ "Plain": object(rng, 1), "Tree": tree, "Small": small })
}

/// Returns a schema, in which others are so many levels deep at most.
pub(super) fn schema(rng: &mut Rng, depth: usize) -> Value {
    if depth == 0 {
        return match rng.below(8) {
            0 => json!({ "type": "boolean" }),
            1 => json!({ "type": "null" }),
            2 => number(rng),
            3 | 4 => text(rng),
            5 => words(rng),
            _ => integer(rng),
        };
    }
    let depth = depth - 1;
    match rng.below(17) {
        0 => json!({ "type": "array", "items": schema(rng, depth) }),
        1 => limited_list(rng, depth),
        2 => tuple(rng, depth),
        3..=5 => object(rng, depth),
        6 => json!({ "type": "object", "additionalProperties": schema(rng, depth) }),
        7 => json!({
            "type": "object",
            "patternProperties": { r"^\d+$": schema(rng, depth) },
            "additionalProperties": false,
        }),
        8 => optional(rng, depth),
        9 => json!({ "oneOf": tagged(rng, depth) }),
        10 => external(rng, depth),
        11 => reference(rng.pick::<&str>(&TYPES)),
        12 => referring(rng),
        13 => flattened(rng, depth),
        14 => json!({ "anyOf": [schema(rng, depth), schema(rng, depth)] }),
        15 if rng.once_in(2) => json!({ "x-socketio-attachment": true }),
        15 => json!(true),
        _ => schema(rng, 0),
    }
}

fn integer(rng: &mut Rng) -> Value {
    let format = *rng.pick(&INTEGERS);
    let mut schema = json!({ "type": "integer", "format": format });
    // As schemars does it: the bounds of small ones are written, those of others are known by the format.
    match format {
        "uint8" => bounds(&mut schema, Some(0), Some(255)),
        "int8" => bounds(&mut schema, Some(-128), Some(127)),
        "uint16" => bounds(&mut schema, Some(0), Some(65_535)),
        "uint32" => bounds(&mut schema, Some(0), None),
        _ => {}
    }
    if rng.once_in(4) {
        limit_number(rng, &mut schema);
    }
    schema
}

fn bounds(schema: &mut Value, from: Option<i32>, to: Option<i32>) {
    for (keyword, bound) in [("minimum", from), ("maximum", to)] {
        if let Some(bound) = bound {
            schema[keyword] = bound.into();
        }
    }
}

fn number(rng: &mut Rng) -> Value {
    let mut schema = json!({ "type": "number", "format": "double" });
    if rng.once_in(3) {
        limit_number(rng, &mut schema);
    }
    schema
}

fn limit_number(rng: &mut Rng, schema: &mut Value) {
    let keyword = *rng.pick(&["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"]);
    let bound = if keyword.ends_with("inimum") { *rng.pick(&[0, 1, 5]) } else { *rng.pick(&[10, 11, 100]) };
    schema[keyword] = bound.into();
}

fn text(rng: &mut Rng) -> Value {
    let mut schema = json!({ "type": "string" });
    match rng.below(6) {
        0 => limit_text(rng, &mut schema),
        1 => schema["format"] = json!("uuid"),
        _ => {}
    }
    schema
}

fn limit_text(rng: &mut Rng, schema: &mut Value) {
    match rng.below(3) {
        0 => schema["minLength"] = json!(*rng.pick(&[1, 2])),
        1 => schema["maxLength"] = json!(*rng.pick(&[3, 4])),
        _ => schema["pattern"] = json!(*rng.pick(&PATTERNS)),
    }
}

fn words(rng: &mut Rng) -> Value {
    let words: Vec<_> = ["A", "B", "C"].into_iter().filter(|_| rng.once_in(2)).collect();
    let words = if words.is_empty() { vec!["A"] } else { words };
    if rng.once_in(2) {
        return json!({ "type": "string", "enum": words });
    }
    let each: Vec<_> = words.iter().map(|word| json!({ "type": "string", "const": word })).collect();
    json!({ "oneOf": each })
}

fn limited_list(rng: &mut Rng, depth: usize) -> Value {
    let mut list = json!({ "type": "array", "items": schema(rng, depth) });
    if rng.once_in(2) {
        list["minItems"] = json!(rng.below(2));
    }
    if rng.once_in(2) {
        list["maxItems"] = json!(2 + rng.below(2));
    }
    list
}

fn tuple(rng: &mut Rng, depth: usize) -> Value {
    let items: Vec<_> = (0..=rng.below(3)).map(|_| schema(rng, depth)).collect();
    json!({ "type": "array", "prefixItems": items, "minItems": items.len(), "maxItems": items.len() })
}

fn object(rng: &mut Rng, depth: usize) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for name in ["a", "b", "c"] {
        if rng.once_in(2) {
            properties.insert(name.to_owned(), schema(rng, depth));
            if rng.once_in(2) {
                required.push(name);
            }
        }
    }
    let mut object = json!({ "type": "object", "properties": properties });
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    if rng.once_in(5) {
        object["additionalProperties"] = json!(false);
    }
    object
}

fn optional(rng: &mut Rng, depth: usize) -> Value {
    let mut schema = schema(rng, depth);
    match schema.get("type").cloned() {
        Some(Value::String(kind)) if kind != "null" && !schema.as_object().is_some_and(has_words) => {
            schema["type"] = json!([kind, "null"]);
            schema
        }
        _ => json!({ "anyOf": [schema, { "type": "null" }] }),
    }
}

fn has_words(schema: &Map<String, Value>) -> bool {
    schema.contains_key("enum") || schema.contains_key("const")
}

/// The variants of an enum with a tag.
fn tagged(rng: &mut Rng, depth: usize) -> Vec<Value> {
    let variants = 1 + rng.below(3);
    let names = &["One", "Two", "Three"][..variants];
    let variant = |name: &&str| {
        let mut variant = object(rng, depth);
        variant["properties"]["t"] = json!({ "type": "string", "const": name });
        let mut required = variant["required"].as_array().cloned().unwrap_or_default();
        required.push(json!("t"));
        variant["required"] = json!(required);
        variant
    };
    names.iter().map(variant).collect()
}

/// An enum as serde writes one by default.
fn external(rng: &mut Rng, depth: usize) -> Value {
    let mut variants = vec![words(rng)];
    for name in ["New", "More"] {
        if rng.once_in(2) {
            variants.push(json!({
                "type": "object",
                "properties": { name: schema(rng, depth) },
                "required": [name],
                "additionalProperties": false,
            }));
        }
    }
    json!({ "oneOf": variants })
}

/// A reference with something beside it: the variant of an enum with a tag, or a limit.
fn referring(rng: &mut Rng) -> Value {
    if rng.once_in(2) {
        let tag = json!({ "type": "string", "const": *rng.pick(&["One", "Two"]) });
        let name = *rng.pick(&TYPES[..2]);
        return json!({
            "type": "object",
            "properties": { "t": tag },
            "required": ["t"],
            "$ref": format!("#/types/{name}"),
        });
    }
    let mut schema = reference("Small");
    if rng.once_in(2) {
        limit_number(rng, &mut schema);
    } else {
        limit_text(rng, &mut schema);
    }
    schema
}

/// A struct with a flattened enum, which may be missing.
fn flattened(rng: &mut Rng, depth: usize) -> Value {
    let mut outer = object(rng, depth);
    let is_closed = outer.as_object_mut().expect("an object").remove("additionalProperties").is_some();
    if is_closed {
        outer["unevaluatedProperties"] = json!(false);
    }
    outer["oneOf"] = json!(tagged(rng, depth));
    outer.as_object_mut().map(open_flattened);
    outer
}

/// A flattened enum does not refuse the members beside it.
fn open_flattened(map: &mut Map<String, Value>) {
    if map.contains_key("properties") {
        let variants = map.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten();
        for variant in variants.filter_map(Value::as_object_mut) {
            variant.remove("additionalProperties");
        }
    }
}

/// Changes a named type. It stays one of which values exist: it is not a reference to itself, however many steps that
/// takes.
pub(super) fn change_type(rng: &mut Rng, old: &Value) -> Value {
    let new = change(rng, old);
    if refers_at_once(&new) { old.clone() } else { new }
}

/// Returns true if a value of another type is a value of this one, as it is.
fn refers_at_once(schema: &Value) -> bool {
    let forms = ["oneOf", "anyOf"].into_iter().filter_map(|keyword| schema.get(keyword)?.as_array());
    schema.get("$ref").is_some() || forms.flatten().any(refers_at_once)
}

/// Changes something small, or something deeper in.
pub(super) fn change(rng: &mut Rng, old: &Value) -> Value {
    let Value::Object(map) = old else { return schema(rng, 1) };
    let mut new = map.clone();
    if rng.once_in(2) && change_within(rng, &mut new) {
        return Value::Object(new);
    }
    let kind = map.get("type").and_then(Value::as_str).unwrap_or_default();
    match (rng.below(6), kind) {
        (0, _) => return schema(rng, 1),
        (1, _) => return json!({ "anyOf": [old, { "type": "null" }] }),
        (2, _) if map.contains_key("oneOf") || map.contains_key("anyOf") => change_forms(rng, &mut new),
        (_, "object") => change_object(rng, &mut new),
        (_, "integer" | "number") if rng.once_in(2) => return integer(rng),
        (_, "integer" | "number") => with_value(&mut new, |schema| limit_number(rng, schema)),
        (_, "string") if has_words(map) => return words(rng),
        (_, "string") if rng.once_in(2) => return text(rng),
        (_, "string") => with_value(&mut new, |schema| limit_text(rng, schema)),
        (_, "array") => change_list(rng, &mut new),
        _ if map.contains_key("oneOf") => change_forms(rng, &mut new),
        _ if map.contains_key("$ref") => return referring(rng),
        _ => return schema(rng, 1),
    }
    Value::Object(new)
}

fn with_value(map: &mut Map<String, Value>, change: impl FnOnce(&mut Value)) {
    let mut schema = Value::Object(std::mem::take(map));
    change(&mut schema);
    if let Value::Object(changed) = schema {
        *map = changed;
    }
}

/// Changes one of the schemas in a schema; returns false if there is none.
fn change_within(rng: &mut Rng, map: &mut Map<String, Value>) -> bool {
    let mut inner: Vec<&mut Value> = Vec::new();
    for (keyword, value) in map.iter_mut() {
        match (&**keyword, value) {
            ("properties" | "patternProperties", Value::Object(members)) => {
                inner.extend(members.values_mut())
            }
            ("prefixItems" | "oneOf" | "anyOf", Value::Array(items)) => inner.extend(items),
            ("items" | "additionalProperties", value @ Value::Object(_)) => inner.push(value),
            _ => {}
        }
    }
    if inner.is_empty() {
        return false;
    }
    let number = rng.below(inner.len());
    *inner[number] = change(rng, inner[number]);
    open_flattened(map);
    true
}

fn change_forms(rng: &mut Rng, map: &mut Map<String, Value>) {
    let keyword = if map.contains_key("oneOf") { "oneOf" } else { "anyOf" };
    let Some(Value::Array(forms)) = map.get_mut(keyword) else { return };
    let number = rng.below(forms.len());
    match rng.below(3) {
        0 if forms.len() > 1 => drop(forms.remove(number)),
        1 => forms.rotate_left(number),
        _ => {
            let form = if keyword == "oneOf" { tagged(rng, 0).remove(0) } else { schema(rng, 1) };
            forms.push(form);
        }
    }
    open_flattened(map);
}

fn change_list(rng: &mut Rng, map: &mut Map<String, Value>) {
    if let Some(Value::Array(items)) = map.get_mut("prefixItems") {
        items.push(schema(rng, 0));
        let length = json!(items.len());
        map.insert("minItems".to_owned(), length.clone());
        map.insert("maxItems".to_owned(), length);
        return;
    }
    let keyword = *rng.pick(&["minItems", "maxItems"]);
    if map.remove(keyword).is_none() {
        map.insert(keyword.to_owned(), json!(1 + rng.below(2)));
    }
}

fn change_object(rng: &mut Rng, map: &mut Map<String, Value>) {
    let name = *rng.pick(&["a", "b", "c", "d"]);
    if let Some(Value::Object(properties)) = map.get_mut("properties") {
        match rng.below(4) {
            0 => drop(properties.remove(name)),
            1 => drop(properties.insert(name.to_owned(), schema(rng, 1))),
            _ => {}
        }
    }
    let is_known = map.get("properties").is_some_and(|properties| properties.get(name).is_some());
    let mut required = map.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let before = required.len();
    required.retain(|one| one != name);
    if is_known && before == required.len() && rng.once_in(2) {
        required.push(json!(name));
    }
    map.insert("required".to_owned(), json!(required));
    if rng.once_in(4) {
        // As schemars does it: the second one counts the members of parts, too.
        let has_parts = map.contains_key("$ref") || map.contains_key("oneOf");
        let keyword = if has_parts { "unevaluatedProperties" } else { "additionalProperties" };
        match map.get(keyword) {
            Some(Value::Bool(false)) => drop(map.remove(keyword)),
            None => drop(map.insert(keyword.to_owned(), json!(false))),
            Some(_) => {}
        }
    }
}
