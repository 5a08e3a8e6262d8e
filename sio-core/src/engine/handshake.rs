//! How a session begins (Engine.IO protocol v4, "Handshake"): the query of a request, the open packet, and the errors
//! that a request can be answered with.
//!
//! Headers, methods and status lines are the transports' matter; who may connect is the server's.

use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use serde::Serialize;

use super::config::{Revision, TransportKind};
use super::packet::{Packet, text_frame};

/// The newest revision of the protocol that is spoken here, as it stands in `EIO`.
pub const PROTOCOL: u8 = Revision::V4.number();

/// The first packet of a session.
///
/// ```
/// use std::time::Duration;
/// use sio_core::engine::config::TransportKind;
/// use sio_core::engine::handshake::OpenPacket;
///
/// let open = OpenPacket {
///     sid: "lv_VI97HAXpY6yYWAAAC",
///     upgrades: &[TransportKind::WebSocket],
///     ping_interval: Duration::from_secs(25),
///     ping_timeout: Duration::from_secs(20),
///     max_payload: 1_000_000,
/// };
/// assert_eq!(
///     open.to_json(),
///     r#"{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#
/// );
/// ```
#[derive(Clone, Copy, Debug)]
pub struct OpenPacket<'a> {
    /// The session's id.
    pub sid: &'a str,
    /// The transports that the client may upgrade to: over WebSocket none.
    pub upgrades: &'a [TransportKind],
    /// From a pong to the next ping; sent in whole milliseconds.
    pub ping_interval: Duration,
    /// How long the client has for its pong; sent in whole milliseconds.
    pub ping_timeout: Duration,
    /// The largest body of a POST, in bytes.
    pub max_payload: usize,
}

impl OpenPacket<'_> {
    /// Returns the JSON text of the packet, without its type.
    pub fn to_json(&self) -> ByteString {
        String::from_utf8(self.json()).expect("JSON of strings is UTF-8").into()
    }

    fn json(&self) -> Vec<u8> {
        // Each session has one of these, and the names of its members need no escapes.
        let mut json = Vec::with_capacity(128);
        json.extend_from_slice(b"{\"sid\":");
        write(&mut json, self.sid);
        json.extend_from_slice(b",\"upgrades\":[");
        for (index, kind) in self.upgrades.iter().enumerate() {
            json.extend_from_slice(if index == 0 { b"\"" } else { b",\"" });
            json.extend_from_slice(kind.as_str().as_bytes());
            json.push(b'"');
        }
        json.extend_from_slice(b"],\"pingInterval\":");
        write(&mut json, &milliseconds(self.ping_interval));
        json.extend_from_slice(b",\"pingTimeout\":");
        write(&mut json, &milliseconds(self.ping_timeout));
        json.extend_from_slice(b",\"maxPayload\":");
        write(&mut json, &self.max_payload);
        json.push(b'}');
        json
    }

    /// Returns the packet.
    pub fn to_packet(&self) -> Packet {
        Packet::Open(self.to_json())
    }

    /// Returns the packet as a frame, as [`Packet::frame`] would.
    ///
    /// # Examples
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use sio_core::engine::handshake::OpenPacket;
    /// # let second = Duration::from_secs(1);
    /// # let open = OpenPacket { sid: "a", upgrades: &[], ping_interval: second, ping_timeout: second, max_payload: 1 };
    /// assert_eq!(open.frame(), open.to_packet().frame());
    /// ```
    pub fn frame(&self) -> Bytes {
        text_frame(b"0", &self.json())
    }
}

fn write(json: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) {
    serde_json::to_writer(json, value).expect("strings and numbers always serialize");
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The parameters of a request's query that Engine.IO gives a meaning to.
///
/// All other parameters are ignored; of a repeated one the first counts. Values are not percent-decoded: none that is
/// valid needs it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Query<'a> {
    /// `EIO`: the revision of the protocol; `None` when there is none of this number.
    ///
    /// Absent it is 3, and so is 2: revision 3 was the first whose clients had to name it, and clients that say 2 speak
    /// it as far as any server could tell.
    pub revision: Option<Revision>,
    /// `transport`; `None` when it is absent or not known.
    pub transport: Option<TransportKind>,
    /// `sid`: the session that the request belongs to, as the client sent it; `None` when it is absent or empty.
    pub sid: Option<&'a str>,
    /// `b64=1`: the client cannot receive binary frames.
    pub base64: bool,
    /// `j` is there: the client wants JSONP, a script for an answer.
    pub jsonp: bool,
}

