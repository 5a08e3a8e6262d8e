//! From which pages a browser may connect (WHATWG Fetch, CORS), on HTTP and WebSocket alike.

use std::fmt;
use std::net::Ipv6Addr;
use std::sync::Arc;

use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;

/// Methods that a preflight is told of.
const METHODS: HeaderValue = HeaderValue::from_static("GET,POST");
const TRUE: HeaderValue = HeaderValue::from_static("true");
/// How long, in seconds, a browser may remember a preflight: the longest that any of them honours is a day.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
/// What an answer depends on, so that no cache gives one page the answer that is meant for another.
const VARY: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static("Origin, Access-Control-Request-Headers");

type Predicate = dyn Fn(&str) -> bool + Send + Sync;

/// The pages from which a browser may connect. A request without an `Origin` header does not come from a
/// page and is always allowed.
///
/// A listed origin is `scheme://host[:port]`, in any case and with or without the port that is the scheme's own.
/// Pages of the same origin are allowed as well. What is not an origin, like `*` or `example.com`, keeps the server
/// from [being built](crate::Builder::build); in the [configuration](crate::engine::Config) of a bare engine it
/// allows nobody.
///
/// # Examples
///
/// ```
/// use sio::http::AllowedOrigins;
///
/// let one = AllowedOrigins::from("https://example.com");
/// let listed = AllowedOrigins::from(["https://example.com", "https://admin.example.com"]);
/// let own_pages = AllowedOrigins::matching(|origin| origin.ends_with(".example.com"));
/// # let _ = (one, listed, own_pages);
/// ```
#[derive(Clone, Default)]
pub struct AllowedOrigins(Rule);

#[derive(Clone, Default)]
enum Rule {
    #[default]
    Same,
    Any,
    List(Arc<[String]>),
    Matching(Arc<Predicate>),
}

impl AllowedOrigins {
    /// Only pages that come from the host and port to which the request goes. This is the default.
    #[must_use]
    pub fn same_origin() -> Self {
        Self(Rule::Same)
    }

    /// Pages from anywhere. Browsers are told not to send cookies then.
    #[must_use]
    pub fn any() -> Self {
        Self(Rule::Any)
    }

    /// Pages whose origin (`https://example.com`, without a path) satisfies a predicate.
    #[must_use]
    pub fn matching(predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Rule::Matching(Arc::new(predicate)))
    }

    /// Judges a request by its head.
    pub(crate) fn judge(&self, request: &Parts) -> Verdict {
        let Some(origin) = request.headers.get(header::ORIGIN) else { return Verdict::NoOrigin };
        let text = origin.to_str().unwrap_or_default();
        let allowed = match &self.0 {
            Rule::Any => return Verdict::Any,
            Rule::Same => is_same_origin(text, request),
            Rule::List(origins) => {
                // Browsers send the plain form: other clients are the ones for which it has to be made.
                origins.iter().any(|allowed| allowed == text)
                    || is_same_origin(text, request)
                    || plain(text).is_some_and(|text| origins.contains(&text))
            }
            Rule::Matching(predicate) => predicate(text),
        };
        if allowed { Verdict::Allowed(origin.clone()) } else { Verdict::Foreign(text.to_owned()) }
    }

    /// What is wrong with each listed origin that no page can have.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let listed: &[String] = if let Rule::List(origins) = &self.0 { origins } else { &[] };
        listed.iter().filter(|origin| plain(origin).is_none()).map(|origin| match &**origin {
            "*" => "\"*\" is not an origin; `AllowedOrigins::any()` allows pages from anywhere".to_owned(),
            _ => format!(
                "{origin:?} is not an origin: write it as browsers do, `scheme://host` or `scheme://host:port`"
            ),
        })
    }
}

impl From<&str> for AllowedOrigins {
    /// A single listed origin.
    fn from(origin: &str) -> Self {
        Self::from([origin])
    }
}

impl From<String> for AllowedOrigins {
    /// A single listed origin.
    fn from(origin: String) -> Self {
        Self::from([origin])
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for AllowedOrigins {
    /// The listed origins, each `scheme://host[:port]`. Pages of the same origin are allowed as well.
    fn from(origins: [S; N]) -> Self {
        origins.into_iter().collect()
    }
}

impl<S: Into<String>> From<Vec<S>> for AllowedOrigins {
    fn from(origins: Vec<S>) -> Self {
        origins.into_iter().collect()
    }
}

impl<S: Into<String>> FromIterator<S> for AllowedOrigins {
    fn from_iter<I: IntoIterator<Item = S>>(origins: I) -> Self {
        // What is not an origin is kept as it is, for `problems` to name it.
        let origins = origins.into_iter().map(Into::into).map(|origin| plain(&origin).unwrap_or(origin));
        Self(Rule::List(origins.collect()))
    }
}

impl fmt::Debug for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Rule::Same => f.write_str("SameOrigin"),
            Rule::Any => f.write_str("Any"),
            Rule::List(origins) => f.debug_tuple("List").field(origins).finish(),
            Rule::Matching(_) => f.write_str("Matching"),
        }
    }
}

/// What is known of the origin of a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    NoOrigin,
    Any,
    Allowed(HeaderValue),
    Foreign(String),
}

