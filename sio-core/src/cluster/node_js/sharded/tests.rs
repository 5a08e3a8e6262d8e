use super::*;
use crate::args::Spread;
use crate::value::Value;

/// Messages of `createShardedAdapter` of `redis-adapter` 8.3 with `redis` 6.3: the name, and the message as hex or as text.
const CAPTURED: &str = include_str!("captured.txt");

/// The names of the two servers.
const ASKS: &str = "f87e03cfde9a1e11";
const ANSWERS: &str = "077276567ecd409c";

const WRITER: Writer<'static> = Writer { uid: ASKS, nsp: "/" };

fn captured() -> impl Iterator<Item = Bytes> {
    CAPTURED.lines().map(|line| {
        let (_, message) = line.split_once(' ').expect("a name and a message");
        if message.starts_with('{') {
            return Bytes::from_static(message.as_bytes());
        }
        let byte = |at: usize| u8::from_str_radix(&message[at..at + 2], 16).expect("hex");
        (0..message.len()).step_by(2).map(byte).collect()
    })
}

fn values(args: &Args) -> Vec<Value> {
    args.clone().take_rest::<Spread<Value>>().expect("arguments").0
}

fn read_all() -> Vec<Heard> {
    captured().map(|message| read("/", &message).expect("a message").expect("of this namespace")).collect()
}

fn captured_event(name: &str) -> (Bytes, Selection, Event) {
    captured()
        .find_map(|message| match read("/", &message).expect("a message")?.said {
            Said::Event(to, event) if event.name == name => Some((message, to, event)),
            _ => None,
        })
        .expect(name)
}

#[test]
fn events_of_servers_are_read() {
    let args = |name: &str| values(&captured_event(name).2.args);
    let hello = &args("hello")[0];
    assert_eq!((hello["s"].as_str(), hello["big"].as_u64()), (Some("é☃"), Some(1 << 40)));
    assert_eq!(args("two"), [Value::from("one"), 2.into()]);
    let bytes = |bytes: &'static [u8]| Value::Binary(Bytes::from_static(bytes));
    assert_eq!(args("bin")[0], bytes(b"\x00\x01\xfe\xff"));
    assert_eq!(args("bin")[1].get("f"), Some(&bytes(b"\x07")));
    assert_eq!(args("date"), [Value::from("1970-01-01T00:00:00.000Z"), bytes(b"\x01")]);
    let rooms = |name: &str| captured_event(name).1.rooms;
    assert_eq!(rooms("hello"), None);
    assert_eq!(rooms("r"), Some(vec!["room1".into()]));
    assert_eq!(rooms("rl"), Some(vec!["room1".into(), "1qL9lpGOByp8RMieAAAA".into()]));
    assert_eq!(captured_event("ex").1.except, ["1qL9lpGOByp8RMieAAAA"]);
    let flags = |name: &str| (captured_event(name).2.is_volatile, captured_event(name).2.compress);
    assert_eq!((flags("vol"), flags("two")), ((true, false), (false, true)));
    let first = captured().next().expect("one");
    assert!(read("/chat", &first).expect("a message").is_none(), "of another namespace");
}

#[test]
fn requests_and_answers_are_read() {
    let told: Vec<String> = read_all()
        .into_iter()
        .filter_map(|Heard { uid, said }| {
            let said = match said {
                Said::Event(..) => return None,
                Said::Request(Request { what, .. }) => match what {
                    What::Change(Change { to, deed }) => {
                        format!("{} {deed:?}", to.rooms.unwrap_or_default().join(","))
                    }
                    What::Ask { event, timeout, .. } => format!("ask {} {timeout:?}", event.name),
                    What::Sockets(to) => format!("sockets of {:?}", to.rooms),
                    What::ServerEvent { event, args } => format!("{event} {}", values(&args).len()),
                    other => format!("{other:?}"),
                },
                Said::Answer(Answer { answered, .. }) => match answered {
                    Answered::Sockets(sockets) => format!("{} sockets", sockets.len()),
                    Answered::Acknowledged(args) => format!("{:?}", values(&args)),
                    other => format!("{other:?}"),
                },
            };
            Some(format!("{} {said}", if uid == ASKS { "asks" } else { "answers" }))
        })
        .collect();
    let expected = [
        r#"asks 1qL9lpGOByp8RMieAAAA Join(["room1", "room2"])"#,
        r#"asks room1 Leave(["room2"])"#,
        "asks ask ask Some(2000)",
        "answers Asked(1)",
        r#"answers [Object([("ok", Bool(true))])]"#,
        "asks ask askbin Some(2000)",
        "answers Asked(1)",
        r#"answers [Binary(b"\x01\x02")]"#,
        "asks sockets of None",
        "answers 1 sockets",
        "asks serverside 1",
        r#"answers Value(Some(RawValue({"from":7})))"#,
        "asks other 2",
        "asks  Disconnect(true)",
    ];
    assert_eq!(told, expected);
    assert!(read_all().iter().all(|heard| [ASKS, ANSWERS].contains(&&*heard.uid)));
}

