//! Socket.IO protocol v4, which travels over Engine.IO v3: where it differs from v5.
//!
//! ```text
//! CONNECT  "0" [namespace ["?" query] [","]]     no auth payload, but a query; the server puts every client into `/`
//!                                                 by itself and tells it by "0"
//! answer   "0" [namespace ","]                    without an id
//! ERROR    "4" [namespace ","] json               the data of the error, or its message, instead of an object of both
//! ```
//!
//! Events, acknowledgements, attachments and DISCONNECT are the same.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use bytestring::ByteString;

use crate::args::{Malformed, Reader};
use crate::engine::frame::{Frames, write_text_frame};
use crate::socket::decode;
use crate::socket::packet::{DecodeError, Kind, MAIN_NAMESPACE, Packet};

/// Decodes the packets of one connection, like [`socket::Decoder`](crate::socket::Decoder).
///
/// The query of a CONNECT becomes its auth payload: an object of texts, of which the last counts where a name
/// is repeated. Without a query there is none, whatever else the packet holds.
///
/// # Examples
///
/// ```
/// use sio_core::v3::socket::Decoder;
///
/// let mut decoder = Decoder::new(10);
/// let packet = decoder.text("0/chat?token=a%20b&x=1,".into())?.expect("no attachments are due");
/// assert_eq!(packet.namespace, "/chat");
/// assert_eq!(packet.data.as_deref(), Some(r#"{"token":"a b","x":"1"}"#));
/// # Ok::<(), sio_core::socket::DecodeError>(())
/// ```
#[derive(Debug)]
pub struct Decoder(decode::Decoder);

impl Decoder {
    /// Makes a decoder that accepts packets with at most `max_attachments` attachments.
    #[must_use]
    pub const fn new(max_attachments: usize) -> Self {
        Self(decode::Decoder::new(max_attachments))
    }

    /// Decodes a text message. `None`: the packet's attachments are due.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] if it is no packet, or if the attachments of the packet before are due.
    pub fn text(&mut self, text: ByteString) -> Result<Option<Packet>, DecodeError> {
        let auth = query(&text).map(auth);
        let mut packet = self.0.text(text)?;
        if let Some(connect @ Packet { kind: Kind::Connect, .. }) = &mut packet {
            connect.data = auth;
        }
        Ok(packet)
    }

    /// Takes an attachment. `None`: more are due.
    ///
    /// # Errors
    ///
    /// [`DecodeError::UnexpectedBinary`] if no attachment is due.
    pub fn binary(&mut self, data: Bytes) -> Result<Option<Packet>, DecodeError> {
        self.0.binary(data)
    }

    /// Does the same as [`socket::Decoder::unfinished`](crate::socket::Decoder::unfinished).
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.0.unfinished()
    }
}

/// The query in the namespace of a CONNECT.
fn query(text: &str) -> Option<&str> {
    let namespace = text.strip_prefix('0').filter(|rest| rest.starts_with('/'))?;
    let (namespace, _) = namespace.split_once(',').unwrap_or((namespace, ""));
    namespace.split_once('?').map(|(_, query)| query)
}

fn auth(query: &str) -> ByteString {
    let members: BTreeMap<Cow<'_, str>, Cow<'_, str>> = form_urlencoded::parse(query.as_bytes()).collect();
    serde_json::to_string(&members).expect("texts are always JSON").into()
}

/// Makes the CONNECT for `/` that clients of this protocol do not send: it is to be handled at the beginning of each
/// connection, as if it had come from the client.
///
/// # Examples
///
/// ```
/// use sio_core::socket::{Action, Client};
/// use sio_core::v3::socket;
///
/// let mut client = Client::new(32);
/// let Action::Connect { namespace, auth, .. } = client.handle(socket::connect())? else { panic!("not a connect") };
/// assert_eq!(namespace, "/");
/// assert!(auth.is_none());
/// # Ok::<(), sio_core::socket::Violation>(())
/// ```
#[must_use]
pub fn connect() -> Packet {
    Packet {
        kind: Kind::Connect,
        namespace: ByteString::from_static(MAIN_NAMESPACE),
        id: None,
        data: None,
        attachments: Vec::new(),
    }
}

