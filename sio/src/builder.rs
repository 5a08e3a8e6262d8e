//! Options of a server.

#[cfg(feature = "admin")]
mod admin;
mod checks;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "compression")]
mod compression;
#[cfg(feature = "contract")]
mod docs;
#[cfg(feature = "static-files")]
mod files;
mod handlers;
mod hooks;
mod http;
mod input;
mod limits;
mod listeners;
mod namespaces;
mod protocols;
mod recovery;
mod stopping;
mod transports;
mod users;

use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

pub use self::protocols::Eio3;

#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::codec::Encoding;
use crate::connection::{Client, Reception};
use crate::consumer::{Consumer, Rate};
use crate::counters::Counters;
use crate::data::shared::Shared;
use crate::engine::{self, Engine};
use crate::error::{BuildError, Problem};
#[cfg(feature = "static-files")]
use crate::http::static_files::StaticFiles;
use crate::http::{Beside, EngineService, Health};
use crate::hub::presence::{self, Presence};
use crate::hub::{self, Witness};
use crate::log_limiter::LogLimiter;
use crate::middleware::Scoped;
use crate::namespaces::declarations;
use crate::namespaces::registration::{self, Registration};
use crate::namespaces::{Common, HandlerTimes, Namespaces};
use crate::observe::{Observers, Spans};
use crate::parser::Parser;
use crate::places::Connections;
use crate::random::Ids;
use crate::recovery::Keeping;
use crate::server::serve::Serving;
use crate::server::{Options, Server, ServerInner, ShutdownOptions};
use crate::shutdown::Shutdown;
use crate::state_map::StateMap;

/// Sets up a [`Server`]. Every option has a default that is fit for production.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio::prelude::*;
///
/// let server = Server::builder()
///     .ping_interval(Duration::from_secs(10))
///     .allowed_origins(["https://example.com"])
///     .build()
///     .expect("the options are valid");
/// # let _ = server;
/// ```
#[doc = include_str!("builder/options.md")]
#[derive(Debug)]
#[must_use = "a builder does nothing until `build` is called"]
pub struct Builder {
    engine: engine::Config,
    http: crate::http::Config,
    options: Options,
    state: StateMap,
    consumers: Vec<Registration>,
    collected: bool,
    expected: Vec<String>,
    hooks: Scoped,
    observers: Observers,
    spans: Option<Arc<Spans>>,
    shared: Shared,
    presence: Option<Duration>,
    max_users: usize,
    presence_listeners: presence::Listeners,
    #[cfg(feature = "cluster")]
    adapter: Option<crate::cluster::Adapter>,
    #[cfg(feature = "cluster")]
    cluster_listeners: crate::cluster::Listeners,
    #[cfg(feature = "cluster")]
    server_events: crate::cluster::ServerEvents,
    #[cfg(feature = "cluster")]
    forwarding: crate::cluster::Forwarding,
    #[cfg(feature = "admin")]
    admin: Option<crate::admin::Admin>,
    health: Option<Health>,
    metrics: bool,
    precise_metrics: bool,
    metrics_path: Option<String>,
    #[cfg(feature = "static-files")]
    files: StaticFiles,
    #[cfg(feature = "static-files")]
    client_files: Option<std::path::PathBuf>,
    #[cfg(feature = "contract")]
    docs: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            engine: engine::Config::default(),
            http: crate::http::Config::default(),
            options: Options {
                parser: Parser::default(),
                connect_timeout: Duration::from_secs(45),
                auth_warning: Duration::ZERO,
                ack_timeout: Duration::from_secs(5),
                max_attachments: 10,
                max_namespaces: 32,
                max_dynamic_namespaces: 10_000,
                max_dynamic_namespaces_per_address: usize::MAX,
                incoming_events: 128,
                incoming_bytes: None,
                events_per_second: None,
                connects_per_second: 100,
                handler_times: HandlerTimes::default(),
                shutdown: ShutdownOptions::default(),
                handle_signals: true,
                serving: Serving::default(),
                recovery: None,
            },
            state: StateMap::default(),
            consumers: Vec::new(),
            collected: true,
            expected: Vec::new(),
            hooks: Scoped::default(),
            observers: Observers::default(),
            spans: None,
            shared: Shared::default(),
            presence: None,
            max_users: presence::MAX_USERS,
            presence_listeners: presence::Listeners::default(),
            #[cfg(feature = "cluster")]
            adapter: None,
            #[cfg(feature = "cluster")]
            cluster_listeners: crate::cluster::Listeners::default(),
            #[cfg(feature = "cluster")]
            server_events: crate::cluster::ServerEvents::default(),
            #[cfg(feature = "cluster")]
            forwarding: crate::cluster::Forwarding::default(),
            #[cfg(feature = "admin")]
            admin: None,
            health: None,
            metrics: false,
            precise_metrics: false,
            metrics_path: None,
            #[cfg(feature = "static-files")]
            files: StaticFiles::default(),
            #[cfg(feature = "static-files")]
            client_files: None,
            #[cfg(feature = "contract")]
            docs: None,
        }
    }
}

