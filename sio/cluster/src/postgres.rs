//! [`PostgresBus`]: PostgreSQL, by LISTEN and NOTIFY.
//!
//! A notification is at most 7,999 bytes of text, so frames go as base64, and large ones in parts. There is no table:
//! it would need to be created, cleaned and vacuumed, and listeners would query each row again. Each batch of frames
//! is one transaction: its notifications arrive together and in order.

use std::error::Error as _;
use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite};
#[cfg(not(feature = "postgres-tls"))]
use tokio_postgres::NoTls;
use tokio_postgres::config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, Statement};

use crate::address::host_and_port;
use crate::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use crate::parts::{Joiner, Splitter};
use crate::task::Task;

/// The largest frame.
const MAX_FRAME: usize = 4 << 20;

/// Bytes of a notification, before they are written as base64: 7,999 characters are allowed.
const MAX_NOTIFICATION: usize = 7_999 / 4 * 3;

/// Bytes of the name of a channel. `LISTEN` would cut longer ones off without a word.
const MAX_NAME: usize = 63;

/// How long one of several hosts may take to accept a connection.
const ONE_OF_SEVERAL: Duration = Duration::from_millis(600);

/// How long a node may take to read notifications. PostgreSQL keeps those that it has not read on the disk, and when
/// that is full nobody may publish any more; so the connection of one that stands still is to end.
const PATIENCE: Duration = Duration::from_secs(15);

/// PostgreSQL.
///
/// For teams that have nothing else: it takes some 5,000 notifications a second from all nodes together, however many
/// cores it has. One connection publishes and listens; it must be to the primary, and not by a pooler that gives each
/// transaction another connection.
///
/// # Examples
///
/// ```
/// use sio_cluster::PostgresBus;
/// use sio_cluster::bus::Bus as _;
///
/// let bus = PostgresBus::new("postgres://user:secret@10.0.0.5/shop")?;
/// assert_eq!(bus.name(), "postgres://10.0.0.5:5432/shop");
/// # Ok::<(), sio_cluster::BusError>(())
/// ```
pub struct PostgresBus {
    config: Config,
    /// The last attempt has failed, or was dropped.
    has_failed: AtomicBool,
}

/// A connection to PostgreSQL.
pub struct PostgresLink {
    client: Client,
    notify: Statement,
    names: Names,
    splitter: Splitter,
    _receiving: Task,
}

impl PostgresBus {
    /// Takes `postgres://[user[:password]@]host[:port][/database]`, with further hosts after commas, and the parameters
    /// that PostgreSQL's own clients take. Does no I/O.
    ///
    /// Of several hosts the first one that is the primary is used. Each has 600 ms to accept the connection, unless
    /// `?connect_timeout=` says otherwise.
    ///
    /// With `?sslmode=require` and the feature `postgres-tls` it connects by TLS, and the certificate must be valid;
    /// without, in plain text.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The message does not contain it, since there may be a password in it.
    pub fn new(url: &str) -> Result<Self, BusError> {
        let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
        // The parser's own text may repeat a part of the URL.
        let config = url.parse::<Config>().ok().filter(|config| is_url && !config.get_hosts().is_empty());
        let mut config = config.ok_or_else(|| {
            BusError::new("not a URL of PostgreSQL, such as postgres://user:password@10.0.0.5/database")
        })?;
        // TLS only where it is asked for: `prefer` would not check the certificate, or fail for one that nobody has made.
        match config.get_ssl_mode() {
            SslMode::Require if !cfg!(feature = "postgres-tls") => {
                return Err(BusError::new(
                    "for `sslmode=require` the feature `postgres-tls` must be switched on",
                ));
            }
            SslMode::Require => {}
            _ => {
                config.ssl_mode(SslMode::Disable);
            }
        }
        if config.get_application_name().is_none() {
            config.application_name("sio");
        }
        if config.get_hosts().len() > 1 {
            if config.get_connect_timeout().is_none() {
                config.connect_timeout(ONE_OF_SEVERAL);
            }
            if config.get_target_session_attrs() == TargetSessionAttrs::Any {
                config.target_session_attrs(TargetSessionAttrs::ReadWrite);
            }
        }
        Ok(Self { config, has_failed: AtomicBool::new(false) })
    }

