//! Compares two schemas: a reader must take all that a writer may write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::forms::{Form, Kind, Object, Others, forms};
use crate::contract::schema::reference;

/// A place where a writer and a reader differ.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reason {
    pub(super) place: String,
    pub(super) why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Why {
    /// The reader needs a member that the writer may leave out.
    Missing,
    /// The reader ignores a member.
    Unread,
    /// The reader refuses a member that it does not know.
    Refused,
    /// The reader knows no such form among several.
    Form(String),
    /// The reader reads something else.
    Kind { writer: String, reader: String },
    /// The writer may go beyond a limit of the reader.
    Limit(&'static str),
}

impl Why {
    pub(super) fn is_breaking(&self) -> bool {
        *self != Self::Unread
    }
}

fn is_good(reasons: &[Reason]) -> bool {
    !reasons.iter().any(|reason| reason.why.is_breaking())
}

/// Pairs of named types, and the reasons for which they do not fit.
type Known = BTreeMap<(String, String), Vec<Reason>>;

/// A comparison of two contracts' types.
pub(super) struct Fits<'a> {
    writers: &'a Map<String, Value>,
    readers: &'a Map<String, Value>,
    /// How a named type is called as a place.
    name: &'a dyn Fn(&str) -> String,
    /// Pairs of named types; one that is being compared fits until the opposite is known.
    known: Known,
    /// Pairs of other schemas that are being compared, for types that contain themselves.
    open: BTreeSet<(String, String)>,
}

impl<'a> Fits<'a> {
    pub(super) fn new(
        writers: &'a Map<String, Value>,
        readers: &'a Map<String, Value>,
        name: &'a dyn Fn(&str) -> String,
    ) -> Self {
        Self { writers, readers, name, known: BTreeMap::new(), open: BTreeSet::new() }
    }

    /// Returns where a writer of one schema and a reader of another differ.
    pub(super) fn reasons(mut self, place: &str, writer: &Value, reader: &Value) -> Vec<Reason> {
        self.schemas(place, writer, reader)
    }

    fn schemas(&mut self, place: &str, writer: &Value, reader: &Value) -> Vec<Reason> {
        let only_reference = |schema: &Value| match schema {
            // Titles and descriptions are no constraints.
            Value::Object(map)
                if map.keys().all(|key| ["$ref", "description", "title", "default"].contains(&&**key)) =>
            {
                reference(map).map(str::to_owned)
            }
            _ => None,
        };
        let (from, to) = (only_reference(writer), only_reference(reader));
        let place = match to.as_ref().or(from.as_ref()) {
            Some(name) => (self.name)(name),
            None => place.to_owned(),
        };
        let (Some(from), Some(to)) = (from, to) else {
            let pair = (writer.to_string(), reader.to_string());
            if !self.open.insert(pair.clone()) {
                return Vec::new();
            }
            let reasons = self.forms(&place, writer, reader);
            self.open.remove(&pair);
            return reasons;
        };
        let pair = (from, to);
        if let Some(known) = self.known.get(&pair) {
            return known.clone();
        }
        self.known.insert(pair.clone(), Vec::new());
        let reasons = self.forms(&place, writer, reader);
        self.known.insert(pair, reasons.clone());
        reasons
    }

    fn forms(&mut self, place: &str, writer: &Value, reader: &Value) -> Vec<Reason> {
        let (Some(written), Some(read)) = (forms(writer, self.writers), forms(reader, self.readers)) else {
            let differ = writer != reader || self.writers != self.readers;
            return if differ {
                vec![reason(place, Why::Limit("a type with very many forms"))]
            } else {
                Vec::new()
            };
        };
        let mut all = Vec::new();
        for form in &written {
            all.extend(self.one_of(place, form, &read));
        }
        all.sort();
        all.dedup();
        all
    }

    /// Compares a form with all that a reader takes.
    fn one_of(&mut self, place: &str, form: &Form, read: &[Form]) -> Vec<Reason> {
        // Reasons, and all that is known if these two are meant.
        let mut good: Option<(Vec<Reason>, Known)> = None;
        let mut bad: Option<Vec<Reason>> = None;
        for other in read {
            let before = self.known.clone();
            let reasons = self.pair(place, form, other);
            if reasons.is_empty() {
                return reasons;
            }
            // Perhaps another one fits better, so all that was assumed on the way is forgotten.
            let known = std::mem::replace(&mut self.known, before);
            if is_good(&reasons) {
                if good.as_ref().is_none_or(|(best, _)| reasons.len() < best.len()) {
                    good = Some((reasons, known));
                }
            } else if is_meant(form, other, read)
                && bad.as_ref().is_none_or(|best| reasons.len() < best.len())
            {
                bad = Some(reasons);
            }
        }
        if let Some((reasons, known)) = good {
            self.known = known;
            return reasons;
        }
        bad.unwrap_or_else(|| vec![reason(place, Why::Form(form.kind.words()))])
    }

    fn pair(&mut self, place: &str, writer: &Form, reader: &Form) -> Vec<Reason> {
        let mut all = self.kinds(place, &writer.kind, &reader.kind);
        if !reader.limits.is_subset(&writer.limits) {
            let is_text = matches!(reader.kind, Kind::String { .. });
            all.push(reason(place, Why::Limit(if is_text { "the text" } else { "a limit" })));
        }
        all
    }

