//! What proxies say of the client (RFC 7239, and the `X-Forwarded-*` headers before it).
//!
//! ```text
//! X-Forwarded-For: client, proxy1, proxy2          the last proxy is the connection's own peer
//! Forwarded: for=client;proto=https, for="[2001:db8::1]:4711"
//! ```

use std::net::{IpAddr, SocketAddr};

use hyper::header::{self, HeaderMap, HeaderName};

use super::peer::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Which headers of proxies are believed. Default: none, since any client can send them.
///
/// A proxy appends the address of whom it talked to. With `hops` proxies before the server, all of which can be
/// trusted, the client is the one that the first of them saw: the entry at the place `hops` from the right. What
/// stands left of it was sent by the client and can be anything. The server must not be reachable past its proxies.
///
/// # Examples
///
/// ```
/// use sio::http::Forwarded;
///
/// // A CDN, then a load balancer, then this server.
/// let forwarded = Forwarded::x_forwarded_for().hops(2);
/// # let _ = forwarded;
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Forwarded {
    source: Source,
    hops: usize,
}

#[derive(Debug, Clone, Copy)]
enum Source {
    XForwardedFor,
    Standard,
}

impl Forwarded {
    /// Believes one proxy's `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[must_use]
    pub fn x_forwarded_for() -> Self {
        Self { source: Source::XForwardedFor, hops: 1 }
    }

    /// Believes one proxy's `Forwarded` (RFC 7239).
    #[must_use]
    pub fn standard() -> Self {
        Self { source: Source::Standard, hops: 1 }
    }

    /// How many proxies stand before the server and are believed. Default 1.
    #[must_use]
    pub fn hops(mut self, hops: usize) -> Self {
        self.hops = hops;
        self
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.hops > 0
    }

    /// The client, as the first of the proxies saw it. Without the header it is the connection's own peer.
    pub(crate) fn client(&self, headers: &HeaderMap, peer: Peer) -> Peer {
        match self.source {
            Source::XForwardedFor => {
                let address = match self.entry(headers, &X_FORWARDED_FOR) {
                    Some(text) => address(text),
                    None => peer.address,
                };
                let proto = self.entry(headers, &X_FORWARDED_PROTO);
                Peer { address, is_secure: proto.map_or(peer.is_secure, is_secure) }
            }
            Source::Standard => {
                let Some(element) = self.entry(headers, &header::FORWARDED) else { return peer };
                Peer {
                    address: parameter(element, "for").map_or(peer.address, address),
                    is_secure: parameter(element, "proto").map_or(peer.is_secure, is_secure),
                }
            }
        }
    }

    /// The entry of the first trusted proxy. A list that is shorter came by fewer proxies, or a proxy replaces the
    /// header instead of adding to it: then the first entry is it.
    fn entry<'a>(&self, headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
        let lines = headers.get_all(name).iter().rev();
        let entries = lines.flat_map(|line| line.to_str().unwrap_or_default().rsplit(','));
        entries.take(self.hops).last().map(str::trim)
    }
}

/// The value of a parameter of an element of `Forwarded`: `for=…;proto=…`, values quoted where they have to be. No
/// value that is understood here holds a comma, a semicolon or an escape.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (found, value) = pair.trim().split_once('=')?;
        found.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

/// An address with or without a port, which is 0 then; none for `unknown`, a made-up name or nonsense.
fn address(text: &str) -> Option<SocketAddr> {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0))
}

fn is_secure(proto: &str) -> bool {
    proto.eq_ignore_ascii_case("https") || proto.eq_ignore_ascii_case("wss")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(forwarded: Forwarded, headers: &[(&'static str, &str)]) -> Peer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        forwarded.client(&map, Peer::new("10.0.0.9:1000".parse().unwrap(), false))
    }

    fn x(hops: usize, list: &str) -> Option<String> {
        let peer = client(Forwarded::x_forwarded_for().hops(hops), &[("x-forwarded-for", list)]);
        peer.address.map(|address| address.to_string())
    }

    #[test]
    fn the_client_is_counted_from_the_right() {
        assert_eq!(x(1, "1.1.1.1, 2.2.2.2").as_deref(), Some("2.2.2.2:0"));
        assert_eq!(x(2, "9.9.9.9,1.1.1.1 ,2.2.2.2").as_deref(), Some("1.1.1.1:0"));
        assert_eq!(x(3, "1.1.1.1").as_deref(), Some("1.1.1.1:0"));
    }

    #[test]
    fn several_lines_are_one_list() {
        let lines = [("x-forwarded-for", "1.1.1.1, 2.2.2.2"), ("x-forwarded-for", "3.3.3.3")];
        let peer = client(Forwarded::x_forwarded_for().hops(2), &lines);
        assert_eq!(peer.ip(), Some("2.2.2.2".parse().unwrap()));
    }

    #[test]
    fn addresses_come_with_and_without_ports() {
        assert_eq!(x(1, "1.1.1.1:80").as_deref(), Some("1.1.1.1:80"));
        assert_eq!(x(1, "2001:db8::1").as_deref(), Some("[2001:db8::1]:0"));
        assert_eq!(x(1, "[2001:db8::1]").as_deref(), Some("[2001:db8::1]:0"));
        assert_eq!(x(1, "[2001:db8::1]:80").as_deref(), Some("[2001:db8::1]:80"));
    }

    #[test]
    fn what_is_no_address_is_unknown() {
        for text in ["unknown", "_hidden", "", "1.1.1", "[::1", "1.1.1.1:99999"] {
            assert_eq!(x(1, text), None, "{text:?}");
        }
    }

    #[test]
    fn without_headers_the_peer_is_the_client() {
        let peer = Peer::new("10.0.0.9:1000".parse().unwrap(), false);
        assert_eq!(client(Forwarded::x_forwarded_for(), &[]), peer);
        assert_eq!(client(Forwarded::standard(), &[]), peer);
    }

    #[test]
    fn only_the_configured_header_counts() {
        let both =
            [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https"), ("forwarded", "for=2.2.2.2")];
        let peer = client(Forwarded::standard(), &both);
        assert_eq!((peer.ip(), peer.is_secure), (Some("2.2.2.2".parse().unwrap()), false));
        let peer = client(Forwarded::x_forwarded_for(), &both);
        assert_eq!((peer.ip(), peer.is_secure), (Some("1.1.1.1".parse().unwrap()), true));
    }

    #[test]
    fn the_standard_header_is_read_whole() {
        let list = r#"for=9.9.9.9, For="[2001:db8::1]:4711";by=_x;Proto=https, for=unknown;proto=http"#;
        let peer = client(Forwarded::standard().hops(2), &[("forwarded", list)]);
        assert_eq!(peer.address, Some("[2001:db8::1]:4711".parse().unwrap()));
        assert!(peer.is_secure);
        let peer = client(Forwarded::standard(), &[("forwarded", list)]);
        assert_eq!(peer, Peer { address: None, is_secure: false });
    }
}
