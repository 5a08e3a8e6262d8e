//! Messages that have arrived.

use bytes::Bytes;
use bytestring::ByteString;
use serde::Deserialize;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::super::foreign::{Event, Malformed, names};
use super::super::message::{Change, Deed, Selection};
use crate::args::Args;
use crate::msgpack;

/// A request of a server to the others.
#[derive(Debug)]
pub struct Request {
    /// The name of the server; emitters have none, or `emitter`.
    pub uid: Option<String>,
    /// The id of the answer, if one is wanted.
    pub id: Option<String>,
    /// The request.
    pub what: What,
}

/// The requests.
#[derive(Debug)]
pub enum What {
    /// The ids of the sockets that are addressed: asked by versions before 8.
    Ids(Selection),
    /// The names of all rooms.
    Rooms,
    /// A change of sockets. Versions before 8 want to know that it is made.
    Change(Change),
    /// The sockets that are addressed.
    Sockets(Selection),
    /// An event for the programs, not for clients.
    ServerEvent {
        /// Its name.
        event: String,
        /// Its arguments.
        args: Args,
    },
    /// An event that clients are to acknowledge.
    Ask {
        /// The sockets that are addressed.
        to: Selection,
        /// The event.
        event: Event,
        /// How long answers are awaited, in milliseconds.
        timeout: Option<u64>,
    },
    /// A request of a kind that is not known here.
    Unknown,
}

/// An answer of a server.
#[derive(Debug)]
pub struct Answer {
    /// The id of the request.
    pub id: String,
    /// The answer.
    pub answered: Answered,
}

/// The answers.
#[derive(Debug)]
pub enum Answered {
    /// Sockets, an object each.
    Sockets(Vec<Box<RawValue>>),
    /// Names of rooms.
    Rooms(Vec<String>),
    /// The answer of a program to an event. `None` from a server that has none, and says so because answers are counted.
    Value(Option<Box<RawValue>>),
    /// How many clients were asked.
    Asked(u64),
    /// The answer of a client.
    Acknowledged(Args),
}

#[derive(Deserialize)]
pub(super) struct Packet<'a> {
    #[serde(rename = "type")]
    kind: u64,
    #[serde(borrow)]
    data: &'a RawValue,
    pub(super) nsp: Option<String>,
}

#[derive(Deserialize, Default)]
pub(super) struct Opts {
    #[serde(default)]
    rooms: Json,
    #[serde(default)]
    except: Json,
    #[serde(default)]
    flags: Option<Flags>,
}

#[derive(Deserialize, Default)]
pub(super) struct Flags {
    #[serde(default)]
    volatile: Option<bool>,
    #[serde(default)]
    compress: Option<bool>,
    #[serde(default)]
    timeout: Option<f64>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(rename = "type")]
    kind: Option<u64>,
    uid: Option<String>,
    #[serde(rename = "requestId")]
    id: Option<String>,
    #[serde(default)]
    opts: Option<Opts>,
    #[serde(default)]
    rooms: Json,
    #[serde(default)]
    room: Json,
    #[serde(default)]
    sid: Option<String>,
    #[serde(default)]
    close: bool,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(borrow, default)]
    packet: Option<Packet<'a>>,
}

#[derive(Deserialize)]
struct WireAnswer<'a> {
    #[serde(rename = "type")]
    kind: Option<u64>,
    #[serde(rename = "requestId")]
    id: String,
    #[serde(borrow, default)]
    sockets: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    rooms: Json,
    #[serde(borrow, default)]
    data: Option<&'a RawValue>,
    #[serde(rename = "clientCount")]
    count: Option<u64>,
    #[serde(borrow, default)]
    packet: Option<&'a RawValue>,
    #[serde(default)]
    uncounted: bool,
}

/// A message as JSON, and the bytes in it.
pub(super) fn json(message: &Bytes) -> Result<(ByteString, Vec<Bytes>), Malformed> {
    if message.first() == Some(&b'{') {
        let text = ByteString::try_from(message.clone()).map_err(|_| Malformed("it is no text"))?;
        return Ok((text, Vec::new()));
    }
    msgpack::to_json(message).map_err(|_| Malformed("it is no MessagePack"))
}

impl Opts {
    pub(super) fn selection(self, nsp: &str) -> Result<(Selection, Flags), Malformed> {
        let rooms = names(self.rooms)?;
        let rooms = (!rooms.is_empty()).then_some(rooms);
        let to = Selection { nsp: nsp.to_owned(), rooms, except: names(self.except)?, sender: None };
        Ok((to, self.flags.unwrap_or_default()))
    }
}

impl Flags {
    pub(super) fn mark(&self, event: &mut Event) {
        event.is_volatile = self.volatile.unwrap_or(false);
        event.compress = self.compress.unwrap_or(true);
    }

    /// How long answers are awaited, in milliseconds.
    pub(super) fn limit(&self) -> Option<u64> {
        self.timeout.map(|time| time.max(0.0) as u64)
    }
}

