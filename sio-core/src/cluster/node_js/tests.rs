use super::super::{acknowledged, asked, asks, change, event, request, rooms_of, value_of};
use super::*;
use crate::args::Spread;
use crate::binary::Binary;
use crate::target::Target;
use crate::value::Value;

/// Messages of `redis-adapter` 8.3 and `redis-emitter` 5.1: the name, and the message as hex or as text.
const CAPTURED: &str = include_str!("captured.txt");

fn captured() -> impl Iterator<Item = (&'static str, Bytes)> {
    CAPTURED.lines().map(|line| {
        let (name, message) = line.split_once(' ').expect("a name and a message");
        if message.starts_with('{') {
            return (name, Bytes::from_static(message.as_bytes()));
        }
        let byte = |at: usize| u8::from_str_radix(&message[at..at + 2], 16).expect("hex");
        (name, (0..message.len()).step_by(2).map(byte).collect())
    })
}

fn values(mut args: Args) -> Vec<Value> {
    args.take_rest::<Spread<Value>>().expect("arguments").0
}

/// The events that are captured: sender, rooms, those that are left out, name and arguments.
fn events() -> Vec<(String, Selection, Event)> {
    let events = captured().filter(|(name, _)| name.starts_with("socket.io#"));
    events.map(|(name, message)| read_event("/", &message).expect(name).expect(name)).collect()
}

#[test]
fn events_of_servers_and_emitters_are_read() {
    let events = events();
    let of = |name: &str| events.iter().find(|(_, _, event)| event.name == name).expect(name);
    let args = |name: &str| values(of(name).2.args.clone());
    let json = |json: serde_json::Value| Value::from(json);
    let object = &args("hello")[0];
    assert_eq!((object["s"].as_str(), object["big"].as_u64()), (Some("é☃"), Some(1 << 40)));
    assert_eq!(
        (object["f"].as_f64(), object["neg"].as_i64(), object["n"].is_null()),
        (Some(1.5), Some(-5), true)
    );
    assert_eq!(args("two"), [Value::from("one"), 2.into()]);
    let bytes = |bytes: &'static [u8]| Value::Binary(Bytes::from_static(bytes));
    assert_eq!(args("bin")[0], bytes(b"\x00\x01\xfe\xff"));
    assert_eq!(args("bin")[1].get("f"), Some(&bytes(b"\x07")));
    assert_eq!(args("date"), [Value::from("1970-01-01T00:00:00.000Z")]);
    assert_eq!(args("undef"), [Value::Null, json(serde_json::json!([null, 1])), Value::Object(vec![])]);
    assert_eq!(args("nan")[..2], [Value::Null, Value::Null]);
    assert_eq!(of("hello").0, "wh9NXc");
    assert_eq!(of("time").0, "emitter");
    let rooms = |name: &str| of(name).1.rooms.clone();
    assert_eq!(rooms("hello"), None);
    assert_eq!(rooms("rl"), Some(vec!["room1".into(), "1qL9lpGOByp8RMieAAAA".into()]));
    assert_eq!(rooms("numroom"), Some(vec!["12".into()]));
    assert_eq!(of("ex").1.except, ["1qL9lpGOByp8RMieAAAA"]);
    assert_eq!((of("vol").2.is_volatile, of("vol").2.compress), (true, false));
    assert_eq!((of("two").2.is_volatile, of("two").2.compress), (false, true));
    let (_, message) = captured().next().expect("one");
    assert!(read_event("/chat", &message).expect("an event").is_none(), "of another namespace");
}

