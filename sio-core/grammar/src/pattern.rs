//! Namespaces with parameters, `/org/{id}`, and which two of them overlap.
//!
//! ```text
//! pattern    =  "/" segment { "/" segment }
//! segment    =  text  |  "{" name "}"  |  "{*" name "}"     the last form only at the end
//! name       =  letter or "_", then letters, digits and "_"; each name once
//! ```
//!
//! `{name}` stands for one segment that is not empty, `{*name}` for all that are left. This is a part of the syntax
//! of the crate `matchit`: enough to decide, without trying paths, whether one could match two patterns.

use std::error::Error;
use std::fmt;

/// The reason why a namespace with parameters is invalid. Each variant holds the segment or the name.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PatternError {
    /// Braces in the middle of a segment, or only one of them.
    NotWhole(String),
    /// A parameter without a name, or with one that is no identifier.
    NoName(String),
    /// A second parameter of this name.
    Twice(String),
    /// Something follows a parameter that takes all that is left.
    NotLast(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWhole(text) => {
                write!(f, "a parameter is a whole segment, as in \"/org/{{id}}\", and not `{text}`")
            }
            Self::NoName(text) => {
                write!(f, "`{text}` has no name that a parameter can have: use letters, digits and `_`")
            }
            Self::Twice(name) => write!(f, "the parameter `{name}` is there twice"),
            Self::NotLast(text) => {
                write!(f, "`{text}` takes everything that is left, so it stands at the end")
            }
        }
    }
}

