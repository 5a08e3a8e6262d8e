//! Counts in place of times: instructions, allocations, system calls and page faults of single operations, which are
//! the same however busy the machine is.

pub(crate) mod clients;
mod record;
mod scenario;
mod tool;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::ExitCode;

use self::record::{Costs, Record};
use self::scenario::Scenario;
use self::tool::{COUNTED, Tool};
use crate::process;
use crate::report::markdown::table;
use crate::report::{machine, number};
use crate::server::Program;

/// How often a count that is too high is made again. A machine that is busy cuts what comes into smaller parts, which costs
/// a server more; a regression costs more each time.
const ATTEMPTS: usize = 3;

/// Counts everything for all servers, and writes it to the folder as `counts.md`.
pub(crate) fn run(out: &Path, programs: &[Program]) -> Result<ExitCode, Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let core = process::last_core()?;
    let mut text = String::from("# What one operation of a Socket.IO server takes\n\n");
    let mut rows = Vec::new();
    for scenario in chosen()? {
        for (position, program) in programs.iter().enumerate() {
            if scenario.is_ours && position > 0 {
                continue;
            }
            let mut row = vec![scenario.name.to_owned(), program.name.clone()];
            for tool in [Tool::Callgrind, Tool::Dhat, Tool::Strace, Tool::Kernel] {
                match tool.count(scenario, program, core, out) {
                    Ok(counts) => row.extend(counts.into_iter().map(number)),
                    // The answers of another server may come in another order than the events, or not at all.
                    Err(error) if position > 0 => {
                        eprintln!("{} {}: {error}", program.name, scenario.name);
                        let columns = COUNTED.iter().filter(|(_, by)| *by == tool);
                        row.extend(columns.map(|_| "–".to_owned()));
                    }
                    Err(error) => return Err(error),
                }
            }
            eprintln!("{}", row.join("  "));
            rows.push(row);
        }
    }
    let head = ["scenario", "server"].into_iter().chain(COUNTED.map(|(name, _)| name));
    rows.insert(0, head.map(str::to_owned).collect());
    text += &table(&rows);
    text += "\nOne operation is\n\n";
    for scenario in chosen()? {
        writeln!(text, "* `{}`: {}", scenario.name, scenario.about)?;
    }
    writeln!(text, "\n{}", machine::describe())?;
    for program in programs {
        let version = machine::version(&program.name).unwrap_or_else(|| "unknown version".to_owned());
        writeln!(text, "* {}: {version}", program.name)?;
    }
    println!("{text}");
    fs::write(out.join("counts.md"), text)?;
    Ok(ExitCode::SUCCESS)
}

/// Holds one server's instructions and allocations against the recorded ones, or records them.
pub(crate) fn check(
    out: &Path,
    program: &Program,
    file: &Path,
    is_recording: bool,
) -> Result<ExitCode, Box<dyn Error>> {
    fs::create_dir_all(out)?;
    let core = process::last_core()?;
    let mut record = if is_recording { Record::default() } else { Record::read(file)? };
    let mut is_right = true;
    for scenario in chosen()? {
        let mut costs = costs(scenario, program, core, out)?;
        let mut verdict = if is_recording { Ok(()) } else { record.compare(scenario.name, costs) };
        for _ in 1..ATTEMPTS {
            if verdict.is_ok() {
                break;
            }
            costs = self::costs(scenario, program, core, out)?;
            verdict = record.compare(scenario.name, costs);
        }
        print!("{:<12}{:>9.0} instructions", scenario.name, costs.instructions);
        if let Some(allocations) = costs.allocations {
            print!("{allocations:>7.2} allocations");
        }
        match verdict {
            Ok(()) => println!("  ok"),
            Err(difference) => {
                is_right = false;
                println!("  FAILED: {difference}");
            }
        }
        if is_recording {
            record.insert(scenario.name, costs);
        }
    }
    if is_recording {
        record.write(file)?;
    }
    Ok(if is_right { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn costs(scenario: &Scenario, program: &Program, core: usize, out: &Path) -> Result<Costs, Box<dyn Error>> {
    let first = |counts: Vec<f64>| counts.first().copied().ok_or("nothing was counted");
    Ok(Costs {
        instructions: first(Tool::Callgrind.count(scenario, program, core, out)?)?,
        allocations: match scenario.is_large() {
            true => None,
            false => Some(first(Tool::Dhat.count(scenario, program, core, out)?)?),
        },
    })
}

/// The scenarios that the environment names in `WORKLOADS`; all if it names none.
fn chosen() -> Result<Vec<&'static Scenario>, String> {
    let names = std::env::var("WORKLOADS").unwrap_or_default();
    if names.trim().is_empty() {
        return Ok(scenario::ALL.iter().collect());
    }
    let find = |name: &str| {
        let found = scenario::ALL.iter().find(|scenario| scenario.name == name);
        let names = scenario::ALL.each_ref().map(|scenario| scenario.name).join(" ");
        found.ok_or_else(|| format!("there is no scenario {name:?}, only {names}"))
    };
    names.split_whitespace().map(find).collect()
}
