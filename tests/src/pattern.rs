//! Patterns for packets: text with holes.
//!
//! ```text
//! pattern  = text without any "…"          compared literally, byte for byte
//!          | head json                     head compared as a glob, json by structure
//! "…"      in the head or in a string      any run of characters
//!          in the place of a JSON value    any one value
//!          as the last member of an object any further members
//!          as the last element of a list,
//!            after a comma                 exactly one further value
//! ```
//!
//! `40/chat,{"sid":…}` is a CONNECT whose payload has the key `sid` and no other;
//! `431[{"status":"error","code":"internal",…}]` an error answer whatever else it says.

use serde_json::Value;

/// The hole.
pub const ANY: char = '…';

/// Stands in the parsed pattern for “any value”; a private-use character that no test sends.
const ANY_VALUE: &str = "\u{e000}any value";

/// Stands in the parsed pattern for “any further members”.
const MORE_MEMBERS: &str = "\u{e000}more members";

/// Whether `text` is what `pattern` describes.
///
/// # Panics
///
/// When the pattern itself is not JSON once its holes are filled: a mistake in the test.
pub fn matches(pattern: &str, text: &str) -> bool {
    if !pattern.contains(ANY) {
        return pattern == text;
    }
    let (head, json) = split(pattern);
    let (text_head, text_json) = split(text);
    if !glob(head, text_head) {
        return false;
    }
    if json.is_empty() {
        return text_json.is_empty();
    }
    let pattern: Value = match serde_json::from_str(&fill(json)) {
        Ok(value) => value,
        Err(error) => panic!("the pattern `{json}` is no JSON with holes: {error}"),
    };
    serde_json::from_str(text_json).is_ok_and(|value| value_matches(&pattern, &value))
}

/// The JSON that a packet ends with, `null` when there is none.
///
/// # Panics
///
/// When what follows the head is not JSON.
pub fn json(text: &str) -> Value {
    let (_, json) = split(text);
    if json.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(json).unwrap_or_else(|error| panic!("`{text}` does not end in JSON: {error}"))
}

/// A packet's head (types, attachments, namespace, id) and its JSON.
fn split(packet: &str) -> (&str, &str) {
    packet.split_at(packet.find(['[', '{']).unwrap_or(packet.len()))
}

/// Makes JSON of a pattern: its holes become strings that [`value_matches`] knows.
fn fill(pattern: &str) -> String {
    let mut filled = String::with_capacity(pattern.len() + 32);
    let mut open = Vec::new();
    let mut in_string = false;
    let mut escaped = false;
    let mut expects_key = false;
    for character in pattern.chars() {
        if in_string {
            in_string = escaped || character != '"';
            escaped = !escaped && character == '\\';
            filled.push(character);
            continue;
        }
        match character {
            ANY if expects_key => filled.push_str(&format!("\"{MORE_MEMBERS}\":null")),
            ANY => filled.push_str(&format!("\"{ANY_VALUE}\"")),
            other => filled.push(other),
        }
        match character {
            '"' => (in_string, expects_key) = (true, false),
            '{' | '[' => {
                open.push(character);
                expects_key = character == '{';
            }
            '}' | ']' => {
                open.pop();
                expects_key = false;
            }
            ',' => expects_key = open.last() == Some(&'{'),
            _ => {}
        }
    }
    filled
}

fn value_matches(pattern: &Value, value: &Value) -> bool {
    match (pattern, value) {
        (Value::String(hole), _) if hole == ANY_VALUE => true,
        (Value::String(pattern), Value::String(text)) => glob(pattern, text),
        (Value::Array(patterns), Value::Array(values)) => {
            patterns.len() == values.len() && patterns.iter().zip(values).all(|(p, v)| value_matches(p, v))
        }
        (Value::Object(patterns), Value::Object(values)) => {
            let named = patterns.iter().filter(|(key, _)| key.as_str() != MORE_MEMBERS);
            let is_open = patterns.contains_key(MORE_MEMBERS);
            (is_open || patterns.len() == values.len())
                && named.into_iter().all(|(key, p)| values.get(key).is_some_and(|v| value_matches(p, v)))
        }
        (pattern, value) => pattern == value,
    }
}

/// Whether `text` is `pattern` with every `…` replaced by some text.
pub fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, rest)) = pattern.split_once(ANY) else { return pattern == text };
    let Some(mut text) = text.strip_prefix(first) else { return false };
    let mut pieces = rest.split(ANY).peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return text.ends_with(piece);
        }
        let Some(at) = text.find(piece) else { return false };
        text = &text[at + piece.len()..];
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_without_holes_is_literal() {
        assert!(matches(r#"42["a",1]"#, r#"42["a",1]"#));
        assert!(!matches(r#"42["a",1]"#, r#"42["a", 1]"#));
    }

    #[test]
    fn a_hole_stands_for_one_value() {
        assert!(matches(r#"40/chat,{"sid":…}"#, r#"40/chat,{"sid":"abc"}"#));
        assert!(!matches(r#"40/chat,{"sid":…}"#, r#"40/chat,{"sid":"abc","pid":"x"}"#));
        assert!(!matches(r#"40/chat,{"sid":…}"#, r#"40/chat,{}"#));
        assert!(!matches(r#"40/chat,{"sid":…}"#, r#"40/other,{"sid":"abc"}"#));
        assert!(matches(r#"431[…,2]"#, r#"431[{"deep":[1]},2]"#));
        assert!(!matches(r#"431[…,2]"#, r#"431[1,1,2]"#));
    }

    #[test]
    fn a_hole_as_the_last_member_stands_for_any_others() {
        assert!(matches(r#"431[{"code":"x",…}]"#, r#"431[{"status":"error","code":"x","message":"m"}]"#));
        assert!(matches(r#"431[{"code":"x",…}]"#, r#"431[{"code":"x"}]"#));
        assert!(!matches(r#"431[{"code":"x",…}]"#, r#"431[{"code":"y","message":"m"}]"#));
    }

    #[test]
    fn a_hole_in_a_string_or_the_head_is_a_glob() {
        assert!(matches(
            r#"431[{"message":"argument 0…","index":0}]"#,
            r#"431[{"index":0,"message":"argument 0: x"}]"#
        ));
        assert!(matches(r#"42/chat,…["please"]"#, r#"42/chat,17["please"]"#));
        assert!(!matches(r#"42/chat,…["please"]"#, r#"42/other,17["please"]"#));
    }

    #[test]
    fn json_of_a_packet_follows_its_head() {
        assert_eq!(json(r#"42/chat,7["a",{"b":1}]"#), serde_json::json!(["a", {"b": 1}]));
        assert_eq!(json("41/chat,"), Value::Null);
    }
}
