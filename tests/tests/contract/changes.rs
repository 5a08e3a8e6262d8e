//! Changes that break clients and changes that do not: each row of the table in `sio::contract::diff`'s documentation,
//! both ways.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};
use sio::contract::{Change, diff};

/// A contract with one event that takes a value, and one that the server sends.
fn contract(schema: &Value, types: &Value) -> Value {
    let arg = json!([{ "name": "value", "optional": false, "schema": schema }]);
    json!({
        "contract": 1,
        "namespaces": { "/": {
            "auth": null,
            "receives": { "take": { "args": arg, "rest": false, "ack": [], "codes": null } },
            "sends": { "tell": { "args": arg, "rest": false, "ack": null } },
        } },
        "types": types,
    })
}

fn schema_of<T: JsonSchema>() -> (Value, Value) {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/types".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.for_deserialize().into_generator();
    let schema = generator.subschema_for::<T>();
    (schema.into(), Value::Object(generator.take_definitions(true)))
}

/// The changes from clients and those to clients.
fn changes<Old: JsonSchema, New: JsonSchema>() -> (Vec<Change>, Vec<Change>) {
    let ((old, old_types), (new, new_types)) = (schema_of::<Old>(), schema_of::<New>());
    let all = diff(&contract(&old, &old_types), &contract(&new, &new_types));
    let is_to = |change: &Change| change.place.contains("to clients") || change.place.contains("->");
    let (to, from): (Vec<_>, Vec<_>) = all.into_iter().partition(is_to);
    (from, to)
}

/// Checks if a change of a type breaks clients that send it, and clients that get it.
#[track_caller]
fn breaks<Old: JsonSchema, New: JsonSchema>(from_clients: bool, to_clients: bool) {
    let (from, to) = changes::<Old, New>();
    assert!(!from.is_empty() || !to.is_empty(), "the change is not seen");
    assert_eq!(from.iter().any(|change| change.is_breaking), from_clients, "from clients: {from:#?}");
    assert_eq!(to.iter().any(|change| change.is_breaking), to_clients, "to clients: {to:#?}");
}

/// A module with one type `T`, so that both sides have the same name.
macro_rules! types {
    ($($module:ident { $($code:tt)* })+) => {
        $(mod $module {
            #[derive(schemars::JsonSchema)]
            #[allow(dead_code)]
            $($code)*
        })+
    };
}

