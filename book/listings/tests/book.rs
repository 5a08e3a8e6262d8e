//! The book shows only programs that were compiled, and names only what exists.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// The kinds of blocks that stand in the book itself: commands, packets, messages. Other
/// blocks come from files.
const PLAIN: [&str; 3] = ["console", "json", "text"];

/// The page has room for so many columns of a listing; it cuts off longer lines.
const COLUMNS: usize = 90;

fn book() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every chapter, by its path below `src`.
fn chapters() -> BTreeMap<PathBuf, String> {
    let (mut chapters, mut folders) = (BTreeMap::new(), vec![book()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = read(&path);
                let name =
                    path.strip_prefix(book()).expect("it is below the book").to_owned();
                chapters.insert(name, text);
            }
        }
    }
    chapters
}

/// The fenced blocks of a chapter: what follows the opening fence, and the lines.
fn blocks(chapter: &str) -> Vec<(&str, Vec<&str>)> {
    let (mut blocks, mut open) = (Vec::new(), None);
    for line in chapter.lines() {
        match (line.trim_start().strip_prefix("```"), &mut open) {
            (Some(info), None) => open = Some((info.trim(), Vec::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, lines))) => lines.push(line),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// Everything outside of blocks.
fn prose(chapter: &str) -> String {
    let mut inside = false;
    let mut prose = String::new();
    for line in chapter.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
        } else if !inside {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// The targets of the links in a text.
fn links(text: &str) -> impl Iterator<Item = &str> {
    text.split("](").skip(1).filter_map(|rest| rest.split(')').next())
}

/// A path without `..` in it.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            other => plain.push(other),
        }
    }
    plain
}

