//! Properties of the MessagePack format: a packet means the same in it as in the text format, and nothing that a client
//! can send makes the decoder panic.

#![cfg(feature = "msgpack")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sio_core::args::{Args, Spread};
use sio_core::engine::frame::Frames;
use sio_core::socket::{Packet, encode};
use sio_core::value::Value;
use sio_core::{msgpack, name, socket};

/// The same cases in every run.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Any value, but for objects that claim to be placeholders.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-300_i64..300).prop_map(Value::from),
        any::<f64>().prop_filter("JSON has no infinities", |number| number.is_finite()).prop_map(Value::from),
        text().prop_map(Value::from),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Value::Binary(bytes.into())),
    ];
    leaf.prop_recursive(5, 60, 20, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..20).prop_map(Value::Array),
            prop::collection::vec((text(), inner), 0..20).prop_map(Value::Object),
        ]
    })
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,40}", any::<String>(), Just("num".to_owned()), "[\\\\\"/bfnrtu\u{0}-\u{1f}]{0,6}"]
}

fn frames(run: Bytes) -> impl Iterator<Item = Bytes> {
    Frames::new(run).map(|(_, payload)| payload)
}

fn from_text(run: Bytes) -> Packet {
    let mut decoder = socket::Decoder::new(usize::MAX);
    let mut frames = frames(run);
    let message = frames.next().unwrap().strip_prefix(b"4").unwrap().to_vec();
    let mut packet = decoder.text(message.try_into().unwrap()).unwrap();
    for attachment in frames {
        packet = decoder.binary(attachment).unwrap();
    }
    packet.unwrap()
}

fn from_msgpack(run: &Bytes) -> Packet {
    let mut frames = frames(msgpack::encode(run).unwrap());
    let packet = msgpack::Decoder::new(usize::MAX).binary(frames.next().unwrap()).unwrap().unwrap();
    assert!(frames.next().is_none());
    packet
}

fn values(packet: Packet) -> Vec<Value> {
    Args::array(packet.data.unwrap(), packet.attachments).take_rest().unwrap()
}

fn assert_same(run: Bytes) {
    let (ours, theirs) = (from_msgpack(&run), from_text(run));
    assert_eq!(ours.kind, theirs.kind);
    assert_eq!(ours.namespace, theirs.namespace);
    assert_eq!(ours.id, theirs.id);
    assert_eq!(ours.attachments, theirs.attachments);
    if ours.attachments.is_empty() {
        assert_eq!(ours.data, theirs.data);
    } else {
        // Their placeholders are written differently, and mean the same.
        assert_eq!(values(ours), values(theirs));
    }
}

proptest! {
    #![proptest_config(config(150))]

    #[test]
    fn packets_mean_the_same_in_both_formats(
        namespace in "/|/[^,?]{1,10}",
        id in prop::option::of(0..(1_u64 << 53)),
        name in text(),
        args in prop::collection::vec(value(), 0..5),
    ) {
        prop_assume!(!name::is_reserved(&name));
        let args = Spread(args);
        assert_same(encode::event(&namespace, id, &name, &args).unwrap());
        assert_same(encode::ack(&namespace, id.unwrap_or(1), &args).unwrap());
        assert_same(encode::disconnect(&namespace));
        assert_same(encode::connect_error(&namespace, &name, None));
    }

    #[test]
    fn any_message_is_decoded_or_refused(message in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = msgpack::Decoder::new(2).binary(message.into());
    }

    /// One that is nearly a packet; what is decoded is JSON and can be taken.
    #[test]
    fn any_payload_is_decoded_or_refused(
        kind in 0_u8..6,
        data in prop::collection::vec(
            prop_oneof![
                0x80_u8..0xa2, 0xc0_u8..=0xd9, any::<u8>(), Just(0), Just(1), Just(0x90), Just(0x81)
            ],
            0..40,
        ),
    ) {
        let message = [&b"\x83\xa4type"[..], &[kind], b"\xa3nsp\xa1/\xa4data", &data].concat();
        let length = data.len();
        if let Ok(Some(packet)) = msgpack::Decoder::new(2).binary(message.into()) {
            if let Some(data) = &packet.data {
                prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(data).is_ok(), "{}", data);
                prop_assert!(data.len() <= 7 * length + 80);
                let _ = Args::array(data.clone(), packet.attachments.clone()).take_rest::<Vec<Value>>();
            }
            let _ = packet.clone().into_ack();
            let _ = packet.into_event();
        }
    }

    #[test]
    fn any_frame_is_encoded_or_refused(text in "4?[0-6]?[0-9\\-/,?a\"{}\\[\\]:_]{0,20}") {
        let mut run = Vec::new();
        sio_core::engine::frame::write_text_frame(&mut run, &[text.as_bytes()]);
        sio_core::engine::frame::write_binary_frame(&mut run, b"x");
        let _ = msgpack::encode(&run.into());
        let _ = msgpack::encode(&text.into_bytes().into());
        let _ = msgpack::encode(&encode::connect_error("/", "a", Some("{\"_placeholder\":true}")));
    }
}
