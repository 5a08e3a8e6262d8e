//! The headers by which a node knows the requests that other nodes pass on to it.
//!
//! ```text
//! sio-forward: <token of the node that gets it> https 203.0.113.7:5000
//! ```
//!
//! Everybody who knows the token could also ask as a client; it only spares a request from being judged twice, and from going
//! round in circles.

use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::{Bytes, BytesMut};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::{Authority, PathAndQuery};
use hyper::{Method, Uri};
use sio_cluster::protocol::token::ForwardToken;
use smallvec::SmallVec;

use super::answer::names;
use super::client::Outgoing;
use crate::http::{Asked, RELEASE, Sender, Sent};
use crate::peer::Peer;

static FORWARD: HeaderName = HeaderName::from_static("sio-forward");

/// Headers that belong to a connection and its framing (RFC 9110 §7.6.1), and those that are made anew.
const NOT_PASSED: [&str; 9] = [
    "connection",
    "content-length",
    "expect",
    "keep-alive",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Knows the requests that come from other nodes.
#[derive(Debug)]
pub(super) struct Guard {
    /// None if nothing is taken from other nodes.
    token: Option<ForwardToken>,
}

impl Guard {
    pub(super) const fn new(token: Option<ForwardToken>) -> Self {
        Self { token }
    }

    /// Returns whether another node has passed a request with these headers on to this one.
    pub(super) fn is_passed_on(&self, headers: &HeaderMap) -> bool {
        headers.get(&FORWARD).is_some_and(|shown| self.is_known(parts(shown).0))
    }

    /// `is_of_other` returns whether this is the token of another node.
    pub(super) fn sender_of(&self, headers: &HeaderMap, is_of_other: impl FnOnce(&[u8]) -> bool) -> Sender {
        let Some(shown) = headers.get(&FORWARD) else { return Sender::Client };
        let (token, client) = parts(shown);
        if self.is_known(token) {
            Sender::Server(peer(client))
        } else if is_of_other(token) {
            Sender::Stray
        } else {
            Sender::Client
        }
    }

    fn is_known(&self, text: &[u8]) -> bool {
        self.token.is_some_and(|token| token.is(text))
    }
}

/// A token, and what is said of the client behind it.
fn parts(shown: &HeaderValue) -> (&[u8], &[u8]) {
    let mut parts = shown.as_bytes().splitn(2, |byte| *byte == b' ');
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// The client, as the node that it has asked sees it.
fn peer(told: &[u8]) -> Peer {
    let (address, is_secure) = match (told.strip_prefix(b"https "), told.strip_prefix(b"http ")) {
        (Some(address), _) => (address, true),
        (None, address) => (address.unwrap_or_default(), false),
    };
    let address = std::str::from_utf8(address).ok().and_then(|address| address.parse::<SocketAddr>().ok());
    Peer::of_connection(address, is_secure)
}

/// A polling request for the node with this token.
pub(super) fn request(asked: &Asked<'_>, body: Sent, token: &ForwardToken) -> Outgoing {
    let mut head = Head::new(asked.method, asked, token);
    head.pass(asked);
    let is_get = asked.method == Method::GET;
    match body {
        Sent::Whole(body) => {
            if !is_get {
                head.put_length(body.len() as u64);
            }
            Outgoing { head: head.end(), body, is_get, has_no_body: false }
        }
        Sent::TooLarge { announced } => {
            head.put_length(announced);
            // The answer comes without the body, which does not.
            head.put(&header::EXPECT, b"100-continue");
            Outgoing { head: head.end(), body: Bytes::new(), is_get, has_no_body: true }
        }
    }
}

/// A request by which the node with this token learns that it is not to wait for the client of this one any more.
pub(super) fn release(uri: &Uri, client: Peer, token: &ForwardToken) -> Outgoing {
    let asked = Asked { method: &Method::GET, uri, headers: &HeaderMap::new(), client };
    let mut head = Head::new(asked.method, &asked, token);
    head.pass(&asked);
    head.put(&RELEASE, b"1");
    Outgoing { head: head.end(), body: Bytes::new(), is_get: true, has_no_body: false }
}

/// A request for a WebSocket of a session of the node with this token.
pub(super) fn upgrade(asked: &Asked<'_>, token: &ForwardToken) -> Outgoing {
    let mut head = Head::new(&Method::GET, asked, token);
    head.pass(asked);
    head.put(&header::CONNECTION, b"upgrade");
    head.put(&header::UPGRADE, b"websocket");
    // Over HTTP/2 a client sends no key, since there is no connection of its own that it could prove.
    if asked.method == Method::CONNECT {
        head.put(&header::SEC_WEBSOCKET_KEY, STANDARD.encode([0; 16]).as_bytes());
        head.put(&header::SEC_WEBSOCKET_VERSION, b"13");
    }
    Outgoing { head: head.end(), body: Bytes::new(), is_get: true, has_no_body: false }
}

/// The head of a request as it is written.
struct Head(BytesMut);

impl Head {
    /// Most requests fit.
    const ROOM: usize = 1024;

    /// The request line, and what this node says of itself and the client.
    fn new(method: &Method, asked: &Asked<'_>, token: &ForwardToken) -> Self {
        let mut head = Self(BytesMut::with_capacity(Self::ROOM));
        let path = asked.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let scheme = if asked.client.is_secure { " https " } else { " http " };
        let forward = [FORWARD.as_str(), ": ", token.as_str(), scheme];
        for part in [method.as_str(), " ", path, " HTTP/1.1\r\n"].iter().chain(&forward) {
            head.0.extend_from_slice(part.as_bytes());
        }
        head.put_address(asked.client.address);
        head.0.extend_from_slice(b"\r\n");
        head
    }

    fn put_address(&mut self, address: Option<SocketAddr>) {
        let Some(address) = address else { return self.0.extend_from_slice(b"unknown") };
        let IpAddr::V4(ip) = address.ip() else {
            return write!(self.0, "{address}").expect("there is room in memory");
        };
        // As it is written by itself, in a tenth of the steps.
        let mut digits = itoa::Buffer::new();
        for (part, end) in ip.octets().into_iter().zip(*b"...:") {
            self.0.extend_from_slice(digits.format(part).as_bytes());
            self.0.extend_from_slice(&[end]);
        }
        self.0.extend_from_slice(digits.format(address.port()).as_bytes());
    }

    /// Writes the headers of the client's request, without those of its connection and those that are made anew.
    fn pass(&mut self, asked: &Asked<'_>) {
        let connection: SmallVec<[&[u8]; 2]> =
            asked.headers.get_all(header::CONNECTION).iter().map(HeaderValue::as_bytes).collect();
        let mut has_host = false;
        for (name, value) in asked.headers {
            if is_of_one_connection(name.as_str(), &connection) || *name == FORWARD || *name == RELEASE {
                continue;
            }
            has_host |= name == header::HOST;
            self.put(name, value.as_bytes());
        }
        if !has_host {
            // HTTP/2 has the host in the URI, HTTP/1.1 in a header. A client of HTTP/1.0 need not name one, and has been
            // judged as it came; HTTP/1.1 wants one.
            let host = asked.uri.authority().map_or("unknown", Authority::as_str);
            self.put(&header::HOST, host.as_bytes());
        }
    }

    fn put(&mut self, name: &HeaderName, value: &[u8]) {
        for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
            self.0.extend_from_slice(part);
        }
    }

    fn put_length(&mut self, length: u64) {
        self.put(&header::CONTENT_LENGTH, itoa::Buffer::new().format(length).as_bytes());
    }

    fn end(mut self) -> Bytes {
        self.0.extend_from_slice(b"\r\n");
        self.0.freeze()
    }
}

/// Returns whether a header belongs to one connection: by itself, or since `connection` names it.
pub(super) fn is_of_one_connection(name: &str, connection: &[&[u8]]) -> bool {
    NOT_PASSED.iter().any(|one| name.eq_ignore_ascii_case(one))
        || connection.iter().any(|list| names(list, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token() -> ForwardToken {
        ForwardToken::from_random([1; 16])
    }

    /// A request as a client has sent it.
    struct Client {
        method: Method,
        uri: Uri,
        headers: HeaderMap,
        peer: Peer,
    }

    impl Client {
        fn new(headers: &[(&str, &str)]) -> Self {
            let headers = headers.iter().map(|(name, value)| {
                (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
            });
            Self {
                method: Method::GET,
                uri: "http://chat.example/socket.io/?EIO=4&sid=x".parse().expect("a URI"),
                headers: headers.collect(),
                peer: Peer::new("203.0.113.7:5000".parse().expect("an address"), true),
            }
        }

        fn asked(&self) -> Asked<'_> {
            let Self { method, uri, headers, peer } = self;
            Asked { method, uri, headers, client: *peer }
        }

        /// The request as the other node reads it.
        fn passed(&self) -> (String, HeaderMap) {
            read(&request(&self.asked(), Sent::Whole(Bytes::new()), &token()))
        }
    }

    fn read(request: &Outgoing) -> (String, HeaderMap) {
        let text = std::str::from_utf8(&request.head).expect("it is text");
        let (line, rest) = text.split_once("\r\n").expect("a line");
        let headers = rest.strip_suffix("\r\n\r\n").expect("it ends").split("\r\n").map(|line| {
            let (name, value) = line.split_once(": ").expect("a header");
            (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
        });
        let mut all = HeaderMap::new();
        for (name, value) in headers {
            all.append(name, value);
        }
        (line.to_owned(), all)
    }

    #[test]
    fn what_is_passed_on_is_known_by_the_node_that_it_is_for_and_by_no_other() {
        let (line, headers) = Client::new(&[]).passed();
        let client = Peer::new("203.0.113.7:5000".parse().expect("an address"), true);
        let other = ForwardToken::from_random([2; 16]);
        let at = |token, is_of_other| Guard::new(token).sender_of(&headers, |_| is_of_other);
        assert_eq!(at(Some(token()), false), Sender::Server(client));
        for token in [Some(other), None] {
            assert_eq!(at(token, true), Sender::Stray);
            assert_eq!(at(token, false), Sender::Client, "made up by a client");
        }
        assert_eq!(Guard::new(Some(token())).sender_of(&HeaderMap::new(), |_| true), Sender::Client);
        assert_eq!(line, "GET /socket.io/?EIO=4&sid=x HTTP/1.1");
        assert_eq!(headers[header::HOST], "chat.example");
    }

    #[test]
    fn a_client_cannot_say_who_it_is_nor_what_is_for_the_connection() {
        let (_, headers) = Client::new(&[
            ("host", "a.example"),
            ("sio-forward", "x https 192.0.2.1:1"),
            ("sio-release", "1"),
            ("connection", "close, X-Own"),
            ("x-own", "1"),
            ("transfer-encoding", "chunked"),
            ("content-length", "7"),
            ("cookie", "io=1"),
            ("x-more", "1"),
            ("x-more", "2"),
        ])
        .passed();
        assert_eq!(headers[&FORWARD], "AQEBAQEBAQEBAQEBAQEBAQ https 203.0.113.7:5000");
        for (name, count) in [("sio-forward", 1), ("host", 1), ("x-more", 2)] {
            assert_eq!(headers.get_all(name).iter().count(), count, "{name}");
        }
        assert_eq!(
            (&headers["host"], &headers["cookie"]),
            (&"a.example".parse().unwrap(), &"io=1".parse().unwrap())
        );
        for name in ["connection", "x-own", "transfer-encoding", "content-length", "sio-release"] {
            assert!(!headers.contains_key(name), "{name}");
        }
    }

    #[test]
    fn the_other_node_knows_the_client_as_this_one_does() {
        let addresses = ["192.0.2.1:0", "255.10.0.99:65535", "[2001:db8::1]:80"];
        let addresses = addresses.map(|address| Some(address.parse().expect("an address")));
        for address in addresses.into_iter().chain([None]) {
            for is_secure in [true, false] {
                let peer = Peer::of_connection(address, is_secure);
                let (_, headers) = Client { peer, ..Client::new(&[]) }.passed();
                let guard = Guard::new(Some(token()));
                assert!(guard.is_passed_on(&headers));
                assert_eq!(guard.sender_of(&headers, |_| false), Sender::Server(peer));
            }
        }
    }

    #[test]
    fn a_request_without_a_host_gets_one_as_http_1_1_wants() {
        for headers in [&[][..], &[("host", "a.example"), ("connection", "host")]] {
            let uri = "/socket.io/?EIO=4&sid=x".parse().expect("a URI");
            let (_, headers) = Client { uri, ..Client::new(headers) }.passed();
            assert_eq!(headers[header::HOST], "unknown");
        }
    }

    #[test]
    fn a_body_is_sent_with_its_length_and_one_that_is_too_large_is_announced() {
        let client = Client { method: Method::POST, ..Client::new(&[("content-length", "7")]) };
        for (length, expect, sent) in [
            ("0", None, Sent::Whole(Bytes::new())),
            ("3", None, Sent::Whole("abc".into())),
            ("1001", Some(&HeaderValue::from_static("100-continue")), Sent::TooLarge { announced: 1001 }),
        ] {
            let (line, headers) = read(&request(&client.asked(), sent, &token()));
            assert!(line.starts_with("POST "), "{line}");
            assert_eq!(
                (&headers[header::CONTENT_LENGTH], headers.get(header::EXPECT)),
                (&length.parse().unwrap(), expect)
            );
        }
    }

    #[test]
    fn a_websocket_over_http_2_becomes_one_over_http_1() {
        let client = Client { method: Method::CONNECT, ..Client::new(&[]) };
        let (line, headers) = read(&upgrade(&client.asked(), &token()));
        assert_eq!(line, "GET /socket.io/?EIO=4&sid=x HTTP/1.1");
        assert_eq!(headers[header::SEC_WEBSOCKET_KEY].len(), 24);
        assert_eq!(headers[header::UPGRADE], "websocket");
    }
}
