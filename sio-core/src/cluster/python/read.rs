//! Messages that have arrived.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::super::foreign::{Event, Malformed, names};
use super::super::message::{Change, Deed, Selection};
use crate::args::Args;

/// A message, and the server that has sent it.
#[derive(Debug)]
pub struct Heard {
    /// The `host_id`: of a callback the server that has asked; none if there is none.
    pub host: Option<String>,
    /// The message.
    pub said: Said,
}

/// The messages.
#[derive(Debug)]
pub enum Said {
    /// An event, and how it is to be answered, if it is.
    Event {
        /// The sockets that are addressed.
        to: Selection,
        /// The event.
        event: Event,
        /// The answer that is wanted.
        callback: Option<Callback>,
    },
    /// The answer of a client to an event.
    Answer {
        /// The room that was asked: the id of a socket, as a rule.
        sid: String,
        /// The number that the asking server has given the question; of one that is no number of ours there is none.
        id: Option<u64>,
        /// The arguments of the answer.
        args: Args,
    },
    /// A change of sockets.
    Change(Change),
}

/// The parts of an emit that its answer repeats as they are.
#[derive(Debug, Clone)]
pub struct Callback {
    pub(super) room: Box<RawValue>,
    pub(super) namespace: Box<RawValue>,
    pub(super) id: Box<RawValue>,
}

/// The members of a message.
#[derive(Debug, Default)]
pub(super) struct Members {
    pub(super) method: String,
    pub(super) host: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) event: Option<String>,
    pub(super) room: Json,
    pub(super) skip: Json,
    pub(super) sid: Json,
    pub(super) callback: Option<Callback>,
    pub(super) id: Option<u64>,
    pub(super) args: Option<Args>,
}

/// The members of a message in JSON. The arguments are not looked into.
#[derive(Deserialize)]
struct Wire<'a> {
    method: Option<String>,
    host_id: Option<String>,
    namespace: Option<String>,
    event: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    data: Option<&'a RawValue>,
    binary: Option<bool>,
    #[serde(default)]
    room: Json,
    #[serde(default)]
    skip_sid: Json,
    #[serde(default)]
    sid: Json,
    #[serde(borrow, default, deserialize_with = "present")]
    callback: Option<&'a RawValue>,
    #[serde(default)]
    id: Json,
    #[serde(borrow, default, deserialize_with = "present")]
    args: Option<&'a RawValue>,
}

/// Reads a value that may be `null`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'de RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

/// Reads a message. `None` for one that servers ignore: an unknown method, or an event of no namespace. NaN and the
/// infinities of Python's JSON are `null`, as they are in JavaScript's.
///
/// # Errors
///
/// [`Malformed`] if it is no message.
///
/// # Examples
///
/// ```
/// use sio_core::cluster::python::{Said, read};
///
/// let message = br#"{"method":"emit","event":"hi","data":["you",1],"binary":false,"namespace":"/","room":"den"}"#;
/// let heard = read(message).unwrap().expect("an event");
/// let Said::Event { to, event, .. } = heard.said else { panic!("an event") };
/// assert_eq!(to.rooms, Some(vec!["den".to_owned()]));
/// assert_eq!((event.name.as_str(), event.args.raw()), ("hi", r#"["you",1]"#));
/// ```
pub fn read(message: &[u8]) -> Result<Option<Heard>, Malformed> {
    #[cfg(feature = "python-pickle")]
    if super::pickle::is_pickle(message) {
        return super::pickle::read(message)?.heard();
    }
    let text = std::str::from_utf8(message).map_err(|_| Malformed("it is no text"))?;
    let text = without_nan(text);
    let wire: Wire<'_> = serde_json::from_str(&text).map_err(|_| Malformed("it is no object of JSON"))?;
    let args = match (wire.data, wire.args) {
        (Some(data), _) => Some(arguments(data, wire.binary)?),
        (None, Some(args)) => Some(Args::array(args.get().into(), Vec::new())),
        (None, None) => None,
    };
    let callback = wire.callback.and_then(|callback| {
        let [room, namespace, id] = serde_json::from_str::<[Box<RawValue>; 3]>(callback.get()).ok()?;
        Some(Callback { room, namespace, id })
    });
    let members = Members {
        method: wire.method.unwrap_or_default(),
        host: wire.host_id,
        namespace: wire.namespace,
        event: wire.event,
        room: wire.room,
        skip: wire.skip_sid,
        sid: wire.sid,
        callback,
        id: wire.id.as_u64(),
        args,
    };
    members.heard()
}