/// Turns a packet that is to be sent, as [`socket::encode`](crate::socket::encode) made it, into one of this protocol.
///
/// CONNECT loses its payload. The payload of a CONNECT_ERROR becomes its `data`, or its `message` where the data are
/// missing or what JavaScript takes for false. Everything else is the same in both protocols and is not copied.
///
/// # Examples
///
/// ```
/// use sio_core::id::Sid;
/// use sio_core::socket::encode;
/// use sio_core::v3::socket;
///
/// let sid = Sid::from_random([0; 15]);
/// assert_eq!(socket::downgrade(&encode::connect("/", &sid, None)), &b"\x81\x0240"[..]);
/// assert_eq!(socket::downgrade(&encode::connect("/chat", &sid, None)), &b"\x81\x0840/chat,"[..]);
/// let refusal = encode::connect_error("/", "no entry", None);
/// assert_eq!(socket::downgrade(&refusal), &b"\x81\x0c44\"no entry\""[..]);
/// let refusal = encode::connect_error("/", "no entry", Some("[401]"));
/// assert_eq!(socket::downgrade(&refusal), &b"\x81\x0744[401]"[..]);
/// ```
#[must_use]
pub fn downgrade(run: &Bytes) -> Bytes {
    let Some((false, text)) = Frames::new(run.clone()).next() else { return run.clone() };
    let payload = match text.get(..2) {
        Some(b"40") => Some(""),
        Some(b"44") => None,
        _ => return run.clone(),
    };
    let Ok(text) = ByteString::try_from(text) else { return run.clone() };
    let (header, object) = split_header(&text);
    let payload = payload.or_else(|| error(object)).unwrap_or(object);
    let mut out = Vec::with_capacity(run.len());
    write_text_frame(&mut out, &[header.as_bytes(), payload.as_bytes()]);
    out.into()
}

/// Splits a message into what stands before its payload, and the payload.
fn split_header(text: &str) -> (&str, &str) {
    let is_main = text.as_bytes().get(2) != Some(&b'/');
    let end = if is_main { Some(2) } else { text.find(',').map(|comma| comma + 1) };
    text.split_at(end.unwrap_or(text.len()))
}

/// Returns the text that stands for the error of a CONNECT_ERROR, `None` if this is not such a payload.
fn error(object: &str) -> Option<&str> {
    let (mut message, mut data) = (None, None);
    let mut reader = Reader::new(object, 0);
    let mut members = || -> Result<(), Malformed> {
        reader.expect(b'{')?;
        loop {
            let name = reader.string()?;
            reader.expect(b':')?;
            reader.peek();
            let start = reader.position();
            reader.skip()?;
            let value = &object[start..reader.position()];
            match &*name {
                "message" => message = Some(value),
                "data" => data = Some(value),
                _ => {}
            }
            if reader.expect(b',').is_err() {
                return reader.expect(b'}');
            }
        }
    };
    members().ok()?;
    data.filter(|data| is_truthy(data)).or(message)
}

