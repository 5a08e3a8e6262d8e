//! A server: its namespaces on top of one engine.

mod drain;
mod entering;
mod handles;
#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "cluster")]
mod local;
pub(crate) mod metrics;
#[cfg(feature = "cluster")]
mod presence;
pub(crate) mod serve;
mod shortcuts;
#[cfg(unix)]
mod supervisor;
mod typed;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sio_core::id::Sid;
use tokio::net::ToSocketAddrs;

use crate::builder::Builder;
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::connection::Reception;
use crate::engine::Engine;
use crate::error::{BuildError, Error};
use crate::handle::socket::Socket;
use crate::http::{Beside, EngineService, Listener, Service};
use crate::hub::Namespace;
use crate::namespaces::HandlerTimes;
use crate::namespaces::registration::Registration;
use crate::parser::Parser;
use crate::places::Connections;
#[cfg(feature = "cluster")]
use crate::random::Ids;
use crate::recovery::Recovery;
use crate::shutdown::Shutdown;

pub use self::drain::Shutdown as ShutdownOptions;
#[cfg(feature = "cluster")]
pub(crate) use self::entering::enter_late;
use self::serve::{Security, Serving};

/// The server made on first use, or installed by [`Builder::install`].
static GLOBAL: OnceLock<Server> = OnceLock::new();

/// A Socket.IO server: all consumers, their namespaces and the connections of their clients.
///
/// Cheap to clone; all clones are the same server. Most programs use the global one, by
/// [`sio::serve`](crate::serve()) and [`sio::server`](crate::server()); [`Server::builder`] makes others, with
/// options and states of their own.
///
/// # Examples
///
/// ```no_run
/// use std::time::Duration;
/// use sio::prelude::*;
///
/// #[tokio::main]
/// async fn main() -> sio::Result {
///     let server = Server::builder().ping_interval(Duration::from_secs(10)).build()?;
///     server.serve("127.0.0.1:3000").await
/// }
/// ```
#[derive(Clone)]
pub struct Server {
    pub(crate) inner: Arc<ServerInner>,
}

pub(crate) struct ServerInner {
    pub(crate) options: Options,
    pub(crate) reception: Arc<Reception>,
    pub(crate) engine: Engine,
    pub(crate) shutdown: Arc<Shutdown>,
    /// Held by whoever leads the clients out.
    pub(crate) leading: tokio::sync::Mutex<()>,
    /// The supervisor of the process, which is told how the server is.
    #[cfg(unix)]
    pub(crate) supervisor: OnceLock<supervisor::Supervisor>,
    /// It has been said which namespaces there are.
    pub(crate) announced: AtomicBool,
    /// The engine, as requests reach it.
    pub(crate) requests: EngineService,
    pub(crate) beside: Arc<Beside>,
    /// None without the Admin UI.
    #[cfg(feature = "admin")]
    pub(crate) admin: Option<Arc<crate::admin::Panel>>,
    /// None without a limit.
    pub(crate) connections: Option<Arc<Connections>>,
    /// None without an adapter.
    #[cfg(feature = "cluster")]
    pub(crate) cluster: Option<Cluster>,
    #[cfg(feature = "cluster")]
    pub(crate) ids: Ids,
}

/// Options for the Socket.IO layer; the engine has its own.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) parser: Parser,
    pub(crate) connect_timeout: Duration,
    pub(crate) auth_warning: Duration,
    pub(crate) ack_timeout: Duration,
    pub(crate) max_attachments: usize,
    pub(crate) max_namespaces: usize,
    pub(crate) max_dynamic_namespaces: usize,
    pub(crate) max_dynamic_namespaces_per_address: usize,
    pub(crate) incoming_events: usize,
    /// Four times `max_payload` where nothing is said.
    pub(crate) incoming_bytes: Option<usize>,
    pub(crate) events_per_second: Option<u32>,
    pub(crate) connects_per_second: u32,
    pub(crate) handler_times: HandlerTimes,
    pub(crate) shutdown: ShutdownOptions,
    pub(crate) handle_signals: bool,
    pub(crate) serving: Serving,
    pub(crate) recovery: Option<Recovery>,
}

impl Server {
    /// Begins a server with options of its own.
    pub fn builder() -> Builder {
        Builder::default()
    }

    pub(crate) fn global() -> Result<Self, BuildError> {
        if let Some(server) = GLOBAL.get() {
            return Ok(server.clone());
        }
        let server = Self::builder().build()?;
        // Another thread may have been quicker: its server is the one then.
        Ok(GLOBAL.get_or_init(|| server).clone())
    }

    /// Makes this the global server; false when there is one already.
    pub(crate) fn make_global(&self) -> bool {
        GLOBAL.set(self.clone()).is_ok()
    }

