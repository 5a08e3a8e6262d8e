//! The last events of one client, for the case that it has not received them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::memory::{Account, Usage};
use crate::transport::outgoing::Entry;

/// The limits of one client's log.
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
    /// That of the client's address.
    account: Arc<Account>,
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
    pub(crate) fn new(bounds: Bounds, account: Arc<Account>) -> Self {
        Self { bounds, account, events: VecDeque::new(), bytes: 0, forgotten: None }
    }

    pub(crate) fn push(&mut self, offset: u64, entry: Entry, now: Instant) {
        let before = self.usage();
        let (size, limit) = (entry.frames.len(), self.account.limit(before));
        let fits = |log: &Self| {
            log.events.len() < log.bounds.packets
                && log.bytes + size <= log.bounds.bytes
                && log.usage().total() + size + size_of::<Sent>() <= limit
        };
        // Room is made first: at its bound the list does not grow once more.
        while let Some(first) = self.events.front() {
            if fits(self) && now.saturating_duration_since(first.at) <= self.bounds.age {
                break;
            }
            self.forget_first();
        }
        if fits(self) {
            self.bytes += size;
            self.events.push_back(Sent { offset, entry, at: now });
        } else {
            self.forgotten = Some(offset);
        }
        self.count_change(before);
    }

    /// Returns everything sent after the event of this offset, or without an offset everything ever sent; `None` if a
    /// part of it has been forgotten. Forgets the events up to the offset, which are of no use any more.
    pub(crate) fn resume(&mut self, offset: Option<u64>) -> Option<Vec<Entry>> {
        if self.forgotten != offset {
            let wanted = offset?;
            // From the end: a client that comes back has missed a few at most.
            let at = self.events.iter().rposition(|sent| sent.offset == wanted)?;
            let before = self.usage();
            for _ in 0..=at {
                self.forget_first();
            }
            self.count_change(before);
        }
        Some(self.events.iter().map(|sent| sent.entry.clone()).collect())
    }

    /// Begins behind the event of this offset.
    #[cfg(feature = "cluster")]
    pub(super) fn begin_after(&mut self, offset: Option<u64>) {
        self.forgotten = offset;
    }

    /// Returns the offset of the event before the first that is left.
    #[cfg(feature = "cluster")]
    pub(super) fn forgotten(&self) -> Option<u64> {
        self.forgotten
    }

    #[cfg(feature = "cluster")]
    pub(super) fn offsets(&self) -> impl Iterator<Item = u64> + '_ {
        self.events.iter().map(|sent| sent.offset)
    }

    #[cfg(feature = "cluster")]
    pub(super) fn events(&self) -> impl Iterator<Item = (u64, Entry)> + '_ {
        self.events.iter().map(|sent| (sent.offset, sent.entry.clone()))
    }

    fn usage(&self) -> Usage {
        Usage { events: self.bytes, notes: self.events.len() * size_of::<Sent>() }
    }

    fn count_change(&mut self, before: Usage) {
        // Memory that is no longer counted must be freed as well.
        if self.events.capacity() / 8 > self.events.len() {
            self.events.shrink_to(2 * self.events.len());
        }
        self.account.change(before, self.usage());
    }

    fn forget_first(&mut self) {
        if let Some(first) = self.events.pop_front() {
            self.bytes -= first.entry.frames.len();
            self.forgotten = Some(first.offset);
        }
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.account.change(self.usage(), Usage::default());
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::hub::state::memory::Memory;

    const AGE: Duration = Duration::from_secs(60);

    fn log(packets: usize, bytes: usize) -> Log {
        Log::new(Bounds { packets, bytes, age: AGE }, Arc::new(Memory::new(usize::MAX)).account(None))
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

    const MIB: usize = 1024 * 1024;

    /// A log that is bounded by the memory alone, full of events of 1,000 bytes.
    fn full(memory: &Arc<Memory>, last_of_address: u8) -> Log {
        let account = memory.account(Some([10, 0, 0, last_of_address].into()));
        let mut log = Log::new(Bounds { packets: 1000, bytes: MIB, age: AGE }, account);
        (0..100).for_each(|offset| push(&mut log, offset));
        log
    }

    fn push(log: &mut Log, offset: u64) {
        log.push(offset, Bytes::from(vec![0; 1000]).into(), Instant::now());
    }

    /// How much a log takes, in steps of its events.
    fn taken(log: &Log) -> usize {
        log.usage().total() / (1000 + size_of::<Sent>())
    }

    #[test]
    fn whoever_keeps_much_gives_way_when_the_memory_fills() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let mut log = full(&memory, 1);
        assert_eq!(taken(&log), 61, "a 64th of what is left");
        let others = memory.count(Bytes::from(vec![0; 3 * MIB]));
        push(&mut log, 100);
        assert_eq!(taken(&log), 15, "a 64th of what is left");
        let all = memory.count(Bytes::from(vec![0; MIB]));
        for offset in 101..110 {
            push(&mut log, offset);
            assert_eq!(taken(&log), 3, "what everybody may keep");
        }
        assert_eq!(missed(&mut log, Some(107)).map(|missed| missed.len()), Some(2));
        drop((others, all));
    }

    #[test]
    fn an_address_that_keeps_much_takes_nothing_from_the_others() {
        let memory = Arc::new(Memory::new(4 * MIB));
        let others = memory.count(Bytes::from(vec![0; 3 * MIB]));
        let greedy: Vec<_> = (0..10).map(|_| full(&memory, 1)).collect();
        assert_eq!(greedy.iter().map(taken).collect::<Vec<_>>(), [15, 3, 3, 3, 3, 3, 3, 3, 3, 3]);
        assert_eq!(taken(&full(&memory, 2)), 15);
        drop(others);
    }

    #[test]
    fn what_is_noted_of_events_counts_for_each_client() {
        let memory = Arc::new(Memory::new(64 * 1024));
        let bounds = Bounds { packets: 128, bytes: MIB, age: AGE };
        let mut logs: Vec<_> = (0..4).map(|_| Log::new(bounds, memory.account(None))).collect();
        for offset in 0..1000 {
            logs.iter_mut().for_each(|log| log.push(offset, Bytes::new().into(), Instant::now()));
        }
        let notes: usize = logs.iter().map(|log| log.usage().notes).sum();
        assert!(notes > 0 && memory.used() == notes && logs.iter().all(|log| log.events.len() < 128));
        drop(logs);
        assert_eq!(memory.used(), 0);
    }

    #[test]
    fn a_list_at_its_bound_takes_no_more_than_that() {
        let mut log = log(64, MIB);
        (0..1000).for_each(|offset| push(&mut log, offset));
        assert_eq!((log.events.len(), log.events.capacity()), (64, 64));
        assert_eq!(missed(&mut log, Some(999)), Some(vec![]));
        assert!(log.events.capacity() < 64);
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
