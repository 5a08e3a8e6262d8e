//! A socket as the UI shows it, without anything that is secret.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};
use sha1::{Digest as _, Sha1};

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
    digest.finalize().iter().take(6).fold(String::new(), |id, byte| format!("{id}{byte:02x}"))
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
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (days, second) = (since.as_secs() / 86_400, since.as_secs() % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}.{:03}Z",
        second % 60,
        since.subsec_millis()
    )
}

/// Returns the date of a day since 1970: the year is counted from March, so that the leap day is its last.
fn date(days: u64) -> (u64, u64, u64) {
    // Since 1 March of the year 0; 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let is_next_year = month >= 10;
    let month = if is_next_year { month - 9 } else { month + 3 };
    (era * 400 + year + u64::from(is_next_year), month, day)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_written_as_javascript_does() {
        let at = |millis| time(UNIX_EPOCH + Duration::from_millis(millis));
        assert_eq!(at(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(at(951_782_400_123), "2000-02-29T00:00:00.123Z");
        assert_eq!(at(1_735_689_599_999), "2024-12-31T23:59:59.999Z");
        assert_eq!(at(4_107_542_400_000), "2100-03-01T00:00:00.000Z");
    }
}
