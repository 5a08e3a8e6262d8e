//! The report of a cluster's measurements, as Markdown.

use std::fmt::Write as _;

use super::measurement::Measurement;
use super::workload::{Pace, Workload};
use crate::measurement::Figures as _;
use crate::report::markdown::{FAULTY, NOISY, table};
use crate::report::summary::median;
use crate::report::{machine, number};
use crate::runner::{DISTURBED, Settings};
use crate::series::Run;

/// A figure: its name, and how it is taken from a measurement.
type Figure = (&'static str, fn(&Measurement) -> f64);

/// CPU times.
const COSTS: [Figure; 3] = [
    ("A, µs", |measurement| measurement.a_us),
    ("B, µs", |measurement| measurement.b_us),
    ("Redis, µs", |measurement| measurement.broker_us),
];
const PER_SECOND: Figure =
    ("broadcasts per second", |measurement| measurement.broadcasts as f64 / measurement.seconds);
const LATENCIES: [Figure; 2] = [
    ("p50 from A to B, µs", |measurement| measurement.p50_us),
    ("p99 from A to B, µs", |measurement| measurement.p99_us),
];

/// One server under one workload.
struct Cell<'a> {
    /// Without disturbed repetitions, if there are others.
    counted: Vec<&'a Measurement>,
    all: Vec<&'a Measurement>,
}

impl<'a> Cell<'a> {
    fn new(runs: &'a [Run<Measurement>], server: &str, workload: &Workload) -> Self {
        let of = runs.iter().filter(|run| run.server == server && run.workload == workload.name);
        let all: Vec<_> = of.map(|run| &run.measurement).collect();
        let quiet: Vec<_> = all.iter().copied().filter(|one| one.other_cores <= DISTURBED).collect();
        Self { counted: if quiet.is_empty() { all.clone() } else { quiet }, all }
    }

    fn median(&self, figure: fn(&Measurement) -> f64) -> f64 {
        median(self.counted.iter().map(|one| figure(one)).collect())
    }

    fn is_valid(&self) -> bool {
        self.all.iter().all(|one| one.is_valid())
    }

    fn is_disturbed(&self) -> bool {
        self.counted.iter().any(|one| one.other_cores > DISTURBED)
    }
}

/// Writes all of it.
pub(crate) fn render(settings: &Settings, workloads: &[Workload], runs: &[Run<Measurement>]) -> String {
    let servers: Vec<&str> = settings.programs.iter().map(|program| program.name.as_str()).collect();
    let mut text = String::from("# What a cluster of Socket.IO servers costs\n\n");
    let _ = write!(
        text,
        "Two nodes and a Redis. A client of node A publishes 128 bytes of text to a room. CPU time per broadcast in\n\
         microseconds, user and system, all threads. {} of {} s; nodes, Redis and load generator share one core.\n\n",
        match settings.repetitions {
            1 => "One run".to_owned(),
            several => format!("Medians of {several} interleaved runs"),
        },
        settings.duration.as_secs_f64(),
    );
    let mut rows = vec![head(&servers)];
    let (mut faults, mut is_noisy) = (String::new(), false);
    for workload in workloads {
        let cells: Vec<_> = servers.iter().map(|server| Cell::new(runs, server, workload)).collect();
        is_noisy |= cells.iter().any(Cell::is_disturbed);
        rows.extend(figures(workload).into_iter().map(|figure| row(workload, figure, &cells)));
        for (server, cell) in servers.iter().zip(&cells).filter(|(_, cell)| !cell.is_valid()) {
            let _ = writeln!(faults, "* {server}, {}: {}", workload.name, describe(cell));
        }
    }
    text += &table(&rows);
    if !faults.is_empty() {
        let _ = write!(
            text,
            "\n{FAULTY} Does not count: events were lost, failed or came in another order.\n\n{faults}"
        );
    }
    if is_noisy {
        let _ = writeln!(text, "\n{NOISY} Other programs used the machine in every run of it: noise.");
    }
    text += "\n## Workloads\n\n";
    for workload in workloads {
        let _ = writeln!(text, "* `{}`: {}", workload.name, workload.about);
    }
    let _ = writeln!(text, "\n## Machine\n\n{}; pinned to core {}\n", machine::describe(), settings.core);
    for server in servers {
        let version = machine::version(server).unwrap_or_else(|| "unknown version".to_owned());
        let _ = writeln!(text, "* {server}: {version}");
    }
    text
}

/// The figures that a workload is there for.
fn figures(workload: &Workload) -> Vec<Figure> {
    match (workload.name, workload.pace) {
        ("latency", _) => LATENCIES.to_vec(),
        (_, Pace::Window(_)) => COSTS.into_iter().chain([PER_SECOND]).collect(),
        _ => COSTS.to_vec(),
    }
}

fn head(servers: &[&str]) -> Vec<String> {
    let ratios = servers.iter().skip(1).map(|other| format!("{} / {other}", servers[0]));
    ["workload", ""].iter().chain(servers).map(|text| (*text).to_owned()).chain(ratios).collect()
}

fn row(workload: &Workload, (name, figure): Figure, cells: &[Cell<'_>]) -> Vec<String> {
    let medians: Vec<f64> = cells.iter().map(|cell| cell.median(figure)).collect();
    let shown = medians.iter().zip(cells).map(|(median, cell)| {
        let faulty = if cell.is_valid() { "" } else { FAULTY };
        let noisy = if cell.is_disturbed() { NOISY } else { "" };
        format!("{}{faulty}{noisy}", number(*median))
    });
    let ratios = medians.iter().skip(1).map(|other| format!("{:.2}", medians[0] / other));
    [format!("`{}`", workload.name), name.to_owned()].into_iter().chain(shown).chain(ratios).collect()
}

fn describe(cell: &Cell<'_>) -> String {
    let sum = |count: fn(&Measurement) -> u64| cell.all.iter().map(|one| count(one)).sum::<u64>();
    let counts = [("lost", sum(|one| one.faults.lost)), ("out of order", sum(|one| one.faults.out_of_order))];
    let counts = counts.iter().filter(|(_, count)| *count > 0);
    let counts = counts.map(|(what, count)| format!("{} {what}", number(*count as f64)));
    let of = format!("of {} broadcasts", number(sum(|one| one.broadcasts) as f64));
    let errors = cell.all.iter().flat_map(|one| &one.faults.errors);
    let errors = errors.map(|(error, count)| format!("{error}: {count}"));
    counts.chain(errors).chain([of]).collect::<Vec<_>>().join(", ")
}
