//! The client's address, host and scheme as proxies report them (RFC 7239, and the `X-Forwarded-*` headers before
//! it).
//!
//! ```text
//! X-Forwarded-For: client, proxy1, proxy2          the last proxy is the connection's own peer
//! Forwarded: for=client;proto=https, for="[2001:db8::1]:4711"
//! ```

use std::net::{IpAddr, SocketAddr};

use hyper::header::{self, HeaderMap, HeaderName};

use super::site::Authority;
use crate::peer::Peer;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Decides which headers of proxies are trusted. Default none, since any client can send them.
///
/// A proxy appends the address of whom it talked to. With `hops` proxies before the server, all of which can be
/// trusted, the client is the one that the first of them saw: the entry at the place `hops` from the right. Entries
/// left of it were sent by the client and can be anything, even bytes that are no text. The server must not be
/// reachable past its proxies.
///
/// # Examples
///
/// ```
/// use sio::options::Forwarded;
///
/// // A CDN, then a load balancer, then this server.
/// let forwarded = Forwarded::x_forwarded_for().hops(2);
/// # let _ = forwarded;
/// ```
#[derive(Debug, Clone)]
pub struct Forwarded {
    source: Source,
    hops: usize,
    host: bool,
}

#[derive(Debug, Clone)]
enum Source {
    XForwardedFor,
    Standard,
    Single(Option<HeaderName>),
}

impl Forwarded {
    /// Believes one proxy's `X-Forwarded-For` and `X-Forwarded-Proto`.
    #[must_use]
    pub fn x_forwarded_for() -> Self {
        Self::from(Source::XForwardedFor)
    }

    /// Believes one proxy's `Forwarded` (RFC 7239).
    #[must_use]
    pub fn standard() -> Self {
        Self::from(Source::Standard)
    }

    /// Believes a header that holds nothing but the client's address, such as `X-Real-IP`, `CF-Connecting-IP` or
    /// `Fly-Client-IP`, and the proxy's `X-Forwarded-Proto`. The proxy has to replace both whatever the client sends;
    /// of a header that comes twice the last one counts. A name that no header can have is an error of
    /// [`Builder::build`](crate::Builder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::options::Forwarded;
    ///
    /// // nginx with `proxy_set_header X-Real-IP $remote_addr;`
    /// let forwarded = Forwarded::header("X-Real-IP");
    /// # let _ = forwarded;
    /// ```
    #[must_use]
    pub fn header(name: &str) -> Self {
        Self::from(Source::Single(HeaderName::from_bytes(name.as_bytes()).ok()))
    }

    fn from(source: Source) -> Self {
        Self { source, hops: 1, host: false }
    }

    /// Sets how many proxies in front of the server are trusted. Default 1.
    #[must_use]
    pub fn hops(mut self, hops: usize) -> Self {
        self.hops = hops;
        self
    }

    /// Sets whether to trust the proxies also with the host and port that the client asked for: `X-Forwarded-Host`
    /// and `X-Forwarded-Port`, or the `host` of `Forwarded`. For proxies that send a `Host` of their own: pages of
    /// the host that the client asked for then count as [the server's own](crate::options::AllowedOrigins). Default
    /// false.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::options::Forwarded;
    ///
    /// let forwarded = Forwarded::x_forwarded_for().host(true);
    /// # let _ = forwarded;
    /// ```
    #[must_use]
    pub fn host(mut self, host: bool) -> Self {
        self.host = host;
        self
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.hops > 0 && !matches!(self.source, Source::Single(None))
    }

    /// The client, as the first of the proxies saw it. Without the header it is the connection's own peer.
    pub(crate) fn client(&self, headers: &HeaderMap, peer: Peer) -> Peer {
        let entry = match &self.source {
            Source::XForwardedFor => self.entry(headers, &X_FORWARDED_FOR),
            Source::Standard => {
                let Some(element) = self.entry(headers, &header::FORWARDED) else { return peer };
                let address = parameter(element, "for").map_or(peer.address, address);
                let is_secure = parameter(element, "proto").map_or(peer.is_secure, is_secure);
                return Peer { address, is_secure };
            }
            Source::Single(name) => {
                let last = name.as_ref().and_then(|name| headers.get_all(name).iter().next_back());
                last.map(|value| value.as_bytes().trim_ascii())
            }
        };
        let address = match entry {
            Some(entry) => address(entry),
            None => peer.address,
        };
        let proto = self.entry(headers, &X_FORWARDED_PROTO);
        Peer { address, is_secure: proto.map_or(peer.is_secure, is_secure) }
    }

