//! [`Sentinels`]: which Redis is the master at the moment.
//!
//! All sentinels of the URL are asked at the same time. Those that have not heard of a failover yet name the master
//! before it: of different answers that with the highest epoch holds, which each failover raises.

use redis::aio::MultiplexedConnection;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisError};

use super::answer::{failed, text, wants_password};
use super::master::{self, Found, Master, SILENT, address, has_port, question};
use crate::error::BusError;
use crate::sink::Sink;
use crate::task::Task;

/// The port of sentinels.
const PORT: u16 = 26379;

/// The scheme of a URL of sentinels, and of the servers that it stands for.
const SCHEMES: [(&str, &str); 2] = [("redis+sentinel://", "redis"), ("rediss+sentinel://", "rediss")];

/// Those who know which Redis is the master.
#[derive(Debug, Clone)]
pub(super) struct Sentinels {
    scheme: &'static str,
    sentinels: Vec<Sentinel>,
    /// The name of the master.
    service: String,
    /// All that is known of the master beforehand: how to log in.
    master: ConnectionInfo,
}

#[derive(Debug, Clone)]
struct Sentinel {
    /// `host:port`.
    name: String,
    client: Client,
    /// The same with the password of the servers, for one that wants a password if the URL has none for sentinels.
    with_password: Option<Client>,
}

/// Why a sentinel has named no master.
enum Failure {
    /// It knows none of this name.
    Unknown,
    /// It does not know its own master, for one.
    Failed(String),
}

impl Sentinels {
    /// Reads a URL of sentinels; `None` if it is that of something else.
    pub(super) fn parse(url: &str) -> Option<Result<Self, BusError>> {
        let (scheme, rest) =
            SCHEMES.into_iter().find_map(|(prefix, scheme)| Some((scheme, url.strip_prefix(prefix)?)))?;
        Some(Self::read(scheme, rest).map_err(|reason| {
            let example = "redis+sentinel://:password@10.0.0.5:26379,10.0.0.6:26379/mymaster";
            BusError::new(format!("not a URL of sentinels, such as {example} ({reason})"))
        }))
    }

    fn read(scheme: &'static str, rest: &str) -> Result<Self, String> {
        let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (login, hosts) = match authority.rsplit_once('@') {
            Some((login, hosts)) => (Some(login), hosts),
            None => (None, authority),
        };
        let (service, database) = match path.split_once('/') {
            // As python-socketio has it.
            Some((database, service)) if is_number(database) && !is_number(service) => (service, database),
            Some(parts) => parts,
            None => (path, ""),
        };
        if service.is_empty() {
            return Err("there is no name of a master in it".to_owned());
        }
        let login_of_sentinels = login_in(query)?;
        let mut sentinels = Vec::new();
        let mut master = None;
        for host in hosts.split(',') {
            let info = |login: Option<&str>, database: &str| {
                let login = login.map(|login| format!("{login}@")).unwrap_or_default();
                let url = format!("{scheme}://{login}{host}/{database}");
                let info = url.into_connection_info().map_err(|error| text(&error))?;
                Ok::<_, String>(with_port(info, !has_port(host)))
            };
            let client = |login| Client::open(info(login, "")?).map_err(|error: RedisError| text(&error));
            let plain = info(login_of_sentinels.as_deref(), "")?;
            sentinels.push(Sentinel {
                name: address(plain.addr()),
                client: client(login_of_sentinels.as_deref())?,
                with_password: match (&login_of_sentinels, login) {
                    (None, Some(_)) => Some(client(login)?),
                    _ => None,
                },
            });
            master.get_or_insert(info(login, database)?);
        }
        let master = master.ok_or("there is no sentinel in it")?;
        Ok(Self { scheme, sentinels, service: service.to_owned(), master })
    }

    /// Returns the URL without its passwords.
    pub(super) fn name(&self) -> String {
        let names: Vec<&str> = self.sentinels.iter().map(|sentinel| &*sentinel.name).collect();
        format!("{}+sentinel://{}/{}", self.scheme, names.join(","), self.service)
    }

