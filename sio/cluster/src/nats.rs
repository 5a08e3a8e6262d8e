//! [`NatsBus`]: NATS, by its own protocol.
//!
//! Not by its client for Rust, which has a queue for each subscription, so that what is sent to all and what is sent to
//! one node would not stay in order; which connects again by itself; and which takes what is published while there is
//! no server without an error.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

use self::protocol::{Connect, Info, Said};
use crate::address::host_and_port;
use crate::bus::{Bus, BusError, Caps, Frame, Link, Names, Receivers, Sink, Topic};
use crate::parts::{Joiner, Splitter};
use crate::task::Task;

mod protocol;

/// The largest frame. One that is larger than the server's messages goes in parts.
const MAX_FRAME: usize = 8 << 20;

/// The largest message, also where a server takes larger ones.
const MAX_MESSAGE: usize = 1 << 20;

/// The smallest one that servers must take: a bundle of frames fits in.
const LEAST_MESSAGE: usize = 1 << 10;

/// How long one of several servers may take to answer.
const ONE_OF_SEVERAL: Duration = Duration::from_millis(600);

const DEFAULT_PORT: u16 = 4222;

/// NATS.
///
/// One connection publishes and receives. A server confirms what it has taken; nothing is kept there, so no JetStream
/// is needed. Of several servers of a cluster another one is taken when one is gone.
///
/// # Examples
///
/// ```
/// use sio_cluster::NatsBus;
/// use sio_cluster::bus::Bus as _;
///
/// let bus = NatsBus::new("nats://user:secret@10.0.0.5,10.0.0.6:4223")?;
/// assert_eq!(bus.name(), "nats://10.0.0.5:4222,10.0.0.6:4223");
/// # Ok::<(), sio_cluster::BusError>(())
/// ```
pub struct NatsBus {
    servers: Vec<Server>,
    user: Option<User>,
    is_tls: bool,
    /// The server that is tried first.
    first: AtomicUsize,
}

struct Server {
    host: String,
    port: u16,
}

enum User {
    Password { name: String, password: String },
    Token(String),
}

/// A connection to NATS.
pub struct NatsLink {
    writer: WriteHalf<Box<dyn Stream>>,
    names: Names,
    splitter: Splitter,
    shared: Arc<Shared>,
    _receiving: Task,
}

/// The state that both directions share.
#[derive(Default)]
struct Shared {
    /// The server has answered.
    answered: Notify,
    /// Answers that the server waits for: they go out with whatever goes out next, within a second.
    owed: AtomicU64,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A server that has introduced itself.
struct Dialled {
    stream: Box<dyn Stream>,
    buffer: BytesMut,
    info: Info,
}

impl NatsBus {
    /// Takes `nats://[user:password@|token@]host[:port]`, further servers after commas, and with the feature `nats-tls`
    /// also `tls://`. Does no I/O.
    ///
    /// # Errors
    ///
    /// When it is no such URL. The message does not contain it, since there may be a password in it.
    pub fn new(url: &str) -> Result<Self, BusError> {
        let wrong = |reason: &str| {
            BusError::new(format!("not a URL of NATS, such as nats://user:password@10.0.0.5:4222 ({reason})"))
        };
        let (scheme, rest) = url.split_once("://").ok_or_else(|| wrong("it has no scheme"))?;
        let is_tls = match scheme {
            "nats" => false,
            "tls" if cfg!(feature = "nats-tls") => true,
            "tls" => return Err(BusError::new("for `tls://` the feature `nats-tls` must be switched on")),
            _ => return Err(wrong("its scheme is another one")),
        };
        let (mut servers, mut user) = (Vec::new(), None);
        for part in rest.trim_end_matches('/').split(',') {
            let part = part.strip_prefix(scheme).and_then(|part| part.strip_prefix("://")).unwrap_or(part);
            let (login, address) =
                part.rsplit_once('@').map_or((None, part), |(login, at)| (Some(login), at));
            if let Some(login) = login {
                let decode = |text| decoded(text).ok_or_else(|| wrong("the user is not encoded as URLs are"));
                user = Some(match login.split_once(':') {
                    Some((name, password)) => {
                        User::Password { name: decode(name)?, password: decode(password)? }
                    }
                    None => User::Token(decode(login)?),
                });
            }
            let bracketed = address.strip_prefix('[').and_then(|rest| rest.split_once(']'));
            let (host, port) = match bracketed {
                Some((host, port)) => (host, port.strip_prefix(':')),
                None => address.split_once(':').map_or((address, None), |(host, port)| (host, Some(port))),
            };
            let port = port.map_or(Ok(DEFAULT_PORT), str::parse).map_err(|_| wrong("a port is no number"))?;
            if host.is_empty() || host.contains(['/', '?', '#', ' ']) {
                return Err(wrong("there is no host"));
            }
            servers.push(Server { host: host.to_owned(), port });
        }
        Ok(Self { servers, user, is_tls, first: AtomicUsize::new(0) })
    }

