//! Two nodes and a Redis: repetitions outside, servers inside, as with a single server. Every measurement has nodes and
//! a Redis of its own.

pub(crate) mod measurement;
mod report;
pub(crate) mod workload;

use std::env;
use std::error::Error;
use std::fs;
use std::process::ExitCode;

use self::measurement::Measurement;
use self::workload::Workload;
use crate::report::number;
use crate::runner::{Settings, chosen, said};
use crate::series;
use crate::server::{Program, pinned};

/// Measures everything and writes the report. Fails if a figure of the first server does not count.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    let workloads = chosen()?.unwrap_or_else(Workload::all);
    let runs = series::run(settings, &workloads, "cluster-runs.jsonl", |workload, program| {
        measure(settings, workload, program)
    })?;
    let path = settings.out.join("cluster.md");
    let report = report::render(settings, &workloads, &runs);
    println!("{report}");
    fs::write(&path, report)?;
    eprintln!("wrote {}", path.display());
    Ok(series::verdict(settings, &runs))
}

impl series::Workload for Workload {
    type Figures = Measurement;

    fn name(&self) -> &str {
        self.name
    }

    fn describe(&self, measurement: &Measurement) -> String {
        format!(
            "A {:>5}  B {:>5}  Redis {:>5} µs",
            number(measurement.a_us),
            number(measurement.b_us),
            number(measurement.broker_us)
        )
    }
}

fn measure(
    settings: &Settings,
    workload: &Workload,
    program: &Program,
) -> Result<Measurement, Box<dyn Error>> {
    let log = |which: &str| settings.out.join(format!("{}-{which}.log", program.name));
    let redis = redis().start(Some(settings.core), &[], &log("redis"))?;
    let broker = [("BROKER", format!("redis://127.0.0.1:{}", redis.port))];
    let a = program.start(Some(settings.core), &broker, &log("a"))?;
    let b = program.start(Some(settings.core), &broker, &log("b"))?;
    let pids = [a.pid(), b.pid(), redis.pid()].map(|pid| pid.to_string()).join(",");
    let output = pinned(Some(settings.core))?
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
