//! Compares two contracts, and tells the changes that break clients in use from the others.
//!
//! Clients of the old contract write to the new server, and the new server writes to them; a writer must write nothing
//! that its reader does not take. So each schema is compared as the writer's with the reader's. The same comparison with
//! the parts exchanged finds the changes that break nothing.

mod fits;
mod forms;
mod meet;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use self::fits::{Fits, Why};
use super::model::Way;

/// One difference between two contracts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Change {
    /// True if clients of the old contract do not work with the new one, or may not.
    pub is_breaking: bool,
    /// The namespace, event, argument or type, in words.
    pub place: String,
    /// The change, in words.
    pub text: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_breaking { "BREAKING" } else { "ok" };
        write!(f, "{kind:8} {}: {}", self.place, self.text)
    }
}

/// Compares two documents of [`Contract::to_json`](super::Contract::to_json), and returns all changes, the breaking
/// ones first.
///
/// | change | from clients | to clients |
/// |---|---|---|
/// | an event or a namespace is gone | breaking | breaking |
/// | a new optional field or argument; a new required one | ok; breaking | ok; ok |
/// | a field is gone; becomes optional | ok, unless unknown fields are refused; ok | breaking; breaking |
/// | a value or a variant of an enum is new; is gone | ok; breaking | breaking; ok |
/// | a type is wider; narrower | ok; breaking | breaking; ok |
/// | the server asks for an acknowledgement | | breaking |
///
/// A change that is not understood counts as breaking.
///
/// # Examples
///
/// ```
/// let contract = sio::contract::Contract::collect().to_json();
/// assert!(sio::contract::diff(&contract, &contract).is_empty());
/// ```
#[must_use]
pub fn diff(old: &Value, new: &Value) -> Vec<Change> {
    let mut differ = Differ { old, new, changes: BTreeSet::new() };
    differ.namespaces();
    let mut changes: Vec<_> = differ.changes.into_iter().collect();
    let broken: BTreeSet<_> =
        changes.iter().filter(|change| change.is_breaking).map(|change| change.place.clone()).collect();
    // The same difference seen from the other side.
    changes.retain(|change| change.is_breaking || !broken.contains(&change.place));
    changes.sort_by_key(|change| !change.is_breaking);
    changes
}

struct Differ<'a> {
    old: &'a Value,
    new: &'a Value,
    changes: BTreeSet<Change>,
}

/// The members of an object, none if there is no such object.
fn members<'a>(value: &'a Value, key: &str) -> &'a Map<String, Value> {
    static EMPTY: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
    value.get(key).and_then(Value::as_object).unwrap_or_else(|| &EMPTY)
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn is_optional(arg: &Value) -> bool {
    arg.get("optional") == Some(&Value::Bool(true))
}

impl<'a> Differ<'a> {
    fn note(&mut self, is_breaking: bool, place: &str, text: impl Into<String>) {
        self.changes.insert(Change { is_breaking, place: place.to_owned(), text: text.into() });
    }

    fn namespaces(&mut self) {
        let (old, new) = (members(self.old, "namespaces"), members(self.new, "namespaces"));
        for (path, before) in old {
            let Some(after) = new.get(path) else {
                self.note(true, path, "the namespace is gone");
                continue;
            };
            self.auth(&format!("{path} auth"), &before["auth"], &after["auth"]);
            self.events(path, "<-", (members(before, "receives"), members(after, "receives")), Way::ToServer);
            self.events(path, "->", (members(before, "sends"), members(after, "sends")), Way::ToClient);
        }
        for path in new.keys().filter(|path| !old.contains_key(*path)) {
            self.note(false, path, "the namespace is new");
        }
    }

    fn auth(&mut self, place: &str, before: &'a Value, after: &'a Value) {
        match (before.is_null(), after.is_null()) {
            (true, true) => {}
            (true, false) => self.note(!is_optional(after), place, "a payload is expected now"),
            (false, true) => self.note(false, place, "no payload is expected any more"),
            (false, false) => {
                if is_optional(before) && !is_optional(after) {
                    self.note(true, place, "is required now");
                }
                self.schema(place, &before["schema"], &after["schema"], Way::ToServer);
            }
        }
    }

    fn events(
        &mut self,
        path: &str,
        arrow: &str,
        (old, new): (&'a Map<String, Value>, &'a Map<String, Value>),
        way: Way,
    ) {
        for (name, before) in old {
            let place = format!("{path} {arrow} {name}");
            match new.get(name) {
                Some(after) => self.event(&place, before, after, way),
                None => self.note(true, &place, "the event is gone"),
            }
        }
        for name in new.keys().filter(|name| !old.contains_key(*name)) {
            self.note(false, &format!("{path} {arrow} {name}"), "the event is new");
        }
    }

