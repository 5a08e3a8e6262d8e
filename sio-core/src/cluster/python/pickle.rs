//! Messages of versions up to 5.13, which are pickles.
//!
//! Only the instructions that make plain data are known here: no pickle can run anything, name anything, or become much
//! larger than the message that brings it. A pickle holds an object once and refers to it where it is used again, so a
//! short pickle can stand for a long value; the number of parts is limited.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::value::to_raw_value;
use serde_json::{Number, Value as Json};

use super::super::foreign::Malformed;
use super::read::{Callback, Members};
use crate::args::{Args, Spread};
use crate::value::Value;

/// The longest message.
const MAX_LEN: usize = 256 << 10;

/// The parts of a message, those that are used several times counted as often.
const MAX_PARTS: usize = 100_000;

/// How deep lists may be nested.
const MAX_DEPTH: usize = 128;

/// The beginning of every pickle, and of nothing that is JSON.
const PROTOCOL: u8 = 0x80;

/// Returns whether a message is a pickle.
pub(super) fn is_pickle(message: &[u8]) -> bool {
    message.first() == Some(&PROTOCOL)
}

/// Reads a message.
pub(super) fn read(message: &[u8]) -> Result<Members, Malformed> {
    if message.len() > MAX_LEN {
        return Err(Malformed("the pickle is longer than 256 KiB"));
    }
    let mut machine = Machine { rest: message, ..Machine::default() };
    let root = machine.run()?;
    let Part::Dict(pairs) = &machine.parts[root] else { return Err(Malformed("the pickle is no dict")) };
    let mut left = MAX_PARTS;
    let mut members = Members::default();
    for &(key, value) in pairs {
        let Part::Single(Value::String(key)) = &machine.parts[key] else { continue };
        if key == "data" {
            members.args = Some(machine.arguments(value, &mut left)?);
            continue;
        }
        let value = machine.value(value, &mut left, 0)?;
        let text = value.as_str().map(str::to_owned);
        match &**key {
            "method" => members.method = text.unwrap_or_default(),
            "host_id" => members.host = text,
            "namespace" => members.namespace = text,
            "event" => members.event = text,
            "id" => members.id = value.as_u64(),
            "room" => members.room = json(value)?,
            "skip_sid" => members.skip = json(value)?,
            "sid" => members.sid = json(value)?,
            "callback" => members.callback = callback(json(value)?),
            "args" => {
                let Value::Array(args) = value else { return Err(Malformed("the answer is no list")) };
                members.args = Some(arguments(args)?);
            }
            _ => {}
        }
    }
    Ok(members)
}

fn json(value: Value) -> Result<Json, Malformed> {
    Json::try_from(value).map_err(|_| Malformed("a name has bytes in it"))
}

fn callback(value: Json) -> Option<Callback> {
    let parts: [Json; 3] = serde_json::from_value(value).ok()?;
    let [room, namespace, id] = parts.map(|part| to_raw_value(&part).ok());
    Some(Callback { room: room?, namespace: namespace?, id: id? })
}

fn arguments(args: Vec<Value>) -> Result<Args, Malformed> {
    Args::of(&Spread(args)).map_err(|_| Malformed("the arguments cannot be sent to clients"))
}

/// A value, whose parts are named by their places.
#[derive(Debug)]
enum Part {
    /// One without parts.
    Single(Value),
    List(Vec<usize>),
    Tuple(Vec<usize>),
    Dict(Vec<(usize, usize)>),
}

/// Puts a pickle together.
#[derive(Default)]
struct Machine<'a> {
    rest: &'a [u8],
    parts: Vec<Part>,
    stack: Vec<usize>,
    /// How long the stack was at each mark.
    marks: Vec<usize>,
    memo: HashMap<usize, usize>,
}

