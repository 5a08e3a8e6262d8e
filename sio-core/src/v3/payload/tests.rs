use super::*;
use crate::engine::frame::{write_binary_frame, write_text_frame};
use crate::engine::packet::Message;

/// An event with bytes and a ping, as written by engine.io-parser 2.2.1, the last one of its protocol.
const EVENT: &str = r#"51-0["echo","é😀€",{"_placeholder":true,"num":0}]"#;
const TEXT_BODY: &str = r#"50:451-0["echo","é😀€",{"_placeholder":true,"num":0}]6:b4AQL/1:2"#;
const BINARY_BODY: &str = "000505ff3435312d305b226563686f222c22c3a9f09f9880e282ac222c7b225f706c616365686f6c646572223\
                           a747275652c226e756d223a307d5d0104ff040102ff0001ff32";

fn hex(text: &str) -> Bytes {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn text(text: &str) -> Packet {
    Packet::Message(Message::Text(text.into()))
}

fn binary(data: &[u8]) -> Packet {
    Packet::Message(Message::Binary(Bytes::copy_from_slice(data)))
}

fn decode_str(body: &str) -> Result<Vec<Packet>, PacketError> {
    decode(Bytes::copy_from_slice(body.as_bytes()), false, None)
}

fn decode_bytes(body: &[u8]) -> Result<Vec<Packet>, PacketError> {
    decode(Bytes::copy_from_slice(body), true, None)
}

/// The frames that a queue would hold for these packets.
fn queued() -> [Bytes; 2] {
    let mut event = Vec::new();
    write_text_frame(&mut event, &[b"4", EVENT.as_bytes()]);
    write_binary_frame(&mut event, &[1, 2, 255]);
    [event.into(), Packet::Ping("".into()).frame()]
}

fn build(base64: bool, entries: &[Bytes]) -> Body {
    let mut answer = PayloadBuilder::new(1_000_000, 16, base64);
    for entry in entries {
        assert!(answer.try_push(entry));
    }
    answer.finish()
}

#[test]
fn bodies_of_the_old_parser_are_read_and_written() {
    let packets = vec![text(EVENT), binary(&[1, 2, 255]), Packet::Ping("".into())];
    assert_eq!(decode_str(TEXT_BODY), Ok(packets.clone()));
    assert_eq!(decode(hex(BINARY_BODY), true, None), Ok(packets));
    assert_eq!(build(true, &queued()), Body { bytes: TEXT_BODY.into(), is_binary: false });
    assert_eq!(build(false, &queued()), Body { bytes: hex(BINARY_BODY), is_binary: true });
}

#[test]
fn a_body_without_bytes_is_text() {
    for base64 in [true, false] {
        let body = build(base64, &[Packet::Noop.frame()]);
        assert_eq!(body, Body { bytes: "1:6".into(), is_binary: false });
        let body = build(base64, &[text("0").frame(), text("0/chat,").frame()]);
        assert_eq!(body.bytes, "2:408:40/chat,");
    }
}

#[test]
fn lengths_count_utf16_code_units() {
    for (length, item) in [(2, "aé"), (3, "a😀"), (2, "€2"), (4, "😀😀"), (0, "")] {
        assert_eq!(utf16_length(item.as_bytes()), length);
        assert_eq!(decode_str(&format!("{}:4{item}", length + 1)), Ok(vec![text(item)]));
        assert_eq!(build(false, &[text(item).frame()]).bytes, format!("{}:4{item}", length + 1));
    }
    // Half a character is none.
    assert_eq!(decode_str("2:4😀1:2"), Err(PacketError::Length));
}

#[test]
fn empty_items_of_a_text_are_passed_over() {
    assert_eq!(decode_str("0:"), Ok(vec![]));
    assert_eq!(decode_str("0:1:20:"), Ok(vec![Packet::Ping("".into())]));
}

#[test]
fn text_bodies_that_do_not_fit_are_refused() {
    for body in [
        "2",
        ":2",
        "1:",
        "2:2",
        "1:22",
        "1:2x",
        "a:2",
        "-1:2",
        "+1:2",
        " 1:2",
        "1.0:2",
        "0x1:2",
        "1:2,1:2",
        "99999999999999999999:2",
        "4hi",
    ] {
        assert_eq!(decode_str(body), Err(PacketError::Length), "{body}");
    }
    assert_eq!(decode_str(""), Err(PacketError::Empty));
    assert_eq!(decode_str("1:7"), Err(PacketError::UnknownType('7')));
    assert_eq!(decode_str("1:21:b"), Err(PacketError::Empty));
    assert_eq!(decode(Bytes::from_static(b"2:4\xff"), false, None), Err(PacketError::NotUtf8));
}

#[test]
fn binary_bodies_that_do_not_fit_are_refused() {
    for body in [
        &[0][..],
        &[0, 1],
        &[255],
        &[0, 255, b'2'],
        &[0, 1, 255],
        &[0, 2, 255, b'2'],
        &[2, 1, 255, b'2'],
        &[0, 10, 255, b'2'],
        &[0, b'1', 255, b'2'],
        &[0, 1, 255, b'2', 0],
        &[0; 400],
        &[0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 255, b'2'],
    ] {
        assert_eq!(decode_bytes(body), Err(PacketError::Length), "{body:?}");
    }
    assert_eq!(decode_bytes(&[]), Err(PacketError::Empty));
    assert_eq!(decode_bytes(&[0, 0, 255]), Err(PacketError::Empty));
    assert_eq!(decode_bytes(&[1, 0, 255]), Err(PacketError::Empty));
    assert_eq!(decode_bytes(&[1, 1, 255, 2]), Err(PacketError::UnknownType('\u{2}')));
    assert_eq!(decode_bytes(&[0, 2, 255, b'4', 0xff]), Err(PacketError::NotUtf8));
    // Zeros before a length mean nothing.
    assert_eq!(decode_bytes(&[0, 0, 0, 1, 255, b'2']), Ok(vec![Packet::Ping("".into())]));
}

#[test]
fn packets_are_counted() {
    let limited = |body: &str, limit| decode(Bytes::copy_from_slice(body.as_bytes()), false, Some(limit));
    assert_eq!(limited("1:21:2", 2).map(|packets| packets.len()), Ok(2));
    assert_eq!(limited("1:21:21:2", 2), Err(PacketError::TooManyPackets(2)));
    let body = Bytes::from_static(&[0, 1, 255, b'2', 0, 1, 255, b'2']);
    assert_eq!(decode(body, true, Some(1)), Err(PacketError::TooManyPackets(1)));
}

#[test]
fn items_share_the_memory_of_the_body() {
    let body = hex(BINARY_BODY);
    let packets = decode(body.clone(), true, None).unwrap();
    let Packet::Message(Message::Binary(data)) = &packets[1] else { panic!("not a binary message") };
    assert!(body.as_ptr_range().contains(&data.as_ptr()));
    let Packet::Message(Message::Text(data)) = &packets[0] else { panic!("not a text message") };
    assert!(body.as_ptr_range().contains(&data.as_ptr()));
}

#[test]
fn an_answer_is_filled_and_never_exceeds_its_limit() {
    for base64 in [true, false] {
        for max_payload in 0..200 {
            let mut answer = PayloadBuilder::new(max_payload, 16, base64);
            let mut pushed = 0;
            for entry in queued().iter().chain(&queued()) {
                if !answer.try_push(entry) {
                    break;
                }
                pushed += 1;
            }
            assert!(pushed > 0);
            let length = answer.finish().bytes.len();
            assert!(pushed == 1 || length <= max_payload, "{length} of {max_payload}");
        }
    }
}

#[test]
fn an_entry_is_never_split_and_the_first_always_fits() {
    let [event, ping] = queued();
    let mut answer = PayloadBuilder::new(1, 1, true);
    assert!(answer.is_empty());
    assert!(answer.try_push(&event));
    assert!(!answer.is_empty() && !answer.try_push(&ping));
    let mut answer = PayloadBuilder::new(1_000, 2, true);
    assert!(answer.try_push(&ping));
    assert!(!answer.try_push(&event));
    assert!(answer.try_push(&ping));
    assert!(!answer.try_push(&ping));
    assert_eq!(answer.finish().bytes, "1:21:2");
}