/// Options for consumers and handlers.
impl Builder {
    /// Adds a consumer besides those that are collected.
    #[track_caller]
    pub fn consumer<C: Consumer>(mut self) -> Self {
        self.consumers.push(Registration::of::<C>());
        self
    }

    /// Sets whether to serve every consumer in the program. If false, only those added with [`Builder::consumer`] are
    /// served. Default true.
    pub fn collect(mut self, collected: bool) -> Self {
        self.collected = collected;
        self
    }

    /// Makes it an error if no consumer has this namespace. A consumer in a crate that is never mentioned is silently
    /// not linked; with this, building the server fails instead.
    pub fn require_namespace(mut self, namespace: impl Into<String>) -> Self {
        self.expected.push(namespace.into());
        self
    }

    /// Provides a value that handlers take as `State<T>`. A second value of the same type replaces the first.
    pub fn state<T: Send + Sync + 'static>(mut self, value: T) -> Self {
        self.state.insert(value);
        self
    }
}

impl Builder {
    /// Checks everything and makes the server.
    ///
    /// # Errors
    ///
    /// With all that is wrong: two consumers for one namespace, an expected namespace without a consumer, a
    /// handler's `State<T>` that was not provided, an option that cannot be.
    pub fn build(mut self) -> Result<Server, BuildError> {
        let mut problems = self.invalid_options();
        #[cfg(feature = "static-files")]
        let files = self.files(&mut problems);
        #[cfg(feature = "admin")]
        let admin = self.open_admin(&mut problems);
        let (registrations, found) = registration::collect(&self.consumers, self.collected);
        #[cfg(feature = "contract")]
        let page = self.page(&registrations, &mut problems);
        problems.extend(found);
        problems.extend(registration::missing(&registrations, &self.state));
        if self.collected {
            // Of a server with some of the program's consumers it is not known which events are meant for it.
            problems.extend(declarations::problems(&declarations::declarations(), &registrations));
        }
        let is_missing =
            |path: &&String| registrations.iter().all(|registration| registration.namespace != **path);
        let missing = self.expected.iter().filter(is_missing);
        problems.extend(missing.map(|path| Problem::MissingNamespace { namespace: path.clone() }));
        let is_served = |path: &str| path == "/" || registrations.iter().any(|one| one.namespace == path);
        problems.extend(self.idle_hooks(is_served));
        #[cfg(feature = "cluster")]
        let cluster = self.cluster(&registrations, &mut problems);
        if !problems.is_empty() {
            return Err(BuildError::new(problems));
        }
        #[cfg(feature = "cluster")]
        let others = cluster.as_ref().map(|cluster| hub::others::Others::new(Arc::clone(&cluster.node)));
        #[cfg(not(feature = "cluster"))]
        let others = None;
        #[cfg(feature = "cluster")]
        let elsewhere = cluster.as_ref().and_then(Cluster::elsewhere);
        #[cfg(not(feature = "cluster"))]
        let elsewhere = None;
        let shared = Arc::new(self.shared);
        let listeners = self.presence_listeners;
        let presence =
            self.presence.map(|grace| Presence::new(grace, self.max_users, listeners, others.clone()));
        let (state, shutdown) = (Arc::new(self.state), Arc::new(Shutdown::default()));
        let (mut engine, mut http, options, hooks) = (self.engine, self.http, self.options, self.hooks);
        // The connections of proxies say nothing of their clients' addresses.
        let per_address =
            if http.forwarded.is_some() { usize::MAX } else { engine.max_connections_per_address };
        let connections = Connections::new(engine.max_connections, per_address);
        let observers = (!self.observers.is_empty()).then(|| Arc::new(self.observers));
        if let Some(observers) = observers.clone() {
            http.hooks.on_refused(move |refused| observers.refused(refused));
        }
        #[cfg(feature = "admin")]
        let is_counted = self.metrics || admin.is_some();
        #[cfg(not(feature = "admin"))]
        let is_counted = self.metrics;
        let counters = is_counted.then(|| {
            let consumers = registrations.iter().map(|consumer| (consumer.namespace, consumer.events));
            let declarations = declarations::declarations();
            let declared = |namespace: &str| declarations::declared_in(&declarations, namespace);
            Arc::new(Counters::new(consumers, declared, self.precise_metrics))
        });
        if let Some(counters) = counters.clone() {
            http.hooks.on_refused(move |refused| counters.refused[refused.reason() as usize].add(1));
        }
        let (health, metrics_path) = (self.health.take(), self.metrics_path.take());
        let encoding = Encoding::new(options.parser, options.max_attachments);
        let ids = Ids::default();
        engine.ids.set_random(ids.clone());
        let inner = Arc::new_cyclic(|server: &Weak<ServerInner>| {
            let per = Duration::from_secs(1);
            let event_rate = options.events_per_second.map(|count| Rate { count, per });
            let logs = LogLimiter::default();
            let witness = observers.clone().map(|observers| observers as Arc<dyn Witness>);
            let blocking = options.handler_times.blocking;
            let watchdog = blocking.map(|after| registration::watchdog(&registrations, after, logs.clone()));
            let hub = hub::Common {
                encoding,
                ack_timeout: options.ack_timeout,
                state,
                logs: logs.clone(),
                shared: Arc::clone(&shared),
                presence,
                others,
                witness,
                counters: None,
                deflate_from: engine.deflate_from(),
                server: server.clone(),
            };
            let common = Common {
                hub,
                event_rate,
                observers: observers.clone(),
                spans: self.spans.clone(),
                counters: counters.clone(),
                shutdown: Arc::clone(&shutdown),
                recovery: options.recovery.clone().map(|recovery| Keeping::new(recovery, ids.clone())),
                ids: ids.clone(),
                heartbeat: engine.ping_interval.saturating_add(engine.ping_timeout),
                handler_times: options.handler_times,
                watchdog: watchdog.clone(),
            };
            let namespaces = Namespaces::new(
                registrations,
                options.max_dynamic_namespaces,
                options.max_dynamic_namespaces_per_address,
                &hooks,
                common,
            );
            let reception = Arc::new(Reception {
                namespaces,
                encoding,
                max_namespaces: options.max_namespaces,
                connects_per_second: options.connects_per_second,
                connect_timeout: options.connect_timeout,
                auth_warning: options.auth_warning,
                packet_timeout: engine.packet_timeout(),
                incoming_events: options.incoming_events,
                incoming_bytes: options
                    .incoming_bytes
                    .unwrap_or_else(|| engine.max_payload.saturating_mul(4)),
                logs,
                observers: observers.clone(),
                counters: counters.clone(),
                server: server.clone(),
            });
            let receiving = Arc::clone(&reception);
            #[cfg(feature = "cluster")]
            let entering = cluster.is_some().then(|| server.clone());
            #[cfg(feature = "admin")]
            let beginning = admin.clone().map(|panel| (panel, server.clone()));
            let engine =
                Engine::stopping_by(Arc::clone(&shutdown), engine, counters, move |sender, handshake| {
                    if let Some(watchdog) = &watchdog {
                        watchdog.begin();
                    }
                    #[cfg(feature = "cluster")]
                    if let Some(server) = &entering {
                        crate::server::enter_late(server);
                    }
                    #[cfg(feature = "admin")]
                    if let Some((panel, server)) = &beginning {
                        panel.begin(server);
                    }
                    Box::new(Client::new(Arc::clone(&receiving), sender, handshake))
                });
            let beside = Arc::new(Beside {
                health,
                metrics: metrics_path.map(|path| crate::server::metrics::at(path, server.clone())),
                #[cfg(feature = "static-files")]
                files,
                #[cfg(feature = "contract")]
                page,
            });
            ServerInner {
                options,
                reception,
                requests: EngineService::among(engine.clone(), http, elsewhere),
                engine,
                shutdown,
                leading: tokio::sync::Mutex::default(),
                #[cfg(unix)]
                supervisor: OnceLock::new(),
                announced: AtomicBool::new(false),
                beside,
                #[cfg(feature = "admin")]
                admin,
                connections,
                #[cfg(feature = "cluster")]
                cluster,
                #[cfg(feature = "cluster")]
                ids,
            }
        });
        Ok(Server { inner })
    }

    /// As [`Builder::build`], and makes the server the one that [`sio::server`](crate::server()) returns.
    ///
    /// # Errors
    ///
    /// As [`Builder::build`], and if there is a global server already.
    pub fn install(self) -> Result<Server, BuildError> {
        let server = self.build()?;
        if server.make_global() {
            return Ok(server);
        }
        let reason = "the global server exists already: install yours before its first use".to_owned();
        Err(BuildError::new(vec![Problem::Option { name: "install", reason }]))
    }
}
