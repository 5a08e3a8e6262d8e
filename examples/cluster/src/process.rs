//! A program that runs beside this one, and can be ended and started again.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::net::SocketAddr;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep, timeout};

/// How long a program may take until it listens.
const START: Duration = Duration::from_secs(30);

/// How long a program may take to end in order.
const STOP: Duration = Duration::from_secs(15);

pub(crate) struct Process {
    pub(crate) name: String,
    /// The address that the program listens on.
    pub(crate) address: SocketAddr,
    program: OsString,
    arguments: Vec<String>,
    environment: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl Process {
    pub(crate) fn new(
        name: &str,
        program: impl AsRef<OsStr>,
        arguments: &[&str],
        environment: &[(&'static str, String)],
        address: SocketAddr,
    ) -> Self {
        Self {
            name: name.to_owned(),
            address,
            program: program.as_ref().to_owned(),
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            environment: environment.to_vec(),
            child: None,
        }
    }

    /// Starts the program if it does not run, and returns when it listens.
    pub(crate) async fn start(&mut self) -> Result<(), Box<dyn Error>> {
        if self.is_running()? {
            return Ok(());
        }
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                format!("cannot start {}: {error}", self.program.to_string_lossy())
            })?;
        let (name, log) = (self.name.clone(), child.stderr.take());
        tokio::spawn(async move {
            let Some(log) = log else { return };
            let mut lines = BufReader::new(log).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                eprintln!("{name:5} | {line}");
            }
        });
        self.child = Some(child);
        let until = Instant::now() + START;
        while TcpStream::connect(self.address).await.is_err() {
            if !self.is_running()? || Instant::now() >= until {
                return Err(
                    format!("{} does not listen on {}", self.name, self.address).into()
                );
            }
            sleep(Duration::from_millis(20)).await;
        }
        println!("{} runs", self.name);
        Ok(())
    }

    /// Ends the program at once, without a word to it.
    pub(crate) async fn kill(&mut self) -> Result<(), Box<dyn Error>> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
            println!("{} was killed", self.name);
        }
        Ok(())
    }

    /// Asks the program to end, and returns when it has.
    pub(crate) async fn stop(&mut self) -> Result<(), Box<dyn Error>> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        if let Some(id) = child.id().filter(|_| cfg!(unix)) {
            Command::new("kill").arg(id.to_string()).status().await?;
            if let Ok(ended) = timeout(STOP, child.wait()).await {
                println!("{} has stopped: {}", self.name, ended?);
                return Ok(());
            }
        }
        child.kill().await?;
        println!("{} was killed, since it did not stop", self.name);
        Ok(())
    }

    fn is_running(&mut self) -> Result<bool, Box<dyn Error>> {
        match &mut self.child {
            Some(child) => Ok(child.try_wait()?.is_none()),
            None => Ok(false),
        }
    }
}