#[test]
fn messages_are_written_as_node_writes_them() {
    for name in ["hello", "two", "bin", "r", "rl", "one", "ex", "vol"] {
        let (message, to, event) = captured_event(name);
        let args = Args::of(&Spread(values(&event.args))).expect("arguments");
        let written = WRITER.event(&to.target(), &Event { args, ..event }, None).expect("words");
        assert_eq!(Bytes::from(written), message, "{name}");
    }
    let json = |message: &[u8]| serde_json::from_slice::<Json>(message).expect("JSON");
    let text = |message: &Bytes| message.starts_with(b"{").then(|| json(message));
    let all: Vec<Json> = captured().filter_map(|message| text(&message)).collect();
    let is_captured = |message: Vec<u8>| assert!(all.contains(&json(&message)), "{}", json(&message));
    let sid = Target::room("1qL9lpGOByp8RMieAAAA");
    let rooms = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    is_captured(WRITER.change(&sid, &Deed::Join(rooms(&["room1", "room2"]))));
    is_captured(WRITER.change(&Target::room("room1"), &Deed::Leave(rooms(&["room2"]))));
    is_captured(WRITER.change(&Target::everybody(), &Deed::Disconnect(true)));
    is_captured(WRITER.fetch("25ed44c34c02acaa", &Target::everybody()));
    let data = RawValue::from_string(r#"["serverside","x"]"#.to_owned()).expect("JSON");
    is_captured(WRITER.server_event(Some("ec13825d1ee5955f"), &data));
    let ask = Event::new("ask", Args::of(&"q").expect("arguments"));
    let asked = WRITER.event(&Target::everybody(), &ask, Some(("3230c0361134b2ab", 2000)));
    is_captured(asked.expect("words"));
    let answers = Writer { uid: ANSWERS, ..WRITER };
    is_captured(answers.asked("3230c0361134b2ab", 1));
    is_captured(
        answers.acknowledged("3230c0361134b2ab", &Args::of(&serde_json::json!({"ok": true})).expect("one")),
    );
    let from = RawValue::from_string(r#"{"from":7}"#.to_owned()).expect("JSON");
    is_captured(answers.value("ec13825d1ee5955f", Some(&from)));
    let bytes = Args::of(&crate::binary::Binary::from(b"\x01\x02")).expect("bytes");
    // In MessagePack too the members of an object may have another order.
    let acknowledged = captured()
        .filter_map(|message| acknowledgement(&message))
        .find(|(_, id, _)| id == "eb9fcf52e575cd3d");
    assert_eq!(acknowledgement(&answers.acknowledged("eb9fcf52e575cd3d", &bytes).into()), acknowledged);
}

/// The sender, the id and the arguments of the answer of a client.
fn acknowledgement(message: &Bytes) -> Option<(String, String, Vec<Value>)> {
    let Heard { uid, said } = read("/", message).expect("a message")?;
    match said {
        Said::Answer(Answer { id, answered: Answered::Acknowledged(args) }) => Some((uid, id, values(&args))),
        _ => None,
    }
}

#[test]
fn bytes_in_what_programs_say_become_null() {
    let message = b"\x84\xa4type\x0a\xa4data\x82\xa9requestId\xa1i\xa6packet\x81\xa1b\xc4\x01\x07\xa3uid\xa1u\xa3nsp\xa1/";
    let heard = read("/", &Bytes::from_static(message)).expect("a message").expect("of this namespace");
    let Said::Answer(Answer { answered: Answered::Value(Some(value)), .. }) = heard.said else {
        panic!("an answer")
    };
    assert_eq!(value.get(), r#"{"b":null}"#);
    let nothing = WRITER.value("i", None);
    let heard = read("/", &nothing.into()).expect("a message").expect("of this namespace");
    assert!(matches!(heard.said, Said::Answer(Answer { answered: Answered::Value(None), .. })));
}

#[test]
fn garbage_is_an_error_and_unknown_kinds_are_nothing() {
    for message in [
        &b""[..],
        b"\xc1",
        b"\x93",
        b"{",
        b"[1]",
        b"{}",
        b"\x80",
        br#"{"type":3,"uid":"u","nsp":"/"}"#,
        br#"{"type":3,"uid":"u","nsp":"/","data":{"packet":{"type":2,"data":["e"]}}}"#,
        br#"{"type":3,"uid":"u","nsp":"/","data":{"packet":{"type":2,"data":[]},"opts":{}}}"#,
        br#"{"type":7,"uid":"u","nsp":"/","data":{"requestId":"i"}}"#,
        br#"{"type":8,"uid":"u","nsp":"/","data":{"requestId":"i"}}"#,
        br#"{"type":12,"uid":"u","nsp":"/","data":{}}"#,
    ] {
        assert!(read("/", &Bytes::from_static(message)).is_err(), "{message:?}");
    }
    for message in
        [&br#"{"type":2,"uid":"u","nsp":"/"}"#[..], br#"{"type":99,"uid":"u","nsp":"/","data":{}}"#]
    {
        assert!(read("/", &Bytes::from_static(message)).expect("a message").is_none(), "{message:?}");
    }
}
