//! Packets in MessagePack, with a reader of MessagePack as oracle that is written as its specification reads.

use bytes::Bytes;
use serde_json::Number;
use sio_core::args::{Args, Spread};
use sio_core::engine::frame::Frames;
use sio_core::msgpack::{self, Decoder};
use sio_core::socket::encode;
use sio_core::value::Value;

const MAX_ATTACHMENTS: usize = 4;

pub(super) fn msgpack(input: &[u8]) {
    let Ok(Some(packet)) = Decoder::new(MAX_ATTACHMENTS).binary(Bytes::copy_from_slice(input)) else {
        return;
    };
    assert!(packet.attachments.len() <= MAX_ATTACHMENTS);
    let Some(data) = packet.data.clone() else { return };
    assert!(data.len() <= 7 * input.len() + 60 * (MAX_ATTACHMENTS + 1), "a packet became much larger");
    // Objects that look like placeholders mean something only beside bytes.
    if data.contains("_placeholder") && packet.attachments.is_empty() {
        return;
    }
    let mut args = Args::array(data.clone(), packet.attachments.clone());
    let Ok(values) = args.take_rest::<Spread<Value>>() else { return };
    let mut rest = input;
    if let Some(Value::Object(members)) = value(&mut rest, 0)
        && let Some((_, Value::Array(expected))) = members.iter().rfind(|(name, _)| name == "data")
    {
        assert_eq!(&values.0, expected);
    }
    if let Ok(event) = packet.clone().into_event() {
        let Ok(args) = event.args.clone().take_rest::<Spread<Value>>() else { return };
        let Ok(run) = encode::event(&packet.namespace, event.id, &event.name, &args) else { return };
        let message = Frames::new(msgpack::encode(&run).unwrap()).next().unwrap().1;
        let read = Decoder::new(usize::MAX).binary(message).unwrap().unwrap();
        assert_eq!((&read.namespace, read.id), (&packet.namespace, packet.id));
        let mut read = read.into_event().unwrap();
        assert_eq!((read.name, read.args.take_rest::<Spread<Value>>().unwrap()), (event.name, args));
    }
}

/// Reads a value; `None` for what it does not know: extensions, keys that are no texts.
fn value(rest: &mut &[u8], depth: usize) -> Option<Value> {
    let first = *take(rest, 1)?.first()?;
    let number = |number: Option<Number>| number.map_or(Value::Null, Value::Number);
    Some(match first {
        _ if depth > 100 => return None,
        0..=0x7f => number(Some(first.into())),
        0x80..=0x8f => map(rest, usize::from(first & 0x0f), depth)?,
        0x90..=0x9f => list(rest, usize::from(first & 0x0f), depth)?,
        0xa0..=0xbf => text(rest, usize::from(first & 0x1f))?,
        0xc0 => Value::Null,
        0xc2 | 0xc3 => Value::Bool(first == 0xc3),
        0xc4..=0xc6 => {
            let length = length(rest, 1 << (first - 0xc4))?;
            Value::Binary(Bytes::copy_from_slice(take(rest, length)?))
        }
        0xca => number(Number::from_f64(f32::from_be_bytes(take(rest, 4)?.try_into().ok()?).into())),
        0xcb => number(Number::from_f64(f64::from_be_bytes(take(rest, 8)?.try_into().ok()?))),
        0xcc..=0xcf => number(Some((length(rest, 1 << (first - 0xcc))? as u64).into())),
        0xd0 => number(Some(i8::from_be_bytes(take(rest, 1)?.try_into().ok()?).into())),
        0xd1 => number(Some(i16::from_be_bytes(take(rest, 2)?.try_into().ok()?).into())),
        0xd2 => number(Some(i32::from_be_bytes(take(rest, 4)?.try_into().ok()?).into())),
        0xd3 => number(Some(i64::from_be_bytes(take(rest, 8)?.try_into().ok()?).into())),
        0xd9..=0xdb => {
            let length = length(rest, 1 << (first - 0xd9))?;
            text(rest, length)?
        }
        0xdc | 0xdd => {
            let count = length(rest, 2 << (first - 0xdc))?;
            list(rest, count, depth)?
        }
        0xde | 0xdf => {
            let count = length(rest, 2 << (first - 0xde))?;
            map(rest, count, depth)?
        }
        0xe0..=0xff => number(Some((first as i8).into())),
        _ => return None,
    })
}

fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    rest.split_off(..count)
}

fn length(rest: &mut &[u8], bytes: usize) -> Option<usize> {
    Some(take(rest, bytes)?.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
}

fn text(rest: &mut &[u8], length: usize) -> Option<Value> {
    Some(Value::String(String::from_utf8_lossy(take(rest, length)?).into_owned()))
}

fn list(rest: &mut &[u8], count: usize, depth: usize) -> Option<Value> {
    (0..count).map(|_| value(rest, depth + 1)).collect::<Option<_>>().map(Value::Array)
}

fn map(rest: &mut &[u8], count: usize, depth: usize) -> Option<Value> {
    let member = |_| match value(rest, depth + 1)? {
        Value::String(name) => Some((name, value(rest, depth + 1)?)),
        _ => None,
    };
    (0..count).map(member).collect::<Option<_>>().map(Value::Object)
}
