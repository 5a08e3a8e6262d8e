//! Nodes that find their Redis by sentinels, which replace it.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sio_cluster::{Options, RedisBus};
use tokio::time::{Instant, interval};

use crate::servers::redis::{Redis, free_port};
use crate::start::refusal;
use crate::support::{Node, eventually, is_down, is_node_down, is_up};

/// A master, its replica, and three sentinels.
struct Watched {
    master: Redis,
    replica: Redis,
    sentinels: Vec<Redis>,
    directory: PathBuf,
}

impl Watched {
    /// With a password of the servers, and one of the sentinels.
    async fn start(password: &str, sentinels_password: &str) -> Self {
        let login: &[&str] =
            if password.is_empty() { &[] } else { &["--requirepass", password, "--masterauth", password] };
        let common = [&["--repl-diskless-sync-delay", "0"], login].concat();
        let master = Redis::with(&common).await;
        let port = master.port.to_string();
        let replica = Redis::with(&[&common[..], &["--replicaof", "127.0.0.1", &port]].concat()).await;
        let directory = std::env::temp_dir().join(format!("sio-sentinels-{}-{port}", std::process::id()));
        fs::create_dir_all(&directory).expect("a directory");
        let mut sentinels = Vec::new();
        for nth in 0..3 {
            // Sentinels write down what they find out.
            let file = directory.join(format!("{nth}.conf"));
            let mut text = format!(
                "sentinel monitor mymaster 127.0.0.1 {port} 2\n\
                 sentinel down-after-milliseconds mymaster 500\n\
                 sentinel failover-timeout mymaster 3000\n"
            );
            if !password.is_empty() {
                text += &format!("sentinel auth-pass mymaster {password}\n");
            }
            if !sentinels_password.is_empty() {
                text += &format!("requirepass {sentinels_password}\n");
            }
            fs::write(&file, text).expect("a file");
            sentinels.push(Redis::sentinel(&file.to_string_lossy()).await);
        }
        let watched = Self { master, replica, sentinels, directory };
        // A failover needs sentinels that know each other and the replica.
        for nth in 0..3 {
            watched.eventually_knows(nth, password_of(sentinels_password)).await;
        }
        watched
    }

    async fn eventually_knows(&self, nth: usize, login: String) {
        let began = Instant::now();
        loop {
            let answer = self.sentinels[nth].command(&format!("{login}SENTINEL MASTER mymaster")).await;
            if field(&answer, "num-slaves") == Some("1")
                && field(&answer, "num-other-sentinels") == Some("2")
                && field(&answer, "flags") == Some("master")
                && self.replica_is_usable(nth, &login).await
            {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(60), "{answer}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn replica_is_usable(&self, nth: usize, login: &str) -> bool {
        let answer = self.sentinels[nth].command(&format!("{login}SENTINEL REPLICAS mymaster")).await;
        field(&answer, "master-link-status") == Some("ok")
    }

    fn hosts(&self) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|one| format!("127.0.0.1:{}", one.port)).collect();
        hosts.join(",")
    }

    fn options(&self, name: &str) -> Options {
        let url = format!("redis+sentinel://{}/mymaster", self.hosts());
        // A busy machine takes longer to agree than the five seconds of the default.
        by(&url).name(name).hold(Duration::from_secs(60), 16 << 20)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.sentinels.iter_mut().for_each(Redis::kill);
        let _ = fs::remove_dir_all(&self.directory);
    }
}

fn by(url: &str) -> Options {
    Options::new(RedisBus::new(url).expect("a URL"))
}

fn password_of(password: &str) -> String {
    if password.is_empty() { String::new() } else { format!("AUTH {password}\r\n") }
}

/// A field of an answer that is names and values by turns.
fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = answer.lines().filter(|line| !line.starts_with(['$', '*']));
    lines.find(|line| *line == name)?;
    lines.next()
}

/// All send a number every 10 ms until this is so, and for a while after it.
pub(crate) async fn talk_until(nodes: &[Node], is_so: impl Fn() -> bool) {
    let mut ticks = interval(Duration::from_millis(10));
    let began = Instant::now();
    let mut rest = 50;
    while rest > 0 {
        ticks.tick().await;
        for node in nodes {
            let call = Instant::now();
            node.send();
            assert!(call.elapsed() < Duration::from_millis(100), "nobody waits for the broker");
        }
        if is_so() {
            rest -= 1;
        }
        assert!(began.elapsed() < Duration::from_secs(90), "there is no new master");
    }
}

