//! Messages that are to be sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeSeq as _;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::SERVERS;
use super::read::Callback;
use crate::args::Args;
use crate::cluster::foreign::{Event, Inexpressible};
use crate::cluster::message::Deed;
use crate::id::Sid;
use crate::target::Target;

#[derive(Serialize)]
struct Emit<'a> {
    method: &'static str,
    event: &'a str,
    data: Data<'a>,
    binary: bool,
    namespace: &'a str,
    room: Option<Names<'a>>,
    skip_sid: Option<Names<'a>>,
    callback: Option<(&'a str, &'a str, u64)>,
    host_id: &'a str,
}

/// The arguments, in the form that most versions read.
enum Data<'a> {
    None,
    /// One that is no list.
    One(&'a RawValue),
    All(&'a RawValue),
    /// Beside bytes.
    WithBytes(&'a RawValue, &'a Args),
}

/// One name, or a list of them.
enum Names<'a> {
    One(&'a str),
    Several(Vec<&'a str>),
}

#[derive(Serialize)]
struct Answer<'a> {
    method: &'static str,
    host_id: &'a str,
    sid: &'a RawValue,
    namespace: &'a RawValue,
    id: &'a RawValue,
    args: &'a RawValue,
}

#[derive(Serialize)]
struct Deeds<'a> {
    method: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    namespace: &'a str,
    host_id: &'a str,
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_unit(),
            Self::One(json) | Self::All(json) => json.serialize(serializer),
            Self::WithBytes(json, args) => {
                let mut list = serializer.serialize_seq(Some(1 + args.attachments().len()))?;
                list.serialize_element(json)?;
                for attachment in args.attachments() {
                    list.serialize_element(&STANDARD.encode(attachment))?;
                }
                list.end()
            }
        }
    }
}

impl Serialize for Names<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::One(name) => serializer.serialize_str(name),
            Self::Several(names) => names.serialize(serializer),
        }
    }
}

impl<'a> Names<'a> {
    fn of(names: impl IntoIterator<Item = &'a str>) -> Self {
        let names: Vec<&str> = names.into_iter().collect();
        match names[..] {
            [name] => Self::One(name),
            _ => Self::Several(names),
        }
    }
}

const fn cannot<T>(reason: &'static str) -> Result<T, Inexpressible> {
    Err(Inexpressible { servers: SERVERS, reason })
}

/// Returns the message of an event. With a `callback`, a number, the first client that is addressed is asked for an
/// answer under it.
///
/// # Errors
///
/// [`Inexpressible`] if rooms are left out: Python leaves out sockets only, by their ids.
pub fn event(
    host: &str,
    path: &str,
    target: &Target<'_>,
    event: &Event,
    callback: Option<u64>,
) -> Result<Vec<u8>, Inexpressible> {
    if !target.except.iter().all(|name| is_id(name)) {
        return cannot("`except` names a room, and only sockets can be left out, by their ids");
    }
    let json: &RawValue = match serde_json::from_str(event.args.raw()) {
        Ok(json) => json,
        Err(_) if event.args.raw().is_empty() => {
            return Ok(write(&emit(host, path, target, event, Data::None, callback)));
        }
        Err(_) => return cannot("the arguments are not valid JSON"),
    };
    let data = if event.args.attachments().is_empty() {
        match serde_json::from_str::<Vec<&RawValue>>(json.get()).unwrap_or_default()[..] {
            [] => Data::None,
            [one] if !one.get().starts_with('[') => Data::One(one),
            _ => Data::All(json),
        }
    } else {
        Data::WithBytes(json, &event.args)
    };
    Ok(write(&emit(host, path, target, event, data, callback)))
}

fn emit<'a>(
    host: &'a str,
    path: &'a str,
    target: &'a Target<'_>,
    event: &'a Event,
    data: Data<'a>,
    callback: Option<u64>,
) -> Emit<'a> {
    let room = target.is_limited.then(|| Names::of(target.rooms.iter().map(|room| &**room)));
    let skip = target.except.iter().map(|name| &**name);
    let asked = match target.rooms.first() {
        Some(room) if target.is_limited => &**room,
        _ => "",
    };
    Emit {
        method: "emit",
        event: &event.name,
        binary: matches!(data, Data::WithBytes(..)),
        data,
        namespace: path,
        room,
        skip_sid: (!target.except.is_empty()).then(|| Names::of(skip)),
        callback: callback.map(|id| (asked, path, id)),
        host_id: host,
    }
}

/// Returns the message of an answer to an event of the server `host`. `None` if it has bytes in it, which Python's own
/// servers cannot say either.
#[must_use]
pub fn answer(host: &str, callback: &Callback, args: &Args) -> Option<Vec<u8>> {
    if !args.attachments().is_empty() {
        return None;
    }
    let json = if args.raw().is_empty() { "[]" } else { args.raw() };
    Some(write(&Answer {
        method: "callback",
        host_id: host,
        sid: &callback.room,
        namespace: &callback.namespace,
        id: &callback.id,
        args: serde_json::from_str(json).ok()?,
    }))
}

/// Returns the messages of a change, one after the other.
///
/// # Errors
///
/// [`Inexpressible`] unless the sockets are named by their ids and their connections stay open, or everybody who is in a
/// room leaves it.
pub fn change(
    host: &str,
    path: &str,
    target: &Target<'_>,
    deed: &Deed,
) -> Result<Vec<Vec<u8>>, Inexpressible> {
    let say = |method, sid, room| write(&Deeds { method, sid, room, namespace: path, host_id: host });
    let are_all = target.except.is_empty();
    if let Deed::Leave(rooms) = deed
        && are_all
        && (!target.is_limited || (target.rooms.len() == 1 && *rooms == [&*target.rooms[0]]))
    {
        return Ok(rooms.iter().map(|room| say("close_room", None, Some(room))).collect());
    }
    if !target.is_limited || !target.rooms.iter().chain(&target.except).all(|name| is_id(name)) {
        return cannot("only sockets can be changed, by their ids, or a room be emptied");
    }
    let sids = target.rooms.iter().filter(|sid| !target.except.contains(sid));
    let mut messages = Vec::new();
    for sid in sids {
        match deed {
            Deed::Join(rooms) => {
                messages.extend(rooms.iter().map(|room| say("enter_room", Some(sid), Some(room))));
            }
            Deed::Leave(rooms) => {
                messages.extend(rooms.iter().map(|room| say("leave_room", Some(sid), Some(room))));
            }
            Deed::Disconnect(false) => messages.push(say("disconnect", Some(sid), None)),
            Deed::Disconnect(true) => {
                return cannot("a socket can be disconnected from its namespace, not its whole connection");
            }
        }
    }
    Ok(messages)
}

/// Returns whether a name has the form of the id of a socket.
fn is_id(name: &str) -> bool {
    name.parse::<Sid>().is_ok()
}

fn write(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("texts and JSON can be written as JSON")
}
