//! The book's table of promises names tests that there are.

use std::fs;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[test]
fn the_test_of_each_promise_is_there() {
    let page = fs::read_to_string(format!("{ROOT}/book/src/reference/trust.md")).unwrap();
    let (_, table) = page.split_once("## Promises and their tests").expect("the section");
    let named: Vec<_> = table.split('`').filter_map(|text| text.split_once("::")).collect();
    assert!(named.len() > 30, "{named:?}");
    for (file, name) in named {
        let text =
            fs::read_to_string(format!("{ROOT}/{file}")).unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(text.contains(&format!("fn {name}(")), "{file} has no test {name}");
    }
}
