//! The examples of the Socket.IO v5 protocol document ("packet encoding"), in both directions.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use serde::Serialize;
use sio_core::binary::Binary;
use sio_core::engine::frame::Frames;
use sio_core::id::Sid;
use sio_core::socket::{Decoder, Kind, Packet, encode};
use sio_core::value::Value;

/// Decodes a text and its attachments, which must make one packet.
fn decode(text: &str, attachments: &[&'static [u8]]) -> Packet {
    let mut decoder = Decoder::new(10);
    let mut packet = decoder.text(text.into()).unwrap();
    for attachment in attachments {
        assert!(packet.is_none(), "attachments are due");
        packet = decoder.binary(Bytes::from_static(attachment)).unwrap();
    }
    packet.expect("the packet is complete")
}

fn assert_packet(text: &str, kind: Kind, namespace: &str, id: Option<u64>, data: Option<&str>) {
    let packet = decode(text, &[]);
    assert_eq!(packet.kind, kind, "{text}");
    assert_eq!(packet.namespace, namespace, "{text}");
    assert_eq!(packet.id, id, "{text}");
    assert_eq!(packet.data.as_deref(), data, "{text}");
}

/// Decodes an event; gives its namespace, id, name and arguments.
fn event(text: &str, attachments: &[&'static [u8]]) -> (String, Option<u64>, String, Vec<Value>) {
    let packet = decode(text, attachments);
    let namespace = packet.namespace.to_string();
    let mut event = packet.into_event().unwrap();
    (namespace, event.id, event.name.to_string(), event.args.take_rest().unwrap())
}

/// Checks the frames of something encoded: a text, after the Engine.IO message type, and attachments.
fn assert_frames(run: Bytes, text: &str, attachments: &[&[u8]]) {
    let frames: Vec<(bool, Bytes)> = Frames::new(run).collect();
    let expected: Vec<(bool, Bytes)> = std::iter::once((false, Bytes::from(format!("4{text}"))))
        .chain(attachments.iter().map(|bytes| (true, Bytes::copy_from_slice(bytes))))
        .collect();
    assert_eq!(frames, expected);
}

fn assert_event<A: Serialize>(
    namespace: &str,
    id: Option<u64>,
    name: &str,
    args: A,
    text: &str,
    bytes: &[&[u8]],
) {
    assert_frames(encode::event(namespace, id, name, &args).unwrap(), text, bytes);
}

fn assert_ack<A: Serialize>(namespace: &str, id: u64, args: A, text: &str, bytes: &[&[u8]]) {
    assert_frames(encode::ack(namespace, id, &args).unwrap(), text, bytes);
}

const BAZ: &str = r#"51-["baz",{"_placeholder":true,"num":0}]"#;
const ADMIN_BAZ: &str = r#"52-/admin,["baz",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
const FOO_14: &str = r#"51-14["foo",{"_placeholder":true,"num":0}]"#;
const BAR_15: &str = r#"61-15["bar",{"_placeholder":true,"num":0}]"#;

#[test]
fn connection_to_a_namespace() {
    assert_packet("0", Kind::Connect, "/", None, None);
    let data = r#"{"sid":"wZX3oN0bSVIhsaknAAAI"}"#;
    assert_packet(&format!("0{data}"), Kind::Connect, "/", None, Some(data));
    assert_packet("0/admin,", Kind::Connect, "/admin", None, None);
    assert_packet(r#"0/admin,{"token":"123"}"#, Kind::Connect, "/admin", None, Some(r#"{"token":"123"}"#));
    let data = r#"{"message":"Not authorized"}"#;
    assert_packet(&format!("4{data}"), Kind::ConnectError, "/", None, Some(data));

    let sid: Sid = "wZX3oN0bSVIhsaknAAAI".parse().unwrap();
    assert_frames(encode::connect("/", &sid, None), r#"0{"sid":"wZX3oN0bSVIhsaknAAAI"}"#, &[]);
    let sid: Sid = "oSO0OpakMV_3jnilAAAA".parse().unwrap();
    assert_frames(encode::connect("/admin", &sid, None), r#"0/admin,{"sid":"oSO0OpakMV_3jnilAAAA"}"#, &[]);
    assert_frames(
        encode::connect_error("/", "Not authorized", None),
        r#"4{"message":"Not authorized"}"#,
        &[],
    );
}

#[test]
fn disconnection_from_a_namespace() {
    assert_packet("1", Kind::Disconnect, "/", None, None);
    assert_packet("1/admin,", Kind::Disconnect, "/admin", None, None);
    assert_frames(encode::disconnect("/"), "1", &[]);
    assert_frames(encode::disconnect("/admin"), "1/admin,", &[]);
}

#[test]
fn sending_and_receiving_data() {
    assert_eq!(event(r#"2["foo"]"#, &[]), ("/".into(), None, "foo".into(), vec![]));
    assert_eq!(event(r#"2/admin,["bar"]"#, &[]), ("/admin".into(), None, "bar".into(), vec![]));
    let one = Value::from(Bytes::from_static(&[1, 2, 3, 4]));
    assert_eq!(event(BAZ, &[&[1, 2, 3, 4]]), ("/".into(), None, "baz".into(), vec![one]));
    let two = vec![Value::from(Bytes::from_static(&[1, 2])), Value::from(Bytes::from_static(&[3, 4]))];
    assert_eq!(event(ADMIN_BAZ, &[&[1, 2], &[3, 4]]), ("/admin".into(), None, "baz".into(), two));

    assert_event("/", None, "foo", (), r#"2["foo"]"#, &[]);
    assert_event("/admin", None, "bar", (), r#"2/admin,["bar"]"#, &[]);
    assert_event("/", None, "baz", Binary::from(&[1, 2, 3, 4]), BAZ, &[&[1, 2, 3, 4]]);
    let two = (Binary::from(&[1, 2]), Binary::from(&[3, 4]));
    assert_event("/admin", None, "baz", two, ADMIN_BAZ, &[&[1, 2], &[3, 4]]);
}

#[test]
fn acknowledgement() {
    assert_eq!(event(r#"212["foo"]"#, &[]), ("/".into(), Some(12), "foo".into(), vec![]));
    assert_eq!(event(r#"2/admin,13["foo"]"#, &[]), ("/admin".into(), Some(13), "foo".into(), vec![]));
    let one = Value::from(Bytes::from_static(&[1, 2, 3, 4]));
    assert_eq!(event(FOO_14, &[&[1, 2, 3, 4]]), ("/".into(), Some(14), "foo".into(), vec![one.clone()]));
    for (text, bytes, id, args) in [
        ("312[]", &[][..], 12, vec![]),
        (r#"3/admin,13["bar"]"#, &[], 13, vec![Value::from("bar")]),
        (BAR_15, &[&[1, 2, 3, 4][..]], 15, vec![Value::from("bar"), one]),
    ] {
        let (got, mut answer) = decode(text, bytes).into_ack().unwrap();
        assert_eq!((got, answer.take_rest::<Vec<Value>>().unwrap()), (id, args), "{text}");
    }

    assert_event("/", Some(12), "foo", (), r#"212["foo"]"#, &[]);
    assert_event("/admin", Some(13), "foo", (), r#"2/admin,13["foo"]"#, &[]);
    assert_event("/", Some(14), "foo", Binary::from(&[1, 2, 3, 4]), FOO_14, &[&[1, 2, 3, 4]]);
    assert_ack("/", 12, (), "312[]", &[]);
    assert_ack("/admin", 13, "bar", r#"3/admin,13["bar"]"#, &[]);
    assert_ack("/", 14, "bar", r#"314["bar"]"#, &[]);
    assert_ack("/", 15, ("bar", Binary::from(&[1, 2, 3, 4])), BAR_15, &[&[1, 2, 3, 4]]);
}

#[test]
fn sample_session() {
    assert_event("/", None, "hey", "Jude", r#"2["hey","Jude"]"#, &[]);
    assert_eq!(event(r#"2["hello"]"#, &[]).2, "hello");
    assert_eq!(event(r#"2["world"]"#, &[]).2, "world");
}

/// The packets that the official test suite of the protocol sends and compares literally.
#[test]
fn echoes_of_the_test_suite() {
    let (_, _, _, args) = event(r#"2["message",1,"2",{"3":[true]}]"#, &[]);
    assert_event("/", None, "message-back", spread(args), r#"2["message-back",1,"2",{"3":[true]}]"#, &[]);
    let (_, id, _, args) = event(r#"2456["message-with-ack",1,"2",{"3":[false]}]"#, &[]);
    assert_ack("/", id.unwrap(), spread(args), r#"3456[1,"2",{"3":[false]}]"#, &[]);
    let text = |kind: &str, rest: &str| {
        format!(r#"{kind}[{rest}{{"_placeholder":true,"num":0}},{{"_placeholder":true,"num":1}}]"#)
    };
    let (_, _, _, args) = event(&text("52-", r#""message","#), &[&[1, 2, 3], &[4, 5, 6]]);
    let back = text("52-", r#""message-back","#);
    assert_event("/", None, "message-back", spread(args), &back, &[&[1, 2, 3], &[4, 5, 6]]);
    let (_, id, _, args) = event(&text("52-789", r#""message-with-ack","#), &[&[1, 2, 3], &[4, 5, 6]]);
    assert_ack("/", id.unwrap(), spread(args), &text("62-789", ""), &[&[1, 2, 3], &[4, 5, 6]]);
}

fn spread(args: Vec<Value>) -> sio_core::args::Spread<Value> {
    sio_core::args::Spread(args)
}
