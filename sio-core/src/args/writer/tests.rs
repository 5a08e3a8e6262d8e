use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::*;
use crate::binary::Binary;

fn written<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    let (mut out, mut attachments) = (Vec::new(), Vec::<Bytes>::new());
    value.serialize(&mut Writer::new(&mut out, &mut attachments)).map_err(|error| error.to_string())?;
    Ok(String::from_utf8(out).expect("JSON is text"))
}

/// Compares with serde_json, errors included.
fn assert_same<T: Serialize + ?Sized>(value: &T) {
    assert_eq!(written(value), serde_json::to_string(value).map_err(|error| error.to_string()));
}

/// A map with this key cannot be written, as with serde_json.
fn assert_no_key<K: Serialize>(key: K) {
    let named = Named(key);
    assert!(serde_json::to_string(&named).is_err());
    assert_eq!(written(&named), Err("key must be a string, a finite number or a boolean".to_owned()));
}

#[test]
fn strings_are_written_as_serde_json_does() {
    let all: String = (0..0x300).filter_map(char::from_u32).collect();
    assert_same(&all);
    for (at, character) in all.char_indices() {
        assert_same(&character);
        assert_same(&format!("{}{character}{}", "x".repeat(at % 40), "y".repeat(at % 23)));
    }
    assert_same("");
    assert_same("a \u{2028} line, 😀 and \"quotes\"\\");
}

#[test]
fn numbers_are_written_as_serde_json_does() {
    let floats = [0.0, -0.0, 1.0, 0.1, 1e300, 1e-300, f64::MIN, f64::EPSILON, f64::NAN, f64::INFINITY];
    floats.iter().for_each(assert_same);
    assert_same(&[0.1f32, f32::MAX, f32::NEG_INFINITY]);
    assert_same(&(i8::MIN, i16::MIN, i32::MIN, i64::MIN, i128::MIN));
    assert_same(&(i8::MAX, i16::MAX, i32::MAX, i64::MAX, i128::MAX));
    assert_same(&(u8::MAX, u16::MAX, u32::MAX, u64::MAX, u128::MAX));
    assert_same(&[0, -1, 9, 10, -10, 12_345]);
}

#[derive(Serialize, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Unit,
    New(u8),
    Tuple(u8, bool),
    Struct { a: Option<u8>, b: Vec<()> },
}

#[derive(Serialize)]
struct Nothing;

#[derive(Serialize)]
struct Pair(u8, char);

#[derive(Serialize)]
struct Outer {
    kinds: Vec<Kind>,
    nothing: Nothing,
    pair: Pair,
    #[serde(flatten)]
    more: BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    left_out: Option<u8>,
}

#[test]
fn types_of_all_shapes_are_written_as_serde_json_does() {
    let kinds = || {
        vec![
            Kind::Unit,
            Kind::New(1),
            Kind::Tuple(2, true),
            Kind::Struct { a: Some(3), b: vec![(), ()] },
            Kind::Struct { a: None, b: Vec::new() },
        ]
    };
    let more = BTreeMap::from([("x".to_owned(), json!({"y": [null, 1.5, {}], "z": []}))]);
    assert_same(&Outer { kinds: kinds(), nothing: Nothing, pair: Pair(1, '"'), more, left_out: None });
    assert_same(&kinds());
    assert_same(&((), Some(()), None::<u8>, [0u8; 0]));
    assert_same(&format_args!("shown {} \"so\"\n", 5));
}

#[test]
fn names_are_written_as_serde_json_does() {
    assert_same(&BTreeMap::from([("a\n", 1), ("b", 2)]));
    assert_same(&BTreeMap::from([(1, 'a'), (-1, 'b')]));
    assert_same(&BTreeMap::from([(true, 1)]));
    assert_same(&BTreeMap::from([('x', 1)]));
    assert_same(&BTreeMap::from([(u128::MAX, 1)]));
    assert_same(&BTreeMap::from([(Kind::Unit, 1)]));
    assert_same(&BTreeMap::from([(Some("x"), 1)]));
    for kind in [Kind::New(1), Kind::Tuple(1, false), Kind::Struct { a: None, b: Vec::new() }] {
        assert_no_key(kind);
    }
    assert_no_key(());
    assert_no_key(None::<u8>);
    assert_no_key(vec![1]);
    assert_no_key((1, 2));
    assert_no_key(BTreeMap::from([(1, 1)]));
    assert_no_key(Binary::from(b"bytes"));
}

/// A map with one name, of a type that no map has an order for.
struct Named<K>(K);

impl<K: Serialize> Serialize for Named<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([(&self.0, 1)])
    }
}

#[test]
fn names_may_be_finite_floats() {
    [1.5, -0.0, 1e300].map(Named).iter().for_each(assert_same);
    assert_same(&Named(1.5f32));
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_no_key(number);
    }
    assert_no_key(f32::NAN);
    assert_same(&Named(format_args!("{}", 5)));
    assert_no_key(Nothing);
}

#[test]
fn json_that_is_ready_is_written_as_it_is() {
    let raw = RawValue::from_string(r#"{ "a" : [1, "x y"] }"#.to_owned()).expect("it is JSON");
    assert_same(&raw);
    assert_same(&[("b", &raw), ("c", &raw)]);
}

#[test]
fn an_error_of_a_value_is_passed_on() {
    struct Broken;

    impl Serialize for Broken {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(ser::Error::custom("broken"))
        }
    }

    assert_same(&(1, Broken));
    assert_same(&BTreeMap::from([("a", Broken)]));
}
