use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

use super::*;
use crate::args::Spread;
use crate::binary::Binary;
use crate::value::Value;

fn written<A: Serialize + ?Sized>(args: &A) -> (String, Vec<Bytes>) {
    let (mut json, mut attachments) = (b"x".to_vec(), Vec::new());
    write_args(&mut json, false, args, &mut attachments).unwrap();
    (String::from_utf8(json).unwrap(), attachments)
}

fn json<A: Serialize + ?Sized>(args: &A) -> String {
    let (json, attachments) = written(args);
    assert!(attachments.is_empty());
    json
}

#[derive(Serialize)]
struct Unit;
#[derive(Serialize)]
struct Newtype(u8);
#[derive(Serialize)]
struct Pair(u8, u8);
#[derive(Serialize)]
struct Named {
    a: u8,
}
#[derive(Serialize)]
enum Enum {
    Unit,
    Newtype(u8),
    Tuple(u8, u8),
    Struct { a: u8 },
}

#[derive(Serialize)]
#[serde(rename = "sio::Spread")]
struct Marked(u8, Vec<u8>);

#[test]
fn an_array_is_one_argument_wherever_it_stands() {
    let (pair, nested) = ([1, 2], [[1], [2]]);
    assert_eq!(json(&pair), "x,[1,2]");
    assert_eq!(json(&nested), "x,[[1],[2]]");
    assert_eq!(json(&&&pair), "x,[1,2]");
    assert_eq!(json(&Box::new(pair)), "x,[1,2]");
    assert_eq!(json(&Box::new(&pair)), "x,[1,2]");
    assert_eq!(json(&Cow::Borrowed(&pair)), "x,[1,2]");
    assert_eq!(json::<[u8; 0]>(&[]), "x,[]");
    assert_eq!(json(&[(1, 2)]), "x,[[1,2]]");
    assert_eq!(json(&Some(pair)), "x,[1,2]");
    assert_eq!(json(&["a", "b"]), r#"x,["a","b"]"#);
    let (json, attachments) = written(&[Binary::from(b"1"), Binary::from(b"2")]);
    assert_eq!(json, r#"x,[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
    assert_eq!(attachments, ["1", "2"]);
}

#[test]
fn a_tuple_is_several_arguments_also_behind_pointers() {
    let pair = ([1, 2], "b");
    let several = "x,[1,2],\"b\"";
    assert_eq!(json(&pair), several);
    assert_eq!(json(&&&pair), several);
    assert_eq!(json(&&mut pair.clone()), several);
    assert_eq!(json(&Box::new(pair)), several);
    assert_eq!(json(&Box::new(Box::new(&pair))), several);
    assert_eq!(json(&Cow::Borrowed(&pair)), several);
    assert_eq!(json(&(1,)), "x,1");
    assert_eq!(json(&&()), "x");
    assert_eq!(json(&Box::new(())), "x");
    assert_eq!(json(&Marked(1, vec![2])), "x,1,[2]");
    assert_eq!(json(&(Marked(1, vec![2]), Spread(vec![3, 4]))), "x,[1,[2]],[3,4]");
}

#[test]
fn unit_is_none_tuples_are_several_the_rest_is_one() {
    assert_eq!(json(&()), "x");
    assert_eq!(json(&(1, "b", ())), "x,1,\"b\",null");
    assert_eq!(json(&((1, 2), [3, 4])), "x,[1,2],[3,4]");
    assert_eq!(json(&Spread(vec![1, 2])), "x,1,2");
    assert_eq!(json(&vec![1, 2]), "x,[1,2]");
    assert_eq!(json(&[1, 2][..]), "x,[1,2]");
    assert_eq!(json(&Some((1, 2))), "x,[1,2]");
    assert_eq!(json(&None::<u8>), "x,null");
    assert_eq!(json(&Value::Null), "x,null");
    assert_eq!(json(&serde_json::Value::Null), "x,null");
    assert_eq!(json("text"), "x,\"text\"");
    assert_eq!(json(&Unit), "x,null");
    assert_eq!(json(&Newtype(1)), "x,1");
    assert_eq!(json(&Pair(1, 2)), "x,[1,2]");
    assert_eq!(json(&Named { a: 1 }), "x,{\"a\":1}");
    assert_eq!(json(&Enum::Unit), "x,\"Unit\"");
    assert_eq!(json(&Enum::Newtype(1)), "x,{\"Newtype\":1}");
    assert_eq!(json(&Enum::Tuple(1, 2)), "x,{\"Tuple\":[1,2]}");
    assert_eq!(json(&Enum::Struct { a: 1 }), "x,{\"Struct\":{\"a\":1}}");
    assert_eq!(json(&HashMap::from([(1, true)])), "x,{\"1\":true}");
    assert_eq!(json(&format_args!("{}-{}", 1, 2)), "x,\"1-2\"");
}

#[test]
fn the_first_argument_of_all_has_no_comma() {
    let first = |args: &dyn Fn(&mut Vec<u8>) -> Result<(), EncodeError>| {
        let mut json = Vec::new();
        args(&mut json).unwrap();
        String::from_utf8(json).unwrap()
    };
    assert_eq!(first(&|out| write_args(out, true, &(1, 2), &mut Vec::new())), "1,2");
    assert_eq!(first(&|out| write_args(out, true, &1, &mut Vec::new())), "1");
    assert_eq!(first(&|out| write_args(out, true, &(), &mut Vec::new())), "");
}

#[test]
fn bytes_become_attachments_wherever_they_are() {
    #[derive(Serialize)]
    struct Upload {
        meta: BTreeMap<&'static str, Value>,
        data: Binary,
        more: Vec<serde_bytes::ByteBuf>,
    }
    let upload = Upload {
        meta: BTreeMap::from([("icon", Value::Binary(Bytes::from_static(b"1")))]),
        data: Binary::from(b"2"),
        more: vec![serde_bytes::ByteBuf::from(*b"3")],
    };
    let (json, attachments) = written(&(Binary::from(b"0"), upload, serde_bytes::Bytes::new(b"4")));
    let place = |index: usize| format!("{{\"_placeholder\":true,\"num\":{index}}}");
    assert_eq!(
        json,
        format!(
            "x,{},{{\"meta\":{{\"icon\":{}}},\"data\":{},\"more\":[{}]}},{}",
            place(0),
            place(1),
            place(2),
            place(3),
            place(4)
        )
    );
    assert_eq!(attachments, ["0", "1", "2", "3", "4"]);
    assert_eq!(written(&Binary::from(b"0")), (format!("x,{}", place(0)), vec![Bytes::from_static(b"0")]));
}

#[test]
fn numbers_that_are_none_are_null() {
    assert_eq!(
        json(&(f64::NAN, f64::INFINITY, f32::NEG_INFINITY, 0.1, 1e300)),
        "x,null,null,null,0.1,1e+300"
    );
}

#[test]
fn what_cannot_be_json_is_an_error() {
    let error =
        write_args(&mut Vec::new(), true, &HashMap::from([([1, 2], 3)]), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, EncodeError::Json(_)), "{error:?}");
    assert_eq!(error.to_string(), "an argument cannot be written as JSON");
}
