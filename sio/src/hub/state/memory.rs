//! The memory of all events that are kept, of all clients together.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;

/// One client may keep as much as this part of the memory that is left.
const PARTS: usize = 64;

/// So much each client may keep while any memory is left, unless all of it is less than 64 MiB.
const FLOOR: usize = 64 * 1024;

/// Of a smaller memory each client may keep one of so many parts.
const FLOORS: usize = 1024;

/// Counts the bytes that are kept. Those of an event count once, however many clients keep it; what each of them
/// notes of it counts for each.
#[derive(Debug)]
pub(crate) struct Memory {
    max: usize,
    used: AtomicUsize,
    /// Clients whose address is not known count as one address.
    accounts: Mutex<HashMap<Option<IpAddr>, Weak<Account>>>,
}

/// The memory that the clients of one address use.
#[derive(Debug)]
pub(crate) struct Account {
    memory: Arc<Memory>,
    network: Option<IpAddr>,
    /// The bytes of all that they keep, shared or not.
    kept: AtomicUsize,
}

/// How much of the memory one client takes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Usage {
    /// The bytes of its events.
    pub(super) events: usize,
    /// Those of what is noted of them.
    pub(super) notes: usize,
}

/// The bytes of one event.
struct Counted {
    bytes: Bytes,
    memory: Arc<Memory>,
}

impl Memory {
    pub(crate) fn new(max: usize) -> Self {
        Self { max, used: AtomicUsize::new(0), accounts: Mutex::default() }
    }

    /// The same bytes, which count for as long as any copy of them is left.
    pub(crate) fn count(self: &Arc<Self>, bytes: Bytes) -> Bytes {
        self.used.fetch_add(bytes.len(), Ordering::Relaxed);
        Bytes::from_owner(Counted { bytes, memory: Arc::clone(self) })
    }

    /// The account of an address.
    pub(crate) fn account(self: &Arc<Self>, network: Option<IpAddr>) -> Arc<Account> {
        let mut accounts = self.lock();
        let known = accounts.entry(network).or_default();
        known.upgrade().unwrap_or_else(|| {
            let account = Account { memory: Arc::clone(self), network, kept: AtomicUsize::new(0) };
            let account = Arc::new(account);
            *known = Arc::downgrade(&account);
            account
        })
    }

    #[cfg(test)]
    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Option<IpAddr>, Weak<Account>>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Account {
    /// How much a client may keep that keeps so much now: less and less as the memory fills, so that those who keep
    /// much give way before there is none for the others. Once half of the memory is taken, all clients of the
    /// address share that. Each may keep a little whatever the others do, as long as there is any memory; then it
    /// keeps no more than it has.
    pub(super) fn limit(&self, now: Usage) -> usize {
        let max = self.memory.max;
        let floor = FLOOR.min(max / FLOORS);
        let left = max.saturating_sub(self.memory.used.load(Ordering::Relaxed));
        let share = left / PARTS;
        match left {
            0 => floor.min(now.total()),
            left if left > max / 2 => floor.max(share),
            _ => {
                let others = self.kept.load(Ordering::Relaxed).saturating_sub(now.total());
                floor.max(share.saturating_sub(others))
            }
        }
    }

    /// Counts a change of what one of its clients uses. Costs nothing if the amount stays the same.
    pub(super) fn change(&self, before: Usage, after: Usage) {
        change(&self.memory.used, before.notes, after.notes);
        change(&self.kept, before.total(), after.total());
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let mut accounts = self.memory.lock();
        // There may be another by now.
        if accounts.get(&self.network).is_some_and(|account| account.strong_count() == 0) {
            accounts.remove(&self.network);
        }
    }
}

impl Usage {
    pub(super) fn total(self) -> usize {
        self.events + self.notes
    }
}

fn change(counter: &AtomicUsize, before: usize, after: usize) {
    if after > before {
        counter.fetch_add(after - before, Ordering::Relaxed);
    } else if before > after {
        counter.fetch_sub(before - after, Ordering::Relaxed);
    }
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.memory.used.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As much as a client without anything may keep, whose address is not known.
    fn limit(memory: &Arc<Memory>) -> usize {
        memory.account(None).limit(Usage::default())
    }

    #[test]
    fn an_event_counts_once_until_its_last_copy_is_gone() {
        let memory = Arc::new(Memory::new(64_000));
        assert_eq!(limit(&memory), 1000);
        let event = memory.count(Bytes::from(vec![7; 6_400]));
        let copies = vec![event.clone(); 100];
        assert_eq!((limit(&memory), &event[..]), (900, &[7; 6_400][..]));
        drop(event);
        assert_eq!(limit(&memory), 900);
        drop(copies);
        assert_eq!(limit(&memory), 1000);
    }

    #[test]
    fn where_nothing_is_left_nobody_may_keep_more() {
        let memory = Arc::new(Memory::new(1024 * 100));
        let _event = memory.count(Bytes::from(vec![7; 1024 * 100]));
        let account = memory.account(None);
        let limits = [0, 60, 6000].map(|events| account.limit(Usage { events, notes: 0 }));
        assert_eq!(limits, [0, 60, 100]);
    }

    #[test]
    fn the_clients_of_one_address_share_what_it_may_have_once_half_is_taken() {
        let memory = Arc::new(Memory::new(64 * 1024));
        let [one, other] = [1, 2].map(|last| memory.account(Some(IpAddr::from([10, 0, 0, last]))));
        one.change(Usage::default(), Usage { events: 400, notes: 0 });
        assert_eq!(one.limit(Usage::default()), 1024);
        let half = memory.count(Bytes::from(vec![7; 32 * 1024]));
        let limits = [&one, &other].map(|account| account.limit(Usage::default()));
        assert_eq!(limits, [112, 512]);
        // Its own part is not one of others.
        assert_eq!(one.limit(Usage { events: 400, notes: 0 }), 512);
        one.change(Usage { events: 400, notes: 0 }, Usage { events: 5000, notes: 0 });
        assert_eq!(one.limit(Usage::default()), 64, "whatever the others have");
        drop((one, other, half));
        assert!(memory.lock().is_empty());
    }
}