    /// Returns the address of a sentinel: the way there is that to the servers.
    pub(super) fn host(&self) -> Option<String> {
        self.sentinels.first().map(|sentinel| sentinel.name.clone())
    }

    pub(super) fn uses_tls(&self) -> bool {
        self.scheme == "rediss"
    }

    /// Returns how to connect to a master.
    pub(super) fn login(&self, master: &Master) -> ConnectionInfo {
        master.login(&self.master)
    }

    /// Asks all of them which Redis is the master.
    pub(super) async fn master(&self) -> Result<Found<Master>, BusError> {
        let asked = self.sentinels.iter().cloned().map(|sentinel| {
            let service = self.service.clone();
            async move { sentinel.master(&service).await }
        });
        master::newest(asked).await.map_err(|failures| self.complaint(&failures))
    }

    /// Says why no master was found, with every sentinel by its name.
    fn complaint(&self, failures: &[Option<Failure>]) -> BusError {
        let is_unknown = |failure: &Option<Failure>| matches!(failure, Some(Failure::Unknown));
        let text = if failures.iter().any(is_unknown) {
            format!("the sentinels know no master called `{}`", self.service)
        } else {
            "no sentinel names the master".to_owned()
        };
        let each = self.sentinels.iter().zip(failures).map(|(sentinel, failure)| {
            let reason = match failure {
                Some(Failure::Unknown) => "it knows none of this name",
                Some(Failure::Failed(reason)) => reason,
                None => SILENT,
            };
            (&*sentinel.name, reason)
        });
        master::complaint(text, each)
    }

    /// Ends a connection when the sentinels have another master. They end the connections of one that they have replaced;
    /// this is for one that they cannot reach, while this process can.
    pub(super) fn watch(&self, found: Found<Master>, sink: Sink) -> Task {
        let sentinels = self.clone();
        let find = move || {
            let sentinels = sentinels.clone();
            async move { sentinels.master().await }
        };
        master::watch(find, found, sink, |now, before| {
            format!("{} is the master in place of {}", now.address(), before.address())
        })
    }
}

impl Sentinel {
    /// Asks this one.
    async fn master(&self, service: &str) -> Result<Found<Master>, Failure> {
        match (master_by(&self.client, service).await, &self.with_password) {
            (Err(error), Some(client)) if wants_password(&error) => master_by(client, service).await,
            (answer, _) => answer,
        }
        .map_err(|error| {
            Failure::Failed(if wants_password(&error) {
                format!("it wants a password: sentinel_password=.. in the URL's query ({})", text(&error))
            } else if text(&error).contains("unknown command") {
                "it is no sentinel".to_owned()
            } else {
                failed(&error).to_string()
            })
        })?
        .ok_or(Failure::Unknown)
    }
}

/// Asks a sentinel which Redis is the master of this name; `None` if it knows none.
async fn master_by(client: &Client, service: &str) -> Result<Option<Found<Master>>, RedisError> {
    let mut connection = client.get_multiplexed_async_connection_with_config(&question()).await?;
    let mut command = redis::cmd("SENTINEL");
    command.arg("GET-MASTER-ADDR-BY-NAME").arg(service);
    let found: Option<(String, u16)> = command.query_async(&mut connection).await?;
    let Some((host, port)) = found else { return Ok(None) };
    // A user may be allowed to ask for the address only.
    let epoch = epoch(&mut connection, service).await.unwrap_or_default();
    Ok(Some(Found { what: Master::new(host, port), epoch }))
}

async fn epoch(connection: &mut MultiplexedConnection, service: &str) -> Option<u64> {
    let mut command = redis::cmd("SENTINEL");
    command.arg("MASTER").arg(service);
    let fields: Vec<String> = command.query_async(connection).await.ok()?;
    let (fields, _) = fields.as_chunks();
    fields.iter().find_map(|[name, value]| (name == "config-epoch").then(|| value.parse().ok())?)
}

