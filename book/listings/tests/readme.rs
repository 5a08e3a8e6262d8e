//! The README, the front page of the crate's documentation and the tutorial show one chat, and figures that were
//! measured.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Returns the first block of a kind in a text with Markdown.
fn first_block<'a>(text: &'a str, kind: &str) -> &'a str {
    let (_, rest) = text
        .split_once(&format!("```{kind}\n"))
        .unwrap_or_else(|| panic!("no block of {kind}"));
    rest.split_once("```").expect("the block is closed").0
}

/// The documentation of the crate without the marks of a comment.
fn front_page() -> String {
    let source = read("sio/src/lib.rs");
    let lines = source.lines().map_while(|line| line.strip_prefix("//!"));
    lines.flat_map(|line| [line.strip_prefix(' ').unwrap_or(line), "\n"]).collect()
}

#[test]
fn the_readme_and_the_documentation_show_the_same_chat() {
    let (readme, page) = (read("README.md"), front_page());
    assert_eq!(
        first_block(&readme, "rust,no_run"),
        first_block(&page, "no_run,standalone_crate")
    );
    assert_eq!(first_block(&readme, "js"), first_block(&page, "js"));
}

#[test]
fn the_consumer_of_the_readme_is_that_of_the_tutorial() {
    let (readme, tutorial) = (read("README.md"), read("book/listings/src/bin/part3.rs"));
    // The tutorial's code is narrower, so that it fits on the book's pages.
    let words = |text: &str| {
        let lines = text.lines().filter(|line| !line.contains("// ANCHOR"));
        let words: Vec<_> = lines.flat_map(str::split_whitespace).collect();
        words.join(" ").replace("( ", "(").replace(", )", ")").replace(" .", ".")
    };
    let program = first_block(&readme, "rust,no_run");
    let consumer =
        program.split("#[tokio::main]").next().expect("the program has a beginning");
    assert!(words(&tutorial).contains(&words(consumer)), "{}", words(consumer));
}

#[test]
fn the_figures_of_the_readme_are_those_of_the_report() {
    let (readme, report) =
        (read("README.md"), read("book/src/reference/performance/report.md"));
    let servers = ["| **sio**", "| **socketioxide**", "| **node**", "| **python**"];
    for server in servers {
        let line = readme
            .lines()
            .find(|line| line.starts_with(server))
            .unwrap_or_else(|| panic!("no {server}"));
        assert!(report.lines().any(|other| other == line), "not in the report: {line}");
    }
}
