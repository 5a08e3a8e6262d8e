//! The application's decisions about requests that open sessions.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;

use super::refused::Refused;
use crate::guarded::{self, Guarded};
use crate::log_limiter::{About, LogLimiter, limited};

type AllowRequest = dyn Fn(&Parts) -> Result<(), String> + Send + Sync;
type Deciding = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;
type AllowRequestAsync = dyn Fn(Parts) -> Deciding + Send + Sync;
type OnRefused = dyn Fn(&Refused<'_>) + Send + Sync;
type OnHeaders = dyn Fn(&Parts, &mut HeaderMap) + Send + Sync;
type Subprotocols = dyn for<'a> Fn(&[&'a str]) -> Option<&'a str> + Send + Sync;

/// How long a decision about a request may take: as long as its head may.
const DECISION: Duration = Duration::from_secs(30);

/// Headers that belong to the connection and its framing.
const HOP_BY_HOP: [HeaderName; 4] =
    [header::CONNECTION, header::UPGRADE, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];

/// The message for a client when such a decision failed.
const FAILED: &str = "Internal server error";

/// Functions of the application that are called for requests which open a session. None is set by default, and one
/// that is not set costs nothing.
///
/// `sio::Builder` has a method for each.
///
/// # Examples
///
/// ```
/// use sio::http::Config;
///
/// let mut config = Config::default();
/// config.hooks.on_refused(|refused| eprintln!("{}: {}", refused.code(), refused.message()));
/// ```
#[derive(Clone, Default)]
pub struct Hooks {
    allow_request: Option<Arc<AllowRequest>>,
    allow_request_async: Option<Arc<AllowRequestAsync>>,
    on_refused: Option<Arc<OnRefused>>,
    on_headers: Option<Arc<OnHeaders>>,
    subprotocols: Option<Arc<Guarded<Box<Subprotocols>>>>,
}

impl Hooks {
    /// Says of a request whether it may open a session. Default: every request may.
    ///
    /// It is asked after all other checks, and only for the first request of a session. A refusal is answered
    /// `403` with code 4 and the message, which the client sees.
    pub fn allow_request(&mut self, allow: impl Fn(&Parts) -> Result<(), String> + Send + Sync + 'static) {
        let allow = Guarded::new(allow);
        self.allow_request = Some(Arc::new(move |request: &Parts| allow(request)));
    }

    /// As [`allow_request`](Self::allow_request), for decisions that have to wait for something. It is asked after that
    /// one, gets the request as its own, and has 30 s.
    pub fn allow_request_async<F, R>(&mut self, allow: F)
    where
        F: Fn(Parts) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), String>> + Send + 'static,
    {
        let allow = Guarded::new(allow);
        self.allow_request_async = Some(Arc::new(move |request| Box::pin(allow(request))));
    }

    /// Sets the callback for every request that is refused.
    pub fn on_refused(&mut self, on_refused: impl Fn(&Refused<'_>) + Send + Sync + 'static) {
        let on_refused = Guarded::new(on_refused);
        self.on_refused = Some(Arc::new(move |refused: &Refused<'_>| on_refused(refused)));
    }

    /// Adds headers to the answer that opens a session. Those that the protocol needs are not replaced.
    pub fn on_headers(&mut self, on_headers: impl Fn(&Parts, &mut HeaderMap) + Send + Sync + 'static) {
        let on_headers = Guarded::new(on_headers);
        self.on_headers =
            Some(Arc::new(move |request: &Parts, headers: &mut HeaderMap| on_headers(request, headers)));
    }

    /// Chooses a WebSocket subprotocol from those that a client asks for, in its order. Default: the first of them.
    ///
    /// It is called for requests that ask for one. Where it chooses none, or one that was not asked for, none is
    /// answered.
    pub fn subprotocols(
        &mut self,
        choose: impl for<'a> Fn(&[&'a str]) -> Option<&'a str> + Send + Sync + 'static,
    ) {
        self.subprotocols = Some(Arc::new(Guarded::new(Box::new(choose))));
    }

    /// Returns whether any function looks at requests, and so expects to find the peer with them.
    pub(crate) fn see_requests(&self) -> bool {
        self.allow_request.is_some() || self.allow_request_async.is_some() || self.on_refused.is_some()
    }

    /// Asks the application. A function that panics or takes too long refuses.
    pub(crate) async fn allow(&self, request: &Parts) -> Result<(), String> {
        let failed = || Err(FAILED.to_owned());
        if let Some(allow) = &self.allow_request {
            guarded::call("`allow_request`", || allow(request)).unwrap_or_else(failed)?;
        }
        let Some(allow) = &self.allow_request_async else { return Ok(()) };
        // The values that layers have put into the request are cloned with it.
        let deciding = guarded::wait("`allow_request_async`", async { allow(request.clone()).await });
        let decided = tokio::time::timeout(DECISION, deciding).await;
        decided
            .unwrap_or_else(|_| {
                limited!(
                    ERROR, LogLimiter::of_process(), About::default(), target: "sio::engine", {},
                    "refused a request: `allow_request_async` took longer than 30 s"
                );
                None
            })
            .unwrap_or_else(failed)
    }

    /// Returns whether a decision may have taken time, in which other clients came in.
    pub(crate) fn may_wait(&self) -> bool {
        self.allow_request_async.is_some()
    }

    /// The one of these subprotocols, of which there is at least one, that is agreed to.
    pub(crate) fn subprotocol<'a>(&self, asked: &[&'a str]) -> Option<&'a str> {
        let Some(choose) = &self.subprotocols else { return asked.first().copied() };
        let chosen = guarded::call("`subprotocols`", || choose(asked)).flatten();
        chosen.filter(|chosen| asked.contains(chosen))
    }

    pub(crate) fn add_headers(&self, request: &Parts, answer: &mut HeaderMap) {
        let Some(on_headers) = &self.on_headers else { return };
        let mut added = HeaderMap::new();
        guarded::call("`on_headers`", || on_headers(request, &mut added));
        for (name, value) in &added {
            let is_protocols =
                answer.contains_key(name) && *name != header::SET_COOKIE && *name != header::VARY;
            if !is_protocols && !HOP_BY_HOP.contains(name) {
                answer.append(name, value.clone());
            }
        }
    }

    pub(crate) fn refused(&self, refused: &Refused<'_>) {
        if let Some(on_refused) = &self.on_refused {
            guarded::call("`on_refused`", || on_refused(refused));
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("allow_request", &self.allow_request.is_some())
            .field("allow_request_async", &self.allow_request_async.is_some())
            .field("on_headers", &self.on_headers.is_some())
            .field("on_refused", &self.on_refused.is_some())
            .field("subprotocols", &self.subprotocols.is_some())
            .finish()
    }
}
