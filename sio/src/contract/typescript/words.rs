//! Names, literals and comments in TypeScript.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::contract::names::{MAIN, unique};

/// Names of types that the module itself uses; what begins with `Sio` or `sio` is taken too.
const TAKEN: [&str; 21] = [
    "Array",
    "ArrayBuffer",
    "ArrayBufferView",
    "Blob",
    "Error",
    "Omit",
    "Parameters",
    "Promise",
    "ReturnType",
    "Uint8Array",
    "any",
    "bigint",
    "boolean",
    "isSioError",
    "never",
    "null",
    "number",
    "object",
    "string",
    "symbol",
    "undefined",
];

/// Words that name neither a type nor a parameter.
const RESERVED: [&str; 52] = [
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "unknown",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "async",
    "null",
];

/// Returns an identifier for each type.
pub(super) fn type_names<'a>(names: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    names
        .map(|rust| {
            let mut name = identifier(rust);
            let is_ours = TAKEN.contains(&name.as_str()) || name.starts_with("Sio");
            if is_ours || RESERVED.contains(&name.as_str()) {
                name.push('_');
            }
            (rust.clone(), unique(&name, &mut taken))
        })
        .collect()
}

/// Returns an identifier for each namespace, `Main` for `/` and for no other.
pub(super) fn namespace_names<'a>(paths: impl Iterator<Item = &'a String>) -> BTreeMap<String, String> {
    let main = "Main".to_owned();
    let mut taken = BTreeSet::from([main.clone()]);
    paths
        .map(|path| {
            if path == MAIN {
                return (path.clone(), main.clone());
            }
            let mut name = String::new();
            for part in path.split(|letter: char| !letter.is_alphanumeric()).filter(|part| !part.is_empty()) {
                let mut letters = part.chars();
                name.extend(letters.next().into_iter().flat_map(char::to_uppercase));
                name.push_str(letters.as_str());
            }
            if !name.starts_with(char::is_alphabetic) {
                name.insert(0, 'N');
            }
            (path.clone(), unique(&name, &mut taken))
        })
        .collect()
}

/// Returns the name of a parameter that none before it has.
pub(super) fn argument(name: &str, taken: &mut Vec<String>) -> String {
    let mut name = identifier(name);
    while RESERVED.contains(&name.as_str()) || taken.contains(&name) {
        name.push('_');
    }
    taken.push(name.clone());
    name
}

fn identifier(name: &str) -> String {
    let mut name: String =
        name.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    if !name.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        name.insert(0, '_');
    }
    name
}

/// Returns the name of a property, in quotes unless it is plain.
pub(super) fn key(name: &str) -> String {
    let is_first = |letter: char| letter.is_ascii_alphabetic() || letter == '_' || letter == '$';
    let is_plain =
        name.starts_with(is_first) && name.chars().all(|letter| is_first(letter) || letter.is_ascii_digit());
    if is_plain { name.to_owned() } else { quoted(name) }
}

pub(super) fn quoted(text: &str) -> String {
    // JSON leaves these as they are; in a script they were ends of lines for long.
    Value::String(text.to_owned()).to_string().replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

/// Writes a documentation comment.
pub(super) fn comment(out: &mut String, indent: &str, text: &str) {
    let text = text.replace("*/", "*\\/");
    let lines: Vec<_> = text.trim().lines().collect();
    match lines[..] {
        [] => {}
        [only] => out.push_str(&format!("{indent}/** {only} */\n")),
        _ => {
            out.push_str(&format!("{indent}/**\n"));
            for line in lines {
                out.push_str(format!("{indent} * {line}").trim_end());
                out.push('\n');
            }
            out.push_str(&format!("{indent} */\n"));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(
        of: fn(std::slice::Iter<'_, String>) -> BTreeMap<String, String>,
        names: &[&str],
    ) -> Vec<String> {
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let found = of(names.iter());
        names.iter().map(|name| found[name].clone()).collect()
    }

    #[test]
    fn namespaces_have_different_identifiers() {
        let paths = ["/", "/chat", "/a-b", "/a/b", "/org/{org}", "/1on1", "/main", "/root", "/чат", "/-"];
        let expected = ["Main", "Chat", "AB", "AB2", "OrgOrg", "N1on1", "Main2", "Root", "Чат", "N"];
        assert_eq!(names(|paths| namespace_names(paths), &paths), expected);
        // The name does not depend on which other namespaces there are.
        assert_eq!(names(|paths| namespace_names(paths), &["/main"]), ["Main2"]);
    }

    #[test]
    fn types_do_not_hide_what_the_module_uses() {
        let types = ["Message", "Promise", "SioError", "Page_of_A", "Vec<u8>", "Error", "default"];
        let expected = ["Message", "Promise_", "SioError_", "Page_of_A", "Vec_u8_", "Error_", "default_"];
        assert_eq!(names(|types| type_names(types), &types), expected);
    }

    #[test]
    fn no_two_parameters_have_one_name() {
        let mut taken = Vec::new();
        let names = ["ack", "ack", "new", "a-b"].map(|name| argument(name, &mut taken));
        assert_eq!(names, ["ack", "ack_", "new_", "a_b"]);
    }

    #[test]
    fn a_comment_cannot_end_itself() {
        let mut out = String::new();
        comment(&mut out, "", "a */ b");
        comment(&mut out, "  ", "one\n\ntwo");
        assert_eq!(out, "/** a *\\/ b */\n  /**\n   * one\n   *\n   * two\n   */\n");
    }
}
