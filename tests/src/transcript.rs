//! The conversation so far, shown when an expectation fails.

use std::{fmt, panic::Location};

/// How many lines of the conversation a failure shows; a flood would bury its own end.
const SHOWN: usize = 40;

/// How many characters of one line a failure shows.
const WIDTH: usize = 300;

/// Everything that was sent and received over one connection, in order.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: Vec<String>,
}

impl Transcript {
    /// Notes what the client sent.
    pub fn sent(&mut self, what: impl fmt::Display) {
        self.note('>', &what.to_string());
    }

    /// Notes what the client received.
    pub fn received(&mut self, what: impl fmt::Display) {
        self.note('<', &what.to_string());
    }

    fn note(&mut self, direction: char, what: &str) {
        let mut line = format!("{direction} {}", what.chars().take(WIDTH).collect::<String>());
        if what.chars().count() > WIDTH {
            line.push_str(" [cut]");
        }
        if self.lines.len() > SHOWN * 2 {
            self.lines.drain(..SHOWN);
        }
        self.lines.push(line);
    }

    /// Fails the test that stands at `at`.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    pub fn fail(&self, at: &Location<'_>, what: impl fmt::Display) -> ! {
        panic!("{at}: {what}\nthe conversation so far:\n{self}")
    }
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = self.lines.len().saturating_sub(SHOWN);
        self.lines[hidden..].iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}
