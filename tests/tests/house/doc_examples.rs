//! Examples in the documentation that register something with the program they are linked into.

/// Returns the lines of a source file, or of a page that one includes, at which an example registers consumers or
/// declared events in a program that it shares with other examples. All that is registered there is served together,
/// so that two examples with one namespace keep each other from building their servers.
pub(crate) fn shared_registrations(text: &str, is_source: bool) -> Vec<usize> {
    let mut found = Vec::new();
    // The words after the opening fence.
    let mut fence: Option<&str> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim_start();
        let doc = if is_source {
            line.strip_prefix("///").or_else(|| line.strip_prefix("//!"))
        } else {
            Some(line)
        };
        let Some(doc) = doc else {
            fence = None;
            continue;
        };
        let doc = doc.trim().trim_start_matches("# ");
        if let Some(words) = doc.strip_prefix("```") {
            fence = if fence.is_none() { Some(words) } else { None };
        } else if fence.is_some_and(is_shared)
            && ["consumer", "emits"].iter().any(|name| {
                let attribute = doc.strip_prefix("#[").map(|rest| rest.trim_start_matches("sio::"));
                attribute
                    .and_then(|rest| rest.strip_prefix(name))
                    .is_some_and(|rest| rest.starts_with(['(', ']']))
            })
        {
            found.push(number);
        }
    }
    found
}

/// Returns whether an example with these words at its fence runs in the program that others share.
fn is_shared(words: &str) -> bool {
    let mut words = words.split(',').map(str::trim);
    !words.any(|word| ["standalone_crate", "text", "toml", "ignore", "compile_fail"].contains(&word))
}

#[test]
fn an_example_of_its_own_may_register() {
    let page = "```\n#[consumer(namespace = \"/a\")]\n```\n```standalone_crate\n#[consumer]\n```\n```text\n#[emits]\n```\n";
    assert_eq!(shared_registrations(page, false), [2]);
    let source = "/// ```no_run\n/// # #[sio::emits]\n/// ```\n#[consumer]\nfn f() {}\n//! ```\n//! consumer\n//! ```\n";
    assert_eq!(shared_registrations(source, true), [2]);
}
