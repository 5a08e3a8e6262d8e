use rmp::encode::{write_bin, write_map_len, write_sint, write_str, write_uint};

use super::super::transcode::MAX_DEPTH;
use super::*;
use crate::value::Value;

fn hex(text: &str) -> Bytes {
    let digit = |byte: u8| char::from(byte).to_digit(16).unwrap() as u8;
    text.as_bytes().chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

fn decode(message: impl Into<Bytes>) -> Result<Packet, DecodeError> {
    Decoder::new(3).binary(message.into()).map(|packet| packet.expect("a message is a packet"))
}

fn malformed(message: impl Into<Bytes>) -> Malformed {
    match decode(message).unwrap_err() {
        DecodeError::Msgpack(malformed) => malformed,
        other => panic!("{other:?}"),
    }
}

/// An event in `/` whose data are these bytes.
fn event(data: &[u8]) -> Bytes {
    [&b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data"[..], data].concat().into()
}

/// The JSON text of an event `["a", …]` with this one argument.
fn argument(value: &[u8]) -> Result<String, DecodeError> {
    let packet = decode(event(&[b"\x92\xa1a", value].concat()))?;
    let text = packet.data.unwrap();
    Ok(text.strip_prefix("[\"a\",").unwrap().strip_suffix(']').unwrap().to_owned())
}

fn parts(packet: &Packet) -> (Kind, &str, Option<u64>, Option<&str>) {
    (packet.kind, &packet.namespace, packet.id, packet.data.as_deref())
}

#[test]
fn packets_of_the_javascript_client() {
    // Captured from socket.io-msgpack-parser 3.0.2 with notepack.io 2.2.0.
    for (message, expected) in [
        ("82a47479706500a36e7370a12f", (Kind::Connect, "/", None, None)),
        ("83a47479706500a464617461d40000a36e7370a12f", (Kind::Connect, "/", None, None)),
        (
            "83a47479706500a46461746181a5746f6b656ea3616263a36e7370a52f63686174",
            (Kind::Connect, "/chat", None, Some(r#"{"token":"abc"}"#)),
        ),
        ("82a47479706501a36e7370a52f63686174", (Kind::Disconnect, "/chat", None, None)),
        (
            "84a47479706502a46461746193a76d657373616765a2686901a76f7074696f6e7381a8636f6d7072657373c3a36e7370a1\
             2f",
            (Kind::Event, "/", None, Some(r#"["message","hi",1]"#)),
        ),
        ("84a47479706503a269640ca46461746190a36e7370a12f", (Kind::Ack, "/", Some(12), Some("[]"))),
        (
            "83a47479706504a36e7370a22f78a46461746181a76d657373616765a26e6f",
            (Kind::ConnectError, "/x", None, Some(r#"{"message":"no"}"#)),
        ),
    ] {
        assert_eq!(parts(&decode(hex(message)).unwrap()), expected, "{message}");
    }
}

#[test]
fn bytes_of_the_javascript_client() {
    let message = hex(
        "85a47479706502a46461746193a2757081a162c40301020391c400a76f7074696f6e7381a8636f6d7072657373c3a2696407a3\
         6e7370a22f78",
    );
    let packet = decode(message.clone()).unwrap();
    let json = r#"["up",{"b":{"_placeholder":true,"num":0 }},[{"_placeholder":true,"num":1 }]]"#;
    assert_eq!(parts(&packet), (Kind::BinaryEvent, "/x", Some(7), Some(json)));
    assert_eq!(packet.attachments, [&[1, 2, 3][..], &[]]);
    assert!(message.as_ptr_range().contains(&packet.attachments[0].as_ptr()));
    // A typed array.
    let packet = decode(hex("84a47479706502a46461746192a27570c70300010203a2696400a36e7370a12f")).unwrap();
    assert_eq!((packet.kind, packet.attachments), (Kind::BinaryEvent, vec![vec![1, 2, 3].into()]));
}

#[test]
fn odd_values_of_the_javascript_client() {
    // `undefined, null, new Date(1577934245006), new Date(-1), new Date(NaN), NaN, Infinity, -0, 1.5, 2**53, -(2**40),
    // 4294967296, -33, -129, -32769, 255, 256, 65536, 'é😀', '\ud800', true, {'': 1}`: this encoder writes an invalid
    // date as that of 1970, -0 as 0 and half a surrogate pair as U+10000.
    let packet = decode(hex(
        "83a47479706502a464617461dc0017a36f6464d40000c0d7000000016f6435cc8ed700ffffffffffffffffd7000000000000000000\
         cb7ff8000000000000cb7ff000000000000000cb3ff8000000000000cf0020000000000000d3ffffff0000000000cf000000010000\
         0000d0dfd1ff7fd2ffff7fffccffcd0100ce00010000a6c3a9f09f9880a4f0908080c381a001a36e7370a12f",
    ));
    let json = r#"["odd",null,null,"2020-01-02T03:04:05.006Z","1969-12-31T23:59:59.999Z","1970-01-01T00:00:00.000Z",null,null,0,1.5,9007199254740992,-1099511627776,4294967296,-33,-129,-32769,255,256,65536,"é😀","𐀀",true,{"":1}]"#;
    assert_eq!(packet.unwrap().data.as_deref(), Some(json));
}

#[test]
fn packets_of_the_python_client() {
    // Captured from python-socketio with `serializer="msgpack"`.
    for (message, expected) in [
        ("83a47479706500a46461746180a36e7370a12f", (Kind::Connect, "/", None, Some("{}"))),
        ("83a47479706501a464617461c0a36e7370a52f63686174", (Kind::Disconnect, "/chat", None, None)),
        (
            "84a47479706502a46461746193a27570c40201028201cb4000000000000000a16bc0a36e7370a12fa2696403",
            (
                Kind::BinaryEvent,
                "/",
                Some(3),
                Some(r#"["up",{"_placeholder":true,"num":0 },{"1":2.0,"k":null}]"#),
            ),
        ),
        (
            "84a47479706503a46461746192cf1000000000000000ffa36e7370a12fa2696400",
            (Kind::Ack, "/", Some(0), Some("[1152921504606846976,-1]")),
        ),
    ] {
        assert_eq!(parts(&decode(hex(message)).unwrap()), expected, "{message}");
    }
}

#[test]
fn what_the_javascript_parser_refuses_is_refused() {
    assert_eq!(malformed(&b"\x93\x02\xa1/\x90"[..]), Malformed::NotAMap);
    assert_eq!(malformed(&b""[..]), Malformed::Incomplete);
    assert_eq!(malformed(&b"\x80"[..]), Malformed::Kind);
    for kind in [&b"\x05"[..], b"\xff", b"\xa12", b"\xc0", b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"] {
        let message = [&b"\x83\xa4type"[..], kind, b"\xa3nsp\xa1/\xa4data\x91\xa1a"].concat();
        assert_eq!(malformed(message), Malformed::Kind, "{kind:?}");
    }
    assert_eq!(malformed(&b"\x82\xa4type\x02\xa4data\x91\xa1a"[..]), Malformed::Namespace);
    assert_eq!(malformed(&b"\x83\xa4type\x02\xa3nsp\xc0\xa4data\x91\xa1a"[..]), Malformed::Namespace);
    assert_eq!(malformed([&event(b"\x91\xa1a")[..], b"\x00"].concat()), Malformed::TrailingBytes);
    for (kind, data, error) in [
        (0, &b"\xa1x"[..], Malformed::Payload.into()),
        (0, b"\x90", Malformed::Payload.into()),
        (0, b"\xc4\x00", Malformed::Payload.into()),
        (1, b"\x80", DecodeError::UnexpectedPayload),
        (2, b"\x80", DecodeError::NotAnArray),
        (2, b"\xc0", DecodeError::NotAnArray),
        (2, b"\xc7\x00\x00", DecodeError::NotAnArray),
        (3, b"\xa1a", DecodeError::NotAnArray),
        (4, b"\x90", Malformed::Payload.into()),
        (4, b"\xc0", Malformed::Payload.into()),
    ] {
        let message = [&b"\x83\xa4type"[..], &[kind], b"\xa3nsp\xa1/\xa4data", data].concat();
        assert_eq!(decode(message).unwrap_err(), error, "{kind} {data:?}");
    }
    assert_eq!(Decoder::new(3).text("2[\"a\"]".into()).unwrap_err(), Malformed::Text.into());
}

#[test]
fn ids_are_whole_numbers_up_to_2_to_53() {
    let with_id = |id: &[u8]| {
        decode([&b"\x84\xa4type\x03\xa3nsp\xa1/\xa4data\x90\xa2id"[..], id].concat()).map(|packet| packet.id)
    };
    assert_eq!(with_id(b"\x00"), Ok(Some(0)));
    assert_eq!(with_id(b"\xcf\x00\x1f\xff\xff\xff\xff\xff\xff"), Ok(Some(MAX_ACK_ID)));
    assert_eq!(with_id(b"\xcb\x40\x1c\x00\x00\x00\x00\x00\x00"), Ok(Some(7)));
    assert_eq!(with_id(b"\xc0"), Ok(None));
    assert_eq!(with_id(b"\xd4\x00\x00"), Ok(None));
    assert_eq!(with_id(b"\xcf\x00\x20\x00\x00\x00\x00\x00\x00"), Err(DecodeError::AckIdTooLarge));
    for id in [&b"\xff"[..], b"\xa11", b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", b"\xc3", b"\x90"] {
        assert_eq!(with_id(id), Err(Malformed::Id.into()), "{id:?}");
    }
}

#[test]
fn namespaces_have_to_be_names() {
    let in_namespace = |name: &str| {
        let mut message = b"\x82\xa4type\x00\xa3nsp".to_vec();
        write_str(&mut message, name).unwrap();
        decode(message).map(|packet| packet.namespace.to_string())
    };
    assert_eq!(in_namespace("/ünï"), Ok("/ünï".into()));
    assert_eq!(in_namespace("/chat?token=x"), Ok("/chat".into()));
    assert_eq!(in_namespace("/?x"), Ok("/".into()));
    for name in ["", "chat", "/a,b", "?x"] {
        assert_eq!(in_namespace(name), Err(Malformed::Namespace.into()), "{name}");
    }
    assert_eq!(malformed(&b"\x82\xa4type\x00\xa3nsp\xa2/\xff"[..]), Malformed::Namespace);
}

#[test]
fn members_may_be_unknown_repeated_and_in_any_order() {
    let mut message = Vec::new();
    write_map_len(&mut message, 6).unwrap();
    write_str(&mut message, "data").unwrap();
    message.extend_from_slice(b"\x91\xc4\x01x");
    write_sint(&mut message, -1).unwrap();
    message.extend_from_slice(b"\x92\x80\x90");
    for (name, number) in [("id", 1), ("type", 2), ("nsp", 0)] {
        write_str(&mut message, name).unwrap();
        write_uint(&mut message, number).unwrap();
    }
    message.pop();
    message.extend_from_slice(b"\xa1/\xa4data\x91\xa1a");
    assert_eq!(parts(&decode(message).unwrap()), (Kind::Event, "/", Some(1), Some("[\"a\"]")));
}

#[test]
fn values_that_json_does_not_have() {
    for (value, json) in [
        (&b"\xca\x7f\xc0\x00\x00"[..], "null"),
        (b"\xca\xff\x80\x00\x00", "null"),
        (b"\xca\x3d\xcc\xcc\xcd", "0.10000000149011612"),
        (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", "18446744073709551615"),
        (b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", "-9223372036854775808"),
        (b"\xd6\xff\x00\x00\x00\x05", "\"1970-01-01T00:00:05.000Z\""),
        (b"\xd7\x00\x7f\xff\xff\xff\xff\xff\xff\xff", "null"),
        (b"\xd4\x05x", "[5,{\"_placeholder\":true,\"num\":0 }]"),
        (b"\xa3a\xffb", "\"a\u{fffd}b\""),
        (b"\xa3\xed\xa0\x80", "\"\u{fffd}\u{fffd}\u{fffd}\""),
        (b"\xa2\x00\"", "\"\\u0000\\\"\""),
    ] {
        assert_eq!(argument(value).as_deref(), Ok(json), "{value:?}");
    }
}

#[test]
fn keys_become_texts_or_are_refused() {
    for (key, json) in [
        (&b"\xa1k"[..], "k"),
        (b"\x07", "7"),
        (b"\xff", "-1"),
        (b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00", "1.5"),
        (b"\xc0", "null"),
        (b"\xc3", "true"),
    ] {
        assert_eq!(argument(&[b"\x81", key, b"\x00"].concat()), Ok(format!("{{\"{json}\":0}}")));
    }
    for key in
        [&b"\xc4\x00"[..], b"\x90", b"\x80", b"\xd7\x0012345678", b"\xd4\x01x", b"\xca\x7f\xc0\x00\x00"]
    {
        assert_eq!(argument(&[b"\x81", key, b"\x00"].concat()), Err(Malformed::Key.into()), "{key:?}");
    }
}

#[test]
fn attachments_are_counted() {
    let with = |count: u8| {
        decode(event(&[&[0x90 | (count + 1), 0xa1, b'a'][..], &b"\xc4\x01x".repeat(count.into())].concat()))
    };
    assert_eq!(with(3).unwrap().attachments.len(), 3);
    assert_eq!(with(4).unwrap_err(), DecodeError::TooManyAttachments { limit: 3 });
    let extensions = event(b"\x95\xa1a\xd4\x01x\xd4\x01x\xd4\x01x\xd4\x01x");
    assert_eq!(decode(extensions).unwrap_err(), DecodeError::TooManyAttachments { limit: 3 });
}

#[test]
fn maps_that_look_like_placeholders_are_data() {
    let look_alike = |index: u8| [b"\x82\xac_placeholder\xc3\xa3num", &[index][..]].concat();
    let packet = decode(event(&[b"\x92\xa1a", &look_alike(0)[..]].concat())).unwrap();
    let json = r#"["a",{"_placeholder":true,"num":0}]"#;
    assert_eq!(parts(&packet), (Kind::Event, "/", None, Some(json)));

    let backwards = b"\x82\xa3num\x00\xac_placeholder\xc3".to_vec();
    let without = b"\x81\xac_placeholder\xc3".to_vec();
    let with_more = b"\x83\xac_placeholder\xc3\xa3num\x00\xa1x\x01".to_vec();
    for map in [look_alike(0), look_alike(1), look_alike(99), backwards, without, with_more] {
        let alone = decode(event(&[b"\x92\xa1a", &map[..]].concat())).unwrap().into_event().unwrap();
        let expected: Value = alone.args.clone().take().unwrap();
        for data in
            [[b"\x93\xa1a\xc4\x01x", &map[..]].concat(), [b"\x93\xa1a", &map[..], b"\xc4\x01x"].concat()]
        {
            let packet = decode(event(&data)).unwrap();
            assert_eq!((packet.kind, packet.attachments.len()), (Kind::BinaryEvent, 1));
            let values: Vec<Value> = packet.into_event().unwrap().args.take_rest().unwrap();
            let is_bytes = |value: &&Value| value.as_bytes().is_some_and(|bytes| bytes == b"x");
            assert_eq!(values.iter().filter(is_bytes).count(), 1, "{values:?}");
            assert_eq!(values.iter().filter(|value| **value == expected).count(), 1, "{values:?}");
        }
    }
}

#[test]
fn a_text_that_looks_like_a_placeholder_is_text_beside_bytes() {
    let text = r#"{"_placeholder":true,"num":0 }"#;
    let mut data = b"\x93\xa1a\xc4\x01x".to_vec();
    data.push(0xa0 | u8::try_from(text.len()).unwrap());
    data.extend_from_slice(text.as_bytes());
    let mut args = decode(event(&data)).unwrap().into_event().unwrap().args;
    assert_eq!(args.take::<Value>().unwrap().as_bytes().map(|bytes| bytes.to_vec()), Some(b"x".to_vec()));
    assert_eq!(args.take::<String>().unwrap(), text);
}

#[test]
fn of_a_repeated_payload_the_last_counts() {
    let twice = b"\x84\xa4type\x02\xa4data\x92\xa1a\xc4\x01x\xa3nsp\xa1/\xa4data\x91\xa1b";
    let packet = decode(&twice[..]).unwrap();
    assert_eq!(parts(&packet), (Kind::Event, "/", None, Some(r#"["b"]"#)));
    assert!(packet.attachments.is_empty());
}

#[test]
fn depth_is_limited() {
    let nested = |depth: usize| decode(event(&[&b"\x91".repeat(depth - 1)[..], b"\x90"].concat()));
    assert_eq!(nested(MAX_DEPTH).unwrap().data.unwrap().len(), 2 * MAX_DEPTH);
    assert_eq!(nested(MAX_DEPTH + 1).unwrap_err(), Malformed::TooDeep.into());
    assert_eq!(nested(1_000_000).unwrap_err(), Malformed::TooDeep.into());
    let maps = event(&[&b"\x91"[..], &b"\x81\xa0".repeat(MAX_DEPTH), b"\xc0"].concat());
    assert_eq!(decode(maps).unwrap_err(), Malformed::TooDeep.into());
}

#[test]
fn announced_lengths_cost_nothing() {
    for data in [
        &b"\xdd\xff\xff\xff\xff"[..],
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
    ] {
        assert_eq!(malformed(event(data)), Malformed::Incomplete);
    }
    assert_eq!(malformed(&b"\xdf\xff\xff\xff\xff"[..]), Malformed::Incomplete);
}

#[test]
fn bytes_in_an_auth_payload_reach_the_hook() {
    let mut message = b"\x83\xa4type\x00\xa3nsp\xa1/\xa4data\x81\xa3key".to_vec();
    write_bin(&mut message, &[1, 2]).unwrap();
    let packet = decode(message).unwrap();
    assert_eq!(packet.kind, Kind::Connect);
    let Ok(crate::socket::Action::Connect { auth: Some(mut auth), .. }) =
        crate::socket::Client::new(1).handle(packet)
    else {
        panic!("not a connect with auth")
    };
    let auth: std::collections::BTreeMap<String, crate::binary::Binary> = auth.take().unwrap();
    assert_eq!(auth["key"], crate::binary::Binary::from(vec![1, 2]));
}

#[test]
fn a_few_bytes_do_not_keep_a_long_message_in_memory() {
    let message = |text: usize, bytes: usize| {
        let mut message = b"\x83\xa4type\x02\xa3nsp\xa1/\xa4data\x93\xa1a\xdb".to_vec();
        message.extend(u32::try_from(text).unwrap().to_be_bytes());
        message.resize(message.len() + text, b'x');
        message.push(0xc6);
        message.extend(u32::try_from(bytes).unwrap().to_be_bytes());
        message.resize(message.len() + bytes, 7);
        Bytes::from(message)
    };
    for (text, bytes, is_copied) in [(100_000, 10, true), (10, 100_000, false), (100, 10, false)] {
        let message = message(text, bytes);
        let packet = Decoder::new(1).binary(message.clone()).unwrap().unwrap();
        let [attachment] = &packet.attachments[..] else {
            panic!("{} attachments", packet.attachments.len())
        };
        assert_eq!(attachment.len(), bytes);
        assert_eq!(!message.as_ptr_range().contains(&attachment.as_ptr()), is_copied, "{text} + {bytes}");
    }
}