    /// Connects to a server, and waits until it has let us in.
    async fn dial(&self, server: &Server) -> Result<Dialled, BusError> {
        let stream =
            TcpStream::connect((&*server.host, server.port)).await.map_err(|error| failed(&error))?;
        stream.set_nodelay(true).map_err(|error| failed(&error))?;
        let (mut stream, mut buffer): (Box<dyn Stream>, _) = (Box::new(stream), BytesMut::new());
        let Said::Info(info) = said(&mut stream, &mut buffer).await? else {
            return Err(BusError::new("it does not introduce itself as NATS does"));
        };
        let is_tls = self.is_tls || info.tls_required;
        if is_tls {
            #[cfg(feature = "nats-tls")]
            {
                stream = Box::new(crate::tls::connect(&server.host, stream).await?);
            }
            #[cfg(not(feature = "nats-tls"))]
            return Err(BusError::new("it wants TLS: switch on the feature `nats-tls`"));
        }
        let (user, pass, auth_token) = match &self.user {
            Some(User::Password { name, password }) => (Some(&**name), Some(&**password), None),
            Some(User::Token(token)) => (None, None, Some(&**token)),
            None => (None, None, None),
        };
        let connect = Connect {
            verbose: false,
            pedantic: false,
            tls_required: is_tls,
            name: "sio",
            lang: "rust",
            version: env!("CARGO_PKG_VERSION"),
            user,
            pass,
            auth_token,
        };
        let connect = serde_json::to_string(&connect).map_err(|error| BusError::new(error.to_string()))?;
        stream
            .write_all(format!("CONNECT {connect}\r\nPING\r\n").as_bytes())
            .await
            .map_err(|error| failed(&error))?;
        stream.flush().await.map_err(|error| failed(&error))?;
        loop {
            match said(&mut stream, &mut buffer).await? {
                Said::Pong => break,
                Said::Error(reason) => return Err(refused(&reason)),
                _ => {}
            }
        }
        if info.max_payload < LEAST_MESSAGE {
            let max = info.max_payload;
            return Err(BusError::new(format!(
                "its `max_payload` of {max} bytes is too small: 1024 are needed"
            )));
        }
        Ok(Dialled { stream, buffer, info })
    }
}

impl Bus for NatsBus {
    type Link = NatsLink;

    fn caps(&self) -> Caps {
        Caps { max_frame: MAX_FRAME }
    }

    fn name(&self) -> String {
        let scheme = if self.is_tls { "tls" } else { "nats" };
        let servers: Vec<String> = self.servers.iter().map(Server::to_string).collect();
        format!("{scheme}://{}", servers.join(","))
    }

    fn host(&self) -> Option<String> {
        self.servers.first().map(Server::to_string)
    }

    async fn connect(&self, names: Names, sink: Sink) -> Result<NatsLink, BusError> {
        let count = self.servers.len();
        let first = self.first.load(Relaxed);
        let mut outcome = Err(BusError::new("there is no server"));
        for n in (first..first + count).map(|n| n % count) {
            // This one will be lost, does not answer, or takes so long that the attempt is dropped: each time another one
            // has its turn.
            self.first.store(n + 1, Relaxed);
            outcome = if count == 1 {
                self.dial(&self.servers[n]).await
            } else {
                let late = |_| Err(BusError::new("it does not answer"));
                let dialled = timeout(ONE_OF_SEVERAL, self.dial(&self.servers[n])).await.unwrap_or_else(late);
                dialled.map_err(|error| BusError::new(format!("{}: {error}", self.servers[n])))
            };
            if outcome.is_ok() {
                break;
            }
        }
        let Dialled { stream, buffer, info } = outcome?;
        let (reader, writer) = tokio::io::split(stream);
        let shared = Arc::new(Shared::default());
        let receiving = receive(reader, buffer, names.clone(), sink.clone(), Arc::clone(&shared));
        let receiving = Task::spawn(async move { sink.closed(receiving.await) });
        let splitter = Splitter::new(info.max_payload.min(MAX_MESSAGE));
        Ok(NatsLink { writer, names, splitter, shared, _receiving: receiving })
    }
}

impl NatsLink {
    /// Sends commands, and waits until the server has taken them. It does so in order, so it need only be asked
    /// afterwards.
    async fn say(&mut self, mut commands: Vec<u8>) -> Result<(), BusError> {
        for _ in 0..self.shared.owed.swap(0, Relaxed) {
            commands.extend_from_slice(b"PONG\r\n");
        }
        commands.extend_from_slice(b"PING\r\n");
        self.writer.write_all(&commands).await.map_err(|error| failed(&error))?;
        self.writer.flush().await.map_err(|error| failed(&error))?;
        // Nobody else asks, so it is the answer to this.
        self.shared.answered.notified().await;
        Ok(())
    }
}

impl Link for NatsLink {
    async fn subscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        // Each subscription has the name of what is subscribed.
        let command = |topic| format!("SUB {0} {0}\r\n", self.names.of(topic));
        self.say(topics.iter().map(command).collect::<String>().into()).await
    }

