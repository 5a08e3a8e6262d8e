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

/// What an object that is marked as a placeholder stands for.
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