impl<'a> Machine<'a> {
    /// Returns the place of the value.
    fn run(&mut self) -> Result<usize, Malformed> {
        loop {
            let [code] = *self.array()?;
            match code {
                PROTOCOL => _ = self.bytes(1)?,
                // A frame, whose length only helps to read.
                0x95 => _ = self.bytes(8)?,
                b'.' => return self.pop(),
                b'N' => self.single(Value::Null),
                0x88 => self.single(Value::Bool(true)),
                0x89 => self.single(Value::Bool(false)),
                b'J' => self.number(i32::from_le_bytes)?,
                b'K' => self.number(u8::from_le_bytes)?,
                b'M' => self.number(u16::from_le_bytes)?,
                b'G' => self.number(f64::from_be_bytes)?,
                0x8a => {
                    let len = self.short_length()?;
                    self.long(len)?;
                }
                0x8c => {
                    let len = self.short_length()?;
                    self.text(len)?;
                }
                b'X' => {
                    let len = self.length()?;
                    self.text(len)?;
                }
                b'C' => {
                    let len = self.short_length()?;
                    self.binary(len)?;
                }
                b'B' => {
                    let len = self.length()?;
                    self.binary(len)?;
                }
                // A bytearray, since protocol 5.
                0x96 => {
                    let len = u64::from_le_bytes(*self.array()?);
                    self.binary(usize::try_from(len).unwrap_or(usize::MAX))?;
                }
                b']' => self.push(Part::List(Vec::new())),
                b'}' => self.push(Part::Dict(Vec::new())),
                b')' => self.push(Part::Tuple(Vec::new())),
                b'(' => self.marks.push(self.stack.len()),
                b'a' => {
                    let last = self.pop()?;
                    self.append(vec![last])?;
                }
                b'e' => {
                    let parts = self.marked()?;
                    self.append(parts)?;
                }
                b's' => {
                    let pair = self.last(2)?;
                    self.set(&pair)?;
                }
                b'u' => {
                    let pairs = self.marked()?;
                    self.set(&pairs)?;
                }
                b't' => {
                    let parts = self.marked()?;
                    self.push(Part::Tuple(parts));
                }
                0x85..=0x87 => {
                    let parts = self.last(usize::from(code - 0x84))?;
                    self.push(Part::Tuple(parts));
                }
                0x94 => self.remember(self.memo.len())?,
                b'q' => {
                    let place = self.short_length()?;
                    self.remember(place)?;
                }
                b'r' => {
                    let place = self.length()?;
                    self.remember(place)?;
                }
                b'h' => {
                    let place = self.short_length()?;
                    self.recall(place)?;
                }
                b'j' => {
                    let place = self.length()?;
                    self.recall(place)?;
                }
                _ => return Err(Malformed("the pickle is more than plain data")),
            }
        }
    }

    fn push(&mut self, part: Part) {
        self.stack.push(self.parts.len());
        self.parts.push(part);
    }

    fn single(&mut self, value: Value) {
        self.push(Part::Single(value));
    }

    fn number<const N: usize, T>(&mut self, from: fn([u8; N]) -> T) -> Result<(), Malformed>
    where
        Value: From<T>,
    {
        let number = from(*self.array()?);
        self.single(number.into());
        Ok(())
    }

    fn text(&mut self, len: usize) -> Result<(), Malformed> {
        let text = String::from_utf8_lossy(self.bytes(len)?).into_owned();
        self.single(Value::String(text));
        Ok(())
    }

    fn binary(&mut self, len: usize) -> Result<(), Malformed> {
        let bytes = Bytes::copy_from_slice(self.bytes(len)?);
        self.single(Value::Binary(bytes));
        Ok(())
    }

    /// A number of any length; beyond 64 bits JSON readers would not take it for a whole one either.
    fn long(&mut self, len: usize) -> Result<(), Malformed> {
        let bytes = self.bytes(len)?;
        let is_negative = bytes.last().is_some_and(|last| last & 0x80 != 0);
        let number = match bytes.len() {
            0..=8 => {
                let mut full = [if is_negative { 0xff } else { 0 }; 8];
                full[..bytes.len()].copy_from_slice(bytes);
                Number::from(i64::from_le_bytes(full))
            }
            9 if bytes[8] == 0 => Number::from(u64::from_le_bytes(bytes[..8].try_into().unwrap_or_default())),
            _ => {
                let start = if is_negative { -1.0 } else { 0.0 };
                let float = bytes.iter().rev().fold(start, |sum, byte| sum * 256.0 + f64::from(*byte));
                let Some(number) = Number::from_f64(float) else {
                    return Err(Malformed("a number is too large"));
                };
                number
            }
        };
        self.single(Value::Number(number));
        Ok(())
    }