    fn servers(&self) -> impl Iterator<Item = (&Host, u16)> {
        let ports = self.config.get_ports();
        // One port is that of all hosts.
        let port = move |n: usize| ports.get(n).or_else(|| ports.first()).copied().unwrap_or(5432);
        self.config.get_hosts().iter().enumerate().map(move |(n, host)| (host, port(n)))
    }
}

impl Bus for PostgresBus {
    type Link = PostgresLink;

    fn caps(&self) -> Caps {
        Caps { max_frame: MAX_FRAME }
    }

    fn name(&self) -> String {
        let servers: Vec<String> = self.servers().map(|(host, port)| address(host, port)).collect();
        let database = self.config.get_dbname().map(|name| format!("/{name}")).unwrap_or_default();
        format!("postgres://{}{database}", servers.join(","))
    }

    fn host(&self) -> Option<String> {
        let (host, port) = self.servers().next()?;
        matches!(host, Host::Tcp(_)).then(|| address(host, port))
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<PostgresLink, BusError> {
        let longest = names.prefix().len() + ".x.".len() + 16;
        if longest > MAX_NAME {
            let most = MAX_NAME - (longest - names.prefix().len());
            return Err(BusError::new(format!(
                "its channels have names of at most {MAX_NAME} bytes: the prefix may have {most} characters, and has {}",
                names.prefix().len()
            )));
        }
        #[cfg(feature = "postgres-tls")]
        let tls = crate::tls::MakePostgres;
        #[cfg(not(feature = "postgres-tls"))]
        let tls = NoTls;
        let mut config = self.config.clone();
        if self.has_failed.swap(true, Relaxed) {
            // A host that accepts and says nothing takes all the time that there is; in another order the others have
            // their turn, too.
            config.load_balance_hosts(LoadBalanceHosts::Random);
        }
        let (client, connection) = config.connect(tls).await.map_err(|error| failed(&error))?;
        self.has_failed.store(false, Relaxed);
        let receiving = Task::spawn(receive(connection, names.clone(), sink));
        // Notifications are not written down, so there is nothing to wait for on the disk.
        client.batch_execute("SET synchronous_commit = off").await.map_err(|error| failed(&error))?;
        // Not on every system; without it others have to end connections that stand still.
        let _ = client.batch_execute(&format!("SET tcp_user_timeout = {}", PATIENCE.as_millis())).await;
        let query = "SELECT pg_notify(channel, payload) FROM unnest($1, $2) AS frames (channel, payload)";
        let preparing = client.prepare_typed(query, &[Type::TEXT_ARRAY, Type::TEXT_ARRAY]);
        let notify = preparing.await.map_err(|error| failed(&error))?;
        let splitter = Splitter::new(MAX_NOTIFICATION);
        Ok(PostgresLink { client, notify, names, splitter, _receiving: receiving })
    }
}

impl PostgresLink {
    /// Has a command done for each topic, whose names need no escapes.
    async fn each(&self, command: &str, topics: &[Topic]) -> Result<(), BusError> {
        let commands: String =
            topics.iter().map(|topic| format!("{command} \"{}\";", self.names.of(topic))).collect();
        self.client.batch_execute(&commands).await.map_err(|error| failed(&error))
    }
}

impl Link for PostgresLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.each("LISTEN", topics).await
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        self.each("UNLISTEN", topics).await
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        let (mut channels, mut payloads) = (Vec::new(), Vec::new());
        for frame in frames {
            let channel = self.names.of(&frame.topic);
            self.splitter.split(&frame.payload, |head, body| {
                let payload = if head.is_empty() { STANDARD_NO_PAD.encode(body) } else { text(head, body) };
                channels.push(channel.clone());
                payloads.push(payload);
            });
        }
        self.client.execute(&self.notify, &[&channels, &payloads]).await.map_err(|error| failed(&error))?;
        Ok(Receivers::Unknown)
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.client.batch_execute("").await.map_err(|error| failed(&error))
    }
}

