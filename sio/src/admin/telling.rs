//! The task that speaks to the pages of the UI.

use std::process;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::{Value, json};
use sio_core::args::Spread;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::NAMESPACE;
use super::lines::Lines;
use super::listing::MAX_SOCKETS;
use super::panel::{Panel, lock, shown};
use super::sampling::{Aggregated, Sampler};
use crate::engine::TransportKind;
use crate::handle::socket::Socket;
use crate::hub::Namespace;
use crate::server::{Server, ServerInner};

/// How often changes are told, all of that time together.
const BATCH: Duration = Duration::from_millis(100);

/// How many batches there are in a second, and between two statistics.
const SECOND: u64 = 10;
const STATISTICS: u64 = 20;

/// How many namespaces the statistics name.
const MAX_NAMESPACES: usize = 1_000;

/// The statistics of a server, which the UI shows in its dashboard.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Statistics<'a> {
    server_id: &'a str,
    hostname: &'a str,
    pid: u32,
    uptime: f64,
    clients_count: usize,
    polling_clients_count: u64,
    aggregated_events: Vec<Aggregated>,
    namespaces: Vec<Value>,
    /// The numbers of changes, sockets and namespaces that are left out, because there are too many.
    omitted: Omitted,
}

#[derive(Serialize)]
struct Omitted {
    /// Changes, from the beginning.
    changes: u64,
    /// Sockets that are not listed now.
    sockets: usize,
    /// Namespaces that are not named.
    namespaces: usize,
}

/// Tells, until the server has stopped.
pub(super) async fn tell(panel: Arc<Panel>, server: Weak<ServerInner>) {
    let mut teller = Teller::new(panel);
    let mut ticks = interval(if teller.panel.is_development() { BATCH } else { BATCH * 10 });
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let step = if teller.panel.is_development() { 1 } else { SECOND };
    let mut tick = 0;
    loop {
        ticks.tick().await;
        let Some(inner) = server.upgrade() else { return };
        if inner.shutdown.is_over() {
            return;
        }
        teller.tick(&Server { inner }, tick);
        tick += step;
    }
}

struct Teller {
    panel: Arc<Panel>,
    sampler: Sampler,
    begun: Instant,
    hostname: String,
    server_id: String,
    /// Somebody looks, or somebody of another node may.
    is_watched: bool,
    lines: Lines,
    /// How many changes were omitted when the list was last compared with the namespaces.
    omitted: u64,
    /// There was no room for all differences.
    is_behind: bool,
}

impl Teller {
    fn new(panel: Arc<Panel>) -> Self {
        let hostname = hostname();
        let server_id =
            panel.options.server_id.clone().unwrap_or_else(|| format!("{hostname}#{}", process::id()));
        let (sampler, begun) = (Sampler::default(), Instant::now());
        Self {
            panel,
            sampler,
            begun,
            hostname,
            server_id,
            is_watched: false,
            lines: Lines::new(),
            omitted: 0,
            is_behind: false,
        }
    }

    /// Returns how many changes were not told, from the beginning.
    fn omitted(&self) -> u64 {
        self.panel.feed.omitted() + self.lines.omitted()
    }

    fn tick(&mut self, server: &Server, tick: u64) {
        let admin = server.of(NAMESPACE);
        let namespaces = shown(server);
        if self.panel.is_development() {
            self.changes(server, &admin, &namespaces, tick.is_multiple_of(SECOND));
        }
        if tick.is_multiple_of(SECOND) {
            let second = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
            if let Some(counters) = &server.inner.reception.counters {
                self.sampler.sample(counters, second);
            }
        }
        if tick.is_multiple_of(STATISTICS) && is_watched(server, &admin) {
            let statistics = self.statistics(server, &namespaces);
            emit(&admin, "server_stats", &statistics);
        }
    }

