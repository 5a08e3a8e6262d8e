//! A contract as a document of AsyncAPI 3.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use sio_grammar::pattern;

use super::Contract;
use super::model::Event;
use super::schema::{TYPES, each_reference};

/// The newest version that tools know.
const VERSION: &str = "3.1.0";

impl Contract {
    /// Returns an AsyncAPI 3 document, with a title and a version of the program's own.
    ///
    /// A namespace is a channel. The events of clients are `receive` operations with the acknowledgement as their
    /// reply, those of the server are `send` operations. The payload of a message is the list of the event's arguments.
    /// `x-socketio-auth` of a channel is the payload of a connection, and `x-socketio-attachment` stands for bytes.
    ///
    /// # Examples
    ///
    /// ```
    /// let document = sio::Contract::collect().asyncapi("Chat", "1.0.0");
    /// assert_eq!(document["asyncapi"], "3.1.0");
    /// ```
    #[must_use]
    pub fn asyncapi(&self, title: &str, version: &str) -> Value {
        let (mut channels, mut operations) = (Map::new(), Map::new());
        let mut taken = BTreeSet::new();
        for (path, namespace) in &self.namespaces {
            let id = unique(path, &mut taken);
            let channel = json!({ "$ref": format!("#/channels/{id}") });
            let (mut messages, mut ids) = (Map::new(), BTreeSet::new());
            for (action, events) in [("receive", &namespace.receives), ("send", &namespace.sends)] {
                for event in events {
                    let message_id = unique(&format!("{action}_{}", event.name), &mut ids);
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
                        let reply = format!("{message_id}_ack");
                        operation["reply"] = json!({ "channel": channel, "messages": reference(&reply) });
                        messages.insert(reply, acknowledgement(event, values, action == "receive"));
                    }
                    messages.insert(message_id.clone(), message(event));
                    operations.insert(format!("{id}_{message_id}"), operation);
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
        let error_name = self.error_name();
        let mut schemas: Map<_, _> =
            self.types.iter().map(|(name, named)| (component(name), named.schema.clone())).collect();
        schemas.insert(error_name.clone(), error());
        let mut document = json!({
            "asyncapi": VERSION,
            "info": { "title": title, "version": version },
            "defaultContentType": "application/json",
            "channels": channels,
            "operations": operations,
            "components": { "schemas": schemas },
        });
        each_reference(&mut document, &mut |target| {
            if let Some(name) = target.strip_prefix(TYPES) {
                let name = if name == ERROR { error_name.clone() } else { component(name) };
                *target = format!("#/components/schemas/{name}");
            }
        });
        document
    }

    /// The name of the error among the types.
    fn error_name(&self) -> String {
        let mut name = "SioError".to_owned();
        while self.types.contains_key(&name) {
            name.push('_');
        }
        name
    }
}

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

/// Keys of components consist of these characters.
fn component(name: &str) -> String {
    name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect()
}

/// Returns a key for a name that no other has.
fn unique(name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain = component(name);
    let plain = match plain.trim_matches('_') {
        "" => "root",
        plain => plain,
    };
    let mut found = plain.to_owned();
    let mut number = 2;
    while !taken.insert(found.clone()) {
        found = format!("{plain}{number}");
        number += 1;
    }
    found
}
