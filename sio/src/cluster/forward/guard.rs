//! The headers by which a node knows the requests that other nodes pass on to it.
//!
//! ```text
//! sio-forward: <token of the node that gets it>
//! sio-client: https 203.0.113.7:5000
//! ```
//!
//! Everybody who knows the token could also ask as a client; it only spares a request from being judged twice, and from going
//! round in circles.

use std::net::SocketAddr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Version};
use sio_cluster::protocol::token::ForwardToken;

use super::client::Outgoing;
use crate::http::{Asked, RELEASE, Sender, Sent};
use crate::peer::Peer;

const FORWARD: HeaderName = HeaderName::from_static("sio-forward");
const CLIENT: HeaderName = HeaderName::from_static("sio-client");

/// Headers that belong to a connection and its framing (RFC 9110 §7.6.1), and those that are made anew.
const NOT_PASSED: [HeaderName; 9] = [
    header::CONNECTION,
    header::UPGRADE,
    header::TRANSFER_ENCODING,
    header::CONTENT_LENGTH,
    header::TE,
    header::TRAILER,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
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

    /// `is_of_other` returns whether this is the token of another node.
    pub(super) fn sender_of(&self, headers: &HeaderMap, is_of_other: impl FnOnce(&[u8]) -> bool) -> Sender {
        let Some(shown) = headers.get(FORWARD) else { return Sender::Client };
        if self.token.is_some_and(|token| token.is(shown.as_bytes())) {
            Sender::Server(client(headers))
        } else if is_of_other(shown.as_bytes()) {
            Sender::Stray
        } else {
            Sender::Client
        }
    }
}

/// A polling request for the node with this token.
pub(super) fn request(asked: Asked, body: Sent, token: &ForwardToken) -> Request<Outgoing> {
    let is_announced = matches!(body, Sent::TooLarge { .. });
    let mut request = Request::new(Outgoing::new(body));
    pass(asked, token, &mut request);
    if is_announced {
        // The answer comes without the body, which does not.
        request.headers_mut().insert(header::EXPECT, HeaderValue::from_static("100-continue"));
    }
    request
}

/// A request by which the node with this token learns that it is not to wait for the client of this one any more.
pub(super) fn release(asked: Asked, token: &ForwardToken) -> Request<Outgoing> {
    let mut request = Request::new(Outgoing::nothing());
    pass(Asked { headers: HeaderMap::new(), method: Method::GET, ..asked }, token, &mut request);
    request.headers_mut().insert(RELEASE, HeaderValue::from_static("1"));
    request
}

/// A request for a WebSocket of a session of the node with this token.
pub(super) fn upgrade(asked: Asked, token: &ForwardToken) -> Request<Outgoing> {
    let mut request = Request::new(Outgoing::nothing());
    // Over HTTP/2 a client sends no key, since there is no connection of its own that it could prove.
    let is_made = asked.method == Method::CONNECT;
    pass(asked, token, &mut request);
    *request.method_mut() = Method::GET;
    let headers = request.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    if is_made {
        let key = HeaderValue::from_str(&STANDARD.encode([0; 16])).expect("base64 is a valid header value");
        headers.insert(header::SEC_WEBSOCKET_KEY, key);
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    }
    request
}

fn pass(asked: Asked, token: &ForwardToken, request: &mut Request<Outgoing>) {
    let Asked { method, uri, mut headers, client } = asked;
    *request.version_mut() = Version::HTTP_11;
    *request.method_mut() = method;
    // HTTP/2 has the host in the URI, HTTP/1.1 in a header.
    if let Some(host) = uri.authority().and_then(|host| HeaderValue::from_str(host.as_str()).ok()) {
        headers.entry(header::HOST).or_insert(host);
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().expect("a part of a URI is one");
    drop_hop_by_hop(&mut headers);
    // A client of HTTP/1.0 need not name a host, and has been judged as it came; HTTP/1.1 wants one.
    headers.entry(header::HOST).or_insert(HeaderValue::from_static("unknown"));
    let token = HeaderValue::from_str(&token.to_text()).expect("base64 is a valid header value");
    headers.insert(FORWARD, token);
    headers.remove(CLIENT);
    headers.remove(RELEASE);
    let scheme = if client.is_secure { "https" } else { "http" };
    let address = client.address.map_or_else(|| "unknown".to_owned(), |address| address.to_string());
    let client = HeaderValue::from_str(&format!("{scheme} {address}")).expect("an address is plain text");
    headers.insert(CLIENT, client);
    *request.headers_mut() = headers;
}

/// Removes what belongs to one connection, what `Connection` names included.
pub(super) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let values = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let named: Vec<HeaderName> =
        values.flat_map(|value| value.split(',')).filter_map(|name| name.trim().parse().ok()).collect();
    for name in named.iter().chain(&NOT_PASSED) {
        headers.remove(name);
    }
}