impl<'a> Query<'a> {
    /// Reads a query string, without the `?`. Whatever the string is, it can be read.
    ///
    /// ```
    /// use sio_core::engine::config::{Revision, TransportKind};
    /// use sio_core::engine::handshake::Query;
    ///
    /// let query = Query::parse("EIO=4&transport=polling&t=PfKx&sid=lv_VI97HAXpY6yYWAAAC");
    /// assert_eq!(query.revision, Some(Revision::V4));
    /// assert_eq!(query.transport, Some(TransportKind::Polling));
    /// assert_eq!(query.sid, Some("lv_VI97HAXpY6yYWAAAC"));
    /// assert!(!query.base64);
    /// ```
    pub fn parse(query: &'a str) -> Self {
        let (mut revision, mut transport, mut sid, mut base64, mut jsonp) = (None, None, None, None, None);
        let mut rest = query;
        while !rest.is_empty() {
            let (name, value);
            (name, value, rest) = first_pair(rest);
            let place = match name {
                "EIO" => &mut revision,
                "transport" => &mut transport,
                "sid" => &mut sid,
                "b64" => &mut base64,
                "j" => &mut jsonp,
                _ => continue,
            };
            place.get_or_insert(value);
        }
        Self {
            revision: match revision.unwrap_or_default() {
                "" | "2" => Some(Revision::V3),
                number => number.parse().ok().and_then(Revision::from_number),
            },
            transport: transport.and_then(TransportKind::from_name),
            sid: sid.filter(|sid| !sid.is_empty()),
            base64: base64.is_some_and(|value| matches!(value, "1" | "true")),
            jsonp: jsonp.is_some(),
        }
    }

    /// Checks a request that opens a session of revision 4, in the order of the reference server.
    ///
    /// `is_get` tells GET from the other methods, `is_websocket` says that the request asks for an upgrade of the
    /// connection to WebSocket.
    ///
    /// # Errors
    ///
    /// Fails with the error that answers the request.
    ///
    /// ```
    /// use sio_core::engine::handshake::{Query, RequestError};
    ///
    /// let query = Query::parse("EIO=4&transport=polling");
    /// assert!(query.check_handshake(true, false).is_ok());
    /// assert_eq!(query.check_handshake(false, false), Err(RequestError::BadHandshakeMethod));
    /// ```
    pub fn check_handshake(&self, is_get: bool, is_websocket: bool) -> Result<TransportKind, RequestError> {
        self.check_handshake_of(&[Revision::V4], is_get, is_websocket).map(|(transport, _)| transport)
    }

    /// Checks a request that opens a session like [`check_handshake`](Self::check_handshake), for a server that
    /// speaks these revisions. Later requests of the session are to carry the same parameters.
    ///
    /// # Errors
    ///
    /// Fails with the error that answers the request.
    ///
    /// ```
    /// use sio_core::engine::config::{Revision, TransportKind};
    /// use sio_core::engine::handshake::{Query, RequestError};
    ///
    /// let query = Query::parse("EIO=3&transport=polling&b64=1");
    /// let both = [Revision::V3, Revision::V4];
    /// assert_eq!(query.check_handshake_of(&both, true, false), Ok((TransportKind::Polling, Revision::V3)));
    /// assert_eq!(query.check_handshake(true, false), Err(RequestError::UnsupportedProtocolVersion));
    /// ```
    pub fn check_handshake_of(
        &self,
        revisions: &[Revision],
        is_get: bool,
        is_websocket: bool,
    ) -> Result<(TransportKind, Revision), RequestError> {
        let transport = self.transport.ok_or(RequestError::TransportUnknown)?;
        if !is_get {
            return Err(RequestError::BadHandshakeMethod);
        }
        if is_websocket != (transport == TransportKind::WebSocket) {
            return Err(RequestError::BadRequest);
        }
        let revision = self.revision.filter(|revision| revisions.contains(revision));
        Ok((transport, revision.ok_or(RequestError::UnsupportedProtocolVersion)?))
    }
}

