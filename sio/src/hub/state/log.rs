//! The last events of one client, for the case that it has not received them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::memory::Memory;
use crate::transport::outgoing::Entry;

/// What one client may have in its log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) packets: usize,
    pub(crate) bytes: usize,
    /// How long an event can be of use: no client comes back later than this after it.
    pub(crate) age: Duration,
}

/// Events in the order in which they were sent.
///
/// Their offsets are unique, but need not rise: two that are emitted at the same time are numbered before it is clear
/// which of them is sent first.
#[derive(Debug)]
pub(crate) struct Log {
    bounds: Bounds,
    /// What all logs share.
    memory: Arc<Memory>,
    events: VecDeque<Sent>,
    bytes: usize,
    /// The offset of the event before the first that is left.
    forgotten: Option<u64>,
}

#[derive(Debug)]
struct Sent {
    offset: u64,
    entry: Entry,
    at: Instant,
}

impl Log {
    pub(crate) fn new(bounds: Bounds, memory: Arc<Memory>) -> Self {
        Self { bounds, memory, events: VecDeque::new(), bytes: 0, forgotten: None }
    }

    pub(crate) fn push(&mut self, offset: u64, entry: Entry, now: Instant) {
        self.bytes += entry.frames.len();
        self.events.push_back(Sent { offset, entry, at: now });
        let max_bytes = self.bounds.bytes.min(self.memory.share());
        while let Some(first) = self.events.front() {
            let fits = self.events.len() <= self.bounds.packets
                && self.bytes <= max_bytes
                && now.saturating_duration_since(first.at) <= self.bounds.age;
            if fits {
                break;
            }
            self.forget_first();
        }
    }

    /// What was sent after the event of this offset, or without one all that was ever sent; `None` if a part of it has
    /// been forgotten. What came before it is of no use any more.
    pub(crate) fn resume(&mut self, offset: Option<u64>) -> Option<Vec<Entry>> {
        if self.forgotten != offset {
            let wanted = offset?;
            // From the end: a client that comes back has missed a few at most.
            let at = self.events.iter().rposition(|sent| sent.offset == wanted)?;
            for _ in 0..=at {
                self.forget_first();
            }
        }
        Some(self.events.iter().map(|sent| sent.entry.clone()).collect())
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.events.pop_front() {
            self.bytes -= first.entry.frames.len();
            self.forgotten = Some(first.offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    const AGE: Duration = Duration::from_secs(60);

    fn log(packets: usize, bytes: usize) -> Log {
        Log::new(Bounds { packets, bytes, age: AGE }, Arc::new(Memory::new(usize::MAX)))
    }

    fn entry(offset: u64) -> Entry {
        Bytes::from(format!("event {offset}")).into()
    }

    fn filled(packets: usize, bytes: usize, offsets: &[u64]) -> Log {
        let (mut log, now) = (log(packets, bytes), Instant::now());
        for offset in offsets {
            log.push(*offset, entry(*offset), now);
        }
        log
    }

    fn missed(log: &mut Log, offset: Option<u64>) -> Option<Vec<String>> {
        let missed = log.resume(offset)?;
        Some(missed.iter().map(|entry| String::from_utf8(entry.frames.to_vec()).unwrap()).collect())
    }

    #[test]
    fn what_follows_the_offset_is_missed() {
        for (offset, expected) in [
            (None, Some(vec!["event 3", "event 5", "event 4"])),
            (Some(3), Some(vec!["event 5", "event 4"])),
            // In the order in which they were sent, not in that of their numbers.
            (Some(5), Some(vec!["event 4"])),
            (Some(4), Some(vec![])),
            (Some(6), None),
        ] {
            let found = missed(&mut filled(10, 1000, &[3, 5, 4]), offset);
            assert_eq!(
                found.as_deref(),
                expected
                    .map(|texts| texts.iter().map(|text| text.to_string()).collect::<Vec<_>>())
                    .as_deref(),
                "{offset:?}"
            );
        }
        assert_eq!(missed(&mut log(1, 1), None), Some(vec![]));
    }

    #[test]
    fn a_client_may_ask_again() {
        let mut log = filled(10, 1000, &[1, 2, 3]);
        for _ in 0..2 {
            assert_eq!(missed(&mut log, Some(2)), Some(vec!["event 3".to_owned()]));
        }
        log.push(4, entry(4), Instant::now());
        assert_eq!(missed(&mut log, Some(2)), Some(vec!["event 3".to_owned(), "event 4".to_owned()]));
        assert_eq!(missed(&mut log, Some(1)), None, "the client has said that it has this one");
    }

    #[test]
    fn what_is_forgotten_cannot_be_missed() {
        for mut log in [filled(2, 1000, &[1, 2, 3]), filled(10, 14, &[1, 2, 3])] {
            assert_eq!(missed(&mut log, None), None);
            assert_eq!(missed(&mut log, Some(1)), Some(vec!["event 2".to_owned(), "event 3".to_owned()]));
        }
        // Larger than all that may be kept.
        let mut log = filled(10, 3, &[1, 2]);
        assert_eq!(missed(&mut log, Some(1)), None);
        assert_eq!(missed(&mut log, Some(2)), Some(vec![]));
    }

    #[test]
    fn whoever_keeps_much_gives_way_when_the_memory_fills() {
        let memory = Arc::new(Memory::new(64 * 50));
        let mut log = Log::new(Bounds { packets: 100, bytes: 1000, age: AGE }, Arc::clone(&memory));
        let now = Instant::now();
        (1..=9).for_each(|offset| log.push(offset, entry(offset), now));
        assert_eq!(log.bytes, 49, "as much as one share");
        let others = memory.count(Bytes::from(vec![0; 64 * 25]));
        log.push(10, entry(10), now);
        assert_eq!(log.bytes, 22);
        let all = memory.count(Bytes::from(vec![0; 64 * 25]));
        log.push(11, entry(11), now);
        assert_eq!((log.bytes, missed(&mut log, Some(10))), (0, None));
        drop((others, all));
    }

    #[test]
    fn old_events_make_room() {
        let (mut log, start) = (log(10, 1000), Instant::now());
        log.push(1, entry(1), start);
        log.push(2, entry(2), start + AGE);
        assert_eq!(log.events.len(), 2);
        log.push(3, entry(3), start + AGE + Duration::from_secs(1));
        assert_eq!((log.events.len(), log.bytes), (2, 14));
        assert_eq!(missed(&mut log, Some(1)).map(|events| events.len()), Some(2));
    }
}
