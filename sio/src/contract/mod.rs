//! The contract between the server and its clients: every event with its types, as the program declares them.
//!
//! [`Contract::collect`] finds all consumers and declared events of the program. It is for tests and tools: a running
//! server pays nothing for it. A test keeps a TypeScript module in the repository up to date:
//!
//! ```no_run
//! # // In a test of the application.
//! sio::contract::Contract::collect().check("../web/src/contract.ts");
//! ```
//!
//! | | |
//! |---|---|
//! | [`Contract::typescript`] | types for the stock `socket.io-client` |
//! | [`Contract::asyncapi`] | the document for AsyncAPI's tools |
//! | [`Contract::check`], [`Contract::check_compatible`] | tests: a file is up to date, older clients keep working |
//! | [`Contract::problems`] | types that clients see as `unknown`, and other losses |
//! | [`Contract::page`], [`Builder::docs`](crate::Builder::docs) | a page for developers |
//! | [`diff`] | the changes between two contracts: those that break clients in use, and others |
//! | `{}`, `println!("{}", Contract::collect())` | the routes: namespaces, events, signatures |
//!
//! Types are described by [`schemars`](https://docs.rs/schemars) 1.x, which reads serde's attributes. Payloads derive its
//! `JsonSchema` beside `Serialize` and `Deserialize`; nothing demands it, and a type without it appears as `unknown`.

mod asyncapi;
mod check;
mod collect;
mod diff;
mod model;
mod names;
mod page;
mod routes;
mod schema;
mod types;
mod typescript;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

pub use self::diff::{Change, diff};
use self::model::{Event, Namespace, Types};
pub use self::page::PageFile;
use crate::namespaces::declarations;
use crate::namespaces::registration::{self, Registration};

/// The namespaces and events of a program, with the types of all that clients send and get.
///
/// # Examples
///
/// ```standalone_crate
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
/// use sio::prelude::*;
///
/// #[derive(Deserialize, JsonSchema)]
/// struct Say {
///     text: String,
/// }
///
/// #[derive(Serialize, JsonSchema)]
/// struct Said {
///     id: u32,
/// }
///
/// #[derive(Default)]
/// struct Chat;
///
/// #[consumer(namespace = "/chat")]
/// impl Chat {
///     /// Says something to everybody.
///     async fn event_say(&mut self, say: Say) -> sio::Result<Said> {
///         Ok(Said { id: say.text.len() as u32 })
///     }
/// }
///
/// # fn main() {
/// let contract = sio::contract::Contract::collect();
/// let typescript = contract.typescript();
/// assert!(typescript.contains("say: (say: Say, ack: (answer: Said | SioError) => void) => void;"), "{typescript}");
/// assert!(contract.problems().is_empty());
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Contract {
    namespaces: BTreeMap<String, Namespace>,
    types: Types,
    problems: Vec<String>,
}

impl Contract {
    /// Collects the contract of all consumers, and of all events declared by `#[emits]`, that are linked into the
    /// program. A crate of which nothing is used is not linked, and its consumers are not there.
    #[must_use]
    pub fn collect() -> Self {
        let (registrations, _) = registration::collect(&[], true);
        collect::contract(&registrations, &declarations::declarations())
    }

    /// The contract of some consumers, and of what is declared for their namespaces.
    pub(crate) fn of(registrations: &[Registration]) -> Self {
        let mut declared = declarations::declarations();
        declared.retain(|emits| {
            let is_served =
                |path: &&str| registrations.iter().any(|one| declarations::meet(path, one.namespace));
            emits.namespaces.iter().any(is_served)
        });
        collect::contract(registrations, &declared)
    }

    /// Returns the places where clients see less than the program knows, a sentence each: types without `JsonSchema`,
    /// integers that JavaScript cannot hold, and declared events of namespaces that no consumer serves.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Returns the whole as JSON, in an order that does not depend on the order of the source: for a file in the
    /// repository, and for [`diff`].
    #[must_use]
    pub fn to_json(&self) -> Value {
        let namespaces: Map<_, _> =
            self.namespaces.iter().map(|(path, one)| (path.clone(), one.to_json())).collect();
        let types: Map<_, _> =
            self.types.iter().map(|(name, named)| (name.clone(), named.schema.clone())).collect();
        json!({ "contract": 1, "namespaces": namespaces, "types": types })
    }
}

impl Namespace {
    fn to_json(&self) -> Value {
        let events = |events: &[Event]| -> Map<_, _> {
            events.iter().map(|event| (event.name.clone(), event.to_json())).collect()
        };
        json!({
            "docs": self.docs,
            "auth": self.auth.as_ref().map(|auth| json!({ "optional": auth.is_optional, "schema": auth.schema })),
            "receives": events(&self.receives),
            "sends": events(&self.sends),
        })
    }
}

impl Event {
    fn to_json(&self) -> Value {
        let args = self.args.iter();
        let args =
            args.map(|arg| json!({ "name": arg.name, "optional": arg.is_optional, "schema": arg.schema }));
        json!({
            "docs": self.docs,
            "args": args.collect::<Vec<_>>(),
            "rest": self.has_rest,
            "ack": self.ack,
            "codes": self.codes,
        })
    }
}
