//! The time that an innocent client waits for its answers while others make broadcasts, come and go, or flood.

pub(crate) mod beside;

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::{self, BufRead as _, BufReader};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use self::beside::Beside;
use crate::counts::clients::{Parser, Socket};
use crate::load::frame;
use crate::process;
use crate::report::markdown::table;
use crate::report::{machine, number};
use crate::runner::Settings;
use crate::server::Program;

/// Between two questions of the innocent client.
const PAUSE: Duration = Duration::from_millis(2);

/// Numbers of worker threads of a server.
const WORKERS: [usize; 2] = [1, 2];

/// Less than others do, more than a client that only listens.
const NICE: &str = "10";

/// A situation, and those who make it.
struct Scenario {
    name: &'static str,
    beside: &'static [&'static str],
}

const SCENARIOS: [Scenario; 9] = [
    Scenario { name: "nobody else", beside: &[] },
    Scenario { name: "100 broadcasts a second to 1,000", beside: &["room1000"] },
    Scenario { name: "the same, while members come and go", beside: &["room1000", "coming"] },
    Scenario { name: "10 broadcasts a second to 10,000", beside: &["room10000"] },
    Scenario { name: "the same, while members come and go", beside: &["room10000", "coming"] },
    Scenario { name: "a flood of events", beside: &["events"] },
    Scenario { name: "a flood of polls", beside: &["polls"] },
    Scenario { name: "a flood of connections", beside: &["connects"] },
    Scenario { name: "a flood of 900 kB events", beside: &["large"] },
];

/// Answers that the innocent client has waited for, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Waits {
    p50: f64,
    p99: f64,
    most: f64,
}

/// Measures all situations beside all servers, and writes them to the folder as `tail.md`.
pub(crate) fn run(settings: &Settings) -> Result<ExitCode, Box<dyn Error>> {
    fs::create_dir_all(&settings.out)?;
    let mut text = String::from(
        "# Beside others\n\nMicroseconds that a client waits for the answer to an event of 128 bytes, while others keep the server busy: the \
         median, the 99th percentile and the longest time. It asks every two milliseconds, one event at a time, and has \
         nothing to do with the others. Less is better.\n",
    );
    for workers in WORKERS {
        let threads = if workers == 1 { "One worker thread" } else { "Two worker threads" };
        writeln!(text, "\n## {threads}\n")?;
        let mut rows = vec![head(settings)];
        for scenario in &SCENARIOS {
            let mut row = vec![scenario.name.to_owned()];
            for program in &settings.programs {
                match measure(settings, program, workers, scenario) {
                    Ok(Waits { p50, p99, most }) => row.extend([p50, p99, most].map(number)),
                    Err(error) => {
                        eprintln!("{} {}: {error}", program.name, scenario.name);
                        row.extend(["–"; 3].map(str::to_owned));
                    }
                }
            }
            eprintln!("{}", row.join("  "));
            rows.push(row);
        }
        text += &table(&rows);
    }
    text += ABOUT;
    writeln!(text, "\n{}, {} seconds each", machine::describe(), settings.duration.as_secs_f64())?;
    for program in &settings.programs {
        let version = machine::version(&program.name).unwrap_or_else(|| "unknown version".to_owned());
        writeln!(text, "* {}: {version}", program.name)?;
    }
    println!("{text}");
    fs::write(settings.out.join("tail.md"), text)?;
    Ok(ExitCode::SUCCESS)
}

/// Explains the rows.
const ABOUT: &str = "\n* Broadcasts carry 128 bytes. Members that come and go connect, join the room and leave, two at a time without a \
pause.\n* Four clients flood: with sixteen events in flight each, with polls one after the other, with connections that \
they open and close, or with events of 900 kB that are echoed.\n* With one worker the server has the last core for \
itself; with two it shares the cores with those who put load on it, who give way to it (`nice`).\n";

fn head(settings: &Settings) -> Vec<String> {
    let columns = settings
        .programs
        .iter()
        .flat_map(|program| ["p50", "p99", "most"].map(|column| format!("{} {column}", program.name)));
    ["beside".to_owned()].into_iter().chain(columns).collect()
}

fn measure(
    settings: &Settings,
    program: &Program,
    workers: usize,
    scenario: &Scenario,
) -> Result<Waits, Box<dyn Error>> {
    let log = settings.out.join(format!("{}.log", program.name));
    let environment = [("TOKIO_WORKER_THREADS", workers.to_string())];
    let core = (workers == 1).then_some(settings.core);
    let server = program.start(core, &environment, &log)?;
    let mut others = Vec::new();
    for name in scenario.beside {
        let beside: Beside = name.parse()?;
        others.push(Others::start(if settings.is_quick { beside.quick() } else { beside }, server.port)?);
    }
    let mut socket = Socket::open(server.port, Parser::Json)?;
    ask(&mut socket, settings.warm_up)?;
    let mut waits = ask(&mut socket, settings.duration)?;
    drop(others);
    waits.sort_by(f64::total_cmp);
    let at = |share: f64| waits[((waits.len() - 1) as f64 * share) as usize];
    Ok(Waits { p50: at(0.5), p99: at(0.99), most: at(1.0) })
}

/// Asks for so long; returns the microseconds until each answer, at least one.
fn ask(socket: &mut Socket, time: Duration) -> io::Result<Vec<f64>> {
    let (begin, mut waits) = (Instant::now(), Vec::new());
    let question = format!(r#"427["echo",{{"text":"{}","n":1}}]"#, "x".repeat(128));
    while waits.is_empty() || begin.elapsed() < time {
        sleep(PAUSE);
        let asked = Instant::now();
        socket.write(frame::TEXT, &[question.as_bytes()]);
        socket.flush()?;
        let answer = socket.receive()?;
        waits.push(asked.elapsed().as_secs_f64() * 1e6);
        if !answer.starts_with(b"437[") {
            return Err(io::Error::other("another answer than to its question"));
        }
    }
    Ok(waits)
}

/// The others: a process of their own, which is killed when this is dropped.
struct Others(Child);

impl Others {
    /// Starts them, and waits until they have begun.
    fn start(beside: Beside, port: u16) -> io::Result<Self> {
        let mut command = Command::new("nice");
        command.args(["-n", NICE]).arg(std::env::current_exe()?).arg("beside").arg(beside.to_string());
        command.args(["--port", &port.to_string()]).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut others = Self(command.spawn()?);
        let mut line = String::new();
        let said = others.0.stdout.take().map(BufReader::new);
        match said.map(|mut said| said.read_line(&mut line)).transpose()? {
            Some(1..) => Ok(others),
            _ => Err(io::Error::other(format!("{beside} could not begin"))),
        }
    }
}

impl Drop for Others {
    fn drop(&mut self) {
        // Both fail only if they have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Allows as many open files as there may be, for those who are many.
pub(crate) fn beside(beside: Beside, port: u16) -> io::Result<()> {
    process::allow_open_files()?;
    crate::load::beside(beside, port)
}
