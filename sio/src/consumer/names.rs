//! [`Names`]: leads from the name of an event to its handler, however many there are.

/// No number, and a slot without one.
const NONE: u16 = u16::MAX;

/// The names of a block, which are numbered in their order. Made by generated code, at compile time.
///
/// With `SLOTS` it is a hash table, so that a name costs the same among two hundred as among ten. Without, the names
/// are compared one after the other, which is quicker for a few.
#[derive(Debug)]
pub struct Names<const SLOTS: usize> {
    names: &'static [&'static str],
    /// The number of a name at the place of its hash, or in the next free slot behind it.
    slots: [u16; SLOTS],
}

impl<const SLOTS: usize> Names<SLOTS> {
    /// Numbers the names.
    ///
    /// # Panics
    ///
    /// If there are slots, but not a power of two or not more than names.
    #[must_use]
    pub const fn of(names: &'static [&'static str]) -> Self {
        let mut slots = [NONE; SLOTS];
        if SLOTS > 0 {
            assert!(SLOTS.is_power_of_two() && names.len() < SLOTS && names.len() < NONE as usize);
            let mut index = 0;
            while index < names.len() {
                let mut slot = hash(names[index].as_bytes()) % SLOTS;
                while slots[slot] != NONE {
                    slot = (slot + 1) % SLOTS;
                }
                slots[slot] = index as u16;
                index += 1;
            }
        }
        Self { names, slots }
    }

    /// Returns the number of a name, and one that no name has if there is none.
    #[inline]
    #[must_use]
    pub fn number(&self, name: &str) -> u16 {
        if SLOTS == 0 {
            let found = self.names.iter().position(|known| *known == name);
            return found.map_or(NONE, |index| index as u16);
        }
        let mut slot = hash(name.as_bytes()) % SLOTS;
        loop {
            let number = self.slots[slot];
            if number == NONE || self.names[usize::from(number)] == name {
                return number;
            }
            slot = (slot + 1) % SLOTS;
        }
    }
}

/// A hash of the length and of what is at both ends: enough to tell names apart that somebody has chosen. Clients
/// cannot do harm by it, as nothing that they send is put into a table.
const fn hash(name: &[u8]) -> usize {
    let (first, last) = match (name.first_chunk(), name.last_chunk()) {
        (Some(first), Some(last)) => (u64::from_le_bytes(*first), u64::from_le_bytes(*last)),
        _ => {
            let (mut word, mut index) = (0, 0);
            while index < name.len() {
                word = word << 8 | name[index] as u64;
                index += 1;
            }
            (word, 0)
        }
    };
    let mixed = first ^ last.rotate_left(23) ^ name.len() as u64;
    (mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40) as usize
}

#[cfg(test)]
mod tests {
    use super::{NONE, Names};

    const FEW: &[&str] = &["say", "", "join"];

    #[test]
    fn a_few_names_have_the_numbers_of_their_order() {
        let names = Names::<0>::of(FEW);
        assert_eq!(["say", "", "join", "leave"].map(|name| names.number(name)), [0, 1, 2, NONE]);
    }

    #[test]
    fn many_names_have_the_numbers_of_their_order() {
        let all: Vec<&str> = (0..500).map(|n| &*format!("question_{n}").leak()).collect();
        let names = Names::<1024>::of(all.leak());
        for (index, name) in names.names.iter().enumerate() {
            assert_eq!(usize::from(names.number(name)), index);
            assert_eq!(names.number(&name[1..]), NONE);
        }
    }

    #[test]
    fn names_of_one_hash_are_told_apart() {
        const ALIKE: &[&str] = &["aaaaaaaa-1-bbbbbbbb", "aaaaaaaa-2-bbbbbbbb", "aaaaaaaa-3-bbbbbbbb"];
        let names = Names::<4>::of(ALIKE);
        assert_eq!([0, 1, 2].map(|index| names.number(ALIKE[index])), [0, 1, 2]);
        assert_eq!(names.number("aaaaaaaa-4-bbbbbbbb"), NONE);
    }

    #[test]
    fn a_table_is_made_at_compile_time() {
        static NAMES: Names<16> = Names::of(FEW);
        assert_eq!(FEW.iter().map(|name| NAMES.number(name)).collect::<Vec<_>>(), [0, 1, 2]);
    }
}
