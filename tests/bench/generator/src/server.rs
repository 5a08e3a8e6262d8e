//! A server that is measured: started on a free port, killed when it is no longer needed.

use std::fs::File;
use std::io;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Until a server listens.
const START: Duration = Duration::from_secs(20);

/// The variables that a server gets only from a measurement, not from the environment of this program.
const OWN_VARIABLES: [&str; 6] =
    ["PING_INTERVAL_MS", "BROKER", "METRICS", "MIDDLEWARE", "MESSAGE_PACK", "RECOVERY"];

/// How to start a server.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
}

/// A server that runs. It is killed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) port: u16,
}

impl Program {
    /// From `NAME=COMMAND`, the command's words with spaces between them.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, command) = text.split_once('=').ok_or_else(|| format!("{text:?} is not NAME=COMMAND"))?;
        let command: Vec<String> = command.split_whitespace().map(str::to_owned).collect();
        if name.is_empty() || command.is_empty() {
            return Err(format!("{text:?} is not NAME=COMMAND"));
        }
        Ok(Self { name: name.to_owned(), command })
    }

    /// Starts it on one core, or on any, with these variables in its environment, and waits until it listens. What it says goes to
    /// the file `log`.
    pub(crate) fn start(
        &self,
        core: Option<usize>,
        environment: &[(&str, String)],
        log: &Path,
    ) -> io::Result<Server> {
        let port = free_port()?;
        let log = File::create(log)?;
        let mut command = pinned(core)?;
        command.args(&self.command).arg(port.to_string());
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        for name in OWN_VARIABLES {
            command.env_remove(name);
        }
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let mut server = Server { child: command.spawn()?, port };
        let end = Instant::now() + START;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if let Some(status) = server.child.try_wait()? {
                return Err(io::Error::other(format!("{} has ended: {status}", self.name)));
            }
            if Instant::now() > end {
                return Err(io::Error::other(format!("{} does not listen on port {port}", self.name)));
            }
            sleep(Duration::from_millis(20));
        }
        Ok(server)
    }
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn stop(mut self) -> io::Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A command that runs what its arguments say on one core, or on any.
pub(crate) fn pinned(core: Option<usize>) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("pinned").arg(core.map_or_else(|| "any".to_owned(), |core| core.to_string()));
    Ok(command)
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_a_name_and_words() {
        let program = Program::parse("node=node --x=1 server.js").unwrap();
        assert_eq!(
            (&*program.name, &program.command[..]),
            ("node", &["node", "--x=1", "server.js"].map(str::to_owned)[..])
        );
        for text in ["", "node", "node=", "=node"] {
            assert!(Program::parse(text).is_err(), "{text}");
        }
    }
}
