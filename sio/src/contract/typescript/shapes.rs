//! JSON Schemas as TypeScript types.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::words::{comment, key, quoted};
use crate::contract::model::{Way, Ways};
use crate::contract::schema::{ATTACHMENT, is_large_integer, reference};

/// Writes types, at a depth of indentation.
pub(super) struct Writer<'a> {
    names: &'a BTreeMap<String, String>,
    ways: Ways,
    depth: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(names: &'a BTreeMap<String, String>, ways: Ways, depth: usize) -> Self {
        Self { names, ways, depth }
    }

    fn deeper(&self) -> Self {
        Self { depth: self.depth + 1, ..*self }
    }

    /// Returns the type of a schema's values.
    pub(super) fn shape(&self, schema: &Value) -> String {
        let map = match schema {
            Value::Bool(false) => return "never".to_owned(),
            Value::Object(map) => map,
            _ => return "unknown".to_owned(),
        };
        if map.contains_key(ATTACHMENT) {
            return match self.ways {
                Ways::One(Way::ToServer) => "SioBytesToSend",
                Ways::One(Way::ToClient) => "SioBytes",
                Ways::Both => "SioBytes | SioBytesToSend",
            }
            .to_owned();
        }
        if let Some(value) = map.get("const") {
            return literal(value);
        }
        if let Some(Value::Array(values)) = map.get("enum") {
            return union(values.iter().map(literal));
        }
        if map.get("not") == Some(&Value::Object(Map::new())) || map.get("not") == Some(&Value::Bool(true)) {
            return "never".to_owned();
        }
        // Everything that a value must be at once.
        let mut parts = Vec::new();
        if let Some(name) = reference(map) {
            parts.push(self.names.get(name).cloned().unwrap_or_else(|| "unknown".to_owned()));
        }
        for keyword in ["oneOf", "anyOf"] {
            if let Some(Value::Array(forms)) = map.get(keyword) {
                parts.push(union(forms.iter().map(|form| self.form(form))));
            }
        }
        if let Some(Value::Array(all)) = map.get("allOf") {
            parts.extend(all.iter().map(|one| self.form(one)));
        }
        let has_members = ["properties", "additionalProperties", "patternProperties", "required"]
            .iter()
            .any(|keyword| map.contains_key(*keyword));
        match map.get("type") {
            Some(Value::String(kind)) if parts.is_empty() || (kind == "object" && has_members) => {
                parts.push(self.of_kind(kind, map));
            }
            Some(Value::Array(kinds)) if parts.is_empty() => {
                parts.push(union(kinds.iter().filter_map(Value::as_str).map(|kind| self.of_kind(kind, map))));
            }
            None if has_members => parts.push(self.object(map)),
            _ => {}
        }
        // A part that comes twice is written once.
        let mut seen: Vec<String> = Vec::new();
        parts.into_iter().filter(|part| part != "unknown").for_each(|part| {
            if !seen.contains(&part) {
                seen.push(part);
            }
        });
        match &seen[..] {
            [] => "unknown".to_owned(),
            [only] => only.clone(),
            several => several.iter().map(|part| grouped(part, is_union)).collect::<Vec<_>>().join(" & "),
        }
    }

    /// One of several forms. An empty schema stands for none of the others: a flattened `Option`.
    fn form(&self, schema: &Value) -> String {
        match schema {
            Value::Object(map) if map.is_empty() => "{}".to_owned(),
            schema => self.shape(schema),
        }
    }

    fn of_kind(&self, kind: &str, map: &Map<String, Value>) -> String {
        match kind {
            "integer" | "number" => "number".to_owned(),
            "null" | "boolean" | "string" => kind.to_owned(),
            "array" => self.array(map),
            "object" => self.object(map),
            _ => "unknown".to_owned(),
        }
    }

    fn array(&self, map: &Map<String, Value>) -> String {
        if let Some(Value::Array(items)) = map.get("prefixItems") {
            let mut items: Vec<_> = items.iter().map(|item| self.shape(item)).collect();
            let least = map.get("minItems").and_then(Value::as_u64).unwrap_or_default();
            for (place, item) in (0..).zip(&mut items) {
                if place >= least {
                    *item = format!("({item})?");
                }
            }
            return format!("[{}]", items.join(", "));
        }
        let item = map.get("items").map_or_else(|| "unknown".to_owned(), |items| self.shape(items));
        format!("{}[]", grouped(&item, |item| is_union(item) || has_outside(item, '&')))
    }

    fn object(&self, map: &Map<String, Value>) -> String {
        let empty = Map::new();
        let members = |keyword: &str| map.get(keyword).and_then(Value::as_object).unwrap_or(&empty);
        let properties = members("properties");
        let required = map.get("required").and_then(Value::as_array);
        let is_required = |name: &str| required.is_some_and(|all| all.iter().any(|one| one == name));
        let mut others: Vec<_> =
            members("patternProperties").values().map(|one| self.deeper().shape(one)).collect();
        match map.get("additionalProperties") {
            Some(schema @ Value::Object(_)) => others.push(self.deeper().shape(schema)),
            Some(Value::Bool(true)) => others.push("unknown".to_owned()),
            _ => {}
        }
        let is_closed = map.get("additionalProperties") == Some(&Value::Bool(false));
        if properties.is_empty() {
            let missing = required.into_iter().flatten().filter_map(Value::as_str);
            let missing: Vec<_> = missing.map(|name| format!("{}: unknown", key(name))).collect();
            if !missing.is_empty() {
                return format!("{{ {} }}", missing.join("; "));
            }
            return match (others.is_empty(), is_closed) {
                (false, _) => format!("{{ [key: string]: {} }}", union(others.into_iter())),
                (true, true) => "{ [key: string]: never }".to_owned(),
                (true, false) => "{ [key: string]: unknown }".to_owned(),
            };
        }
        let indent = "  ".repeat(self.depth + 1);
        let mut out = "{\n".to_owned();
        for (name, schema) in properties {
            comment(&mut out, &indent, &docs(schema));
            let mark = if is_required(name) { "" } else { "?" };
            out.push_str(&format!("{indent}{}{mark}: {};\n", key(name), self.deeper().shape(schema)));
        }
        out.push_str(&"  ".repeat(self.depth));
        out.push('}');
        if !others.is_empty() {
            // The values of an index signature would have to fit every property.
            out.push_str(" & { [key: string]: unknown }");
        }
        out
    }
}