/// The name by which a heading is linked to.
fn slug(heading: &str) -> String {
    let kept =
        heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

/// The lines that an include shows, or what is wrong with it.
fn included(chapter: &Path, include: &str) -> Result<Vec<String>, String> {
    let (file, anchor) = match include.split_once(':') {
        Some((file, anchor)) => (file, Some(anchor)),
        None => (include, None),
    };
    let path =
        book().join(chapter.parent().expect("a chapter is in a folder")).join(file);
    let text = fs::read_to_string(&path).map_err(|_| format!("there is no {file}"))?;
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    let Some(anchor) = anchor else { return Ok(lines) };
    let at = |mark: &str| {
        // In HTML a comment has an end.
        let is_mark = |line: &String| {
            let line = line.trim_end();
            line.strip_suffix(" -->")
                .unwrap_or(line)
                .ends_with(&format!("{mark}: {anchor}"))
        };
        lines.iter().position(is_mark)
    };
    match (at(" ANCHOR"), at(" ANCHOR_END")) {
        (Some(begin), Some(end)) if begin + 1 < end => Ok(lines[begin + 1..end].to_vec()),
        found => Err(format!("{file} has no part {anchor} ({found:?})")),
    }
}

/// The argument of an include, if the line is one.
fn include(line: &str) -> Option<&str> {
    line.trim().strip_prefix("{{#include ")?.strip_suffix("}}")
}

#[test]
fn every_listing_is_a_part_of_a_file_that_is_there() {
    let mut problems = Vec::new();
    for (chapter, text) in chapters() {
        for (info, lines) in blocks(&text) {
            let language = info.split(',').next().unwrap_or_default();
            if PLAIN.contains(&language) {
                continue;
            }
            for line in lines {
                let problem = match include(line) {
                    Some(include) => included(&chapter, include).err(),
                    None => Some(format!(
                        "`{line}` in a block of {language:?} is not included"
                    )),
                };
                problems.extend(
                    problem.map(|problem| format!("{}: {problem}", chapter.display())),
                );
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn every_listing_fits_on_its_page() {
    let mut problems = Vec::new();
    for (chapter, text) in chapters() {
        for (_, lines) in blocks(&text) {
            let shown = lines.into_iter().flat_map(|line| match include(line) {
                Some(include) => included(&chapter, include).unwrap_or_default(),
                None => vec![line.to_owned()],
            });
            let is_shown = |line: &String| !line.contains(" ANCHOR");
            let wide =
                shown.filter(is_shown).filter(|line| line.chars().count() > COLUMNS);
            problems.extend(wide.map(|line| format!("{}: {line}", chapter.display())));
        }
    }
    assert!(problems.is_empty(), "over {COLUMNS} columns: {problems:#?}");
}

#[test]
fn the_summary_names_every_chapter_once() {
    let chapters = chapters();
    let summary = &chapters[Path::new("SUMMARY.md")];
    let named: Vec<PathBuf> = links(summary).map(PathBuf::from).collect();
    let unique: BTreeSet<_> = named.iter().cloned().collect();
    assert_eq!(named.len(), unique.len(), "a chapter is named twice");
    let there: BTreeSet<_> =
        chapters.into_keys().filter(|path| path != Path::new("SUMMARY.md")).collect();
    assert_eq!(unique, there);
}

#[test]
fn every_link_within_the_book_leads_somewhere() {
    let chapters = chapters();
    let mut problems = Vec::new();
    for (chapter, text) in &chapters {
        let prose = prose(text);
        for link in links(&prose).filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let folder = chapter.parent().expect("a chapter is in a folder");
            let target =
                if file.is_empty() { chapter.clone() } else { plain(&folder.join(file)) };
            let is_picture = target.extension().is_some_and(|kind| kind != "md")
                && book().join(&target).is_file();
            let is_there = is_picture
                || chapters.get(&target).is_some_and(|target| {
                    let mut headings =
                        target.lines().filter_map(|line| line.strip_prefix('#'));
                    heading.is_empty()
                        || headings
                            .any(|line| slug(line.trim_start_matches('#')) == heading)
                });
            if !is_there {
                problems.push(format!("{}: {link}", chapter.display()));
            }
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

/// The value of a key in a file of TOML.
fn value(file: &str, key: &str) -> String {
    let text = read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(file));
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "));
    value.expect("the key has a value").trim_matches('"').to_owned()
}

#[test]
fn links_to_the_repository_and_the_documentation_have_the_addresses_of_the_package() {
    assert_eq!(
        value("book/book.toml", "git-repository-url"),
        value("Cargo.toml", "repository")
    );
    let documentation = value("sio/Cargo.toml", "documentation");
    let is_ours = |link: &&str| link.starts_with("https://docs.rs/sio");
    for (chapter, text) in chapters() {
        for link in links(&text).filter(is_ours) {
            let rest = link.strip_prefix(&*documentation).unwrap_or("?");
            let is_good = rest.is_empty() || rest.starts_with("/latest/sio/");
            assert!(is_good, "{}: {link}", chapter.display());
        }
    }
}

#[test]
fn every_example_is_explained_and_listed() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let (page, readme) =
        (&chapters()[Path::new("examples.md")], read(&project.join("README.md")));
    for entry in fs::read_dir(project.join("examples")).expect("the folder can be read") {
        let entry = entry.expect("the entry can be read");
        let name = entry.file_name().into_string().expect("a name in ASCII");
        // A library that examples share is explained where it is used.
        if entry.path().join("src/main.rs").is_file() {
            assert!(page.contains(&format!("\n| [`{name}`](#{name}) |")), "{name}");
            assert!(readme.contains(&format!("\n| `{name}` |")), "{name}");
        }
    }
}

/// The names of the public methods that take and give the builder.
fn options() -> BTreeSet<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sio/src");
    let folder = fs::read_dir(sources.join("builder")).into_iter().flatten();
    let files = folder.map(|entry| entry.expect("the entry can be read").path());
    let source: String =
        files.chain([sources.join("builder.rs")]).map(|path| read(&path)).collect();
    let methods = source.split("    pub fn ").skip(1);
    let is_option = |method: &&str| {
        method.split('{').next().is_some_and(|head| head.contains("-> Self"))
    };
    methods
        .filter(is_option)
        .filter_map(|method| method.split(['(', '<']).next().map(str::to_owned))
        .collect()
}

#[test]
fn the_reference_has_every_option_and_no_other() {
    let reference = &chapters()[Path::new("reference/options.md")];
    let cells =
        reference.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let calls = cells.filter(|cell| cell.ends_with(')'));
    let rows: BTreeSet<_> = calls
        .filter_map(|call| call.split([':', '(']).next().map(str::to_owned))
        .collect();
    assert_eq!(rows, options());
}

/// The names of all public functions of the crate.
fn functions() -> BTreeSet<String> {
    let (mut functions, mut folders) = (
        BTreeSet::new(),
        vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sio/src")],
    );
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let source = read(&path);
                let kinds = ["pub fn ", "pub const fn ", "pub async fn "];
                let names = kinds.iter().flat_map(|kind| source.split(kind).skip(1));
                functions.extend(
                    names.filter_map(|name| {
                        name.split(['(', '<']).next().map(str::to_owned)
                    }),
                );
            }
        }
    }
    functions
}

/// The functions that a piece of code calls: the names in front of parentheses.
fn calls(code: &str) -> impl Iterator<Item = &str> {
    let names = code.match_indices('(').filter_map(|(at, _)| {
        let before = code[..at].trim_end_matches("::<T>").trim_end_matches("::<V>");
        before.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()
    });
    names.filter(|name| !name.is_empty())
}

#[test]
fn the_tables_for_those_who_move_over_name_what_is_there() {
    let functions = functions();
    // The names of what the reader writes, and of what belongs to others.
    let others = ["Err", "connect", "consumer", "disconnect", "event", "serde"];
    let mut problems = Vec::new();
    for (chapter, text) in
        chapters().iter().filter(|(chapter, _)| chapter.starts_with("moving"))
    {
        let rows =
            text.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        for right in rows.filter_map(|row| row.rsplit(" | ").next()) {
            let code = right.split('`').skip(1).step_by(2);
            let is_unknown = |name: &&str| {
                !functions.contains(*name)
                    && !others.contains(name)
                    && !name.starts_with("event_")
            };
            let unknown = code.flat_map(calls).filter(is_unknown);
            problems.extend(unknown.map(|name| format!("{}: {name}", chapter.display())));
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
}

#[test]
fn the_reference_has_every_reason_and_code() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let reference = &chapters()[Path::new("reference/errors.md")];

    let reasons = read(&sources.join("sio-core/src/socket/reason.rs"));
    let reasons: Vec<_> = reasons
        .lines()
        .filter_map(|line| line.trim().strip_suffix("\",")?.split("=> \"").nth(1))
        .collect();
    assert!(reasons.len() >= 10, "{reasons:?}");

    let errors = read(&sources.join("sio/src/error.rs"));
    let codes: Vec<_> = errors
        .split("Kind::")
        .filter_map(|part| part.split_once("\".into()").map(|(before, _)| before))
        .filter_map(|before| before.rsplit('"').next())
        .collect();
    assert!(codes.len() >= 5, "{codes:?}");

    for word in reasons.into_iter().chain(codes) {
        assert!(reference.contains(&format!("| `{word}` |")), "`{word}` is missing");
    }
}

/// The variants of an error that users meet, as a file of `sio/src/error` declares them.
fn variants(file: &str, name: &str) -> Vec<String> {
    let source = read(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sio/src/error").join(file),
    );
    let (_, body) =
        source.split_once(&format!("pub enum {name} {{\n")).expect("the enum");
    let (body, _) = body.split_once("\n}").expect("its end");
    let lines = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = lines.filter(|line| line.starts_with(char::is_uppercase));
    variants
        .filter_map(|line| line.split([' ', ',', '(']).next().map(str::to_owned))
        .collect()
}

#[test]
fn the_reference_has_every_variant_of_the_errors() {
    let reference = &chapters()[Path::new("reference/errors.md")];
    for (file, name) in
        [("build.rs", "Problem"), ("emit.rs", "EmitError"), ("emit.rs", "AckError")]
    {
        let (_, table) = reference
            .split_once(&format!("| `{name}` | is |"))
            .expect("a table for the error");
        let (table, _) = table.split_once("\n\n").unwrap_or((table, ""));
        let rows: BTreeSet<_> = table
            .lines()
            .filter_map(|row| row.strip_prefix("| `")?.split('`').next())
            .collect();
        let variants = variants(file, name);
        assert!(variants.len() >= 7, "{variants:?}");
        assert_eq!(rows, variants.iter().map(String::as_str).collect(), "{name}");
    }
}