    /// The host and the port that the client asked for, if trusted proxies report them.
    pub(crate) fn authority(&self, headers: &HeaderMap) -> Option<Authority> {
        if !self.host {
            return None;
        }
        if matches!(self.source, Source::Standard) {
            return authority(parameter(self.entry(headers, &header::FORWARDED)?, "host")?);
        }
        let mut authority = authority(self.entry(headers, &X_FORWARDED_HOST)?)?;
        if authority.port.is_none() {
            let port = self.entry(headers, &X_FORWARDED_PORT).and_then(|port| std::str::from_utf8(port).ok());
            authority.port = port.and_then(|port| port.parse().ok());
        }
        Some(authority)
    }

    /// The entry of the first trusted proxy. A list that is shorter came by fewer proxies, or a proxy replaces the
    /// header instead of adding to it: then the first entry is it.
    ///
    /// Lists are split as bytes and from the right: nothing that a client writes can change what its proxies have
    /// written behind it.
    fn entry<'a>(&self, headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
        let lines = headers.get_all(name).iter().rev();
        let entries = lines.flat_map(|line| line.as_bytes().rsplit(|byte| *byte == b','));
        entries.take(self.hops).last().map(<[u8]>::trim_ascii)
    }
}

/// The value of a parameter of an element of `Forwarded`: `for=…;proto=…`, values quoted where they have to be. No
/// value that is understood here holds a comma, a semicolon or an escape.
fn parameter<'a>(element: &'a [u8], name: &str) -> Option<&'a [u8]> {
    element.split(|byte| *byte == b';').find_map(|pair| {
        let equals = pair.iter().position(|byte| *byte == b'=')?;
        let (found, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
        let quoted = || value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
        found.eq_ignore_ascii_case(name.as_bytes()).then(|| quoted().unwrap_or(value))
    })
}

/// An address with or without a port, which is 0 then; none for `unknown`, a made-up name or nonsense.
fn address(entry: &[u8]) -> Option<SocketAddr> {
    let text = std::str::from_utf8(entry).ok()?;
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some(address);
    }
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0))
}

fn authority(entry: &[u8]) -> Option<Authority> {
    Authority::parse(std::str::from_utf8(entry).ok()?)
}

fn is_secure(proto: &[u8]) -> bool {
    proto.eq_ignore_ascii_case(b"https") || proto.eq_ignore_ascii_case(b"wss")
}

#[cfg(test)]
mod tests {
    use hyper::header::HeaderValue;

    use super::*;

