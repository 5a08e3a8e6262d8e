//! What an application decides about sessions that are about to open.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use hyper::http::request::Parts;
use sio_core::id::SessionId;

use crate::http::Refused;
use crate::random;

type NewId = dyn Fn() -> SessionId + Send + Sync;
type AllowRequest = dyn Fn(&Parts) -> Result<(), String> + Send + Sync;
type OnRefused = dyn Fn(&Refused<'_>) + Send + Sync;
type Subprotocols = dyn for<'a> Fn(&[&'a str]) -> Option<&'a str> + Send + Sync;

/// Functions of the application that are called for requests which open a session. None is set by default, and one
/// that is not set costs nothing.
///
/// `sio::Builder` has a method for each.
///
/// # Examples
///
/// ```
/// use sio::engine::Config;
///
/// let mut config = Config::default();
/// config.hooks.on_refused(|refused| eprintln!("{}: {}", refused.code(), refused.message()));
/// ```
#[derive(Clone, Default)]
pub struct Hooks {
    new_id: Option<Arc<NewId>>,
    allow_request: Option<Arc<AllowRequest>>,
    on_refused: Option<Arc<OnRefused>>,
    subprotocols: Option<Arc<Subprotocols>>,
}

impl Hooks {
    /// Makes the ids of sessions. Default: 120 random bits of the operating system.
    ///
    /// An id is a secret, since whoever knows it can read and write the session: it must not be guessable. An id
    /// that is in use is not taken again; the session gets a random one then.
    pub fn id_generator(&mut self, new_id: impl Fn() -> SessionId + Send + Sync + 'static) {
        self.new_id = Some(Arc::new(new_id));
    }

    /// Says of a request whether it may open a session. Default: every request may.
    ///
    /// It is asked after all other checks, and only for the first request of a session. A refusal is answered
    /// `403` with code 4 and the message, which the client sees.
    pub fn allow_request(&mut self, allow: impl Fn(&Parts) -> Result<(), String> + Send + Sync + 'static) {
        self.allow_request = Some(Arc::new(allow));
    }

    /// Is told of every request that is refused.
    pub fn on_refused(&mut self, on_refused: impl Fn(&Refused<'_>) + Send + Sync + 'static) {
        self.on_refused = Some(Arc::new(on_refused));
    }

    /// Chooses a WebSocket subprotocol from those that a client asks for, in its order. Default: the first of them.
    ///
    /// It is called for requests that ask for one. Where it chooses none, or one that was not asked for, none is answered.
    pub fn subprotocols(
        &mut self,
        choose: impl for<'a> Fn(&[&'a str]) -> Option<&'a str> + Send + Sync + 'static,
    ) {
        self.subprotocols = Some(Arc::new(choose));
    }

    /// Whether ids are the application's, who may give one twice.
    pub(crate) fn makes_ids(&self) -> bool {
        self.new_id.is_some()
    }

    pub(crate) fn new_id(&self) -> SessionId {
        self.new_id.as_ref().map_or_else(random::session_id, |new_id| new_id())
    }

    /// Whether a function looks at requests, and wants to find the peer with them.
    pub(crate) fn see_requests(&self) -> bool {
        self.allow_request.is_some() || self.on_refused.is_some()
    }

    pub(crate) fn allow(&self, request: &Parts) -> Result<(), String> {
        self.allow_request.as_ref().map_or(Ok(()), |allow| allow(request))
    }

    /// The one of these subprotocols, of which there is at least one, that is agreed to.
    pub(crate) fn subprotocol<'a>(&self, asked: &[&'a str]) -> Option<&'a str> {
        let Some(choose) = &self.subprotocols else { return asked.first().copied() };
        match catch_unwind(AssertUnwindSafe(|| choose(asked))) {
            Ok(chosen) => chosen.filter(|chosen| asked.contains(chosen)),
            Err(_) => {
                tracing::error!(target: "sio::engine", "`subprotocols` panicked: none is agreed to");
                None
            }
        }
    }

    pub(crate) fn refused(&self, refused: &Refused<'_>) {
        if let Some(on_refused) = &self.on_refused {
            on_refused(refused);
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("id_generator", &self.new_id.is_some())
            .field("allow_request", &self.allow_request.is_some())
            .field("on_refused", &self.on_refused.is_some())
            .field("subprotocols", &self.subprotocols.is_some())
            .finish()
    }
}
