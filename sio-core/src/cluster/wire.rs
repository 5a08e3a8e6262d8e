//! Numbers, texts and lists in the bodies of frames.

use std::borrow::Cow;
use std::str;

use smallvec::SmallVec;

use crate::id::Sid;

/// Stands in front of an id that is not as long as the others, and of its length.
const LONG_SID: u8 = b'/';

/// Ten bytes of seven bits hold every `u64`.
const MAX_NUMBER_LEN: usize = 10;

/// Writes a number as LEB128: seven bits a byte, the lowest first.
pub(super) fn write_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// How many bytes [`write_number`] writes.
pub(super) const fn number_size(number: u64) -> usize {
    // Each byte holds seven bits, and zero takes one byte too.
    (u64::BITS - (number | 1).leading_zeros()).div_ceil(7) as usize
}

/// How many bytes [`write_bytes`] writes.
pub(super) const fn bytes_size(bytes: &[u8]) -> usize {
    number_size(bytes.len() as u64) + bytes.len()
}

/// How many bytes [`write_texts`] writes.
pub(super) fn texts_size(texts: &[Cow<'_, str>]) -> usize {
    number_size(texts.len() as u64) + texts.iter().map(|text| bytes_size(text.as_bytes())).sum::<usize>()
}

/// How many bytes [`write_sid`] writes.
pub(super) fn sid_size(sid: &Sid) -> usize {
    if sid.len() == Sid::LEN { Sid::LEN } else { 1 + bytes_size(sid.as_str().as_bytes()) }
}

pub(super) fn write_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    write_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

pub(super) fn write_texts(out: &mut Vec<u8>, texts: &[Cow<'_, str>]) {
    write_number(out, texts.len() as u64);
    texts.iter().for_each(|text| write_bytes(out, text.as_bytes()));
}

/// Writes an id: most are of one length, and the others begin with what those cannot hold.
pub(super) fn write_sid(out: &mut Vec<u8>, sid: &Sid) {
    if sid.len() == Sid::LEN {
        out.extend_from_slice(sid.as_str().as_bytes());
    } else {
        out.push(LONG_SID);
        write_bytes(out, sid.as_str().as_bytes());
    }
}

/// Reads a body from its beginning; `None` where it is none.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// The number of bytes that have not been read.
    pub(super) const fn left(&self) -> usize {
        self.rest.len()
    }

    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.rest.split_at_checked(len)?;
        self.rest = rest;
        Some(head)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|byte| byte[0])
    }

    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for place in 0..MAX_NUMBER_LEN {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << (7 * place);
            if shifted >> (7 * place) != bits {
                return None;
            }
            number |= shifted;
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    /// A count of things of which each has at least `least` bytes: so a short body cannot announce many.
    pub(super) fn count(&mut self, least: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= self.rest.len() / least).then_some(count)
    }

    pub(super) fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        self.take(len)
    }

    pub(super) fn text(&mut self) -> Option<&'a str> {
        str::from_utf8(self.bytes()?).ok()
    }

    pub(super) fn texts(&mut self, most: usize) -> Option<SmallVec<[Cow<'a, str>; 2]>> {
        let count = self.count(1).filter(|count| *count <= most)?;
        (0..count).map(|_| self.text().map(Cow::Borrowed)).collect()
    }

    pub(super) fn sid(&mut self) -> Option<Sid> {
        let text = if self.rest.first() == Some(&LONG_SID) {
            self.take(1)?;
            self.text()?
        } else {
            str::from_utf8(self.take(Sid::LEN)?).ok()?
        };
        text.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    #[test]
    fn numbers_are_read_as_they_are_written() {
        for number in [0, 1, 0x7f, 0x80, 0x3fff, 0x4000, u64::from(u32::MAX), u64::MAX] {
            let mut out = Vec::new();
            write_number(&mut out, number);
            assert_eq!(Reader::new(&out).number(), Some(number));
            assert_eq!(Reader::new(&out[..out.len() - 1]).number(), None);
        }
    }

    #[test]
    fn ids_are_read_as_they_are_written() {
        let session = SessionId::from_random([7; 15]);
        let ids = ["/", "/chat", "/größe"].map(|namespace| Sid::of_session(namespace, &session));
        let mut out = Vec::new();
        ids.iter().for_each(|sid| write_sid(&mut out, sid));
        let mut reader = Reader::new(&out);
        assert_eq!(ids.clone().map(|_| reader.sid()), ids.map(Some));
        assert_eq!(reader.left(), 0);
        assert_eq!(Reader::new(b"/\x03abc").sid(), None);
        assert_eq!(Reader::new(b"/").sid(), None);
    }

    #[test]
    fn numbers_beyond_64_bits_are_none() {
        assert_eq!(Reader::new(&[0xff; 11]).number(), None);
        assert_eq!(Reader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).number(), None);
    }

    #[test]
    fn a_short_body_cannot_announce_many() {
        assert_eq!(Reader::new(&[3, 0, 0]).count(1), None);
        assert_eq!(Reader::new(&[2, 0, 0]).count(1), Some(2));
        assert_eq!(Reader::new(&[2, 0, 0]).count(20), None);
    }
}