    /// Returns the namespace of a path. For a dynamic namespace without sockets, the handle reaches nobody.
    ///
    /// # Panics
    ///
    /// When there can be no such namespace: neither has a consumer the path or a pattern that matches it, nor is it
    /// `/`. The message lists those that there are. For a path that a client has chosen use [`Server::get`], which
    /// gives `None`.
    #[must_use]
    pub fn of(&self, path: &str) -> Namespace {
        match self.inner.reception.namespaces.get_or_empty(path) {
            Some(door) => Namespace::of(&door.hub),
            None => panic!(
                "there is no namespace {path:?}, there are {:?}: write a consumer for it, or ask with `Server::get`",
                self.inner.reception.namespaces.paths()
            ),
        }
    }

    /// Returns the namespace of a path, if it exists now: a dynamic one exists while somebody is in it.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<Namespace> {
        self.inner.reception.namespaces.get(path).map(|door| Namespace::of(&door.hub))
    }

    /// Returns all namespaces, sorted by their paths, including the dynamic ones that somebody is in.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Namespace> {
        self.inner.reception.namespaces.all().iter().map(|door| Namespace::of(&door.hub)).collect()
    }

    /// Returns the connected socket with this id, whatever its namespace.
    #[must_use]
    pub fn socket(&self, id: &Sid) -> Option<Socket> {
        self.namespaces().iter().find_map(|namespace| namespace.socket(id))
    }

    /// Returns how many clients are connected, whatever namespaces they have joined.
    #[must_use]
    pub fn client_count(&self) -> usize {
        self.inner.engine.session_count()
    }

    /// Returns the HTTP service, for your own hyper server; with the feature `tower` also for everything that takes a
    /// tower service. [`Service::or`] puts it in front of another hyper service.
    #[must_use]
    pub fn service(&self) -> Service {
        self.announce_namespaces();
        Service::new(
            self.inner.requests.clone(),
            Arc::clone(&self.inner.beside),
            Arc::<ServerInner>::clone(&self.inner),
        )
    }

    /// Listens on an address and serves until [`Server::close`] is called or the process is told to stop
    /// (SIGINT or SIGTERM), which [closes](Server::close) the server. With
    /// [`handle_signals(false)`](Builder::handle_signals) signals are left to the program.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, and as [`Server::start`].
    pub async fn serve(&self, address: impl ToSocketAddrs + fmt::Debug) -> Result<(), Error> {
        self.serve_with(serve::listen(address).await?).await
    }

    /// As [`Server::serve`], on a listener that exists already: of TCP, of a Unix socket, or of
    /// [any other kind](crate::http::Listener).
    ///
    /// # Errors
    ///
    /// When the listener's address cannot be told, and as [`Server::start`].
    pub async fn serve_with(&self, listener: impl Listener) -> Result<(), Error> {
        let address = listener.address()?;
        self.start_at(&address).await?;
        serve::run(self, listener, Security::None, || self.announce(&address)).await;
        Ok(())
    }

    /// Writes where the server listens, and what it serves.
    pub(crate) fn announce(&self, address: &str) {
        let path = &self.inner.requests.config().path;
        tracing::info!(target: "sio::server", address, path, "listening");
        self.announce_namespaces();
    }

    /// Writes which namespaces are served, once: a consumer in a crate that nobody mentions is silently not linked, and
    /// this is where one sees it.
    fn announce_namespaces(&self) {
        if self.inner.announced.swap(true, Ordering::Relaxed) {
            return;
        }
        if self.inner.reception.namespaces.paths().is_empty() {
            tracing::warn!(
                target: "sio::server",
                "the server has no consumer, so that no event is handled; \
                 if they are in a library crate, mention the crate: `use my_consumers as _;`"
            );
        }
        for (namespace, consumer) in self.inner.reception.namespaces.served() {
            let events: Vec<_> = consumer.iter().flat_map(|one| one.events).map(|event| event.name).collect();
            tracing::info!(
                target: "sio::server",
                namespace,
                consumer = consumer.map_or("none", Registration::type_name),
                ?events,
                "namespace"
            );
        }
        #[cfg(feature = "contract")]
        self.announce_routes();
    }

    /// Writes every event with its types, a line each, for those who let such lines through.
    #[cfg(feature = "contract")]
    fn announce_routes(&self) {
        if !tracing::enabled!(target: "sio::server", tracing::Level::DEBUG) {
            return;
        }
        let served = self.inner.reception.namespaces.served();
        let consumers: Vec<_> = served.into_iter().filter_map(|(_, consumer)| consumer.copied()).collect();
        for line in crate::contract::Contract::of(&consumers).to_string().lines() {
            tracing::debug!(target: "sio::server", "{line}");
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("namespaces", &self.namespaces())
            .field("clients", &self.client_count())
            .finish_non_exhaustive()
    }
}
