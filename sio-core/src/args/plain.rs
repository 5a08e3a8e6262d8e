//! Finds where the plain part of a JSON string ends. Most bytes of a packet are inside of strings.

/// A byte of this in each place of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// How many bytes from the start are plain string content: neither `"` nor `\` nor a control character.
#[inline]
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    let mut run = 0;
    // Names are short: the first word has the end of most strings.
    if let Some(end) = end_in_word(bytes) {
        return end;
    }
    // Comparisons that do not branch, so that a compiler makes a few vector instructions of sixteen bytes.
    while let Some(chunk) = bytes[run..].first_chunk::<16>()
        && !chunk.iter().fold(false, |any, byte| any | is_end(*byte))
    {
        run += chunk.len();
    }
    while bytes.len() - run >= size_of::<u64>() {
        match end_in_word(&bytes[run..]) {
            Some(end) => return run + end,
            None => run += size_of::<u64>(),
        }
    }
    let rest = &bytes[run..];
    run + rest.iter().position(|byte| is_end(*byte)).unwrap_or(rest.len())
}

#[inline]
const fn is_end(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < 0x20)
}

/// Where the first of eight bytes is that is not plain; `None` where all of them are, or where there are fewer.
#[inline]
fn end_in_word(bytes: &[u8]) -> Option<usize> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // The highest bit of each byte that is less than the limit. A borrow reaches only bytes behind the first such one.
    let less = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
    let (quotes, backslashes) = (word ^ (EACH * 0x22), word ^ (EACH * 0x5c));
    let ends = (less(word, 0x20) | less(quotes, 1) | less(backslashes, 1)) & (EACH * 0x80);
    (ends != 0).then_some(ends.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_found_at_each_place_and_the_first_of_two() {
        for byte in 0..=255 {
            for len in 0..40 {
                for at in 0..len {
                    let mut bytes = vec![b'x'; len];
                    bytes[at] = byte;
                    assert_eq!(plain_run(&bytes), if is_end(byte) { at } else { len }, "{byte} at {at}");
                    bytes[len - 1] = b'"';
                    let end = if is_end(byte) { at.min(len - 1) } else { len - 1 };
                    assert_eq!(plain_run(&bytes), end, "{byte} at {at} before an end");
                    // A byte that a borrow might be taken for.
                    bytes.fill(byte);
                    assert_eq!(plain_run(&bytes), if is_end(byte) { 0 } else { len }, "{byte} everywhere");
                }
            }
        }
    }
}
