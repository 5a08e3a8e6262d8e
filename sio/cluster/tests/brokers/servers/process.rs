//! A broker as a process.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;
use tokio::time::sleep;

pub(crate) use super::redis::free_port;

const DEADLINE: Duration = Duration::from_secs(30);

/// A process that listens on a port.
pub(crate) struct Process {
    child: Option<Child>,
    /// The signal that ends it and all its children at once.
    end: &'static str,
}

impl Process {
    /// Starts it, and returns when it listens. `package` is what brings the program.
    pub(crate) async fn start(mut command: Command, package: &str, port: u16, end: &'static str) -> Self {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let program = command.get_program().to_string_lossy().into_owned();
        let child = child.unwrap_or_else(|error| {
            panic!(
                "these tests need {program} ({error}): install it with `apt-get install {package}`, or run \
                 `make test`, which does"
            )
        });
        let process = Self { child: Some(child), end };
        listens(port, DEADLINE, &program).await;
        process
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A stopped process gets it when it goes on.
            signal(child.id(), self.end);
            signal(child.id(), "-CONT");
            let began = Instant::now();
            while matches!(child.try_wait(), Ok(None)) {
                if began.elapsed() > DEADLINE {
                    child.kill().expect("it is a child of this process");
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Sends a signal to it and its children.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.as_ref().expect("it runs").id(), name);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Sends a signal to a process and its children.
pub(crate) fn signal(process: u32, name: &str) {
    let mut all = children(process);
    all.push(process);
    let all: Vec<String> = all.iter().map(u32::to_string).collect();
    // Some may have ended.
    let _ = Command::new("kill").arg(name).args(&all).stderr(Stdio::null()).status().expect("kill");
}

fn children(process: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("a Linux").filter_map(|entry| {
        let id = entry.ok()?.file_name().to_str()?.parse::<u32>().ok()?;
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name, in parentheses, may have anything in it.
        let parent = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse::<u32>().ok()?;
        (parent == process).then_some(id)
    });
    all.collect()
}

/// Waits until somebody listens there.
pub(crate) async fn listens(port: u16, limit: Duration, program: &str) {
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
        assert!(began.elapsed() < limit, "{program} does not listen on {port}");
        sleep(Duration::from_millis(5)).await;
    }
}
