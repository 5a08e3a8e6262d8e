//! The end of a server: announced, spread over a time, and closed.

use std::time::Duration;

use tokio::time::{Instant, interval_at, sleep};

use super::Server;
use crate::engine::session::LINGER;
use crate::shutdown::Phase;

/// How often the log says how far a server is that stops.
const REPORT: Duration = Duration::from_secs(1);

/// How a server takes leave of its clients when it is told to stop: see [`Builder::shutdown`](crate::Builder::shutdown).
///
/// Clients come back by themselves when their connection is closed, the official ones within 0.5 to 1.5 s. If a server
/// with many of them closes all connections at once, the others get all of them at once. So they are led out one by one.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sio::options::Shutdown;
/// use sio::prelude::*;
///
/// // The supervisor has to wait longer than all of it takes: 45 s, and 5 s for clients that do not answer.
/// let shutdown = Shutdown::new()
///     .delay(Duration::from_secs(5))
///     .spread(Duration::from_secs(30))
///     .handlers(Duration::from_secs(10));
/// let builder = Server::builder().shutdown(shutdown).health("/healthz", "/readyz");
/// # let _ = builder;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub struct Shutdown {
    delay: Duration,
    spread: Duration,
    handlers: Duration,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { delay: Duration::ZERO, spread: Duration::from_secs(5), handlers: Duration::from_secs(10) }
    }
}

impl Shutdown {
    /// Returns the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how long the server goes on after it has told that it stops: it is [not ready](Server::is_ready) any more,
    /// and all else is as before. Load balancers need that time to send new clients elsewhere. Default: none.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Sets the time over which clients are disconnected, at even steps. Zero disconnects all at once. Default: 5 s.
    pub fn spread(mut self, spread: Duration) -> Self {
        self.spread = spread;
        self
    }

    /// Sets how long handlers that still run then are waited for. Default: 10 s.
    pub fn handlers(mut self, handlers: Duration) -> Self {
        self.handlers = handlers;
        self
    }

    /// How long all of it takes at the most.
    #[cfg(unix)]
    pub(super) fn longest(self) -> Duration {
        self.delay.saturating_add(self.spread).saturating_add(self.handlers).saturating_add(LINGER)
    }
}

/// Stopping.
impl Server {
    /// Stops the server in steps that spare its clients and its neighbours, as SIGTERM does:
    ///
    /// 1. It is [not ready](Server::is_ready) any more, [`closing`](Server::closing) returns, and the other nodes of its
    ///    cluster give it no more clients. All else goes on, for the [`delay`](Shutdown::delay).
    /// 2. No new clients are let in. Those who are there are disconnected one by one, at even steps over the
    ///    [`spread`](Shutdown::spread); each as soon as none of its handlers runs, and its events are handled until then.
    /// 3. The remaining clients are disconnected by [`close`](Server::close).
    ///
    /// Clients see their connection close, so that the official ones come back by themselves, to another server. The
    /// `disconnect` hook gets the reason `server shutting down`.
    ///
    /// If called again it waits for the same end. A handler of this server must not await it: it would be waited for
    /// in turn.
    pub async fn drain(&self) {
        let shutdown = &self.inner.shutdown;
        {
            let _leading = self.inner.leading.lock().await;
            tokio::select! {
                () = self.lead_out() => {}
                () = shutdown.reached(Phase::Closing) => {}
            }
        }
        self.close().await;
    }

    async fn lead_out(&self) {
        let Shutdown { delay, spread, .. } = self.inner.options.shutdown;
        if self.inner.shutdown.is_running() {
            self.announce_end();
            sleep(delay).await;
        }
        self.reporting("the server drains", self.inner.engine.lead_out(spread)).await;
    }

    /// Stops the server without a delay: no new clients are let in, new events that want an answer are answered
    /// `shutting_down`, and each client is disconnected with the reason `server shutting down` as soon as none of its
    /// handlers runs, at the latest after the time for [`handlers`](Shutdown::handlers) (default 10 s). Returns when all
    /// `disconnect` hooks have ended and all clients have been told; a client that does not fetch the message is given
    /// 5 s. Then it leaves its cluster, if there is one.
    ///
    /// Everything that a client sends before it learns of the end is handled, before its `disconnect` hook, except for
    /// events that want an answer: without one the client knows that they were not. It has 3 s to learn of it.
    ///
    /// Requests of those who are there are answered until then, and requests for new sessions with status 503. A
    /// program that mounts the server elsewhere has to go on accepting connections until this returns: a client that
    /// polls may make a new one for each of its requests.
    ///
    /// All clients are disconnected at about the same time; [`drain`](Server::drain) spreads that.
    pub async fn close(&self) {
        self.announce_end();
        let handlers = self.inner.options.shutdown.handlers;
        self.reporting("the server closes", self.inner.engine.close(handlers)).await;
        // Nobody can come back any more.
        for door in self.inner.reception.namespaces.all() {
            #[cfg(feature = "cluster")]
            door.hand_over_parked();
            if let Some(kept) = &door.kept {
                kept.clear();
            }
        }
        // Last: what `disconnect` hooks say to others is sent before.
        self.leave_cluster().await;
    }

    /// Returns whether the server is there to stay: until [`Server::drain`] or [`Server::close`] is called.
    /// [`Builder::health`](crate::Builder::health) answers it over HTTP.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        self.inner.shutdown.is_running()
    }

    /// Waits until the server begins to stop, by [`Server::drain`] or [`Server::close`], or by a signal. For
    /// background tasks that are to end with it.
    ///
    /// # Examples
    ///
    /// ```
    /// use sio::prelude::*;
    ///
    /// # async fn example(server: Server) {
    /// tokio::spawn({
    ///     let server = server.clone();
    ///     async move {
    ///         server.closing().await;
    ///         let _ = server.of("/").emit("notice", "We restart, and are back in a moment").await;
    ///     }
    /// });
    /// # }
    /// ```
    pub async fn closing(&self) {
        self.inner.shutdown.reached(Phase::Announced).await;
    }

    /// Tells everybody who may want to know that the server stops, once.
    fn announce_end(&self) {
        if !self.inner.shutdown.reach(Phase::Announced) {
            return;
        }
        self.announce_leaving();
        #[cfg(unix)]
        if let Some(supervisor) = self.inner.supervisor.get() {
            supervisor.stopping(self.inner.options.shutdown.longest());
        }
    }

    /// Waits for a part of the server's end, and writes every second how far it is.
    async fn reporting(&self, what: &str, part: impl Future<Output = ()>) {
        let before = self.client_count();
        let mut reports = interval_at(Instant::now() + REPORT, REPORT);
        let mut part = std::pin::pin!(part);
        loop {
            tokio::select! {
                () = &mut part => return,
                _ = reports.tick() => {}
            }
            let left = self.client_count();
            let closed = before.saturating_sub(left);
            tracing::info!(target: "sio::server", left, closed, "{what}");
            #[cfg(unix)]
            if let Some(supervisor) = self.inner.supervisor.get() {
                supervisor.tell(&format!("STATUS={what}: {left} clients are left"));
            }
        }
    }
}
