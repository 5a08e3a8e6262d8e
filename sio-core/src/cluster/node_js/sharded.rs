//! The messages of Node's servers to each other with the sharded Redis adapter: `createShardedAdapter` of
//! `@socket.io/redis-adapter`, for Redis 7 and later.
//!
//! Names of shards begin with a prefix, [`KEY`](super::KEY) by default, and hold the namespace:
//!
//! ```text
//! PREFIX#NSP#          events and requests
//! PREFIX#NSP#UID#      answers to the server of that name
//! PREFIX#NSP#ROOM#     events for exactly this room, of servers that have a name for each room
//! ```
//!
//! Messages are JSON, or MessagePack if there are bytes in them. A server asks how many have subscribed to the name of a
//! namespace, and waits for as many answers: so whoever subscribes there has to answer everything in time.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::read::{Answer, Answered, Opts, Packet, Request, What, event_of, json, null};
use super::write::cannot;
use crate::args::Args;
use crate::cluster::foreign::{Event, Inexpressible, Malformed, names};
use crate::cluster::message::{Change, Deed, Selection};
use crate::msgpack::write_json;
use crate::target::Target;

const BROADCAST: u64 = 3;
const JOIN: u64 = 4;
const LEAVE: u64 = 5;
const DISCONNECT: u64 = 6;
const FETCH: u64 = 7;
const FETCHED: u64 = 8;
const SERVER_EVENT: u64 = 9;
const SERVER_ANSWER: u64 = 10;
const ASKED: u64 = 11;
const ACKNOWLEDGED: u64 = 12;

/// A message of a server, or of an emitter.
#[derive(Debug)]
pub struct Heard {
    /// The name of the sender.
    pub uid: String,
    /// The message.
    pub said: Said,
}

/// The messages.
#[derive(Debug)]
pub enum Said {
    /// An event for clients.
    Event(Selection, Event),
    /// A request.
    Request(Request),
    /// An answer.
    Answer(Answer),
}

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(rename = "type")]
    kind: u64,
    uid: String,
    nsp: Option<String>,
    #[serde(borrow, default)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Data<'a> {
    #[serde(rename = "requestId")]
    id: Option<String>,
    opts: Option<Opts>,
    rooms: Json,
    close: bool,
    #[serde(borrow)]
    packet: Option<&'a RawValue>,
    #[serde(borrow)]
    sockets: Option<Vec<&'a RawValue>>,
    #[serde(rename = "clientCount")]
    count: Option<u64>,
    uncounted: bool,
}

/// Reads a message about a namespace. `None` for one of another namespace, and for a kind that is not known here.
///
/// # Errors
///
/// [`Malformed`] if it is none.
pub fn read(nsp: &str, message: &Bytes) -> Result<Option<Heard>, Malformed> {
    let (text, attachments) = json(message)?;
    let message: Message<'_> = serde_json::from_str(&text).map_err(|_| Malformed("it is no message"))?;
    let (kind, uid) = (message.kind, message.uid);
    if message.nsp.is_some_and(|of| of != nsp) {
        return Ok(None);
    }
    let data = message.data.unwrap_or_default();
    let said = match kind {
        BROADCAST => data.broadcast(nsp, &uid, attachments)?,
        JOIN | LEAVE | DISCONNECT | FETCH | SERVER_EVENT => {
            Some(Said::Request(data.request(kind, nsp, &uid, attachments)?))
        }
        FETCHED | SERVER_ANSWER | ASKED | ACKNOWLEDGED => Some(Said::Answer(data.answer(kind, attachments)?)),
        // Heartbeats, which this adapter does not send, and kinds of later versions.
        _ => None,
    };
    Ok(said.map(|said| Heard { uid, said }))
}

