//! Text as others see it. The examples clean with this what people call themselves and write to one another.
//!
//! Unicode has characters that show nothing, blanks that are no spaces, and marks that turn the order of a whole line
//! around. In a name they make two strings look the same, or put somebody else's name on the screen; in a message they
//! hide text or leave an empty bubble. Pages isolate the direction of each name and message besides (`<bdi>`,
//! `dir="auto"`).

/// Returns a name on one line, without what cannot be seen: each run of blanks becomes a space, and the result is empty
/// if nothing can be seen.
///
/// Joiners and variation selectors go too. The emoji and the few scripts that use them stay readable without, and a name
/// has to be the same whenever it looks the same.
#[must_use]
pub fn name(text: &str) -> String {
    let spaced: String = text
        .chars()
        .map(|c| if is_blank(c) { ' ' } else { c })
        .filter(|&c| c == ' ' || !is_hidden(c))
        .collect();
    spaced.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Returns a message without what hides or reorders text, and without blank lines at its ends; the result is empty if
/// nothing can be seen.
///
/// Line feeds and tabs stay, and so does what scripts and emoji need: joiners, variation selectors, and marks that say
/// the direction of a single place.
#[must_use]
pub fn message(text: &str) -> String {
    if text.chars().all(|c| is_blank(c) || is_hidden(c)) {
        return String::new();
    }
    let kept: String =
        text.chars().filter(|&c| stays_in_messages(c) || !is_hidden(c)).collect();
    kept.trim_end().trim_start_matches(['\n', '\r']).to_owned()
}

/// Returns whether a character takes room and shows nothing.
fn is_blank(c: char) -> bool {
    // Fillers for Hangul syllables, the empty Braille pattern, the musical null note head: no spaces by their category.
    let looks_blank = matches!(
        c,
        '\u{115F}' | '\u{1160}' | '\u{2800}' | '\u{3164}' | '\u{FFA0}' | '\u{1D159}'
    );
    c.is_whitespace() || looks_blank
}

/// Returns whether a character shows nothing itself, changes how others are shown, or means nothing to other people.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            // Default_Ignorable_Code_Point, fillers left out: soft hyphens, zero widths, all marks, embeddings, overrides
            // and isolates of direction, variation selectors, tags.
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{17B4}'..='\u{17B5}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
            // Annotations, the place of an object, format controls of hieroglyphs, a filler, what is no character.
            | '\u{FDD0}'..='\u{FDEF}' | '\u{FFF0}'..='\u{FFFC}' | '\u{FFFE}'..='\u{FFFF}'
            | '\u{13430}'..='\u{1343F}' | '\u{16FE4}'
            // Private use: everybody's fonts show something else.
            | '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// Returns whether a hidden character has a proper use in running text.
fn stays_in_messages(c: char) -> bool {
    matches!(c,
        '\n' | '\t'
        | '\u{200C}' | '\u{200D}' // the joiners of Persian, Indic scripts, and emoji
        | '\u{200E}' | '\u{200F}' | '\u{61C}' // marks of direction
        | '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{FE00}'..='\u{FE0F}') // variants of the character before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_its_spare_spaces() {
        assert_eq!(name("  Ada \t Lovelace\n"), "Ada Lovelace");
        assert_eq!(name("Grace Hopper"), "Grace Hopper");
    }

    #[test]
    fn blanks_of_all_kinds_are_one_space_in_a_name() {
        for blank in [
            '\u{A0}', '\u{2003}', '\u{200A}', '\u{2028}', '\u{3000}', '\u{2800}',
            '\u{3164}', '\u{FFA0}', '\u{1160}',
        ] {
            assert_eq!(
                name(&format!("{blank}Ada{blank}{blank}Lovelace{blank}")),
                "Ada Lovelace",
                "{blank:?}"
            );
            assert_eq!(name(&blank.to_string()), "", "{blank:?}");
            assert_eq!(message(&blank.to_string()), "", "{blank:?}");
        }
    }

    #[test]
    fn nothing_invisible_is_left_in_a_name() {
        for hidden in [
            '\0',
            '\u{7F}',
            '\u{9F}',
            '\u{AD}',
            '\u{34F}',
            '\u{61C}',
            '\u{180E}',
            '\u{200B}',
            '\u{200C}',
            '\u{200D}',
            '\u{200E}',
            '\u{200F}',
            '\u{202A}',
            '\u{202B}',
            '\u{202C}',
            '\u{202D}',
            '\u{202E}',
            '\u{2060}',
            '\u{2063}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{206A}',
            '\u{FE0F}',
            '\u{FEFF}',
            '\u{FFF9}',
            '\u{FFFC}',
            '\u{E000}',
            '\u{E0041}',
            '\u{E01EF}',
            '\u{10FFFF}',
        ] {
            assert_eq!(
                name(&format!("{hidden}A{hidden}da{hidden}")),
                "Ada",
                "{hidden:?}"
            );
            assert_eq!(name(&hidden.to_string()), "", "{hidden:?}");
            assert_eq!(message(&hidden.to_string()), "", "{hidden:?}");
        }
    }

    #[test]
    fn a_message_can_neither_turn_lines_around_nor_hide_words() {
        assert_eq!(message("invoice\u{202E}fdp.exe"), "invoicefdp.exe");
        assert_eq!(message("\u{2067}a\u{2069} \u{202D}b\u{202C}"), "a b");
        assert_eq!(message("pass\u{200B}word\u{2060}"), "password");
        let tags: String = "secret"
            .bytes()
            .filter_map(|byte| char::from_u32(0xE0000 + u32::from(byte)))
            .collect();
        assert_eq!(message(&format!("hi{tags}")), "hi");
    }

    #[test]
    fn a_message_keeps_what_scripts_and_emoji_need() {
        for text in [
            "می\u{200C}خواهم",
            "👩\u{200D}💻",
            "❤\u{FE0F}",
            "שלום\u{200E}!",
            "ünï ✓",
            "a\n\tb\n\nc",
            "  indented",
        ] {
            assert_eq!(message(text), text);
        }
    }

    #[test]
    fn a_message_has_no_blank_lines_at_its_ends() {
        assert_eq!(message("\n\r\nhi\r\nthere \n\n"), "hi\nthere");
        assert_eq!(message(" \n\t "), "");
    }
}
