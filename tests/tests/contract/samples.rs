//! Values of the matrix' types as serde writes them. The suite in `tests/clients/contract` reads them from a file, and
//! gives them to a validator of JSON Schema and to the compilers of TypeScript.

use std::fmt::Debug;
use std::fmt::Write as _;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sio::contract::Contract;

use super::file;
use super::matrix::*;

/// Values that go in and come out at an event of the matrix, and values that serde refuses.
#[derive(Default)]
struct Samples {
    written: Vec<(&'static str, Value)>,
    read: Vec<(&'static str, Value)>,
    /// Refused by serde, by the schema and by the compilers.
    refused: Vec<(&'static str, Value)>,
}

impl Samples {
    /// Values that are written, and read again.
    fn both<T: Serialize + DeserializeOwned + PartialEq + Debug>(
        &mut self,
        event: &'static str,
        values: &[T],
    ) {
        for value in values {
            let written = serde_json::to_value(value).expect("it can be written");
            let read: T = serde_json::from_value(written.clone()).expect("it can be read");
            assert_eq!(read, *value, "{event}");
            self.read.push((event, written.clone()));
            self.written.push((event, written));
        }
    }

    /// Values that are written, and look different from those that are read.
    fn written<T: Serialize>(&mut self, event: &'static str, value: &T) {
        self.written.push((event, serde_json::to_value(value).expect("it can be written")));
    }

    /// Values that are read, and never written so.
    fn read<T: DeserializeOwned>(&mut self, event: &'static str, values: &[Value]) {
        for value in values {
            let read = serde_json::from_value::<T>(value.clone());
            assert!(read.is_ok(), "{event}: {value} is refused: {:?}", read.err());
            self.read.push((event, value.clone()));
        }
    }

    fn refused<T: DeserializeOwned>(&mut self, event: &'static str, values: &[Value]) {
        for value in values {
            assert!(serde_json::from_value::<T>(value.clone()).is_err(), "{event}: {value} is taken");
            self.refused.push((event, value.clone()));
        }
    }
}

fn plainer() -> Plainer {
    Plainer { name: "n".to_owned() }
}

#[allow(deprecated)]
fn plain() -> Plain {
    Plain { number: -1, r#type: "t".to_owned(), old: true, letter: 'é', unit: () }
}

fn all() -> Samples {
    let mut all = Samples::default();
    structs(&mut all);
    enums(&mut all);
    flattened(&mut all);
    missing(&mut all);
    others(&mut all);
    all
}

fn structs(all: &mut Samples) {
    all.both("plain", &[plain()]);
    all.refused::<Plain>(
        "plain",
        &[json!({}), json!({ "number": "1", "type": "", "old": true, "letter": "a", "unit": null })],
    );
    let renamed = Renamed { first_name: "A".to_owned(), last_name: "B".to_owned(), first: 1, quote: 2 };
    all.both("renamed", &[renamed]);
    all.refused::<Renamed>(
        "renamed",
        &[json!({ "first_name": "A", "last_name": "B", "1st": 1, "quote\"\\": 2 })],
    );
    all.both("pair", &[Pair(1, "x".to_owned())]);
    all.refused::<Pair>("pair", &[json!([1]), json!([1, 2]), json!({ "0": 1 })]);
    all.both("newtype", &[Newtype("x".to_owned())]);
    all.refused::<Newtype>("newtype", &[json!(1), json!(["x"])]);
    all.both("transparent", &[Transparent { inner: vec![1] }]);
    all.both("empty", &[Empty {}]);
    all.both("unit_struct", &[UnitStruct]);
    all.both("converted", &[Converted { number: 7 }]);
    all.refused::<Converted>("converted", &[json!(7)]);
    all.both("swapped", &[Swapped { a: 1, b: "x".to_owned() }]);
    all.both("as_text", &[AsText { id: u64::MAX }]);
    all.refused::<AsText>("as_text", &[json!({ "id": 7 })]);
    all.both("strict", &[Strict { a: 1, b: None }]);
    all.both("limited", &[Limited { text: "abc".to_owned(), number: 3, mail: "a@example.com".to_owned() }]);
    all.both(
        "tree",
        &[Tree { value: 1, children: vec![Tree { value: 2, children: vec![], parent: None }], parent: None }],
    );
    all.both("page_of_numbers", &[Page { items: vec![1], next: Some(2) }]);
    all.both("page_of_texts", &[Page { items: vec!["a".to_owned()], next: None }]);
    all.refused::<Page<String>>("page_of_texts", &[json!({ "items": [1] })]);
    all.both("named_page", &[NamedPage { items: vec![plainer()] }]);
}

fn enums(all: &mut Samples) {
    all.both(
        "external",
        &[
            External::UnitForm,
            External::NewForm(1),
            External::TupleForm(1, "x".to_owned()),
            External::StructForm { some_field: 1 },
            External::OtherForm { some_field: 1 },
        ],
    );
    all.refused::<External>(
        "external",
        &[json!("other"), json!({ "new-form": "x" }), json!({ "UnitForm": null }), json!({})],
    );
    all.both(
        "internal",
        &[
            Internal::Unit,
            Internal::New(plainer()),
            Internal::Map([("k".to_owned(), 1)].into()),
            Internal::Struct { a: 1, b: None },
        ],
    );
    all.refused::<Internal>(
        "internal",
        &[
            json!({}),
            json!({ "t": "X" }),
            json!({ "t": "New" }),
            json!({ "t": "Struct" }),
            json!({ "name": "n" }),
        ],
    );
    all.both(
        "adjacent",
        &[Adjacent::Unit, Adjacent::New(1), Adjacent::Tuple(1, 2), Adjacent::Struct { a: 1 }],
    );
    all.refused::<Adjacent>(
        "adjacent",
        &[json!({ "t": "New" }), json!({ "t": "New", "c": "x" }), json!({ "c": 1 })],
    );
    all.both(
        "untagged",
        &[
            Untagged::Number(1),
            Untagged::Text("x".to_owned()),
            Untagged::Object { a: 1 },
            Untagged::List(vec![1]),
            Untagged::Nothing,
        ],
    );
    all.refused::<Untagged>("untagged", &[json!(true), json!({ "b": 1 }), json!(["x"])]);
    all.both("words", &[Words::Red, Words::Green]);
    all.refused::<Words>("words", &[json!("Blue"), json!(1)]);
    all.both("documented", &[Documented::Red, Documented::Blue]);
    all.refused::<Documented>("documented", &[json!("Green")]);
    all.both("optional_word", &[None, Some(Words::Red)]);
    all.both("list", &[vec![None, Some(External::UnitForm), Some(External::NewForm(1))]]);
    all.both("strict_forms", &[StrictForms::MoveTo { x: 1, y: -1 }, StrictForms::Stop]);
    all.refused::<StrictForms>(
        "strict_forms",
        &[json!({ "kind": "move_to", "x": 1 }), json!({ "kind": "MoveTo", "x": 1, "y": 1 })],
    );
    all.both("one_or_many", &[OneOrMany::One(plainer()), OneOrMany::Many(vec![plainer()])]);
    all.both("skipped_forms", &[SkippedForms::A]);
    all.written("skipped_forms", &SkippedForms::OnlyOut);
    all.refused::<SkippedForms>("skipped_forms", &[json!("OnlyOut"), json!("Never")]);
}

fn flattened(all: &mut Samples) {
    all.both("flat_struct", &[FlatStruct { id: 1, rest: plainer() }]);
    all.refused::<FlatStruct>(
        "flat_struct",
        &[json!({ "id": 1 }), json!({ "id": 1, "rest": { "name": "n" } })],
    );
    all.both(
        "flat_enum",
        &[
            FlatEnum { id: 1, rest: Internal::Unit },
            FlatEnum { id: 1, rest: Internal::New(plainer()) },
            FlatEnum { id: 1, rest: Internal::Struct { a: 1, b: Some(2) } },
        ],
    );
    all.refused::<FlatEnum>(
        "flat_enum",
        &[json!({ "id": 1 }), json!({ "id": 1, "t": "New" }), json!({ "t": "Unit" })],
    );
    all.both(
        "flat_external",
        &[
            FlatExternal { id: 1, rest: FlatForms::New(1) },
            FlatExternal { id: 1, rest: FlatForms::Struct { a: 1 } },
        ],
    );
    all.refused::<FlatExternal>("flat_external", &[json!({ "id": 1 }), json!({ "id": 1, "New": "x" })]);
    all.both("flat_map", &[FlatMap { id: 1, rest: [("k".to_owned(), 1)].into() }]);
    all.both("flat_option", &[FlatOption { id: 1, rest: None }, FlatOption { id: 1, rest: Some(plainer()) }]);
    all.both(
        "flat_untagged",
        &[
            FlatUntagged { id: 1, rest: FlatUntaggedForms::A { a: 1 } },
            FlatUntagged { id: 1, rest: FlatUntaggedForms::B { b: "x".to_owned() } },
        ],
    );
    all.refused::<FlatUntagged>("flat_untagged", &[json!({ "id": 1 }), json!({ "id": 1, "a": "x" })]);
}

fn missing(all: &mut Samples) {
    let full = Optional { always: Some(1), sometimes: Some(plainer()), number: 2, ten: 3, list: vec![4] };
    let empty = Optional { always: None, sometimes: None, number: 0, ten: 10, list: vec![] };
    all.both("optional", &[full, empty]);
    all.read::<Optional>("optional", &[json!({}), json!({ "always": null, "sometimes": null })]);
    all.refused::<Optional>("optional", &[json!({ "number": null }), json!({ "always": "x" })]);
    all.both("all_default", &[AllDefault { a: 2, b: "c".to_owned() }]);
    all.read::<AllDefault>("all_default", &[json!({}), json!({ "a": 3 })]);
    all.written("skipped", &Skipped { a: 1, never: 2, only_in: 3, only_out: 4 });
    all.read::<Skipped>("skipped", &[json!({ "a": 1 }), json!({ "a": 1, "only_in": 2 })]);
    all.refused::<Skipped>("skipped", &[json!({ "only_in": 2 }), json!({ "a": 1, "only_in": "x" })]);
    all.written("remote", &Remote { field: 1 });
    all.read::<Remote>("remote", &[json!({ "in": 1 })]);
    all.refused::<Remote>("remote", &[json!({ "out": 1 })]);
    all.written("two_cases", &TwoCases { some_field: 1 });
    all.read::<TwoCases>("two_cases", &[json!({ "some_field": 1 })]);
    all.refused::<TwoCases>("two_cases", &[json!({ "someField": 1 })]);
}

fn others(all: &mut Samples) {
    let nonzero = std::num::NonZeroU32::new(1).expect("not zero");
    let numbers =
        Numbers { small: 1, float: 0.5, single: 1.5, large: 1, signed: -1, size: 1, huge: 1, nonzero };
    all.both("numbers", &[numbers]);
    all.both(
        "lists",
        &[Lists {
            tuple: (1, "x".to_owned()),
            one: (1,),
            array: [1, 2, 3],
            options: vec![None, Some(1)],
            forms: vec![External::UnitForm, External::StructForm { some_field: 1 }],
            set: ["a".to_owned()].into(),
            nested: vec![vec![(1, true)]],
        }],
    );
    all.both(
        "maps",
        &[Maps {
            text: [("k".to_owned(), 1)].into(),
            number: [(7, "x".to_owned())].into(),
            signed: [(-7, "x".to_owned())].into(),
            form: [(MapKey::Left, 1)].into(),
            anything: [("k".to_owned(), json!([1, null]))].into(),
        }],
    );
    all.both(
        "library",
        &[Library {
            at: "2020-01-02T03:04:05Z".parse().expect("a time"),
            day: "2020-01-02".parse().expect("a day"),
            id: uuid::Uuid::nil(),
            url: Some("https://example.com/".parse().expect("an address")),
            lasts: std::time::Duration::from_millis(1_500),
            address: [127, 0, 0, 1].into(),
            path: "a/b".into(),
            cow: "cow".into(),
            result: Err("e".to_owned()),
            range: 1..2,
        }],
    );
    all.both("anything", &[Anything { value: json!({ "a": [1] }), maybe: None }]);
    all.both(
        "deep",
        &[Deep {
            forms: Some(vec![[("k".to_owned(), Some(Adjacent::New(1))), ("l".to_owned(), None)].into()]),
            double: None,
        }],
    );
}

/// `SIO_CONTRACT=write` renews the files.
#[test]
fn values_are_there_for_validators_and_compilers() {
    let samples = all();
    let contract = Contract::collect().to_json();
    let events = contract["namespaces"]["/matrix"]["receives"].as_object().expect("the events").keys();
    for event in events {
        let has = |list: &[(&str, Value)]| list.iter().any(|(name, _)| name == event);
        assert!(has(&samples.written) && has(&samples.read), "{event} has no sample");
    }
    let json = json!({ "written": samples.written, "read": samples.read, "refused": samples.refused });
    file("samples.json", &format!("{json:#}\n"));

    let mut script = "\
// Values that serde writes and reads, and values that it refuses.
import type { Matrix, SioError } from \"./contract.ts\";

type Events = Matrix.ClientToServerEvents;
type Read<E extends keyof Events> = Parameters<Events[E]>[0];
type Written<E extends keyof Events> = Exclude<Parameters<Parameters<Events[E]>[1]>[0], SioError>;
declare function read<E extends keyof Events>(event: E, value: Read<E>): void;
declare function written<E extends keyof Events>(event: E, value: Written<E>): void;

"
    .to_owned();
    for (function, list) in [("written", &samples.written), ("read", &samples.read)] {
        for (event, value) in list {
            writeln!(script, "{function}({event:?}, {value});").expect("a string can be written to");
        }
    }
    for (event, value) in &samples.refused {
        writeln!(script, "// @ts-expect-error\nread({event:?}, {value});")
            .expect("a string can be written to");
    }
    file("samples.ts", &script);
}
