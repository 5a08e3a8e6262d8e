//! Medians over the repetitions.

use std::collections::BTreeMap;

use crate::measurement::Measurement;
use crate::runner::{DISTURBED, Settings};
use crate::series::Run;
use crate::workload::Workload;

/// A table: a row for each server, a column for each workload.
#[derive(Debug)]
pub(crate) struct Summary {
    pub(crate) servers: Vec<String>,
    pub(crate) workloads: Vec<Workload>,
    figures: BTreeMap<(usize, usize), Figure>,
}

/// One server under one workload.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Figure {
    /// Median, least and most.
    pub(crate) cost: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) p50_us: f64,
    pub(crate) p99_us: f64,
    pub(crate) per_second: f64,
    /// In user space, in the kernel.
    pub(crate) user_us: f64,
    pub(crate) system_us: f64,
    pub(crate) us_per_heartbeat: Option<f64>,
    /// How many repetitions it is made of, and whether others used the machine in them.
    pub(crate) runs: usize,
    pub(crate) is_disturbed: bool,
    /// Of all repetitions together.
    pub(crate) errors: BTreeMap<String, u64>,
    pub(crate) lost: u64,
    pub(crate) out_of_order: u64,
}

impl Figure {
    fn new(measurements: &[&Measurement]) -> Self {
        let quiet: Vec<_> =
            measurements.iter().copied().filter(|measurement| measurement.other_cores <= DISTURBED).collect();
        let is_disturbed = quiet.is_empty();
        let counted = if is_disturbed { measurements.to_vec() } else { quiet };
        let all =
            |figure: fn(&Measurement) -> f64| counted.iter().map(|one| figure(one)).collect::<Vec<f64>>();
        let costs = all(Measurement::cost);
        let mut errors = BTreeMap::new();
        for (error, count) in measurements.iter().flat_map(|one| &one.faults.errors) {
            *errors.entry(error.clone()).or_default() += count;
        }
        Self {
            least: costs.iter().copied().fold(f64::INFINITY, f64::min),
            most: costs.iter().copied().fold(0.0, f64::max),
            cost: median(costs),
            p50_us: median(all(|one| one.p50_us)),
            p99_us: median(all(|one| one.p99_us)),
            per_second: median(all(|one| one.operations as f64 / one.seconds)),
            user_us: median(all(|one| one.user_us)),
            system_us: median(all(|one| one.system_us)),
            us_per_heartbeat: counted[0]
                .idle
                .map(|_| median(all(|one| one.idle.map_or(0.0, |idle| idle.us_per_heartbeat)))),
            runs: counted.len(),
            is_disturbed,
            errors,
            lost: measurements.iter().map(|one| one.faults.lost).sum(),
            out_of_order: measurements.iter().map(|one| one.faults.out_of_order).sum(),
        }
    }

    /// Whether nothing was lost, doubled or out of order.
    pub(crate) fn is_valid(&self) -> bool {
        self.errors.is_empty() && self.lost == 0 && self.out_of_order == 0
    }
}

impl Summary {
    pub(crate) fn new(settings: &Settings, workloads: &[Workload], runs: &[Run<Measurement>]) -> Self {
        let servers: Vec<String> = settings.programs.iter().map(|program| program.name.clone()).collect();
        let mut figures = BTreeMap::new();
        for (row, server) in servers.iter().enumerate() {
            for (column, workload) in workloads.iter().enumerate() {
                let of = runs.iter().filter(|run| run.server == *server && run.workload == workload.name);
                let measurements: Vec<_> = of.map(|run| &run.measurement).collect();
                if !measurements.is_empty() {
                    figures.insert((row, column), Figure::new(&measurements));
                }
            }
        }
        Self { servers, workloads: workloads.to_vec(), figures }
    }

    pub(crate) fn figure(&self, server: usize, workload: usize) -> Option<&Figure> {
        self.figures.get(&(server, workload))
    }

    /// The cost of a server, as a share of another's cost.
    pub(crate) fn ratio(&self, server: usize, other: usize, workload: usize) -> Option<f64> {
        Some(self.figure(server, workload)?.cost / self.figure(other, workload)?.cost)
    }
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        even if even % 2 == 0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measurement::Faults;

    fn measurement(cpu_us: f64, other_cores: f64) -> Measurement {
        Measurement { operations: 10, seconds: 2.0, cpu_us, other_cores, ..Measurement::default() }
    }

    #[test]
    fn a_disturbed_repetition_is_left_out() {
        let runs = [measurement(1.0, 0.0), measurement(9.0, 0.5), measurement(2.0, 0.0)];
        let figure = Figure::new(&runs.iter().collect::<Vec<_>>());
        assert_eq!((figure.cost, figure.least, figure.most, figure.runs), (1.5, 1.0, 2.0, 2));
        assert!(!figure.is_disturbed && figure.is_valid());
        let figure = Figure::new(&[&runs[1]]);
        assert!(figure.is_disturbed);
        assert_eq!((figure.cost, figure.per_second), (9.0, 5.0));
    }

    #[test]
    fn faults_count_in_disturbed_repetitions_too() {
        let faults = Faults { out_of_order: 3, ..Faults::default() };
        let runs = [measurement(1.0, 0.0), Measurement { faults, ..measurement(1.0, 0.5) }];
        let figure = Figure::new(&runs.iter().collect::<Vec<_>>());
        assert!(!figure.is_valid());
        assert_eq!(figure.out_of_order, 3);
    }

    #[test]
    fn medians() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5);
    }
}
