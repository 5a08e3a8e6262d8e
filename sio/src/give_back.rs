//! [`GiveBack`]: tables that become smaller when those who were in them have gone.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash};

/// A table for as many stays as it is.
const SMALL: usize = 128;

/// Gives memory back that a crowd needed once.
pub(crate) trait GiveBack {
    /// To be called after something was taken out. It does something once for each time that the table has become an
    /// eighth of what it was.
    fn give_back(&mut self);
}

impl<K: Eq + Hash, V, S: BuildHasher> GiveBack for HashMap<K, V, S> {
    fn give_back(&mut self) {
        if is_too_large(self.len(), self.capacity()) {
            self.shrink_to(2 * self.len());
        }
    }
}

impl<K: Eq + Hash, S: BuildHasher> GiveBack for HashSet<K, S> {
    fn give_back(&mut self) {
        if is_too_large(self.len(), self.capacity()) {
            self.shrink_to(2 * self.len());
        }
    }
}

fn is_too_large(used: usize, capacity: usize) -> bool {
    capacity > SMALL && used < capacity / 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_as_large_as_those_who_are_in_it_need() {
        let mut map: HashMap<usize, usize> = (0..100_000).map(|key| (key, key)).collect();
        let mut shrunk = 0;
        for key in 0..100_000 {
            map.remove(&key);
            let before = map.capacity();
            map.give_back();
            shrunk += usize::from(map.capacity() < before);
        }
        assert!(map.capacity() <= 2 * SMALL, "{}", map.capacity());
        assert!(shrunk < 10, "{shrunk}: hardly ever");
    }
}
