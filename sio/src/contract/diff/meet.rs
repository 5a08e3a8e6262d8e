//! The intersection of forms: values that two schemas take.

use serde_json::{Value, json};

use super::forms::{Form, Kind, Object, Others};

/// More forms than these are not compared.
const MOST_FORMS: usize = 256;

/// Returns the forms of values that are of one form of each list; `None` if there are too many.
pub(super) fn meet_all(all: &[Form], more: &[Form]) -> Option<Vec<Form>> {
    if all.len().saturating_mul(more.len()) > MOST_FORMS {
        return None;
    }
    Some(all.iter().flat_map(|a| more.iter().filter_map(move |b| meet(a, b))).collect())
}

/// Returns the form of values that are of both; `None` if there are none.
fn meet(a: &Form, b: &Form) -> Option<Form> {
    let kind = match (&a.kind, &b.kind) {
        (Kind::Any, other) | (other, Kind::Any) => other.clone(),
        (Kind::Const(a), Kind::Const(b)) => (a == b).then(|| Kind::Const(a.clone()))?,
        (Kind::Const(value), kind) | (kind, Kind::Const(value)) => {
            kind.may_have(value).then(|| Kind::Const(value.clone()))?
        }
        (Kind::Number { is_integer, from, to }, Kind::Number { is_integer: also, from: least, to: most }) => {
            Kind::Number {
                is_integer: *is_integer || *also,
                from: from.map_or(*least, |from| Some(least.map_or(from, |least| from.max(least)))),
                to: to.map_or(*most, |to| Some(most.map_or(to, |most| to.min(most)))),
            }
        }
        (Kind::String { from, to }, Kind::String { from: least, to: most }) => {
            Kind::String { from: *from.max(least), to: shorter(*to, *most) }
        }
        (Kind::Array { .. }, Kind::Array { .. }) => meet_arrays(&a.kind, &b.kind)?,
        (Kind::Object(a), Kind::Object(b)) => Kind::Object(meet_objects(a, b)),
        (a, b) => (a == b).then(|| a.clone())?,
    };
    let limits = a.limits.union(&b.limits).cloned().collect();
    Some(Form { kind, limits })
}

/// The smaller of two ends.
fn shorter(one: Option<u64>, other: Option<u64>) -> Option<u64> {
    one.into_iter().chain(other).min()
}

/// The schema of values that are of both.
fn both(one: &Value, other: &Value) -> Value {
    if one == other { one.clone() } else { json!({ "allOf": [one, other] }) }
}

fn meet_arrays(one: &Kind, other: &Kind) -> Option<Kind> {
    let (
        Kind::Array { items, first, from, to },
        Kind::Array { items: also_items, first: also_first, from: least, to: most },
    ) = (one, other)
    else {
        return None;
    };
    let anything = Value::Bool(true);
    let at = |first: &[Value], items: &Option<Value>, number: usize| {
        first.get(number).or(items.as_ref()).unwrap_or(&anything).clone()
    };
    let count = first.len().max(also_first.len());
    Some(Kind::Array {
        items: match (items, also_items) {
            (Some(one), Some(other)) => Some(both(one, other)),
            (one, other) => one.clone().or_else(|| other.clone()),
        },
        first: (0..count)
            .map(|number| both(&at(first, items, number), &at(also_first, also_items, number)))
            .collect(),
        from: *from.max(least),
        to: shorter(*to, *most),
    })
}

fn meet_objects(one: &Object, other: &Object) -> Object {
    let mut met = one.clone();
    met.required.extend(other.required.iter().cloned());
    for (name, schema) in &other.properties {
        let schema = met.properties.get(name).map_or_else(|| schema.clone(), |known| both(known, schema));
        met.properties.insert(name.clone(), schema);
    }
    met.others = match (&one.others, &other.others) {
        (Others::Refused, _) | (_, Others::Refused) => Others::Refused,
        (Others::Ignored, like) | (like, Others::Ignored) => like.clone(),
        (Others::Like { names, schema }, Others::Like { names: more, schema: also }) => {
            Others::Like { names: names.union(more).cloned().collect(), schema: both(schema, also) }
        }
    };
    met
}
