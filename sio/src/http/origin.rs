//! From which pages a browser may connect (WHATWG Fetch, CORS), on HTTP and WebSocket alike.

use std::fmt;
use std::sync::Arc;

use hyper::header::{self, HeaderMap, HeaderValue};

use super::site::{Site, Target, default_port};

use crate::guarded::{self, Guarded};

/// The methods in the answer to a preflight.
const METHODS: HeaderValue = HeaderValue::from_static("GET,POST");
const TRUE: HeaderValue = HeaderValue::from_static("true");
/// How long, in seconds, a browser may remember a preflight: the longest that any of them honours is a day.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
/// The request header that answers depend on, so that no cache gives one page the answer that is meant for another.
const VARY: HeaderValue = HeaderValue::from_static("Origin");
const VARY_PREFLIGHT: HeaderValue = HeaderValue::from_static("Origin, Access-Control-Request-Headers");

/// The origin of pages that have none.
const NULL: &str = "null";

type Predicate = dyn Fn(&str) -> bool + Send + Sync;

/// The pages from which a browser may connect. A request without an `Origin` header does not come from a
/// page and is always allowed.
///
/// A listed origin is `scheme://host[:port]`, in any case and with or without the port that is the scheme's own. `ws`
/// is the same as `http`, and `wss` as `https`. Pages of the same origin are allowed as well. An entry that is not an
/// origin, like `*` or `example.com`, keeps the server from [being built](crate::Builder::build); in the
/// [configuration](super::Config) of a bare engine it allows nobody.
///
/// `null` can be listed for pages without an origin of their own, such as sandboxed frames and, in most browsers,
/// files; and `file://` for the pages of apps that send it. Any page can become one of `null` by a frame, so a
/// server that lists it must not rely on cookies.
///
/// A request with two `Origin` headers is refused whatever the rule.
///
/// # Examples
///
/// ```
/// use sio::options::AllowedOrigins;
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
    /// Allows only pages that come from the host and port to which the request goes. This is the default.
    #[must_use]
    pub fn same_origin() -> Self {
        Self(Rule::Same)
    }

    /// Pages from anywhere. Browsers are told not to send cookies then.
    #[must_use]
    pub fn any() -> Self {
        Self(Rule::Any)
    }

    /// Pages whose origin satisfies a predicate.
    ///
    /// It gets the form in which browsers write origins, however a client has written it: `https://example.com`, in
    /// lower case, with `http` for `ws` and `https` for `wss`, without the scheme's own port and without a path; or
    /// `null`. It is not asked about what is no origin, which is refused.
    #[must_use]
    pub fn matching(predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        let predicate = Guarded::new(predicate);
        Self(Rule::Matching(Arc::new(move |origin: &str| predicate(origin))))
    }

    /// Judges a request by its headers, and by what it was sent to.
    pub(crate) fn judge(&self, headers: &HeaderMap, target: impl FnOnce() -> Option<Target>) -> Verdict {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else { return Verdict::NoOrigin };
        // Which of two is meant depends on who reads them: a proxy may have judged the other.
        if origins.next().is_some() {
            let all = headers.get_all(header::ORIGIN).iter();
            let all: Vec<_> = all.map(|origin| String::from_utf8_lossy(origin.as_bytes())).collect();
            return Verdict::Foreign(all.join(", "));
        }
        let text = origin.to_str().unwrap_or_default();
        let is_own =
            || Site::parse(text).is_some_and(|(site, _)| target().is_some_and(|own| own.is_origin(&site)));
        let allowed = match &self.0 {
            Rule::Any => return Verdict::Any,
            Rule::Same => is_own(),
            Rule::List(origins) => {
                // Browsers send the plain form: other clients are the ones for which it has to be made.
                origins.iter().any(|allowed| allowed == text)
                    || is_own()
                    || plain(text).is_some_and(|(text, _)| origins.contains(&text))
            }
            // Closed, when it cannot say.
            Rule::Matching(predicate) => plain(text)
                .and_then(|(origin, _)| guarded::call("a predicate of origins", || predicate(&origin)))
                .unwrap_or(false),
        };
        if allowed { Verdict::Allowed(origin.clone()) } else { Verdict::Foreign(text.to_owned()) }
    }

    /// Returns a text for each listed origin that no page can have.
    pub(crate) fn problems(&self) -> impl Iterator<Item = String> {
        let listed: &[String] = if let Rule::List(origins) = &self.0 { origins } else { &[] };
        listed.iter().filter(|origin| listed_form(origin).is_none()).map(|origin| match &**origin {
            "*" => "\"*\" is not an origin; `AllowedOrigins::any()` allows pages from anywhere".to_owned(),
            _ => format!(
                "{origin:?} is not an origin: write it as browsers do, `scheme://host` or `scheme://host:port`; `null` \
                 for pages without an origin, `file://` for those of apps that send it"
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
        // An invalid origin is kept as it is, for `problems` to name it.
        let origins =
            origins.into_iter().map(Into::into).map(|origin| listed_form(&origin).unwrap_or(origin));
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

/// The result of checking the origin of a request.
#[derive(Debug)]
pub(crate) enum Verdict {
    NoOrigin,
    Any,
    Allowed(HeaderValue),
    Foreign(String),
    /// Another server has judged the request, and adds the headers.
    Elsewhere,
}

impl Verdict {
    /// Adds the headers by which a browser lets its page read the answer.
    pub(crate) fn apply(&self, headers: &mut HeaderMap) {
        let origin = match self {
            Self::Elsewhere => return,
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
        if matches!(self, Self::NoOrigin | Self::Foreign(_) | Self::Elsewhere) {
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

/// An origin as browsers send it: in lower case, without the scheme's own port; and the path behind it, which is not
/// its part. `None` for what is not one.
fn plain(origin: &str) -> Option<(String, &str)> {
    if origin == NULL {
        return Some((NULL.to_owned(), ""));
    }
    let (Site { scheme, host, port }, path) = Site::parse(origin)?;
    let text = match port.filter(|port| default_port(&scheme) != Some(*port)) {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    };
    Some((text, path))
}

/// The plain form of an origin that is listed. One with a path is invalid, since the path would be ignored.
fn listed_form(origin: &str) -> Option<String> {
    plain(origin).filter(|(_, path)| matches!(*path, "" | "/")).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::super::site::Authority;
    use super::*;

    fn target(host: &str) -> Option<Target> {
        Some(Target { authority: Authority::parse(host)?, is_secure: false })
    }

    fn is_allowed(origins: &AllowedOrigins, origin: &str) -> bool {
        let headers = HeaderMap::from_iter([(header::ORIGIN, origin.parse().expect("a valid value"))]);
        matches!(origins.judge(&headers, || target("here.example")), Verdict::Allowed(_))
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
    fn the_origin_of_a_client_that_writes_it_its_own_way_is_understood() {
        let origins = AllowedOrigins::from(["https://example.com", "http://localhost:5173"]);
        for (origin, expected) in [
            ("wss://example.com", true),
            ("https://example.com/", true),
            ("https://example.com/some/page", true),
            ("https://example.com.", true),
            ("ws://localhost:5173", true),
            ("ws://here.example:80/", true),
            ("ws://example.com", false),
            ("https://example.com@evil.example", false),
            ("https://evil.example/https://example.com", false),
            ("https://example.com, https://evil.example", false),
            ("https://example.com\\.evil.example", false),
        ] {
            assert_eq!(is_allowed(&origins, origin), expected, "{origin}");
        }
    }

    #[test]
    fn a_predicate_sees_origins_in_the_form_of_browsers() {
        let origins = AllowedOrigins::matching(|origin| {
            ["https://example.com", "http://localhost:5173", "null"].contains(&origin)
        });
        for (origin, expected) in [
            ("https://example.com", true),
            ("wss://Example.com:443/", true),
            ("https://example.com./some/page", true),
            ("ws://localhost:5173", true),
            ("null", true),
            ("ws://example.com", false),
            ("https://example.com@evil.example", false),
        ] {
            assert_eq!(is_allowed(&origins, origin), expected, "{origin}");
        }
        let any = AllowedOrigins::matching(|_| true);
        assert!(is_allowed(&any, "capacitor://localhost"));
        for origin in ["", "example.com", "https://a.example, https://b.example"] {
            assert!(!is_allowed(&any, origin), "{origin:?} is no origin");
        }
    }

    #[test]
    fn pages_without_an_origin_are_allowed_where_that_is_listed() {
        for (listed, other) in [("null", "file://"), ("file://", "null"), ("file:///", "null")] {
            let origins = AllowedOrigins::from(listed);
            assert_eq!(origins.problems().count(), 0, "{listed}");
            assert!(is_allowed(&origins, listed) && is_allowed(&origins, "http://here.example"), "{listed}");
            assert!(!is_allowed(&origins, other), "{listed}");
            assert!(!is_allowed(&AllowedOrigins::same_origin(), listed), "{listed}");
        }
    }

    #[test]
    fn two_origins_are_refused_whatever_the_rule() {
        let mut headers = HeaderMap::new();
        headers.append(header::ORIGIN, HeaderValue::from_static("http://here.example"));
        headers.append(header::ORIGIN, HeaderValue::from_static("http://here.example"));
        for origins in [
            AllowedOrigins::any(),
            AllowedOrigins::same_origin(),
            AllowedOrigins::from("http://here.example"),
            AllowedOrigins::matching(|_| true),
        ] {
            let verdict = origins.judge(&headers, || target("here.example"));
            assert!(matches!(verdict, Verdict::Foreign(_)), "{origins:?}");
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
        let valid = [
            "capacitor://localhost",
            "chrome-extension://abcdef",
            "http://[::1]",
            "http://my_host:80",
            "wss://x",
            "null",
        ];
        assert_eq!(AllowedOrigins::from(valid).problems().count(), 0);
        let wrong = [
            "",
            "NULL",
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
