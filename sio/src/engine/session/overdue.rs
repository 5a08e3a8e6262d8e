//! A deadline that has passed while input of the client waited to be read.

/// How much may have arrived before a deadline and be unread after it: more than what a kernel keeps for a connection
/// unless it is told otherwise, which is 6 MiB on Linux.
const ARRIVED: usize = 8 * 1024 * 1024;

/// The minimum that a turn counts, so that a client cannot postpone its end with empty frames.
const LEAST: usize = 256;

/// How much is still read before the deadline is held against the client.
#[derive(Debug)]
pub(super) struct Overdue {
    left: usize,
}

impl Default for Overdue {
    fn default() -> Self {
        Self { left: ARRIVED }
    }
}

impl Overdue {
    /// So much was read in a turn.
    pub(super) fn note_read(&mut self, bytes: usize) {
        self.left = self.left.saturating_sub(bytes.max(LEAST));
    }

    /// Returns whether input that has not been read may have arrived before the deadline.
    pub(super) fn may_be_unread(&self) -> bool {
        self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_whatever_is_read() {
        for bytes in [0, 1, 100_000, ARRIVED] {
            let mut overdue = Overdue::default();
            let mut turns = 0;
            while overdue.may_be_unread() {
                overdue.note_read(bytes);
                turns += 1;
            }
            assert_eq!(turns, ARRIVED.div_ceil(bytes.max(LEAST)));
        }
    }
}
