use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};

use super::*;
use crate::binary::Binary;
use crate::pace::tests::given_way;
use crate::value::Value;

fn args(raw: &str) -> Args {
    Args::array(raw.into(), Vec::new())
}

fn with_attachments<const N: usize>(raw: &str, attachments: [&'static [u8]; N]) -> Args {
    Args::array(raw.into(), attachments.into_iter().map(|bytes| Bytes::from(bytes.to_vec())).collect())
}

fn one<T: DeserializeOwned>(value: &str) -> Result<T, String> {
    args(&format!("[{value}]")).take().map_err(|error| error.detail)
}

#[derive(Debug, PartialEq, Deserialize)]
struct Message {
    text: String,
    n: u64,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Shape {
    Nothing,
    Round(f64),
    Square(u8, u8),
    Named { name: String },
    Picture(Binary),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum TextOrBytes {
    Bytes(Binary),
    Text(String),
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "kind")]
enum Tagged {
    Upload { data: Binary },
    Note { text: String },
}

#[derive(Debug, PartialEq, Deserialize)]
struct Outer {
    id: u8,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    others: HashMap<String, Value>,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Inner {
    data: Binary,
}

#[test]
fn arguments_are_taken_in_order() {
    let mut args = args(r#" [ {"text":"hi","n":1} , "two" ,3, [4] ] "#);
    assert_eq!(args.index(), 0);
    assert_eq!(args.take::<Message>().unwrap(), Message { text: "hi".into(), n: 1 });
    assert_eq!(args.take::<String>().unwrap(), "two");
    assert_eq!(args.take::<u8>().unwrap(), 3);
    assert!(!args.is_exhausted());
    assert_eq!(args.take::<Vec<u8>>().unwrap(), [4]);
    assert!(args.is_exhausted());
    assert_eq!(args.index(), 4);
}

#[test]
fn a_wrong_type_leaves_the_argument_in_place() {
    let mut args = args(r#"["a",{"text":1}]"#);
    args.take::<String>().unwrap();
    let error = args.take::<Message>().unwrap_err();
    assert_eq!(error.index, 1);
    assert_eq!(error.detail, "invalid type: integer `1`, expected a string");
    assert!(!error.missing);
    assert_eq!(error.to_string(), "argument 1: invalid type: integer `1`, expected a string");
    assert_eq!(args.index(), 1);
    assert_eq!(args.take::<Value>().unwrap()["text"].as_u64(), Some(1));
}

#[test]
fn a_missing_argument_is_none_or_an_error() {
    for raw in ["[]", " [ ] ", ""] {
        let mut args = args(raw);
        assert!(args.is_exhausted(), "{raw:?}");
        for _ in 0..2 {
            let error = args.take::<String>().unwrap_err();
            assert_eq!(
                (error.index, error.detail.as_str(), error.missing),
                (0, "argument 0 is missing", true)
            );
        }
        assert!(args.take::<Value>().unwrap_err().missing);
        assert!(args.take::<serde_json::Value>().unwrap_err().missing);
        assert!(args.take::<()>().unwrap_err().missing);
        assert!(args.take::<serde::de::IgnoredAny>().unwrap_err().missing);
        assert!(args.take::<f32>().unwrap_err().missing);
        assert!(args.take::<i128>().unwrap_err().missing);
        assert_eq!(args.take::<Option<Message>>().unwrap(), None);
        assert_eq!(args.take::<u8>().unwrap_err().to_string(), "argument 1 is missing");
    }
}

#[test]
fn null_is_none_and_not_missing() {
    let mut args = args("[null,null]");
    assert_eq!(args.take::<Option<u8>>().unwrap(), None);
    let error = args.take::<u8>().unwrap_err();
    assert_eq!((error.detail.as_str(), error.missing), ("invalid type: null, expected u8", false));
}

#[test]
fn a_type_that_reads_nothing_still_uses_its_argument_up() {
    #[derive(Debug)]
    struct Blind;
    impl<'de> Deserialize<'de> for Blind {
        fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
            Ok(Self)
        }
    }
    let mut args = args(r#"[{"a":[1,2]},7]"#);
    args.take::<Blind>().unwrap();
    assert_eq!(args.take::<u8>().unwrap(), 7);
    args.take_rest::<Blind>().unwrap();
    assert!(args.is_exhausted());
}

#[test]
fn the_rest_is_one_sequence() {
    let mut all = args("[1,\"a\",[2]]");
    all.take::<u8>().unwrap();
    let mut again = all.clone();
    assert_eq!(again.take_rest::<(String, Vec<u8>)>().unwrap(), ("a".into(), vec![2]));
    assert!(again.is_exhausted());
    assert_eq!(again.take_rest::<Vec<Value>>().unwrap(), []);
    let Value::Array(rest) = all.clone().take_rest::<Value>().unwrap() else { panic!("not a list") };
    assert_eq!(rest.len(), 2);

    let error = all.take_rest::<Vec<String>>().unwrap_err();
    assert_eq!((error.index, error.detail.as_str()), (2, "invalid type: sequence, expected a string"));
    let error = all.take_rest::<(String,)>().unwrap_err();
    assert_eq!(error.detail, "more elements than expected");
    let error = all.take_rest::<(String, Vec<u8>, u8)>().unwrap_err();
    assert_eq!((error.index, error.detail.as_str()), (3, "invalid length 2, expected a tuple of size 3"));
    assert_eq!(all.take_rest::<String>().unwrap_err().detail, "invalid type: sequence, expected a string");
    assert_eq!(Args::single("1".into()).take_rest::<Vec<u8>>().unwrap(), [1]);
}

#[test]
fn single_arguments_need_no_array() {
    let mut auth = Args::single(" {\"text\":\"\",\"n\":0} ".into());
    assert!(!auth.is_exhausted());
    assert_eq!(auth.take::<Message>().unwrap(), Message { text: String::new(), n: 0 });
    assert!(auth.is_exhausted());
    assert_eq!(Args::single("[1,2]".into()).take::<(u8, u8)>().unwrap(), (1, 2));
    assert!(Args::single(ByteString::new()).take::<Value>().unwrap_err().missing);
    assert!(Args::empty().is_exhausted());
}

#[test]
fn text_that_is_not_json_is_an_error_and_no_panic() {
    for raw in
        ["{", "[,", "[1 2]", "[\"", "[\"\\u12", "[nul]", "[-]", "[{\"a\"}]", "[{\"a\":}]", "nonsense", "}"]
    {
        for result in [
            args(raw).take::<Value>().map(drop),
            args(raw).take::<Message>().map(drop),
            args(raw).take::<HashMap<u8, Shape>>().map(drop),
            args(raw).take::<serde::de::IgnoredAny>().map(drop),
            args(raw).take_rest::<Vec<Shape>>().map(drop),
        ] {
            assert!(result.is_err(), "{raw}");
        }
    }
    assert!(Args::single("1 2".into()).take::<u8>().is_err());
}

#[test]
fn numbers_fit_their_types_or_do_not() {
    assert_eq!(one::<u64>("18446744073709551615"), Ok(u64::MAX));
    assert_eq!(one::<i64>("-9223372036854775808"), Ok(i64::MIN));
    assert_eq!(one::<u128>("340282366920938463463374607431768211455"), Ok(u128::MAX));
    assert_eq!(one::<i128>("-1"), Ok(-1));
    assert_eq!(one::<f64>("0.1"), Ok(0.1));
    assert_eq!(one::<f64>("3"), Ok(3.0));
    assert_eq!(one::<f32>("16777217.000000001"), Ok(16_777_218.0));
    assert_eq!(one::<u8>("256").unwrap_err(), "invalid value: integer `256`, expected u8");
    assert_eq!(one::<u8>("-1").unwrap_err(), "invalid value: integer `-1`, expected u8");
    assert_eq!(one::<u8>("1.0").unwrap_err(), "invalid type: floating point `1.0`, expected u8");
    assert_eq!(one::<u8>("\"1\"").unwrap_err(), "invalid type: string \"1\", expected u8");
    assert_eq!(one::<f64>("1e999").unwrap_err(), "number out of range");
    assert_eq!(one::<f32>("1e99").unwrap_err(), "number out of range");
}

#[test]
fn structs_are_objects_and_nothing_else() {
    assert_eq!(one::<Message>("[\"a\",2]").unwrap_err(), "invalid type: sequence, expected struct Message");
    assert_eq!(
        one::<Message>("{\"n\":1,\"x\":{\"y\":[1]},\"text\":\"\"}"),
        Ok(Message { text: String::new(), n: 1 })
    );
    assert_eq!(
        one::<Message>(r#"{"n":1,"t\u0065xt":"\ud800\n"}"#),
        Ok(Message { text: "\u{fffd}\n".into(), n: 1 })
    );
    assert_eq!(one::<Message>("{\"text\":\"\"}").unwrap_err(), "missing field `n`");
    assert_eq!(one::<Message>("true").unwrap_err(), "invalid type: boolean `true`, expected struct Message");
    assert_eq!(one::<(u8, u8)>("[1,2,3]").unwrap_err(), "more elements than expected");
    assert_eq!(one::<bool>("{}").unwrap_err(), "invalid type: map, expected a boolean");
    assert_eq!(one::<char>("\"é\""), Ok('é'));
    assert_eq!(one::<()>("null"), Ok(()));
    assert_eq!(
        one::<serde_json::Value>(r#"{"b":[1,-1,0.5,null,"x"],"a":{}}"#),
        Ok(serde_json::json!({"b": [1, -1, 0.5, null, "x"], "a": {}}))
    );
}

#[test]
fn keys_of_maps_may_be_numbers_booleans_and_enums() {
    #[derive(Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
    enum Color {
        Red,
    }
    assert_eq!(one("{\"1\":2,\"30\":4}"), Ok(HashMap::from([(1_u32, 2_u8), (30, 4)])));
    assert_eq!(one("{\"-1\":2}"), Ok(HashMap::from([(-1_i64, 2_u8)])));
    assert_eq!(one("{\"true\":2}"), Ok(HashMap::from([(true, 2_u8)])));
    assert_eq!(one("{\"Red\":2}"), Ok(BTreeMap::from([(Color::Red, 2_u8)])));
    assert_eq!(one("{\"a\":2}"), Ok(HashMap::from([(Some("a".to_owned()), 2_u8)])));
    for bad in ["01", "+1", "1 ", " 1", "", "x", "1.5"] {
        assert!(one::<HashMap<u32, u8>>(&format!("{{\"{bad}\":2}}")).is_err(), "{bad}");
    }
}

#[test]
fn enums_in_all_their_forms() {
    assert_eq!(one("\"Nothing\""), Ok(Shape::Nothing));
    assert_eq!(one("{\"Nothing\":null}"), Ok(Shape::Nothing));
    assert_eq!(one("{\"Round\":1.5}"), Ok(Shape::Round(1.5)));
    assert_eq!(one("{\"Square\":[1,2]}"), Ok(Shape::Square(1, 2)));
    assert_eq!(one("{\"Named\":{\"name\":\"x\"}}"), Ok(Shape::Named { name: "x".into() }));
    assert_eq!(one("{\"text\":\"x\",\"kind\":\"Note\"}"), Ok(Tagged::Note { text: "x".into() }));
    assert_eq!(
        one::<Shape>("\"Round\"").unwrap_err(),
        "invalid type: unit variant, expected newtype variant"
    );
    assert!(one::<Shape>("\"Other\"").unwrap_err().starts_with("unknown variant `Other`"));
    assert!(one::<Shape>("{}").is_err());
    assert!(one::<Shape>("{\"Nothing\":null,\"Round\":1}").is_err());
    assert_eq!(one::<Shape>("1").unwrap_err(), "invalid type: integer `1`, expected enum Shape");
}

#[test]
fn attachments_are_not_copied() {
    const ONE: &str = r#"{"_placeholder":true,"num":0}"#;
    const TWO: &str = r#"{"num":1,"_placeholder":true}"#;
    let raw = format!(
        r#"[{ONE},{{"id":1,"data":{TWO},"more":{ONE}}},{ONE},{{"data":{TWO},"kind":"Upload"}},{{"Picture":{ONE}}}]"#
    );
    let mut args = with_attachments(&raw, [b"first", b"second"]);
    let [first, second] = [args.attachments()[0].clone(), args.attachments()[1].clone()];

    assert_eq!(args.take::<Binary>().unwrap().as_ptr(), first.as_ptr());
    let outer = args.take::<Outer>().unwrap();
    assert_eq!(outer.id, 1);
    assert_eq!(outer.inner.data.as_ptr(), second.as_ptr());
    assert_eq!(outer.others["more"].as_bytes().map(<[u8]>::as_ptr), Some(first.as_ptr()));
    let TextOrBytes::Bytes(bytes) = args.take().unwrap() else { panic!("not bytes") };
    assert_eq!(bytes.as_ptr(), first.as_ptr());
    let Tagged::Upload { data } = args.take().unwrap() else { panic!("not an upload") };
    assert_eq!(data.as_ptr(), second.as_ptr());
    assert_eq!(args.take::<Shape>().unwrap(), Shape::Picture(Binary(first)));
}

#[test]
fn other_types_of_bytes_take_attachments_too() {
    let raw = r#"[{"_placeholder":true,"num":0},{"_placeholder":true,"num":0},{"_placeholder":true,"num":0},{"a":{"_placeholder":true,"num":0}},[{"_placeholder":true,"num":0}]]"#;
    let mut args = with_attachments(raw, [b"abc"]);
    assert_eq!(args.take::<serde_bytes::ByteBuf>().unwrap().as_slice(), b"abc");
    assert_eq!(args.take::<Bytes>().unwrap(), "abc");
    assert_eq!(args.take::<serde_bytes::ByteArray<3>>().unwrap().as_slice(), b"abc");
    assert_eq!(args.take::<HashMap<String, Option<Binary>>>().unwrap()["a"], Some(Binary::from(b"abc")));
    assert_eq!(args.take::<Value>().unwrap()[0].as_bytes(), Some(&b"abc"[..]));
}

#[test]
fn bytes_where_there_should_be_none_are_named_in_the_error() {
    let raw = r#"[{"_placeholder":true,"num":0}]"#;
    let detail = |error: ArgError| error.detail;
    let args = with_attachments(raw, [b"abc"]);
    let error = args.clone().take::<serde_json::Value>().unwrap_err();
    assert_eq!(error.detail, "bytes do not fit into `serde_json::Value`: use `sio::Value`");
    assert_eq!(
        args.clone().take::<String>().map_err(detail).unwrap_err(),
        "invalid type: byte array, expected a string"
    );
    assert_eq!(
        args.clone().take::<Message>().map_err(detail).unwrap_err(),
        "invalid type: byte array, expected struct Message"
    );
    assert_eq!(
        args.clone().take::<Shape>().map_err(detail).unwrap_err(),
        "invalid type: byte array, expected enum Shape"
    );
    assert_eq!(one::<Binary>("{}").unwrap_err(), "invalid type: map, expected bytes");
    assert_eq!(one::<Binary>("\"x\"").unwrap_err(), "invalid type: string \"x\", expected bytes");
}

#[test]
fn placeholders_are_plain_data_where_there_are_no_attachments() {
    let raw = r#"[{"_placeholder":true,"num":0}]"#;
    assert_eq!(args(raw).take::<Value>().unwrap()["num"].as_u64(), Some(0));
    assert!(args(raw).take::<Binary>().is_err());
    let raw = r#"[{"_placeholder":false,"num":0},{"_placeholder":true,"num":1}]"#;
    let mut args = with_attachments(raw, [b"abc"]);
    assert_eq!(args.take::<Value>().unwrap()["_placeholder"].as_bool(), Some(false));
    assert_eq!(args.take::<Value>().unwrap_err().detail, "placeholder without its attachment");
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(one::<Value>(&nested(127)).is_ok());
    assert_eq!(one::<Value>(&nested(128)).unwrap_err(), "recursion limit exceeded");
    assert!(one::<serde::de::IgnoredAny>(&nested(100_000)).is_ok());
    #[derive(Deserialize)]
    enum Endless {
        Next(Box<Self>),
    }
    let error = one(&"{\"Next\":".repeat(1000)).map(|Endless::Next(next)| drop(next)).unwrap_err();
    assert_eq!(error, "recursion limit exceeded");
}

#[test]
fn long_texts_of_the_client_are_cut_in_messages() {
    let error = one::<u8>(&format!("\"{}\"", "é".repeat(100_000))).unwrap_err();
    assert!(error.starts_with("invalid type: string \"éé") && error.ends_with('…'), "{error}");
    assert!(error.len() <= 260, "{}", error.len());
}

#[test]
fn debug_shows_the_text_and_not_the_bytes() {
    let args = with_attachments("[1]", [b"secret"]);
    assert_eq!(format!("{args:?}"), r#"Args { raw: "[1]", attachments: 1, index: 0 }"#);
}

#[test]
fn everything_that_serde_json_writes_can_be_read() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct All {
        unit: (),
        float: f64,
        text: String,
        list: Vec<Option<i64>>,
        map: BTreeMap<i8, (bool, char)>,
        newtype: Newtype,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Newtype(Option<Box<All>>);
    let all = |inner| All {
        unit: (),
        float: -1.7e-300,
        text: "\"\\\u{0}\u{1f}é😀".into(),
        list: vec![None, Some(i64::MIN)],
        map: BTreeMap::from([(-128, (true, '"'))]),
        newtype: Newtype(inner),
    };
    let value = all(Some(Box::new(all(None))));
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(one::<All>(&json), Ok(value));
}

/// Others wait for the processor meanwhile.
#[test]
fn what_is_long_gives_way_while_it_is_checked_read_and_written() {
    for (piece, pieces) in [("[],", 100), ("{\"a\":1},", 100), ("1,", 100), ("1,", 0)] {
        let json = format!("[[{}0]]", piece.repeat(pieces * 1024 + 1));
        assert!(given_way(|| Reader::new(&json, 0).skip().unwrap()) >= pieces, "checked: {piece}");
        let mut value = Value::Null;
        assert!(given_way(|| value = args(&json).take().unwrap()) >= pieces, "read: {piece}");
        let mut out = Vec::new();
        let written = given_way(|| write_args(&mut out, true, &value, &mut Vec::new()).unwrap());
        assert!(written >= pieces && (written > 0) == (pieces > 0), "written: {piece}");
    }
    let many = Spread(vec![1; 100 * 1024]);
    assert!(given_way(|| write_args(&mut Vec::new(), true, &many, &mut Vec::new()).unwrap()) >= 100);
}
