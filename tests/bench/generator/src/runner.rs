//! All measurements, one after the other: repetitions outside, servers inside, so that whatever the machine does
//! hits all servers alike. Every measurement has a server of its own.

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::measurement::Measurement;
use crate::process;
use crate::report;
use crate::server::{Program, pinned};
use crate::workload::Workload;

/// If others use more than this much of a core, a measurement is disturbed.
pub(crate) const DISTURBED: f64 = 0.1;
/// For so long, all in all, measurements wait for a machine on which nothing else runs, or are done again because they
/// were disturbed. A machine that is never quiet shall still come to an end.
const PATIENCE: Duration = Duration::from_secs(90);
/// For so long the machine is watched.
const WATCH: Duration = Duration::from_millis(400);

/// What to measure, and how.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) out: PathBuf,
    /// The first is the one that the others are compared with.
    pub(crate) programs: Vec<Program>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) repetitions: usize,
    pub(crate) duration: Duration,
    warm_up: Duration,
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
        let is_quick = env::var("QUICK").is_ok_and(|quick| !quick.is_empty() && quick != "0");
        let choose = |full, quick| if is_quick { quick } else { full };
        let mut workloads = match env::var("WORKLOADS") {
            Ok(names) if !names.trim().is_empty() => {
                names.split_whitespace().map(str::parse).collect::<Result<_, _>>()?
            }
            _ => Workload::all(),
        };
        if is_quick {
            let idle = workloads.iter_mut().find(|workload| workload.name == "idle");
            idle.into_iter().for_each(|idle| idle.clients = 2000);
        }
        Ok(Self {
            out,
            programs,
            workloads,
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

/// A measurement, and what of.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) server: String,
    pub(crate) workload: String,
    pub(crate) repetition: usize,
    #[serde(flatten)]
    pub(crate) measurement: Measurement,
}

/// Measures everything and writes the report. Fails if a figure of the first server does not count.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    fs::create_dir_all(&settings.out)?;
    let mut raw = File::create(settings.out.join("runs.jsonl"))?;
    let mut runs = Vec::new();
    let total = settings.repetitions * settings.workloads.len() * settings.programs.len();
    let begin = Instant::now();
    let mut patience = if settings.is_quick { Duration::ZERO } else { PATIENCE };
    for repetition in 0..settings.repetitions {
        for workload in &settings.workloads {
            for turn in 0..settings.programs.len() {
                // Nobody always comes first.
                let program = &settings.programs[(turn + repetition) % settings.programs.len()];
                eprint!("[{:>3}/{total}] {:<8} {:<14} ", runs.len() + 1, workload.name, program.name);
                let measurement = measure_undisturbed(settings, workload, program, &mut patience)?;
                eprintln!("{}", describe(workload, &measurement));
                let run = Run {
                    server: program.name.clone(),
                    workload: workload.name.clone(),
                    repetition,
                    measurement,
                };
                writeln!(raw, "{}", serde_json::to_string(&run)?)?;
                runs.push(run);
            }
        }
    }
    eprintln!("measured in {} s", begin.elapsed().as_secs());
    let paths = report::write(settings, &runs)?;
    paths.iter().for_each(|path| eprintln!("wrote {}", path.display()));

    let own = &settings.programs[0].name;
    let mut bad = runs.iter().filter(|run| run.server == *own && !run.measurement.is_valid()).peekable();
    if bad.peek().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    bad.for_each(|run| eprintln!("{own} {}: {:?}", run.workload, run.measurement.faults));
    Ok(ExitCode::FAILURE)
}

fn describe(workload: &Workload, measurement: &Measurement) -> String {
    let mut text = format!("{:>9} {}", report::number(measurement.cost()), workload.unit());
    if measurement.other_cores > DISTURBED {
        text += &format!(", disturbed: others used {:.2} cores", measurement.other_cores);
    }
    if !measurement.is_valid() {
        text += &format!(", {:?}", measurement.faults);
    }
    text
}

fn measure_undisturbed(
    settings: &Settings,
    workload: &Workload,
    program: &Program,
    patience: &mut Duration,
) -> Result<Measurement, Box<dyn Error>> {
    loop {
        wait_for_quiet(patience)?;
        let begin = Instant::now();
        let measurement = measure(settings, workload, program)?;
        if measurement.other_cores <= DISTURBED || patience.is_zero() {
            return Ok(measurement);
        }
        *patience = patience.saturating_sub(begin.elapsed());
    }
}

fn measure(
    settings: &Settings,
    workload: &Workload,
    program: &Program,
) -> Result<Measurement, Box<dyn Error>> {
    let log = settings.out.join(format!("{}.log", program.name));
    let ping_interval = workload.is_memory().then_some(settings.ping_interval);
    let server = program.start(settings.core, ping_interval, &log)?;
    let output = pinned(settings.core)?
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
fn said(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(5)..].join("\n")
}

/// Waits until nothing uses the machine, as long as there is patience.
fn wait_for_quiet(patience: &mut Duration) -> io::Result<()> {
    while !patience.is_zero() {
        let (begin, before) = (Instant::now(), process::machine_busy()?);
        sleep(WATCH);
        let busy = (process::machine_busy()? - before) / begin.elapsed().as_secs_f64();
        if busy <= DISTURBED {
            break;
        }
        *patience = patience.saturating_sub(begin.elapsed());
    }
    Ok(())
}
