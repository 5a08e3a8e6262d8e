//! The text of strings and numbers.

use std::fmt;

use crate::args::plain::plain_run;

/// So much often follows a string, and would otherwise double the memory of a long one.
const BEHIND: usize = 64;

/// Appends a string as JSON.
pub(crate) fn write_string(out: &mut Vec<u8>, text: &str) {
    let needed = text.len() + 2;
    if out.capacity() - out.len() < needed {
        out.reserve(needed + BEHIND);
    }
    out.push(b'"');
    write_inside_string(out, text);
    out.push(b'"');
}

fn write_inside_string(out: &mut Vec<u8>, text: &str) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut rest = text.as_bytes();
    loop {
        let (plain, other) = rest.split_at(plain_run(rest));
        out.extend_from_slice(plain);
        let Some((byte, behind)) = other.split_first() else { return };
        let short = match byte {
            b'"' | b'\\' => *byte,
            b'\x08' => b'b',
            b'\x0c' => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => b'u',
        };
        out.extend_from_slice(&[b'\\', short]);
        if short == b'u' {
            out.extend_from_slice(b"00");
            out.extend([byte >> 4, byte & 0xf].map(|digit| HEX[usize::from(digit)]));
        }
        rest = behind;
    }
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
