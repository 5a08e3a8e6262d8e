//! A socket as the UI shows it, without anything that is secret.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};
use sio_core::date::Date;

use crate::handle::socket::Socket;
use crate::handshake::Handshake;

/// Stands for a value that is not shown.
const HIDDEN: &str = "(hidden)";

/// The headers whose values are shown. Those of an application's own may be anything, a key among them.
const SHOWN_HEADERS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "host",
    "origin",
    "pragma",
    "sec-websocket-extensions",
    "sec-websocket-version",
    "upgrade",
    "user-agent",
];

/// The parameters of the query whose values are shown, which are those of the protocol. That with the id of the session
/// is not among them.
const SHOWN_PARAMETERS: [&str; 4] = ["EIO", "transport", "t", "b64"];

/// How many headers and parameters are shown, and how long each may be.
const MAX_ENTRIES: usize = 40;
const MAX_LENGTH: usize = 256;

/// Describes a socket that is in its own room only, for now.
pub(super) fn describe(socket: &Socket, salt: &[u8]) -> Value {
    let handshake = socket.handshake();
    let issued = handshake.time().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    json!({
        "id": socket.id().as_str(),
        "clientId": client_id(handshake, salt),
        "transport": socket.transport().as_str(),
        "nsp": socket.path(),
        "data": {},
        "handshake": {
            "address": handshake.ip().map(|ip| ip.to_string()).unwrap_or_default(),
            "headers": headers(handshake),
            "query": query(handshake),
            "issued": u64::try_from(issued).unwrap_or(u64::MAX),
            "secure": handshake.is_secure(),
            "time": time(handshake.time()),
            "url": cut(handshake.path()),
            "xdomain": handshake.header("origin").is_some(),
        },
        "rooms": [socket.id().as_str()],
    })
}

/// Returns an id that the sockets of one client have in common, and that says nothing else.
fn client_id(handshake: &Handshake, salt: &[u8]) -> String {
    let mut digest = Sha1::new();
    digest.update(salt);
    digest.update(std::ptr::from_ref(handshake).addr().to_le_bytes());
    digest.update(time(handshake.time()));
    URL_SAFE_NO_PAD.encode(&digest.finalize()[..9])
}

fn headers(handshake: &Handshake) -> Map<String, Value> {
    let headers = handshake.headers();
    let shown = headers.iter().take(MAX_ENTRIES).map(|(name, value)| {
        let is_shown = SHOWN_HEADERS.contains(&name.as_str());
        let value = value.to_str().ok().filter(|_| is_shown).unwrap_or(HIDDEN);
        (cut(name.as_str()), Value::String(cut(value)))
    });
    shown.collect()
}

fn query(handshake: &Handshake) -> Map<String, Value> {
    let shown = handshake.query_params().take(MAX_ENTRIES).map(|(name, value)| {
        let is_shown = SHOWN_PARAMETERS.contains(&name.as_str());
        (cut(&name), Value::String(if is_shown { cut(&value) } else { HIDDEN.to_owned() }))
    });
    shown.collect()
}

fn cut(text: &str) -> String {
    text.chars().take(MAX_LENGTH).collect()
}

/// Returns a time as JavaScript writes it in JSON.
pub(super) fn time(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let date = i64::try_from(since).ok().and_then(Date::new);
    date.map_or_else(String::new, |date| date.to_string())
}