impl Members {
    pub(super) fn heard(self) -> Result<Option<Heard>, Malformed> {
        let Self { method, host, namespace, event, room, skip, sid, callback, id, args } = self;
        let Some(nsp) = namespace else { return Ok(None) };
        let missing = |what| move || Malformed(what);
        let one = |value: Json, what| names(value)?.into_iter().next().ok_or(Malformed(what));
        let change = |rooms: Vec<String>, deed| {
            let to = Selection { nsp: nsp.clone(), rooms: Some(rooms), ..Selection::default() };
            Said::Change(Change { to, deed })
        };
        let said = match &*method {
            "emit" => {
                let event = Event::new(
                    event.ok_or_else(missing("the event has no name"))?,
                    args.ok_or_else(missing("the event has no data"))?,
                );
                let rooms = if room.is_null() { None } else { Some(names(room)?) };
                let to = Selection { nsp, rooms, except: names(skip)?, sender: None };
                Said::Event { to, event, callback }
            }
            "callback" => {
                let args = args.ok_or_else(missing("the answer has no arguments"))?;
                Said::Answer { sid: one(sid, "the answer is nobody's")?, id, args }
            }
            "enter_room" => change(names(sid)?, Deed::Join(names(room)?)),
            "leave_room" => change(names(sid)?, Deed::Leave(names(room)?)),
            "close_room" => {
                let rooms = names(room)?;
                change(rooms.clone(), Deed::Leave(rooms))
            }
            "disconnect" => change(names(sid)?, Deed::Disconnect(false)),
            _ => return Ok(None),
        };
        Ok(Some(Heard { host, said }))
    }
}

/// The arguments of an event, whichever version has written them.
fn arguments(data: &RawValue, binary: Option<bool>) -> Result<Args, Malformed> {
    let is_list = data.get().starts_with('[');
    match binary {
        // A list is one argument before there was this member.
        Some(false) if is_list => match elements(data)?[..] {
            // `emit(name, None)` writes this: no argument.
            [only] if only.get() == "null" => Ok(Args::empty()),
            _ => Ok(Args::array(data.get().into(), Vec::new())),
        },
        Some(true) => {
            let elements = elements(data)?;
            let [arguments, encoded @ ..] = &elements[..] else {
                return Err(Malformed("no data beside bytes"));
            };
            let attachments = encoded.iter().map(|element| {
                let text: Cow<'_, str> =
                    serde_json::from_str(element.get()).map_err(|_| Malformed("bytes are no text"))?;
                STANDARD.decode(&*text).map(Bytes::from).map_err(|_| Malformed("bytes are no base64"))
            });
            let attachments = attachments.collect::<Result<_, _>>()?;
            let arguments = arguments.get();
            let list =
                if arguments.starts_with('[') { arguments.to_owned() } else { format!("[{arguments}]") };
            Ok(Args::array(list.into(), attachments))
        }
        _ if data.get() == "null" => Ok(Args::empty()),
        _ => Ok(Args::array(format!("[{}]", data.get()).into(), Vec::new())),
    }
}

fn elements(list: &RawValue) -> Result<Vec<&RawValue>, Malformed> {
    serde_json::from_str(list.get()).map_err(|_| Malformed("data is no list"))
}

/// Puts `null` in the place of numbers that Python writes and JSON does not have.
fn without_nan(text: &str) -> Cow<'_, str> {
    if !text.contains("NaN") && !text.contains("Infinity") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut is_text, mut rest) = (false, text);
    while let Some(first) = rest.chars().next() {
        if !is_text
            && let Some(word) = ["NaN", "Infinity", "-Infinity"].iter().find(|word| rest.starts_with(**word))
        {
            out.push_str("null");
            rest = &rest[word.len()..];
            continue;
        }
        let mut len = first.len_utf8();
        match first {
            '"' => is_text = !is_text,
            '\\' if is_text => len += rest[len..].chars().next().map_or(0, char::len_utf8),
            _ => {}
        }
        out.push_str(&rest[..len]);
        rest = &rest[len..];
    }
    Cow::Owned(out)
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
