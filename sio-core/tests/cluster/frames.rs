//! Frames of the first version, byte for byte. They stay as they are: later versions must read them, and write what
//! earlier versions read.

use std::fmt::Debug;

use bytes::Bytes;
use proptest::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::cluster::ask::{Answers, Ask, Asked, Outcome};
use sio_core::cluster::broadcast::{Broadcast, MAX_ROOMS, Target};
use sio_core::cluster::frame::{Flags, HEADER_LEN, Header, Kind};
use sio_core::cluster::key::ProofKey;
use sio_core::cluster::message::{
    self, Alive, Bye, Cancel, Change, Claim, Deed, Handed, Page, Query, Request, Selection, ServerEvent,
};
use sio_core::cluster::node::{Hello, NodeId};
use sio_core::cluster::token::ForwardToken;
use sio_core::engine::frame::{write_binary_frame, write_text_frame};
use sio_core::id::Sid;

const SOURCE: NodeId = NodeId::new(0x0102_0304_0506_0708);
const SID: &str = "BwcHBwcHBwcHBwcHBwcH";

fn sid() -> Sid {
    SID.parse().expect("an id")
}

fn header(kind: Kind, flags: Flags) -> Header {
    Header { kind, flags, source: SOURCE, lane: 3, number: 0x2a }
}

/// The 24 bytes in front of every frame here, but for kind and flags.
fn head(kind: u8, flags: u8) -> Vec<u8> {
    let mut head = vec![b's', b'1', kind, flags, 8, 7, 6, 5, 4, 3, 2, 1, 3, 0, 0, 0];
    head.extend_from_slice(&[0x2a, 0, 0, 0, 0, 0, 0, 0]);
    head
}

/// A frame is written as this, and read from this.
fn golden(
    kind: Kind,
    flags: Flags,
    code: u8,
    bits: u8,
    body: &[u8],
    write: impl FnOnce(&mut Vec<u8>),
) -> Bytes {
    let mut frame = header(kind, flags).begin(body.len());
    write(&mut frame);
    let mut expected = head(code, bits);
    expected.extend_from_slice(body);
    assert_eq!(frame.escape_ascii().to_string(), expected.escape_ascii().to_string());
    let (read, body) = Header::read(&expected).expect("a frame");
    assert_eq!(read, header(kind, flags));
    Bytes::copy_from_slice(body)
}

fn golden_json<T: Serialize + DeserializeOwned + Debug>(kind: Kind, code: u8, json: &str, value: &T) {
    let body = golden(kind, Flags::NONE, code, 0, json.as_bytes(), |frame| message::write(frame, value));
    let read: T = message::read(&body).expect("a body");
    assert_eq!(format!("{read:?}"), format!("{value:?}"));
}

fn full_hello() -> Hello {
    Hello {
        name: "web-1".into(),
        tag: "eu001".parse().expect("a tag"),
        key: ProofKey::from_random([1; 16]),
        address: Some("10.0.0.7:3000".into()),
        token: Some(ForwardToken::from_random([2; 16])),
        path: "/socket.io/".into(),
        started: 1_700_000_000_000,
        version: "0.1.0".into(),
        can: vec!["moved".into()],
        parser: "json".into(),
        recovery: true,
        draining: true,
        namespaces: vec!["/".into(), "/chat".into()],
    }
}

const HELLO: &str = r#"{"name":"web-1","tag":"eu001","key":"AQEBAQEBAQEBAQEBAQEBAQ","address":"10.0.0.7:3000","token":"AgICAgICAgICAgICAgICAg","path":"/socket.io/","started":1700000000000,"version":"0.1.0","can":["moved"],"parser":"json","recovery":true,"draining":true,"namespaces":["/","/chat"]}"#;

#[test]
fn hello_1() {
    golden_json(Kind::Hello, 1, HELLO, &full_hello());
}