pub(crate) async fn nothing_is_lost(nodes: &[Node]) {
    for receiver in nodes {
        for sender in nodes.iter().filter(|sender| sender.sender != receiver.sender) {
            assert_eq!(receiver.has_all_of(sender).await, 0);
        }
        assert_eq!(receiver.journal.count(is_node_down), 0);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_a_master_is_killed_and_its_replica_takes_its_place() {
    let mut redis = Watched::start("", "").await;
    let nodes = Node::all(["a", "b", "c"].map(|name| redis.options(name))).await;
    talk_until(&nodes, || true).await;
    // With the master goes a sentinel: the other two agree, and are asked.
    redis.sentinels[0].kill();
    redis.master.kill();
    talk_until(&nodes, || nodes.iter().all(|node| node.journal.count(is_up) == 2)).await;
    nothing_is_lost(&nodes).await;
    for node in &nodes {
        assert_eq!(node.journal.count(is_down), 1);
    }
    assert_eq!(redis.replica.clients().await.len(), 3, "all are at the new master");
    // A fourth comes, and the old master as a replica: nobody goes there.
    redis.master.run().await;
    let late = Node::start(redis.options("d")).await;
    late.knows(3).await;
    assert_eq!(redis.replica.clients().await.len(), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fault_5_the_master_is_changed_by_an_operator() {
    let redis = Watched::start("", "").await;
    let nodes = Node::all(["a", "b", "c"].map(|name| redis.options(name))).await;
    talk_until(&nodes, || true).await;
    assert!(redis.sentinels[1].command("SENTINEL FAILOVER mymaster").await.starts_with("+OK"));
    let is_back = |node: &Node| node.journal.count(is_down) > 0 && node.cluster.is_up();
    talk_until(&nodes, || nodes.iter().all(is_back)).await;
    nothing_is_lost(&nodes).await;
    eventually("all are at the new master", || nodes.iter().all(|node| node.cluster.is_up())).await;
    assert_eq!(redis.replica.clients().await.len(), 3);
}

#[tokio::test]
async fn servers_and_sentinels_have_passwords_of_their_own_or_one() {
    let redis = Watched::start("right", "other").await;
    let hosts = redis.hosts();
    let url = format!("redis+sentinel://:right@{hosts}/mymaster?sentinel_password=other");
    let _node = Node::start(by(&url)).await;
    for (url, reason) in [
        (format!("redis+sentinel://{hosts}/mymaster"), "it wants a password: sentinel_password=.."),
        (format!("redis+sentinel://:right@{hosts}/mymaster"), "it refuses the user or the password"),
        (
            format!("redis+sentinel://:wrong@{hosts}/mymaster?sentinel_password=other"),
            "it refuses the user or the password",
        ),
        (
            format!("redis+sentinel://{hosts}/mymaster?sentinel_password=other"),
            "it wants a password, which the URL lacks",
        ),
    ] {
        let error = refusal(by(&url)).await;
        assert!(
            error.starts_with(&format!("cannot connect to redis+sentinel://{hosts}/mymaster: ")),
            "{error}"
        );
        assert!(error.contains(reason) && error.lines().count() == 1, "{error}");
        assert!(
            !error.contains(":right") && !error.contains(":wrong") && !error.contains("other@"),
            "{error}"
        );
    }
    let both = Watched::start("right", "right").await;
    let _node = Node::start(by(&format!("redis+sentinel://:right@{}/mymaster", both.hosts()))).await;
}

#[tokio::test]
async fn what_is_wrong_with_sentinels_is_said_by_the_name_of_each() {
    let redis = Watched::start("", "").await;
    let error = refusal(by(&format!("redis+sentinel://{}/other", redis.hosts()))).await;
    assert!(error.contains("the sentinels know no master called `other`"), "{error}");
    let [one, two] = [free_port().await, free_port().await];
    let error = refusal(by(&format!("redis+sentinel://127.0.0.1:{one},127.0.0.1:{two}/mymaster"))).await;
    assert!(error.contains("no sentinel names the master"), "{error}");
    for port in [one, two] {
        assert!(error.contains(&format!("127.0.0.1:{port} (Connection refused")), "{error}");
    }
    // One of several is enough.
    let alive = redis.sentinels[2].port;
    let _node =
        Node::start(by(&format!("redis+sentinel://127.0.0.1:{one},127.0.0.1:{alive}/mymaster"))).await;
    // A server of data is no sentinel.
    let error = refusal(by(&format!("redis+sentinel://127.0.0.1:{}/mymaster", redis.master.port))).await;
    assert!(error.contains("it is no sentinel"), "{error}");
}

#[tokio::test]
async fn a_replica_is_refused() {
    let redis = Watched::start("", "").await;
    // The sentinel believes that the replica is the master, as after a failover that it has missed.
    let file = redis.directory.join("mistaken.conf");
    let port = redis.replica.port;
    fs::write(&file, format!("sentinel monitor mistaken 127.0.0.1 {port} 1\n")).expect("a file");
    let mistaken = Redis::sentinel(&file.to_string_lossy()).await;
    let error = refusal(by(&format!("redis+sentinel://127.0.0.1:{}/mistaken", mistaken.port))).await;
    assert!(error.contains(&format!("the master 127.0.0.1:{port}: it is a replica")), "{error}");
}