#[test]
fn requests_and_answers_are_read() {
    let read: Vec<_> = captured()
        .filter(|(name, _)| name.starts_with("socket.io-request#"))
        .map(|(name, message)| read_request("/", &message).expect(name))
        .collect();
    let rooms = |selection: &Selection| selection.rooms.clone().unwrap_or_default().join(",");
    let told: Vec<String> = read
        .iter()
        .map(|Request { uid, id, what }| {
            let what = match what {
                What::Ids(to) => format!("ids of {}", rooms(to)),
                What::Rooms => "rooms".into(),
                What::Change(change) => format!("{}: {:?}", rooms(&change.to), change.deed),
                What::Sockets(to) => format!("sockets of {}", rooms(to)),
                What::ServerEvent { event, args } => format!("{event} {:?}", values(args.clone()).len()),
                What::Ask { event, timeout, .. } => format!("ask {} {timeout:?}", event.name),
                What::Unknown => "unknown".into(),
            };
            format!("{} {} {what}", uid.as_deref().unwrap_or("-"), id.as_deref().unwrap_or("-"))
        })
        .collect();
    let expected = [
        r#"wh9NXc - SID: Join(["room1", "room2"])"#,
        "wh9NXc - SID: Disconnect(true)",
        "wh9NXc FiJHgk rooms",
        "wh9NXc jLt9zC sockets of ",
        "wh9NXc K_2Rg3 sse 1",
        "wh9NXc WLp1YO ask ask Some(2000)",
        r#"- - room1: Join(["room9"])"#,
        r#"- - room1: Leave(["room9"])"#,
        "- - SID: Disconnect(true)",
        "emitter - sse 2",
        "old AAAAAA ids of room1",
        r#"old BBBBBB SID: Join(["room1"])"#,
    ];
    assert_eq!(told, expected);
    let answers: Vec<_> = captured()
        .filter(|(name, _)| name.starts_with("socket.io-response#"))
        .map(|(name, message)| read_answer(&message).expect(name).expect(name))
        .collect();
    let told: Vec<_> = answers
        .into_iter()
        .map(|Answer { id, answered }| match answered {
            Answered::Sockets(sockets) => format!("{id} {} sockets", sockets.len()),
            Answered::Rooms(rooms) => format!("{id} {rooms:?}"),
            Answered::Value(value) => format!("{id} {}", value.expect("a value")),
            Answered::Asked(count) => format!("{id} asked {count}"),
            Answered::Acknowledged(args) => format!("{id} {:?}", values(args)),
        })
        .collect();
    assert_eq!(told[0], r#"FiJHgk ["room2", "abcdefghijklmnopqrst"]"#);
    assert_eq!(told[1], "jLt9zC 1 sockets");
    assert_eq!(told[2], r#"K_2Rg3 {"from":8202}"#);
    assert_eq!(told[3], "WLp1YO asked 2");
    assert_eq!(told[4], r#"WLp1YO [Object([("ok", Bool(true))])]"#);
    assert_eq!(told[5], r#"WLp1YO [Binary(b"\x01\x02")]"#);
}

fn made(name: &str, args: &(impl serde::Serialize + ?Sized)) -> Event {
    Event::new(name, Args::of(args).expect("arguments"))
}

#[test]
fn events_and_requests_are_written_as_node_writes_them() {
    let bytes = |name: &str| {
        let mut all = captured().filter(|(at, _)| at.starts_with("socket.io"));
        all.find(|(_, message)| message.windows(name.len()).any(|part| part == name.as_bytes()))
            .expect(name)
            .1
    };
    let two = event("wh9NXc", "/", &Target::everybody(), &made("two", &("one", 2))).expect("words");
    assert_eq!(two, bytes("two"));
    let room = event("wh9NXc", "/", &Target::room("room1"), &made("r", &"hi")).expect("words");
    assert!(captured().any(|(_, message)| message == room), "{room:x?}");
    let volatile = Event { is_volatile: true, compress: false, ..made("vol", &"hi") };
    assert_eq!(event("wh9NXc", "/", &Target::everybody(), &volatile).expect("words"), bytes("vol"));
    let ask = asks("wh9NXc", "WLp1YO", "/", &Target::everybody(), &made("ask", &"q"), 2000).expect("words");
    assert!(captured().any(|(_, message)| message == ask), "{ask:x?}");
    let text = |message: Vec<u8>| String::from_utf8(message).expect("text");
    let rooms = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let room1 = Target::room("room1");
    assert_eq!(
        text(change(None, &room1, &Deed::Join(rooms(&["room9"])))),
        r#"{"type":2,"opts":{"rooms":["room1"],"except":[]},"rooms":["room9"]}"#
    );
    assert_eq!(
        text(change(Some("a"), &Target::everybody(), &Deed::Disconnect(true))),
        r#"{"uid":"a","type":4,"opts":{"rooms":[],"except":[]},"close":true}"#
    );
    let read = |message: Vec<u8>| read_request("/", &Bytes::from(message)).expect("a request");
    let all = request("a", Some("b"), 5, &room1, None);
    assert!(matches!(read(all).what, What::Sockets(to) if to.rooms == Some(rooms(&["room1"]))));
    let data = RawValue::from_string(r#"["e",1]"#.to_owned()).expect("JSON");
    let server = read(request("a", None, 6, &room1, Some(&data)));
    assert!(
        matches!(server.what, What::ServerEvent { event, args } if event == "e" && values(args.clone()) == [1.into()])
    );
}

#[test]
fn what_is_written_is_read_again() {
    for args in [
        vec![],
        vec![Value::Binary(Bytes::from_static(b"\x01")), Value::from("x")],
        vec![Value::from(serde_json::json!([[1.5, null], 9_007_199_254_740_992_u64, -1]))],
        vec![Value::Object(vec![("_placeholder".into(), true.into()), ("num".into(), 0.into())])],
    ] {
        let mut target = Target::room("den");
        target.except.push("loft".into());
        let message = event("sio.1", "/chat", &target, &made("e", &Spread(args.clone()))).expect("words");
        let (uid, to, read) =
            read_event("/chat", &message.into()).expect("an event").expect("of this namespace");
        assert_eq!((uid.as_str(), &*read.name, values(read.args)), ("sio.1", "e", args));
        assert_eq!((to.rooms, to.except), (Some(vec!["den".into()]), vec!["loft".to_owned()]));
    }
    let answer = |message: Vec<u8>| {
        read_answer(&message.into()).expect("an answer").expect("of a known kind").answered
    };
    let first = Args::of(&(Binary::from(b"\x07"), 2)).expect("arguments");
    assert!(
        matches!(answer(acknowledged("i", &first)), Answered::Acknowledged(args) if values(args.clone()).len() == 1)
    );
    assert!(matches!(answer(acknowledged("i", &Args::empty())), Answered::Acknowledged(_)));
    assert!(matches!(answer(asked("i", 0)), Answered::Asked(0)));
    assert!(matches!(answer(rooms_of("i", &[])), Answered::Rooms(rooms) if rooms.is_empty()));
    assert!(matches!(answer(value_of("i", None)), Answered::Value(None)));
    assert!(matches!(answer(value_of("i", Some(&null()))), Answered::Value(Some(_))));
}

#[test]
fn garbage_is_an_error() {
    for message in
        [&b""[..], b"\xc1", b"\x93", b"{", b"[1]", b"\x80", b"\x90", b"{\"type\":7}", b"{\"type\":5}"]
    {
        let message = Bytes::from_static(message);
        assert!(read_event("/", &message).is_err(), "{message:?}");
        assert!(read_answer(&message).is_err(), "{message:?}");
        // The empty map is a request of an unknown kind.
        assert_eq!(read_request("/", &message).is_err(), &*message != b"\x80", "{message:?}");
    }
}