impl Data<'_> {
    fn selection(opts: Option<Opts>, nsp: &str) -> Result<(Selection, super::read::Flags), Malformed> {
        opts.ok_or(Malformed("nobody is addressed"))?.selection(nsp)
    }

    fn broadcast(self, nsp: &str, uid: &str, attachments: Vec<Bytes>) -> Result<Option<Said>, Malformed> {
        let packet = self.packet.ok_or(Malformed("there is no event"))?;
        let mut packet: Packet<'_> =
            serde_json::from_str(packet.get()).map_err(|_| Malformed("it is no event"))?;
        // As a rule only the message says the namespace.
        packet.nsp.get_or_insert_with(|| nsp.to_owned());
        let (to, flags) = Self::selection(self.opts, nsp)?;
        let Some(mut event) = packet.event(nsp, attachments)? else { return Ok(None) };
        flags.mark(&mut event);
        Ok(Some(match self.id {
            None => Said::Event(to, event),
            Some(id) => {
                let what = What::Ask { to, event, timeout: flags.limit() };
                Said::Request(Request { uid: Some(uid.to_owned()), id: Some(id), what })
            }
        }))
    }

    fn request(self, kind: u64, nsp: &str, uid: &str, attachments: Vec<Bytes>) -> Result<Request, Malformed> {
        let what = match kind {
            SERVER_EVENT => {
                let data = self.packet.ok_or(Malformed("the event has no data"))?;
                let (event, args) = event_of(data, attachments)?;
                What::ServerEvent { event, args }
            }
            FETCH => What::Sockets(Self::selection(self.opts, nsp)?.0),
            _ => {
                let rooms = names(self.rooms)?;
                let deed = match kind {
                    JOIN => Deed::Join(rooms),
                    LEAVE => Deed::Leave(rooms),
                    _ => Deed::Disconnect(self.close),
                };
                What::Change(Change { to: Self::selection(self.opts, nsp)?.0, deed })
            }
        };
        Ok(Request { uid: Some(uid.to_owned()), id: self.id, what })
    }

    fn answer(self, kind: u64, attachments: Vec<Bytes>) -> Result<Answer, Malformed> {
        let id = self.id.ok_or(Malformed("it answers nothing"))?;
        let answered = match kind {
            FETCHED => {
                let sockets = self.sockets.ok_or(Malformed("there are no sockets"))?;
                Answered::Sockets(sockets.into_iter().map(|socket| plain(socket, &attachments)).collect())
            }
            SERVER_ANSWER => {
                let value = || self.packet.map_or_else(null, |value| plain(value, &attachments));
                Answered::Value((!self.uncounted).then(value))
            }
            ASKED => Answered::Asked(self.count.ok_or(Malformed("it counts nothing"))?),
            _ => {
                let list = self.packet.map_or_else(|| "[]".to_owned(), |value| format!("[{}]", value.get()));
                Answered::Acknowledged(Args::array(list.into(), attachments))
            }
        };
        Ok(Answer { id, answered })
    }
}

/// A value without bytes, of which nothing is known between programs: they become null.
fn plain(value: &RawValue, attachments: &[Bytes]) -> Box<RawValue> {
    if attachments.is_empty() {
        return value.to_owned();
    }
    let cleared = serde_json::from_str(value.get()).map(|mut value| {
        clear(&mut value);
        value
    });
    cleared.and_then(|value: Json| serde_json::value::to_raw_value(&value)).unwrap_or_else(|_| null())
}

fn clear(value: &mut Json) {
    match value {
        Json::Array(items) => items.iter_mut().for_each(clear),
        Json::Object(members) if members.get("_placeholder") == Some(&Json::Bool(true)) => {
            *value = Json::Null;
        }
        Json::Object(members) => members.values_mut().for_each(clear),
        _ => {}
    }
}

#[derive(Serialize)]
struct Out<'a> {
    #[serde(rename = "type")]
    kind: u64,
    data: OutData<'a>,
    uid: &'a str,
    nsp: &'a str,
}

#[derive(Serialize, Default)]
struct OutData<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<&'a RawValue>,
    #[serde(rename = "requestId", skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opts: Option<OutOpts<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<bool>,
    #[serde(rename = "clientCount", skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sockets: Option<&'a [Box<RawValue>]>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    uncounted: bool,
}

#[derive(Serialize)]
struct OutOpts<'a> {
    rooms: &'a [std::borrow::Cow<'a, str>],
    except: &'a [std::borrow::Cow<'a, str>],
    flags: OutFlags,
}

#[derive(Serialize, Default)]
struct OutFlags {
    #[serde(skip_serializing_if = "Option::is_none")]
    volatile: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    compress: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timeout: Option<u64>,
}

impl<'a> OutOpts<'a> {
    fn of(target: &'a Target<'_>) -> Self {
        Self { rooms: &target.rooms, except: &target.except, flags: OutFlags::default() }
    }
}

/// The sender of messages: a server, in a namespace.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'a> {
    /// Its name.
    pub uid: &'a str,
    /// The namespace.
    pub nsp: &'a str,
}

