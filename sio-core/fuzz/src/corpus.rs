//! Inputs in a file: one a line, as a byte string of Rust has it. Lines that begin with `#` are comments.

/// Returns the inputs of a file.
///
/// # Panics
///
/// If a line is not such a string.
#[must_use]
pub fn read(text: &str) -> Vec<Vec<u8>> {
    text.lines().filter(|line| !line.starts_with('#')).map(unescape).collect()
}

/// Returns an input as a line of a file.
#[must_use]
pub fn line(input: &[u8]) -> String {
    let text = input.escape_ascii().to_string();
    // An input that begins like a comment.
    match text.strip_prefix('#') {
        Some(rest) => format!("\\x23{rest}"),
        None => text,
    }
}

fn unescape(line: &str) -> Vec<u8> {
    let mut bytes = line.bytes();
    let mut input = Vec::new();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            input.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| {
            char::from(byte.expect("a digit")).to_digit(16).expect("a hexadecimal digit") as u8
        };
        input.push(match bytes.next() {
            Some(b'x') => digit(bytes.next()) << 4 | digit(bytes.next()),
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'n') => b'\n',
            Some(b'0') => 0,
            Some(same @ (b'\\' | b'\'' | b'"')) => same,
            other => panic!("no such escape: {other:?} in {line:?}"),
        });
    }
    input
}