    async fn unsubscribe(&mut self, topics: &[Topic]) -> Result<(), BusError> {
        let command = |topic| format!("UNSUB {}\r\n", self.names.of(topic));
        self.say(topics.iter().map(command).collect::<String>().into()).await
    }

    async fn publish(&mut self, frames: &[Frame]) -> Result<Receivers, BusError> {
        let size: usize = frames.iter().map(|frame| frame.payload.len() + 64).sum();
        let mut commands = Vec::with_capacity(size);
        for frame in frames {
            let subject = self.names.of(&frame.topic);
            self.splitter.split(&frame.payload, |head, body| {
                let line = format!("PUB {subject} {}\r\n", head.len() + body.len());
                [line.as_bytes(), head, body, b"\r\n"]
                    .iter()
                    .for_each(|bytes| commands.extend_from_slice(bytes));
            });
        }
        self.say(commands).await?;
        Ok(Receivers::Unknown)
    }

    async fn check(&mut self) -> Result<(), BusError> {
        self.say(Vec::new()).await
    }
}

/// Takes what arrives, and returns why nothing more does.
async fn receive(
    mut reader: ReadHalf<Box<dyn Stream>>,
    mut buffer: BytesMut,
    names: Names,
    sink: Sink,
    shared: Arc<Shared>,
) -> BusError {
    let mut joiner = Joiner::new(MAX_FRAME);
    loop {
        match said(&mut reader, &mut buffer).await {
            Ok(Said::Message { subject, payload }) => {
                if let (Some(topic), Some(payload)) = (names.topic(&subject), joiner.take(payload)) {
                    sink.frame(&topic, payload);
                }
            }
            Ok(Said::Ping) => {
                shared.owed.fetch_add(1, Relaxed);
            }
            Ok(Said::Pong) => shared.answered.notify_one(),
            Ok(Said::Error(reason)) => return refused(&reason),
            Ok(Said::Info(_) | Said::Other) => {}
            Err(reason) => return reason,
        }
    }
}

/// Waits until the server says something.
async fn said(reader: &mut (impl AsyncRead + Unpin), buffer: &mut BytesMut) -> Result<Said, BusError> {
    loop {
        if let Some(said) = protocol::next(buffer)? {
            return Ok(said);
        }
        buffer.reserve(16 << 10);
        if reader.read_buf(buffer).await.map_err(|error| failed(&error))? == 0 {
            return Err(BusError::new("the connection has ended"));
        }
    }
}

/// Returns the error that an operator reads.
fn refused(reason: &str) -> BusError {
    let lower = reason.to_ascii_lowercase();
    BusError::new(if lower.contains("authorization") || lower.contains("authentication") {
        format!("it refuses the user, the password or the token of the URL ({reason})")
    } else if lower.contains("permissions") {
        format!("its user may not do that on these subjects ({reason})")
    } else {
        reason.to_owned()
    })
}

fn failed(error: &std::io::Error) -> BusError {
    BusError::new(error.to_string())
}

/// Reads the part of a URL in which bytes may be written as `%` and two digits.
fn decoded(text: &str) -> Option<String> {
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        bytes.push(if *byte == b'%' {
            let (digits, after) = rest.split_first_chunk::<2>()?;
            rest = after;
            u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?
        } else {
            *byte
        });
    }
    String::from_utf8(bytes).ok()
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&host_and_port(&self.host, self.port))
    }
}

impl fmt::Debug for NatsBus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NatsBus").field(&self.name()).finish()
    }
}

impl fmt::Debug for NatsLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsLink").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