    fn append(&mut self, parts: Vec<usize>) -> Result<(), Malformed> {
        match self.top()? {
            Part::List(list) => list.extend(parts),
            _ => return Err(Malformed("the pickle appends to no list")),
        }
        Ok(())
    }

    fn set(&mut self, pairs: &[usize]) -> Result<(), Malformed> {
        match self.top()? {
            Part::Dict(dict) => dict.extend(pairs.chunks_exact(2).map(|pair| (pair[0], pair[1]))),
            _ => return Err(Malformed("the pickle sets members of no dict")),
        }
        Ok(())
    }

    fn top(&mut self) -> Result<&mut Part, Malformed> {
        let place = *self.stack.last().ok_or(Malformed("the pickle ends too early"))?;
        Ok(&mut self.parts[place])
    }

    fn pop(&mut self) -> Result<usize, Malformed> {
        self.stack.pop().ok_or(Malformed("the pickle ends too early"))
    }

    fn last(&mut self, count: usize) -> Result<Vec<usize>, Malformed> {
        let start = self.stack.len().checked_sub(count).ok_or(Malformed("the pickle ends too early"))?;
        Ok(self.stack.split_off(start))
    }

    fn marked(&mut self) -> Result<Vec<usize>, Malformed> {
        let mark = self.marks.pop().filter(|mark| *mark <= self.stack.len());
        Ok(self.stack.split_off(mark.ok_or(Malformed("the pickle has no mark"))?))
    }

    fn remember(&mut self, place: usize) -> Result<(), Malformed> {
        let top = *self.stack.last().ok_or(Malformed("the pickle ends too early"))?;
        self.memo.insert(place, top);
        Ok(())
    }

    fn recall(&mut self, place: usize) -> Result<(), Malformed> {
        let part = *self.memo.get(&place).ok_or(Malformed("the pickle refers to nothing"))?;
        self.stack.push(part);
        Ok(())
    }

    /// A length or a place in one byte.
    fn short_length(&mut self) -> Result<usize, Malformed> {
        Ok(u8::from_le_bytes(*self.array()?).into())
    }

