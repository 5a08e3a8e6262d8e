//! The counts that were measured once, which a later build is held against.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// How much more than the recorded count is no regression yet.
const MARGIN: f64 = 0.02;
/// The same of allocations, of which some operations have less than one.
const ALLOCATIONS: f64 = 0.02;

/// The costs of one operation of each scenario.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Record(BTreeMap<String, Costs>);

/// The counts that are the same on every machine with the same compiler.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct Costs {
    pub(crate) instructions: f64,
    /// `None` if it is not the same: a large payload comes in as many parts as the kernel has at a time.
    pub(crate) allocations: Option<f64>,
}

impl Record {
    pub(crate) fn read(file: &Path) -> Result<Self, Box<dyn Error>> {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(serde_json::from_str(&text)?)
    }

    pub(crate) fn write(&self, file: &Path) -> Result<(), Box<dyn Error>> {
        Ok(fs::write(file, serde_json::to_string_pretty(self)? + "\n")?)
    }

    pub(crate) fn insert(&mut self, scenario: &str, costs: Costs) {
        let allocations = costs.allocations.map(|count| (count * 100.0).round() / 100.0);
        self.0.insert(scenario.to_owned(), Costs { instructions: costs.instructions.round(), allocations });
    }

    /// Tells whether an operation costs no more than was recorded.
    pub(crate) fn compare(&self, scenario: &str, now: Costs) -> Result<(), String> {
        let recorded = self.0.get(scenario).ok_or("nothing is recorded")?;
        let counts = [
            ("instructions", recorded.instructions, Some(now.instructions), 0.0),
            ("allocations", recorded.allocations.unwrap_or_default(), now.allocations, ALLOCATIONS),
        ];
        for (what, recorded, now, more) in counts {
            if let Some(now) = now.filter(|now| *now > recorded * (1.0 + MARGIN) + more) {
                return Err(format!("{now:.2} {what} instead of {recorded:.2}"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn costs(instructions: f64, allocations: f64) -> Costs {
        Costs { instructions, allocations: Some(allocations) }
    }

    #[test]
    fn two_percent_more_is_a_regression() {
        let mut record = Record::default();
        record.insert("echo1", costs(10_000.4, 2.0));
        assert_eq!(record.compare("echo1", costs(10_199.0, 2.05)), Ok(()));
        assert_eq!(record.compare("echo1", costs(5_000.0, 0.0)), Ok(()));
        let error = record.compare("echo1", costs(10_300.0, 2.0)).unwrap_err();
        assert_eq!(error, "10300.00 instructions instead of 10000.00");
        assert!(record.compare("echo1", costs(10_000.0, 3.0)).unwrap_err().contains("allocations"));
        assert!(record.compare("another", costs(1.0, 1.0)).is_err());
    }

    #[test]
    fn metrics_take_two_percent_of_an_echo_at_most() {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../counts.json");
        let Record(recorded) = Record::read(&file).expect("there is a record");
        let [echo, counted] = [recorded["echo1"], recorded["metrics"]];
        assert!(counted.instructions <= echo.instructions * 1.02, "{counted:?}, and {echo:?} without");
        assert_eq!(counted.allocations, echo.allocations);
    }

    #[test]
    fn a_delivery_may_have_less_than_one_allocation() {
        let mut record = Record::default();
        record.insert("bc128", costs(2_718.0, 0.11));
        assert_eq!(record.compare("bc128", costs(2_718.0, 0.13)), Ok(()));
        assert!(record.compare("bc128", costs(2_718.0, 0.15)).is_err());
    }
}
