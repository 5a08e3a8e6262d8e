use super::*;

fn decode(text: &str) -> Result<Option<Packet>, DecodeError> {
    Decoder::new(3).text(text.into())
}

fn packet(text: &str) -> Packet {
    decode(text).unwrap().expect("the packet is complete")
}

fn parts(text: &str) -> (Kind, String, Option<u64>, Option<String>) {
    let packet = packet(text);
    (packet.kind, packet.namespace.to_string(), packet.id, packet.data.map(String::from))
}

#[test]
fn headers_are_taken_apart() {
    assert_eq!(parts("0"), (Kind::Connect, "/".into(), None, None));
    assert_eq!(parts("0{\"a\":1}"), (Kind::Connect, "/".into(), None, Some("{\"a\":1}".into())));
    assert_eq!(parts("0/x,"), (Kind::Connect, "/x".into(), None, None));
    assert_eq!(parts("0/x"), (Kind::Connect, "/x".into(), None, None));
    assert_eq!(parts("0/x?a=b,{}"), (Kind::Connect, "/x".into(), None, Some("{}".into())));
    assert_eq!(parts("0/?a=b"), (Kind::Connect, "/".into(), None, None));
    assert_eq!(parts("0/x,\"token\""), (Kind::Connect, "/x".into(), None, Some("\"token\"".into())));
    assert_eq!(parts("1/ünï,"), (Kind::Disconnect, "/ünï".into(), None, None));
    assert_eq!(parts("2/x,12[\"a\"]"), (Kind::Event, "/x".into(), Some(12), Some("[\"a\"]".into())));
    assert_eq!(parts("2 [\"a\"] "), (Kind::Event, "/".into(), None, Some(" [\"a\"] ".into())));
    assert_eq!(parts("30[]"), (Kind::Ack, "/".into(), Some(0), Some("[]".into())));
    assert_eq!(parts("4{\"message\":\"\"}").0, Kind::ConnectError);
}

#[test]
fn unknown_kinds_are_refused() {
    assert_eq!(decode("").unwrap_err(), DecodeError::Empty);
    for (text, first) in
        [("abc", 'a'), ("7", '7'), ("9[\"a\"]", '9'), ("-1", '-'), ("é", 'é'), (" 2[\"a\"]", ' ')]
    {
        assert_eq!(decode(text).unwrap_err(), DecodeError::UnknownKind(first), "{text}");
    }
}

#[test]
fn payloads_that_are_not_json_are_refused() {
    for text in [
        "2abc",
        "2abc[\"a\"]",
        "2[\"a\"",
        "2[\"a\"]]",
        "2[\"a\",]",
        "2['a']",
        "2[\"a\",01]",
        "2[\"a\\x\"]",
        "2[\"a\n\"]",
        "2/x[\"a\"],",
        "2-1[\"a\"]",
        "2+1[\"a\"]",
        "3[",
        "0{",
        "0{}x",
        "0x",
        "51-[\"a\",{]",
    ] {
        assert!(matches!(decode(text), Err(DecodeError::NotJson)), "{text}: {:?}", decode(text));
    }
}

#[test]
fn events_and_acks_need_an_array() {
    for text in
        ["2", "2/x", "2/x,", "21", "2{}", "2\"a\"", "2null", "3", "31", "31{}", "51-{}", "61-1\"a\"", "50-{}"]
    {
        let error = decode(text).unwrap_err();
        assert!(matches!(error, DecodeError::NotAnArray | DecodeError::NotJson), "{text}: {error:?}");
    }
    assert_eq!(decode("2{}").unwrap_err(), DecodeError::NotAnArray);
    assert_eq!(decode("1{}").unwrap_err(), DecodeError::UnexpectedPayload);
    assert_eq!(decode("1/x,[]").unwrap_err(), DecodeError::UnexpectedPayload);
}

#[test]
fn ack_ids_end_where_javascript_does() {
    assert_eq!(packet("29007199254740991[\"a\"]").id, Some(MAX_ACK_ID));
    assert_eq!(packet("2007[\"a\"]").id, Some(7));
    for text in ["29007199254740992[\"a\"]", "299999999999999999999999[\"a\"]", "39007199254740992[]"] {
        assert_eq!(decode(text).unwrap_err(), DecodeError::AckIdTooLarge, "{text}");
    }
}

