//! Properties of encoder and decoder: any arguments come back as they went out, and nothing that a client can send makes
//! the decoder or the reading of arguments panic.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use serde::Deserialize;
use sio_core::args::{Args, Spread};
use sio_core::binary::Binary;
use sio_core::engine::frame::Frames;
use sio_core::name;
use sio_core::socket::{Client, Decoder, Packet, encode};
use sio_core::value::Value;

/// The same cases in every run.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any value, but for objects that claim to be placeholders: the wire cannot tell them from attachments.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no infinities", |number| number.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..200).prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    leaf.prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..6).prop_map(Value::Object),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", any::<String>(), Just("num".to_owned()), "[\\\\\"/bfnrtu\u{0}-\u{1f}]{0,6}"]
}

/// How a client would send it.
fn client_sends(run: Bytes) -> (String, Vec<Bytes>) {
    let mut frames = Frames::new(run).map(|(_, payload)| payload);
    let text = frames.next().expect("a text comes first");
    let text = std::str::from_utf8(&text)
        .expect("it is UTF-8")
        .strip_prefix('4')
        .expect("it is a message")
        .to_owned();
    (text, frames.collect())
}

fn decode(run: Bytes) -> Packet {
    let (text, attachments) = client_sends(run);
    let mut decoder = Decoder::new(usize::MAX);
    let mut packet = decoder.text(text.into()).expect("it is a packet");
    for attachment in attachments {
        assert!(packet.is_none(), "attachments are due");
        packet = decoder.binary(attachment).expect("an attachment is due");
    }
    packet.expect("it is complete")
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn events_come_back_as_they_went_out(
        namespace in "/|/[^,?]{1,10}",
        id in prop::option::of(0..(1_u64 << 53)),
        name in text(),
        args in prop::collection::vec(value(), 0..5),
    ) {
        prop_assume!(!name::is_reserved(&name));
        let args = Spread(args);
        let packet = decode(encode::event(&namespace, id, &name, &args).unwrap());
        prop_assert_eq!(packet.namespace.as_bytes(), namespace.as_bytes());
        let mut event = packet.into_event().unwrap();
        prop_assert_eq!(event.name.as_bytes(), name.as_bytes());
        prop_assert_eq!(event.id, id);
        let mut one_by_one = event.args.clone();
        prop_assert_eq!(&event.args.take_rest::<Spread<Value>>().unwrap(), &args);
        for arg in &args.0 {
            prop_assert_eq!(&one_by_one.take::<Value>().unwrap(), arg);
        }
        prop_assert!(one_by_one.is_exhausted() && event.args.is_exhausted());
    }

    #[test]
    fn acks_come_back_as_they_went_out(id in 0..(1_u64 << 53), args in prop::collection::vec(value(), 0..5)) {
        let args = Spread(args);
        let (got, mut answer) = decode(encode::ack("/x", id, &args).unwrap()).into_ack().unwrap();
        prop_assert_eq!(got, id);
        prop_assert_eq!(answer.take_rest::<Spread<Value>>().unwrap(), args);
    }

    /// Arguments that are decoded and sent again are the same text.
    #[test]
    fn echoes_are_literal(args in prop::collection::vec(value(), 0..5)) {
        let sent = encode::event("/", None, "a", &Spread(args)).unwrap();
        let mut event = decode(sent.clone()).into_event().unwrap();
        let echoed = encode::event("/", None, "a", &event.args.take_rest::<Spread<Value>>().unwrap()).unwrap();
        prop_assert_eq!(sent, echoed);
    }
}

