//! The RabbitMQ of all tests: it takes too long to start for each to have its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, fs};

use sio_cluster::{AmqpBus, Options};
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};
use tokio::time::sleep;

use super::process::{listens, signal};

/// It takes 8 to 50 s.
const DEADLINE: Duration = Duration::from_secs(180);

static FOLDER: OnceCell<PathBuf> = OnceCell::const_new();
static USERS: RwLock<()> = RwLock::const_new(());
static NEXT: AtomicU64 = AtomicU64::new(0);

pub(crate) struct RabbitMq {
    pub(crate) port: u16,
    /// Of a test's own.
    pub(crate) prefix: String,
    folder: &'static Path,
    _lease: Lease,
}

/// The rights of a test.
#[allow(dead_code, reason = "they are only held")]
enum Lease {
    /// Use it, beside others.
    Shared(RwLockReadGuard<'static, ()>),
    /// End it, too.
    Alone(RwLockWriteGuard<'static, ()>),
}

impl RabbitMq {
    pub(crate) async fn start() -> Self {
        Self::with(Lease::Shared(USERS.read().await)).await
    }

    /// Waits until no other test uses it.
    pub(crate) async fn alone() -> Self {
        Self::with(Lease::Alone(USERS.write().await)).await
    }

    async fn with(lease: Lease) -> Self {
        let folder = FOLDER.get_or_init(folder).await;
        let port = environment(folder, "PORT").parse().expect("a port");
        let prefix = format!("test-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let rabbitmq = Self { port, prefix, folder, _lease: lease };
        listens(port, DEADLINE, "rabbitmq-server").await;
        rabbitmq
    }

    /// Starts it, on the same port as before, and returns when it answers.
    pub(crate) async fn run(&mut self) {
        let _ = fs::remove_file(self.folder.join("away"));
        listens(self.port, DEADLINE, "rabbitmq-server").await;
    }

    /// Ends it with SIGKILL.
    pub(crate) fn kill(&mut self) {
        fs::write(self.folder.join("away"), "").expect("a file");
        self.signal("-KILL");
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = fs::read_to_string(self.folder.join("pid")).expect("it runs");
        signal(id.trim().parse().expect("a number"), name);
    }

    /// Has an operator's program do something, and returns what it prints.
    pub(crate) fn ctl(&self, arguments: &[&str]) -> String {
        let output = Command::new("bash")
            .args(["-c", ". \"$0\" && exec rabbitmqctl --quiet \"$@\""])
            .arg(self.folder.join("env"))
            .args(arguments)
            .output()
            .expect("a shell");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{arguments:?}: {text}");
        text
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        // A test that has failed must not take it from the others.
        if fs::remove_file(self.folder.join("away")).is_err() {
            self.signal("-CONT");
        }
    }
}

/// The folder of the one that `make test` has started, or else of this program's own.
async fn folder() -> PathBuf {
    let folder = env::var_os("RABBITMQ").map_or_else(keep, PathBuf::from);
    let began = Instant::now();
    while !folder.join("env").exists() {
        assert!(
            began.elapsed() < DEADLINE,
            "these tests need RabbitMQ: install it with `apt-get install rabbitmq-server`, or run `make test`, \
             which does"
        );
        sleep(Duration::from_millis(50)).await;
    }
    folder
}

/// Has one kept for as long as this process lives.
fn keep() -> PathBuf {
    let folder = env::temp_dir().join(format!("sio-rabbitmq-{}", std::process::id()));
    // This file's neighbour, whichever package this is a part of.
    let child = Command::new("bash")
        .arg("-c")
        .arg(include_str!("rabbitmq"))
        .arg("rabbitmq")
        .arg(&folder)
        .arg(std::process::id().to_string())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    // It outlives this process, for as long as it takes to clean up.
    std::mem::forget(child.expect("a shell"));
    folder
}

/// A variable of the folder's environment.
fn environment(folder: &Path, name: &str) -> String {
    let text = fs::read_to_string(folder.join("env")).expect("it is there");
    let value = text.lines().find_map(|line| line.split_once(&format!(" {name}=")));
    value.expect("it is in it").1.trim_matches('"').to_owned()
}

pub(crate) fn url(port: u16) -> String {
    format!("amqp://127.0.0.1:{port}")
}

pub(crate) fn options(port: u16, name: &str) -> Options {
    Options::new(AmqpBus::new(&url(port)).expect("a URL")).name(name)
}