impl Verdict {
    /// Adds the headers by which a browser lets its page read the answer.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let origin = match self {
            Self::NoOrigin | Self::Foreign(_) => {
                headers.append(header::VARY, VARY);
                return;
            }
            Self::Any => HeaderValue::from_static("*"),
            Self::Allowed(origin) => {
                headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, TRUE);
                headers.append(header::VARY, VARY);
                origin.clone()
            }
        };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }

    /// Adds what only the answer to a preflight needs.
    pub(crate) fn apply_preflight(&self, request: &HeaderMap, headers: &mut HeaderMap) {
        if matches!(self, Self::NoOrigin | Self::Foreign(_)) {
            return;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        if let Some(asked) = request.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
            headers.insert(header::VARY, VARY_PREFLIGHT);
        }
    }
}

/// An origin as browsers send it: in lower case, without the scheme's own port, without a slash at its end. `None`
/// for what is not one.
fn plain(origin: &str) -> Option<String> {
    let origin = origin.strip_suffix('/').unwrap_or(origin).to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://")?;
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_lowercase())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    // The colons of an IPv6 address are in brackets.
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let is_host = match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => {
            let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(is_of_name)
        }
    };
    let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    if !(is_scheme && is_host && port.is_none_or(is_port)) {
        return None;
    }
    let is_own = matches!((scheme, port), ("https", Some("443")) | ("http", Some("80")));
    Some(if is_own { format!("{scheme}://{host}") } else { origin })
}

/// Compares host and port only: behind a proxy that ends TLS the server does not see the page's scheme.
fn is_same_origin(origin: &str, request: &Parts) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    // HTTP/2, on which another server may mount this, has it in the URI instead of the header.
    let host = match request.headers.get(header::HOST) {
        Some(host) => host.to_str().ok(),
        None => request.uri.authority().map(Authority::as_str),
    };
    let Some(host) = host else { return false };
    let default_port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    let plain =
        |authority: &str| authority.strip_suffix(default_port).unwrap_or(authority).to_ascii_lowercase();
    plain(authority) == plain(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_allowed(origins: &AllowedOrigins, origin: &str) -> bool {
        let request = hyper::Request::get("/").header("origin", origin).header("host", "here.example");
        let (request, ()) = request.body(()).expect("the request is valid").into_parts();
        matches!(origins.judge(&request), Verdict::Allowed(_))
    }

    #[test]
    fn a_listed_origin_is_meant_however_it_is_written() {
        for listed in ["https://Example.com:443", "HTTPS://example.com", "https://example.com/"] {
            let origins = AllowedOrigins::from(listed);
            assert_eq!(origins.problems().count(), 0, "{listed}");
            for (origin, expected) in [
                ("https://example.com", true),
                ("https://EXAMPLE.com:443", true),
                ("https://here.example", true),
                ("http://example.com", false),
                ("https://example.com:444", false),
                ("https://example.com.evil.example", false),
                ("null", false),
            ] {
                assert_eq!(is_allowed(&origins, origin), expected, "{listed}: {origin}");
            }
        }
    }

    #[test]
    fn without_a_host_header_the_host_is_that_of_the_uri() {
        for (origin, expected) in [("https://here.example", true), ("https://there.example", false)] {
            let request = hyper::Request::get("https://here.example/socket.io/").header("origin", origin);
            let (request, ()) = request.body(()).expect("the request is valid").into_parts();
            let verdict = AllowedOrigins::same_origin().judge(&request);
            assert_eq!(matches!(verdict, Verdict::Allowed(_)), expected, "{origin}");
        }
    }

    #[test]
    fn a_port_that_is_not_the_schemes_own_counts() {
        let origins =
            AllowedOrigins::from(["http://localhost:5173".to_owned(), "http://[::1]:443".to_owned()]);
        assert_eq!(origins.problems().count(), 0);
        assert!(is_allowed(&origins, "http://localhost:5173") && is_allowed(&origins, "http://[::1]:443"));
        assert!(!is_allowed(&origins, "http://localhost") && !is_allowed(&origins, "http://[::1]"));
    }

    #[test]
    fn what_no_page_can_have_as_its_origin_is_named() {
        let valid =
            ["capacitor://localhost", "chrome-extension://abcdef", "http://[::1]", "http://my_host:80"];
        assert_eq!(AllowedOrigins::from(valid).problems().count(), 0);
        let wrong = [
            "",
            "null",
            "example.com",
            "localhost:3000",
            "https://",
            "https://x/app",
            "https://x?y",
            "https://x#y",
            "https://x//",
            "https://x:",
            "https://x:port",
            "https://x:+1",
            "https://x:65536",
            "https://u@x",
            "https://*.x",
            "https://x y",
            " https://x",
            "https://münchen.example",
            "https://[::1",
            "https://::1",
            "1http://x",
            "https:x",
            "https://x, https://y",
        ];
        let problems: Vec<_> = AllowedOrigins::from(wrong).problems().collect();
        assert_eq!(problems.len(), wrong.len(), "{problems:#?}");
        for (problem, origin) in problems.iter().zip(wrong) {
            assert!(problem.starts_with(&format!("{origin:?} is not an origin")), "{problem}");
        }
        let star: Vec<_> = AllowedOrigins::from("*").problems().collect();
        assert!(star[0].contains("`AllowedOrigins::any()`"), "{star:?}");
        assert_eq!(AllowedOrigins::any().problems().count(), 0);
    }
}
