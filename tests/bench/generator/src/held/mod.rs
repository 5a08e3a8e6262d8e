//! Loads that one server holds for long, with the clients on the same machine: `bench held`. Unlike other measurements,
//! these leave the server all cores, and the clients too.

mod table;

use std::env;
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::measurement::{Figures as _, Measurement};
use crate::page;
use crate::process;
use crate::report::machine;
use crate::runner::{is_quick, said};
use crate::server::{Program, pinned};
use crate::workload::Workload;

/// Open files that a process needs beside its connections.
const OTHER_FILES: usize = 64;
/// Before it counts.
const WARM_UP: Duration = Duration::from_secs(5);
/// For a run that only has to show that it works.
const QUICK: Duration = Duration::from_secs(5);

/// A load with what came out.
pub(super) struct Held {
    pub(super) workload: Workload,
    pub(super) found: Measurement,
}

/// Measures all loads, prints the table and puts it into a page. Fails if something was lost or wrong.
pub(crate) fn run(out: &Path, program: &Program, into: Option<&Path>) -> Result<ExitCode, Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let most = process::open_files()?.saturating_sub(OTHER_FILES);
    let mut all = Vec::new();
    for (mut workload, duration) in Workload::held() {
        workload.clients = workload.clients.min(most);
        let duration = if is_quick() { QUICK } else { duration };
        eprint!("{} for {} s: ", workload.about(), duration.as_secs());
        let found = measure(out, &workload, duration, program)?;
        let verdict = if found.is_valid() { "held".to_owned() } else { format!("{:?}", found.faults()) };
        eprintln!("{verdict}");
        all.push(Held { workload, found });
    }
    let of = format!("{}, {}", machine::describe(), machine::version(&program.name).unwrap_or_default());
    let table = table::table(&of, &all);
    println!("{table}");
    if let Some(page) = into {
        page::put(page, "held", &table)?;
    }
    let is_valid = all.iter().all(|held| held.found.is_valid());
    Ok(if is_valid { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn measure(
    out: &Path,
    workload: &Workload,
    duration: Duration,
    program: &Program,
) -> Result<Measurement, Box<dyn Error>> {
    let log = out.join(format!("{}.log", program.name));
    let server = program.start(None, &[], &log)?;
    let output = pinned(None)?
        .arg(env::current_exe()?)
        .args(["load", &workload.name])
        .args(["--clients", &workload.clients.to_string()])
        .args(["--port", &server.port.to_string()])
        .args(["--pid", &server.pid().to_string()])
        .args(["--warm-up", &WARM_UP.as_secs_f64().to_string()])
        .args(["--duration", &duration.as_secs_f64().to_string()])
        .output()?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{}: {message}{}", workload.name, said(&log)).into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}
