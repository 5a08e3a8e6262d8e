//! Reading JSON text (RFC 8259) in place: strings, numbers, and whole values that are only checked and passed over.
//!
//! Not a deserializer ([`super::de`] is, on top of this) and not a tree. It exists beside serde_json because the
//! arguments of a packet are read lazily, one at a time, from a position in the text, and because everything that
//! arrives is checked once from end to end before anybody looks at it: [`Reader::skip`] does that without recursion
//! and without allocating. A lone surrogate in a `\u` escape is valid here and becomes U+FFFD: it is valid JSON that
//! JavaScript can produce, but no Rust string.

use std::borrow::Cow;
use std::ops::Range;

use super::plain::plain_run;
use crate::pace::Pace;

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not valid JSON")]
pub(crate) struct Malformed;

/// A number of the text, in the first of these forms that it fits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Number {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
}

/// A position in JSON text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    text: &'a str,
    position: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(text: &'a str, position: usize) -> Self {
        Self { text, position }
    }

    pub(crate) const fn position(&self) -> usize {
        self.position
    }

    /// The same text at another position, which a reader of it has given.
    pub(crate) const fn moved_to(self, position: usize) -> Self {
        Self { position, ..self }
    }

    /// Returns the text that has not been read yet.
    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.position..).unwrap_or_default()
    }

    /// The next byte that is not white space, `None` at the end.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.position) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                other => return other.copied(),
            }
        }
    }

    /// Passes over the byte that `peek` gave.
    #[inline]
    pub(crate) const fn advance(&mut self) {
        self.position += 1;
    }

    /// Passes over white space and this byte.
    #[inline]
    pub(crate) fn expect(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.peek() == Some(byte) {
            self.advance();
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Passes over `null`, `true` or `false`.
    pub(crate) fn word(&mut self, word: &str) -> Result<(), Malformed> {
        self.peek();
        if self.rest().starts_with(word) {
            self.position += word.len();
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// Reads a string, decoding its escapes.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let (raw, is_escaped) = self.raw_string()?;
        Ok(if is_escaped { Cow::Owned(unescape(raw)) } else { Cow::Borrowed(raw) })
    }

    /// Passes over a string; gives what stands between its quotes and whether that contains escapes.
    #[inline]
    pub(super) fn raw_string(&mut self) -> Result<(&'a str, bool), Malformed> {
        let (content, is_escaped) = self.pass_string()?;
        Ok((&self.text[content], is_escaped))
    }

    /// Passes over a string; gives where its content is and whether that contains escapes.
    #[inline]
    fn pass_string(&mut self) -> Result<(Range<usize>, bool), Malformed> {
        self.expect(b'"')?;
        let bytes = self.text.as_bytes();
        let start = self.position;
        let (mut end, mut is_escaped) = (start, false);
        loop {
            end += plain_run(&bytes[end..]);
            match bytes.get(end) {
                Some(b'"') => {
                    self.position = end + 1;
                    return Ok((start..end, is_escaped));
                }
                Some(b'\\') => {
                    is_escaped = true;
                    end += escape_len(&bytes[end..])?;
                }
                _ => return Err(Malformed),
            }
        }
    }

    /// Reads a number that begins right here; one that no `f64` can hold is infinite.
    pub(crate) fn number(&mut self) -> Result<Number, Malformed> {
        let (text, is_integer) = self.number_text()?;
        if is_integer {
            if let Ok(number) = text.parse() {
                return Ok(Number::Unsigned(number));
            }
            // `-0` has a sign that only a float can keep.
            if let Ok(number) = text.parse()
                && number != 0
            {
                return Ok(Number::Signed(number));
            }
        }
        // The standard library parses to the nearest float, so what came in goes out again.
        text.parse().map(Number::Float).map_err(|_| Malformed)
    }

    /// Passes over a number that begins right here; gives its text and whether that is an integer.
    pub(crate) fn number_text(&mut self) -> Result<(&'a str, bool), Malformed> {
        let start = self.position;
        let is_integer = self.pass_number()?;
        Ok((&self.text[start..self.position], is_integer))
    }

    /// Passes over a number that begins right here; returns whether it is an integer.
    #[inline]
    fn pass_number(&mut self) -> Result<bool, Malformed> {
        let bytes = self.text.as_bytes();
        let mut end = self.position;
        if let Some(b'-') = bytes.get(end) {
            end += 1;
        }
        match bytes.get(end) {
            Some(b'0') => end += 1,
            _ => end = digits(bytes, end)?,
        }
        let is_integer = !matches!(bytes.get(end), Some(b'.' | b'e' | b'E'));
        self.position = if is_integer { end } else { fraction_and_exponent(bytes, end)? };
        Ok(is_integer)
    }

    /// Passes over one whole value and checks that it is valid JSON, however deep.
    pub(crate) fn skip(&mut self) -> Result<(), Malformed> {
        self.walk(|_| Ok(()))
    }

    /// Like `skip`; calls `on_object` with the position of every object in it.
    pub(crate) fn walk<E: From<Malformed>>(
        &mut self,
        mut on_object: impl FnMut(Self) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut open = Nesting::default();
        let mut pace = Pace::new();
        loop {
            pace.step();
            match self.peek().ok_or(Malformed)? {
                b'{' => {
                    on_object(*self)?;
                    self.advance();
                    if self.peek() != Some(b'}') {
                        open.push(true);
                        self.member_name()?;
                        continue;
                    }
                    self.advance();
                }
                b'[' => {
                    self.advance();
                    if self.peek() != Some(b']') {
                        open.push(false);
                        continue;
                    }
                    self.advance();
                }
                b'"' => _ = self.pass_string()?,
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => _ = self.pass_number()?,
            }
            if self.close(&mut open)? {
                return Ok(());
            }
        }
    }

    /// After a value: closes what ends here. `false`: another value follows, and its member name, if any, is read.
    #[inline]
    fn close(&mut self, open: &mut Nesting) -> Result<bool, Malformed> {
        while let Some(in_object) = open.innermost() {
            match (self.peek(), in_object) {
                (Some(b','), true) => {
                    self.advance();
                    self.member_name()?;
                    return Ok(false);
                }
                (Some(b','), false) => {
                    self.advance();
                    return Ok(false);
                }
                (Some(b'}'), true) | (Some(b']'), false) => {
                    self.advance();
                    open.pop();
                }
                _ => return Err(Malformed),
            }
        }
        Ok(true)
    }

    #[inline]
    fn member_name(&mut self) -> Result<(), Malformed> {
        self.pass_string()?;
        self.expect(b':')
    }
}

/// Which containers are open: one bit each, `true` for an object. The innermost 64 need no memory.
#[derive(Debug, Default)]
struct Nesting {
    depth: usize,
    innermost: u64,
    outer: Vec<u64>,
}

impl Nesting {
    const BITS: usize = u64::BITS as usize;

    #[inline]
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(Self::BITS) {
            self.outer.push(self.innermost);
        }
        self.innermost = self.innermost << 1 | u64::from(is_object);
        self.depth += 1;
    }

    #[inline]
    fn pop(&mut self) {
        self.innermost >>= 1;
        self.depth -= 1;
        if self.depth > 0 && self.depth.is_multiple_of(Self::BITS) {
            self.innermost = self.outer.pop().unwrap_or_default();
        }
    }

    #[inline]
    const fn innermost(&self) -> Option<bool> {
        if self.depth == 0 { None } else { Some(self.innermost & 1 == 1) }
    }
}

/// The length of the escape that `bytes` begins with.
fn escape_len(bytes: &[u8]) -> Result<usize, Malformed> {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') if bytes.get(2..6).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit)) => Ok(6),
        _ => Err(Malformed),
    }
}

