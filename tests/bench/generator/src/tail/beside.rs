//! What others do meanwhile.

use std::fmt;
use std::str::FromStr;

/// Clients that keep a server busy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beside {
    /// A room of so many, to which one publishes so many times a second.
    Room { members: usize, per_second: u32 },
    /// So many at a time connect, join the room and leave.
    Coming { clients: usize },
    /// So many have so many events of so many bytes in flight each.
    Events { clients: usize, window: usize, bytes: usize },
    /// So many ask over long-polling, one event after the other.
    Polls { clients: usize },
    /// So many at a time connect and leave.
    Connects { clients: usize },
}

const ALL: [(&str, Beside); 7] = [
    ("room1000", Beside::Room { members: 1_000, per_second: 100 }),
    ("room10000", Beside::Room { members: 10_000, per_second: 10 }),
    ("coming", Beside::Coming { clients: 2 }),
    ("events", Beside::Events { clients: 4, window: 16, bytes: 128 }),
    ("polls", Beside::Polls { clients: 4 }),
    ("connects", Beside::Connects { clients: 4 }),
    ("large", Beside::Events { clients: 4, window: 1, bytes: 900_000 }),
];

impl Beside {
    /// The same with clients that are connected in a moment.
    pub(crate) fn quick(self) -> Self {
        match self {
            Self::Room { members: 10_000, .. } => Self::Room { members: 1_000, per_second: 100 },
            other => other,
        }
    }
}

impl FromStr for Beside {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = ALL.iter().find(|(name, _)| *name == text).map(|(_, beside)| *beside);
        found.ok_or_else(|| format!("there is nobody called {text:?}"))
    }
}

impl fmt::Display for Beside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = ALL.iter().find(|(_, beside)| beside == self).map_or("", |(name, _)| name);
        f.write_str(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_a_name() {
        for (name, beside) in ALL {
            assert_eq!(name.parse(), Ok(beside));
            assert_eq!(beside.to_string(), name);
            assert!(!beside.quick().to_string().is_empty());
        }
        assert!("somebody".parse::<Beside>().is_err());
    }
}