    fn kinds(&mut self, place: &str, writer: &Kind, reader: &Kind) -> Vec<Reason> {
        let limit = |is_kept: bool, limit: &'static str| {
            if is_kept { Vec::new() } else { vec![reason(place, Why::Limit(limit))] }
        };
        match (writer, reader) {
            (_, Kind::Any)
            | (Kind::Bytes, Kind::Bytes)
            | (Kind::Null, Kind::Null)
            | (Kind::Bool, Kind::Bool) => Vec::new(),
            (Kind::Const(a), Kind::Const(b)) if a == b => Vec::new(),
            // The parts of a list or an object are not compared.
            (Kind::Const(value), _) if !value.is_array() && !value.is_object() && reader.may_have(value) => {
                Vec::new()
            }
            (
                Kind::Number { is_integer, from, to },
                Kind::Number { is_integer: only, from: least, to: most },
            ) if *is_integer || !only => {
                let is_kept = least.is_none_or(|least| from.is_some_and(|from| from >= least))
                    && most.is_none_or(|most| to.is_some_and(|to| to <= most));
                limit(is_kept, "the range")
            }
            (Kind::String { from, to }, Kind::String { from: least, to: most }) => {
                let is_kept = from >= least && most.is_none_or(|most| to.is_some_and(|to| to <= most));
                limit(is_kept, "the text")
            }
            (Kind::Array { .. }, Kind::Array { .. }) => self.arrays(place, writer, reader),
            (Kind::Object(writer), Kind::Object(reader)) => self.objects(place, writer, reader),
            _ => vec![reason(place, Why::Kind { writer: writer.words(), reader: reader.words() })],
        }
    }

    fn arrays(&mut self, place: &str, writer: &Kind, reader: &Kind) -> Vec<Reason> {
        let (
            Kind::Array { items, first, from, to },
            Kind::Array { items: other_items, first: other_first, from: least, to: most },
        ) = (writer, reader)
        else {
            return Vec::new();
        };
        let mut all = Vec::new();
        if from < least || most.is_some_and(|most| to.is_none_or(|to| to > most)) {
            let why = if first.len() == other_first.len() {
                Why::Limit("the length")
            } else {
                Why::Kind { writer: writer.words(), reader: reader.words() }
            };
            all.push(reason(place, why));
        }
        let anything = Value::Bool(true);
        for number in 0..first.len().max(other_first.len()) {
            let of = |first: &[Value], items: &Option<Value>| {
                first.get(number).or(items.as_ref()).unwrap_or(&anything).clone()
            };
            let is_written = to.is_none_or(|to| (number as u64) < to);
            if is_written {
                all.extend(self.schemas(
                    &format!("{place}[{number}]"),
                    &of(first, items),
                    &of(other_first, other_items),
                ));
            }
        }
        let is_longer = to.is_none_or(|to| to > first.len() as u64);
        if is_longer {
            let (items, others) =
                (items.as_ref().unwrap_or(&anything), other_items.as_ref().unwrap_or(&anything));
            all.extend(self.schemas(&format!("{place}[]"), items, others));
        }
        all
    }

    fn objects(&mut self, place: &str, writer: &Object, reader: &Object) -> Vec<Reason> {
        let mut all = Vec::new();
        for (name, written) in &writer.properties {
            let here = format!("{place}.{name}");
            match (reader.properties.get(name), &reader.others) {
                (Some(read), _) => all.extend(self.schemas(&here, written, read)),
                (None, Others::Like { names, schema }) if names.is_empty() => {
                    all.extend(self.schemas(&here, written, schema));
                }
                (None, Others::Like { .. }) => all.push(reason(&here, Why::Refused)),
                (None, Others::Refused) => all.push(reason(&here, Why::Refused)),
                (None, Others::Ignored) => all.push(reason(&here, Why::Unread)),
            }
        }
        let missing = reader.required.iter().filter(|name| !writer.required.contains(*name));
        all.extend(missing.map(|name| reason(&format!("{place}.{name}"), Why::Missing)));
        if let Others::Like { names: own, schema: written } = &writer.others {
            // Any member may be written, those that the reader knows by name too.
            for (name, read) in
                reader.properties.iter().filter(|(name, _)| !writer.properties.contains_key(*name))
            {
                all.extend(self.schemas(&format!("{place}.{name}"), written, read));
            }
            match &reader.others {
                Others::Like { names, .. } if !names.is_subset(own) => {
                    all.push(reason(&format!("{place}.*"), Why::Limit("the name")));
                }
                Others::Like { schema, .. } => {
                    all.extend(self.schemas(&format!("{place}.*"), written, schema));
                }
                Others::Refused => all.push(reason(&format!("{place}.*"), Why::Refused)),
                Others::Ignored => all.push(reason(&format!("{place}.*"), Why::Unread)),
            }
        }
        all
    }
}

fn reason(place: &str, why: Why) -> Reason {
    Reason { place: place.to_owned(), why }
}

/// Returns whether a form is what has become of another, so that a comparison of the two says more than that there is
/// no such form.
fn is_meant(form: &Form, other: &Form, read: &[Form]) -> bool {
    let is_alike = |other: &Form| std::mem::discriminant(&form.kind) == std::mem::discriminant(&other.kind);
    let has_tags_of = |a: &Object, b: &Object| {
        a.tags().all(|(name, value)| b.properties.get(name).and_then(|one| one.get("const")) == Some(value))
    };
    match (&form.kind, &other.kind) {
        (Kind::Object(a), Kind::Object(b)) => {
            let are_only = read.iter().filter(|form| is_alike(form)).count() == 1;
            if a.tags().next().is_some() { has_tags_of(a, b) } else { are_only }
        }
        // Among others, a value that is gone is a value that is gone.
        (Kind::Const(_), _) | (_, Kind::Const(_)) => false,
        _ => is_alike(other) || read.len() == 1,
    }
}
