//! The stand-in for an attachment inside JSON text (Socket.IO protocol v5, "packet encoding"):
//!
//! ```text
//! placeholder := { "_placeholder": true, "num": index }        members in either order, nothing else
//! ```
//!
//! An object whose `_placeholder` is anything but `true` is plain data. One whose `_placeholder` is `true` but whose
//! index is missing, or which has other members, stands for no attachment; the packet is then not valid. That no
//! client writes extra members lets this look at an object's beginning only, so it costs the same however large and
//! deep the object is.

use super::json::{Malformed, Reader};

/// The member that marks a placeholder.
const MARK: &str = "_placeholder";
/// The member that holds the attachment's index.
const INDEX: &str = "num";

/// The meaning of an object that is marked as a placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placeholder {
    /// The attachment of that index; the object ends at `end`.
    Attachment { index: usize, end: usize },
    /// No attachment at all: the index is missing or is none.
    Illegal,
}

/// Looks at the object that `reader` stands before: `None` if it is plain data.
pub(crate) fn placeholder(reader: Reader<'_>) -> Option<Placeholder> {
    if let Ok((index, after)) = index_member(reader, b'{') {
        let after = marking_member(after, b',').ok()?;
        Some(end(after, index))
    } else {
        let after = marking_member(reader, b'{').ok()?;
        Some(index_member(after, b',').map_or(Placeholder::Illegal, |(index, after)| end(after, index)))
    }
}

/// How many objects in this JSON a client may take for a placeholder: those with a member of that name which is neither
/// `false` nor `null`. Clients do not agree: JavaScript's wants `true` and looks at no other member, Python's any
/// truth and a `num`, others take a text or a number for true.
pub(crate) fn count_placeholders(json: &[u8]) -> usize {
    let Ok(text) = std::str::from_utf8(json) else { return 0 };
    let (mut reader, mut count) = (Reader::new(text, 0), 0);
    while let Some(byte) = reader.peek() {
        if byte != b'"' {
            reader.advance();
            continue;
        }
        let mut name = reader;
        if reader.raw_string().is_err() {
            break;
        }
        if reader.peek() == Some(b':') {
            reader.advance();
            let is_mark = name.string().is_ok_and(|name| name == MARK);
            count += usize::from(is_mark && !matches!(reader.peek(), Some(b'f' | b'n')));
        }
    }
    count
}

/// Returns whether the placeholders in this JSON are [marked](marked_placeholder). It looks for that of the first
/// attachment; inside a string the quotes would be escaped.
#[cfg(feature = "msgpack")]
pub(crate) fn has_marked_placeholders(json: &str) -> bool {
    json.contains("{\"_placeholder\":true,\"num\":0 }")
}

/// The attachment that the object stands for which `reader` stands before, if it is a marked placeholder: with a space
/// before its end, as in no JSON that this crate writes otherwise. Then an application's objects are told from it.
#[cfg(feature = "msgpack")]
pub(crate) fn marked_placeholder(reader: Reader<'_>) -> Option<(usize, Reader<'_>)> {
    let rest = reader.rest().strip_prefix("{\"_placeholder\":true,\"num\":")?;
    // No further than the digits: an object that only looks like one must not cost a search of all that follows.
    let (index, after) = rest.split_at(rest.bytes().take_while(u8::is_ascii_digit).count());
    let after = after.strip_prefix(" }")?;
    let end = reader.position() + (reader.rest().len() - after.len());
    Some((index.parse().ok()?, reader.moved_to(end)))
}

/// `"_placeholder": true` after `before`.
fn marking_member<'a>(mut reader: Reader<'a>, before: u8) -> Result<Reader<'a>, Malformed> {
    name(&mut reader, before, MARK)?;
    reader.word("true")?;
    Ok(reader)
}

/// `"num": index` after `before`.
fn index_member<'a>(mut reader: Reader<'a>, before: u8) -> Result<(usize, Reader<'a>), Malformed> {
    name(&mut reader, before, INDEX)?;
    reader.peek();
    let (number, _) = reader.number_text()?;
    Ok((number.parse().map_err(|_| Malformed)?, reader))
}

fn name(reader: &mut Reader<'_>, before: u8, expected: &str) -> Result<(), Malformed> {
    reader.expect(before)?;
    if reader.string()? == expected { reader.expect(b':') } else { Err(Malformed) }
}

fn end(mut reader: Reader<'_>, index: usize) -> Placeholder {
    match reader.expect(b'}') {
        Ok(()) => Placeholder::Attachment { index, end: reader.position() },
        Err(Malformed) => Placeholder::Illegal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(text: &str) -> Option<Placeholder> {
        placeholder(Reader::new(text, 0))
    }

    #[test]
    fn whatever_a_client_may_take_for_a_placeholder_counts() {
        for (count, json) in [
            (1, r#"[{"_placeholder":true,"num":0}]"#),
            (2, r#"[{"_placeholder":true,"num":0},{"a":[{"num":99,"b":{},"_placeholder":true}]}]"#),
            (1, r#"{"_placeholder":true}"#),
            (1, r#"{"_placeholder":1}"#),
            (1, r#"{"_placeholder" : "true"}"#),
            (1, r#"{"\u005fplaceholder":{}}"#),
            (2, r#"{"_placeholder":{"_placeholder":[]}}"#),
            (1, r#"{"_placeholder":false,"_placeholder":true}"#),
            (0, r#"{"_placeholder":false,"num":0,"a":{"_placeholder": null}}"#),
            (0, r#"["_placeholder",{"placeholder":true,"a":"_placeholder","b":"\"_placeholder\":true"}]"#),
            (0, "[]"),
        ] {
            assert_eq!(count_placeholders(json.as_bytes()), count, "{json}");
        }
    }

    #[test]
    fn placeholders_are_recognised_in_either_order() {
        for text in [
            r#"{"_placeholder":true,"num":3}"#,
            r#"{"num":3,"_placeholder":true}"#,
            " { \"_placeholder\" : true , \"num\" : 3 }",
            r#"{"\u005fplaceholder":true,"n\u0075m":3}"#,
        ] {
            assert_eq!(look(text), Some(Placeholder::Attachment { index: 3, end: text.len() }), "{text}");
        }
    }

    #[test]
    fn other_objects_are_plain_data() {
        for text in [
            "{}",
            r#"{"num":0}"#,
            r#"{"num":0,"x":true}"#,
            r#"{"_placeholder":false,"num":0}"#,
            r#"{"_placeholder":"true","num":0}"#,
            r#"{"_placeholder":1,"num":0}"#,
            r#"{"num":0,"_placeholder":null}"#,
            r#"{"placeholder":true,"num":0}"#,
            "[]",
            "1",
        ] {
            assert_eq!(look(text), None, "{text}");
        }
    }

    #[test]
    fn marked_objects_without_a_valid_index_are_illegal() {
        for text in [
            r#"{"_placeholder":true}"#,
            r#"{"_placeholder":true,"num":"0"}"#,
            r#"{"_placeholder":true,"num":-1}"#,
            r#"{"_placeholder":true,"num":0.5}"#,
            r#"{"_placeholder":true,"num":1e2}"#,
            r#"{"_placeholder":true,"num":99999999999999999999999}"#,
            r#"{"_placeholder":true,"num":0,"x":1}"#,
            r#"{"num":0,"_placeholder":true,"x":1}"#,
            r#"{"_placeholder":true,"x":1,"num":0}"#,
        ] {
            assert_eq!(look(text), Some(Placeholder::Illegal), "{text}");
        }
    }
}
