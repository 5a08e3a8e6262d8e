//! [`Sharded`]: a Redis Cluster, whose servers share channels among them by slots.
//!
//! All topics of one prefix lie in one slot, so that one server orders them, as a single Redis does; clusters of other
//! prefixes lie in others. With several shards there is a slot for each, and a process sends all it has to say by one
//! of them, so that this stays in order, and hears them all. Servers are asked which of them have the slots, and named
//! by each other as time goes by.

use std::sync::{Arc, Mutex, PoisonError};

use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError, Value};

use super::answer::{failed, text};
use super::master::{self, Found, Master, SILENT, address, question};
use super::resp3;
use super::slots::ranges;
use crate::error::BusError;
use crate::random;
use crate::sink::Sink;
use crate::task::Task;

/// Servers that are remembered beside those of the URL.
const MAX_KNOWN: usize = 64;

/// The most shards: a node subscribes its topics in each of them.
const MAX_SHARDS: u16 = 16;

/// The scheme of a URL of a Redis Cluster, and of the servers that it stands for.
const SCHEMES: [(&str, &str); 2] = [("redis+cluster://", "redis"), ("rediss+cluster://", "rediss")];

/// The servers of a Redis Cluster.
#[derive(Debug, Clone)]
pub(super) struct Sharded {
    scheme: &'static str,
    /// Those of the URL.
    seeds: Vec<ConnectionInfo>,
    /// Those that one of them has named last: by the next failover, those of the URL may be gone.
    known: Arc<Mutex<Vec<Master>>>,
    /// The number of slots that the channels of a prefix are in.
    shards: u16,
    /// Decides by which of them this process sends.
    lot: u64,
}

impl Sharded {
    /// Reads a URL of a Redis Cluster; `None` if it is that of something else.
    pub(super) fn parse(url: &str) -> Option<Result<Self, BusError>> {
        let (scheme, rest) =
            SCHEMES.into_iter().find_map(|(prefix, scheme)| Some((scheme, url.strip_prefix(prefix)?)))?;
        Some(Self::read(scheme, rest).map_err(|reason| {
            let example = "redis+cluster://:password@10.0.0.5:6379,10.0.0.6:6379";
            BusError::new(format!("not a URL of a Redis Cluster, such as {example} ({reason})"))
        }))
    }

    fn read(scheme: &'static str, rest: &str) -> Result<Self, String> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, "shards=1"));
        let shards = query.strip_prefix("shards=").and_then(|shards| shards.parse().ok());
        let Some(shards @ 1..=MAX_SHARDS) = shards else {
            return Err(format!("its query may have shards=1 to shards={MAX_SHARDS}"));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (login, hosts) = match rest.rsplit_once('@') {
            Some((login, hosts)) => (format!("{login}@"), hosts),
            None => (String::new(), rest),
        };
        if hosts.contains(['/', '#']) {
            return Err("behind its servers there is nothing but shards=..; it has no databases".to_owned());
        }
        let seeds = hosts.split(',').map(|host| {
            let url = format!("{scheme}://{login}{host}");
            url.into_connection_info().map_err(|error| text(&error))
        });
        let seeds = seeds.collect::<Result<_, _>>()?;
        Ok(Self { scheme, seeds, known: Arc::default(), shards, lot: random::number() })
    }

    /// Returns the URL without its password.
    pub(super) fn name(&self) -> String {
        let names: Vec<String> = self.seeds.iter().map(|seed| address(seed.addr())).collect();
        format!("{}+cluster://{}", self.scheme, names.join(","))
    }

    /// Returns the address of a server.
    pub(super) fn host(&self) -> Option<String> {
        self.seeds.first().map(|seed| address(seed.addr()))
    }

    pub(super) fn uses_tls(&self) -> bool {
        self.scheme == "rediss"
    }

    pub(super) fn shards(&self) -> u16 {
        self.shards
    }

    /// Returns by which shard this process sends.
    pub(super) fn own(&self) -> usize {
        // It is below the number of shards.
        (self.lot % u64::from(self.shards)) as usize
    }

    /// Returns how to connect to one of its servers.
    pub(super) fn login(&self, master: &Master) -> ConnectionInfo {
        master.login(&self.seeds[0])
    }

    /// Asks all known servers which of them have these slots, in their order.
    pub(super) async fn masters(&self, slots: &[u16]) -> Result<Found<Vec<Master>>, BusError> {
        let asked = self.asked();
        let names: Vec<String> = asked.iter().map(|server| address(server.addr())).collect();
        let questions = asked.into_iter().map(|server| {
            let (sharded, slots) = (self.clone(), slots.to_owned());
            async move { sharded.ask(server, &slots).await }
        });
        master::newest(questions).await.map_err(|failures| {
            let reasons = failures.iter().map(|failure| failure.as_deref().unwrap_or(SILENT));
            let each = names.iter().map(String::as_str).zip(reasons);
            master::complaint("no server of the Redis Cluster says where to connect".to_owned(), each)
        })
    }

    /// Ends a connection when other servers have the slots.
    pub(super) fn watch(&self, slots: Vec<u16>, found: Found<Vec<Master>>, sink: Sink) -> Task {
        let sharded = self.clone();
        let find = move || {
            let (sharded, slots) = (sharded.clone(), slots.clone());
            async move { sharded.masters(&slots).await }
        };
        master::watch(find, found, sink, |now, before| {
            let mut pairs = now.iter().zip(before);
            let (now, before) = pairs.find(|(now, before)| now != before).unwrap_or((&now[0], &before[0]));
            format!("{} has the slot of its channels in place of {}", now.address(), before.address())
        })
    }

    /// Those of the URL, and the others that they have named.
    fn asked(&self) -> Vec<ConnectionInfo> {
        let mut asked = self.seeds.clone();
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for server in known.iter().map(|server| server.login(&self.seeds[0])) {
            if asked.iter().all(|other| other.addr() != server.addr()) {
                asked.push(server);
            }
        }
        asked
    }

    /// Asks one server which of them have these slots.
    async fn ask(&self, server: ConnectionInfo, slots: &[u16]) -> Result<Found<Vec<Master>>, String> {
        let asked = match server.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.clone(),
            _ => String::new(),
        };
        let told = told_by(server).await.map_err(|error| {
            if text(&error).contains("cluster support disabled") {
                return "it is in no Redis Cluster; the URL of a single server begins with `redis://`"
                    .to_owned();
            }
            failed(&error).to_string()
        })?;
        if told.major < 7 {
            return Err(format!("Redis 7 or later is needed, and this is {}", told.major));
        }
        if field(&told.info, "cluster_state") != Some("ok") {
            return Err("the Redis Cluster is down".to_owned());
        }
        let ranges = ranges(&told.slots, &asked);
        let owner = |slot: &u16| {
            let range = ranges.iter().find(|range| range.has(*slot));
            range
                .and_then(|range| range.servers.first())
                .cloned()
                .ok_or_else(|| format!("no server has the slot {slot}"))
        };
        let what = slots.iter().map(owner).collect::<Result<_, _>>()?;
        let epoch = field(&told.info, "cluster_current_epoch").and_then(|epoch| epoch.parse().ok());
        let servers = ranges.into_iter().flat_map(|range| range.servers).take(MAX_KNOWN).collect();
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = servers;
        Ok(Found { what, epoch: epoch.unwrap_or_default() })
    }
}

