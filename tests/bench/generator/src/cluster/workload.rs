//! The workloads of a cluster.

use std::str::FromStr;
use std::time::Duration;

/// A client of node A publishes to a room, and this is how many members there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    pub(crate) pace: Pace,
    /// Members at node B.
    pub(crate) there: usize,
    /// Members at node A.
    pub(crate) here: usize,
    /// The same in a few words.
    pub(crate) about: &'static str,
}

/// How fast it publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// So many events a second.
    Rate(u32),
    /// So many events may be on their way to some member.
    Window(u64),
}

const ALL: [Workload; 5] = [
    Workload {
        name: "busy",
        pace: Pace::Window(64),
        there: 1,
        here: 0,
        about: "as fast as it goes, 64 broadcasts on their way; a member at B",
    },
    Workload {
        name: "busy-away",
        pace: Pace::Window(64),
        there: 0,
        here: 1,
        about: "the same, but the member is at A, and B has none",
    },
    Workload {
        name: "paced",
        pace: Pace::Rate(2000),
        there: 1,
        here: 0,
        about: "2,000 broadcasts a second, one at a time; a member at B",
    },
    Workload {
        name: "paced-away",
        pace: Pace::Rate(2000),
        there: 0,
        here: 0,
        about: "the same without a member anywhere",
    },
    Workload {
        name: "latency",
        pace: Pace::Rate(1000),
        there: 1,
        here: 0,
        about: "1,000 broadcasts a second, one at a time; a member at B",
    },
];

impl Workload {
    pub(crate) fn all() -> Vec<Self> {
        ALL.to_vec()
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let workload = ALL.into_iter().find(|workload| workload.name == text);
        workload.ok_or_else(|| {
            format!("there is no workload {text:?}, only {}", ALL.map(|workload| workload.name).join(" "))
        })
    }
}

impl Pace {
    /// The time between two events.
    pub(crate) fn interval(self) -> Option<Duration> {
        match self {
            Self::Rate(rate) => Some(Duration::from_secs(1) / rate),
            Self::Window(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_deliveries_has_members() {
        for workload in Workload::all() {
            assert_eq!(workload.name.parse(), Ok(workload.clone()));
            assert!(workload.pace.interval().is_some() || workload.there + workload.here > 0);
        }
        assert!("echo1".parse::<Workload>().is_err());
    }
}
