//! Shortens texts that clients have chosen, so that they can be repeated.

use std::borrow::Cow;

/// How much of a text that a client has chosen is repeated in an error or in the log, in characters.
pub(crate) const MAX_CHARS: usize = 256;

/// The text, or its beginning and an ellipsis.
pub(crate) fn short(text: &str) -> Cow<'_, str> {
    // Most texts are short in bytes too, which costs no counting.
    if text.len() <= MAX_CHARS {
        return Cow::Borrowed(text);
    }
    match text.char_indices().nth(MAX_CHARS) {
        Some((end, _)) => Cow::Owned(format!("{}…", &text[..end])),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_longer_is_cut() {
        for text in ["", "chat", &"x".repeat(MAX_CHARS), &"ß".repeat(MAX_CHARS)] {
            assert_eq!(short(text), text);
        }
    }

    #[test]
    fn characters_are_counted_and_never_cut_in_two() {
        for letter in ["x", "ß", "✓", "😀"] {
            let expected = letter.repeat(MAX_CHARS) + "…";
            assert_eq!(short(&letter.repeat(MAX_CHARS + 1)), expected);
            assert_eq!(short(&letter.repeat(1_000_000)), expected);
        }
    }
}
