//! Computes how far a cluster goes from what one message costs, as a table for the book: `bench capacity`.
//!
//! [`model`] is arithmetic. [`outage`] plays a restart of the broker through, since how long queues last cannot be
//! computed from rates alone.

mod costs;
mod model;
mod outage;
mod table;

use std::error::Error;
use std::fs;
use std::path::Path;

use self::costs::Costs;

/// In front of the tables in the book, and behind them.
const MARKS: [&str; 2] = ["<!-- made by `bench capacity` -->\n", "<!-- end -->\n"];

/// Prints the tables, or puts them into a file that has the marks.
pub(crate) fn run(costs: &Path, into: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let tables = table::tables(&Costs::read(costs)?);
    let Some(into) = into else {
        print!("{tables}");
        return Ok(());
    };
    let text = fs::read_to_string(into)?;
    let (before, _, after) = parts(&text).ok_or_else(|| format!("{}: it has no marks", into.display()))?;
    Ok(fs::write(into, [before, &tables, after].concat())?)
}

/// A text up to the tables with the mark, the tables, and the rest.
fn parts(text: &str) -> Option<(&str, &str, &str)> {
    let begin = text.find(MARKS[0])? + MARKS[0].len();
    let end = begin + text[begin..].find(MARKS[1])?;
    Some((&text[..begin], &text[begin..end], &text[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_the_book_are_those_of_the_recorded_costs() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let costs = Costs::read(&bench.join("costs.json")).unwrap();
        let page = bench.join("../../book/src/reference/performance/several-nodes.md");
        let page = fs::read_to_string(page).unwrap();
        let (_, in_book, _) = parts(&page).expect("the page has the marks");
        assert!(in_book == table::tables(&costs), "renew it: the README beside costs.json says how");
    }

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let text = format!("before\n{}old\n{}after\n", MARKS[0], MARKS[1]);
        let (before, old, after) = parts(&text).unwrap();
        assert_eq!((before.ends_with(MARKS[0]), old, after.ends_with("after\n")), (true, "old\n", true));
        assert!(parts("no marks").is_none() && parts(MARKS[0]).is_none());
    }
}
