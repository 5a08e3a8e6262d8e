//! Engine.IO alone: sessions over polling and WebSocket that carry messages, without Socket.IO on top.
//!
//! Socket.IO servers do not need this module; it is for custom protocols that want Engine.IO's transports, heartbeats
//! and upgrades.
//!
//! ```
//! use sio::engine::{CloseReason, Config, Engine, Handler, Message, Sender};
//!
//! /// Sends every message back.
//! struct Echo(Sender);
//!
//! impl Handler for Echo {
//!     fn on_message(&mut self, message: Message) -> Result<(), CloseReason> {
//!         // A client that does not read its own echoes is disconnected.
//!         self.0.try_send(&message).map_err(|_| CloseReason::SlowClient)
//!     }
//! }
//!
//! let engine = Engine::new(Config::default(), |sender, _handshake| Box::new(Echo(sender)));
//! // Answers requests: a hyper service.
//! let service = sio::http::EngineService::new(engine, sio::http::Config::default());
//! # let _ = service;
//! ```

mod command;
mod config;
mod handler;
mod ids;
mod inbox;
mod leading_out;
pub(crate) mod mailbox;
pub(crate) mod outbox;
pub(crate) mod polling;
mod sender;
pub(crate) mod session;
mod sessions;
mod timer;

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use sio_core::engine::config::SessionConfig;
use sio_core::engine::packet::Packet;

pub use sio_core::engine::config::{Revision, TransportKind};
pub use sio_core::engine::packet::Message;
pub use sio_core::engine::session::CloseReason;
pub use sio_core::id::{InvalidId, SessionId};

pub(crate) use self::command::{Command, PollAnswer, PollBody, PostAnswer};
pub use self::config::Config;
pub use self::handler::Handler;
use self::mailbox::Mailbox;
use self::polling::Polling;
pub use self::sender::{SendError, Sender};
use self::session::{Carrier, SessionTask};
pub(crate) use self::sessions::Sessions;
use crate::counters::Counters;
use crate::handshake::Handshake;
use crate::log_limiter::{About, LogLimiter, limited};
use crate::places::{Addresses, Place};
use crate::shutdown::{Phase, Shutdown};
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;
use sio_core::engine::session::Session;

type HandlerFactory = dyn Fn(Sender, Arc<Handshake>) -> Box<dyn Handler> + Send + Sync;

/// State that all sessions of an engine share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    /// The part of `config` that the sessions' state machines need.
    session_config: Arc<SessionConfig>,
    pub(crate) sessions: Sessions,
    /// None without a limit.
    addresses: Option<Arc<Addresses>>,
    /// Ready-made: what goes out behind the open packet.
    pub(crate) initial_packet: Option<Bytes>,
    new_handler: Box<HandlerFactory>,
    /// How far the engine's end has come, for itself, its sessions, and whoever stops with it.
    shutdown: Arc<Shutdown>,
    pub(crate) logs: LogLimiter,
    /// None without metrics.
    pub(crate) counters: Option<Arc<Counters>>,
}

impl Shared {
    /// True until the engine's end is announced.
    pub(crate) fn is_running(&self) -> bool {
        self.shutdown.is_running()
    }

    /// True when no new sessions are let in.
    pub(crate) fn is_closing(&self) -> bool {
        !self.shutdown.lets_in()
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine").field("config", &self.config).finish_non_exhaustive()
    }
}

/// Why no session may open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// The engine is being closed.
    Closing,
    /// As many sessions are open as there may be.
    Full,
    /// The same, for one address.
    AddressFull,
}

/// An Engine.IO server: makes a [`Handler`] for every session.
///
/// Cheap to clone. An [`EngineService`](crate::http::EngineService) answers requests with it.
#[derive(Debug, Clone)]
pub struct Engine {
    pub(crate) shared: Arc<Shared>,
}

impl Engine {
    /// Makes an engine whose sessions are handled by what `new_handler` gives.
    pub fn new(
        config: Config,
        new_handler: impl Fn(Sender, Arc<Handshake>) -> Box<dyn Handler> + Send + Sync + 'static,
    ) -> Self {
        Self::stopping_by(Arc::default(), config, None, new_handler)
    }

    /// As [`Engine::new`], with a shutdown that others look at as well, and with counters.
    pub(crate) fn stopping_by(
        shutdown: Arc<Shutdown>,
        config: Config,
        counters: Option<Arc<Counters>>,
        new_handler: impl Fn(Sender, Arc<Handshake>) -> Box<dyn Handler> + Send + Sync + 'static,
    ) -> Self {
        let session_config = Arc::new(config.session());
        let limit = config.max_connections_per_address;
        let addresses = (limit != usize::MAX).then(|| Arc::new(Addresses::new(limit)));
        let initial_packet = config.initial_packet.clone().map(|message| Packet::Message(message).frame());
        let shared = Shared {
            config,
            addresses,
            initial_packet,
            session_config,
            sessions: Sessions::default(),
            new_handler: Box::new(new_handler),
            shutdown,
            logs: LogLimiter::default(),
            counters,
        };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Returns how many sessions are open.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.shared.sessions.len()
    }

