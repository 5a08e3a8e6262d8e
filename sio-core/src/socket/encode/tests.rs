use serde::Serializer;

use super::*;
use crate::binary::Binary;
use crate::engine::frame::Frames;
use crate::name::RESERVED;

/// The text of the first frame and the attachments behind it.
fn frames(run: Bytes) -> (String, Vec<Bytes>) {
    let mut frames = Frames::new(run);
    let (is_binary, text) = frames.next().expect("a text frame comes first");
    assert!(!is_binary);
    let attachments = frames.map(|(is_binary, bytes)| {
        assert!(is_binary);
        bytes
    });
    (String::from_utf8(text.to_vec()).unwrap(), attachments.collect())
}

fn text(run: Bytes) -> String {
    let (text, attachments) = frames(run);
    assert!(attachments.is_empty());
    text
}

#[test]
fn events_and_acks() {
    assert_eq!(text(event("/", None, "a", &()).unwrap()), r#"42["a"]"#);
    assert_eq!(text(event("/", Some(0), "a", &1).unwrap()), r#"420["a",1]"#);
    assert_eq!(
        text(event("/x", Some(u64::MAX), "a", &(1, [2])).unwrap()),
        r#"42/x,18446744073709551615["a",1,[2]]"#
    );
    assert_eq!(text(event("/x", None, "q\"\n✓", &()).unwrap()), r#"42/x,["q\"\n✓"]"#);
    assert_eq!(text(ack("/", 10, &()).unwrap()), "4310[]");
    assert_eq!(text(ack("/x", 9, &("a", "b")).unwrap()), r#"43/x,9["a","b"]"#);
    assert_eq!(text(ack("/x", 9, &vec!["a", "b"]).unwrap()), r#"43/x,9[["a","b"]]"#);
}

#[test]
fn offsets_come_last() {
    fn encoded(args: impl Serialize, offset: Option<u64>) -> String {
        text(recoverable_event("/", "a", &args, offset).unwrap())
    }
    assert_eq!(encoded((), Some(0)), r#"42["a","0"]"#);
    assert_eq!(encoded((1, "x"), Some(12)), r#"42["a",1,"x","12"]"#);
    // Not kept: nothing at the end that a client would take for an offset.
    assert_eq!(encoded((), None), r#"42["a",null]"#);
    assert_eq!(encoded((1, "x"), None), r#"42["a",1,"x",null]"#);
    assert_eq!(encoded(("x", 1), None), r#"42["a","x",1]"#);
    assert_eq!(encoded(vec!["x"], None), r#"42["a",["x"]]"#);
}

#[test]
fn attachments_follow_their_packet() {
    let args = (Binary::from(b"one"), [Binary::from(b""), Binary::from(vec![7; 70_000])]);
    let (text, attachments) = frames(event("/x", Some(3), "up", &args).unwrap());
    let place = |index| format!("{{\"_placeholder\":true,\"num\":{index}}}");
    assert_eq!(text, format!("453-/x,3[\"up\",{},[{},{}]]", place(0), place(1), place(2)));
    assert_eq!(attachments, [Bytes::from_static(b"one"), Bytes::new(), vec![7; 70_000].into()]);

    let (text, attachments) = frames(ack("/", 12, &Binary::from(b"x")).unwrap());
    assert_eq!(text, format!("461-12[{}]", place(0)));
    assert_eq!(attachments, ["x"]);
    // Nothing of it is left for the next packet.
    assert_eq!(frames(ack("/", 1, &()).unwrap()), ("431[]".into(), vec![]));
}

#[test]
fn packets_without_arguments() {
    let sid = Sid::from_random([255; 15]);
    assert_eq!(text(connect("/", &sid, None)), r#"40{"sid":"____________________"}"#);
    assert_eq!(text(connect("/x", &sid, Some("p"))), r#"40/x,{"sid":"____________________","pid":"p"}"#);
    assert_eq!(text(connect_error("/", "no \"entry\"", None)), r#"44{"message":"no \"entry\""}"#);
    assert_eq!(text(connect_error("/x", "", Some("[1]"))), r#"44/x,{"message":"","data":[1]}"#);
    assert_eq!(text(disconnect("/")), "41");
    assert_eq!(text(disconnect("/x")), "41/x,");
}

#[test]
fn reserved_names_are_refused() {
    for name in RESERVED {
        let error = event("/", None, name, &()).unwrap_err();
        assert!(matches!(&error, EncodeError::ReservedName(refused) if refused == name), "{error:?}");
    }
}

/// Encodes a packet while it is serialized itself.
struct Nested;

impl Serialize for Nested {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&text(event("/", None, "inner", &Binary::from(b"x").len()).unwrap()))
    }
}

/// Fails half-way through.
struct Failing;

impl Serialize for Failing {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (Binary::from(b"lost"), std::collections::HashMap::from([((1, 2), 3)])).serialize(serializer)
    }
}

#[test]
fn a_failed_or_nested_encoding_leaves_nothing_behind() {
    assert!(event("/", None, "a", &Failing).is_err());
    assert_eq!(text(event("/", None, "b", &()).unwrap()), r#"42["b"]"#);
    assert_eq!(
        text(event("/", None, "outer", &(1, Nested, 2)).unwrap()),
        r#"42["outer",1,"42[\"inner\",1]",2]"#
    );
}

#[test]
fn what_looks_like_a_placeholder_is_refused_beside_attachments_only() {
    let look_alikes = [
        serde_json::json!({ "_placeholder": true, "num": 99 }),
        serde_json::json!({ "a": [{ "num": 0, "x": {}, "_placeholder": 1 }] }),
    ];
    for object in look_alikes {
        let bytes = Binary::from(b"x");
        let raw = serde_json::value::to_raw_value(&object).unwrap();
        for refused in [
            event("/", None, "a", &(&bytes, &object)),
            recoverable_event("/", "a", &(&raw, &bytes), Some(1)),
            ack("/", 1, &(&object, &bytes)),
        ] {
            assert!(matches!(refused, Err(EncodeError::Placeholder)), "{object}");
        }
        assert_eq!(text(event("/", None, "a", &object).unwrap()), format!("42[\"a\",{object}]"));
    }
}

#[test]
fn more_attachments_than_clients_take_are_refused() {
    let three = vec![Binary::from(b"x"); 3];
    let encoder = Encoder::new(2);
    for refused in [
        encoder.event("/", None, "a", &three),
        encoder.recoverable_event("/", "a", &three, None),
        encoder.ack("/", 1, &three),
    ] {
        assert!(matches!(refused, Err(EncodeError::TooManyAttachments { count: 3, max: 2 })));
    }
    assert!(encoder.ack("/", 1, &three[..2]).is_ok());
    assert!(event("/", None, "a", &three).is_ok());
}

#[test]
fn the_json_of_a_packet_is_found() {
    let long = "x".repeat(70_000);
    for text in ["", "1,[2]", "/a,", &"x".repeat(200), &long] {
        let expected = format!("[\"say\",{}]", serde_json::to_string(text).unwrap());
        for (namespace, id) in [("/", None), ("/", Some(17)), ("/a/1", None), ("/1-[", Some(3))] {
            let frames = event(namespace, id, "say", text).unwrap();
            assert_eq!(json_of(&frames), Some(expected.as_str()));
        }
    }
    let attached = Some(r#"["say",{"_placeholder":true,"num":0}]"#);
    for (namespace, id) in [("/", None), ("/", Some(1)), ("/a", Some(5)), ("/7-", None)] {
        assert_eq!(json_of(&event(namespace, id, "say", &Binary::from(b"x")).unwrap()), attached);
    }
    assert_eq!(json_of(&ack("/a", 12, &("x", 1)).unwrap()), Some(r#"["x",1]"#));
    assert_eq!(json_of(&connect_error("/a", "no", None)), Some(r#"{"message":"no"}"#));
    assert_eq!(json_of(&disconnect("/")), None);
    assert_eq!(json_of(&disconnect("/a")), None);
}

#[test]
fn what_was_not_encoded_here_has_no_json() {
    let whole = event("/a", None, "say", "hi").unwrap();
    for end in 0..whole.len() {
        assert_eq!(json_of(&whole[..end]), None, "cut off at {end}");
    }
    for bytes in [&b"\x82\x04\x01[]x"[..], b"\x81\x012", b"\x81\x0241", b"\x81\x0642/a[]", b"\x81\x0442\xff["]
    {
        assert_eq!(json_of(bytes), None, "{bytes:?}");
    }
}
