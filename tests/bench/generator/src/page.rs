//! Tables of the book that this program writes: they stand between two marks, with the command in the first.

use std::error::Error;
use std::fs;
use std::path::Path;

const END: &str = "<!-- end -->\n";

/// Puts tables into a page that has the marks of the command.
pub(crate) fn put(page: &Path, command: &str, tables: &str) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(page)?;
    let (before, _, after) =
        parts(&text, command).ok_or_else(|| format!("{}: it has no marks", page.display()))?;
    Ok(fs::write(page, [before, tables, after].concat())?)
}

/// A text up to the tables with the mark, the tables, and the rest.
pub(crate) fn parts<'a>(text: &'a str, command: &str) -> Option<(&'a str, &'a str, &'a str)> {
    let mark = format!("<!-- made by `bench {command}` -->\n");
    let begin = text.find(&mark)? + mark.len();
    let end = begin + text[begin..].find(END)?;
    Some((&text[..begin], &text[begin..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let text = format!("before\n<!-- made by `bench x` -->\nold\n{END}after\n");
        let (before, old, after) = parts(&text, "x").unwrap();
        assert_eq!((before.ends_with("-->\n"), old, after.ends_with("after\n")), (true, "old\n", true));
        assert!(parts(&text, "y").is_none() && parts("no marks", "x").is_none());
    }
}