/// Returns whether JavaScript takes a value for true.
fn is_truthy(json: &str) -> bool {
    !matches!(json, "null" | "false" | "\"\"") && json.parse::<f64>().ok() != Some(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::frame::Frames;
    use crate::id::Sid;
    use crate::socket::encode;

    fn decode(text: &str) -> Packet {
        Decoder::new(3).text(text.into()).unwrap().unwrap()
    }

    fn auth(text: &str) -> Option<String> {
        decode(text).data.map(String::from)
    }

    fn downgraded(run: &Bytes) -> String {
        let (_, text) = Frames::new(downgrade(run)).next().unwrap();
        String::from_utf8(text.to_vec()).unwrap()
    }

    #[test]
    fn a_query_is_the_auth_payload() {
        // As socket.io-client 2.5.0 sends `{token: "a b,ü&+", x: 1}`.
        let sent = "0/chat?token=a%20b%2C%C3%BC%26%2B&x=1,";
        assert_eq!(decode(sent).namespace, "/chat");
        assert_eq!(auth(sent).as_deref(), Some(r#"{"token":"a b,ü&+","x":"1"}"#));
        assert_eq!(auth("0/chat?token=x").as_deref(), Some(r#"{"token":"x"}"#));
        assert_eq!(auth("0/chat?a=1&a=2&b&=&c=%ff,").as_deref(), Some(r#"{"":"","a":"2","b":"","c":"�"}"#));
        assert_eq!(auth("0/chat?a=1?b=+%22\",").as_deref(), Some(r#"{"a":"1?b= \"\""}"#));
        assert_eq!(auth("0/chat?,").as_deref(), Some("{}"));
    }

    #[test]
    fn without_a_query_there_is_no_auth_payload() {
        for text in ["0", "0/chat", "0/chat,", "0{\"token\":\"?\"}", "0/chat,{\"token\":\"?x=1\"}"] {
            assert_eq!(auth(text), None, "{text}");
        }
    }

    #[test]
    fn everything_else_is_decoded_as_in_v5() {
        assert_eq!(auth("2/chat,0[\"a?b=1\"]").as_deref(), Some("[\"a?b=1\"]"));
        assert_eq!(decode("1/chat,").kind, Kind::Disconnect);
        let mut decoder = Decoder::new(1);
        assert!(decoder.text("51-[\"a\",{\"_placeholder\":true,\"num\":0}]".into()).unwrap().is_none());
        let packet = decoder.binary("x".into()).unwrap().unwrap();
        assert_eq!((packet.kind, packet.attachments), (Kind::BinaryEvent, vec!["x".into()]));
        assert_eq!(decoder.text("0/x?a=1,[".into()).unwrap_err(), DecodeError::NotJson);
    }

    #[test]
    fn connect_loses_its_payload() {
        let sid = Sid::from_random([7; 15]);
        assert_eq!(downgraded(&encode::connect("/", &sid, Some("p"))), "40");
        assert_eq!(downgraded(&encode::connect("/a/b", &sid, None)), "40/a/b,");
        let once = downgrade(&encode::connect("/a", &sid, None));
        assert_eq!(downgrade(&once), once);
    }

    #[test]
    fn an_error_is_its_data_or_else_its_message() {
        let error = |namespace, message, data| downgraded(&encode::connect_error(namespace, message, data));
        assert_eq!(error("/guard", "not authorized", Some("{\"code\":401}")), "44/guard,{\"code\":401}");
        assert_eq!(error("/random", "Invalid namespace", None), "44/random,\"Invalid namespace\"");
        assert_eq!(error("/", "say \"no\", {}", None), r#"44"say \"no\", {}""#);
        for falsy in ["null", "false", "0", "-0", "0.0e3", "\"\""] {
            assert_eq!(error("/", "no", Some(falsy)), "44\"no\"", "{falsy}");
        }
        for truthy in ["true", "1", "\"0\"", "[]", "{}", "[0]", "\"false\"", "[{\"message\":1}]"] {
            assert_eq!(error("/", "no", Some(truthy)), format!("44{truthy}"));
        }
        // The application's data are not checked when they are sent.
        assert_eq!(error("/", "no", Some("{")), r#"44{"message":"no","data":{}"#);
    }

    #[test]
    fn other_packets_are_shared() {
        for run in [
            encode::event("/40", None, "0", &1).unwrap(),
            encode::ack("/", 40, &()).unwrap(),
            encode::disconnect("/x"),
            crate::engine::packet::Packet::Close.frame(),
            crate::engine::packet::Packet::decode_binary("40".into()).frame(),
            Bytes::new(),
        ] {
            assert_eq!(downgrade(&run).as_ptr(), run.as_ptr());
        }
    }
}