/// The position after the digits at `start`, of which there must be one at least.
#[inline]
fn digits(bytes: &[u8], start: usize) -> Result<usize, Malformed> {
    let mut end = start;
    while let Some(b'0'..=b'9') = bytes.get(end) {
        end += 1;
    }
    if end == start { Err(Malformed) } else { Ok(end) }
}

/// The position after the part of a number that is behind its whole part, which ends at `end`.
fn fraction_and_exponent(bytes: &[u8], mut end: usize) -> Result<usize, Malformed> {
    if let Some(b'.') = bytes.get(end) {
        end = digits(bytes, end + 1)?;
    }
    if let Some(b'e' | b'E') = bytes.get(end) {
        let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        end = digits(bytes, end + 1 + signed)?;
    }
    Ok(end)
}

/// Decodes the escapes of a string that `raw_string` has checked.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut used = 1;
        match escape.as_bytes().first() {
            Some(b'b') => text.push('\u{8}'),
            Some(b'f') => text.push('\u{c}'),
            Some(b'n') => text.push('\n'),
            Some(b'r') => text.push('\r'),
            Some(b't') => text.push('\t'),
            Some(b'u') => {
                let (character, len) = unicode_escape(escape);
                text.push(character);
                used = len;
            }
            Some(&other) => text.push(char::from(other)),
            None => used = 0,
        }
        rest = escape.get(used..).unwrap_or_default();
    }
    text.push_str(rest);
    text
}