#[test]
fn attachments_are_counted() {
    for text in ["5[\"a\"]", "5-[\"a\"]", "51[\"a\"]", "5x-[\"a\"]", "51", "5", "5/x,1-[\"a\"]"] {
        assert_eq!(decode(text).unwrap_err(), DecodeError::NoAttachmentCount, "{text}");
    }
    for text in ["54-[\"a\"]", "699999999999999999999-1[]", "518446744073709551615-[\"a\"]"] {
        assert_eq!(decode(text).unwrap_err(), DecodeError::TooManyAttachments { limit: 3 }, "{text}");
    }
    let mut decoder = Decoder::new(3);
    assert!(decoder.text("53-/x,1[\"a\"]".into()).unwrap().is_none());
    assert!(decoder.binary("1".into()).unwrap().is_none());
    assert!(decoder.binary("2".into()).unwrap().is_none());
    let packet = decoder.binary("3".into()).unwrap().unwrap();
    assert_eq!((packet.kind, &*packet.namespace, packet.id), (Kind::BinaryEvent, "/x", Some(1)));
    assert_eq!(packet.attachments, ["1", "2", "3"]);
    assert_eq!(decoder.binary("4".into()).unwrap_err(), DecodeError::UnexpectedBinary);
}

#[test]
fn a_packet_of_no_attachments_is_delivered_at_once() {
    let mut decoder = Decoder::new(3);
    let packet = decoder.text("50-[\"a\",1]".into()).unwrap().unwrap();
    assert!(packet.kind == Kind::BinaryEvent && packet.attachments.is_empty());
    assert_eq!(decoder.text("2[\"b\"]".into()).unwrap().unwrap().kind, Kind::Event);
    assert_eq!(decoder.text("60-1[]".into()).unwrap().unwrap().kind, Kind::BinaryAck);
    assert_eq!(decoder.binary("1".into()).unwrap_err(), DecodeError::UnexpectedBinary);
}

#[test]
fn a_text_while_attachments_are_due_is_refused() {
    let mut decoder = Decoder::new(3);
    assert!(decoder.text("52-[\"a\"]".into()).unwrap().is_none());
    assert!(decoder.binary("1".into()).unwrap().is_none());
    assert_eq!(decoder.text("2[\"b\"]".into()).unwrap_err(), DecodeError::AttachmentsDue);
    assert_eq!(decoder.binary("2".into()).unwrap_err(), DecodeError::UnexpectedBinary);
    assert!(decoder.text("2[\"b\"]".into()).unwrap().is_some());
}

#[test]
fn placeholders_need_their_attachments() {
    let place = |index: &str| format!("{{\"_placeholder\":true,\"num\":{index}}}");
    for text in [
        format!("50-[\"a\",{}]", place("0")),
        format!("51-[\"a\",{}]", place("1")),
        format!("51-[\"a\",{}]", place("-1")),
        format!("51-[\"a\",{}]", place("\"0\"")),
        "51-[\"a\",{\"_placeholder\":true}]".to_owned(),
        format!("51-[\"a\",{},{}]", place("0"), place("0")),
        format!("61-1[[{{\"deep\":[{}]}}]]", place("2")),
    ] {
        assert_eq!(decode(&text).unwrap_err(), DecodeError::NoAttachment, "{text}");
    }
    for text in [
        // Plain packets have no placeholders, and neither have objects that only look like them.
        format!("2[\"a\",{}]", place("5")),
        "50-[\"a\",{\"_placeholder\":false,\"num\":5}]".to_owned(),
        "50-[\"a\",{\"_placeholder\":\"true\",\"num\":5}]".to_owned(),
    ] {
        assert!(decode(&text).unwrap().is_some(), "{text}");
    }
    // An attachment that nothing names is no mistake.
    assert!(decode("51-[\"a\"]").unwrap().is_none());
}

#[test]
fn nothing_is_copied_and_an_idle_decoder_is_small() {
    let text = ByteString::from("2/chat,1[\"a\",\"b\"]");
    let packet = Decoder::new(3).text(text.clone()).unwrap().unwrap();
    assert_eq!(packet.namespace.as_ptr(), text[1..].as_ptr());
    assert_eq!(packet.data.unwrap().as_ptr(), text[8..].as_ptr());
    assert!(size_of::<Decoder>() <= 16);
}
