//! [`Master`]: the server to connect to, which several others name.

use std::fmt::Write as _;
use std::future::Future;
use std::time::Duration;

use redis::aio::AsyncPushSender;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use super::answer::failed;
use super::link::{open, role};
use super::resp3;
use crate::address::host_and_port;
use crate::error::BusError;
use crate::sink::Sink;
use crate::task::Task;

/// How long all who are asked may take together. The rest of the supervisor's time is for the master.
const ANSWER: Duration = Duration::from_millis(1000);

/// How long the masters may take together: less than the supervisor gives, so that the error names one.
pub(super) const CONNECT: Duration = Duration::from_millis(800);

/// The complaint about one who takes longer.
pub(super) const SILENT: &str = "it does not answer within 1 s";

/// How long the others are waited for when one has answered.
const OTHERS: Duration = Duration::from_millis(100);

/// How often they are asked while there is a connection.
const WATCH: Duration = Duration::from_secs(5);

/// A server that takes and passes on what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Master {
    host: String,
    port: u16,
}

/// An answer to the question which master there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found<T> {
    pub(super) what: T,
    /// The number of the change that has made it so.
    pub(super) epoch: u64,
}

impl Master {
    pub(super) fn new(host: impl Into<String>, port: u16) -> Self {
        Self { host: host.into(), port }
    }

    pub(super) fn address(&self) -> String {
        host_and_port(&self.host, self.port)
    }

    /// Returns how to connect to it, of how to connect to another one.
    pub(super) fn login(&self, other: &ConnectionInfo) -> ConnectionInfo {
        let (host, port) = (self.host.clone(), self.port);
        let addr = match other.addr() {
            ConnectionAddr::TcpTls { insecure, tls_params, .. } => {
                ConnectionAddr::TcpTls { host, port, insecure: *insecure, tls_params: tls_params.clone() }
            }
            _ => ConnectionAddr::Tcp(host, port),
        };
        other.clone().set_addr(addr)
    }

    /// Connects to it. All that arrives goes to `push`.
    pub(super) async fn connect(
        &self,
        login: ConnectionInfo,
        until: Instant,
        push: impl AsyncPushSender,
    ) -> Result<MultiplexedConnection, BusError> {
        // An error of one of several servers is of no use without its address.
        let of_it = |reason: &dyn std::fmt::Display| {
            BusError::new(format!("the master {}: {reason}", self.address()))
        };
        let client = Client::open(resp3(login)).map_err(|error| of_it(&failed(&error)))?;
        let connecting = timeout_at(until, open(&client, push)).await;
        let connecting = connecting.map_err(|_| of_it(&"it does not answer"))?;
        let mut connection = connecting.map_err(|error| of_it(&failed(&error)))?;
        let role = role(&mut connection).await.map_err(|error| of_it(&failed(&error)))?;
        if role.as_deref().is_some_and(|role| role != "master") {
            // A replica passes nothing on to those who are at the master.
            return Err(of_it(&"it is a replica, which those who name it have not noticed yet"));
        }
        Ok(connection)
    }
}

/// Returns how to connect to those who are asked.
pub(super) fn question() -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(ANSWER)).set_response_timeout(Some(ANSWER))
}

/// Asks all of them at the same time. Those that have not heard of a change yet name the master before it: of different
/// answers that with the highest epoch holds. If there is no answer, the failure of each, `None` for one that said
/// nothing.
pub(super) async fn newest<T: Send + 'static, F: Send + 'static>(
    questions: impl IntoIterator<Item = impl Future<Output = Result<Found<T>, F>> + Send + 'static>,
) -> Result<Found<T>, Vec<Option<F>>> {
    let mut asked = JoinSet::new();
    let mut failures = Vec::new();
    for (nth, question) in questions.into_iter().enumerate() {
        failures.push(None);
        asked.spawn(async move { (nth, question.await) });
    }
    let mut until = Instant::now() + ANSWER;
    let mut found: Option<Found<T>> = None;
    // A task that panics is one that does not answer.
    while let Ok(Some(Ok((nth, answer)))) = timeout_at(until, asked.join_next()).await {
        match answer {
            Ok(answer) => {
                until = until.min(Instant::now() + OTHERS);
                if found.as_ref().is_none_or(|before| before.epoch < answer.epoch) {
                    found = Some(answer);
                }
            }
            Err(failure) => failures[nth] = Some(failure),
        }
    }
    found.ok_or(failures)
}

/// Says why there is no answer, with everybody by name.
pub(super) fn complaint<'a>(
    mut text: String,
    failures: impl Iterator<Item = (&'a str, &'a str)>,
) -> BusError {
    for (nth, (name, reason)) in failures.enumerate() {
        let separator = if nth == 0 { ": " } else { "; " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{name} ({reason})");
    }
    BusError::new(text)
}

/// Ends a connection when the answer has become another, for which is asked until the task is dropped. `reason` says why,
/// of the new answer and the one before.
pub(super) fn watch<T, F>(
    find: impl Fn() -> F + Send + 'static,
    before: Found<T>,
    sink: Sink,
    reason: fn(&T, &T) -> String,
) -> Task
where
    T: PartialEq + Send + Sync + 'static,
    F: Future<Output = Result<Found<T>, BusError>> + Send,
{
    Task::spawn(async move {
        loop {
            sleep(WATCH).await;
            // Without an answer the connection is as good as it was.
            if let Ok(now) = find().await
                && now.epoch > before.epoch
                && now.what != before.what
            {
                return sink.closed(BusError::new(reason(&now.what, &before.what)));
            }
        }
    })
}

/// Returns whether a host of a URL has a port.
pub(super) fn has_port(host: &str) -> bool {
    host.rsplit_once(':').is_some_and(|(before, port)| !before.is_empty() && !port.ends_with(']'))
}

/// `host:port` of an address.
pub(super) fn address(addr: &ConnectionAddr) -> String {
    match addr {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => {
            host_and_port(host, *port)
        }
        other => other.to_string(),
    }
}
