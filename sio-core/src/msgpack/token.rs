//! MessagePack taken apart from left to right: one token for each value that holds no others, and one for the
//! beginning of each list and map.
//!
//! Extensions have the meaning that `notepack.io`, which the JavaScript parser uses, gives them.

use rmp::Marker;

use super::Malformed;
use crate::pace::Pace;

/// The type of the extensions that JavaScript's encoder uses for its own kinds of values.
const JAVASCRIPT: i8 = 0;
/// The type of timestamps in the specification of MessagePack.
const TIMESTAMP: i8 = -1;

/// One value, or the beginning of one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Token<'a> {
    /// Nil, or JavaScript's `undefined`.
    Nil,
    Bool(bool),
    Unsigned(u64),
    /// Negative.
    Signed(i64),
    Float(f64),
    /// Text, perhaps not UTF-8.
    Text(&'a [u8]),
    Bytes(&'a [u8]),
    /// So many values follow.
    List(u32),
    /// So many pairs of values follow.
    Map(u32),
    /// Milliseconds since 1970.
    Date(i64),
    Extension(i8, &'a [u8]),
}

impl Token<'_> {
    /// Returns how many values follow that belong to it.
    fn values(self) -> u64 {
        match self {
            Self::List(length) => length.into(),
            Self::Map(length) => 2 * u64::from(length),
            _ => 0,
        }
    }

    /// The number from 0, if it is a whole one. JavaScript does not tell `1.0` from `1`.
    pub(super) fn whole(self) -> Option<u64> {
        match self {
            Self::Unsigned(number) => Some(number),
            // Beyond 2^53 a float stands for many numbers, and the limits of whoever asks are lower.
            Self::Float(number) if number >= 0.0 && number.fract() == 0.0 && number <= 9e15 => {
                Some(number as u64)
            }
            _ => None,
        }
    }
}

/// A position in a message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes have not been read.
    pub(super) const fn len(&self) -> usize {
        self.rest.len()
    }

    /// Reads the next token.
    #[inline]
    pub(super) fn token(&mut self) -> Result<Token<'a>, Malformed> {
        let [marker] = self.array()?;
        // Most of a message: what has its number or length in the marker.
        Ok(match marker {
            0x00..=0x7f => Token::Unsigned(marker.into()),
            0x80..=0x8f => Token::Map((marker & 0x0f).into()),
            0x90..=0x9f => Token::List((marker & 0x0f).into()),
            0xa0..=0xbf => Token::Text(self.bytes((marker & 0x1f).into())?),
            0xd9 => Token::Text(self.sized_8()?),
            _ => self.other(Marker::from_u8(marker))?,
        })
    }

    /// Reads a token that has such a marker.
    #[inline(never)]
    fn other(&mut self, marker: Marker) -> Result<Token<'a>, Malformed> {
        Ok(match marker {
            Marker::Null => Token::Nil,
            Marker::False => Token::Bool(false),
            Marker::True => Token::Bool(true),
            Marker::FixPos(number) => Token::Unsigned(number.into()),
            Marker::U8 => Token::Unsigned(u8::from_be_bytes(self.array()?).into()),
            Marker::U16 => Token::Unsigned(self.u16()?.into()),
            Marker::U32 => Token::Unsigned(self.u32()?.into()),
            Marker::U64 => Token::Unsigned(u64::from_be_bytes(self.array()?)),
            Marker::FixNeg(number) => signed(number.into()),
            Marker::I8 => signed(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => signed(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => signed(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => signed(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Token::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(length) => Token::Text(self.bytes(length.into())?),
            Marker::Str8 => Token::Text(self.sized_8()?),
            Marker::Str16 => Token::Text(self.sized_16()?),
            Marker::Str32 => Token::Text(self.sized_32()?),
            Marker::Bin8 => Token::Bytes(self.sized_8()?),
            Marker::Bin16 => Token::Bytes(self.sized_16()?),
            Marker::Bin32 => Token::Bytes(self.sized_32()?),
            Marker::FixArray(length) => Token::List(length.into()),
            Marker::Array16 => Token::List(self.u16()?.into()),
            Marker::Array32 => Token::List(self.u32()?),
            Marker::FixMap(length) => Token::Map(length.into()),
            Marker::Map16 => Token::Map(self.u16()?.into()),
            Marker::Map32 => Token::Map(self.u32()?),
            Marker::FixExt1 => self.fixed_extension(1)?,
            Marker::FixExt2 => self.fixed_extension(2)?,
            Marker::FixExt4 => self.fixed_extension(4)?,
            Marker::FixExt8 => self.fixed_extension(8)?,
            Marker::FixExt16 => self.fixed_extension(16)?,
            Marker::Ext8 => {
                let length = u8::from_be_bytes(self.array()?);
                self.extension(length.into())?
            }
            Marker::Ext16 => {
                let length = self.u16()?;
                self.extension(length.into())?
            }
            Marker::Ext32 => {
                let length = self.u32()?;
                self.extension(length)?
            }
            Marker::Reserved => return Err(Malformed::Reserved),
        })
    }

    /// Passes over one whole value, however deep. Returns its first token.
    #[inline]
    pub(super) fn skip(&mut self) -> Result<Token<'a>, Malformed> {
        let first = self.token()?;
        if let Token::List(_) | Token::Map(_) = first {
            self.skip_values(first.values())?;
        }
        Ok(first)
    }

    fn skip_values(&mut self, mut due: u64) -> Result<(), Malformed> {
        // Each container adds less than 2^33, and there cannot be 2^31 of them.
        let mut pace = Pace::new();
        while due > 0 {
            pace.step();
            due = due - 1 + self.token()?.values();
        }
        Ok(())
    }

    /// An extension of a length that its marker names.
    fn fixed_extension(&mut self, length: u32) -> Result<Token<'a>, Malformed> {
        let kind = i8::from_be_bytes(self.array()?);
        let data = self.bytes(length)?;
        Ok(match (kind, data) {
            (JAVASCRIPT, [_]) => Token::Nil,
            (JAVASCRIPT, &[a, b, c, d, e, f, g, h]) => {
                Token::Date(i64::from_be_bytes([a, b, c, d, e, f, g, h]))
            }
            _ => other_extension(kind, data),
        })
    }

    /// An extension whose length stands before its type.
    fn extension(&mut self, length: u32) -> Result<Token<'a>, Malformed> {
        let kind = i8::from_be_bytes(self.array()?);
        let data = self.bytes(length)?;
        Ok(if kind == JAVASCRIPT { Token::Bytes(data) } else { other_extension(kind, data) })
    }

    #[inline]
    fn sized_8(&mut self) -> Result<&'a [u8], Malformed> {
        let length = u8::from_be_bytes(self.array()?);
        self.bytes(length.into())
    }

    fn sized_16(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u16()?;
        self.bytes(length.into())
    }

    fn sized_32(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()?;
        self.bytes(length)
    }

    fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    fn bytes(&mut self, length: u32) -> Result<&'a [u8], Malformed> {
        let length = usize::try_from(length).map_err(|_| Malformed::Incomplete)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed::Incomplete)?;
        self.rest = rest;
        Ok(bytes)
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(Malformed::Incomplete)?;
        self.rest = rest;
        Ok(*array)
    }
}

