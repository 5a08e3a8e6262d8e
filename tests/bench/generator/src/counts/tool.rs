//! The programs that count, and what they say.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::scenario::Scenario;
use crate::process;
use crate::server::{Program, Server};

/// A program that counts is at its end when it has written its file; strace does it after the server has gone.
const WRITING: Duration = Duration::from_secs(10);

/// Something that counts what a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// valgrind's callgrind: instructions.
    Callgrind,
    /// valgrind's dhat: allocations and their bytes.
    Dhat,
    /// strace: system calls.
    Strace,
    /// The kernel: page faults.
    Kernel,
}

/// The columns of the table in their order, each with its tool.
pub(crate) const COUNTED: [(&str, Tool); 5] = [
    ("instructions", Tool::Callgrind),
    ("allocations", Tool::Dhat),
    ("bytes allocated", Tool::Dhat),
    ("system calls", Tool::Strace),
    ("page faults", Tool::Kernel),
];

impl Tool {
    /// Returns its counts for one operation of a server, in the order of [`COUNTED`].
    pub(crate) fn count(
        self,
        scenario: &Scenario,
        program: &Program,
        core: usize,
        folder: &Path,
    ) -> Result<Vec<f64>, Box<dyn Error>> {
        let [few, many] = scenario.operations;
        let totals = match self {
            Self::Kernel => {
                let server = self.start(scenario, program, core, folder)?;
                let mut clients = scenario.open(server.port)?;
                clients.operate(few)?;
                let before = process::page_faults(server.pid())?;
                clients.operate(many - few)?;
                [vec![before as f64], vec![process::page_faults(server.pid())? as f64]]
            }
            _ => {
                let total = |operations| self.total(scenario, program, core, folder, operations);
                [total(few)?, total(many)?]
            }
        };
        let [before, after] = totals;
        let operations = ((many - few) * scenario.each()) as f64;
        Ok(before.iter().zip(after).map(|(before, after)| (after - before) / operations).collect())
    }

    /// All that it counts from a server's start to its end.
    fn total(
        self,
        scenario: &Scenario,
        program: &Program,
        core: usize,
        folder: &Path,
        operations: u64,
    ) -> Result<Vec<f64>, Box<dyn Error>> {
        let server = self.start(scenario, program, core, folder)?;
        let mut clients = scenario.open(server.port)?;
        clients.operate(operations)?;
        drop(clients);
        server.stop()?;
        let file = self.file(folder);
        let end = Instant::now() + WRITING;
        loop {
            let text = fs::read_to_string(&file).unwrap_or_default();
            if let Some(totals) = self.totals(&text) {
                return Ok(totals);
            }
            if Instant::now() > end {
                return Err(format!("{} says nothing of a sum: {text}", file.display()).into());
            }
            sleep(Duration::from_millis(20));
        }
    }

    fn start(self, scenario: &Scenario, program: &Program, core: usize, folder: &Path) -> io::Result<Server> {
        let file = self.file(folder);
        if file.exists() {
            fs::remove_file(&file)?;
        }
        let program = Program {
            name: program.name.clone(),
            command: [self.command(&file), program.command.clone()].concat(),
        };
        // One worker: nothing depends on which of them comes first. No heartbeat falls into a run.
        let mut environment =
            vec![("TOKIO_WORKER_THREADS", "1".to_owned()), ("PING_INTERVAL_MS", "600000".to_owned())];
        environment.extend(scenario.environment.map(|(name, value)| (name, value.to_owned())));
        program.start(Some(core), &environment, &folder.join("counts.log"))
    }

    fn file(self, folder: &Path) -> std::path::PathBuf {
        folder.join(format!("counts.{}", format!("{self:?}").to_lowercase()))
    }

    /// The words in front of a server's command; the sums go to `file`.
    fn command(self, file: &Path) -> Vec<String> {
        let file = file.display();
        let valgrind = |tool: &str, out: &str| {
            vec![
                "valgrind".to_owned(),
                format!("--tool={tool}"),
                out.to_owned(),
                format!("--log-file={file}"),
            ]
        };
        match self {
            Self::Callgrind => valgrind("callgrind", "--callgrind-out-file=/dev/null"),
            Self::Dhat => valgrind("dhat", "--dhat-out-file=/dev/null"),
            // Detached, so that the server is the child of this program and not strace.
            Self::Strace => ["strace", "-D", "-f", "-c", "-o", &file.to_string()].map(str::to_owned).to_vec(),
            Self::Kernel => Vec::new(),
        }
    }

    /// The sums in the tool's file; `None` if they are not there yet.
    fn totals(self, text: &str) -> Option<Vec<f64>> {
        let number = |digits: &str| digits.replace(',', "").parse::<f64>().ok();
        match self {
            // "==7== Collected : 35014221"
            Self::Callgrind => {
                let (_, digits) = text.lines().find_map(|line| line.split_once("Collected : "))?;
                Some(vec![number(digits.trim())?])
            }
            // "==7== Total:     1,193,152 bytes in 12,020 blocks"
            Self::Dhat => {
                let (_, total) = text.lines().find_map(|line| line.split_once("Total:"))?;
                let mut words = total.split_whitespace();
                let (bytes, blocks) = (words.next()?, words.nth(2)?);
                Some(vec![number(blocks)?, number(bytes)?])
            }
            // "100.00    0.012345           7      1615         3 total"
            Self::Strace => {
                let total = text.lines().find(|line| line.trim_end().ends_with(" total"))?;
                Some(vec![number(total.split_whitespace().nth(3)?)?])
            }
            Self::Kernel => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_found_where_the_tools_write_them() {
        let text = "==7== For interactive control, run 'callgrind_control -h'.\n==7== Collected : 35014221\n";
        assert_eq!(Tool::Callgrind.totals(text), Some(vec![35_014_221.0]));
        let text =
            "==7== Total:     1,193,152 bytes in 12,020 blocks\n==7== At t-gmax: 1 bytes in 1 blocks\n";
        assert_eq!(Tool::Dhat.totals(text), Some(vec![12_020.0, 1_193_152.0]));
        let text = "% time     seconds  usecs/call     calls    errors syscall\n 60.00    0.1           7      1600         3 recvfrom\n\
                    100.00    0.2           7      1615         3 total\n";
        assert_eq!(Tool::Strace.totals(text), Some(vec![1615.0]));
        for tool in [Tool::Callgrind, Tool::Dhat, Tool::Strace] {
            assert_eq!(tool.totals(""), None);
        }
    }
}