    fn event(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        let (old, new) = (items(before, "args"), items(after, "args"));
        for (number, (a, b)) in old.iter().zip(new).enumerate() {
            let place = format!("{place}, argument {number}");
            if way == Way::ToServer && is_optional(a) != is_optional(b) {
                let text = if is_optional(a) { "is required now" } else { "may be left out now" };
                self.note(is_optional(a), &place, text);
            }
            self.schema(&place, &a["schema"], &b["schema"], way);
        }
        for (number, arg) in new.iter().enumerate().skip(old.len()) {
            let is_breaking = way == Way::ToServer && !is_optional(arg);
            self.note(is_breaking, &format!("{place}, argument {number}"), "is new");
        }
        for number in new.len()..old.len() {
            self.note(way == Way::ToClient, &format!("{place}, argument {number}"), "is gone");
        }
        self.answer(place, &before["ack"], &after["ack"], way.back());
        let codes = |event: &'a Value| items(event, "codes").iter().filter_map(Value::as_str);
        for code in codes(after).filter(|code| !codes(before).any(|one| one == *code)) {
            self.note(false, place, format!("may fail with the code {code:?} now"));
        }
    }

    /// The values of an acknowledgement, which go this way.
    fn answer(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        let place = &format!("{place}, acknowledgement");
        let (Value::Array(old), Value::Array(new)) = (before, after) else {
            return match (before.is_null(), after.is_null()) {
                (true, false) => self.note(way == Way::ToServer, place, "is expected now"),
                (false, true) => self.note(way == Way::ToClient, place, "is not sent any more"),
                _ => {}
            };
        };
        for (number, (a, b)) in old.iter().zip(new).enumerate() {
            let place = if number == 0 { place.clone() } else { format!("{place}, value {number}") };
            self.schema(&place, a, b, way);
        }
        if old.len() < new.len() {
            self.note(way == Way::ToServer, place, "has more values");
        } else if new.len() < old.len() {
            self.note(way == Way::ToClient, place, "has fewer values");
        }
    }

    fn schema(&mut self, place: &str, before: &'a Value, after: &'a Value, way: Way) {
        let ((writer, writers), (reader, readers)) = match way {
            Way::ToServer => ((before, self.old), (after, self.new)),
            Way::ToClient => ((after, self.new), (before, self.old)),
        };
        let (there, back) = match way {
            Way::ToServer => ("from clients", false),
            Way::ToClient => ("to clients", true),
        };
        let name = |name: &str| format!("type {name}, {there}");
        let forward = Fits::new(members(writers, "types"), members(readers, "types"), &name);
        let forward = forward.reasons(place, writer, reader);
        for reason in &forward {
            self.note(reason.why.is_breaking(), &reason.place, text(&reason.why, way, back));
        }
        let backward = Fits::new(members(readers, "types"), members(writers, "types"), &name);
        for reason in backward.reasons(place, reader, writer) {
            // One difference looks like two from two sides.
            if forward.iter().all(|known| known.place != reason.place) {
                self.note(false, &reason.place, text(&reason.why, way, !back));
            }
        }
    }
}

/// The change in words, of values that go this way. `is_writer_new`: the writer is of the new contract, and the reader
/// of the old one.
fn text(why: &Why, way: Way, is_writer_new: bool) -> String {
    match (why, is_writer_new) {
        (Why::Missing, true) if way == Way::ToServer => "may be left out now".to_owned(),
        (Why::Missing, true) => "may be missing now".to_owned(),
        (Why::Missing, false) if way == Way::ToServer => "is required now".to_owned(),
        (Why::Missing, false) => "is always there now".to_owned(),
        (Why::Unread, true) => "is new".to_owned(),
        (Why::Unread | Why::Refused, false) => "is gone".to_owned(),
        (Why::Refused, true) => "is new, and was refused before".to_owned(),
        (Why::Form(form), true) => format!("may be {form} now"),
        (Why::Form(form), false) => format!("may not be {form} any more"),
        (Why::Kind { writer, reader }, true) => format!("is {writer} now, and was {reader}"),
        (Why::Kind { writer, reader }, false) => format!("is {reader} now, and was {writer}"),
        (Why::Limit(limit), true) => format!("{limit} is wider now"),
        (Why::Limit(limit), false) => format!("{limit} is narrower now"),
    }
}
