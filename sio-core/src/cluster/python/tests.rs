use bytes::Bytes;
use serde_json::json;

use super::super::{answer, change, event};
use super::*;
use crate::args::Spread;
use crate::binary::Binary;
use crate::target::Target;
use crate::value::Value;

/// Messages of servers: the version, and the message.
const CAPTURED: &str = include_str!("captured.jsonl");

fn said(message: &[u8]) -> Said {
    read(message).expect("a message").expect("of a known kind").said
}

/// Room, ids that are left out, name and arguments of an event.
fn emitted(message: &[u8]) -> (Option<Vec<String>>, Vec<String>, String, Vec<Value>) {
    let Said::Event { to, mut event, .. } = said(message) else { panic!("an event") };
    let Spread(args) = event.args.take_rest::<Spread<Value>>().expect("arguments");
    (to.rooms, to.except, event.name, args)
}

fn args(message: &str) -> Vec<Value> {
    emitted(message.as_bytes()).3
}

#[test]
fn messages_of_all_versions_are_read() {
    let binary = |bytes: &'static [u8]| Value::Binary(Bytes::from_static(bytes));
    let object = |json| Value::from(json);
    let mut read_events = Vec::new();
    for line in CAPTURED.lines() {
        let (version, message) = line.split_once(' ').expect("a version and a message");
        match said(message.as_bytes()) {
            Said::Event { .. } => read_events.push((version, emitted(message.as_bytes()).2, args(message))),
            Said::Answer { sid, id, args } => {
                assert_eq!(
                    (sid.as_str(), id, args.raw()),
                    ("8wDbG4zs82WUlWoCAAAB", Some(1), r#"[{"ok": true}]"#)
                );
            }
            Said::Change(_) => {}
        }
    }
    let of = |version: &str, name: &str| -> Vec<Value> {
        let found = read_events.iter().find(|(other, event, _)| *other == version && event == name);
        found.unwrap_or_else(|| panic!("{name} of {version}")).2.clone()
    };
    assert_eq!(
        of("5.18.1", "hello"),
        [Value::Object(vec![("x".into(), Value::from(1)), ("s".into(), "é☃".into())])]
    );
    assert_eq!(of("5.18.1", "nodata"), []);
    assert_eq!(of("5.18.1", "zero"), []);
    assert_eq!(of("5.18.1", "two"), [object(json!("one")), object(json!(2))]);
    assert_eq!(of("5.18.1", "alist"), [object(json!([1, 2, 3]))]);
    assert_eq!(of("5.18.1", "alist1"), [object(json!(["only"]))]);
    assert_eq!(of("5.18.1", "bin"), [binary(b"\x00\x01\xfe\xff")]);
    let nested = Value::Object(vec![("f".into(), binary(b"\x07")), ("n".into(), "x".into())]);
    assert_eq!(of("5.18.1", "bin2"), [nested, binary(b"\x08\x09")]);
    assert_eq!(of("5.15.0", "e1"), [object(json!({"x": 1}))]);
    assert_eq!(of("5.15.0", "e2"), []);
    // One argument or two: this version does not say.
    assert_eq!(of("5.15.0", "e3"), [object(json!("one")), object(json!(2))]);
    assert_eq!(of("5.15.0", "e5"), [binary(b"\x00\xff")]);
    assert_eq!(of("5.14.1", "e1"), [object(json!({"x": 1}))]);
    assert_eq!(of("5.14.1", "e2"), []);
    assert_eq!(of("5.14.1", "e3"), [object(json!(["one", 2]))]);
}

#[test]
fn rooms_sockets_and_changes_are_read() {
    let of = |name: &str| {
        let line =
            CAPTURED.lines().find(|line| line.contains(&format!("\"event\": \"{name}\""))).expect(name);
        emitted(line.split_once(' ').expect("a version").1.as_bytes())
    };
    let (room1, a, b) =
        ("room1".to_owned(), "3qDp7Bd_x8qRl5miAAAB".to_owned(), "8wDbG4zs82WUlWoCAAAB".to_owned());
    assert_eq!((of("hello").0, of("hello").1), (None, vec![]));
    assert_eq!(of("r").0, Some(vec![room1.clone()]));
    assert_eq!(of("rl").0, Some(vec![room1, b.clone()]));
    assert_eq!(of("sk").1, std::slice::from_ref(&b));
    assert_eq!(of("skl").1, [b.clone(), a]);
    let changes: Vec<_> = CAPTURED
        .lines()
        .filter_map(|line| match said(line.split_once(' ')?.1.as_bytes()) {
            Said::Change(Change { to, deed }) => Some((to.rooms.unwrap_or_default().join(","), deed)),
            _ => None,
        })
        .collect();
    let room = |name: &str| vec![name.to_owned()];
    assert_eq!(
        changes,
        [
            (b.clone(), Deed::Join(room("room1"))),
            (b.clone(), Deed::Leave(room("room1"))),
            (b.clone(), Deed::Join(room("room2"))),
            ("room2".to_owned(), Deed::Leave(room("room2"))),
            (b, Deed::Disconnect(false)),
        ]
    );
}

#[test]
fn what_python_says_and_json_cannot_is_read_all_the_same() {
    let message = r#"{"method":"emit","event":"e","data":[NaN,-Infinity,[Infinity,"NaN \" Infinity"]],"binary":false,"namespace":"/","room":[12,"a"]}"#;
    let (rooms, _, _, args) = emitted(message.as_bytes());
    assert_eq!(args, [Value::Null, Value::Null, Value::from(json!([null, "NaN \" Infinity"]))]);
    assert_eq!(rooms, Some(vec!["12".to_owned(), "a".to_owned()]));
    let lone =
        r#"{"method":"emit","event":"e","data":["\ud83d\ude00","\ud800"],"binary":false,"namespace":"/"}"#;
    assert_eq!(self::args(lone), [Value::from("😀"), Value::from("\u{fffd}")]);
}

#[test]
fn what_servers_ignore_is_ignored_and_garbage_is_an_error() {
    for ignored in [
        r#"{"method":"fly","namespace":"/"}"#,
        r#"{"namespace":"/"}"#,
        "{}",
        r#"{"method":"emit","event":"e","data":[1],"binary":false}"#,
    ] {
        assert!(read(ignored.as_bytes()).expect("no garbage").is_none(), "{ignored}");
    }
    for garbage in [
        &b"\xff\xfe"[..],
        b"",
        b"[1]",
        b"\"text\"",
        br#"{"method":"emit","event":"e","namespace":"/"}"#,
        br#"{"method":"emit","data":[1],"namespace":"/"}"#,
        br#"{"method":"emit","event":"e","data":[1],"namespace":"/","room":{}}"#,
        br#"{"method":"emit","event":"e","data":[[{"_placeholder":true,"num":0}],"no base64!"],"binary":true,"namespace":"/"}"#,
        br#"{"method":"emit","event":"e","data":[],"binary":true,"namespace":"/"}"#,
        br#"{"method":"emit","event":"e","data":1"#,
    ] {
        assert!(read(garbage).is_err(), "{}", String::from_utf8_lossy(garbage));
    }
}

fn written(target: &Target<'_>, args: &(impl serde::Serialize + ?Sized)) -> serde_json::Value {
    let event = Event::new("e", Args::of(args).expect("arguments"));
    let message = super::super::event("sio.1", "/", target, &event, None).expect("words");
    serde_json::from_slice(&message).expect("JSON")
}

#[test]
fn arguments_are_written_so_that_old_versions_read_them_too() {
    let data = |args: &dyn Fn() -> serde_json::Value| args()["data"].clone();
    let all = Target::everybody();
    assert_eq!(data(&|| written(&all, &json!({"x": 1}))), json!({"x": 1}));
    assert_eq!(data(&|| written(&all, "text")), json!("text"));
    assert_eq!(data(&|| written(&all, &())), json!(null));
    assert_eq!(data(&|| written(&all, &(1, "two"))), json!([1, "two"]));
    assert_eq!(data(&|| written(&all, &vec![1, 2])), json!([[1, 2]]));
    let bytes = written(&all, &(Binary::from(b"\x00\x01"), 3));
    assert_eq!(bytes["data"], json!([[{"_placeholder": true, "num": 0}, 3], "AAE="]));
    assert_eq!(bytes["binary"], json!(true));
    let plain = written(&Target::room("den"), &1);
    assert_eq!(
        plain,
        json!({
            "method": "emit", "event": "e", "data": 1, "binary": false, "namespace": "/", "room": "den",
            "skip_sid": null, "callback": null, "host_id": "sio.1",
        })
    );
}

#[test]
fn what_is_written_is_read_again() {
    for args in [
        vec![],
        vec![Value::from("x")],
        vec![Value::Binary(Bytes::from_static(b"\x01"))],
        vec![Value::from(json!([1])), Value::Binary(Bytes::from_static(b""))],
        vec![Value::from(json!([null, 1.5, 9_007_199_254_740_992_u64]))],
    ] {
        let event = Event::new("e", Args::of(&Spread(args.clone())).expect("arguments"));
        let mut target = Target::room("den");
        target.rooms.push("loft".into());
        let message = super::super::event("sio.1", "/", &target, &event, None).expect("words");
        let (rooms, _, _, read) = emitted(&message);
        assert_eq!((rooms.expect("rooms").len(), read), (2, args));
    }
}

const SID: &str = "3qDp7Bd_x8qRl5miAAAB";

#[test]
fn a_question_names_the_socket_and_its_answer_repeats_that() {
    let asked = Event::new("e", Args::of(&1).expect("arguments"));
    let question = event("sio.1", "/chat", &Target::room(SID), &asked, Some(7)).expect("words");
    let Said::Event { callback: Some(callback), .. } = said(&question) else { panic!("a question") };
    let message = answer("abc", &callback, &Args::of(&(true,)).expect("arguments")).expect("no bytes");
    assert_eq!(
        serde_json::from_slice::<serde_json::Value>(&message).expect("JSON"),
        json!({"method": "callback", "host_id": "abc", "sid": SID, "namespace": "/chat", "id": 7, "args": [true]})
    );
    let Said::Answer { sid, id, args } = said(&message) else { panic!("an answer") };
    assert_eq!((sid.as_str(), id, args.raw()), (SID, Some(7), "[true]"));
    let bytes = Args::of(&Binary::from(b"1")).expect("arguments");
    assert_eq!(answer("abc", &callback, &bytes), None);
}

#[test]
fn changes_are_written_and_what_has_no_words_is_an_error() {
    let say = |target: &Target<'_>, deed: &Deed| -> Option<Vec<String>> {
        let messages = change("sio.1", "/", target, deed).ok()?;
        Some(messages.into_iter().map(|message| String::from_utf8(message).expect("text")).collect())
    };
    let rooms = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let end = r#""namespace":"/","host_id":"sio.1"}"#;
    let (sid, den, all) = (Target::room(SID), Target::room("den"), Target::everybody());
    assert_eq!(
        say(&sid, &Deed::Join(rooms(&["a", "b"]))),
        Some(vec![
            format!(r#"{{"method":"enter_room","sid":"{SID}","room":"a",{end}"#),
            format!(r#"{{"method":"enter_room","sid":"{SID}","room":"b",{end}"#),
        ])
    );
    assert_eq!(
        say(&sid, &Deed::Leave(rooms(&["a"]))),
        Some(vec![format!(r#"{{"method":"leave_room","sid":"{SID}","room":"a",{end}"#)])
    );
    assert_eq!(
        say(&sid, &Deed::Disconnect(false)),
        Some(vec![format!(r#"{{"method":"disconnect","sid":"{SID}",{end}"#)])
    );
    let closed = Some(vec![format!(r#"{{"method":"close_room","room":"den",{end}"#)]);
    assert_eq!(say(&den, &Deed::Leave(rooms(&["den"]))), closed);
    assert_eq!(say(&all, &Deed::Leave(rooms(&["den"]))), closed);
    for (target, deed) in [
        (&sid, Deed::Disconnect(true)),
        (&den, Deed::Disconnect(false)),
        (&den, Deed::Join(rooms(&["a"]))),
        (&den, Deed::Leave(rooms(&["a"]))),
        (&all, Deed::Disconnect(false)),
        (&all, Deed::Join(rooms(&["a"]))),
    ] {
        assert_eq!(say(target, &deed), None, "{deed:?}");
    }
    let asked = Event::new("e", Args::empty());
    let mut but = Target::everybody();
    but.except.push(SID.into());
    assert!(event("sio.1", "/", &but, &asked, None).is_ok());
    but.except.push("room".into());
    let error = event("sio.1", "/", &but, &asked, None).expect_err("no words").to_string();
    assert!(error.starts_with("python-socketio servers cannot be told: `except`"), "{error}");
}