/// The knowledge of one server.
struct Told {
    /// Its version.
    major: u64,
    /// The answer to `CLUSTER INFO`.
    info: String,
    /// The answer to `CLUSTER SLOTS`.
    slots: Value,
}

async fn told_by(server: ConnectionInfo) -> Result<Told, RedisError> {
    let client = Client::open(resp3(server))?;
    let mut connection = client.get_multiplexed_async_connection_with_config(&question()).await?;
    let info = redis::cmd("CLUSTER").arg("INFO").query_async(&mut connection).await?;
    let slots = redis::cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await?;
    let hello = redis::cmd("HELLO").query_async(&mut connection).await?;
    Ok(Told { major: major(&hello), info, slots })
}

/// The first number of the version that is in the answer to `HELLO`. One that does not say is taken for new enough.
fn major(hello: &Value) -> u64 {
    let Value::Map(fields) = hello else { return u64::MAX };
    let version = fields.iter().find_map(|(name, value)| match (name, value) {
        (Value::BulkString(name), Value::BulkString(value)) if name == b"version" => Some(value),
        _ => None,
    });
    let version = version.and_then(|version| std::str::from_utf8(version).ok());
    version.and_then(|version| version.split('.').next()?.parse().ok()).unwrap_or(u64::MAX)
}

/// A field of an answer of lines such as `cluster_state:ok`.
fn field<'a>(answer: &'a str, name: &str) -> Option<&'a str> {
    answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_names_servers_and_how_to_log_in() {
        let url = "redis+cluster://ann:p%40ss@one,10.0.0.6:7000,[::1]:7001/?shards=3";
        let sharded = Sharded::parse(url).expect("its scheme").expect("a URL");
        assert_eq!(sharded.name(), "redis+cluster://one:6379,10.0.0.6:7000,[::1]:7001");
        assert!(sharded.shards() == 3 && sharded.own() < 3);
        let info = sharded.login(&Master::new("10.0.0.9", 6380));
        assert_eq!(address(info.addr()), "10.0.0.9:6380");
        let settings = info.redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("ann"), Some("p@ss")));
        let one = Sharded::parse("redis+cluster://one").expect("its scheme").expect("a URL");
        assert_eq!((one.shards(), one.own()), (1, 0));
    }

    #[test]
    fn a_wrong_url_is_refused_without_being_repeated() {
        for url in [
            "redis+cluster://",
            "redis+cluster://:secret@",
            "redis+cluster://:secret@one,,two",
            "redis+cluster://:secret@one:99999",
            "redis+cluster://:secret@one/3",
            "redis+cluster://:secret@one?x=secret",
            "redis+cluster://:secret@one?shards=0",
            "redis+cluster://:secret@one?shards=17",
            "redis+cluster://:secret@one?shards=2&shards=3",
        ] {
            let error = Sharded::parse(url).expect("its scheme").expect_err(url).to_string();
            assert!(
                error.starts_with("not a URL of a Redis Cluster") && !error.contains("secret"),
                "{error}"
            );
        }
        assert!(Sharded::parse("redis://one").is_none());
    }

    #[test]
    fn the_version_is_read_from_the_greeting() {
        let hello = |version: &str| {
            let text = |text: &str| Value::BulkString(text.as_bytes().to_vec());
            Value::Map(vec![(text("server"), text("redis")), (text("version"), text(version))])
        };
        assert_eq!((major(&hello("6.2.14")), major(&hello("7.0.15")), major(&hello("10.1"))), (6, 7, 10));
        assert_eq!((major(&hello("new")), major(&Value::Nil)), (u64::MAX, u64::MAX));
    }
}