/// A payload that asks the deserializer for every kind of value.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only deserialised")]
struct Everything {
    a: Option<Kind>,
    b: HashMap<i32, (bool, f32, char)>,
    c: BTreeMap<String, Vec<Binary>>,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only deserialised")]
enum Kind {
    Unit,
    Newtype(Box<Everything>),
    Tuple(u8, i128),
    Struct { x: Bytes },
}

/// Takes the arguments in every way there is.
fn take_all(args: &Args) {
    let _ = args.clone().take_rest::<Vec<Value>>();
    let _ = args.clone().take_rest::<(Everything, u8)>();
    let mut args = args.clone();
    while !args.is_exhausted() {
        let _ = args.clone().take::<Everything>();
        let _ = args.clone().take::<Kind>();
        let _ = args.clone().take::<Binary>();
        let _ = args.clone().take::<serde_json::Value>();
        if args.take::<Value>().is_err() && args.take::<serde::de::IgnoredAny>().is_err() {
            break;
        }
    }
}

/// Feeds messages to a connection until one closes it.
fn feed(messages: Vec<Result<String, Vec<u8>>>) {
    let (mut decoder, mut client) = (Decoder::new(5), Client::new(3));
    for message in messages {
        let packet = match message {
            Ok(text) => decoder.text(text.into()),
            Err(bytes) => decoder.binary(bytes.into()),
        };
        let Ok(packet) = packet else { return };
        let Some(packet) = packet else { continue };
        if let Ok(event) = packet.clone().into_event() {
            take_all(&event.args);
        }
        if let Ok((_, args)) = packet.clone().into_ack() {
            take_all(&args);
        }
        if let Ok(sio_core::socket::Action::Connect { key, auth, .. }) = client.handle(packet) {
            auth.iter().for_each(take_all);
            client.accepted(key);
        }
    }
}

/// Texts that look like packets, or begin like them.
fn packet_text() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "[",
        "]",
        "{",
        "}",
        ",",
        ":",
        "\"",
        "\\",
        "\"a\"",
        "\"b\":",
        "\"Newtype\":",
        "\"_placeholder\":",
        "true",
        "\"num\":",
        "0",
        "1",
        "-1",
        "1.5e3",
        "null",
        "[\"e\",",
        "{\"a\":",
        "{\"b\":{\"1\":[true,1,\"x\"]},\"c\":{}}",
        "\\ud800",
        "{\"_placeholder\":true,\"num\":0}",
        "{\"num\":1,\"_placeholder\":true}",
        " ",
        "é",
        "\u{0}",
        "/x,",
        "-",
    ]);
    let body = prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat());
    let header = "[0-6]?(([0-9]{1,2})?-)?(/[a-z?]{0,2},?)?[0-9]{0,17}";
    let whole = (header, body.clone()).prop_map(|(header, body)| header + &body);
    let event = ("[2356]([0-2]-)?", body).prop_map(|(header, body)| format!("{header}1[\"e\",{body}]"));
    prop_oneof![3 => event, 3 => whole, 1 => any::<String>()]
}

proptest! {
    #![proptest_config(config(3000))]

    #[test]
    fn nothing_that_is_sent_panics(
        messages in prop::collection::vec(
            prop_oneof![3 => packet_text().prop_map(Ok), 1 => prop::collection::vec(any::<u8>(), 0..20).prop_map(Err)],
            1..8,
        ),
    ) {
        feed(messages);
    }

    /// Neither do packets that were cut or spoilt on the way, nor arguments that no decoder has checked.
    #[test]
    fn spoilt_packets_do_not_panic(args in prop::collection::vec(value(), 0..4), at in any::<prop::sample::Index>(), by in any::<char>()) {
        let (text, attachments) = client_sends(encode::event("/", Some(1), "e", &Spread(args)).unwrap());
        let mut characters: Vec<char> = text.chars().collect();
        let at = at.index(characters.len());
        let cut: String = characters[..at].iter().collect();
        characters[at] = by;
        let spoilt: String = characters.iter().collect();
        for text in [cut, spoilt] {
            take_all(&Args::array(text.clone().into(), attachments.clone()));
            take_all(&Args::single(text.clone().into()));
            let attachments = attachments.iter().map(|bytes| Err(bytes.to_vec()));
            feed(std::iter::once(Ok(text)).chain(attachments).collect());
        }
    }
}
