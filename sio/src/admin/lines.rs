//! [`Lines`]: what those who look are told, so many lines a second.

use serde_json::Value;

/// How many lines are told in a second.
const A_SECOND: usize = 200;

/// An event for those who look: its name and its arguments.
pub(super) type Line = (&'static str, Vec<Value>);

/// The lines that are to be told. A change may take several: a socket that leaves is told with all its rooms.
pub(super) struct Lines {
    lines: Vec<Line>,
    /// How many there is still room for in this second.
    room: usize,
    omitted: u64,
}

impl Lines {
    pub(super) fn new() -> Self {
        Self { lines: Vec::new(), room: A_SECOND, omitted: 0 }
    }

    /// Takes room for so many lines, if there is enough.
    pub(super) fn reserve(&mut self, lines: usize) -> bool {
        let left = self.room.checked_sub(lines);
        self.room = left.unwrap_or(self.room);
        left.is_some()
    }

    /// Adds a line, for which room was taken.
    pub(super) fn tell(&mut self, event: &'static str, args: Vec<Value>) {
        self.lines.push((event, args));
    }

    /// Counts a change that is not told, since there is no room.
    pub(super) fn omit(&mut self) {
        self.omitted += 1;
    }

    /// Returns how many changes were not told, from the beginning.
    pub(super) fn omitted(&self) -> u64 {
        self.omitted
    }

    /// A second has passed.
    pub(super) fn renew(&mut self) {
        self.room = A_SECOND;
    }

    pub(super) fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.lines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room_for_a_change_or_for_nothing_of_it() {
        let mut lines = Lines::new();
        assert!(lines.reserve(180));
        assert!(!lines.reserve(33), "half of a change is none");
        assert!(lines.reserve(20) && !lines.reserve(1));
        lines.renew();
        assert!(lines.reserve(33));
    }
}