impl Error for PatternError {}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Text(&'a str),
    One(&'a str),
    Rest(&'a str),
}

/// Returns `true` if a namespace has parameters, or something that looks like one.
#[must_use]
pub fn is_pattern(namespace: &str) -> bool {
    namespace.contains(['{', '}'])
}

/// Checks the parameters of a namespace, if there are any.
///
/// # Errors
///
/// [`PatternError`] says which rule it breaks.
///
/// # Examples
///
/// ```
/// use sio_grammar::pattern::{PatternError, check};
///
/// assert_eq!(check("/org/{id}/{*path}"), Ok(()));
/// assert_eq!(check("/chat"), Ok(()));
/// assert_eq!(check("/org-{id}"), Err(PatternError::NotWhole("org-{id}".to_owned())));
/// ```
pub fn check(namespace: &str) -> Result<(), PatternError> {
    let mut seen = Vec::new();
    let mut texts = texts(namespace).peekable();
    while let Some(text) = texts.next() {
        let name = match segment(text) {
            Segment::Text(text) if is_pattern(text) => return Err(PatternError::NotWhole(text.to_owned())),
            Segment::Text(_) => continue,
            Segment::One(name) | Segment::Rest(name) => name,
        };
        if !is_name(name) {
            return Err(PatternError::NoName(text.to_owned()));
        }
        if seen.contains(&name) {
            return Err(PatternError::Twice(name.to_owned()));
        }
        if matches!(segment(text), Segment::Rest(_)) && texts.peek().is_some() {
            return Err(PatternError::NotLast(text.to_owned()));
        }
        seen.push(name);
    }
    Ok(())
}

/// Returns the names of the parameters, in order.
pub fn names(pattern: &str) -> impl Iterator<Item = &str> {
    texts(pattern).filter_map(|text| match segment(text) {
        Segment::Text(_) => None,
        Segment::One(name) | Segment::Rest(name) => Some(name),
    })
}

/// Returns `true` if some path matches both patterns, which must have been checked before.
///
/// # Examples
///
/// ```
/// use sio_grammar::pattern::overlap;
///
/// assert!(overlap("/{a}/x", "/y/{b}"));
/// assert!(!overlap("/org/{id}", "/team/{id}"));
/// ```
#[must_use]
pub fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (texts(one).map(segment), texts(other).map(segment));
    loop {
        return match (one.next(), other.next()) {
            (None, None) => true,
            (None, Some(_)) | (Some(_), None) => false,
            (Some(Segment::Rest(_)), Some(_)) | (Some(_), Some(Segment::Rest(_))) => true,
            (Some(Segment::Text(one)), Some(Segment::Text(other))) if one != other => false,
            _ => continue,
        };
    }
}

/// Returns `true` if a path matches a pattern, which must have been checked before. A path without parameters matches
/// itself.
///
/// # Examples
///
/// ```
/// use sio_grammar::pattern::matches;
///
/// assert!(matches("/org/{id}", "/org/7"));
/// assert!(matches("/files/{*path}", "/files/a/b"));
/// assert!(!matches("/org/{id}", "/org/"));
/// ```
#[must_use]
pub fn matches(pattern: &str, path: &str) -> bool {
    let (mut segments, mut texts) = (texts(pattern).map(segment), texts(path));
    loop {
        return match (segments.next(), texts.next()) {
            (None, None) => true,
            (None, Some(_)) | (Some(_), None) => false,
            (Some(Segment::Rest(_)), Some(text)) => !text.is_empty() || texts.next().is_some(),
            (Some(Segment::One(_)), Some("")) => false,
            (Some(Segment::Text(wanted)), Some(text)) if wanted != text => false,
            _ => continue,
        };
    }
}

fn texts(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').skip(1)
}

/// Reads a segment; one whose braces make no sense is a text.
fn segment(text: &str) -> Segment<'_> {
    let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    match name.filter(|name| !is_pattern(name)) {
        None => Segment::Text(text),
        Some(name) => name.strip_prefix('*').map_or(Segment::One(name), Segment::Rest),
    }
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_checked() {
        for right in ["/", "/chat", "/{id}", "/org/{id}", "/org/{id}/room/{room_2}", "/files/{*path}"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        type Make = fn(String) -> PatternError;
        for (wrong, error, part) in [
            ("/a{b}", PatternError::NotWhole as Make, "a{b}"),
            ("/{a}b", PatternError::NotWhole, "{a}b"),
            ("/{{a}}", PatternError::NotWhole, "{{a}}"),
            ("/{a", PatternError::NotWhole, "{a"),
            ("/x/a}/y", PatternError::NotWhole, "a}"),
            ("/{}", PatternError::NoName, "{}"),
            ("/{1}", PatternError::NoName, "{1}"),
            ("/{a b}", PatternError::NoName, "{a b}"),
            ("/{*}", PatternError::NoName, "{*}"),
            ("/{a}/{a}", PatternError::Twice, "a"),
            ("/{a}/{*a}", PatternError::Twice, "a"),
            ("/{*a}/b", PatternError::NotLast, "{*a}"),
        ] {
            assert_eq!(check(wrong), Err(error(part.to_owned())), "{wrong}");
        }
    }

    #[test]
    fn names_are_in_order() {
        assert_eq!(names("/org/{id}/x/{*rest}").collect::<Vec<_>>(), ["id", "rest"]);
        assert_eq!(names("/chat").count(), 0);
    }

    #[test]
    fn two_patterns_overlap_when_a_path_could_match_both() {
        for (one, other) in [
            ("/org/{id}", "/org/{name}"),
            ("/{a}/x", "/y/{b}"),
            ("/files/{*path}", "/files/{a}/{b}"),
            ("/{*all}", "/org/{id}"),
        ] {
            assert!(overlap(one, other) && overlap(other, one), "{one} {other}");
        }
        for (one, other) in [
            ("/org/{id}", "/team/{id}"),
            ("/org/{id}", "/org/{id}/{room}"),
            ("/{a}/x", "/{a}/y"),
            ("/files/{*path}", "/{a}"),
        ] {
            assert!(!overlap(one, other) && !overlap(other, one), "{one} {other}");
        }
    }

    #[test]
    fn a_path_matches_a_pattern_segment_by_segment() {
        for (pattern, path) in [
            ("/", "/"),
            ("/chat", "/chat"),
            ("/{id}", "/7"),
            ("/org/{id}/x", "/org/7/x"),
            ("/files/{*path}", "/files/a"),
            ("/files/{*path}", "/files/a/b/"),
            ("/{*all}", "/x"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/", "/chat"),
            ("/chat", "/chat/"),
            ("/{id}", "/"),
            ("/{id}", "/a/b"),
            ("/org/{id}/x", "/org/7/y"),
            ("/files/{*path}", "/files/"),
            ("/files/{*path}", "/files"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }
}
