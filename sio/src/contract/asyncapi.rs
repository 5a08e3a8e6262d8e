//! A contract as a document of AsyncAPI 3.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use sio_grammar::pattern;

use super::Contract;
use super::model::Event;
use super::names::{MAIN, unique};
use super::schema::{TYPES, each_reference};

/// The newest version that tools know.
const VERSION: &str = "3.1.0";

impl Contract {
    /// Returns an AsyncAPI 3 document, with a title and a version of the program's own.
    ///
    /// A namespace is a channel, and `/` is the channel `main`. The events of clients are `receive` operations with the acknowledgement as their
    /// reply, those of the server are `send` operations. The payload of a message is the list of the event's arguments.
    /// `x-socketio-auth` of a channel is the payload of a connection, and `x-socketio-attachment` stands for bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// let document = sio::contract::Contract::collect().asyncapi("Chat", "1.0.0");
    /// assert_eq!(document["asyncapi"], "3.1.0");
    /// ```
    #[must_use]
    pub fn asyncapi(&self, title: &str, version: &str) -> Value {
        let (mut channels, mut operations) = (Map::new(), Map::new());
        let (mut channel_ids, mut operation_ids) =
            (BTreeSet::from([MAIN_CHANNEL.to_owned()]), BTreeSet::new());
        for (path, namespace) in &self.namespaces {
            let id = match path.as_str() {
                MAIN => MAIN_CHANNEL.to_owned(),
                path => unique(&key(path), &mut channel_ids),
            };
            let channel = json!({ "$ref": format!("#/channels/{id}") });
            let (mut messages, mut ids) = (Map::new(), BTreeSet::new());
            for (action, events) in [("receive", &namespace.receives), ("send", &namespace.sends)] {
                for event in events {
                    let message_id = unique(&key(&format!("{action}_{}", event.name)), &mut ids);
                    let reference =
                        |id_of: &str| json!([{ "$ref": format!("#/channels/{id}/messages/{id_of}") }]);
                    let mut operation = json!({
                        "action": action,
                        "channel": channel,
                        "title": event.name,
                        "messages": reference(&message_id),
                    });
                    describe(&mut operation, &event.docs);
                    if let Some(values) = &event.ack {
                        let reply = unique(&format!("{message_id}_ack"), &mut ids);
                        operation["reply"] = json!({ "channel": channel, "messages": reference(&reply) });
                        messages.insert(reply, acknowledgement(event, values, action == "receive"));
                    }
                    messages.insert(message_id.clone(), message(event));
                    operations.insert(unique(&format!("{id}_{message_id}"), &mut operation_ids), operation);
                }
            }
            let mut one = json!({ "address": path, "title": path, "messages": messages });
            describe(&mut one, &namespace.docs);
            let parameters = pattern::names(path).map(|name| (name.to_owned(), json!({})));
            let parameters: Map<_, _> = parameters.collect();
            if !parameters.is_empty() {
                one["parameters"] = Value::Object(parameters);
            }
            if let Some(auth) = &namespace.auth {
                one["x-socketio-auth"] = auth.schema.clone();
            }
            channels.insert(id, one);
        }
        let names = self.components();
        let mut schemas: Map<_, _> =
            self.types.iter().map(|(name, named)| (names[name].clone(), named.schema.clone())).collect();
        schemas.insert(names[ERROR].clone(), error());
        let mut document = json!({
            "asyncapi": VERSION,
            "info": { "title": title, "version": version },
            "defaultContentType": "application/json",
            "channels": channels,
            "operations": operations,
            "components": { "schemas": schemas },
        });
        each_reference(&mut document, &mut |target| {
            if let Some(name) = target.strip_prefix(TYPES).and_then(|name| names.get(name)) {
                *target = format!("#/components/schemas/{name}");
            }
        });
        document
    }

    /// The keys of the components: of each type, and of the error.
    fn components(&self) -> BTreeMap<String, String> {
        let mut taken = BTreeSet::new();
        let mut names: BTreeMap<_, _> =
            self.types.keys().map(|name| (name.clone(), unique(&plain(name), &mut taken))).collect();
        names.insert(ERROR.to_owned(), unique("SioError", &mut taken));
        names
    }
}

/// The channel of the namespace `/`, which no other namespace gets.
const MAIN_CHANNEL: &str = "main";

/// Stands for the error's name, and is none of a type.
const ERROR: &str = "<error>";

fn describe(part: &mut Value, docs: &str) {
    if !docs.is_empty() {
        part["description"] = json!(docs);
    }
}

fn message(event: &Event) -> Value {
    let items = event.args.iter().map(|arg| titled(&arg.schema, &arg.name));
    let least = event.args.iter().rposition(|arg| !arg.is_optional).map_or(0, |last| last + 1);
    let payload = list(items.collect(), least, event.has_rest);
    json!({ "name": event.name, "title": event.name, "payload": payload })
}

