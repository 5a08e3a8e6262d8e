//! [`AckTable`]: those who wait for an acknowledgement.
//!
//! Ids are chosen and deadlines are kept by whoever emits; this only finds the waiter that an id belongs to (Socket.IO
//! protocol v5, "acknowledgement").

use std::collections::BTreeMap;

/// The waiters of one socket, by the id of the event that they sent.
///
/// An empty table allocates nothing.
///
/// # Examples
///
/// ```
/// use sio_core::socket::AckTable;
///
/// let mut acks = AckTable::new();
/// acks.insert(0, "waiter").expect("there is room and the id is new");
/// assert_eq!(acks.take(0), Some("waiter"));
/// // A second answer, or one to a question that nobody asked, has no waiter.
/// assert_eq!(acks.take(0), None);
/// ```
#[derive(Debug)]
pub struct AckTable<W> {
    waiters: BTreeMap<u64, W>,
    limit: usize,
}

impl<W> AckTable<W> {
    /// How many waiters a table takes unless told otherwise: more than an application has use for, few enough to bound
    /// what a client that never answers costs.
    pub const DEFAULT_LIMIT: usize = 65_536;

    /// Makes a table for [`DEFAULT_LIMIT`](Self::DEFAULT_LIMIT) waiters.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// Makes a table for at most `limit` waiters.
    #[must_use]
    pub const fn with_limit(limit: usize) -> Self {
        Self { waiters: BTreeMap::new(), limit }
    }

    /// Adds the waiter for the acknowledgement with this id.
    ///
    /// # Errors
    ///
    /// Gives the waiter back if the table is full or the id is taken.
    pub fn insert(&mut self, id: u64, waiter: W) -> Result<(), W> {
        if self.waiters.len() >= self.limit || self.waiters.contains_key(&id) {
            return Err(waiter);
        }
        self.waiters.insert(id, waiter);
        Ok(())
    }

    /// Removes the waiter for this id: it has its answer, or does not wait any longer.
    pub fn take(&mut self, id: u64) -> Option<W> {
        self.waiters.remove(&id)
    }

    /// Removes all waiters, in the order of their ids: the peer is gone.
    pub fn drain(&mut self) -> impl Iterator<Item = W> + use<W> {
        std::mem::take(&mut self.waiters).into_values()
    }

    /// Returns the number of waiters.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiters.len()
    }

    /// Returns `true` if nobody waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiters.is_empty()
    }
}

impl<W> Default for AckTable<W> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_waiter_is_found_once() {
        let mut acks = AckTable::new();
        for id in [3, 0, (1 << 53) - 1] {
            assert_eq!(acks.insert(id, id), Ok(()));
        }
        assert_eq!(acks.take(1), None);
        assert_eq!(acks.take(3), Some(3));
        assert_eq!(acks.take(3), None);
        assert_eq!(acks.len(), 2);
    }

    #[test]
    fn a_taken_id_and_a_full_table_give_the_waiter_back() {
        let mut acks = AckTable::with_limit(2);
        assert_eq!(acks.insert(1, "a"), Ok(()));
        assert_eq!(acks.insert(1, "b"), Err("b"));
        assert_eq!(acks.insert(2, "c"), Ok(()));
        assert_eq!(acks.insert(3, "d"), Err("d"));
        assert_eq!(acks.take(1), Some("a"));
        assert_eq!(acks.insert(3, "d"), Ok(()));
    }

    #[test]
    fn draining_empties_the_table_even_if_nobody_looks() {
        let mut acks = AckTable::new();
        acks.insert(2, "b").unwrap();
        acks.insert(1, "a").unwrap();
        assert_eq!(acks.drain().collect::<Vec<_>>(), ["a", "b"]);
        acks.insert(1, "c").unwrap();
        drop(acks.drain());
        assert!(acks.is_empty());
    }
}