impl Writer<'_> {
    fn text(&self, kind: u64, data: OutData<'_>) -> Vec<u8> {
        let Self { uid, nsp } = *self;
        serde_json::to_vec(&Out { kind, data, uid, nsp }).expect("texts and JSON can be written as JSON")
    }

    /// A message that may hold bytes.
    fn message(&self, kind: u64, data: OutData<'_>, attachments: &[Bytes]) -> Result<Vec<u8>, Inexpressible> {
        let text = self.text(kind, data);
        if attachments.is_empty() {
            return Ok(text);
        }
        let text = std::str::from_utf8(&text).expect("JSON is text");
        let mut out = Vec::with_capacity(text.len() + attachments.iter().map(Bytes::len).sum::<usize>());
        let written = write_json(&mut out, text, attachments);
        written.map(|()| out).or(cannot("the arguments cannot be written as MessagePack"))
    }

    /// Returns the message of an event; with the id and the limit in milliseconds, of one that clients are to acknowledge.
    ///
    /// # Errors
    ///
    /// [`Inexpressible`] if there are bytes and an argument cannot be written as MessagePack.
    pub fn event(
        &self,
        target: &Target<'_>,
        event: &Event,
        ask: Option<(&str, u64)>,
    ) -> Result<Vec<u8>, Inexpressible> {
        let name = Json::from(&*event.name);
        let rest = event.args.raw().trim().strip_prefix('[').unwrap_or("]");
        let separator = if rest.trim_start().starts_with(']') { "" } else { "," };
        let packet = format!("{{\"type\":2,\"data\":[{name}{separator}{rest}}}");
        let packet = RawValue::from_string(packet).or(cannot("the arguments are no JSON"))?;
        let flags = OutFlags {
            volatile: event.is_volatile.then_some(true),
            compress: (!event.compress).then_some(false),
            timeout: ask.map(|(_, timeout)| timeout),
        };
        let data = OutData {
            packet: Some(&packet),
            id: ask.map(|(id, _)| id),
            opts: Some(OutOpts { flags, ..OutOpts::of(target) }),
            ..OutData::default()
        };
        self.message(BROADCAST, data, event.args.attachments())
    }

    /// Returns the message of a change.
    #[must_use]
    pub fn change(&self, target: &Target<'_>, deed: &Deed) -> Vec<u8> {
        let (kind, rooms, close) = match deed {
            Deed::Join(rooms) => (JOIN, Some(&rooms[..]), None),
            Deed::Leave(rooms) => (LEAVE, Some(&rooms[..]), None),
            Deed::Disconnect(close) => (DISCONNECT, None, Some(*close)),
        };
        self.text(kind, OutData { opts: Some(OutOpts::of(target)), rooms, close, ..OutData::default() })
    }

    /// Returns the question for the sockets that are addressed.
    #[must_use]
    pub fn fetch(&self, id: &str, target: &Target<'_>) -> Vec<u8> {
        self.text(FETCH, OutData { id: Some(id), opts: Some(OutOpts::of(target)), ..OutData::default() })
    }

    /// Returns the message of an event for programs, with this data, a JSON array. With an id they are to answer.
    #[must_use]
    pub fn server_event(&self, id: Option<&str>, data: &RawValue) -> Vec<u8> {
        self.text(SERVER_EVENT, OutData { packet: Some(data), id, ..OutData::default() })
    }

    /// Returns the answer that holds sockets.
    #[must_use]
    pub fn sockets(&self, id: &str, sockets: &[Box<RawValue>]) -> Vec<u8> {
        self.text(FETCHED, OutData { id: Some(id), sockets: Some(sockets), ..OutData::default() })
    }

    /// Returns the answer of a program to an event. Without a value only servers of this cluster are answered, which
    /// count: Node's do not look at the member that says so.
    #[must_use]
    pub fn value(&self, id: &str, value: Option<&RawValue>) -> Vec<u8> {
        let data = OutData { id: Some(id), packet: value, uncounted: value.is_none(), ..OutData::default() };
        self.text(SERVER_ANSWER, data)
    }

    /// Returns how many clients were asked.
    #[must_use]
    pub fn asked(&self, id: &str, count: usize) -> Vec<u8> {
        self.text(ASKED, OutData { id: Some(id), count: Some(count), ..OutData::default() })
    }

    /// Returns the answer of a client: its first argument.
    #[must_use]
    pub fn acknowledged(&self, id: &str, args: &Args) -> Vec<u8> {
        let first = serde_json::from_str::<Vec<&RawValue>>(args.raw()).ok();
        let first = first.and_then(|all| all.first().copied());
        let data = |packet| OutData { id: Some(id), packet, ..OutData::default() };
        let written = self.message(ACKNOWLEDGED, data(first), args.attachments());
        written.unwrap_or_else(|_| self.text(ACKNOWLEDGED, data(None)))
    }
}

#[cfg(test)]
mod tests;
