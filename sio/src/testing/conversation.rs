//! A client's state in one namespace: whether it is in, what has come, and who waits for what.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use serde_json::Value as Json;
use sio_core::args::Args;
use sio_core::id::Sid;
use sio_core::socket::packet::{Event, Kind, Packet};

use super::outcome::Refused;
use crate::Value;

/// Makes the packet that answers an event with this acknowledgement's id, or says why it cannot.
pub(super) type Answerer = dyn FnMut(u64, Args) -> Result<Bytes, String> + Send;

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Connecting,
    Connected(Sid),
    Refused(Refused),
    Gone(Gone),
}

/// How a client learned that it is not in the namespace any more.
#[derive(Clone, Debug)]
pub(super) enum Gone {
    /// It left.
    Left,
    /// The server sent DISCONNECT.
    Disconnected,
    /// The whole connection ended.
    Ended(String),
}

impl fmt::Display for Gone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Left => f.write_str("the client has left the namespace"),
            Self::Disconnected => f.write_str("the server has disconnected the client from the namespace"),
            Self::Ended(why) => write!(f, "the connection has ended: {why}"),
        }
    }
}

pub(super) struct Conversation {
    pub(super) namespace: String,
    pub(super) phase: Phase,
    /// Events that the test has not asked for yet.
    pub(super) unread: VecDeque<Event>,
    /// Acknowledgements that are waited for, and those that have come.
    pub(super) acks: HashMap<u64, Option<Args>>,
    pub(super) answerers: HashMap<String, Arc<Mutex<Answerer>>>,
    pub(super) ignored: HashSet<String>,
    /// The id and offset with which the client comes back after it has lost its connection.
    pub(super) place: Option<Place>,
    /// The server has let the client go on where it was.
    pub(super) is_recovered: bool,
}

/// Where a client was when it lost its connection: its secret, and the offset of the last event that came.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) pid: String,
    pub(super) offset: Option<String>,
}

impl Place {
    /// The auth payload, in which clients say it: `Object.assign({ pid, offset }, auth)`. A payload that is no object
    /// does not survive that.
    pub(super) fn auth(&self, auth: Option<&str>) -> String {
        let members = auth.map(members).unwrap_or_default();
        let offset =
            self.offset.as_ref().map(|offset| format!(r#","offset":"{offset}""#)).unwrap_or_default();
        let comma = if members.is_empty() { "" } else { "," };
        format!(r#"{{"pid":"{}"{offset}{comma}{members}}}"#, self.pid)
    }
}

/// The members that JavaScript takes from a value when it copies them into an object: those of an object, the
/// elements of a list and the letters of a text under their indices, and none of anything else.
fn members(json: &str) -> String {
    let indexed = |values: &mut dyn Iterator<Item = String>| {
        let members = values.enumerate().map(|(index, value)| format!(r#""{index}":{value}"#));
        members.collect::<Vec<_>>().join(",")
    };
    match serde_json::from_str::<Json>(json) {
        Ok(Json::Object(_)) => {
            let members = json.trim().strip_prefix('{').and_then(|json| json.strip_suffix('}'));
            members.unwrap_or_default().to_owned()
        }
        Ok(Json::Array(list)) => indexed(&mut list.iter().map(Json::to_string)),
        Ok(Json::String(text)) => {
            let letter = |unit: u16| match char::from_u32(unit.into()) {
                Some(letter) => Json::from(letter.to_string()).to_string(),
                None => format!("\"\\u{unit:04x}\""),
            };
            indexed(&mut text.encode_utf16().map(letter))
        }
        _ => String::new(),
    }
}

/// An event and who is to answer it.
pub(super) type Question = (Arc<Mutex<Answerer>>, u64, Event);

impl Conversation {
    pub(super) fn new(namespace: &str, place: Option<Place>) -> Self {
        Self {
            namespace: namespace.to_owned(),
            phase: Phase::Connecting,
            unread: VecDeque::new(),
            acks: HashMap::new(),
            answerers: HashMap::new(),
            ignored: HashSet::new(),
            place,
            is_recovered: false,
        }
    }

    /// Returns whether packets for the namespace are for this conversation, not for an earlier one.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Connecting | Phase::Connected(_))
    }

    /// The connection has ended.
    pub(super) fn end(&mut self, why: &str) {
        if self.is_open() {
            self.phase = Phase::Gone(Gone::Ended(why.to_owned()));
        }
    }

    /// The next unread event of this name.
    pub(super) fn take(&mut self, name: &str) -> Option<Event> {
        let at = self.unread.iter().position(|event| *event.name == *name)?;
        self.unread.remove(at)
    }

    /// The acknowledgement of this id, once it is there.
    pub(super) fn take_ack(&mut self, id: u64) -> Option<Args> {
        self.acks.get_mut(&id)?.take()
    }

    /// Takes a packet in. An event that somebody is to answer is given back.
    pub(super) fn on_packet(&mut self, packet: Packet) -> Result<Option<Question>, String> {
        let why = |error: sio_core::socket::DecodeError| error.to_string();
        match packet.kind {
            Kind::Connect => self.on_connect(accepted(packet.data)?),
            Kind::ConnectError => self.phase = Phase::Refused(refusal(packet.data)?),
            Kind::Disconnect => self.phase = Phase::Gone(Gone::Disconnected),
            Kind::Event | Kind::BinaryEvent => return Ok(self.on_event(packet.into_event().map_err(why)?)),
            Kind::Ack | Kind::BinaryAck => {
                let (id, args) = packet.into_ack().map_err(why)?;
                match self.acks.get_mut(&id) {
                    Some(answer @ None) => *answer = Some(args),
                    Some(Some(_)) => return Err(format!("the acknowledgement #{id} came twice")),
                    // The test has stopped waiting for it.
                    None => {}
                }
            }
        }
        Ok(None)
    }

    fn on_connect(&mut self, Accepted { sid, pid }: Accepted) {
        self.phase = Phase::Connected(sid);
        self.is_recovered = self.place.as_ref().is_some_and(|place| Some(&place.pid) == pid.as_ref());
        if !self.is_recovered {
            self.place = pid.map(|pid| Place { pid, offset: None });
        }
    }

    fn on_event(&mut self, event: Event) -> Option<Question> {
        if let Some(place) = self.place.as_mut().filter(|_| event.id.is_none())
            && let Some(offset) = last_text(&event.args)
        {
            place.offset = Some(offset);
        }
        if let Some(id) = event.id
            && let Some(answerer) = self.answerers.get(&*event.name)
        {
            return Some((Arc::clone(answerer), id, event));
        }
        if !self.ignored.contains(&*event.name) {
            self.unread.push_back(event);
        }
        None
    }
}

/// The payload of a CONNECT.
#[derive(Deserialize)]
struct Accepted {
    sid: Sid,
    pid: Option<String>,
}

fn accepted(data: Option<ByteString>) -> Result<Accepted, String> {
    let mut args = data.map_or_else(Args::empty, Args::single);
    args.take::<Accepted>().map_err(|error| format!("CONNECT: {error}"))
}

/// The last argument, if it is a text: what clients take for an offset.
fn last_text(args: &Args) -> Option<String> {
    let args: Vec<Value> = args.clone().take_rest().ok()?;
    args.last()?.as_str().map(str::to_owned)
}

fn refusal(data: Option<ByteString>) -> Result<Refused, String> {
    let mut args = data.map_or_else(Args::empty, Args::single);
    args.take::<Refused>().map_err(|error| format!("CONNECT_ERROR: {error}"))
}
