//! The grammar of a dynamic namespace, `/org/{id}`: so that a mistake in it is found by the compiler.
//!
//! ```text
//! pattern    =  "/" segment { "/" segment }
//! segment    =  text  |  "{" name "}"  |  "{*" name "}"     the last form only at the end
//! name       =  letter or "_", then letters, digits and "_"; each name once
//! ```
//!
//! `sio` checks the same of consumers that are written by hand.

/// Says what is wrong with a namespace, if it has parameters.
pub(crate) fn check(namespace: &str) -> Result<(), String> {
    let segments: Vec<_> = namespace.split('/').skip(1).collect();
    let mut names = Vec::new();
    for (index, text) in segments.iter().enumerate() {
        if !text.contains(['{', '}']) {
            continue;
        }
        let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
        let Some(name) = name.filter(|name| !name.contains(['{', '}'])) else {
            return Err(format!("a parameter is a whole segment, as in \"/org/{{id}}\", and not `{text}`"));
        };
        let (name, takes_rest) = match name.strip_prefix('*') {
            Some(name) => (name, true),
            None => (name, false),
        };
        if !is_name(name) {
            return Err(format!(
                "`{text}` has no name that a parameter can have: use letters, digits and `_`"
            ));
        }
        if names.contains(&name) {
            return Err(format!("the parameter `{name}` is there twice"));
        }
        if takes_rest && index + 1 < segments.len() {
            return Err(format!("`{text}` takes everything that is left, so it stands at the end"));
        }
        names.push(name);
    }
    Ok(())
}

fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn patterns_are_checked() {
        for right in ["/", "/chat", "/{id}", "/org/{id}", "/org/{id}/room/{room_2}", "/files/{*path}"] {
            assert_eq!(check(right), Ok(()), "{right}");
        }
        let wrong = [
            "/{}", "/{1}", "/a{b}", "/{a}b", "/{{a}}", "/{a", "/a}", "/{a}/{a}", "/{*a}/b", "/{a b}", "/{*}",
        ];
        for wrong in wrong {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