impl Packet<'_> {
    /// The event in it, if it is one of this namespace.
    pub(super) fn event(&self, nsp: &str, attachments: Vec<Bytes>) -> Result<Option<Event>, Malformed> {
        // Their servers take a packet without a namespace for one of the main namespace.
        if self.kind != 2 || self.nsp.as_deref().unwrap_or("/") != nsp {
            return Ok(None);
        }
        let (name, args) = event_of(self.data, attachments)?;
        Ok(Some(Event::new(name, args)))
    }
}

/// The name and the arguments of an event.
pub(super) fn event_of(data: &RawValue, attachments: Vec<Bytes>) -> Result<(String, Args), Malformed> {
    let mut args = Args::array(data.get().into(), attachments);
    let name = args.take::<String>().map_err(|_| Malformed("the event has no name"))?;
    Ok((name, args))
}

/// Reads an event of a namespace: the name of its sender, the sockets that are addressed, and the event. `None` for a
/// packet that servers ignore.
///
/// # Errors
///
/// [`Malformed`] if it is none.
pub fn read_event(nsp: &str, message: &Bytes) -> Result<Option<(String, Selection, Event)>, Malformed> {
    let (text, attachments) = json(message)?;
    let (uid, packet, opts): (String, Packet<'_>, Opts) =
        serde_json::from_str(&text).map_err(|_| Malformed("it is no event"))?;
    let Some(mut event) = packet.event(nsp, attachments)? else { return Ok(None) };
    let (to, flags) = opts.selection(nsp)?;
    flags.mark(&mut event);
    Ok(Some((uid, to, event)))
}

/// Reads a request about a namespace.
///
/// # Errors
///
/// [`Malformed`] if it is none.
pub fn read_request(nsp: &str, message: &Bytes) -> Result<Request, Malformed> {
    let (text, attachments) = json(message)?;
    let wire: Wire<'_> = serde_json::from_str(&text).map_err(|_| Malformed("it is no request"))?;
    let opts = |opts: Option<Opts>| opts.ok_or(Malformed("nobody is addressed"))?.selection(nsp);
    let what = match wire.kind {
        Some(0) => {
            let rooms = Opts { rooms: wire.rooms, ..Opts::default() };
            What::Ids(rooms.selection(nsp)?.0)
        }
        Some(1) => What::Rooms,
        Some(kind @ 2..=4) => {
            let (to, mut rooms) = match wire.sid {
                Some(sid) => {
                    let to =
                        Selection { nsp: nsp.to_owned(), rooms: Some(vec![sid]), ..Selection::default() };
                    (to, names(wire.room)?)
                }
                None => (opts(wire.opts)?.0, Vec::new()),
            };
            rooms.append(&mut names(wire.rooms)?);
            let deed = match kind {
                2 => Deed::Join(rooms),
                3 => Deed::Leave(rooms),
                _ => Deed::Disconnect(wire.close),
            };
            What::Change(Change { to, deed })
        }
        Some(5) => What::Sockets(opts(wire.opts)?.0),
        Some(6) => {
            let data = wire.data.ok_or(Malformed("the event has no data"))?;
            let (event, args) = event_of(data, attachments)?;
            What::ServerEvent { event, args }
        }
        Some(7) => {
            let packet = wire.packet.ok_or(Malformed("there is no event"))?;
            let (to, flags) = opts(wire.opts)?;
            match packet.event(nsp, attachments)? {
                Some(event) => What::Ask { to, event, timeout: flags.limit() },
                None => What::Unknown,
            }
        }
        _ => What::Unknown,
    };
    Ok(Request { uid: wire.uid, id: wire.id, what })
}

/// Reads an answer. `None` for one that is not known here.
///
/// # Errors
///
/// [`Malformed`] if it is none.
pub fn read_answer(message: &Bytes) -> Result<Option<Answer>, Malformed> {
    let (text, attachments) = json(message)?;
    let wire: WireAnswer<'_> = serde_json::from_str(&text).map_err(|_| Malformed("it is no answer"))?;
    let answered = match wire.kind {
        Some(6) => Answered::Value((!wire.uncounted).then(|| wire.data.map_or_else(null, ToOwned::to_owned))),
        Some(8) => Answered::Asked(wire.count.ok_or(Malformed("it counts nothing"))?),
        Some(9) => {
            let list = wire.packet.map_or_else(|| "[]".to_owned(), |value| format!("[{}]", value.get()));
            Answered::Acknowledged(Args::array(list.into(), attachments))
        }
        _ => match (wire.sockets, wire.rooms) {
            (Some(sockets), _) => Answered::Sockets(sockets.into_iter().map(ToOwned::to_owned).collect()),
            (None, Json::Null) => return Ok(None),
            (None, rooms) => Answered::Rooms(names(rooms)?),
        },
    };
    Ok(Some(Answer { id: wire.id, answered }))
}

pub(super) fn null() -> Box<RawValue> {
    RawValue::from_string("null".to_owned()).expect("null is JSON")
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
