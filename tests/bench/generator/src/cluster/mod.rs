//! Two nodes and a Redis: repetitions outside, servers inside, as with a single server. Every measurement has nodes and
//! a Redis of its own.

pub(crate) mod measurement;
mod report;
pub(crate) mod workload;

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::Instant;

use serde::Serialize;

use self::measurement::Measurement;
use self::workload::Workload;
use crate::report::number;
use crate::runner::{DISTURBED, Settings, chosen, said};
use crate::server::{Program, pinned};

/// A measurement, and what of.
#[derive(Debug, Serialize)]
pub(crate) struct Run {
    pub(crate) server: String,
    pub(crate) workload: &'static str,
    pub(crate) repetition: usize,
    #[serde(flatten)]
    pub(crate) measurement: Measurement,
}

/// Measures everything and writes the report. Fails if a figure of the first server does not count.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    let workloads = chosen()?.unwrap_or_else(Workload::all);
    fs::create_dir_all(&settings.out)?;
    let mut raw = File::create(settings.out.join("cluster-runs.jsonl"))?;
    let mut runs = Vec::new();
    let total = settings.repetitions * workloads.len() * settings.programs.len();
    let (begin, mut patience) = (Instant::now(), settings.patience());
    for repetition in 0..settings.repetitions {
        for workload in &workloads {
            for program in settings.in_turn(repetition) {
                eprint!("[{:>3}/{total}] {:<10} {:<18} ", runs.len() + 1, workload.name, program.name);
                let measurement = patience.measure(
                    || measure(settings, workload, program),
                    |measurement| measurement.other_cores,
                )?;
                eprintln!("{}", describe(&measurement));
                let run =
                    Run { server: program.name.clone(), workload: workload.name, repetition, measurement };
                writeln!(raw, "{}", serde_json::to_string(&run)?)?;
                runs.push(run);
            }
        }
    }
    eprintln!("measured in {} s", begin.elapsed().as_secs());
    let path = settings.out.join("cluster.md");
    let report = report::render(settings, &workloads, &runs);
    println!("{report}");
    fs::write(&path, report)?;
    eprintln!("wrote {}", path.display());

    let own = &settings.programs[0].name;
    let mut bad = runs.iter().filter(|run| run.server == *own && !run.measurement.is_valid()).peekable();
    if bad.peek().is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    bad.for_each(|run| eprintln!("{own} {}: {:?}", run.workload, run.measurement.faults));
    Ok(ExitCode::FAILURE)
}

fn describe(measurement: &Measurement) -> String {
    let mut text = format!(
        "A {:>5}  B {:>5}  Redis {:>5} µs",
        number(measurement.a_us),
        number(measurement.b_us),
        number(measurement.broker_us)
    );
    if measurement.other_cores > DISTURBED {
        text += &format!(", disturbed: others used {:.2} cores", measurement.other_cores);
    }
    if !measurement.is_valid() {
        text += &format!(", {:?}", measurement.faults);
    }
    text
}

fn measure(
    settings: &Settings,
    workload: &Workload,
    program: &Program,
) -> Result<Measurement, Box<dyn Error>> {
    let log = |which: &str| settings.out.join(format!("{}-{which}.log", program.name));
    let redis = redis().start(settings.core, &[], &log("redis"))?;
    let broker = [("BROKER", format!("redis://127.0.0.1:{}", redis.port))];
    let a = program.start(settings.core, &broker, &log("a"))?;
    let b = program.start(settings.core, &broker, &log("b"))?;
    let pids = [a.pid(), b.pid(), redis.pid()].map(|pid| pid.to_string()).join(",");
    let output = pinned(settings.core)?
        .arg(env::current_exe()?)
        .args(["across", workload.name])
        .args(["--a", &a.port.to_string()])
        .args(["--b", &b.port.to_string()])
        .args(["--pids", &pids])
        .args(["--warm-up", &settings.warm_up.as_secs_f64().to_string()])
        .args(["--duration", &settings.duration.as_secs_f64().to_string()])
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        let logs = said(&log("a")) + &said(&log("b"));
        return Err(format!("{} {}: {message}{logs}", program.name, workload.name).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A Redis that keeps nothing, on the loopback network only.
fn redis() -> Program {
    let path = env::var("REDIS").ok().filter(|path| !path.is_empty());
    let options = ["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port"];
    let command = std::iter::once(path.unwrap_or_else(|| "redis-server".to_owned()));
    Program { name: "redis-server".to_owned(), command: command.chain(options.map(str::to_owned)).collect() }
}
