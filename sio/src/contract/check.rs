//! Checks for tests: a file of the repository is up to date, and clients of an older contract keep working.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Contract, diff};

/// The variable of the environment that lets checks write.
const VARIABLE: &str = "SIO_CONTRACT";

/// The most lines of a difference that are shown.
const MOST_LINES: usize = 40;

impl Contract {
    /// Checks that a file says what the program does: a TypeScript module (`.ts`), or the contract as JSON (`.json`).
    /// For a test of the application, in the crate that links all consumers; cargo runs tests in the directory of
    /// their package.
    ///
    /// With the variable `SIO_CONTRACT=write` in the environment the file is written instead. It is written in no
    /// other case.
    ///
    /// # Panics
    ///
    /// If the file is not up to date, with the difference; if it cannot be read or written; and if its name ends
    /// otherwise.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// // #[test]
    /// fn the_types_of_the_page_are_up_to_date() {
    ///     sio::contract::Contract::collect().check("../web/src/contract.ts");
    /// }
    /// ```
    #[track_caller]
    pub fn check(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let wanted = match path.extension().and_then(|extension| extension.to_str()) {
            Some("ts") => self.typescript(),
            Some("json") => self.json_text(),
            _ => panic!("{}: the name of a contract's file ends with .ts or .json", path.display()),
        };
        if is_writing() {
            return write(path, &wanted);
        }
        let found = read(path);
        let found = found.replace("\r\n", "\n");
        assert!(
            found == wanted,
            "{} is not up to date; {VARIABLE}=write renews it\n{}",
            path.display(),
            difference(&found, &wanted)
        );
    }

    /// Checks that the clients of an older contract, kept as JSON in a file, keep working with this program. Changes
    /// that do not concern them are printed.
    ///
    /// With the variable `SIO_CONTRACT=write` in the environment the file is replaced by the contract as it is: when a
    /// version is released, or when older clients no longer matter.
    ///
    /// # Panics
    ///
    /// If a change breaks older clients, with a list of all changes, and if the file cannot be read or written.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// // #[test]
    /// fn released_clients_keep_working() {
    ///     sio::contract::Contract::collect().check_compatible("contract.json");
    /// }
    /// ```
    #[track_caller]
    pub fn check_compatible(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        if is_writing() {
            return write(path, &self.json_text());
        }
        let old: Value = match serde_json::from_str(&read(path)) {
            Ok(old) => old,
            Err(error) => panic!("{}: {error}", path.display()),
        };
        let changes = diff(&old, &self.to_json());
        let list = changes.iter().fold(String::new(), |mut list, change| {
            writeln!(list, "{change}").expect("a string can be written to");
            list
        });
        assert!(
            !changes.iter().any(|change| change.is_breaking),
            "clients of {} would not work any more; if that is meant, {VARIABLE}=write renews it\n{list}",
            path.display()
        );
        print!("{list}");
    }

    /// The contract as a file has it.
    fn json_text(&self) -> String {
        format!("{:#}\n", self.to_json())
    }
}

fn is_writing() -> bool {
    std::env::var_os(VARIABLE).is_some_and(|value| value == "write")
}

#[track_caller]
fn read(path: &Path) -> String {
    match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => panic!("{}: {error}; {VARIABLE}=write makes the file", path.display()),
    }
}

#[track_caller]
fn write(path: &Path, text: &str) {
    // An unchanged file keeps its time: tools that watch it have nothing to do.
    if fs::read_to_string(path).is_ok_and(|found| found == text) {
        return;
    }
    if let Err(error) = fs::write(path, text) {
        panic!("{}: {error}", path.display());
    }
}

/// The lines that differ, from the first to the last.
fn difference(found: &str, wanted: &str) -> String {
    let (found, wanted): (Vec<_>, Vec<_>) = (found.lines().collect(), wanted.lines().collect());
    let start = found.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
    let rest = found.len().min(wanted.len()) - start;
    let end = found.iter().rev().zip(wanted.iter().rev()).take_while(|(a, b)| a == b).count().min(rest);
    let mut out = format!("from line {}:\n", start + 1);
    for (sign, lines) in [('-', &found), ('+', &wanted)] {
        let lines = &lines[start..lines.len() - end];
        for line in lines.iter().take(MOST_LINES) {
            writeln!(out, "{sign} {line}").expect("a string can be written to");
        }
        if lines.len() > MOST_LINES {
            writeln!(out, "{sign} … {} more", lines.len() - MOST_LINES).expect("as above");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_begins_and_ends_where_the_texts_do() {
        assert_eq!(difference("a\nb\nc\n", "a\nx\ny\nc\n"), "from line 2:\n- b\n+ x\n+ y\n");
        assert_eq!(difference("a\na\n", "a\na\na\n"), "from line 3:\n+ a\n");
        assert_eq!(difference("", "a\n"), "from line 1:\n+ a\n");
    }
}
