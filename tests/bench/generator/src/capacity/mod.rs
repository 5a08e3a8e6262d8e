//! Computes how far a cluster goes from what one message costs, as a table for the book: `bench capacity`.
//!
//! [`model`] is arithmetic. [`outage`] plays a restart of the broker through, since how long queues last cannot be
//! computed from rates alone.

mod costs;
mod model;
mod outage;
mod table;

use std::error::Error;
use std::path::Path;

use self::costs::Costs;
use crate::page;

/// Prints the tables, or puts them into a file that has the marks.
pub(crate) fn run(costs: &Path, into: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let tables = table::tables(&Costs::read(costs)?);
    let Some(into) = into else {
        print!("{tables}");
        return Ok(());
    };
    page::put(into, "capacity", &tables)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_tables_of_the_book_are_those_of_the_recorded_costs() {
        let bench = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let costs = Costs::read(&bench.join("costs.json")).unwrap();
        let page = bench.join("../../book/src/reference/performance/several-nodes.md");
        let page = fs::read_to_string(page).unwrap();
        let (_, in_book, _) = page::parts(&page, "capacity").expect("the page has the marks");
        assert!(in_book == table::tables(&costs), "renew it: the README beside costs.json says how");
    }
}
