//! Properties of all packets, all polling bodies and all inputs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use bytestring::ByteString;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use sio_core::engine::frame::{Frames, write_binary_frame, write_text_frame};
use sio_core::engine::handshake::Query;
use sio_core::engine::packet::{Message, Packet, PacketError};
use sio_core::engine::payload::{self, PayloadBuilder};

/// Text as it may stand in a polling body: JSON never holds the separator unescaped.
fn text() -> impl Strategy<Value = String> {
    "[^\u{1e}]{0,40}"
}

fn data() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![9 => vec(any::<u8>(), 0..200), 1 => vec(any::<u8>(), 65_000..66_000)]
}

fn any_packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        text().prop_map(|text| Packet::Open(text.into())),
        Just(Packet::Close),
        text().prop_map(|text| Packet::Ping(text.into())),
        text().prop_map(|text| Packet::Pong(text.into())),
        Just(Packet::Ping("probe".into())),
        Just(Packet::Pong("probe".into())),
        text().prop_map(|text| Packet::Message(Message::Text(text.into()))),
        data().prop_map(|data| Packet::Message(Message::Binary(data.into()))),
        Just(Packet::Upgrade),
        Just(Packet::Noop),
    ]
}

/// One queued entry, and the items that it becomes in a polling body.
fn any_entry() -> impl Strategy<Value = (Bytes, Vec<String>)> {
    ("[2-6]", text(), vec(vec(any::<u8>(), 0..30), 0..5)).prop_map(|(kind, rest, attachments)| {
        let text = kind + &rest;
        let mut frames = Vec::new();
        write_text_frame(&mut frames, &[text.as_bytes()]);
        let mut items = vec![text];
        for attachment in attachments {
            write_binary_frame(&mut frames, &attachment);
            let mut item = format!("b{}", STANDARD_NO_PAD.encode(&attachment));
            while item.len() % 4 != 1 {
                item.push('=');
            }
            items.push(item);
        }
        (frames.into(), items)
    })
}

fn decode_frames(frames: Bytes) -> Result<Vec<Packet>, PacketError> {
    Frames::new(frames)
        .map(|(is_binary, payload)| {
            if is_binary {
                return Ok(Packet::decode_binary(payload));
            }
            Packet::decode_text(ByteString::try_from(payload).map_err(|_| PacketError::NotUtf8)?)
        })
        .collect()
}

/// The same cases in every run; `PROPTEST_CASES` asks for more of them.
fn seeded() -> ProptestConfig {
    ProptestConfig { rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(seeded())]

    #[test]
    fn packets_survive_their_frames(packets in vec(any_packet(), 0..8)) {
        let run: Vec<u8> = packets.iter().flat_map(Packet::frame).collect();
        prop_assert_eq!(decode_frames(run.into()), Ok(packets));
    }

    #[test]
    fn packets_survive_a_polling_body(packets in vec(any_packet(), 1..8)) {
        let mut answer = PayloadBuilder::new(usize::MAX, usize::MAX);
        for packet in &packets {
            prop_assert!(answer.try_push(&packet.frame()));
        }
        prop_assert_eq!(payload::decode(answer.finish(), Some(packets.len())), Ok(packets));
    }

    #[test]
    fn base64_may_lack_its_padding(data in data()) {
        let text = format!("b{}", STANDARD_NO_PAD.encode(&data));
        prop_assert_eq!(Packet::decode_text(text.into()), Ok(Packet::decode_binary(data.into())));
    }

    #[test]
    fn no_input_makes_a_decoder_panic(bytes in vec(any::<u8>(), 0..300), limit in proptest::option::of(0..4_usize)) {
        let body = Bytes::from(bytes);
        if let Ok(packets) = payload::decode(body.clone(), limit) {
            prop_assert!(!packets.is_empty() && limit.is_none_or(|limit| packets.len() <= limit));
        }
        // Only whole frames come out of anything.
        let payloads: usize = Frames::new(body.clone()).map(|(_, payload)| payload.len() + 2).sum();
        prop_assert!(payloads <= body.len());
    }

    #[test]
    fn no_text_makes_a_decoder_panic(text in any::<String>()) {
        let known = text.starts_with(|kind: char| "0123456b".contains(kind));
        let decoded = Packet::decode_text(text.as_str().into());
        prop_assert!(known || decoded.is_err());
        let query = Query::parse(&text);
        prop_assert!(query.sid.is_none_or(|sid| text.contains(sid)));
    }

    #[test]
    fn frames_cut_off_anywhere_give_a_prefix(packets in vec(any_packet(), 0..5), cut in any::<prop::sample::Index>()) {
        let run: Vec<u8> = packets.iter().flat_map(Packet::frame).collect();
        let cut = cut.index(run.len() + 1);
        let decoded = decode_frames(Bytes::copy_from_slice(&run[..cut])).unwrap();
        prop_assert!(packets.starts_with(&decoded));
    }

    /// Answers are taken from a queue until it is empty: nothing is lost, nothing overtakes, no limit is exceeded but
    /// by an entry that exceeds it by itself, and no answer ends while the next entry would have fitted.
    #[test]
    fn a_queue_becomes_answers(
        queue in vec(any_entry(), 0..40),
        max_payload in 0..300_usize,
        max_packets in 0..18_usize,
    ) {
        let expected: Vec<String> = queue.iter().flat_map(|(_, items)| items.clone()).collect();
        let mut sent: Vec<String> = Vec::new();
        let mut waiting = queue.iter().peekable();
        while waiting.peek().is_some() {
            let mut answer = PayloadBuilder::new(max_payload, max_packets);
            let mut entries = 0;
            while let Some((frames, _)) = waiting.peek() {
                if !answer.try_push(frames) {
                    break;
                }
                waiting.next();
                entries += 1;
            }
            prop_assert!(entries > 0, "an entry blocks the queue");
            prop_assert!(!answer.is_empty());
            let body = String::from_utf8(answer.finish().into()).unwrap();
            let items: Vec<_> = body.split('\u{1e}').map(str::to_owned).collect();
            if entries > 1 {
                prop_assert!(body.len() <= max_payload && items.len() <= max_packets);
            }
            if let Some((_, next)) = waiting.peek() {
                let length = body.len() + next.iter().map(|item| 1 + item.len()).sum::<usize>();
                prop_assert!(length > max_payload || items.len() + next.len() > max_packets);
            }
            sent.extend(items);
        }
        prop_assert_eq!(sent, expected);
    }
}
