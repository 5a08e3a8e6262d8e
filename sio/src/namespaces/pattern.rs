//! The grammar of dynamic namespaces, and which two of them overlap.
//!
//! ```text
//! pattern    =  "/" segment { "/" segment }        at least one parameter
//! segment    =  text  |  "{" name "}"  |  "{*" name "}"     the last form only at the end
//! name       =  letter or "_", then letters, digits and "_"; each name once
//! ```
//!
//! `{name}` stands for one segment that is not empty, `{*name}` for all that are left. This is the part of what
//! `matchit` knows with which it can be told, without trying, whether a path could match two patterns.

/// True when the namespace of a consumer stands for many paths.
pub(crate) fn is_pattern(namespace: &str) -> bool {
    namespace.contains(['{', '}'])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Segment<'a> {
    Text(&'a str),
    One,
    Rest,
}

/// Says what is wrong with a pattern.
pub(crate) fn check(pattern: &str) -> Result<(), String> {
    let segments: Vec<_> = texts(pattern).collect();
    let mut names = Vec::new();
    for (index, text) in segments.iter().enumerate() {
        let Some(name) = name(text) else {
            if text.contains(['{', '}']) {
                return Err(format!("a parameter is a whole segment, as in `/org/{{id}}`, and not `{text}`"));
            }
            continue;
        };
        if !is_name(name) {
            return Err(format!("`{name}` is not the name of a parameter: use letters, digits and `_`"));
        }
        if names.contains(&name) {
            return Err(format!("the parameter `{name}` is there twice"));
        }
        if text.starts_with("{*") && index + 1 < segments.len() {
            return Err(format!("`{text}` takes everything that is left, so it stands at the end"));
        }
        names.push(name);
    }
    Ok(())
}

/// The names of the parameters, in order.
pub(crate) fn names(pattern: &str) -> impl Iterator<Item = &str> {
    texts(pattern).filter_map(name)
}

/// True when there is a path that both patterns match. Both have been checked.
pub(crate) fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (segments(one), segments(other));
    loop {
        return match (one.next(), other.next()) {
            (None, None) => true,
            (None, Some(_)) | (Some(_), None) => false,
            (Some(Segment::Rest), Some(_)) | (Some(_), Some(Segment::Rest)) => true,
            (Some(Segment::Text(one)), Some(Segment::Text(other))) if one != other => false,
            _ => continue,
        };
    }
}

fn segments(pattern: &str) -> impl Iterator<Item = Segment<'_>> {
    texts(pattern).map(|text| match name(text) {
        Some(_) if text.starts_with("{*") => Segment::Rest,
        Some(_) => Segment::One,
        None => Segment::Text(text),
    })
}

fn texts(pattern: &str) -> impl Iterator<Item = &str> {
    pattern.split('/').skip(1)
}

fn name(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    Some(name.strip_prefix('*').unwrap_or(name))
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::{check, names, overlap};

    #[test]
    fn patterns_are_checked() {
        for right in ["/{id}", "/org/{id}", "/org/{id}/room/{room_2}", "/files/{*path}"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        let wrong = [
            "/{}", "/{1}", "/a{b}", "/{a}b", "/{{a}}", "/{a", "/a}", "/{a}/{a}", "/{*a}/b", "/{a b}", "/{*}",
        ];
        for wrong in wrong {
            assert!(check(wrong).is_err(), "{wrong}");
        }
        assert_eq!(names("/org/{id}/{*rest}").collect::<Vec<_>>(), ["id", "rest"]);
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
            let mut router = matchit::Router::new();
            router.insert(one, ()).unwrap();
            router.insert(other, ()).unwrap();
        }
    }
}