    /// A length or a place in four bytes.
    fn length(&mut self) -> Result<usize, Malformed> {
        Ok(u32::from_le_bytes(*self.array()?) as usize)
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(Malformed("the pickle ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed("the pickle ends too early"))?;
        self.rest = rest;
        Ok(bytes)
    }

    /// The arguments of an event: a tuple is several, None is none.
    fn arguments(&self, place: usize, left: &mut usize) -> Result<Args, Malformed> {
        let args = match &self.parts[place] {
            Part::Single(Value::Null) => Vec::new(),
            Part::Tuple(parts) => {
                parts.iter().map(|part| self.value(*part, left, 0)).collect::<Result<_, _>>()?
            }
            _ => vec![self.value(place, left, 0)?],
        };
        arguments(args)
    }

    fn value(&self, place: usize, left: &mut usize, depth: usize) -> Result<Value, Malformed> {
        if *left == 0 || depth > MAX_DEPTH {
            return Err(Malformed("the pickle means too much"));
        }
        *left -= 1;
        Ok(match &self.parts[place] {
            Part::Single(value) => {
                // Long texts that are used often would make much of little.
                *left = left.saturating_sub(size(value) / 64);
                value.clone()
            }
            Part::List(parts) | Part::Tuple(parts) => Value::Array(
                parts.iter().map(|part| self.value(*part, left, depth + 1)).collect::<Result<_, _>>()?,
            ),
            Part::Dict(pairs) => {
                let mut members: Vec<(String, Value)> = Vec::with_capacity(pairs.len());
                for &(key, value) in pairs {
                    let key = match self.value(key, left, depth + 1)? {
                        Value::String(key) => key,
                        Value::Number(number) => number.to_string(),
                        Value::Bool(value) => value.to_string(),
                        Value::Null => "null".to_owned(),
                        _ => return Err(Malformed("a key is no text")),
                    };
                    members.push((key, self.value(value, left, depth + 1)?));
                }
                Value::Object(members)
            }
        })
    }
}

/// The bytes of a value without parts.
fn size(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        // Shared.
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::read::{Said, read};
    use super::*;
    use crate::cluster::message::{Change, Deed};

    /// Messages that servers of versions 5.9 and 5.13 have written, as hex.
    const CAPTURED: &str = include_str!("pickles.txt");

    fn captured(line: usize) -> Vec<u8> {
        let hex = CAPTURED.lines().nth(line).expect("a line");
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }

    fn event(message: &[u8]) -> (Option<Vec<String>>, String, Vec<Value>) {
        let heard = read(message).expect("a message").expect("of a known kind");
        let Said::Event { to, mut event, .. } = heard.said else { panic!("an event") };
        (to.rooms, event.name, event.args.take_rest::<Spread<Value>>().expect("arguments").0)
    }

    #[test]
    fn messages_of_old_versions_are_read() {
        let object =
            |members: [(&str, Value); 1]| Value::Object(members.map(|(k, v)| (k.to_owned(), v)).into());
        let room = Some(vec!["r".to_owned()]);
        assert_eq!(event(&captured(0)), (room, "e1".into(), vec![object([("x", Value::from(1))])]));
        assert_eq!(event(&captured(1)), (None, "e3".into(), vec!["one".into(), 2.into()]));
        let bytes = Value::Binary(Bytes::from_static(b"\x07"));
        assert_eq!(event(&captured(2)), (None, "e6".into(), vec![object([("f", bytes)]), "x".into()]));
        for (line, host, rooms, deed) in [
            (3, true, "SID1", Deed::Join(vec!["room".into()])),
            (4, true, "SID1", Deed::Disconnect(false)),
            (5, false, "SID1", Deed::Disconnect(false)),
            (6, false, "room", Deed::Leave(vec!["room".into()])),
        ] {
            let heard = read(&captured(line)).expect("a message").expect("of a known kind");
            let Said::Change(change) = heard.said else { panic!("a change") };
            let Change { to, deed: found } = change;
            assert_eq!((heard.host.is_some(), to.rooms, found), (host, Some(vec![rooms.to_owned()]), deed));
        }
    }

    #[test]
    fn a_pickle_that_is_more_than_plain_data_or_means_too_much_is_refused() {
        // `os.system`, called with a text.
        let call = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x01x\x85R.";
        // A list that is in itself.
        let endless = b"\x80\x04}\x94(\x8c\x06method\x8c\x04emit\x8c\x04data]\x94h\x01au.";
        // Each list has the one before it ten times.
        let mut wide = b"\x80\x04]\x94".to_vec();
        for level in 0..20_u8 {
            wide.extend_from_slice(b"]\x94(");
            (0..10).for_each(|_| wide.extend_from_slice(&[b'h', level]));
            wide.push(b'e');
        }
        wide.extend_from_slice(b"}\x8c\x04datah\x14s.");
        for message in [
            &call[..],
            endless,
            &wide,
            b"\x80",
            b"\x80\x04.",
            b"\x80\x04u.",
            b"\x80\x04N.",
            b"\x80\x04h\x09.",
        ] {
            assert!(read(message).is_err(), "{message:?}");
        }
        let whole = captured(0);
        for len in 1..whole.len() {
            assert!(read(&whole[..len]).is_err(), "cut at {len}");
        }
        let mut long = b"\x80\x04".to_vec();
        long.resize(MAX_LEN + 1, b'N');
        assert!(read(&long).is_err());
    }

    #[test]
    fn numbers_of_any_length_are_read() {
        let number = |bytes: &[u8]| {
            let mut machine = Machine { rest: bytes, ..Machine::default() };
            machine.long(bytes.len()).expect("a number");
            let Part::Single(Value::Number(number)) = machine.parts.remove(0) else { panic!("a number") };
            number
        };
        assert_eq!(number(&[]), Number::from(0));
        assert_eq!(number(&[0xff]), Number::from(-1));
        assert_eq!(number(&[0, 0, 0, 0, 0, 0, 0x20]), Number::from(1_u64 << 53));
        assert_eq!(number(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]), Number::from(u64::MAX));
        assert_eq!(number(&[0, 0, 0, 0, 0, 0, 0, 0, 1]).as_f64(), Some(2.0_f64.powi(64)));
        assert_eq!(number(&[0, 0, 0, 0, 0, 0, 0, 0, 0xff]).as_f64(), Some(-(2.0_f64.powi(64))));
    }
}
