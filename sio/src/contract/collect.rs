//! Builds a contract from consumers and from declarations of events.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Contract;
use super::model::{Arg, Event, Namespace, Way};
use super::schema::{has_large_integer, unknown};
use super::types::Generators;
use crate::consumer::EventInfo;
use crate::consumer::shape::{Handled, Handlers, Shape, Typed};
use crate::namespaces::declarations::{Emits, SentEvent, meet};
use crate::namespaces::registration::Registration;

/// Brings everything together.
pub(super) fn contract(registrations: &[Registration], declarations: &[Emits]) -> Contract {
    let mut collector =
        Collector { generators: Generators::new(), namespaces: BTreeMap::new(), problems: Vec::new() };
    for registration in registrations {
        collector.consumer(registration);
    }
    for emits in declarations {
        collector.emits(emits);
    }
    let Collector { generators, mut namespaces, mut problems } = collector;
    let types = generators.finish(&mut namespaces);
    let large = types.iter().filter(|(_, named)| has_large_integer(&named.schema));
    problems.extend(large.map(|(name, _)| format!("type {name}: {LARGE}")));
    Contract { namespaces, types, problems }
}

const LARGE: &str = "an integer of 64 bits or more, of which JavaScript loses digits beyond 2^53";

struct Collector {
    generators: Generators,
    namespaces: BTreeMap<String, Namespace>,
    problems: Vec<String>,
}

impl Collector {
    fn consumer(&mut self, registration: &Registration) {
        let path = registration.namespace;
        let Handlers { docs, connect, events, .. } = registration.handlers();
        let auth = connect.and_then(|connect| self.event(path, "connect", &connect).args.into_iter().next());
        let mut receives = Vec::new();
        for handled in &events {
            for name in handled.names {
                let mut event = self.event(path, name, handled);
                event.limits = limits(registration.events, name);
                receives.push(event);
            }
        }
        let namespace = self.namespaces.entry(path.to_owned()).or_default();
        namespace.consumer = Some((registration.type_name(), registration.location.to_string()));
        docs.clone_into(&mut namespace.docs);
        namespace.auth = auth;
        namespace.receives.extend(receives);
        namespace.has_fallback |= registration.events.iter().any(|info| info.fallback);
    }

    /// The events of a declaration, in the namespaces of consumers that it means.
    fn emits(&mut self, emits: &Emits) {
        for declared in emits.namespaces {
            let served =
                self.namespaces.iter().filter(|(path, one)| one.consumer.is_some() && meet(declared, path));
            let mut paths: Vec<_> = served.map(|(path, _)| path.clone()).collect();
            if paths.is_empty() {
                if *declared != "/" {
                    let place = format!("{} ({})", emits.name, emits.location);
                    self.problems.push(format!(
                        "{declared}: no consumer serves it, and {place} declares events for it"
                    ));
                }
                paths.push((*declared).to_owned());
            }
            for path in paths {
                for sent in emits.events {
                    let event = self.sent(&path, sent);
                    let sends = &mut self.namespaces.entry(path.clone()).or_default().sends;
                    if sends.iter().all(|known| known.name != event.name) {
                        sends.push(event);
                    }
                }
            }
        }
    }

    /// An event that the server sends.
    fn sent(&mut self, path: &str, sent: &SentEvent) -> Event {
        let (place, shape) = (format!("{path} -> {}", sent.name), &sent.shape);
        let args = shape.args.iter().map(|(name, typed)| {
            let schema = self.schema(&typed(), Way::ToClient, &format!("{place}, argument `{name}`"));
            Arg { name: (*name).to_owned(), schema, is_optional: false }
        });
        let args = args.collect();
        let answer = shape.answer.first();
        let ack =
            answer.map(|typed| self.answer(&typed(), Way::ToServer, &format!("{place}, acknowledgement")));
        Event { name: sent.name.to_owned(), docs: shape.docs.to_owned(), args, ack, ..Event::default() }
    }

    /// An event that clients send.
    fn event(&mut self, path: &str, name: &str, handled: &Handled) -> Event {
        let place = format!("{path} <- {name}");
        let mut event = Event { name: name.to_owned(), docs: handled.docs.to_owned(), ..Event::default() };
        let mut answer = handled.answer;
        for (arg, shape) in &handled.args {
            match shape {
                Shape::Payload { typed, is_optional } => {
                    let schema = self.schema(typed, Way::ToServer, &format!("{place}, argument `{arg}`"));
                    event.args.push(Arg { name: (*arg).to_owned(), schema, is_optional: *is_optional });
                }
                Shape::Ack(typed) => answer = Some(*typed),
                Shape::Rest => event.has_rest = true,
                Shape::Provided => {}
            }
        }
        let answer =
            answer.map(|typed| self.answer(&typed, Way::ToClient, &format!("{place}, acknowledgement")));
        event.ack = Some(answer.unwrap_or_default());
        event.codes = handled.codes;
        event
    }

    /// The values of an answer: a tuple is several, `()` is none.
    fn answer(&mut self, typed: &Typed, way: Way, place: &str) -> Vec<Value> {
        if typed.is_unit() {
            return Vec::new();
        }
        let schema = self.schema(typed, way, place);
        match schema.get("prefixItems") {
            Some(Value::Array(items)) if (typed.is_tuple)() => items.clone(),
            _ => vec![schema],
        }
    }

    fn schema(&mut self, typed: &Typed, way: Way, place: &str) -> Value {
        let Some(schema) = self.generators.schema(typed, way) else {
            let type_name = (typed.type_name)();
            self.problems
                .push(format!("{place}: `{type_name}` has no `JsonSchema`, so clients see `unknown`"));
            return unknown();
        };
        if has_large_integer(&schema) {
            self.problems.push(format!("{place}: {LARGE}"));
        }
        schema
    }
}

/// The limits of an event, in words.
fn limits(events: &'static [EventInfo], name: &str) -> Vec<String> {
    let Some(info) = EventInfo::find(events, name) else { return Vec::new() };
    let concurrent = info.concurrent.then(|| "concurrent".to_owned());
    let timeout = info.timeout.map(|timeout| format!("timeout {timeout:?}"));
    let max_size = info.max_size.map(|bytes| format!("at most {bytes} bytes"));
    let rate = info.rate.map(|rate| format!("{} in {:?}", rate.count, rate.per));
    [concurrent, timeout, max_size, rate].into_iter().flatten().collect()
}