/// Writes both as one text.
fn text(head: &[u8], body: &[u8]) -> String {
    STANDARD_NO_PAD.encode([head, body].concat())
}

/// Takes what arrives, until the connection ends.
async fn receive<S, T>(mut connection: Connection<S, T>, names: Names, sink: Sink)
where
    S: AsyncRead + AsyncWrite + Unpin,
    T: AsyncRead + AsyncWrite + Unpin,
{
    let mut joiner = Joiner::new(MAX_FRAME);
    loop {
        match poll_fn(|cx| connection.poll_message(cx)).await {
            Some(Ok(AsyncMessage::Notification(notification))) => {
                let Some(topic) = names.topic(notification.channel()) else { continue };
                // Anything but base64 is passed on as it is, and counted as malformed by the receiver.
                let payload = STANDARD_NO_PAD
                    .decode(notification.payload())
                    .map_or_else(|_| Bytes::copy_from_slice(notification.payload().as_bytes()), Bytes::from);
                if let Some(payload) = joiner.take(payload) {
                    sink.frame(&topic, payload);
                }
            }
            Some(Ok(_)) => {}
            Some(Err(error)) => return sink.closed(failed(&error)),
            None => return sink.closed(BusError::new("the connection has ended")),
        }
    }
}

/// Returns the error that an operator reads. The client's errors do not contain passwords.
fn failed(error: &tokio_postgres::Error) -> BusError {
    let Some(of_server) = error.as_db_error() else {
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        return BusError::new(format!("{error}{cause}").split_whitespace().collect::<Vec<_>>().join(" "));
    };
    let reason = of_server.message();
    BusError::new(match of_server.code() {
        code if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
        {
            format!("it refuses the user or the password of the URL ({reason})")
        }
        code if *code == SqlState::INVALID_CATALOG_NAME => format!("there is no such database ({reason})"),
        code if *code == SqlState::INSUFFICIENT_PRIVILEGE => format!("its user may not do that ({reason})"),
        code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => {
            format!("it is a replica, and only the primary passes notifications on ({reason})")
        }
        _ => reason.to_owned(),
    })
}

/// A host and its port, as in a URL.
fn address(host: &Host, port: u16) -> String {
    match host {
        Host::Tcp(host) => host_and_port(host, port),
        #[cfg(unix)]
        Host::Unix(path) => format!("{}:{port}", path.display()),
    }
}

impl fmt::Debug for PostgresBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PostgresBus").field(&self.name()).finish()
    }
}

impl fmt::Debug for PostgresLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresLink").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_has_no_password_in_it() {
        for (url, name) in [
            ("postgres://localhost", "postgres://localhost:5432"),
            ("postgresql://user:secret@10.0.0.5:5433/shop", "postgres://10.0.0.5:5433/shop"),
            ("postgres://user:secret@[::1]/shop", "postgres://[::1]:5432/shop"),
            ("postgres://user:secret@a,b:5433/shop?sslmode=disable", "postgres://a:5432,b:5433/shop"),
        ] {
            let bus = PostgresBus::new(url).unwrap();
            assert_eq!(bus.name(), name);
            assert!(!format!("{bus:?}").contains("secret"));
        }
    }

    #[test]
    fn what_is_no_url_of_postgresql_is_refused_without_being_repeated() {
        for url in
            ["", "localhost", "host=localhost password=secret", "http://secret@a", "postgres://u:secret@a:x"]
        {
            let error = PostgresBus::new(url).unwrap_err().to_string();
            assert!(error.starts_with("not a URL of PostgreSQL") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_full_notification_is_as_long_as_it_may_be() {
        let text = text(&[0; 18], &[0; MAX_NOTIFICATION - 18]);
        assert!((7_996..=7_999).contains(&text.len()), "{}", text.len());
    }
}
