//! Messages of other nodes, ours and those of others. What is read is written, and read as the same again.

use std::fmt::Debug;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sio_core::args::{Args, Spread};
use sio_core::cluster::ask::{Answers, Ask, Asked};
use sio_core::cluster::broadcast::Broadcast;
use sio_core::cluster::foreign::Event;
use sio_core::cluster::frame::{Flags, Header, Kind};
use sio_core::cluster::message::{
    self, Alive, Bye, Cancel, Change, Claim, Handed, Page, Request, Selection, ServerEvent,
};
use sio_core::cluster::node::Hello;
use sio_core::cluster::{bundle, node_js, python};
use sio_core::value::Value;

pub(super) fn frames(input: &[u8]) {
    if bundle::is_bundle(input) {
        let frames: Vec<_> = bundle::frames(input).collect();
        assert!(frames.iter().map(|frame| frame.len()).sum::<usize>() <= input.len());
        frames.into_iter().for_each(frame);
    }
    frame(input);
}

fn frame(input: &[u8]) {
    let Ok((header, body)) = Header::read(input) else { return };
    let mut out = header.begin(body.len());
    if !header.flags.has(Flags::SIGNED) {
        out.extend_from_slice(body);
        assert_eq!(out, input);
    }
    let has_offset = header.flags.has(Flags::OFFSET);
    let bytes = Bytes::copy_from_slice(body);
    let mut out = Vec::new();
    match header.kind {
        Kind::Hello => json::<Hello>(body),
        Kind::Alive => json::<Alive>(body),
        Kind::Bye => json::<Bye>(body),
        Kind::Cancel => json::<Cancel>(body),
        Kind::Change => json::<Change>(body),
        Kind::Request => json::<Request>(body),
        Kind::Page => json::<Page>(body),
        Kind::ServerEvent => json::<ServerEvent>(body),
        Kind::Claim => json::<Claim>(body),
        Kind::Handed => json::<Handed>(body),
        Kind::Broadcast => {
            let Some(read) = Broadcast::read(&bytes, has_offset) else { return };
            read.write(&mut out);
            assert!(out.len() <= read.size());
            assert!(Broadcast::read(&Bytes::from(out), has_offset).is_some_and(|again| again == read));
        }
        Kind::Ask => {
            let Some(read) = Ask::read(&bytes, has_offset) else { return };
            read.write(&mut out);
            assert!(out.len() <= read.len_hint());
            let out = Bytes::from(out);
            let again = Ask::read(&out, has_offset).unwrap();
            assert!((again.id, again.limit) == (read.id, read.limit) && again.event == read.event);
        }
        Kind::Asked => {
            let Some(read) = Asked::read(body) else { return };
            read.write(&mut out);
            assert_eq!(Asked::read(&out), Some(read));
        }
        Kind::Answers => {
            let Some(read) = Answers::read(&bytes) else { return };
            read.write(&mut out);
            assert_eq!(Answers::read(&out.into()), Some(read));
        }
        _ => {}
    }
}

fn json<T: Serialize + DeserializeOwned + Debug>(body: &[u8]) {
    let Some(read) = message::read::<T>(body) else { return };
    let mut out = Vec::new();
    message::write(&mut out, &read);
    let again = message::read::<T>(&out).unwrap();
    assert_eq!(format!("{again:?}"), format!("{read:?}"));
}

/// The first byte is the channel: events, requests or answers.
pub(super) fn node_js(input: &[u8]) {
    let (channel, input) = super::split(input);
    let message = Bytes::copy_from_slice(input);
    match channel % 3 {
        0 => {
            let Ok(Some((_, to, event))) = node_js::read_event("/a", &message) else { return };
            assert!(event.args.attachments().len() <= input.len());
            // The text of the arguments that were read begins with the name.
            let Ok(values) = event.args.clone().take_rest::<Spread<Value>>() else { return };
            let Ok(args) = Args::of(&values) else { return };
            let event = Event { args, ..event };
            let Ok(written) = node_js::event("uid", "/a", &to.target(), &event) else { return };
            let again = node_js::read_event("/a", &written.into()).unwrap();
            same(again.map(|(_, to, event)| (to, event)), &to, &event);
        }
        1 => drop(node_js::read_request("/a", &message)),
        _ => drop(node_js::read_answer(&message)),
    }
}

pub(super) fn python(input: &[u8]) {
    let Ok(Some(heard)) = python::read(input) else { return };
    let python::Said::Event { to, event, .. } = heard.said else { return };
    let host = heard.host.as_deref().unwrap_or("host");
    let Ok(written) = python::event(host, &to.nsp, &to.target(), &event, None) else { return };
    let Some(again) = python::read(&written).unwrap() else { panic!("it was an event") };
    assert_eq!(again.host.as_deref(), Some(host));
    let python::Said::Event { to: again_to, event: again, .. } = again.said else {
        panic!("it was an event")
    };
    same(Some((again_to, again)), &to, &event);
}

fn same(again: Option<(Selection, Event)>, to: &Selection, event: &Event) {
    let (again_to, again) = again.unwrap();
    assert_eq!(&again_to, to);
    assert_eq!(again.name, event.name);
    let values = |event: &Event| event.args.clone().take_rest::<Spread<Value>>();
    if let Ok(expected) = values(event) {
        assert_eq!(values(&again), Ok(expected));
    }
}
