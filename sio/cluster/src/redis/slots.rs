//! Slots: the parts of a Redis Cluster that its servers share.

use redis::Value;

use super::master::Master;

/// The slots of every Redis Cluster.
const SLOTS: u16 = 16_384;

/// Consecutive slots and the servers that have them, the master first.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Range {
    first: u16,
    last: u16,
    pub(super) servers: Vec<Master>,
}

impl Range {
    pub(super) fn has(&self, slot: u16) -> bool {
        (self.first..=self.last).contains(&slot)
    }
}

/// Reads the answer to `CLUSTER SLOTS`. A server that does not know its own address has that by which it was `asked`.
pub(super) fn ranges(slots: &Value, asked: &str) -> Vec<Range> {
    let Value::Array(slots) = slots else { return Vec::new() };
    let ranges = slots.iter().filter_map(|range| {
        let Value::Array(range) = range else { return None };
        let [Value::Int(first), Value::Int(last), servers @ ..] = &range[..] else { return None };
        Some(Range {
            first: u16::try_from(*first).ok()?,
            last: u16::try_from(*last).ok()?,
            servers: servers.iter().filter_map(|server| read_server(server, asked)).collect(),
        })
    });
    ranges.collect()
}

fn read_server(server: &Value, asked: &str) -> Option<Master> {
    let Value::Array(server) = server else { return None };
    let [host, Value::Int(port), ..] = &server[..] else { return None };
    let host = match host {
        Value::BulkString(host) if !host.is_empty() => std::str::from_utf8(host).ok()?,
        _ => asked,
    };
    // A server whose name is unknown to the one that was asked.
    (host != "?").then_some(Master::new(host, u16::try_from(*port).ok()?))
}

/// The parts of channels' names, in braces there, that put these into slots: the prefix, and more of them in slots as far
/// from each other as can be. As masters have equal shares of the slots, they are at different ones.
pub(super) fn tags(prefix: &str, count: u16) -> Vec<String> {
    let first = slot(prefix);
    let mut tags = vec![prefix.to_owned()];
    for nth in 1..count {
        let wanted = (first + SLOTS / count * nth) % SLOTS;
        // No prefix has this character.
        let begun = crc(0, &format!("{prefix}#"));
        let is_there = |number: &u32| crc(begun, &number.to_string()) % SLOTS == wanted;
        // There is always one: see the test.
        tags.extend((0..NUMBERS).find(is_there).map(|number| format!("{prefix}#{number}")));
    }
    tags
}

/// Among so many numbers behind a prefix there is one for each slot.
const NUMBERS: u32 = 1_000_000;

/// The slot of a key.
pub(super) fn slot(key: &str) -> u16 {
    crc(0, key) % SLOTS
}

/// The CRC-16 (XMODEM) of a text behind another one.
fn crc(begun: u16, text: &str) -> u16 {
    let shift = |crc: u16, _| if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 };
    text.bytes().fold(begun, |crc, byte| (0..8).fold(crc ^ (u16::from(byte) << 8), shift))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_those_of_redis() {
        // As `CLUSTER KEYSLOT` says.
        for (key, at) in [("123456789", 12_739), ("foo", 12_182), ("", 0)] {
            assert_eq!(slot(key), at, "{key}");
        }
    }

    /// The CRC is linear: another prefix moves all of them by the same.
    #[test]
    fn numbers_behind_a_prefix_reach_every_slot() {
        let mut reached = vec![false; SLOTS.into()];
        for number in 100_000..NUMBERS {
            reached[usize::from(slot(&number.to_string()))] = true;
        }
        assert!(reached.iter().all(|is_reached| *is_reached));
    }

    #[test]
    fn tags_are_in_slots_as_far_from_each_other_as_can_be() {
        for (prefix, count) in [("sio", 1), ("sio", 2), ("shop:eu/1", 3), ("a", 16)] {
            let tags = tags(prefix, count);
            assert_eq!((tags.len(), &*tags[0]), (count.into(), prefix));
            let mut slots: Vec<u16> = tags.iter().map(|tag| slot(tag)).collect();
            slots.sort_unstable();
            assert!(slots.windows(2).all(|pair| pair[1] - pair[0] >= SLOTS / count), "{slots:?}");
        }
        assert_eq!(tags("sio", 3), tags("sio", 3), "nodes agree on them");
    }

    #[test]
    fn a_server_that_does_not_know_its_address_has_that_by_which_it_was_asked() {
        let server = |host: Value| Value::Array(vec![host, Value::Int(7000), Value::Nil]);
        let range =
            |servers: Vec<Value>| Value::Array([vec![Value::Int(0), Value::Int(16_383)], servers].concat());
        for (host, known) in [
            (Value::Nil, Some("asked")),
            (Value::BulkString(Vec::new()), Some("asked")),
            (Value::BulkString(b"10.0.0.5".to_vec()), Some("10.0.0.5")),
            (Value::BulkString(b"?".to_vec()), None),
        ] {
            let servers = known.map(|host| Master::new(host, 7000)).into_iter().collect();
            let read = ranges(&Value::Array(vec![range(vec![server(host)])]), "asked");
            assert_eq!(read, [Range { first: 0, last: 16_383, servers }]);
        }
        assert_eq!(ranges(&Value::Array(vec![Value::Nil, Value::Array(Vec::new())]), ""), []);
    }
}
