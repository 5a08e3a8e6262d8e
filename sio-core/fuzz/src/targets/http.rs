//! The parts of a request that decide who a client is.

use hyper::HeaderMap;
use hyper::header::{HeaderName, HeaderValue, ORIGIN};
use sio::fuzzing;
use sio::options::{AllowedOrigins, Forwarded};
use sio_core::engine::config::Revision;
use sio_core::engine::handshake::Query;

pub(super) fn queries(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let query = Query::parse(text);
    let first = |name: &str| {
        text.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, ""))).find(|pair| pair.0 == name)
    };
    assert_eq!(query.sid, first("sid").map(|pair| pair.1).filter(|sid| !sid.is_empty()));
    assert_eq!(query.jsonp, first("j").is_some());
    for (is_get, is_websocket) in [(true, false), (true, true), (false, false), (false, true)] {
        for revisions in [&[Revision::V4][..], &[Revision::V3, Revision::V4]] {
            if let Ok((transport, revision)) = query.check_handshake_of(revisions, is_get, is_websocket) {
                assert!(is_get && query.transport == Some(transport) && revisions.contains(&revision));
            }
        }
    }
}

/// Lines of headers: a letter for the name, then the value.
pub(super) fn forwarded(input: &[u8]) {
    let peer = "10.0.0.9:1000".parse().unwrap();
    let sent = headers(input);
    for hops in 1..4 {
        for forwarded in [Forwarded::x_forwarded_for(), Forwarded::standard(), Forwarded::header("x-real-ip")]
        {
            let forwarded = forwarded.hops(hops).host(true);
            let _ = fuzzing::client(&forwarded, &sent, peer);
            if let Some((host, _)) = fuzzing::authority(&forwarded, &sent) {
                assert!(!host.is_empty() && !host.contains(['/', '@', ',', ' ']), "{host}");
            }
        }
    }
    // Whatever a client has sent, the proxy's own entry behind it counts.
    let mut through = sent.clone();
    append(&mut through, "x-forwarded-for", "192.0.2.1");
    append(&mut through, "x-forwarded-proto", "https");
    append(&mut through, "x-forwarded-host", "own.example:8443");
    append(&mut through, "forwarded", "for=192.0.2.1;proto=https;host=\"own.example:8443\"");
    for forwarded in [Forwarded::x_forwarded_for(), Forwarded::standard()] {
        let forwarded = forwarded.host(true);
        let (address, is_secure) = fuzzing::client(&forwarded, &through, peer);
        assert_eq!(address.map(|address| address.ip()), Some("192.0.2.1".parse().unwrap()));
        assert!(is_secure);
        let authority = Some(("own.example".to_owned(), Some(8443)));
        assert_eq!(fuzzing::authority(&forwarded, &through), authority);
    }
    origins(&sent);
}

fn origins(sent: &HeaderMap) {
    let mut origins = sent.get_all(ORIGIN).iter();
    let (first, second) = (origins.next(), origins.next());
    // A server that knows no name of its own has no pages.
    assert_eq!(fuzzing::is_allowed(&AllowedOrigins::same_origin(), sent), first.is_none());
    let listed = fuzzing::is_allowed(&AllowedOrigins::from("https://own.example"), sent);
    let Some(text) = first.and_then(|origin| origin.to_str().ok()) else {
        return assert_eq!(listed, first.is_none());
    };
    let site = fuzzing::site(text);
    let is_listed = site.as_ref().is_some_and(|(scheme, host, port, _)| {
        (&**scheme, &**host, *port) == ("https", "own.example", Some(443))
    });
    assert!(!listed || second.is_none() && is_listed, "{text}");
    if let Some((scheme, host, port, _)) = &site {
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let again = format!("{scheme}://{host}{port}");
        let again = fuzzing::site(&again).map(|(scheme, host, port, _)| (scheme, host, port));
        assert_eq!(again, site.map(|(scheme, host, port, _)| (scheme, host, port)));
    }
}

fn headers(input: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in input.split(|byte| *byte == b'\n') {
        let (name, value) = super::split(line);
        let name = match name {
            b'f' => "x-forwarded-for",
            b'p' => "x-forwarded-proto",
            b'h' => "x-forwarded-host",
            b'n' => "x-forwarded-port",
            b's' => "forwarded",
            b'r' => "x-real-ip",
            b'o' => "origin",
            _ => continue,
        };
        if let Ok(value) = HeaderValue::from_bytes(value) {
            headers.append(HeaderName::from_static(name), value);
        }
    }
    headers
}

fn append(headers: &mut HeaderMap, name: &'static str, value: &'static str) {
    headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
}
