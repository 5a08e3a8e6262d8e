//! Measures the cost of a Socket.IO server: starts servers, puts load on them, reads their CPU time and memory from the kernel,
//! and writes a report. `make bench` runs it; the README beside it says how to read what comes out.

mod capacity;
mod cluster;
mod counts;
mod held;
mod load;
mod measurement;
mod options;
mod page;
mod process;
mod report;
mod runner;
mod series;
mod server;
mod tail;
mod workload;

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use crate::load::{Order, across};
use crate::options::Options;
use crate::runner::Settings;
use crate::server::Program;
use crate::workload::Workload;

const USAGE: &str = "\
usage: bench run --out FOLDER NAME=COMMAND...
           measures every server (the command gets the port as its last argument)
       bench cluster --out FOLDER NAME=COMMAND...
           measures two nodes of every server and a Redis (BROKER is its URL)
       bench tail --out FOLDER NAME=COMMAND...
           measures how long a client waits for its answers beside others
       bench counts --out FOLDER NAME=COMMAND...
           counts instructions, allocations, system calls and page faults of single operations
       bench check --out FOLDER --record FILE [--write yes] NAME=COMMAND
           fails if a server needs more instructions or allocations than recorded
       bench capacity --costs FILE [--into PAGE]
           computes how far a cluster goes, and prints the tables or puts them into a page
       bench held --out FOLDER [--into PAGE] NAME=COMMAND
           has a server hold loads for long, and prints the table or puts it into a page as well
       bench load WORKLOAD --port PORT --pid PID [--clients N] [--warm-up 1] [--duration 4]
           one measurement of a server that runs already, as one line of JSON
       bench across WORKLOAD --a PORT --b PORT --pids A,B,REDIS [--warm-up 1] [--duration 4]
           the same of two nodes";

fn main() -> ExitCode {
    match run(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode, Box<dyn Error>> {
    let Some((command, arguments)) = arguments.split_first() else { return Err(USAGE.into()) };
    match command.as_str() {
        "run" | "cluster" | "tail" => {
            let mut options = Options::parse(arguments)?;
            let out = options.take("out")?.into();
            let settings = Settings::new(out, &options.positional)?;
            options.finish()?;
            match command.as_str() {
                "run" => runner::run(&settings),
                "cluster" => cluster::run(&settings),
                _ => tail::run(&settings),
            }
        }
        "counts" => {
            let mut options = Options::parse(arguments)?;
            let out: PathBuf = options.take("out")?.into();
            options.finish()?;
            counts::run(&out, &programs(&options)?)
        }
        "check" => {
            let mut options = Options::parse(arguments)?;
            let (out, record): (PathBuf, PathBuf) =
                (options.take("out")?.into(), options.take("record")?.into());
            let is_recording = options.take_or("write", "no") == "yes";
            options.finish()?;
            let [program] = &programs(&options)?[..] else { return Err(USAGE.into()) };
            counts::check(&out, program, &record, is_recording)
        }
        "capacity" => {
            let mut options = Options::parse(arguments)?;
            let (costs, into): (PathBuf, String) =
                (options.take("costs")?.into(), options.take_or("into", ""));
            options.finish()?;
            capacity::run(&costs, (!into.is_empty()).then_some(Path::new(&into)))?;
            Ok(ExitCode::SUCCESS)
        }
        "held" => {
            let mut options = Options::parse(arguments)?;
            let (out, into): (PathBuf, String) = (options.take("out")?.into(), options.take_or("into", ""));
            options.finish()?;
            let [program] = &programs(&options)?[..] else { return Err(USAGE.into()) };
            held::run(&out, program, (!into.is_empty()).then_some(Path::new(&into)))
        }
        "load" => {
            let mut options = Options::parse(arguments)?;
            let [workload] = &options.positional.clone()[..] else { return Err(USAGE.into()) };
            let mut workload: Workload = workload.parse()?;
            if let Ok(clients) = options.take("clients") {
                workload.clients = clients.parse()?;
            }
            let order = Order {
                workload,
                port: options.take("port")?.parse()?,
                pid: options.take("pid")?.parse()?,
                warm_up: duration(&mut options, "warm-up", "1")?,
                duration: duration(&mut options, "duration", "4")?,
            };
            options.finish()?;
            println!("{}", serde_json::to_string(&load::measure(&order)?)?);
            Ok(ExitCode::SUCCESS)
        }
        "across" => {
            let mut options = Options::parse(arguments)?;
            let [workload] = &options.positional.clone()[..] else { return Err(USAGE.into()) };
            let pids: Vec<u32> =
                options.take("pids")?.split(',').map(str::parse).collect::<Result<_, _>>()?;
            let order = across::Order {
                workload: workload.parse()?,
                ports: [options.take("a")?.parse()?, options.take("b")?.parse()?],
                pids: pids.try_into().map_err(|_| "--pids are those of both nodes and of the Redis")?,
                warm_up: duration(&mut options, "warm-up", "1")?,
                duration: duration(&mut options, "duration", "4")?,
            };
            options.finish()?;
            println!("{}", serde_json::to_string(&across::measure(&order)?)?);
            Ok(ExitCode::SUCCESS)
        }
        // For this program itself: those beside whom `tail` measures.
        "beside" => {
            let mut options = Options::parse(arguments)?;
            let [name] = &options.positional.clone()[..] else { return Err(USAGE.into()) };
            let port = options.take("port")?.parse()?;
            options.finish()?;
            tail::beside(name.parse()?, port)?;
            Ok(ExitCode::SUCCESS)
        }
        // For this program itself: becomes a program on one core.
        "pinned" => match arguments {
            [core, program, arguments @ ..] => {
                let core = (core != "any").then(|| core.parse()).transpose()?;
                Err(format!("{program}: {}", process::become_pinned(core, program, arguments)).into())
            }
            _ => Err(USAGE.into()),
        },
        _ => Err(USAGE.into()),
    }
}

/// The servers that the command line names.
fn programs(options: &Options) -> Result<Vec<Program>, String> {
    options.positional.iter().map(|text| Program::parse(text)).collect()
}

/// An option in seconds.
fn duration(options: &mut Options, name: &str, default: &str) -> Result<Duration, Box<dyn Error>> {
    Ok(Duration::try_from_secs_f64(options.take_or(name, default).parse()?)?)
}
