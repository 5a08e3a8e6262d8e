//! A `nats-server` of a test's own.

use std::process::Command;
use std::time::Duration;

use sio_cluster::{NatsBus, Options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::process::{Process, free_port};

pub(crate) struct Nats {
    pub(crate) port: u16,
    arguments: Vec<String>,
    process: Option<Process>,
}

impl Nats {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these arguments beside those that every test needs.
    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut nats = Self { port: free_port().await, arguments, process: None };
        nats.run().await;
        nats
    }

    /// Starts it, on the same port as before, and returns when it answers.
    pub(crate) async fn run(&mut self) {
        let program = std::env::var("NATS").unwrap_or_else(|_| "nats-server".to_owned());
        let mut command = Command::new(program);
        command.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]).args(&self.arguments);
        self.process = Some(Process::start(command, "nats-server", self.port, "-KILL").await);
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    /// Publishes bytes under a name, as any program can.
    pub(crate) async fn publish(&self, subject: &str, payload: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        let head = format!("CONNECT {{\"verbose\":false}}\r\nPUB {subject} {}\r\n", payload.len());
        let command = [head.as_bytes(), payload, b"\r\nPING\r\n"].concat();
        stream.write_all(&command).await.expect("it reads");
        let mut answer = Vec::new();
        let answered = async {
            while !answer.ends_with(b"PONG\r\n") {
                assert!(stream.read_buf(&mut answer).await.expect("it answers") > 0);
            }
        };
        timeout(Duration::from_secs(30), answered).await.expect("in time");
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("nats://127.0.0.1:{port}")
}

pub(crate) fn options(port: u16, name: &str) -> Options {
    Options::new(NatsBus::new(&url(port)).expect("a URL")).name(name)
}
