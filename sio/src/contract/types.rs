//! Named types, brought together from both ways.
//!
//! serde may read a type differently from how it writes it: a field with a default need not be there, but is always
//! written. Where the two agree a type has one name; where they do not, clients write its `…Input`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::generate::{SchemaGenerator, SchemaSettings};
use serde_json::{Value, json};

use super::model::{Named, Namespace, Types, Way, Ways};
use super::schema::{self, ATTACHMENT, TYPES, each_reference, references};
use crate::consumer::shape::Typed;

/// Makes the schemas of types, as serde reads and writes them.
#[derive(Debug)]
pub(crate) struct Generators {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Generators {
    pub(crate) fn new() -> Self {
        let settings = SchemaSettings::draft2020_12().with(|settings| {
            settings.definitions_path = "/types".into();
            settings.meta_schema = None;
        });
        Self {
            read: settings.clone().for_deserialize().into_generator(),
            written: settings.for_serialize().into_generator(),
        }
    }

    /// Returns the schema of a type for values that go this way; `None` if it has none.
    pub(crate) fn schema(&mut self, typed: &Typed, way: Way) -> Option<Value> {
        let make = typed.schema?;
        // Both see all types in one order, so that types of one name get the same numbers.
        let (read, written) = (make(&mut self.read), make(&mut self.written));
        Some(Value::from(match way {
            Way::ToServer => read,
            Way::ToClient => written,
        }))
    }

    /// Returns the types that the namespaces use, and lets them refer to those.
    pub(crate) fn finish(mut self, namespaces: &mut BTreeMap<String, Namespace>) -> Types {
        let mut read = side(&mut self.read);
        let mut written = side(&mut self.written);
        let is_bytes = |schema: &&Value| **schema == json!({ ATTACHMENT: true });
        let bytes =
            read.iter().filter(|(_, schema)| is_bytes(schema)).map(|(name, _)| name.clone()).collect();
        read.values_mut().chain(written.values_mut()).for_each(|schema| inline_bytes(schema, &bytes));
        let (mut in_use, mut out_use) = (BTreeSet::new(), BTreeSet::new());
        for namespace in namespaces.values_mut() {
            namespace.each_schema(|schema, way| {
                inline_bytes(schema, &bytes);
                match way {
                    Way::ToServer => reach(schema, &read, &mut in_use),
                    Way::ToClient => reach(schema, &written, &mut out_use),
                }
            });
        }
        read.retain(|name, _| in_use.contains(name));
        written.retain(|name, _| out_use.contains(name));
        let inputs = inputs(&read, &written);
        let rename = |value: &mut Value| {
            each_reference(value, &mut |target| {
                if let Some(name) = target.strip_prefix(TYPES).and_then(|name| inputs.get(name)) {
                    *target = format!("{TYPES}{name}");
                }
            });
        };
        let mut types = Types::new();
        for (name, mut schema) in read {
            rename(&mut schema);
            let is_both = written.contains_key(&name) && !inputs.contains_key(&name);
            let ways = if is_both { Ways::Both } else { Ways::One(Way::ToServer) };
            let name = inputs.get(&name).cloned().unwrap_or(name);
            types.insert(name, Named { schema, ways });
        }
        for (name, schema) in written {
            let named = Named { schema, ways: Ways::One(Way::ToClient) };
            types.entry(name).or_insert(named);
        }
        for namespace in namespaces.values_mut() {
            namespace.each_schema(|schema, way| {
                if way == Way::ToServer {
                    rename(schema);
                }
            });
        }
        types
    }
}

/// The named types of one way.
type Side = BTreeMap<String, Value>;

/// Takes the types of a generator.
fn side(generator: &mut SchemaGenerator) -> Side {
    generator.take_definitions(true).into_iter().collect()
}

/// Puts bytes in the place of references to types that are nothing else.
fn inline_bytes(value: &mut Value, bytes: &BTreeSet<String>) {
    match value {
        Value::Object(map) => {
            if schema::reference(map).is_some_and(|name| bytes.contains(name)) {
                map.remove("$ref");
                map.insert(ATTACHMENT.to_owned(), true.into());
            }
            map.values_mut().for_each(|value| inline_bytes(value, bytes));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| inline_bytes(value, bytes)),
        _ => {}
    }
}

/// Adds all types that a schema needs.
fn reach(schema: &Value, types: &Side, reached: &mut BTreeSet<String>) {
    for name in references(schema) {
        if let Some(next) = types.get(&name).filter(|_| !reached.contains(&name)) {
            reached.insert(name);
            reach(next, types, reached);
        }
    }
}

/// The names of the types that look different when they are read.
fn inputs(read: &Side, written: &Side) -> BTreeMap<String, String> {
    let both: Vec<_> = read.iter().filter_map(|(name, a)| Some((name, a, written.get(name)?))).collect();
    let differs =
        |(_, read, written): &&(&String, &Value, &Value)| read != written || schema::has_attachment(read);
    let mut different: BTreeSet<&String> = both.iter().filter(differs).map(|(name, ..)| *name).collect();
    loop {
        let refers = |value: &Value| references(value).iter().any(|name| different.contains(name));
        let more = both.iter().filter(|(name, read, _)| !different.contains(*name) && refers(read));
        let more: Vec<_> = more.map(|(name, ..)| *name).collect();
        if more.is_empty() {
            break;
        }
        different.extend(more);
    }
    let mut names = BTreeMap::new();
    for name in different {
        let mut input = format!("{name}Input");
        while read.contains_key(&input) || written.contains_key(&input) {
            input.push('_');
        }
        names.insert(name.clone(), input);
    }
    names
}