/// Splits off the first pair of a query: its name, its value, and what follows. For texts as short as these a plain loop
/// is faster than the search of the standard library.
fn first_pair(query: &str) -> (&str, &str, &str) {
    let bytes = query.as_bytes();
    let (mut equals, mut end) = (None, 0);
    while end < bytes.len() && bytes[end] != b'&' {
        if bytes[end] == b'=' && equals.is_none() {
            equals = Some(end);
        }
        end += 1;
    }
    let (name, value) = match equals {
        Some(equals) => (&query[..equals], &query[equals + 1..end]),
        None => (&query[..end], ""),
    };
    (name, value, query.get(end + 1..).unwrap_or_default())
}

/// Why a request is refused. Codes and messages are those of the reference server; clients read them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[repr(u8)]
pub enum RequestError {
    /// The transport is missing, not known or not allowed.
    #[error("the transport is unknown or not allowed")]
    TransportUnknown = 0,
    /// There is no session of this id, or no more.
    #[error("there is no session of this id")]
    SessionUnknown = 1,
    /// A session can only be opened by GET.
    #[error("a session can only be opened by GET")]
    BadHandshakeMethod = 2,
    /// The request does not fit the session or the transport.
    #[error("the request does not fit the session or its transport")]
    BadRequest = 3,
    /// The server does not let this client in.
    #[error("the client is not allowed to connect")]
    Forbidden = 4,
    /// The client speaks another revision of the protocol.
    #[error("the revision of the protocol is not supported")]
    UnsupportedProtocolVersion = 5,
}