#[test]
fn alive_2() {
    let json = format!(r#"{{"hello":{HELLO},"lanes":{{"000000000000000f":[2,77]}},"sockets":12}}"#);
    let lanes = [(NodeId::new(15), (2, 77))].into();
    golden_json(Kind::Alive, 2, &json, &Alive { hello: full_hello(), lanes, sockets: 12 });
}

#[test]
fn bye_3() {
    golden_json(Kind::Bye, 3, "{}", &Bye::default());
    let successor = Some(NodeId::new(1));
    golden_json(Kind::Bye, 3, r#"{"successor":"0000000000000001"}"#, &Bye { successor, id: None });
    golden_json(Kind::Bye, 3, r#"{"id":7}"#, &Bye { successor: None, id: Some(7) });
}

#[test]
fn broadcast_4() {
    let run = Bytes::from_static(b"\x81\x0842[\"hi\"]");
    let event = Broadcast { path: "/", target: Target::everybody(), offset: None, run };
    let body = golden(Kind::Broadcast, Flags::NONE, 4, 0, b"\x01/\0\0\0\x81\x0842[\"hi\"]", |frame| {
        event.write(frame)
    });
    assert!(Broadcast::read(&body, false).is_some_and(|read| read == event));
}

#[test]
fn broadcast_4_with_everything() {
    let mut target = Target::room("a");
    target.rooms.push("é".into());
    target.except.push("".into());
    target.sender = Some(sid());
    let event = Broadcast { path: "/chat", target, offset: Some(300), run: Bytes::from_static(b"\x81\x00") };
    let flags = Flags::VOLATILE | Flags::PLAIN | Flags::EMITTER | Flags::OFFSET | Flags::LATE;
    let body = b"\xac\x02\x05/chat\x03\x02\x01a\x02\xc3\xa9\x01\x00BwcHBwcHBwcHBwcHBwcH\x81\x00";
    let body = golden(Kind::Broadcast, flags, 4, 31, body, |frame| event.write(frame));
    assert!(Broadcast::read(&body, true).is_some_and(|read| read == event));
}

#[test]
fn ask_5() {
    let event = Broadcast {
        path: "/",
        target: Target::room("jury"),
        offset: None,
        run: Bytes::from_static(b"\x81\x00"),
    };
    let ask = Ask { id: 9, limit: 5000, event };
    let body =
        golden(Kind::Ask, Flags::NONE, 5, 0, b"\x09\x88\x27\x01/\x01\x01\x04jury\0\x81\x00", |frame| {
            ask.write(frame);
        });
    let read = Ask::read(&body, false).unwrap();
    assert_eq!((read.id, read.limit), (9, 5000));
    assert!(read.event == ask.event);
}

#[test]
fn asked_6() {
    let asked = Asked { id: 9, page: 2, is_last: true, sids: vec![sid()] };
    let body = golden(Kind::Asked, Flags::NONE, 6, 0, b"\x09\x02\x01\x01BwcHBwcHBwcHBwcHBwcH", |frame| {
        asked.write(frame)
    });
    assert_eq!(Asked::read(&body), Some(asked));
}

#[test]
fn answers_7() {
    let json = "[1,{\"_placeholder\":true,\"num\":0}]".to_owned();
    let answer = Outcome::Answer { json, attachments: vec![Bytes::from_static(b"\0\x01")] };
    let answers = [answer, Outcome::Timeout, Outcome::Disconnected, Outcome::Refused];
    let answers = Answers { id: 9, answers: answers.into_iter().map(|answer| (sid(), answer)).collect() };
    let body = [
        &b"\x09\x04"[..],
        b"BwcHBwcHBwcHBwcHBwcH\0\x21[1,{\"_placeholder\":true,\"num\":0}]\x01\x02\0\x01",
        b"BwcHBwcHBwcHBwcHBwcH\x01BwcHBwcHBwcHBwcHBwcH\x02BwcHBwcHBwcHBwcHBwcH\x03",
    ]
    .concat();
    let body = golden(Kind::Answers, Flags::NONE, 7, 0, &body, |frame| answers.write(frame));
    assert_eq!(Answers::read(&body), Some(answers));
}

#[test]
fn cancel_8() {
    golden_json(Kind::Cancel, 8, r#"{"ask":9}"#, &Cancel { ask: 9 });
}

fn selection() -> Selection {
    Selection {
        nsp: "/".into(),
        rooms: Some(vec!["a".into()]),
        except: vec!["b".into()],
        sender: Some(sid()),
    }
}

#[test]
fn change_9() {
    let to = format!(r#""nsp":"/","rooms":["a"],"except":["b"],"sender":"{SID}""#);
    for (json, deed) in [
        (r#"{"join":["x"]}"#, Deed::Join(vec!["x".into()])),
        (r#"{"leave":["x"]}"#, Deed::Leave(vec!["x".into()])),
        (r#"{"disconnect":true}"#, Deed::Disconnect(true)),
    ] {
        let json = format!(r#"{{{to},"do":{json}}}"#);
        golden_json(Kind::Change, 9, &json, &Change { to: selection(), deed });
    }
    let all = Selection { nsp: "/".into(), ..Selection::default() };
    let json = r#"{"nsp":"/","do":{"disconnect":false}}"#;
    golden_json(Kind::Change, 9, json, &Change { to: all, deed: Deed::Disconnect(false) });
}

#[test]
fn request_10() {
    let all = || Selection { nsp: "/".into(), ..Selection::default() };
    for (json, what) in [
        (r#"{"sockets":{"nsp":"/"}}"#, Query::Sockets(all())),
        (r#"{"count":{"nsp":"/"}}"#, Query::Count(all())),
        (r#"{"rooms":"/"}"#, Query::Rooms("/".into())),
        (r#"{"online":"/"}"#, Query::Online("/".into())),
        (
            r#"{"change":{"nsp":"/","do":{"leave":["x"]}}}"#,
            Query::Change(Change { to: all(), deed: Deed::Leave(vec!["x".into()]) }),
        ),
    ] {
        let json = format!(r#"{{"id":4,"limit":2000,"what":{json}}}"#);
        golden_json(Kind::Request, 10, &json, &Request { id: 4, limit: 2000, what });
    }
}

#[test]
fn page_11() {
    let items =
        vec![serde_json::value::to_raw_value(&1).unwrap(), serde_json::value::to_raw_value("x").unwrap()];
    let page = Page { id: 4, page: 1, last: true, items };
    golden_json(Kind::Page, 11, r#"{"id":4,"page":1,"last":true,"items":[1,"x"]}"#, &page);
}

#[test]
fn server_event_12() {
    let args = serde_json::value::to_raw_value(&(1, "x")).unwrap();
    let event = ServerEvent { id: Some(4), limit: 2000, nsp: "/".into(), event: "cache".into(), args };
    let json = r#"{"id":4,"limit":2000,"nsp":"/","event":"cache","args":[1,"x"]}"#;
    golden_json(Kind::ServerEvent, 12, json, &event);
}

#[test]
fn claim_13() {
    let pid = message::PrivateIdText(SID.parse().unwrap());
    let json = format!(r#"{{"id":4,"pid":"{SID}","nsp":"/","offset":12}}"#);
    golden_json(Kind::Claim, 13, &json, &Claim { id: 4, pid, nsp: "/".into(), offset: Some(12) });
}

#[test]
fn handed_14() {
    let pid = message::PrivateIdText(SID.parse().unwrap());
    let state = message::HandedState {
        nsp: "/".into(),
        sid: sid(),
        ip: Some([10, 0, 0, 1].into()),
        rooms: vec!["a".into()],
        data: [("profile".to_owned(), serde_json::value::to_raw_value(&1).unwrap())].into(),
        after: Some(12),
        events: vec![(13, "gQA".into())],
        seen: vec![12],
        lanes: vec![(NodeId::new(1), 0, 5)],
    };
    let state_json = format!(
        r#"{{"nsp":"/","sid":"{SID}","ip":"10.0.0.1","rooms":["a"],"data":{{"profile":1}},"after":12,"events":[[13,"gQA"]],"seen":[12],"lanes":[["0000000000000001",0,5]]}}"#
    );
    let json = format!(r#"{{"claim":4,"pid":"{SID}","moved":true,"fresh":true,"state":{state_json}}}"#);
    let handed = Handed { claim: Some(4), pid, moved: true, fresh: true, state: Some(state) };
    golden_json(Kind::Handed, 14, &json, &handed);
}

#[test]
fn members_of_a_later_version_are_ignored() {
    let change: Change = message::read(br#"{"nsp":"/","new":[{}],"do":{"join":["x"]}}"#).unwrap();
    assert_eq!(change.to.target(), Target::everybody());
    let page: Page = message::read(br#"{"id":1,"new":2}"#).unwrap();
    assert!(!page.last && page.items.is_empty());
}

#[test]
fn a_selection_is_the_target_it_was_made_of() {
    let mut target = Target::room("a");
    target.except.push("b".into());
    for target in [target, Target::everybody(), Target { is_limited: true, ..Target::default() }] {
        assert!(Selection::new("/", &target).target() == target);
    }
}

#[test]
fn only_exactly_one_room_is_a_single_one() {
    assert_eq!(Target::room("a").single(), Some("a"));
    let mut two = Target::room("a");
    two.rooms.push("b".into());
    let mut except = Target::room("a");
    except.except.push("b".into());
    for target in [two, except, Target::everybody(), Target { sender: Some(sid()), ..Target::room("a") }] {
        assert_eq!(target.single(), None);
    }
}

#[test]
fn a_target_of_too_many_rooms_is_refused() {
    let mut target = Target::room("");
    target.rooms.resize(MAX_ROOMS, "".into());
    assert!(target.fits());
    let fits =
        Broadcast { path: "/", target: target.clone(), offset: None, run: Bytes::from_static(b"\x81\x00") };
    target.rooms.push("".into());
    assert!(!target.fits());
    let large = Broadcast { path: "/", target, offset: None, run: Bytes::from_static(b"\x81\x00") };
    for (event, is_read) in [(fits, true), (large, false)] {
        let mut body = Vec::new();
        event.write(&mut body);
        assert_eq!(Broadcast::read(&body.into(), false).is_some(), is_read);
    }
}

/// All decoders, each of which may only say no.
fn decode(frame: &Bytes) {
    let Ok((header, body)) = Header::read(frame) else { return };
    assert!(body.len() + HEADER_LEN <= frame.len());
    let body = frame.slice_ref(body);
    for has_offset in [false, true] {
        if let Some(event) = Broadcast::read(&body, has_offset) {
            assert!(event.run.len() <= body.len() && event.target.fits());
        }
    }
    for has_offset in [false, true] {
        if let Some(ask) = Ask::read(&body, has_offset) {
            assert!(ask.event.run.len() <= body.len() && ask.event.target.fits());
        }
    }
    if let Some(asked) = Asked::read(&body) {
        assert!(asked.sids.len() * Sid::LEN <= body.len());
    }
    if let Some(answers) = Answers::read(&body) {
        assert!(answers.answers.len() * (Sid::LEN + 1) <= body.len());
    }
    let _ = message::read::<Hello>(&body);
    let _ = message::read::<Alive>(&body);
    let _ = message::read::<Bye>(&body);
    let _ = message::read::<Change>(&body);
    let _ = message::read::<Request>(&body);
    let _ = message::read::<Page>(&body);
    let _ = message::read::<ServerEvent>(&body);
    let _ = message::read::<Claim>(&body);
    let _ = message::read::<Handed>(&body);
    let _ = header.kind.is_numbered();
}

proptest! {
    #[test]
    fn random_bytes_are_refused_and_do_no_harm(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        decode(&bytes.clone().into());
        let mut frame = header(Kind::Broadcast, Flags::NONE).begin(bytes.len());
        frame.extend_from_slice(&bytes);
        decode(&frame.into());
    }

    #[test]
    fn changed_and_truncated_frames_do_no_harm(
        at in any::<prop::sample::Index>(), byte in any::<u8>(), len in any::<prop::sample::Index>(),
    ) {
        let mut target = Target::room("news");
        target.except.push("muted".into());
        target.sender = Some(sid());
        let event = Broadcast { path: "/chat", target, offset: Some(5), run: Bytes::from_static(b"\x81\x0842[\"hi\"]") };
        let mut frame = header(Kind::Broadcast, Flags::OFFSET).begin(event.size());
        event.write(&mut frame);
        let at = at.index(frame.len());
        frame[at] = byte;
        frame.truncate(len.index(frame.len() + 1));
        decode(&frame.into());
    }

    #[test]
    fn broadcasts_are_read_as_they_are_written(
        path in "/[a-z]{0,8}", rooms in prop::collection::vec(".{0,12}", 0..4), except in prop::collection::vec(".{0,12}", 0..3),
        is_limited in any::<bool>(), has_sender in any::<bool>(), offset in any::<Option<u64>>(),
        data in prop::collection::vec(any::<u8>(), 0..200), is_cut in any::<prop::sample::Index>(),
    ) {
        let mut run = Vec::new();
        write_text_frame(&mut run, &[b"4"]);
        write_binary_frame(&mut run, &data);
        let cut = is_cut.index(run.len());
        let target = Target {
            is_limited,
            rooms: rooms.iter().map(|room| room.as_str().into()).collect(),
            except: except.iter().map(|room| room.as_str().into()).collect(),
            sender: has_sender.then(sid),
        };
        let event = Broadcast { path: &path, target, offset, run: run.into() };
        let mut body = Vec::new();
        event.write(&mut body);
        prop_assert_eq!(body.len(), event.size());
        let body = body.into();
        prop_assert!(Broadcast::read(&body, offset.is_some()).is_some_and(|read| read == event));
        // The first frame alone is whole.
        let cut_body = body.slice(..body.len() - cut);
        let is_whole = cut == 0 || cut == event.run.len() - 3;
        prop_assert_eq!(Broadcast::read(&cut_body, offset.is_some()).is_some(), is_whole);
    }
}

#[test]
fn a_run_that_would_garble_a_client_is_refused() {
    let runs: [&[u8]; 7] = [
        b"",
        b"\x81\x0842[\"hi\"",
        b"\x81\x0142[\"hi\"]",
        b"\x81\x02\xff\xfe",
        b"\x88\x00",
        b"\x01\x0142",
        b"\x81\x81\x00\x00\x00\x004",
    ];
    for run in runs {
        let event =
            Broadcast { path: "/", target: Target::everybody(), offset: None, run: Bytes::from_static(run) };
        let mut body = Vec::new();
        event.write(&mut body);
        assert!(Broadcast::read(&body.into(), false).is_none(), "{}", run.escape_ascii());
    }
}
