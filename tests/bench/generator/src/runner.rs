//! The measurements of a single server. Every measurement has a server of its own.

use std::env;
use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::measurement::{Figures, Measurement};
use crate::process;
use crate::report;
use crate::series;
use crate::server::{Program, pinned};
use crate::workload::Workload;

/// If others use more than this much of a core, a measurement is disturbed.
pub(crate) const DISTURBED: f64 = 0.1;
/// For so long, all in all, measurements wait for a machine on which nothing else runs, or are done again because they
/// were disturbed. A machine that is never quiet shall still come to an end.
const PATIENCE: Duration = Duration::from_secs(90);
/// For so long the machine is watched.
const WATCH: Duration = Duration::from_millis(400);

/// The measurements to make, and how.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) out: PathBuf,
    /// The first is the one that the others are compared with.
    pub(crate) programs: Vec<Program>,
    pub(crate) repetitions: usize,
    pub(crate) duration: Duration,
    pub(crate) warm_up: Duration,
    /// Heartbeats of the idle clients.
    ping_interval: Duration,
    pub(crate) core: usize,
    pub(crate) is_quick: bool,
}

impl Settings {
    /// From the environment.
    pub(crate) fn new(out: PathBuf, programs: &[String]) -> Result<Self, Box<dyn Error>> {
        let programs: Vec<_> = programs.iter().map(|text| Program::parse(text)).collect::<Result<_, _>>()?;
        if programs.is_empty() {
            return Err("no server to measure".into());
        }
        let is_quick = is_quick();
        let choose = |full, quick| if is_quick { quick } else { full };
        Ok(Self {
            out,
            programs,
            repetitions: variable("REPS", choose(3.0, 1.0))?.max(1.0) as usize,
            duration: Duration::try_from_secs_f64(variable("DURATION", choose(4.0, 1.0))?)?,
            warm_up: Duration::from_secs_f64(choose(1.0, 0.3)),
            ping_interval: Duration::from_secs_f64(choose(5.0, 2.0)),
            core: match env::var("CORE") {
                Ok(core) if !core.is_empty() => {
                    core.parse().map_err(|_| format!("CORE={core} is no core"))?
                }
                _ => process::last_core()?,
            },
            is_quick,
        })
    }

    /// The programs in the order of a repetition: none always comes first.
    pub(crate) fn in_turn(&self, repetition: usize) -> impl Iterator<Item = &Program> {
        let count = self.programs.len();
        (0..count).map(move |turn| &self.programs[(turn + repetition) % count])
    }

    pub(crate) fn patience(&self) -> Patience {
        Patience(if self.is_quick { Duration::ZERO } else { PATIENCE })
    }

    /// The measurements that every server goes through.
    fn workloads(&self) -> Result<Vec<Workload>, String> {
        let mut workloads = chosen()?.unwrap_or_else(Workload::all);
        if self.is_quick {
            let idle = workloads.iter_mut().find(|workload| workload.name == "idle");
            idle.into_iter().for_each(|idle| idle.clients = 2000);
        }
        Ok(workloads)
    }
}

/// Returns true if a run only has to show that it works.
pub(crate) fn is_quick() -> bool {
    env::var("QUICK").is_ok_and(|quick| !quick.is_empty() && quick != "0")
}

/// The workloads that the environment names; `None` if it names none.
pub(crate) fn chosen<W: FromStr<Err = String>>() -> Result<Option<Vec<W>>, String> {
    match env::var("WORKLOADS") {
        Ok(names) if !names.trim().is_empty() => {
            names.split_whitespace().map(str::parse).collect::<Result<_, _>>().map(Some)
        }
        _ => Ok(None),
    }
}

/// A number from the environment.
fn variable(name: &str, default: f64) -> Result<f64, String> {
    match env::var(name) {
        Ok(text) if !text.is_empty() => {
            f64::from_str(&text).map_err(|_| format!("{name}={text} is no number"))
        }
        _ => Ok(default),
    }
}

/// Measures everything and writes the report. Fails if a figure of the first server does not count.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    let workloads = settings.workloads()?;
    let runs = series::run(settings, &workloads, "runs.jsonl", |workload, program| {
        measure(settings, workload, program)
    })?;
    let paths = report::write(settings, &workloads, &runs)?;
    paths.iter().for_each(|path| eprintln!("wrote {}", path.display()));
    Ok(series::verdict(settings, &runs))
}

impl series::Workload for Workload {
    type Figures = Measurement;

    fn name(&self) -> &str {
        &self.name
    }

    fn describe(&self, measurement: &Measurement) -> String {
        format!("{:>9} {}", report::number(measurement.cost()), self.unit())
    }
}

/// The time that is left to wait for a quiet machine.
#[derive(Debug)]
pub(crate) struct Patience(Duration);

impl Patience {
    /// Measures on a machine on which nothing else runs, as far as there is patience.
    pub(crate) fn measure<F: Figures>(
        &mut self,
        measure: impl Fn() -> Result<F, Box<dyn Error>>,
    ) -> Result<F, Box<dyn Error>> {
        loop {
            self.wait_for_quiet()?;
            let begin = Instant::now();
            let measurement = measure()?;
            if measurement.other_cores() <= DISTURBED || self.0.is_zero() {
                return Ok(measurement);
            }
            self.0 = self.0.saturating_sub(begin.elapsed());
        }
    }

    /// Waits until nothing uses the machine.
    fn wait_for_quiet(&mut self) -> io::Result<()> {
        while !self.0.is_zero() {
            let (begin, before) = (Instant::now(), process::machine_busy()?);
            sleep(WATCH);
            let busy = (process::machine_busy()? - before) / begin.elapsed().as_secs_f64();
            if busy <= DISTURBED {
                break;
            }
            self.0 = self.0.saturating_sub(begin.elapsed());
        }
        Ok(())
    }
}

fn measure(
    settings: &Settings,
    workload: &Workload,
    program: &Program,
) -> Result<Measurement, Box<dyn Error>> {
    let log = settings.out.join(format!("{}.log", program.name));
    let ping_interval = workload.is_memory().then_some(settings.ping_interval);
    let environment = ping_interval.map(|interval| ("PING_INTERVAL_MS", interval.as_millis().to_string()));
    let server = program.start(Some(settings.core), environment.as_slice(), &log)?;
    let output = pinned(Some(settings.core))?
        .arg(env::current_exe()?)
        .args(["load", &workload.name])
        .args(["--clients", &workload.clients.to_string()])
        .args(["--port", &server.port.to_string()])
        .args(["--pid", &server.pid().to_string()])
        .args(["--warm-up", &settings.warm_up.as_secs_f64().to_string()])
        .args(["--duration", &settings.duration.as_secs_f64().to_string()])
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{} {}: {}{}", program.name, workload.name, message, said(&log)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// The last lines of a log.
pub(crate) fn said(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}