impl RequestError {
    /// Returns the number that tells the client which error it is.
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Returns the text that the client sees.
    pub const fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SessionUnknown => "Session ID unknown",
            Self::BadHandshakeMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedProtocolVersion => "Unsupported protocol version",
        }
    }

    /// Returns the status of the HTTP answer: 403 for [`Forbidden`](Self::Forbidden), else 400.
    pub const fn status(self) -> u16 {
        match self {
            Self::Forbidden => 403,
            _ => 400,
        }
    }

    /// Returns the body of the HTTP answer, which is JSON.
    ///
    /// ```
    /// use sio_core::engine::handshake::RequestError;
    ///
    /// assert_eq!(RequestError::SessionUnknown.body(), r#"{"code":1,"message":"Session ID unknown"}"#);
    /// ```
    pub const fn body(self) -> &'static str {
        match self {
            Self::TransportUnknown => r#"{"code":0,"message":"Transport unknown"}"#,
            Self::SessionUnknown => r#"{"code":1,"message":"Session ID unknown"}"#,
            Self::BadHandshakeMethod => r#"{"code":2,"message":"Bad handshake method"}"#,
            Self::BadRequest => r#"{"code":3,"message":"Bad request"}"#,
            Self::Forbidden => r#"{"code":4,"message":"Forbidden"}"#,
            Self::UnsupportedProtocolVersion => r#"{"code":5,"message":"Unsupported protocol version"}"#,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_open_packet_has_exactly_the_keys_of_the_protocol() {
        let open = OpenPacket {
            sid: "abc",
            upgrades: &[],
            ping_interval: Duration::from_millis(300),
            ping_timeout: Duration::from_micros(200_900),
            max_payload: 1_000_000,
        };
        let json = r#"{"sid":"abc","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1000000}"#;
        assert_eq!(open.to_packet(), Packet::Open(json.into()));
    }

    #[test]
    fn a_query_is_read_whatever_it_is() {
        assert_eq!(Query::parse(""), Query { revision: Some(Revision::V3), ..Query::default() });
        assert_eq!(Query::parse("&&=&a&EIO&transport&x=y=z").sid, None);
        for none in ["EIO=abc", "EIO=400", "EIO=1", "EIO=5", "EIO=-2", "EIO=4x", "EIO=%34"] {
            assert_eq!(Query::parse(none).revision, None, "{none}");
        }
        assert_eq!(Query::parse("EIO=4").revision, Some(Revision::V4));
        for third in ["EIO=3", "EIO=2", "EIO=", "EIO", "transport=polling"] {
            assert_eq!(Query::parse(third).revision, Some(Revision::V3), "{third}");
        }
        assert_eq!(Query::parse("transport=abc").transport, None);
        assert_eq!(Query::parse("transport=Polling").transport, None);
        for none in ["sid=", "sid", "sid=&sid=second"] {
            assert_eq!(Query::parse(none).sid, None, "{none}");
        }
        assert_eq!(Query::parse("sid=a=b").sid, Some("a=b"));
        assert_eq!(Query::parse("sid=first&sid=second").sid, Some("first"));
        assert!(Query::parse("b64=1").base64);
        assert!(!Query::parse("b64=0").base64);
        assert!(Query::parse("t=a&j=0").jsonp);
        assert!(!Query::parse("jj=0&b=j").jsonp);
    }

    #[test]
    fn a_handshake_is_checked_in_the_order_of_the_reference_server() {
        let check = |query, is_get, is_websocket| Query::parse(query).check_handshake(is_get, is_websocket);
        assert_eq!(check("EIO=4&transport=polling", true, false), Ok(TransportKind::Polling));
        assert_eq!(check("EIO=4&transport=websocket", true, true), Ok(TransportKind::WebSocket));
        assert_eq!(check("EIO=4", true, false), Err(RequestError::TransportUnknown));
        assert_eq!(check("EIO=4&transport=abc", false, false), Err(RequestError::TransportUnknown));
        assert_eq!(check("transport=polling", false, false), Err(RequestError::BadHandshakeMethod));
        assert_eq!(check("EIO=4&transport=websocket", true, false), Err(RequestError::BadRequest));
        assert_eq!(check("EIO=4&transport=polling", true, true), Err(RequestError::BadRequest));
        for query in ["transport=polling", "EIO=abc&transport=polling", "EIO=3&transport=polling"] {
            assert_eq!(check(query, true, false), Err(RequestError::UnsupportedProtocolVersion), "{query}");
        }
    }

    #[test]
    fn revision_3_is_let_in_only_where_it_is_spoken() {
        let check = |query, revisions: &[Revision]| {
            Query::parse(query).check_handshake_of(revisions, true, false).map(|(_, revision)| revision)
        };
        let refused = Err(RequestError::UnsupportedProtocolVersion);
        let both = [Revision::V3, Revision::V4];
        assert_eq!(check("EIO=3&transport=polling", &both), Ok(Revision::V3));
        assert_eq!(check("EIO=4&transport=polling", &both), Ok(Revision::V4));
        assert_eq!(check("EIO=3&transport=polling", &[Revision::V4]), refused);
        assert_eq!(check("EIO=4&transport=polling", &[Revision::V3]), refused);
        for query in ["transport=polling", "EIO=2&transport=polling", "EIO=&transport=polling"] {
            assert_eq!(check(query, &both), Ok(Revision::V3), "{query}");
            assert_eq!(check(query, &[Revision::V4]), refused, "{query}");
        }
        for query in ["EIO=1&transport=polling", "EIO=5&transport=polling"] {
            assert_eq!(check(query, &both), refused, "{query}");
        }
        for revision in both {
            assert_eq!(Revision::from_number(revision.number()), Some(revision));
        }
    }

    #[test]
    fn the_body_of_an_error_says_its_code_and_message() {
        let all = [
            RequestError::TransportUnknown,
            RequestError::SessionUnknown,
            RequestError::BadHandshakeMethod,
            RequestError::BadRequest,
            RequestError::Forbidden,
            RequestError::UnsupportedProtocolVersion,
        ];
        for (code, error) in all.into_iter().enumerate() {
            assert_eq!(usize::from(error.code()), code);
            assert_eq!(error.body(), format!(r#"{{"code":{code},"message":"{}"}}"#, error.message()));
            assert_eq!(error.status(), if error == RequestError::Forbidden { 403 } else { 400 });
        }
    }
}
