//! A PostgreSQL of a test's own.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use sio_cluster::{Options, PostgresBus};
use tokio::time::sleep;

use super::process::{Process, free_port};

pub(crate) struct Postgres {
    pub(crate) port: u16,
    folder: PathBuf,
    arguments: Vec<String>,
    process: Option<Process>,
}

impl Postgres {
    pub(crate) async fn start() -> Self {
        Self::with("trust").await
    }

    /// With TLS for those who want it: certificate and key as files.
    pub(crate) async fn with_tls(certificate: &str, key: &str) -> Self {
        Self::made("trust", &[("ssl_cert_file", certificate), ("ssl_key_file", key)]).await
    }

    /// With this method of authentication; the user is `postgres`, the password `right`.
    pub(crate) async fn with(method: &str) -> Self {
        Self::made(method, &[]).await
    }

    async fn made(method: &str, files: &[(&str, &str)]) -> Self {
        let port = free_port().await;
        let folder = std::env::temp_dir().join(format!("sio-postgres-{}-{port}", std::process::id()));
        fs::create_dir(&folder).expect("a folder");
        if is_root() {
            let (user, group) = other_user();
            chown(&folder, Some(user), Some(group)).expect("root may");
        }
        let mut arguments = Vec::new();
        for (name, file) in files {
            // It reads only what is its user's alone.
            let own = folder.join(name);
            fs::copy(file, &own).expect("it is there");
            fs::set_permissions(&own, fs::Permissions::from_mode(0o600)).expect("it is ours");
            if is_root() {
                let (user, group) = other_user();
                chown(&own, Some(user), Some(group)).expect("root may");
            }
            arguments.extend(["-c".to_owned(), "ssl=on".to_owned()]);
            arguments.extend(["-c".to_owned(), format!("{name}={}", own.display())]);
        }
        let (data, password) = (folder.join("data"), folder.join("password"));
        fs::write(&password, "right").expect("a file");
        let made = command("initdb")
            .args(["-U", "postgres", "--no-sync", "-A", method])
            .arg("-D")
            .arg(&data)
            .arg(format!("--pwfile={}", password.display()))
            .stdout(Stdio::null())
            .status();
        let made = made.unwrap_or_else(|error| {
            panic!(
                "these tests need PostgreSQL ({error}): install it with `apt-get install postgresql`, or run \
                 `make test`, which does"
            )
        });
        assert!(made.success(), "initdb has made a database");
        let mut postgres = Self { port, folder, arguments, process: None };
        postgres.run().await;
        postgres
    }

    /// Starts it, on the same port as before, and returns when it answers.
    pub(crate) async fn run(&mut self) {
        let mut command = command("postgres");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-c", "fsync=off"]);
        command.args(&self.arguments).arg("-k").arg(&self.folder).arg("-D").arg(self.folder.join("data"));
        // Its children end at once, and nothing is written down, as in a crash.
        self.process = Some(Process::start(command, "postgresql", self.port, "-QUIT").await);
        // It listens some time before it lets anybody in.
        let began = Instant::now();
        while !self.is_ready() {
            assert!(began.elapsed() < Duration::from_secs(30), "PostgreSQL is ready");
            sleep(Duration::from_millis(10)).await;
        }
    }

    fn is_ready(&self) -> bool {
        let mut command = command("pg_isready");
        command.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
        command.status().expect("it is beside the server").success()
    }

    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    pub(crate) fn signal(&self, name: &str) {
        self.process.as_ref().expect("it runs").signal(name);
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        fs::remove_dir_all(&self.folder).expect("it is ours");
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

pub(crate) fn options(port: u16, name: &str) -> Options {
    Options::new(PostgresBus::new(&url(port)).expect("a URL")).name(name)
}

/// One of its programs, as a user that it accepts.
fn command(program: &str) -> Command {
    let mut command = Command::new(programs().join(program));
    if is_root() {
        let (user, group) = other_user();
        command.uid(user).gid(group);
    }
    // That of the one who starts it may not be readable.
    command.current_dir(std::env::temp_dir());
    command
}

/// Where Debian has them, of the newest version.
fn programs() -> PathBuf {
    if let Some(folder) = std::env::var_os("POSTGRES") {
        return folder.into();
    }
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.filter_map(|version| version.ok()?.file_name().to_str()?.parse::<u32>().ok());
    versions.max().map_or_else(PathBuf::new, |version| {
        Path::new("/usr/lib/postgresql").join(version.to_string()).join("bin")
    })
}

/// PostgreSQL refuses to run as root.
fn is_root() -> bool {
    fs::metadata("/proc/self").expect("a Linux").uid() == 0
}

/// The user that its package has made, or nobody.
fn other_user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let ids = users.lines().find_map(|line| {
        let mut fields = line.strip_prefix("postgres:")?.split(':').skip(1);
        Some((fields.next()?.parse().ok()?, fields.next()?.parse().ok()?))
    });
    ids.unwrap_or((65_534, 65_534))
}
