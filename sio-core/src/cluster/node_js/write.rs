//! Messages that are to be sent, exactly as Node's own servers write them: any other form could end their processes.

use rmp::encode::{write_array_len, write_bool, write_map_len, write_nil, write_str, write_uint};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};

use super::SERVERS;
use crate::args::Args;
use crate::cluster::foreign::{Event, Inexpressible};
use crate::cluster::message::Deed;
use crate::msgpack::write_json;
use crate::target::Target;

pub(super) const fn cannot<T>(reason: &'static str) -> Result<T, Inexpressible> {
    Err(Inexpressible { servers: SERVERS, reason })
}

/// Returns the message of an event.
///
/// # Errors
///
/// [`Inexpressible`] if an argument cannot be written as MessagePack.
pub fn event(uid: &str, path: &str, target: &Target<'_>, event: &Event) -> Result<Vec<u8>, Inexpressible> {
    let mut out = Vec::with_capacity(128 + event.args.raw().len());
    let written = (|| {
        write_array_len(&mut out, 3)?;
        write_str(&mut out, uid)?;
        packet(&mut out, path, event)?;
        opts(&mut out, target, event, None)
    })();
    written.map(|()| out).or(cannot("the arguments cannot be written as MessagePack"))
}

/// Returns the message of an event that clients are to acknowledge within so many milliseconds.
///
/// # Errors
///
/// As [`event`].
pub fn asks(
    uid: &str,
    id: &str,
    path: &str,
    target: &Target<'_>,
    event: &Event,
    timeout: u64,
) -> Result<Vec<u8>, Inexpressible> {
    let mut out = Vec::with_capacity(192 + event.args.raw().len());
    let written = (|| {
        write_map_len(&mut out, 5)?;
        write_str(&mut out, "uid")?;
        write_str(&mut out, uid)?;
        write_str(&mut out, "requestId")?;
        write_str(&mut out, id)?;
        write_str(&mut out, "type")?;
        write_uint(&mut out, 7)?;
        write_str(&mut out, "packet")?;
        packet(&mut out, path, event)?;
        write_str(&mut out, "opts")?;
        opts(&mut out, target, event, Some(timeout))
    })();
    written.map(|()| out).or(cannot("the arguments cannot be written as MessagePack"))
}

/// A value cannot be written as MessagePack.
struct Unwritten;

impl<E: rmp::encode::RmpWriteErr> From<rmp::encode::ValueWriteError<E>> for Unwritten {
    fn from(_: rmp::encode::ValueWriteError<E>) -> Self {
        Self
    }
}

fn packet(out: &mut Vec<u8>, path: &str, event: &Event) -> Result<(), Unwritten> {
    write_map_len(out, 3)?;
    write_str(out, "type")?;
    write_uint(out, 2)?;
    write_str(out, "data")?;
    let name = Json::from(&*event.name).to_string();
    let rest = event.args.raw().trim().strip_prefix('[').unwrap_or("]");
    let separator = if rest.trim_start().starts_with(']') { "" } else { "," };
    write_json(out, &format!("[{name}{separator}{rest}"), event.args.attachments()).map_err(|_| Unwritten)?;
    write_str(out, "nsp")?;
    write_str(out, path)?;
    Ok(())
}

fn opts(
    out: &mut Vec<u8>,
    target: &Target<'_>,
    event: &Event,
    timeout: Option<u64>,
) -> Result<(), Unwritten> {
    write_map_len(out, 3)?;
    for (name, rooms) in [("rooms", &target.rooms), ("except", &target.except)] {
        write_str(out, name)?;
        write_array_len(out, u32::try_from(rooms.len()).map_err(|_| Unwritten)?)?;
        for room in rooms {
            write_str(out, room)?;
        }
    }
    write_str(out, "flags")?;
    let count = u32::from(event.is_volatile) + u32::from(!event.compress) + u32::from(timeout.is_some());
    write_map_len(out, count)?;
    if event.is_volatile {
        write_str(out, "volatile")?;
        write_bool(out, true).map_err(|_| Unwritten)?;
    }
    if !event.compress {
        write_str(out, "compress")?;
        write_bool(out, false).map_err(|_| Unwritten)?;
    }
    if let Some(timeout) = timeout {
        write_str(out, "timeout")?;
        write_uint(out, timeout)?;
    }
    Ok(())
}