    fn client(forwarded: &Forwarded, headers: &[(&'static str, &str)]) -> Peer {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        forwarded.client(&map, Peer::new("10.0.0.9:1000".parse().unwrap(), false))
    }

    fn x(hops: usize, list: &str) -> Option<String> {
        let peer = client(&Forwarded::x_forwarded_for().hops(hops), &[("x-forwarded-for", list)]);
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
        let peer = client(&Forwarded::x_forwarded_for().hops(2), &lines);
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
        assert_eq!(client(&Forwarded::x_forwarded_for(), &[]), peer);
        assert_eq!(client(&Forwarded::standard(), &[]), peer);
    }

    #[test]
    fn only_the_configured_header_counts() {
        let both =
            [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https"), ("forwarded", "for=2.2.2.2")];
        let peer = client(&Forwarded::standard(), &both);
        assert_eq!((peer.ip(), peer.is_secure), (Some("2.2.2.2".parse().unwrap()), false));
        let peer = client(&Forwarded::x_forwarded_for(), &both);
        assert_eq!((peer.ip(), peer.is_secure), (Some("1.1.1.1".parse().unwrap()), true));
    }

    #[test]
    fn the_standard_header_is_read_whole() {
        let list = r#"for=9.9.9.9, For="[2001:db8::1]:4711";by=_x;Proto=https, for=unknown;proto=http"#;
        let peer = client(&Forwarded::standard().hops(2), &[("forwarded", list)]);
        assert_eq!(peer.address, Some("[2001:db8::1]:4711".parse().unwrap()));
        assert!(peer.is_secure);
        let peer = client(&Forwarded::standard(), &[("forwarded", list)]);
        assert_eq!(peer, Peer { address: None, is_secure: false });
    }

    #[test]
    fn bytes_that_a_client_sends_ahead_change_nothing() {
        let peer = Peer::new("10.0.0.9:1000".parse().unwrap(), false);
        for junk in [
            &b"\xff"[..],
            b"\xe9, \x80",
            b"\"",
            b"for=\"",
            b"for=\"a, for=\\",
            b";;==",
            b", ,",
            b"for=1.1.1.1",
        ] {
            for (name, forwarded, entry) in [
                ("x-forwarded-for", Forwarded::x_forwarded_for(), &b"203.0.113.7"[..]),
                ("forwarded", Forwarded::standard(), b"for=203.0.113.7;proto=http"),
            ] {
                let both = [junk, b", ", entry].concat();
                let mut one_line = HeaderMap::new();
                one_line.append(name, HeaderValue::from_bytes(&both).unwrap());
                let mut two_lines = HeaderMap::new();
                two_lines.append(name, HeaderValue::from_bytes(junk).unwrap());
                two_lines.append(name, HeaderValue::from_bytes(entry).unwrap());
                for headers in [one_line, two_lines] {
                    let found = forwarded.client(&headers, peer).ip();
                    assert_eq!(found, Some("203.0.113.7".parse().unwrap()), "{headers:?}");
                }
            }
        }
    }

    #[test]
    fn a_trusted_entry_that_is_no_text_is_unknown() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", HeaderValue::from_bytes(b"1.1.1.1, \xff").unwrap());
        let peer = Peer::new("10.0.0.9:1000".parse().unwrap(), false);
        assert_eq!(Forwarded::x_forwarded_for().client(&headers, peer).ip(), None);
    }

    #[test]
    fn mapped_addresses_are_those_of_ipv4() {
        for text in ["::ffff:203.0.113.7", "[::ffff:203.0.113.7]", "[::ffff:203.0.113.7]:80"] {
            let ip = client(&Forwarded::x_forwarded_for(), &[("x-forwarded-for", text)]).ip();
            assert_eq!(ip, Some("203.0.113.7".parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_header_of_any_name_holds_one_address() {
        let forwarded = Forwarded::header("X-Real-IP");
        assert!(forwarded.is_valid() && !Forwarded::header("no name").is_valid());
        let peer = client(
            &forwarded,
            &[("x-real-ip", "9.9.9.9"), ("x-real-ip", " 2.2.2.2 "), ("x-forwarded-proto", "https")],
        );
        assert_eq!((peer.ip(), peer.is_secure), (Some("2.2.2.2".parse().unwrap()), true));
        assert_eq!(client(&forwarded, &[("x-real-ip", "1.1.1.1, 2.2.2.2")]).ip(), None);
        assert_eq!(
            client(&forwarded, &[("x-forwarded-for", "1.1.1.1")]).ip(),
            Some("10.0.0.9".parse().unwrap())
        );
    }

    #[test]
    fn the_host_is_believed_where_that_is_said() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-host", HeaderValue::from_static("evil.example, Chat.example"));
        headers.append("x-forwarded-port", HeaderValue::from_static("8443"));
        headers.append(
            "forwarded",
            HeaderValue::from_static("host=evil.example, for=_x;host=\"chat.example:8443\""),
        );
        for forwarded in [Forwarded::x_forwarded_for(), Forwarded::standard()] {
            assert_eq!(forwarded.authority(&headers), None, "{forwarded:?}");
            let expected = Authority { host: "chat.example".to_owned(), port: Some(8443) };
            assert_eq!(forwarded.clone().host(true).authority(&headers), Some(expected), "{forwarded:?}");
            assert_eq!(forwarded.host(true).authority(&HeaderMap::new()), None);
        }
    }
}
