//! Names of which each is given once.

use std::collections::BTreeSet;

/// The path of the namespace that the protocol calls the main one.
pub(super) const MAIN: &str = "/";

/// Returns the name, with a number behind it if it is taken, and takes it.
pub(super) fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let mut found = name.to_owned();
    let mut number = 2;
    while !taken.insert(found.clone()) {
        found = format!("{name}{number}");
        number += 1;
    }
    found
}
