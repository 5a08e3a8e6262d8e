//! A `redis-server` of a test's own, on a free port of the loopback interface.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sio_cluster::{Options, RedisBus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

const DEADLINE: Duration = Duration::from_secs(30);

pub(crate) struct Redis {
    pub(crate) port: u16,
    /// The file of one that is a sentinel.
    file: Option<String>,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        Self::with(&[]).await
    }

    /// With these arguments beside those that every test needs.
    pub(crate) async fn with(arguments: &[&str]) -> Self {
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        let mut redis = Self { port: free_port().await, file: None, arguments, child: None };
        redis.run().await;
        redis
    }

    /// A sentinel with this file, which it changes.
    pub(crate) async fn sentinel(file: &str) -> Self {
        let arguments = vec!["--sentinel".to_owned()];
        let mut redis = Self { port: free_port().await, file: Some(file.to_owned()), arguments, child: None };
        redis.run().await;
        redis
    }

    /// Starts it, on the same port as before, and returns when it answers.
    pub(crate) async fn run(&mut self) {
        let port = self.port.to_string();
        let program = std::env::var("REDIS").unwrap_or_else(|_| "redis-server".to_owned());
        let child = Command::new(program)
            .args(&self.file)
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .args(["--dir", &std::env::temp_dir().to_string_lossy()])
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| {
            panic!(
                "these tests need redis-server ({error}): install it with `apt-get install redis-server`, \
                 or run `make test`, which does"
            )
        }));
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            assert!(began.elapsed() < DEADLINE, "redis-server does not listen on {port}");
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it is a child of this process");
            child.wait().expect("it has ended");
        }
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: &str) {
        let id = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().expect("kill").success());
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    pub(crate) fn options(&self, name: &str) -> Options {
        options(self.port, name)
    }

    /// Has it do something, and returns its answer as it is on the wire.
    pub(crate) async fn command(&self, command: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        stream.write_all(format!("{command}\r\nQUIT\r\n").as_bytes()).await.expect("it reads");
        // Sentinels know no QUIT.
        stream.shutdown().await.expect("it is connected");
        let mut answer = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("in time").expect("it answers");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// Publishes bytes under a name, as any program can.
    pub(crate) async fn publish(&self, channel: &str, payload: &[u8]) {
        self.publish_by("PUBLISH", channel, payload).await;
    }

    /// The same by this command.
    pub(crate) async fn publish_by(&self, command: &str, channel: &str, payload: &[u8]) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.expect("it listens");
        let head = format!(
            "*3\r\n${}\r\n{command}\r\n${}\r\n{channel}\r\n${}\r\n",
            command.len(),
            channel.len(),
            payload.len()
        );
        let command = [head.as_bytes(), payload, b"\r\nQUIT\r\n"].concat();
        stream.write_all(&command).await.expect("it reads");
        let mut answer = Vec::new();
        timeout(DEADLINE, stream.read_to_end(&mut answer)).await.expect("in time").expect("it answers");
        assert!(answer.starts_with(b":"), "{}", answer.escape_ascii());
    }

    /// The ids of the connections that subscribe this node's name.
    pub(crate) async fn clients(&self) -> Vec<String> {
        self.clients_with(|line| line.contains(" sub=2 ")).await
    }

    /// The ids of the connections of whose lines in the list this is so.
    pub(crate) async fn clients_with(&self, is_one: impl Fn(&str) -> bool) -> Vec<String> {
        let list = self.command("CLIENT LIST").await;
        let subscribers = list.lines().filter(|line| is_one(line));
        subscribers.filter_map(|line| Some(line.split(' ').next()?.strip_prefix("id=")?.to_owned())).collect()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        // A stopped process too.
        self.kill();
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("redis://127.0.0.1:{port}")
}

pub(crate) fn options(port: u16, name: &str) -> Options {
    Options::new(RedisBus::new(&url(port)).expect("a URL")).name(name)
}

/// A port that nobody listens on.
pub(crate) async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    listener.local_addr().expect("an address").port()
}
