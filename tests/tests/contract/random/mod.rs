//! `contract::diff` on random pairs of contracts: where it finds no breaking change, a reader must take each value of a
//! writer. The values come from the one schema and are checked against the other.
//!
//! The pairs are the same in each run. `SIO_SEED=7000` tries others, and a failure says with which seed it begins.

mod rng;
mod schemas;
mod values;

use serde_json::{Value, json};
use sio::contract::diff;

use self::rng::Rng;
use self::values::Types;

const PAIRS: u64 = 1000;

/// The values of each pair.
const VALUES: usize = 24;

/// A schema with its types.
struct Side {
    schema: Value,
    types: Value,
}

impl Side {
    /// A contract in which clients send the value, or get it: as an answer, or as an argument.
    fn contract(&self, from_clients: bool, is_answer: bool) -> Value {
        let arg = json!([{ "name": "value", "optional": false, "schema": self.schema }]);
        let (receives, sends) = match (from_clients, is_answer) {
            (true, false) => (json!({ "take": { "args": arg, "ack": [] } }), json!({})),
            (true, true) => (json!({}), json!({ "ask": { "args": [], "ack": [self.schema] } })),
            (false, false) => (json!({}), json!({ "tell": { "args": arg, "ack": null } })),
            (false, true) => (json!({ "get": { "args": [], "ack": [self.schema] } }), json!({})),
        };
        json!({ "namespaces": { "/": { "receives": receives, "sends": sends } }, "types": self.types })
    }
}

/// A pair of which the new side is the old one with a few changes.
fn pair(rng: &mut Rng) -> (Side, Side) {
    let depth = 1 + rng.below(3);
    let old = Side { schema: schemas::schema(rng, depth), types: schemas::types(rng) };
    let mut new = Side { schema: old.schema.clone(), types: old.types.clone() };
    for _ in 0..=rng.below(2) {
        if rng.once_in(3) {
            let name = *rng.pick(&["Plain", "Tree", "Small"]);
            new.types[name] = schemas::change_type(rng, &new.types[name]);
        } else {
            new.schema = schemas::change(rng, &new.schema);
        }
    }
    (old, new)
}

/// How often each outcome came.
#[derive(Debug, Default)]
struct Outcomes {
    /// Pairs without a breaking change, of which values were tried.
    compatible: usize,
    /// Pairs with a breaking change of which a value shows it.
    shown: usize,
    /// Pairs with a breaking change of which none of the values shows it.
    hidden: usize,
}

#[test]
fn without_a_breaking_change_each_value_of_a_writer_is_taken() {
    let first = std::env::var("SIO_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
    let mut outcomes = Outcomes::default();
    for seed in first..first + PAIRS {
        let rng = &mut Rng::new(seed);
        let (old, new) = pair(rng);
        for side in [&old, &new] {
            let contract = side.contract(true, false);
            assert_eq!(diff(&contract, &contract), [], "SIO_SEED={seed}: {contract:#}");
        }
        for (from_clients, is_answer) in [(true, false), (true, true), (false, false), (false, true)] {
            let changes =
                diff(&old.contract(from_clients, is_answer), &new.contract(from_clients, is_answer));
            let is_breaking = changes.iter().any(|change| change.is_breaking);
            let (writer, reader) = if from_clients { (&old, &new) } else { (&new, &old) };
            let tried: Vec<_> =
                (0..VALUES).filter_map(|_| Types(&writer.types).value(rng, &writer.schema)).collect();
            let refused = tried.iter().find(|value| !Types(&reader.types).is_valid(value, &reader.schema));
            match (is_breaking, refused) {
                (false, Some(value)) => panic!(
                    "SIO_SEED={seed}: no breaking change is found, and the reader refuses {value}\n\
                     from clients: {from_clients}\nold: {}\n{}\nnew: {}\n{}\n{changes:#?}",
                    old.schema, old.types, new.schema, new.types
                ),
                (false, None) if tried.is_empty() => {}
                (false, None) => outcomes.compatible += 1,
                (true, Some(_)) => outcomes.shown += 1,
                (true, None) => outcomes.hidden += 1,
            }
        }
    }
    println!("{outcomes:?}");
    // Else it would show nothing.
    assert!(outcomes.compatible > 1000 && outcomes.shown > 1000, "{outcomes:?}");
    assert!(outcomes.hidden * 4 < outcomes.shown, "too much is called breaking: {outcomes:?}");
}