/// The character of `uXXXX` or of the surrogate pair `uXXXX\uXXXX`, and the length of that.
fn unicode_escape(escape: &str) -> (char, usize) {
    let unit = |from: usize| escape.get(from..from + 4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
    let first = unit(1).unwrap_or_default();
    if let 0xd800..0xdc00 = first
        && escape.get(5..7) == Some("\\u")
        && let Some(second @ 0xdc00..0xe000) = unit(7)
    {
        let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
        return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11);
    }
    // A surrogate that gets here stands alone.
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 5)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_valid(text: &str) -> bool {
        let mut reader = Reader::new(text, 0);
        reader.skip().is_ok() && reader.peek().is_none()
    }

    fn string(text: &str) -> Result<String, Malformed> {
        Reader::new(text, 0).string().map(Cow::into_owned)
    }

    fn number(text: &str) -> Result<Number, Malformed> {
        Reader::new(text, 0).number()
    }

    /// Makes texts that are nearly JSON out of a fixed sequence, and compares the verdict with serde_json's.
    #[test]
    fn verdicts_are_those_of_serde_json() {
        let pieces = [
            "{", "}", "[", "]", ",", ":", "\"", "\\", "a", "\"k\":", "\"s\"", "1", "0", "-", ".5", "e1",
            "E+2", "true", "null", "fals", " ", "\n", "\\u00", "\\u00e9", "\\ud800", "\u{1}", "é", "\\n",
            "\\x", "1234567",
        ];
        let mut state = 1_u64;
        let (mut valid, mut invalid) = (0, 0);
        for _ in 0..60_000 {
            let mut text = String::new();
            for _ in 0..state % 9 + 1 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                text.push_str(pieces[(state >> 33) as usize % pieces.len()]);
            }
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            assert_eq!(is_valid(&text), expected, "{text:?}");
            if expected { valid += 1 } else { invalid += 1 }
        }
        assert!(valid > 1_000 && invalid > 1_000, "{valid} valid, {invalid} invalid");
    }

    #[test]
    fn nesting_has_no_limit_and_is_still_checked() {
        for depth in [1, 63, 64, 65, 128, 129, 1000, 100_000] {
            let text = "[{\"a\":".repeat(depth) + "0" + &"}]".repeat(depth);
            assert!(is_valid(&text), "{depth}");
            let crossed = "[{\"a\":".repeat(depth) + "0" + &"}]".repeat(depth - 1) + "]}";
            assert!(!is_valid(&crossed), "{depth}");
            assert!(!is_valid(&text[..text.len() - 1]), "{depth}");
        }
    }

    #[test]
    fn string_ends_are_found_at_every_offset() {
        for len in 0..40 {
            let plain = "é".repeat(len / 2) + &"x".repeat(len % 2);
            assert_eq!(string(&format!("\"{plain}\"\"\\")), Ok(plain.clone()));
            assert_eq!(string(&format!("\"{plain}\\n{plain}\"")), Ok(format!("{plain}\n{plain}")));
            assert_eq!(string(&format!("\"{plain}\u{1f}\"")), Err(Malformed));
            assert_eq!(string(&format!("\"{plain}")), Err(Malformed));
            assert_eq!(string(&format!("\"{plain}\u{7f}\"")), Ok(format!("{plain}\u{7f}")));
        }
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(
            string(r#""\"\\\/\b\f\n\r\t\u0041\u00e9\ud83d\ude00""#),
            Ok("\"\\/\u{8}\u{c}\n\r\tAé😀".into())
        );
        for bad in [r#""\"#, r#""\x""#, r#""\u12""#, r#""\u12g4""#, r#""\u+123""#, r#""\u12é""#] {
            assert_eq!(string(bad), Err(Malformed), "{bad}");
        }
    }

    #[test]
    fn lone_surrogates_become_replacement_characters() {
        for (escaped, decoded) in [
            (r"\ud800", "\u{fffd}"),
            (r"\udc00", "\u{fffd}"),
            (r"\ud800x", "\u{fffd}x"),
            (r"\ud800\n", "\u{fffd}\n"),
            (r"\ud800\u0041", "\u{fffd}A"),
            (r"\ud800\ud83d\ude00", "\u{fffd}😀"),
            (r"\uDC00\uD800", "\u{fffd}\u{fffd}"),
        ] {
            assert_eq!(string(&format!("\"{escaped}\"")), Ok(decoded.into()), "{escaped}");
        }
    }

    #[test]
    fn numbers_keep_their_value() {
        assert_eq!(number("0"), Ok(Number::Unsigned(0)));
        assert_eq!(number("18446744073709551615"), Ok(Number::Unsigned(u64::MAX)));
        assert_eq!(number("18446744073709551616"), Ok(Number::Float(18_446_744_073_709_552_000.0)));
        assert_eq!(number("-9223372036854775808"), Ok(Number::Signed(i64::MIN)));
        assert_eq!(number("-9223372036854775809"), Ok(Number::Float(-9_223_372_036_854_775_808.0)));
        assert!(matches!(number("-0"), Ok(Number::Float(zero)) if zero.is_sign_negative()));
        assert_eq!(number("0.1"), Ok(Number::Float(0.1)));
        assert_eq!(number("1e999"), Ok(Number::Float(f64::INFINITY)));
        for bad in ["", "-", "+1", ".5", "1.", "1e", "1e+", "a"] {
            assert_eq!(number(bad), Err(Malformed), "{bad}");
        }
    }
}