fn signed(number: i64) -> Token<'static> {
    u64::try_from(number).map_or(Token::Signed(number), Token::Unsigned)
}

fn other_extension(kind: i8, data: &[u8]) -> Token<'_> {
    match timestamp(data) {
        Some(milliseconds) if kind == TIMESTAMP => Token::Date(milliseconds),
        _ => Token::Extension(kind, data),
    }
}

/// The milliseconds of a timestamp (MessagePack specification, "Timestamp extension type"), `None` if it has no form
/// of one.
fn timestamp(data: &[u8]) -> Option<i64> {
    let (seconds, nanoseconds) = match data.len() {
        4 => (u32::from_be_bytes(data.try_into().ok()?).into(), 0),
        8 => {
            let both = u64::from_be_bytes(data.try_into().ok()?);
            ((both & ((1 << 34) - 1)) as i64, both >> 34)
        }
        12 => {
            let (nanoseconds, seconds) = data.split_first_chunk::<4>()?;
            (i64::from_be_bytes(seconds.try_into().ok()?), u32::from_be_bytes(*nanoseconds).into())
        }
        _ => return None,
    };
    Some(seconds.saturating_mul(1_000).saturating_add((nanoseconds / 1_000_000) as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(bytes: &[u8]) -> Result<Token<'_>, Malformed> {
        let mut reader = Reader::new(bytes);
        let token = reader.token()?;
        assert!(reader.is_at_end(), "{} bytes are left", reader.len());
        Ok(token)
    }

    #[test]
    fn numbers_of_all_widths() {
        for (bytes, number) in [
            (&b"\x00"[..], 0),
            (b"\x7f", 127),
            (b"\xcc\xff", 255),
            (b"\xcd\xff\xff", 65_535),
            (b"\xce\xff\xff\xff\xff", 4_294_967_295),
            (b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff", u64::MAX),
            (b"\xd0\x05", 5),
            (b"\xd3\x7f\xff\xff\xff\xff\xff\xff\xff", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(token(bytes), Ok(Token::Unsigned(number)));
        }
        for (bytes, number) in [
            (&b"\xff"[..], -1),
            (b"\xe0", -32),
            (b"\xd0\x80", -128),
            (b"\xd1\x80\x00", -32_768),
            (b"\xd2\x80\x00\x00\x00", -2_147_483_648),
            (b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00", i64::MIN),
        ] {
            assert_eq!(token(bytes), Ok(Token::Signed(number)));
        }
        assert_eq!(token(b"\xca\x3f\xc0\x00\x00"), Ok(Token::Float(1.5)));
        assert_eq!(token(b"\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"), Ok(Token::Float(1.5)));
    }

    #[test]
    fn texts_bytes_and_containers_of_all_lengths() {
        assert_eq!(token(b"\xa2hi"), Ok(Token::Text(b"hi")));
        assert_eq!(token(b"\xd9\x02hi"), Ok(Token::Text(b"hi")));
        assert_eq!(token(b"\xda\x00\x02hi"), Ok(Token::Text(b"hi")));
        assert_eq!(token(b"\xdb\x00\x00\x00\x02hi"), Ok(Token::Text(b"hi")));
        assert_eq!(token(b"\xc4\x01x"), Ok(Token::Bytes(b"x")));
        assert_eq!(token(b"\xc5\x00\x01x"), Ok(Token::Bytes(b"x")));
        assert_eq!(token(b"\xc6\x00\x00\x00\x01x"), Ok(Token::Bytes(b"x")));
        assert_eq!(token(b"\x9f"), Ok(Token::List(15)));
        assert_eq!(token(b"\xdc\x01\x00"), Ok(Token::List(256)));
        assert_eq!(token(b"\xdd\xff\xff\xff\xff"), Ok(Token::List(u32::MAX)));
        assert_eq!(token(b"\x8f"), Ok(Token::Map(15)));
        assert_eq!(token(b"\xde\x01\x00"), Ok(Token::Map(256)));
        assert_eq!(token(b"\xdf\xff\xff\xff\xff"), Ok(Token::Map(u32::MAX)));
    }

    #[test]
    fn extensions_mean_what_they_mean_in_javascript() {
        assert_eq!(token(b"\xd4\x00\x00"), Ok(Token::Nil));
        assert_eq!(token(b"\xd7\x00\xff\xff\xff\xff\xff\xff\xff\xff"), Ok(Token::Date(-1)));
        assert_eq!(token(b"\xc7\x01\x00x"), Ok(Token::Bytes(b"x")));
        assert_eq!(token(b"\xc7\x08\x0012345678"), Ok(Token::Bytes(b"12345678")));
        assert_eq!(token(b"\xc8\x00\x01\x00x"), Ok(Token::Bytes(b"x")));
        assert_eq!(token(b"\xc9\x00\x00\x00\x01\x00x"), Ok(Token::Bytes(b"x")));
        assert_eq!(token(b"\xd5\x0012"), Ok(Token::Extension(0, b"12")));
        assert_eq!(token(b"\xd4\x05x"), Ok(Token::Extension(5, b"x")));
        assert_eq!(token(b"\xd8\x80................"), Ok(Token::Extension(-128, b"................")));
        assert_eq!(token(b"\xc7\x00\x01"), Ok(Token::Extension(1, b"")));
    }

    #[test]
    fn timestamps_have_three_forms() {
        assert_eq!(token(b"\xd6\xff\x00\x00\x00\x05"), Ok(Token::Date(5_000)));
        assert_eq!(token(b"\xd7\xff\x17\xd7\x84\x00\x00\x00\x00\x05"), Ok(Token::Date(5_100)));
        let long = b"\xc7\x0c\xff\x05\xf5\xe1\x00\xff\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(token(long), Ok(Token::Date(-900)));
        let far = b"\xc7\x0c\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff";
        assert_eq!(token(far), Ok(Token::Date(i64::MAX)));
        assert_eq!(token(b"\xd4\xff\x01"), Ok(Token::Extension(-1, b"\x01")));
    }

    #[test]
    fn what_ends_too_early_or_begins_nothing_is_refused() {
        for bytes in [
            &b""[..],
            b"\xa1",
            b"\xd9",
            b"\xdb\xff\xff\xff\xff",
            b"\xc6\x00\x00\x00\x01",
            b"\xcf\x00",
            b"\xd7\x00\x00",
            b"\xc7\x01\x00",
            b"\xdd\x00",
        ] {
            assert_eq!(token(bytes), Err(Malformed::Incomplete), "{bytes:?}");
        }
        assert_eq!(token(b"\xc1"), Err(Malformed::Reserved));
    }

    #[test]
    fn whole_values_are_passed_over() {
        let mut reader = Reader::new(b"\x92\x81\xa1a\x90\xc0\x05");
        assert_eq!(reader.skip(), Ok(Token::List(2)));
        assert_eq!(reader.token(), Ok(Token::Unsigned(5)));
        assert_eq!(Reader::new(b"\xdf\xff\xff\xff\xff\x00").skip(), Err(Malformed::Incomplete));
        assert_eq!(Reader::new(&[0xdd; 100_000]).skip(), Err(Malformed::Incomplete));
    }
}
