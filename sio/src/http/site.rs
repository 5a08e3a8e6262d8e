//! Origins and hosts, parsed so that they can be compared (RFC 6454 §4, RFC 3986 §3.2.2).

use std::net::Ipv6Addr;

/// Scheme, host and port of a page, in the form in which equal ones are equal: lower case, `http` for `ws` and `https`
/// for `wss`, the scheme's own port filled in, no dot at the host's end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    pub(crate) scheme: String,
    /// Empty for `file` alone.
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Site {
    /// Parses `scheme://host[:port]`, and returns the rest: nothing, or a path.
    pub(crate) fn parse(text: &str) -> Option<(Self, &str)> {
        let (scheme, rest) = text.split_once("://")?;
        let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
        // Several origins in one header are none, and neither is anything with a character that no URL has.
        if !is_scheme || !rest.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let scheme = match scheme.to_ascii_lowercase() {
            ws if ws == "ws" => "http".to_owned(),
            wss if wss == "wss" => "https".to_owned(),
            other => other,
        };
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if scheme == "file" && authority.is_empty() {
            return Some((Self { scheme, host: String::new(), port: None }, path));
        }
        let Authority { host, port } = Authority::parse(authority)?;
        let port = port.or_else(|| default_port(&scheme));
        Some((Self { scheme, host, port }, path))
    }
}

/// The port that is meant where none is written.
pub(crate) fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// A host with or without a port, as `Host` headers have it: in lower case, without a dot at its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Authority {
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
}

impl Authority {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        // The colons of an IPv6 address are in brackets.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => Some(port.parse().ok()?),
            Some(_) => return None,
            None => None,
        };
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let address: Ipv6Addr = rest.strip_suffix(']')?.parse().ok()?;
                format!("[{address}]")
            }
            None => {
                let name = host.strip_suffix('.').unwrap_or(host);
                let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                // Without an empty label: a second dot at the end would make two forms of one name.
                if name.split('.').any(str::is_empty) || !name.bytes().all(is_of_name) {
                    return None;
                }
                name.to_ascii_lowercase()
            }
        };
        Some(Self { host, port })
    }
}

/// True for what a `Host` header may be: a name or an address, with or without a port (RFC 9110 §7.2, RFC 3986
/// §3.2.2). No `http` URI has an empty host.
pub(crate) fn is_host(value: &[u8]) -> bool {
    let (host, port) = match value.iter().rposition(|byte| *byte == b':') {
        // The colons of an IPv6 address are in brackets.
        Some(colon) if value.last() != Some(&b']') => (&value[..colon], &value[colon + 1..]),
        _ => (value, &[][..]),
    };
    let is_name = match host.strip_prefix(b"[") {
        Some(rest) => rest.strip_suffix(b"]").is_some_and(|address| {
            std::str::from_utf8(address).is_ok_and(|address| address.parse::<Ipv6Addr>().is_ok())
        }),
        None => !host.is_empty() && host.iter().all(|byte| IS_OF_NAME[usize::from(*byte)]),
    };
    is_name && is_port(port)
}

/// True for a number of a port, and for none.
fn is_port(digits: &[u8]) -> bool {
    let number = digits.iter().try_fold(0_u16, |number, byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(digit.into())
    });
    number.is_some()
}

/// The characters of names, to be looked up.
const IS_OF_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let (mut byte, others) = (0, b"-._~%!$&'()*+,;=");
    while byte < 128 {
        table[byte] = (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    let mut index = 0;
    while index < others.len() {
        table[others[index] as usize] = true;
        index += 1;
    }
    table
};

/// The scheme and authority to which a request was sent, as the client sees them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) authority: Authority,
    /// True if the client's connection is known to be encrypted. A proxy that ends TLS may not report it.
    pub(crate) is_secure: bool,
}

impl Target {
    /// Returns whether a page of this origin is this server's own.
    pub(crate) fn is_origin(&self, origin: &Site) -> bool {
        let scheme_fits = match &*origin.scheme {
            "https" => true,
            "http" => !self.is_secure,
            _ => false,
        };
        let port = self.authority.port.or_else(|| default_port(&origin.scheme));
        scheme_fits && self.authority.host == origin.host && port == origin.port
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(text: &str) -> Option<Site> {
        Site::parse(text).map(|(site, _)| site)
    }

    #[test]
    fn a_host_header_is_a_host_with_or_without_a_port() {
        for good in
            ["x", "x:", "x:1", "x:65535", "127.0.0.1:3000", "a_b.example.", "[::1]", "[::1]:80", "a%20b"]
        {
            assert!(is_host(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            ":80",
            "a b",
            "a/b",
            "a?b",
            "a#b",
            "x:99999",
            "x:y",
            "x:+1",
            "user@127.0.0.1",
            "[::1",
            "::1",
            "[x]",
            "[::1]x",
            "[]",
            "a,b:c",
            "é",
            "\\",
        ] {
            assert!(!is_host(bad.as_bytes()), "{bad}");
        }
        assert!(!is_host(b"a\xff"));
    }

    #[test]
    fn forms_of_one_origin_are_equal() {
        for (one, others) in [
            (
                "https://example.com",
                &[
                    "wss://example.com",
                    "HTTPS://Example.COM:443",
                    "https://example.com./",
                    "https://example.com/app",
                ][..],
            ),
            (
                "http://localhost:3000",
                &["ws://localhost:3000", "http://LOCALHOST.:3000/", "ws://localhost:03000"],
            ),
            ("http://[::1]", &["http://[0:0:0:0:0:0:0:1]:80", "ws://[::1]/"]),
            ("capacitor://localhost", &["Capacitor://localhost/"]),
            ("file://", &["file:///", "FILE:///"]),
        ] {
            assert!(site(one).is_some(), "{one}");
            for other in others {
                assert_eq!(site(one), site(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_name_with_an_empty_label_is_none() {
        for wrong in ["http://.", "http://..", "http://a..", "http://a..b", "http://.a", "http://a..:80"] {
            assert_eq!(site(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn origins_that_differ_are_not_equal() {
        let all = [
            "http://example.com",
            "https://example.com",
            "http://example.com:443",
            "https://example.com:80",
            "http://example.com:8080",
            "http://www.example.com",
            "http://example.com.evil.example",
            "capacitor://example.com",
            "file://",
        ];
        for (place, one) in all.iter().enumerate() {
            for other in &all[place + 1..] {
                assert_ne!(site(one), site(other), "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_page_is_the_servers_own_when_scheme_host_and_port_fit() {
        for (host, is_secure, origin, expected) in [
            ("here.example", false, "http://here.example", true),
            ("here.example", false, "https://here.example", true),
            ("here.example:80", false, "http://here.example", true),
            ("here.example:80", false, "https://here.example", false),
            ("here.example:443", false, "wss://here.example", true),
            ("Here.Example.", false, "ws://here.example:80/", true),
            ("here.example", true, "https://here.example:443", true),
            ("here.example", true, "http://here.example", false),
            ("here.example:8443", true, "http://here.example:8443", false),
            ("here.example", false, "file://here.example", false),
            ("[::1]:3000", false, "http://[0::1]:3000", true),
        ] {
            let authority = Authority::parse(host).expect("a host");
            let target = Target { authority, is_secure };
            assert_eq!(
                target.is_origin(&site(origin).expect(origin)),
                expected,
                "{host} {is_secure} {origin}"
            );
        }
    }
}
