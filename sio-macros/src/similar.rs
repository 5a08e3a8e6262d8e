//! What somebody may have meant who wrote a word that nobody knows.

/// Returns the word that differs from `word` by one slip: a letter too many, too few or wrong, or two that changed places.
pub(crate) fn meant<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    known.iter().copied().find(|known| is_one_slip(word, known))
}

/// `; did you mean `..`?`, for the end of a message; nothing where no word is similar.
pub(crate) fn question(word: &str, known: &[&str]) -> String {
    meant(word, known).map_or_else(String::new, |known| format!("; did you mean `{known}`?"))
}

pub(crate) fn is_one_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
    let same = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    let (one, other) = (&one[same..], &other[same..]);
    match (one, other) {
        ([], []) => false,
        ([a, b, one @ ..], [c, d, other @ ..]) if a == d && b == c && one == other => true,
        ([_, one @ ..], [_, other @ ..]) if one == other => true,
        ([_, one @ ..], other) if one == other => true,
        (one, [_, other @ ..]) => one == other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_one_slip;

    #[test]
    fn one_slip_is_enough_and_two_are_too_many() {
        for slip in ["evnt", "evvent", "evemt", "evetn", "event_", "vent"] {
            assert!(is_one_slip(slip, "event") && is_one_slip("event", slip), "{slip}");
        }
        for other in ["event", "evt", "vents", "emit", "", "advent", "enevt"] {
            assert!(!is_one_slip(other, "event") && !is_one_slip("event", other), "{other}");
        }
    }
}
