//! Compares two schemas: a reader must take all that a writer may write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::forms::{Form, Object, Others, forms};
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

/// A comparison of two contracts' types.
pub(super) struct Fits<'a> {
    writers: &'a Map<String, Value>,
    readers: &'a Map<String, Value>,
    /// How a named type is called as a place.
    name: &'a dyn Fn(&str) -> String,
    /// Pairs of named types; one that is being compared fits until the opposite is known.
    known: BTreeMap<(String, String), Vec<Reason>>,
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
        let mut best: Option<Vec<Reason>> = None;
        for other in read {
            let before = self.known.clone();
            let reasons = self.pair(place, form, other);
            if is_good(&reasons) {
                return reasons;
            }
            // These two do not fit, so all that was assumed on the way is forgotten.
            self.known = before;
            if is_meant(form, other, read) && best.as_ref().is_none_or(|best| reasons.len() < best.len()) {
                best = Some(reasons);
            }
        }
        best.unwrap_or_else(|| vec![reason(place, Why::Form(form.words()))])
    }

    fn pair(&mut self, place: &str, writer: &Form, reader: &Form) -> Vec<Reason> {
        let limit = |is_kept: bool, limit: &'static str| {
            if is_kept { Vec::new() } else { vec![reason(place, Why::Limit(limit))] }
        };
        match (writer, reader) {
            (_, Form::Any)
            | (Form::Bytes, Form::Bytes)
            | (Form::Null, Form::Null)
            | (Form::Bool, Form::Bool) => Vec::new(),
            (Form::Const(a), Form::Const(b)) if a == b => Vec::new(),
            (Form::Const(value), _) if is_of(value, reader) => Vec::new(),
            (
                Form::Number { is_integer, from, to },
                Form::Number { is_integer: only, from: least, to: most },
            ) if *is_integer || !only => {
                let is_kept = least.is_none_or(|least| from.is_some_and(|from| from >= least))
                    && most.is_none_or(|most| to.is_some_and(|to| to <= most));
                limit(is_kept, "the range")
            }
            (Form::String { limits: own }, Form::String { limits }) => {
                let is_kept = limits
                    .iter()
                    .all(|(keyword, wanted)| own.get(keyword).is_some_and(|own| keeps(keyword, own, wanted)));
                limit(is_kept, "the text")
            }
            (Form::Array { .. }, Form::Array { .. }) => self.arrays(place, writer, reader),
            (Form::Object(writer), Form::Object(reader)) => self.objects(place, writer, reader),
            _ => vec![reason(place, Why::Kind { writer: writer.words(), reader: reader.words() })],
        }
    }

    fn arrays(&mut self, place: &str, writer: &Form, reader: &Form) -> Vec<Reason> {
        let (
            Form::Array { items, first, from, to },
            Form::Array { items: other_items, first: other_first, from: least, to: most },
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
                (None, Others::Like(read)) => all.extend(self.schemas(&here, written, read)),
                (None, Others::Refused) => all.push(reason(&here, Why::Refused)),
                (None, Others::Ignored) => all.push(reason(&here, Why::Unread)),
            }
        }
        let missing = reader.required.iter().filter(|name| !writer.required.contains(*name));
        all.extend(missing.map(|name| reason(&format!("{place}.{name}"), Why::Missing)));
        if let Others::Like(written) = &writer.others {
            // Any member may be written, those that the reader knows by name too.
            for (name, read) in
                reader.properties.iter().filter(|(name, _)| !writer.properties.contains_key(*name))
            {
                all.extend(self.schemas(&format!("{place}.{name}"), written, read));
            }
            match &reader.others {
                Others::Like(read) => all.extend(self.schemas(&format!("{place}.*"), written, read)),
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
    let is_alike = |other: &Form| std::mem::discriminant(form) == std::mem::discriminant(other);
    let has_tags_of = |a: &Object, b: &Object| {
        a.tags().all(|(name, value)| b.properties.get(name).and_then(|one| one.get("const")) == Some(value))
    };
    match (form, other) {
        (Form::Object(a), Form::Object(b)) => {
            let are_only = read.iter().filter(|form| is_alike(form)).count() == 1;
            if a.tags().next().is_some() { has_tags_of(a, b) } else { are_only }
        }
        // Among others, a value that is gone is a value that is gone.
        (Form::Const(_), _) | (_, Form::Const(_)) => false,
        _ => is_alike(other) || read.len() == 1,
    }
}

/// Returns whether a value is of a form.
fn is_of(value: &Value, form: &Form) -> bool {
    match (value, form) {
        (Value::Null, Form::Null) | (Value::Bool(_), Form::Bool) => true,
        (Value::String(_), Form::String { limits }) => limits.is_empty(),
        (Value::Number(number), Form::Number { is_integer, from, to }) => {
            let value = number.as_f64().unwrap_or_default();
            (!is_integer || number.is_i64() || number.is_u64())
                && from.is_none_or(|from| value >= from)
                && to.is_none_or(|to| value <= to)
        }
        _ => false,
    }
}

/// Returns whether a limit of a text keeps within another.
fn keeps(keyword: &str, own: &Value, wanted: &Value) -> bool {
    match (keyword, own.as_u64(), wanted.as_u64()) {
        ("minLength", Some(own), Some(wanted)) => own >= wanted,
        ("maxLength", Some(own), Some(wanted)) => own <= wanted,
        _ => own == wanted,
    }
}
