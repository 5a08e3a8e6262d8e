//! A contract as a TypeScript module for the stock `socket.io-client`.

mod shapes;
mod words;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use self::shapes::Writer;
use self::words::{argument, comment, key, namespace_names, quoted, type_names};
use super::Contract;
use super::model::{Event, Named, Way, Ways};

/// Everything that is the same in each module.
const HEAD: &str = include_str!("head.ts");

/// The names that each namespace of the module declares. A type of the same name is hidden there, and needs another one.
const IN_NAMESPACE: [&str; 4] = ["Auth", "Client", "ClientToServerEvents", "ServerToClientEvents"];

/// The TypeScript names of a contract's types and namespaces.
#[derive(Debug)]
pub(super) struct Names {
    types: BTreeMap<String, String>,
    /// The same, as they are seen inside of a namespace.
    inner: BTreeMap<String, String>,
    namespaces: BTreeMap<String, String>,
}

impl Names {
    pub(super) fn new(contract: &Contract) -> Self {
        let types = type_names(contract.types.keys());
        let hidden = |name: &String| IN_NAMESPACE.contains(&name.as_str());
        let inner = types.iter().map(|(rust, name)| {
            let name = if hidden(name) { format!("Sio_{name}") } else { name.clone() };
            (rust.clone(), name)
        });
        Self { inner: inner.collect(), types, namespaces: namespace_names(contract.namespaces.keys()) }
    }

    /// `type ChatMessage = { … };`
    pub(super) fn declaration(&self, rust: &str, named: &Named) -> String {
        let writer = Writer::new(&self.types, named.ways, 0);
        format!("type {} = {};", self.types[rust], writer.shape(&named.schema))
    }

    /// `(message: ChatMessage, ack: (answer: Delivered | SioError) => void) => void`.
    pub(super) fn signature(&self, event: &Event, from_client: bool) -> String {
        self.signature_in(&self.types, event, from_client, 0)
    }

    fn signature_in(
        &self,
        types: &BTreeMap<String, String>,
        event: &Event,
        from_client: bool,
        depth: usize,
    ) -> String {
        let way = if from_client { Way::ToServer } else { Way::ToClient };
        let to = Writer::new(types, Ways::One(way), depth);
        let back = Writer::new(types, Ways::One(way.back()), depth);
        let mut taken = Vec::new();
        let mut params = Vec::new();
        for arg in &event.args {
            let mut shape = to.shape(&arg.schema);
            if arg.is_optional && from_client && shape != "unknown" {
                // Only what has nothing required behind it can be left out, and the acknowledgement is behind all.
                shape.push_str(" | undefined");
            }
            params.push(format!("{}: {shape}", argument(&arg.name, &mut taken)));
        }
        if event.has_rest {
            // Nothing can be typed behind a rest parameter: the acknowledgement is among them.
            params.push(format!("...{}: any[]", argument("rest", &mut taken)));
        } else if let Some(values) = &event.ack {
            let ack = acknowledgement(&back, event, values, from_client);
            params.push(format!("{}: {ack}", argument("ack", &mut taken)));
        }
        format!("({}) => void", params.join(", "))
    }
}

/// `(answer: Delivered | SioError) => void`.
fn acknowledgement(back: &Writer<'_>, event: &Event, values: &[Value], from_client: bool) -> String {
    let error = if from_client { failure(event) } else { String::new() };
    let params = match values {
        [] if from_client => format!("error?: {error}"),
        [] => String::new(),
        [only] if from_client => format!("answer: {} | {error}", back.shape(only)),
        [only] => format!("answer: {}", back.shape(only)),
        [first, more @ ..] => {
            let first = back.shape(first);
            let mut params =
                if from_client { format!("first: {first} | {error}") } else { format!("first: {first}") };
            for (index, value) in more.iter().enumerate() {
                // After an error there are no more.
                let mark = if from_client { "?" } else { "" };
                write!(params, ", more{}{mark}: {}", index + 1, back.shape(value))
                    .expect("a string can be written to");
            }
            params
        }
    };
    format!("({params}) => void")
}

/// The type of the errors of an event.
fn failure(event: &Event) -> String {
    match event.codes {
        None => "SioError".to_owned(),
        Some([]) => "SioError<never>".to_owned(),
        Some(codes) => {
            let codes: Vec<_> = codes.iter().map(|code| quoted(code)).collect();
            format!("SioError<{}>", codes.join(" | "))
        }
    }
}

impl Contract {
    /// Returns a TypeScript module for the stock `socket.io-client`, of version 4: the types of all payloads, and for
    /// each namespace its events, its path and the type of a socket.
    ///
    /// ```ts
    /// import { io } from "socket.io-client";
    /// import { Chat, isSioError } from "./contract";
    ///
    /// const socket: Chat.Client = io(url + Chat.path);
    /// const answer = await socket.emitWithAck("say", { text: "Hello" });
    /// if (isSioError(answer)) console.log(answer.code); else console.log(answer.id);
    /// ```
    #[must_use]
    pub fn typescript(&self) -> String {
        let names = Names::new(self);
        let mut out = HEAD.to_owned();
        for (rust, named) in &self.types {
            out.push('\n');
            comment(&mut out, "", &shapes::docs(&named.schema));
            line(&mut out, &format!("export {}", names.declaration(rust, named)));
            let (outer, inner) = (&names.types[rust], &names.inner[rust]);
            if outer != inner {
                line(&mut out, &format!("type {inner} = {outer};"));
            }
        }
        for path in self.namespaces.keys() {
            self.namespace(&mut out, &names, path);
        }
        out
    }

    fn namespace(&self, out: &mut String, names: &Names, path: &str) {
        let namespace = &self.namespaces[path];
        out.push('\n');
        comment(out, "", &namespace.docs);
        line(out, &format!("export namespace {} {{", names.namespaces[path]));
        if sio_grammar::pattern::is_pattern(path) {
            line(
                out,
                &format!(
                    "  /** The path of each of these namespaces has this form. */\n  export const pattern = {};",
                    quoted(path)
                ),
            );
        } else {
            line(out, &format!("  export const path = {};", quoted(path)));
        }
        if let Some(auth) = &namespace.auth {
            let writer = Writer::new(&names.inner, Ways::One(Way::ToServer), 1);
            line(out, "  /** The payload with which a client connects: `io(url, { auth })`. */");
            let shape = writer.shape(&auth.schema);
            // The client's option `auth` cannot be null; one that is optional is left out.
            let shape =
                if auth.is_optional { shape.strip_suffix(" | null").unwrap_or(&shape) } else { &shape };
            line(out, &format!("  export type Auth = {shape};"));
        }
        for (interface, events, from_client) in [
            ("ClientToServerEvents", &namespace.receives, true),
            ("ServerToClientEvents", &namespace.sends, false),
        ] {
            if events.is_empty() && !(from_client && namespace.has_fallback) {
                line(out, &format!("  export interface {interface} {{}}"));
                continue;
            }
            line(out, &format!("  export interface {interface} {{"));
            for event in events {
                comment(out, "    ", &event.docs);
                let signature = names.signature_in(&names.inner, event, from_client, 2);
                line(out, &format!("    {}: {signature};", key(&event.name)));
            }
            out.push_str("  }\n");
        }
        out.push_str(
            "  export type Client = SioTypedSocket<ServerToClientEvents, ClientToServerEvents>;\n}\n",
        );
    }
}

fn line(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
