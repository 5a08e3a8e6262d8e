//! One argument into types of many shapes, with `serde_json` as oracle.

use std::collections::BTreeMap;
use std::fmt::Debug;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use sio_core::args::Args;

#[derive(Debug, PartialEq, Deserialize)]
struct Record {
    a: u8,
    #[serde(default)]
    b: Option<String>,
    #[serde(rename = "c d")]
    c: Vec<f64>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Strict {
    a: Box<Option<Self>>,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Outside {
    Unit,
    New(i16),
    Pair(bool, String),
    Named { x: u8 },
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "t")]
enum Inside {
    A { x: i64 },
    B,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(tag = "t", content = "c")]
enum Beside {
    A(i64),
    B,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Any {
    Number(f64),
    Text(String),
    List(Vec<Self>),
    Flag(bool),
}

#[derive(Debug, PartialEq, Deserialize)]
struct Flat {
    a: u8,
    #[serde(flatten)]
    rest: BTreeMap<String, Json>,
}

pub(super) fn arguments(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if serde_json::from_str::<Json>(text).is_err() || text.contains("_placeholder") {
        // It gets as far as its types have to look, and no further than its end.
        nothing_panics(text);
        return;
    }
    let depth = text.bytes().filter(|byte| b"[{".contains(byte)).count();
    if depth > 100 {
        return;
    }
    same::<bool>(text);
    same::<u8>(text);
    same::<i64>(text);
    same::<f64>(text);
    same::<char>(text);
    same::<String>(text);
    same::<Option<u16>>(text);
    same::<Vec<i32>>(text);
    same::<(u8, String)>(text);
    same::<BTreeMap<i32, bool>>(text);
    same::<Record>(text);
    same::<Strict>(text);
    same::<Outside>(text);
    same::<Inside>(text);
    same::<Beside>(text);
    same::<Any>(text);
    same::<Flat>(text);
    same::<Json>(text);
}

fn same<T: DeserializeOwned + Debug + PartialEq>(text: &str) {
    let expected = serde_json::from_str::<T>(text).ok();
    let mut alone = Args::single(text.into());
    let found = alone.take::<T>().ok();
    // The one difference: a list is no struct here, though serde could fill the fields in their order.
    if found.is_none() && expected.is_some() && is_list_for_struct::<T>(text) {
        return;
    }
    assert_eq!(found, expected, "{}", std::any::type_name::<T>());
    assert!(found.is_none() || alone.is_exhausted());
    // The same between others.
    let mut among = Args::array(format!("[0,{text} ,\"end\"]").into(), Vec::new());
    assert_eq!(among.take::<u8>(), Ok(0));
    assert_eq!(among.take::<T>().ok(), expected);
    if expected.is_some() {
        assert_eq!(among.take::<String>().as_deref(), Ok("end"));
    }
}

fn is_list_for_struct<T>(text: &str) -> bool {
    let name = std::any::type_name::<T>().rsplit("::").next().unwrap_or_default();
    match name {
        "Record" | "Flat" => text.trim_start().starts_with('['),
        "Strict" | "Outside" | "Inside" | "Beside" => text.contains('['),
        _ => false,
    }
}

fn nothing_panics(text: &str) {
    for args in [
        Args::single(text.into()),
        Args::array(text.into(), Vec::new()),
        Args::array(format!("[{text}]").into(), vec![vec![1, 2].into()]),
    ] {
        let _ = args.clone().take::<Json>();
        let _ = args.clone().take::<Record>();
        let _ = args.clone().take::<Any>();
        let _ = args.clone().take::<Flat>();
        let _ = args.clone().take_rest::<Vec<sio_core::value::Value>>();
        let _ = args.clone().take_rest::<(sio_core::binary::Binary, u8)>();
    }
}
