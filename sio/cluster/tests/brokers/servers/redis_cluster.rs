//! A Redis Cluster of a test's own: masters that share the slots, and a replica of one of them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use sio_cluster::{Options, RedisBus};
use tokio::time::sleep;

use super::redis::{Redis, free_port};

const DEADLINE: Duration = Duration::from_secs(60);

pub(crate) struct RedisCluster {
    pub(crate) servers: Vec<Member>,
    directory: PathBuf,
    login: String,
}

/// A server of it.
pub(crate) struct Member {
    pub(crate) redis: Redis,
    pub(crate) id: String,
    /// The port by which servers speak with each other.
    bus_port: u16,
}

impl RedisCluster {
    /// With so many masters.
    pub(crate) async fn of(masters: u16, password: &str) -> Self {
        let login = if password.is_empty() { String::new() } else { format!("AUTH {password}\r\n") };
        let directory = std::env::temp_dir().join(format!(
            "sio-redis-cluster-{}-{}",
            std::process::id(),
            free_port().await
        ));
        fs::create_dir_all(&directory).expect("a directory");
        let mut cluster = Self { servers: Vec::new(), directory, login };
        for nth in 0..masters {
            cluster.add(password).await;
            let first = u32::from(nth) * 16_384 / u32::from(masters);
            let last = (u32::from(nth) + 1) * 16_384 / u32::from(masters) - 1;
            cluster.ok(nth.into(), &format!("CLUSTER ADDSLOTSRANGE {first} {last}")).await;
            cluster.ok(nth.into(), &format!("CLUSTER SET-CONFIG-EPOCH {}", nth + 1)).await;
        }
        cluster.meet().await;
        cluster
    }

    /// Adds a replica of a master, and waits until it can take its place. Returns which server it is.
    pub(crate) async fn replicate(&mut self, master: usize) -> usize {
        self.add("").await;
        self.meet().await;
        let replica = self.servers.len() - 1;
        let id = self.servers[master].id.clone();
        self.ok(replica, &format!("CLUSTER REPLICATE {id}")).await;
        self.until(replica, "INFO replication", "master_link_status:up").await;
        // The others must know it as well, to vote for it.
        for nth in 0..self.servers.len() {
            self.until(nth, &format!("CLUSTER REPLICAS {id}"), &self.servers[replica].id).await;
        }
        replica
    }

    /// Starts another server.
    async fn add(&mut self, password: &str) {
        let bus_port = free_port().await;
        let file = self.directory.join(format!("{}.conf", self.servers.len()));
        let (file, port) = (file.to_string_lossy(), bus_port.to_string());
        let login: &[&str] = if password.is_empty() { &[] } else { &["--requirepass", password] };
        let arguments = [
            &["--cluster-enabled", "yes", "--cluster-config-file", &file, "--cluster-port", &port][..],
            &["--cluster-node-timeout", "1000", "--repl-diskless-sync-delay", "0"],
            login,
        ];
        let redis = Redis::with(&arguments.concat()).await;
        let answer = redis.command(&format!("{}CLUSTER MYID", self.login)).await;
        let id = answer.lines().find(|line| line.len() == 40).expect("the id of a server").to_owned();
        self.servers.push(Member { redis, id, bus_port });
    }

    /// Makes all servers know each other, and waits until they serve.
    async fn meet(&self) {
        let (last, others) = self.servers.split_last().expect("a server");
        for other in others {
            let command = format!("CLUSTER MEET 127.0.0.1 {} {}", last.redis.port, last.bus_port);
            assert!(other.redis.command(&format!("{}{command}", self.login)).await.contains("+OK"));
        }
        for nth in 0..self.servers.len() {
            self.serves(nth).await;
            let known = format!("cluster_known_nodes:{}\r", self.servers.len());
            self.until(nth, "CLUSTER INFO", &known).await;
        }
    }

    pub(crate) async fn serves(&self, nth: usize) {
        self.until(nth, "CLUSTER INFO", "cluster_state:ok").await;
    }

    /// Waits until a server's answer contains this.
    pub(crate) async fn until(&self, nth: usize, command: &str, part: &str) {
        let began = Instant::now();
        loop {
            let answer = self.command(nth, command).await;
            if answer.contains(part) {
                return;
            }
            assert!(began.elapsed() < DEADLINE, "{part} is not in {answer}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    pub(crate) async fn ok(&self, nth: usize, command: &str) {
        let answer = self.command(nth, command).await;
        assert!(answer.contains("+OK"), "{command}: {answer}");
    }

    async fn command(&self, nth: usize, command: &str) -> String {
        self.servers[nth].redis.command(&format!("{}{command}", self.login)).await
    }

    /// The slot of the channels of nodes with the default prefix, and which of the first servers has it.
    pub(crate) async fn slot(&self, masters: usize) -> (usize, usize) {
        let answer = self.command(0, "CLUSTER KEYSLOT sio").await;
        let slot = answer.lines().find_map(|line| line.strip_prefix(':')?.parse().ok()).expect("a slot");
        let owner = (0..masters).find(|nth| slot < (nth + 1) * 16_384 / masters).expect("an owner");
        (slot, owner)
    }

    /// Whether something was published at each of the first servers.
    pub(crate) async fn all_publish(&self, masters: usize) -> bool {
        for nth in 0..masters {
            if !self.command(nth, "INFO commandstats").await.contains("cmdstat_spublish:") {
                return false;
            }
        }
        true
    }

    /// Its URL without the scheme.
    pub(crate) fn hosts(&self) -> String {
        let hosts: Vec<_> =
            self.servers.iter().map(|server| format!("127.0.0.1:{}", server.redis.port)).collect();
        hosts.join(",")
    }

    /// Those of nodes at a server.
    pub(crate) async fn clients(&self, nth: usize) -> Vec<String> {
        self.servers[nth]
            .redis
            .clients_with(|line| line.contains(" ssub=") && !line.contains(" ssub=0 "))
            .await
    }
}

impl Drop for RedisCluster {
    fn drop(&mut self) {
        self.servers.iter_mut().for_each(|server| server.redis.kill());
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub(crate) fn by(hosts: &str) -> Options {
    Options::new(RedisBus::new(&format!("redis+cluster://{hosts}")).expect("a URL"))
}
