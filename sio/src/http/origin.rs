//! From which pages a browser may connect (WHATWG Fetch, CORS), on HTTP and WebSocket alike.

use std::fmt;
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
/// # Examples
///
/// ```
/// use sio::http::AllowedOrigins;
///
/// let listed = AllowedOrigins::from(["https://example.com", "https://admin.example.com"]);
/// let own_pages = AllowedOrigins::matching(|origin| origin.ends_with(".example.com"));
/// # let _ = (listed, own_pages);
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
                origins.iter().any(|allowed| allowed == text) || is_same_origin(text, request)
            }
            Rule::Matching(predicate) => predicate(text),
        };
        if allowed { Verdict::Allowed(origin.clone()) } else { Verdict::Foreign(text.to_owned()) }
    }
}

impl<S: Into<String>, const N: usize> From<[S; N]> for AllowedOrigins {
    /// The listed origins, each as a browser sends it: scheme, host and a port that is not the scheme's own.
    /// Pages of the same origin are allowed as well.
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
        let origins = origins.into_iter().map(|origin| origin.into().trim_end_matches('/').to_owned());
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
