//! Ids that clients and nodes send, and the wish to be recovered; patterns of namespaces.

use serde_json::{Map, Value as Json};
use sio::observe::TraceParent;
use sio_core::args::Args;
use sio_core::cluster::node::{NodeId, Tag};
use sio_core::cluster::token::ForwardToken;
use sio_core::id::{PrivateId, SessionId, Sid};
use sio_core::socket::recovery::take_resume;
use sio_grammar::{check_namespace, pattern};

pub(super) fn ids(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    assert!(text.parse::<Sid>().is_ok_and(|id| id.as_str() == text) || text.parse::<Sid>().is_err());
    if let Ok(id) = text.parse::<SessionId>() {
        assert!(id.as_str() == text && !format!("{id:?}").contains(text));
    }
    if let Ok(id) = text.parse::<PrivateId>() {
        assert!(id.as_str() == text && !format!("{id:?}").contains(text));
    }
    if let Ok(id) = text.parse::<NodeId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    if let Ok(tag) = text.parse::<Tag>() {
        assert_eq!(tag.as_str(), text);
    }
    if let Ok(token) = serde_json::from_value::<ForwardToken>(text.into()) {
        assert!(token.is(token.as_str().as_bytes()));
    }
    if let Ok(parent) = text.parse::<TraceParent>() {
        assert!(parent.trace_id() != 0 && parent.span_id() != 0);
    }
    resume(text);
}

/// The wish is taken out of the payload, and nothing else is.
fn resume(text: &str) {
    let (resume, rest) = take_resume(Args::single(text.into()));
    let Ok(all) = serde_json::from_str::<Map<String, Json>>(text) else {
        // No object: nobody wishes anything.
        assert!(resume.is_none() || serde_json::from_str::<Json>(text).is_err(), "{text}");
        return;
    };
    // Where a name comes twice, the map knows the last alone.
    if text.matches("pid").count() > 1 || text.matches("offset").count() > 1 || text.contains('\\') {
        return;
    }
    let pid = all.get("pid").and_then(Json::as_str).filter(|pid| pid.parse::<PrivateId>().is_ok());
    assert!(resume.is_none() || pid.is_some());
    let mut expected = all.clone();
    if let Some(pid) = pid {
        assert!(resume.is_none_or(|resume| resume.pid.as_str() == pid));
        expected.remove("pid");
        expected.remove("offset");
    }
    let rest = rest.map(|rest| serde_json::from_str::<Map<String, Json>>(rest.raw()).unwrap());
    assert_eq!(rest.unwrap_or_default(), expected);
}

/// Two patterns and a path, a line each.
pub(super) fn patterns(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let mut lines = text.splitn(3, '\n');
    let (one, other, path) =
        (lines.next().unwrap_or(""), lines.next().unwrap_or(""), lines.next().unwrap_or(""));
    let _ = check_namespace(path);
    let is_checked = |pattern: &str| pattern::check(pattern).is_ok();
    assert_eq!(pattern::overlap(one, other), pattern::overlap(other, one));
    for pattern in [one, other] {
        assert!(pattern::names(pattern).count() <= pattern.len());
        if is_checked(pattern) {
            assert!(pattern::overlap(pattern, pattern), "{pattern}");
            assert!(pattern::is_pattern(pattern) || pattern::matches(pattern, pattern));
        }
    }
    if is_checked(one) && is_checked(other) && pattern::matches(one, path) && pattern::matches(other, path) {
        assert!(pattern::overlap(one, other), "{one} and {other} both match {path}");
    }
}