/// Returns the text for a schema's comment: what the user wrote, and what the type cannot say.
pub(super) fn docs(schema: &Value) -> String {
    let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
    let mut docs = text("description").unwrap_or_default().to_owned();
    let is_text = schema
        .get("type")
        .is_some_and(|kind| kind == "string" || *kind == serde_json::json!(["string", "null"]));
    let format = text("format").filter(|format| is_text || is_large_integer(format));
    let mut add = |words: &str| {
        if !docs.is_empty() {
            docs.push('\n');
        }
        docs.push_str(words);
    };
    if let Some(format) = format {
        add(&format!("Format: `{format}`."));
    }
    if let Some(value) = schema.get("default").filter(|value| !value.is_null()) {
        add(&format!("@default {value}"));
    }
    if schema.get("deprecated") == Some(&Value::Bool(true)) {
        add("@deprecated");
    }
    docs
}

fn union(forms: impl Iterator<Item = String>) -> String {
    let mut seen: Vec<String> = Vec::new();
    forms.for_each(|form| {
        if !seen.contains(&form) {
            seen.push(form);
        }
    });
    if seen.iter().any(|form| form == "unknown") {
        return "unknown".to_owned();
    }
    if seen.len() > 1 {
        seen.retain(|form| form != "never");
    }
    if seen.is_empty() { "never".to_owned() } else { seen.join(" | ") }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Vec<_>>().join(", ")),
        Value::Object(map) => {
            let members: Vec<_> =
                map.iter().map(|(name, value)| format!("{}: {}", key(name), literal(value))).collect();
            format!("{{ {} }}", members.join("; "))
        }
        other => other.to_string(),
    }
}

/// In parentheses where `needs` them.
fn grouped(shape: &str, needs: impl Fn(&str) -> bool) -> String {
    if needs(shape) { format!("({shape})") } else { shape.to_owned() }
}

fn is_union(shape: &str) -> bool {
    has_outside(shape, '|')
}

/// Returns whether there is a sign outside of all brackets, quotes and comments.
fn has_outside(shape: &str, sign: char) -> bool {
    let mut depth = 0_i32;
    let mut rest = shape;
    while let Some(letter) = rest.chars().next() {
        let length = match letter {
            '"' => quoted_length(rest),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            _ => letter.len_utf8(),
        };
        match letter {
            '{' | '[' | '(' | '<' => depth += 1,
            '}' | ']' | ')' | '>' => depth -= 1,
            _ if letter == sign && depth == 0 => return true,
            _ => {}
        }
        rest = &rest[length..];
    }
    false
}

/// The length of the quoted text with which `text` begins.
fn quoted_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (place, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return place + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::{is_union, union};

    #[test]
    fn only_a_bar_outside_of_everything_makes_a_union() {
        for (shape, expected) in [
            ("A | B", true),
            ("(A | B)[]", false),
            ("{ a: A | B }", false),
            (r#""a | \" b""#, false),
            ("{\n  /** a } | b */\n  a: B;\n}", false),
            (r#""}" | A"#, true),
        ] {
            assert_eq!(is_union(shape), expected, "{shape}");
        }
    }

    #[test]
    fn a_union_says_nothing_twice() {
        let union = |forms: &[&str]| union(forms.iter().map(|&form| form.to_owned()));
        assert_eq!(union(&["A", "null", "A"]), "A | null");
        assert_eq!(union(&["A", "unknown"]), "unknown");
        assert_eq!(union(&["A", "never"]), "A");
        assert_eq!(union(&[]), "never");
    }
}