fn acknowledgement(event: &Event, values: &[Value], has_error: bool) -> Value {
    let value = list(values.to_vec(), values.len(), false);
    let payload = if has_error {
        let mut error = json!({ "$ref": format!("{TYPES}{ERROR}") });
        if let Some(codes) = event.codes {
            error = json!({ "allOf": [error, { "x-socketio-codes": codes }] });
        }
        json!({ "oneOf": [value, list(vec![error], 1, false)] })
    } else {
        value
    };
    let title = format!("Acknowledgement of {}", event.name);
    json!({ "name": format!("{} acknowledgement", event.name), "title": title, "payload": payload })
}

/// The schema of a list of arguments. An empty `prefixItems` is none.
fn list(items: Vec<Value>, least: usize, has_more: bool) -> Value {
    let most = items.len();
    let mut list = json!({ "type": "array", "minItems": least });
    if !items.is_empty() {
        list["prefixItems"] = Value::Array(items);
    }
    if !has_more {
        list["maxItems"] = json!(most);
    }
    list
}

fn titled(schema: &Value, name: &str) -> Value {
    let mut schema = schema.clone();
    if let Value::Object(map) = &mut schema {
        map.entry("title").or_insert_with(|| json!(name));
    }
    schema
}

fn error() -> Value {
    json!({
        "type": "object",
        "description": "An acknowledgement of an event that has failed.",
        "properties": {
            "status": { "const": "error" },
            "code": { "type": "string" },
            "message": { "type": "string" },
        },
        "required": ["status", "code", "message"],
    })
}

/// Keys of a document consist of these characters.
fn plain(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// Returns a key for a path or an event, without the signs at its ends.
fn key(name: &str) -> String {
    match plain(name).trim_matches('_') {
        "" => "other".to_owned(),
        key => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::model::{Named, Namespace, Types, Way, Ways};

    fn event(name: &str) -> Event {
        Event { name: name.to_owned(), ack: Some(Vec::new()), ..Event::default() }
    }

    /// A document of namespaces, each with what clients may send there, and of types.
    fn document(namespaces: &[(&str, &[&str])], types: &[&str]) -> Value {
        let namespaces = namespaces.iter().map(|(path, events)| {
            let receives = events.iter().map(|name| event(name)).collect();
            ((*path).to_owned(), Namespace { receives, ..Namespace::default() })
        });
        let named = Named { schema: json!(true), ways: Ways::One(Way::ToClient) };
        let types: Types = types.iter().map(|name| ((*name).to_owned(), named.clone())).collect();
        let contract = Contract { namespaces: namespaces.collect(), types, problems: Vec::new() };
        contract.asyncapi("Test", "1.0.0")
    }

    fn keys(map: &Value) -> Vec<&str> {
        map.as_object().expect("an object").keys().map(String::as_str).collect()
    }

    #[test]
    fn the_main_namespace_has_a_channel_of_that_name_and_no_other_has() {
        let all = document(&[("/", &[]), ("/main", &[]), ("/root", &[]), ("/чат", &[])], &[]);
        assert_eq!(keys(&all["channels"]), ["main", "main2", "other", "root"]);
        assert_eq!(all["channels"]["main"]["address"], "/");
        assert_eq!(all["channels"]["main2"]["address"], "/main");
        assert_eq!(keys(&document(&[("/main", &[])], &[])["channels"]), ["main2"]);
    }

    #[test]
    fn nothing_takes_the_place_of_another_thing_of_the_same_name() {
        let namespaces: [(&str, &[&str]); 2] =
            [("/a", &["say", "say_ack", "receive_b"]), ("/a/receive", &["b"])];
        let all = document(&namespaces, &["Б", "Д", "SioError"]);
        assert_eq!(keys(&all["operations"]).len(), 4);
        // Each event and its acknowledgement.
        assert_eq!(keys(&all["channels"]["a"]["messages"]).len(), 6);
        for (_, operation) in all["operations"].as_object().expect("operations") {
            for messages in [&operation["messages"], &operation["reply"]["messages"]] {
                let reference = messages[0]["$ref"].as_str().expect("a reference");
                let message = all.pointer(reference.trim_start_matches('#')).expect("it leads to a message");
                let wanted = operation["title"].as_str().expect("the event");
                assert!(message["name"].as_str().is_some_and(|name| name.starts_with(wanted)), "{operation}");
            }
        }
        assert_eq!(keys(&all["components"]["schemas"]), ["SioError", "SioError2", "_", "_2"]);
        let reply = all["channels"]["a"]["messages"]["receive_say_ack"]["payload"].to_string();
        assert!(reply.contains("#/components/schemas/SioError2"), "{reply}");
    }
}