/// The client, as the node that it has asked sees it.
fn client(headers: &HeaderMap) -> Peer {
    let told = headers.get(CLIENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (scheme, address) = told.split_once(' ').unwrap_or_default();
    Peer::of_connection(address.parse::<SocketAddr>().ok(), scheme == "https")
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: ForwardToken = ForwardToken::from_random([1; 16]);

    fn asked(headers: &[(&str, &str)]) -> Asked {
        let headers = headers.iter().map(|(name, value)| {
            (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
        });
        Asked {
            method: Method::GET,
            uri: "http://chat.example/socket.io/?EIO=4&sid=x".parse().expect("a URI"),
            headers: headers.collect(),
            client: Peer::new("203.0.113.7:5000".parse().expect("an address"), true),
        }
    }

    #[test]
    fn what_is_passed_on_is_known_by_the_node_that_it_is_for_and_by_no_other() {
        let request = request(asked(&[]), Sent::Whole("x".into()), &TOKEN);
        let client = Peer::new("203.0.113.7:5000".parse().expect("an address"), true);
        let other = ForwardToken::from_random([2; 16]);
        let at = |token, is_of_other| Guard::new(token).sender_of(request.headers(), |_| is_of_other);
        assert_eq!(at(Some(TOKEN), false), Sender::Server(client));
        for token in [Some(other), None] {
            assert_eq!(at(token, true), Sender::Stray);
            assert_eq!(at(token, false), Sender::Client, "made up by a client");
        }
        assert_eq!(Guard::new(Some(TOKEN)).sender_of(&HeaderMap::new(), |_| true), Sender::Client);
        assert_eq!(request.uri(), "/socket.io/?EIO=4&sid=x");
        assert_eq!(request.headers()[header::HOST], "chat.example");
    }

    #[test]
    fn a_client_cannot_say_who_it_is_nor_what_is_for_the_connection() {
        let request = request(
            asked(&[
                ("host", "a.example"),
                ("sio-client", "https 192.0.2.1:1"),
                ("sio-forward", "x"),
                ("connection", "close, X-Own"),
                ("x-own", "1"),
                ("transfer-encoding", "chunked"),
                ("cookie", "io=1"),
            ]),
            Sent::Whole("x".into()),
            &TOKEN,
        );
        let headers = request.headers();
        assert_eq!(headers[CLIENT], "https 203.0.113.7:5000");
        assert_eq!(headers.get_all(CLIENT).iter().count(), 1);
        assert_eq!(headers.get_all(FORWARD).iter().count(), 1);
        assert_eq!(
            (&headers["host"], &headers["cookie"]),
            (&"a.example".parse().unwrap(), &"io=1".parse().unwrap())
        );
        for name in ["connection", "x-own", "transfer-encoding"] {
            assert!(!headers.contains_key(name), "{name}");
        }
    }

    #[test]
    fn a_client_without_an_address_has_none_there_either() {
        let unknown = Asked { client: Peer::default(), ..asked(&[]) };
        let request = request(unknown, Sent::Whole("x".into()), &TOKEN);
        let sender = Guard::new(Some(TOKEN)).sender_of(request.headers(), |_| false);
        assert_eq!(sender, Sender::Server(Peer::default()));
    }

    #[test]
    fn a_request_without_a_host_gets_one_as_http_1_1_wants() {
        for headers in [&[][..], &[("host", "a.example"), ("connection", "host")]] {
            let asked = Asked { uri: "/socket.io/?EIO=4&sid=x".parse().expect("a URI"), ..asked(headers) };
            let request = request(asked, Sent::Whole("x".into()), &TOKEN);
            assert_eq!(request.headers()[header::HOST], "unknown");
        }
    }

    #[test]
    fn a_websocket_over_http_2_becomes_one_over_http_1() {
        let asked = Asked { method: Method::CONNECT, ..asked(&[]) };
        let request = upgrade(asked, &TOKEN);
        assert_eq!((request.method(), request.version()), (&Method::GET, Version::HTTP_11));
        assert_eq!(request.headers()[header::SEC_WEBSOCKET_KEY].len(), 24);
        assert_eq!(request.headers()[header::UPGRADE], "websocket");
    }
}