    /// Returns how many bytes wait for the transports of all sessions.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.shared.sessions.all().iter().map(|mailbox| mailbox.outbox.waiting_bytes()).sum()
    }

    /// Closes all sessions with the reason `server shutting down`: each when its handler is idle, at the latest after
    /// `drain`. Returns when every session's task has ended.
    pub async fn close(&self, drain: Duration) {
        self.shared.shutdown.reach(Phase::Closing);
        self.shared.sessions.nudge();
        let idle = self.shared.sessions.until_idle();
        if tokio::time::timeout(drain, idle).await.is_ok() {
            return;
        }
        self.shared.shutdown.reach(Phase::Over);
        self.shared.sessions.nudge();
        // Handlers that go on after the end of their session are not waited for: the deadline has passed.
        let _ = tokio::time::timeout(session::LINGER, self.shared.sessions.until_idle()).await;
    }

    /// Returns whether another session may open.
    ///
    /// # Errors
    ///
    /// When the engine is closed, or as many sessions are open as there may be.
    pub(crate) fn has_room(&self) -> Result<(), NoRoom> {
        if self.shared.is_closing() {
            return Err(NoRoom::Closing);
        }
        let limit = self.shared.config.max_connections;
        if self.session_count() >= limit {
            limited!(
                WARN, self.shared.logs, About::default(), target: "sio::engine", { limit, },
                "refused a session: `max_connections` are open"
            );
            return Err(NoRoom::Full);
        }
        Ok(())
    }

    /// A place for a session of this address.
    ///
    /// # Errors
    ///
    /// When all places of the address are taken.
    pub(crate) fn place(&self, ip: Option<IpAddr>) -> Result<Option<Place>, NoRoom> {
        let Some(addresses) = &self.shared.addresses else { return Ok(None) };
        addresses.take(ip).map(Some).ok_or(NoRoom::AddressFull)
    }

    /// An id that no session has.
    pub(crate) fn new_id(&self) -> SessionId {
        let ids = &self.shared.config.ids;
        let id = ids.next();
        if !ids.may_repeat() || self.shared.sessions.get(&id).is_none() {
            return id;
        }
        limited!(
            ERROR, self.shared.logs, About::default(), target: "sio::engine", { session = ?id, },
            "`id_generator` gave an id that is in use: taking a random one"
        );
        ids.random()
    }

    /// Opens a session and starts its task: on polling, or on a WebSocket with what goes out first. `wire` is what the
    /// request asks for.
    pub(crate) fn open(
        &self,
        id: SessionId,
        handshake: Arc<Handshake>,
        place: Option<Place>,
        wire: Wire,
        first: Option<(WebSocket, Bytes)>,
    ) {
        let shared = &self.shared;
        let mailbox = Arc::new(Mailbox::new(shared.config.queue_limits(), wire));
        let (kind, transport) = match first {
            None => {
                let packets = shared.config.polling_packets_for(handshake.header("user-agent"));
                (TransportKind::Polling, Carrier::Polling(Box::new(Polling::new(packets))))
            }
            Some((websocket, open_packet)) => {
                if let Some(threshold) = shared.config.deflate_from().filter(|_| websocket.deflates()) {
                    mailbox.outbox.set_deflate_from(threshold);
                }
                mailbox.push_always(open_packet);
                if let Some(initial) = &shared.initial_packet {
                    mailbox.push_always(initial.clone());
                }
                (websocket.kind(), Carrier::Opening(websocket))
            }
        };
        mailbox.outbox.set_transport(kind);
        // Packets that it sends at once follow the open packet.
        let handler = (shared.new_handler)(Sender::new(Arc::clone(&mailbox)), handshake);
        let config = Arc::clone(&shared.session_config);
        let state = Session::open_revision(wire.revision(), config, kind, session::now());
        // Before the session can be found: whoever closes the engine and finds it waits for its task as well. One
        // that is closed between the check and this finds the session and nudges it, or has looked for it earlier
        // under the same lock: then the task sees on its first turn how far the shutdown has come.
        let task = SessionTask::new(id, state, Arc::clone(&mailbox), Arc::clone(shared), handler, transport);
        shared.sessions.insert(id, Arc::clone(&mailbox), place);
        tracing::debug!(target: "sio::engine", session = ?id, transport = %kind, "session opened");
        tokio::spawn(task);
    }
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use tokio::sync::mpsc;

    use super::*;
    use crate::peer::Peer;

    /// Always has work under way.
    struct Busy(mpsc::UnboundedSender<CloseReason>);

    impl Handler for Busy {
        fn on_message(&mut self, _: Message) -> Result<(), CloseReason> {
            Ok(())
        }

        fn is_idle(&self) -> bool {
            false
        }

        fn on_close(&mut self, reason: CloseReason) {
            self.0.send(reason).expect("the test waits for it");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_draining_ends_a_session_that_never_began_to() {
        let (closed, mut reasons) = mpsc::unbounded_channel();
        let engine = Engine::new(Config::default(), move |_, _| Box::new(Busy(closed.clone())));
        let request = Request::new(()).into_parts().0;
        let handshake = Handshake::of(&request, Peer::default(), std::time::SystemTime::now());
        engine.open(engine.new_id(), Arc::new(handshake), None, Wire::V4, None);
        // None of its turns has seen that it began.
        engine.shared.shutdown.reach(Phase::Over);
        engine.shared.sessions.nudge();
        assert_eq!(reasons.recv().await, Some(CloseReason::ServerShuttingDown));
    }
}
