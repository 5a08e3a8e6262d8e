//! Properties of the codecs of Engine.IO v3 and Socket.IO v4: bodies come back as they went out, within their limits, and
//! nothing that a client can send makes them panic.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sio_core::engine::frame::Frames;
use sio_core::engine::packet::{Message, Packet};
use sio_core::socket::encode;
use sio_core::v3::payload::{self, PayloadBuilder};
use sio_core::v3::{packet, socket};

/// The same cases in every run.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(5),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

fn any_packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        any::<String>().prop_map(|text| Packet::Message(Message::Text(text.into()))),
        "[aé€😀]{0,300}".prop_map(|text| Packet::Message(Message::Text(text.into()))),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|data| Packet::decode_binary(data.into())),
        "[a-z]{0,9}".prop_map(|text| Packet::Pong(text.into())),
        Just(Packet::Noop),
        Just(Packet::Close),
    ]
}

/// Bytes that may be mistaken for a body: its own characters in disorder.
fn nearly_a_body() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b"1:2"[..]),
        Just(&b"4:4h"[..]),
        Just(&b"6:b4AQL/"[..]),
        Just(&[0, 1, 255, b'2'][..]),
        Just(&[1, 3, 255, 4, 1, 2][..]),
        Just(&[255][..]),
        Just(&b":"[..]),
        Just(&b"9"[..]),
        Just(&"€".as_bytes()[..2]),
        Just("😀".as_bytes()),
    ];
    prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(config(300))]

    #[test]
    fn bodies_come_back_as_they_went_out(
        packets in prop::collection::vec(any_packet(), 1..8),
        base64 in any::<bool>(),
    ) {
        let mut answer = PayloadBuilder::new(usize::MAX, usize::MAX, base64);
        for packet in &packets {
            prop_assert!(answer.try_push(&packet.frame()));
        }
        let body = answer.finish();
        prop_assert_eq!(payload::decode(body.bytes, body.is_binary, Some(packets.len())).unwrap(), packets);
    }

    #[test]
    fn bodies_stay_within_their_limit(
        packets in prop::collection::vec(any_packet(), 1..8),
        base64 in any::<bool>(),
        max_payload in 0_usize..1_000,
    ) {
        let mut answer = PayloadBuilder::new(max_payload, 5, base64);
        let count = packets.iter().take_while(|packet| answer.try_push(&packet.frame())).count();
        prop_assert!((1..=5).contains(&count));
        prop_assert!(count == 1 || answer.finish().bytes.len() <= max_payload);
    }

    #[test]
    fn websocket_frames_come_back_as_they_went_out(packet in any_packet(), base64 in any::<bool>()) {
        for (is_binary, data) in Frames::new(packet::websocket_frames(&packet.frame(), base64)) {
            let decoded = if is_binary {
                packet::decode_binary(data)
            } else {
                packet::decode_text(data.try_into().unwrap())
            };
            prop_assert_eq!(decoded.unwrap(), packet.clone());
        }
    }

    #[test]
    fn any_body_is_decoded_or_refused(
        body in prop_oneof![prop::collection::vec(any::<u8>(), 0..40), nearly_a_body()],
        is_binary in any::<bool>(),
    ) {
        let count = payload::decode(body.clone().into(), is_binary, None).map_or(0, |packets| packets.len());
        prop_assert!(count <= body.len());
    }

    #[test]
    fn any_packet_is_decoded_or_refused(text in "[0-6b]?[/?,=&%+a0\"{}\\[\\]€]{0,12}") {
        let _ = packet::decode_text(text.as_str().into());
        let _ = packet::decode_binary(text.clone().into_bytes().into());
        if let Ok(Some(connect)) = socket::Decoder::new(2).text(text.into())
            && let Some(auth) = connect.data
        {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&auth).is_ok());
        }
    }

    #[test]
    fn any_frame_is_downgraded(frame in prop::collection::vec(any::<u8>(), 0..20), data in any::<String>()) {
        let _ = socket::downgrade(&frame.into());
        let run = encode::connect_error("/x", &data, Some(&data));
        prop_assert!(Frames::new(socket::downgrade(&run)).count() == 1);
        let run = Packet::Message(Message::Text(format!("4{data}").into())).frame();
        let _ = socket::downgrade(&run);
    }

    #[test]
    fn a_refusal_is_its_message(message in any::<String>()) {
        let run = socket::downgrade(&encode::connect_error("/x", &message, None));
        let (_, text) = Frames::new(run).next().unwrap();
        let json = text.strip_prefix(b"44/x,").unwrap();
        prop_assert_eq!(serde_json::from_slice::<String>(json).unwrap(), message);
    }
}

#[test]
fn frames_of_an_unknown_form_are_left_alone() {
    let frames = Bytes::from_static(b"\x89\x00");
    assert_eq!(packet::websocket_frames(&frames, true), frames);
    assert_eq!(socket::downgrade(&frames), frames);
}