    fn changes(&mut self, server: &Server, admin: &Namespace, namespaces: &[Namespace], is_second: bool) {
        let (was_watched, is_watched) = (self.is_watched, is_watched(server, admin));
        self.is_watched = is_watched;
        self.panel.feed.open(is_watched);
        let notes = self.panel.feed.notes();
        if is_second {
            self.panel.feed.renew();
            self.lines.renew();
        }
        {
            let mut listing = lock(&self.panel.listing);
            match (was_watched, is_watched) {
                (_, false) => listing.clear(),
                (false, true) => listing.fill(namespaces),
                (true, true) => {
                    for note in notes {
                        listing.note(note, &mut self.lines);
                    }
                }
            }
            if is_second && is_watched {
                let omitted = self.panel.feed.omitted() + self.lines.omitted();
                let there: usize = namespaces.iter().map(|namespace| namespace.hub.connected()).sum();
                let is_short = listing.len() < there.min(MAX_SOCKETS);
                if std::mem::replace(&mut self.omitted, omitted) != omitted || self.is_behind || is_short {
                    self.is_behind = !listing.compare(namespaces, &mut self.lines);
                }
            }
        }
        for (event, args) in self.lines.take() {
            emit(admin, event, &Spread(args));
        }
        self.newcomers(admin);
    }

    /// Tells those who have come of all sockets.
    fn newcomers(&self, admin: &Namespace) {
        let mut newcomers = std::mem::take(&mut *lock(&self.panel.newcomers));
        newcomers.retain(|socket| !socket.member.is_closed());
        let (here, waiting): (Vec<_>, Vec<_>) = newcomers.into_iter().partition(Socket::is_connected);
        lock(&self.panel.newcomers).extend(waiting);
        for socket in here {
            let (panel, admin) = (Arc::clone(&self.panel), admin.clone());
            tokio::spawn(async move {
                let elsewhere = Panel::sockets_elsewhere(&admin).await;
                lock(&panel.answers).push((socket, elsewhere));
            });
        }
        for (socket, elsewhere) in std::mem::take(&mut *lock(&self.panel.answers)) {
            let mut all = lock(&self.panel.listing).all();
            all.extend(elsewhere);
            all.truncate(MAX_SOCKETS);
            if let Err(error) = socket.try_emit("all_sockets", &all) {
                tracing::debug!(target: "sio::server", %error, "the Admin UI cannot be told of all sockets");
            }
        }
    }

    fn statistics(&mut self, server: &Server, namespaces: &[Namespace]) -> Statistics<'_> {
        let counters = server.inner.reception.counters.as_deref();
        let polling = counters.map_or(0, |counters| {
            let polling = counters.of(TransportKind::Polling);
            polling.came.get().saturating_sub(polling.went.get())
        });
        let there: usize = namespaces.iter().map(|namespace| namespace.hub.connected()).sum();
        let listed = lock(&self.panel.listing).len();
        let aggregated_events = self.sampler.take();
        let named = namespaces.iter().take(MAX_NAMESPACES);
        Statistics {
            server_id: &self.server_id,
            hostname: &self.hostname,
            pid: process::id(),
            uptime: self.begun.elapsed().as_secs_f64(),
            clients_count: server.client_count(),
            polling_clients_count: polling,
            aggregated_events,
            namespaces: named
                .map(|one| json!({"name": one.path(), "socketsCount": one.hub.connected()}))
                .collect(),
            omitted: Omitted {
                changes: self.omitted(),
                sockets: if self.panel.is_development() { there.saturating_sub(listed) } else { 0 },
                namespaces: namespaces.len().saturating_sub(MAX_NAMESPACES),
            },
        }
    }
}

/// Returns whether somebody looks, here or perhaps on another node.
fn is_watched(server: &Server, admin: &Namespace) -> bool {
    #[cfg(feature = "cluster")]
    if server.cluster().is_some() {
        return true;
    }
    let _ = server;
    admin.hub.connected() > 0
}

/// Tells everybody who looks, on all nodes.
fn emit<A: Serialize + ?Sized>(admin: &Namespace, event: &str, args: &A) {
    if let Err(error) = admin.broadcast().try_emit(event, args) {
        tracing::debug!(target: "sio::server", event, %error, "the Admin UI cannot be told");
    }
}

/// Returns the name of the machine.
fn hostname() -> String {
    let of_kernel = std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name =
        of_kernel.or_else(|| std::env::var("HOSTNAME").ok()).or_else(|| std::env::var("COMPUTERNAME").ok());
    name.map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "localhost".to_owned())
}
