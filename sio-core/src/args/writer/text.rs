//! The text of strings and numbers.

use std::fmt;

use crate::args::plain::plain_run;

/// So much often follows a string, and would otherwise double the memory of a long one.
const BEHIND: usize = 64;

/// Memory for JSON that is being written: bytes, or a text that is known to be one without being looked at again.
pub(crate) trait Out {
    fn put(&mut self, text: &str);

    /// Makes room for so much, and for what often follows it, unless there is room.
    fn make_room(&mut self, needed: usize);
}

impl Out for Vec<u8> {
    #[inline]
    fn put(&mut self, text: &str) {
        self.extend_from_slice(text.as_bytes());
    }

    #[inline]
    fn make_room(&mut self, needed: usize) {
        if self.capacity() - self.len() < needed {
            self.reserve(needed + BEHIND);
        }
    }
}

#[cfg(feature = "msgpack")]
impl Out for String {
    #[inline]
    fn put(&mut self, text: &str) {
        self.push_str(text);
    }

    #[inline]
    fn make_room(&mut self, needed: usize) {
        if self.capacity() - self.len() < needed {
            self.reserve(needed + BEHIND);
        }
    }
}

/// Appends a string as JSON.
pub(crate) fn write_string(out: &mut impl Out, text: &str) {
    out.make_room(text.len() + 2);
    out.put("\"");
    write_inside_string(out, text);
    out.put("\"");
}

fn write_inside_string(out: &mut impl Out, text: &str) {
    let (plain, mut rest) = text.split_at(plain_run(text.as_bytes()));
    out.put(plain);
    while let Some(byte) = rest.as_bytes().first() {
        write_escape(out, *byte);
        let (plain, behind) = rest[1..].split_at(plain_run(&rest.as_bytes()[1..]));
        out.put(plain);
        rest = behind;
    }
}

/// Writes a byte that no string may hold as it is.
fn write_escape(out: &mut impl Out, byte: u8) {
    out.put(match byte {
        b'"' => "\\\"",
        b'\\' => "\\\\",
        b'\x08' => "\\b",
        b'\x0c' => "\\f",
        b'\n' => "\\n",
        b'\r' => "\\r",
        b'\t' => "\\t",
        _ => {
            const HEX: &str = "0123456789abcdef";
            out.put("\\u00");
            for digit in [byte >> 4, byte & 0xf].map(usize::from) {
                out.put(&HEX[digit..=digit]);
            }
            return;
        }
    });
}

/// Writes text that is displayed into a string.
pub(super) struct InsideString<'a>(pub(super) &'a mut Vec<u8>);

impl fmt::Write for InsideString<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_inside_string(self.0, text);
        Ok(())
    }
}

/// Writes JSON without the white space between its tokens.
pub(super) fn write_compact(out: &mut Vec<u8>, json: &str) {
    let (mut in_text, mut escaped) = (false, false);
    let mut is_kept = |byte: u8| {
        let is_space = matches!(byte, b' ' | b'\n' | b'\r' | b'\t');
        let kept = in_text || !is_space;
        if byte == b'"' && !escaped {
            in_text = !in_text;
        }
        escaped = in_text && byte == b'\\' && !escaped;
        kept
    };
    out.extend(json.bytes().filter(|byte| is_kept(*byte)));
}

/// Digits of the largest `u64`.
pub(crate) const MAX_DIGITS: usize = 20;

/// The decimal digits of a number.
pub(crate) fn digits(mut number: u64, buffer: &mut [u8; MAX_DIGITS]) -> &[u8] {
    let mut start = MAX_DIGITS;
    loop {
        start -= 1;
        buffer[start] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &buffer[start..];
        }
    }
}
