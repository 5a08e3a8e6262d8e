//! Finds where the plain part of a JSON string ends. Most bytes of a packet are inside of strings.

/// A byte of this in each place of a word.
const EACH: u64 = 0x0101_0101_0101_0101;

/// How many bytes from the start are plain string content: neither `"` nor `\` nor a control character.
#[inline]
pub(super) fn plain_run(bytes: &[u8]) -> usize {
    // Names are short: the first word has the end of most strings.
    end_in_word(bytes).unwrap_or_else(|| long_run(bytes))
}

#[inline(never)]
fn long_run(bytes: &[u8]) -> usize {
    let mut run = plain_chunks::<64>(bytes);
    run += plain_chunks::<16>(&bytes[run..]);
    while bytes.len() - run >= size_of::<u64>() {
        match end_in_word(&bytes[run..]) {
            Some(end) => return run + end,
            None => run += size_of::<u64>(),
        }
    }
    let rest = &bytes[run..];
    run + rest.iter().position(|byte| is_end(*byte)).unwrap_or(rest.len())
}

/// How many bytes from the start are in chunks of this size that are plain throughout.
///
/// Comparisons that do not branch, so that a compiler makes a few vector instructions of sixteen bytes.
#[inline]
fn plain_chunks<const SIZE: usize>(bytes: &[u8]) -> usize {
    let is_plain = |chunk: &&[u8; SIZE]| !chunk.iter().fold(false, |any, byte| any | is_end(*byte));
    bytes.as_chunks::<SIZE>().0.iter().take_while(is_plain).count() * SIZE
}

/// Two comparisons where one would take three: the quote is the only byte that goes to 0x20, and those below stay below.
#[inline]
const fn is_end(byte: u8) -> bool {
    ((byte ^ 0x02) <= 0x20) | (byte == b'\\')
}

/// Where the first of eight bytes is that is not plain; `None` where all of them are, or where there are fewer.
#[inline]
fn end_in_word(bytes: &[u8]) -> Option<usize> {
    let word = u64::from_le_bytes(*bytes.first_chunk()?);
    // The highest bit of each byte that is less than the limit. A borrow reaches only bytes behind the first such one.
    let less = |word: u64, limit: u64| word.wrapping_sub(EACH * limit) & !word;
    let (moved, backslashes) = (word ^ (EACH * 0x02), word ^ (EACH * 0x5c));
    let ends = (less(moved, 0x21) | less(backslashes, 1)) & (EACH * 0x80);
    (ends != 0).then_some(ends.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_is_found_at_each_place_and_the_first_of_two() {
        for byte in 0..=255 {
            for len in (0..40).chain([63, 64, 65, 79, 80, 81, 100]) {
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