/// Returns user and password for sentinels, as they stand in front of a host.
fn login_in(query: &str) -> Result<Option<String>, String> {
    let (mut user, mut password) = ("", None);
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("sentinel_user", value)) => user = value,
            Some(("sentinel_password", value)) => password = Some(value),
            _ => return Err("its query may have sentinel_user and sentinel_password".to_owned()),
        }
    }
    match password {
        None if user.is_empty() => Ok(None),
        None => Err("a user needs a password".to_owned()),
        Some(password) if password.contains('/') || user.contains('/') => {
            Err("in user and password, characters that mean something in URLs are written as %..".to_owned())
        }
        Some(password) => Ok(Some(format!("{user}:{password}"))),
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Replaces the port of servers by that of sentinels, if the URL names none.
fn with_port(info: ConnectionInfo, is_default: bool) -> ConnectionInfo {
    let addr = match info.addr() {
        ConnectionAddr::Tcp(host, _) if is_default => ConnectionAddr::Tcp(host.clone(), PORT),
        ConnectionAddr::TcpTls { host, insecure, tls_params, .. } if is_default => ConnectionAddr::TcpTls {
            host: host.clone(),
            port: PORT,
            insecure: *insecure,
            tls_params: tls_params.clone(),
        },
        _ => return info,
    };
    info.set_addr(addr)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentinels(url: &str) -> Sentinels {
        Sentinels::parse(url).expect("a URL of sentinels").expect("a good one")
    }

    #[test]
    fn a_url_names_sentinels_master_database_and_who_logs_in_where() {
        let url = "redis+sentinel://ann:p%40ss@one,10.0.0.6:7000,[::1]:7001/mymaster/3?sentinel_user=eve&sentinel_password=s%3A";
        let sentinels = sentinels(url);
        assert_eq!(sentinels.name(), "redis+sentinel://one:26379,10.0.0.6:7000,[::1]:7001/mymaster");
        let logins = sentinels.sentinels.iter().map(|sentinel| {
            let settings = sentinel.client.get_connection_info().redis_settings();
            (settings.username(), settings.password(), settings.db())
        });
        assert!(logins.into_iter().all(|login| login == (Some("eve"), Some("s:"), 0)));
        let info = sentinels.login(&Master::new("10.0.0.9", 6380));
        assert_eq!(address(info.addr()), "10.0.0.9:6380");
        let settings = info.redis_settings();
        assert_eq!((settings.username(), settings.password(), settings.db()), (Some("ann"), Some("p@ss"), 3));
    }

    #[test]
    fn the_database_may_stand_before_the_name_of_the_master() {
        for url in ["redis+sentinel://one/mymaster/3", "redis+sentinel://one/3/mymaster"] {
            let sentinels = sentinels(url);
            assert_eq!((&*sentinels.service, sentinels.master.redis_settings().db()), ("mymaster", 3));
        }
    }

    #[test]
    fn sentinels_that_want_a_password_get_that_of_the_servers_if_they_have_none() {
        let both = sentinels("redis+sentinel://:secret@one/mymaster");
        let [sentinel] = &both.sentinels[..] else { panic!("one") };
        assert_eq!(sentinel.client.get_connection_info().redis_settings().password(), None);
        let second = sentinel.with_password.as_ref().expect("a second try");
        assert_eq!(second.get_connection_info().redis_settings().password(), Some("secret"));
        assert!(sentinels("redis+sentinel://one/mymaster").sentinels[0].with_password.is_none());
    }

    #[test]
    fn a_wrong_url_is_refused_without_being_repeated() {
        for url in [
            "redis+sentinel://",
            "redis+sentinel://one",
            "redis+sentinel://one/",
            "redis+sentinel://secret@/mymaster",
            "redis+sentinel://:secret@one,,two/mymaster",
            "redis+sentinel://:secret@one:99999/mymaster",
            "redis+sentinel://one/mymaster/secret",
            "redis+sentinel://one/mymaster?password=secret",
            "redis+sentinel://one/mymaster?sentinel_user=secret",
            "redis+sentinel://one/mymaster?sentinel_password=sec/ret",
        ] {
            let error = Sentinels::parse(url).expect("its scheme").expect_err(url).to_string();
            assert!(error.starts_with("not a URL of sentinels"), "{error}");
            assert!(!error.contains("secret") && !error.contains("sec/ret"), "{error}");
        }
        assert!(Sentinels::parse("redis://one").is_none());
    }
}