types! {
    plain { pub(super) struct T { a: u8 } }
    with_optional { pub(super) struct T { a: u8, b: Option<u8> } }
    with_required { pub(super) struct T { a: u8, b: u8 } }
    optional { pub(super) struct T { a: Option<u8> } }
    strict { #[serde(deny_unknown_fields)] pub(super) struct T { a: u8 } }
    wider { pub(super) struct T { a: u32 } }
    other { pub(super) struct T { a: String } }
    two { pub(super) enum T { A, B } }
    three { pub(super) enum T { A, B, C } }
    two_tagged { #[serde(tag = "t")] pub(super) enum T { A { x: u8 }, B } }
    three_tagged { #[serde(tag = "t")] pub(super) enum T { A { x: u8 }, B, C } }
    tagged_changed { #[serde(tag = "t")] pub(super) enum T { A { x: u8, y: u8 }, B } }
    tree { pub(super) struct T { children: Vec<Self> } }
    tree_with_name { pub(super) struct T { name: String, children: Vec<Self> } }
    reordered { #[serde(tag = "t")] pub(super) enum T { B, A { x: u8 } } }
}

#[test]
fn a_field_that_comes_or_goes() {
    breaks::<plain::T, with_optional::T>(false, false);
    breaks::<plain::T, with_required::T>(true, false);
    breaks::<with_required::T, plain::T>(false, true);
    breaks::<with_required::T, with_optional::T>(false, true);
    breaks::<with_optional::T, with_required::T>(true, false);
    breaks::<plain::T, optional::T>(false, true);
    breaks::<with_optional::T, strict::T>(true, false);
}

#[test]
fn a_type_that_is_wider_narrower_or_another() {
    breaks::<plain::T, wider::T>(false, true);
    breaks::<wider::T, plain::T>(true, false);
    breaks::<plain::T, other::T>(true, true);
    breaks::<u32, f64>(false, true);
    breaks::<u8, Option<u8>>(false, true);
    breaks::<Vec<u8>, Vec<u32>>(false, true);
    breaks::<(u8, u8), (u8, u8, u8)>(true, true);
    breaks::<std::collections::BTreeMap<String, u32>, std::collections::BTreeMap<String, u8>>(true, false);
    breaks::<String, uuid::Uuid>(true, false);
    breaks::<u8, serde_json::Value>(false, true);
    breaks::<sio::Binary, String>(true, true);
}

/// Returns if clients that send a number break when its bounds change.
fn bounds(old: &Value, new: &Value) -> bool {
    let number = |bounds: &Value| {
        let mut schema = json!({ "type": "number" });
        schema.as_object_mut().expect("an object").extend(bounds.as_object().expect("bounds").clone());
        contract(&schema, &json!({}))
    };
    let changes = diff(&number(old), &number(new));
    changes.iter().any(|change| change.is_breaking && change.place.contains("<-"))
}

#[test]
fn a_bound_that_is_excluded_is_narrower_than_one_that_is_not() {
    for (old, new, is_breaking) in [
        (json!({ "minimum": 0 }), json!({ "exclusiveMinimum": 0 }), true),
        (json!({ "exclusiveMinimum": 0 }), json!({ "minimum": 0 }), false),
        (json!({ "maximum": 9 }), json!({ "exclusiveMaximum": 9 }), true),
        (json!({ "exclusiveMaximum": 9 }), json!({ "maximum": 9 }), false),
        (json!({ "minimum": 1 }), json!({ "exclusiveMinimum": 0 }), false),
        (json!({ "minimum": 0, "exclusiveMinimum": 0 }), json!({ "exclusiveMinimum": 0 }), false),
    ] {
        assert_eq!(bounds(&old, &new), is_breaking, "{old} to {new}");
    }
}

#[test]
fn limits_beside_a_reference_names_of_maps_and_unknown_keywords_count() {
    let types = json!({ "Count": { "type": "integer" }, "Name": { "type": "string" } });
    let reference = |name: &str, keyword: &str, limit: Value| {
        let mut schema = json!({ "$ref": format!("#/types/{name}") });
        schema[keyword] = limit;
        schema
    };
    let map = |pattern: &str| {
        let patterns = json!({ pattern: { "type": "boolean" } });
        json!({ "type": "object", "patternProperties": patterns, "additionalProperties": false })
    };
    let number = |keyword: &str, limit: u32| {
        let mut schema = json!({ "type": "integer" });
        schema[keyword] = limit.into();
        schema
    };
    let any_map = json!({ "type": "object", "additionalProperties": { "type": "boolean" } });
    for (wide, narrow) in [
        (json!({ "$ref": "#/types/Count" }), reference("Count", "minimum", json!(5))),
        (reference("Count", "maximum", json!(9)), reference("Count", "maximum", json!(8))),
        (json!({ "$ref": "#/types/Name" }), reference("Name", "minLength", json!(1))),
        (json!({ "$ref": "#/types/Name" }), reference("Name", "pattern", json!("^a"))),
        (any_map, map(r"^\d+$")),
        (json!({ "type": "integer" }), number("multipleOf", 4)),
        (json!({ "type": "integer" }), number("newKeyword", 4)),
    ] {
        let breaks = |old: &Value, new: &Value| {
            let changes = diff(&contract(old, &types), &contract(new, &types));
            let from =
                |change: &&Change| change.place.contains("<-") || change.place.contains("from clients");
            changes.iter().filter(from).any(|change| change.is_breaking)
        };
        assert!(breaks(&wide, &narrow), "{wide} to {narrow}");
        assert!(!breaks(&narrow, &wide), "{narrow} to {wide}");
    }
}

#[test]
fn a_form_that_comes_or_goes() {
    breaks::<two::T, three::T>(false, true);
    breaks::<three::T, two::T>(true, false);
    breaks::<two_tagged::T, three_tagged::T>(false, true);
    breaks::<three_tagged::T, two_tagged::T>(true, false);
    breaks::<two_tagged::T, tagged_changed::T>(true, false);
    breaks::<two::T, String>(false, true);
}

#[test]
fn a_type_that_refers_to_itself() {
    breaks::<tree::T, tree_with_name::T>(true, false);
    let (from, to) = changes::<tree::T, tree::T>();
    assert!(from.is_empty() && to.is_empty());
}

#[test]
fn the_order_of_forms_is_no_change() {
    let (from, to) = changes::<two_tagged::T, reordered::T>();
    assert!(from.is_empty() && to.is_empty(), "{from:?} {to:?}");
}

#[test]
fn a_change_says_where_and_what() {
    let (from, to) = changes::<plain::T, with_required::T>();
    assert_eq!(
        from.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["BREAKING type T, from clients.b: is required now"]
    );
    assert_eq!(
        to.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["ok       type T, to clients.b: is new"]
    );
    let (_, to) = changes::<two::T, three::T>();
    assert_eq!(to[0].to_string(), "BREAKING type T, to clients: may be \"C\" now");
}

/// Changes a contract by a JSON pointer, and returns what breaks and what does not.
fn edited(pointer: &str, value: Value) -> Vec<String> {
    let old = contract(&json!({ "type": "string" }), &json!({}));
    let mut new = old.clone();
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    let key = key.replace("~1", "/");
    let parent = new.pointer_mut(parent).and_then(Value::as_object_mut).expect("the parent");
    if value == "<gone>" {
        parent.remove(&key);
    } else {
        parent.insert(key, value);
    }
    diff(&old, &new).iter().map(ToString::to_string).collect()
}

#[test]
fn events_namespaces_arguments_and_answers() {
    let gone = || json!("<gone>");
    let text = json!({ "type": "string" });
    let arg = |optional: bool| json!({ "name": "x", "optional": optional, "schema": text });
    for (pointer, value, expected) in [
        ("/namespaces/~1", gone(), "BREAKING /: the namespace is gone"),
        ("/namespaces/~1new", json!({}), "ok       /new: the namespace is new"),
        ("/namespaces/~1/receives/take", gone(), "BREAKING / <- take: the event is gone"),
        ("/namespaces/~1/sends/tell", gone(), "BREAKING / -> tell: the event is gone"),
        ("/namespaces/~1/sends/more", json!({}), "ok       / -> more: the event is new"),
        (
            "/namespaces/~1/receives/take/args",
            json!([arg(false), arg(false)]),
            "BREAKING / <- take, argument 1: is new",
        ),
        (
            "/namespaces/~1/receives/take/args",
            json!([arg(false), arg(true)]),
            "ok       / <- take, argument 1: is new",
        ),
        ("/namespaces/~1/receives/take/args", json!([]), "ok       / <- take, argument 0: is gone"),
        (
            "/namespaces/~1/receives/take/args",
            json!([arg(true)]),
            "ok       / <- take, argument 0: may be left out now",
        ),
        (
            "/namespaces/~1/sends/tell/args",
            json!([arg(false), arg(false)]),
            "ok       / -> tell, argument 1: is new",
        ),
        ("/namespaces/~1/sends/tell/args", json!([]), "BREAKING / -> tell, argument 0: is gone"),
        (
            "/namespaces/~1/sends/tell/ack",
            json!([text]),
            "BREAKING / -> tell, acknowledgement: is expected now",
        ),
        (
            "/namespaces/~1/receives/take/ack",
            json!([text]),
            "ok       / <- take, acknowledgement: has more values",
        ),
        (
            "/namespaces/~1/receives/take/codes",
            json!(["muted"]),
            "ok       / <- take: may fail with the code \"muted\" now",
        ),
        (
            "/namespaces/~1/auth",
            json!({ "optional": true, "schema": text }),
            "ok       / auth: a payload is expected now",
        ),
        (
            "/namespaces/~1/auth",
            json!({ "optional": false, "schema": text }),
            "BREAKING / auth: a payload is expected now",
        ),
    ] {
        assert_eq!(edited(pointer, value), [expected]);
    }
}

#[test]
fn every_shape_of_the_matrix_is_no_change_of_itself() {
    let contract = sio::contract::Contract::collect().to_json();
    assert_eq!(diff(&contract, &contract), []);
}

/// A folder of its own for the files of a test.
fn folder(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("sio-contract-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("the folder can be made");
    folder
}

#[test]
fn a_stale_file_fails_with_the_difference_and_is_left_alone() {
    if std::env::var_os("SIO_CONTRACT").is_some() {
        return; // This run is there to write.
    }
    let folder = folder("stale");
    let path = folder.join("contract.ts");
    let contract = sio::contract::Contract::collect();
    let stale = contract.typescript().replace("chat message", "chat massage");
    std::fs::write(&path, &stale).expect("the file can be written");
    let failed = std::panic::catch_unwind(|| contract.check(&path)).expect_err("it is stale");
    let text = failed.downcast_ref::<String>().expect("a text");
    assert!(text.contains("is not up to date; SIO_CONTRACT=write renews it"), "{text}");
    assert!(text.contains("- ") && text.contains("chat massage") && text.contains("+ "), "{text}");
    assert_eq!(std::fs::read_to_string(&path).expect("it is there"), stale);
    std::fs::write(&path, contract.typescript()).expect("the file can be written");
    contract.check(&path);
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}

#[test]
fn only_a_breaking_change_fails() {
    if std::env::var_os("SIO_CONTRACT").is_some() {
        return; // This run is there to write.
    }
    let folder = folder("compatible");
    let path = folder.join("contract.json");
    let contract = sio::contract::Contract::collect();
    let mut old = contract.to_json();
    old["namespaces"]["/chat"]["receives"].as_object_mut().expect("events").remove("id");
    std::fs::write(&path, old.to_string()).expect("the file can be written");
    contract.check_compatible(&path);
    old["namespaces"]["/chat"]["receives"]["gone"] = json!({});
    std::fs::write(&path, old.to_string()).expect("the file can be written");
    let failed = std::panic::catch_unwind(|| contract.check_compatible(&path)).expect_err("an event is gone");
    let text = failed.downcast_ref::<String>().expect("a text");
    assert!(text.contains("BREAKING /chat <- gone: the event is gone"), "{text}");
    assert!(text.contains("ok       /chat <- id: the event is new"), "{text}");
    std::fs::remove_dir_all(folder).expect("the folder can be removed");
}