#[derive(Serialize)]
struct Change<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    uid: Option<&'a str>,
    #[serde(rename = "type")]
    kind: u8,
    opts: Opts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rooms: Option<&'a [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close: Option<bool>,
}

#[derive(Serialize)]
struct Opts<'a> {
    rooms: &'a [std::borrow::Cow<'a, str>],
    except: &'a [std::borrow::Cow<'a, str>],
}

/// Returns the message of a change. Emitters have no `uid` in it.
#[must_use]
pub fn change(uid: Option<&str>, target: &Target<'_>, deed: &Deed) -> Vec<u8> {
    let opts = Opts { rooms: &target.rooms, except: &target.except };
    let (kind, rooms, close) = match deed {
        Deed::Join(rooms) => (2, Some(&rooms[..]), None),
        Deed::Leave(rooms) => (3, Some(&rooms[..]), None),
        Deed::Disconnect(close) => (4, None, Some(*close)),
    };
    text(&Change { uid, kind, opts, rooms, close })
}

/// Returns the message of a request: 1 for all rooms, 5 for the sockets that are addressed, 6 for an event with this
/// data, a JSON array.
#[must_use]
pub fn request(
    uid: &str,
    id: Option<&str>,
    kind: u8,
    target: &Target<'_>,
    data: Option<&RawValue>,
) -> Vec<u8> {
    let mut message = json!({ "uid": uid, "type": kind });
    if let Some(id) = id {
        message["requestId"] = id.into();
    }
    if kind == 5 {
        message["opts"] = json!({ "rooms": target.rooms[..], "except": target.except[..] });
    }
    let mut message = message.to_string();
    if let Some(data) = data {
        message.truncate(message.len() - 1);
        message.push_str(",\"data\":");
        message.push_str(data.get());
        message.push('}');
    }
    message.into_bytes()
}

/// Returns the answer that holds sockets, or their ids.
#[must_use]
pub fn answer_sockets(id: &str, sockets: &[Box<RawValue>]) -> Vec<u8> {
    #[derive(Serialize)]
    struct Sockets<'a> {
        #[serde(rename = "requestId")]
        id: &'a str,
        sockets: &'a [Box<RawValue>],
    }
    text(&Sockets { id, sockets })
}

/// Returns the answer that holds the names of rooms.
#[must_use]
pub fn rooms_of(id: &str, rooms: &[String]) -> Vec<u8> {
    text(&json!({ "requestId": id, "rooms": rooms }))
}

/// Returns the answer of a program to an event: a value. Without one only servers of this cluster are answered, which
/// count: Node's do not look at the member that says so.
#[must_use]
pub fn value_of(id: &str, value: Option<&RawValue>) -> Vec<u8> {
    #[derive(Serialize)]
    struct Answer<'a> {
        #[serde(rename = "type")]
        kind: u8,
        #[serde(rename = "requestId")]
        id: &'a str,
        data: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        uncounted: bool,
    }
    text(&Answer { kind: 6, id, data: value, uncounted: value.is_none() })
}

/// Returns the answer that a change has been made.
#[must_use]
pub fn answer_text(id: &str) -> Vec<u8> {
    text(&json!({ "requestId": id }))
}

/// Returns how many clients were asked.
#[must_use]
pub fn asked(id: &str, count: usize) -> Vec<u8> {
    text(&json!({ "type": 8, "requestId": id, "clientCount": count }))
}

/// Returns the answer of a client: its first argument.
#[must_use]
pub fn acknowledged(id: &str, args: &Args) -> Vec<u8> {
    let mut out = Vec::with_capacity(64 + args.raw().len());
    let first = serde_json::from_str::<Vec<&RawValue>>(args.raw()).ok().and_then(|all| all.first().copied());
    let written: Result<(), Unwritten> = (|| {
        write_map_len(&mut out, 3)?;
        write_str(&mut out, "type")?;
        write_uint(&mut out, 9)?;
        write_str(&mut out, "requestId")?;
        write_str(&mut out, id)?;
        write_str(&mut out, "packet")?;
        let start = out.len();
        let value = first.ok_or(Unwritten);
        let written = value
            .and_then(|value| write_json(&mut out, value.get(), args.attachments()).map_err(|_| Unwritten));
        if written.is_err() {
            out.truncate(start);
            write_nil(&mut out).map_err(|_| Unwritten)?;
        }
        Ok(())
    })();
    debug_assert!(written.is_ok(), "a vector takes everything");
    out
}

fn text(message: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(message).expect("texts and JSON can be written as JSON")
}
