//! A series of measurements: repetitions outside, servers inside, so that whatever the machine does hits all servers
//! alike.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use crate::measurement::Figures;
use crate::runner::{DISTURBED, Settings};
use crate::server::Program;

/// The measurements that every server goes through.
pub(crate) trait Workload {
    type Figures: Figures;

    fn name(&self) -> &str;

    /// The figures for those who look on.
    fn describe(&self, figures: &Self::Figures) -> String;
}

/// A measurement, and what of.
#[derive(Debug, Serialize)]
pub(crate) struct Run<F> {
    pub(crate) server: String,
    pub(crate) workload: String,
    pub(crate) repetition: usize,
    #[serde(flatten)]
    pub(crate) measurement: F,
}

/// Measures everything; each measurement is also a line of this file.
pub(crate) fn run<W: Workload>(
    settings: &Settings,
    workloads: &[W],
    file: &str,
    measure: impl Fn(&W, &Program) -> Result<W::Figures, Box<dyn Error>>,
) -> Result<Vec<Run<W::Figures>>, Box<dyn Error>> {
    fs::create_dir_all(&settings.out)?;
    let mut raw = File::create(settings.out.join(file))?;
    let mut runs = Vec::new();
    let total = settings.repetitions * workloads.len() * settings.programs.len();
    let (begin, mut patience) = (Instant::now(), settings.patience());
    for repetition in 0..settings.repetitions {
        for workload in workloads {
            for program in settings.in_turn(repetition) {
                let (name, server) = (workload.name().to_owned(), program.name.clone());
                eprint!("[{:>3}/{total}] {name:<10} {server:<18} ", runs.len() + 1);
                let measurement = patience.measure(|| measure(workload, program))?;
                eprintln!("{}{}", workload.describe(&measurement), reservations(&measurement));
                let run = Run { server, workload: name, repetition, measurement };
                writeln!(raw, "{}", serde_json::to_string(&run)?)?;
                runs.push(run);
            }
        }
    }
    eprintln!("measured in {} s", begin.elapsed().as_secs());
    Ok(runs)
}

/// Fails if a figure of the first server does not count.
pub(crate) fn verdict<F: Figures>(settings: &Settings, runs: &[Run<F>]) -> ExitCode {
    let own = &settings.programs[0].name;
    let mut verdict = ExitCode::SUCCESS;
    for run in runs.iter().filter(|run| run.server == *own && !run.measurement.is_valid()) {
        eprintln!("{own} {}: {:?}", run.workload, run.measurement.faults());
        verdict = ExitCode::FAILURE;
    }
    verdict
}

/// Why figures are worth less, or nothing.
fn reservations(figures: &impl Figures) -> String {
    let mut text = String::new();
    if figures.other_cores() > DISTURBED {
        text += &format!(", disturbed: others used {:.2} cores", figures.other_cores());
    }
    if !figures.is_valid() {
        text += &format!(", {:?}", figures.faults());
    }
    text
}
