//! The service that answers an engine's path: checks a request and hands it to its session.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use hyper::body::{Body, Buf};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use sio_core::engine::handshake::{Query, RequestError};
use sio_core::id::SessionId;

use super::answer::{self, Answer};
use super::body::ResponseBody;
#[cfg(feature = "compression")]
use super::compression;
use super::config::Config;
use super::elsewhere::{Elsewhere, RELEASE, Sender, Way};
use super::long_polling;
use super::origin::Verdict;
use super::refused::{Refusal, Refused, RefusedReason};
use super::site::{Authority, Target};
use super::upgrade;
#[cfg(feature = "webtransport")]
use super::webtransport::Listeners;
use crate::engine::mailbox::Mailbox;
use crate::engine::{Command, Engine, TransportKind};
use crate::guarded::Guarded;
use crate::log_limiter::{About, hash_of, limited};
use crate::peer::Peer;
use crate::short::short;
use crate::transport::websocket::WebSocket;
use crate::transport::wire::Wire;

const NO_JSONP: &str = "JSONP (`j` in the query) is not supported: pages of other origins connect by CORS";

/// Answers the requests for an engine's path as a hyper service, and with the feature `tower` as a tower service;
/// everything else is answered `404`.
///
/// Cheap to clone: one for each connection.
///
/// # Examples
///
/// ```no_run
/// use hyper::server::conn::http1;
/// use hyper_util::rt::TokioIo;
/// use sio::engine::Engine;
/// use sio::http::{Config, EngineService};
///
/// # async fn example(engine: Engine, listener: tokio::net::TcpListener) -> std::io::Result<()> {
/// let mut config = Config::default();
/// config.path = "/engine.io".to_owned();
/// let service = EngineService::new(engine, config);
/// loop {
///     let (stream, peer) = listener.accept().await?;
///     let service = service.for_connection(peer, false);
///     tokio::spawn(async move {
///         let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
///         connection.with_upgrades().await
///     });
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct EngineService {
    shared: Arc<Shared>,
    peer: Peer,
}

#[derive(Debug)]
struct Shared {
    engine: Engine,
    config: Config,
    /// None for a server by itself.
    elsewhere: Option<Arc<dyn Elsewhere>>,
    #[cfg(feature = "webtransport")]
    webtransport: Listeners,
}

impl EngineService {
    /// Answers requests as `config` says, with sessions of an engine.
    #[must_use]
    pub fn new(engine: Engine, config: Config) -> Self {
        Self::among(engine, config, None)
    }

    /// As [`EngineService::new`], where other servers may have sessions as well.
    pub(crate) fn among(engine: Engine, config: Config, elsewhere: Option<Arc<dyn Elsewhere>>) -> Self {
        let shared = Shared {
            engine,
            config,
            elsewhere,
            #[cfg(feature = "webtransport")]
            webtransport: Listeners::default(),
        };
        Self { shared: Arc::new(shared), peer: Peer::default() }
    }

    /// Returns the service for one connection, so that handlers can learn the peer's address and whether it is
    /// encrypted.
    #[must_use]
    pub fn for_connection(&self, peer: SocketAddr, is_secure: bool) -> Self {
        self.of_peer(Peer::new(peer, is_secure))
    }

    pub(crate) fn of_peer(&self, peer: Peer) -> Self {
        Self { shared: Arc::clone(&self.shared), peer }
    }

    /// Returns whether the path is the engine's.
    #[must_use]
    pub fn is_ours(&self, path: &str) -> bool {
        let own = self.config().path.trim_end_matches('/');
        path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest == "/")
    }

    /// Answers one request.
    pub async fn call<B>(self, request: Request<B>) -> Response<ResponseBody>
    where
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: std::fmt::Display,
    {
        let (request, body) = request.into_parts();
        // The values that layers have put into its extensions are dropped with it.
        let mut request = Guarded::new(request);
        if !self.is_ours(request.uri.path()) {
            return answer::status(StatusCode::NOT_FOUND);
        }
        if self.config().hooks.see_requests() {
            let client = self.client(&request);
            request.extensions.insert(client);
        }
        let sender = self.sender_of(&request.headers);
        if let Sender::Server(client) = sender {
            request.extensions.insert(client);
        }
        let is_judged = matches!(sender, Sender::Server(_));
        let verdict = if is_judged { Verdict::Elsewhere } else { self.judge_origin(&request) };
        let admitted = if is_judged { Ok(()) } else { self.admits(&request, &verdict) };
        let outcome = match admitted {
            Err(reason) => Err(reason.into()),
            Ok(()) if request.method == Method::OPTIONS => return preflight(&verdict, &request.headers),
            Ok(()) if upgrade::is_wanted(&request) => self.websocket(&mut request, sender).await,
            Ok(()) => self.polling(&request, body, sender).await,
        };
        let mut answer = outcome.unwrap_or_else(|refusal| {
            if !is_judged {
                self.config().hooks.refused(&Refused::new(&refusal, &request));
            }
            answer::refusal(&refusal)
        });
        verdict.apply(answer.headers_mut());
        answer
    }

    async fn polling<B>(&self, request: &Parts, body: B, sender: Sender) -> Result<Answer, Refusal>
    where
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: std::fmt::Display,
    {
        let query = Query::parse(request.uri.query().unwrap_or_default());
        let transport = self.transport(&query)?;
        if transport == TransportKind::WebSocket {
            upgrade::refuse_old_http(request)?;
        }
        if query.jsonp {
            return Err(Refusal::with_status(RefusedReason::BadRequest, StatusCode::BAD_REQUEST, NO_JSONP));
        }
        let Some(sid) = query.sid else {
            let admission = self.admit(request, &query, false).await?;
            return Ok(self.open_polling(request, admission));
        };
        let mailbox = match self.session(sid, sender)? {
            Found::Here(mailbox) => mailbox,
            Found::Elsewhere(way) => return Box::pin(self.pass_on(way, request, transport, body)).await,
        };
        if matches!(sender, Sender::Server(_)) && request.headers.contains_key(RELEASE) {
            mailbox.inbox.command(Command::Release);
            return Ok(answer::status(StatusCode::NO_CONTENT));
        }
        if transport != TransportKind::Polling || mailbox.outbox.transport() != TransportKind::Polling {
            return Err(RefusedReason::BadRequest.into());
        }
        match request.method {
            Method::GET => {
                let packets = long_polling::get(&mailbox).await?;
                #[cfg(feature = "compression")]
                if let Some(threshold) = self.config().http_compression.filter(|_| packets.compress) {
                    return Ok(compression::packets(packets.body, &request.headers, threshold).await);
                }
                Ok(answer::packets(packets.body))
            }
            Method::POST => {
                Ok(long_polling::post(&mailbox, &request.headers, body, self.engine().config()).await?)
            }
            _ => Err(RefusedReason::BadRequest.into()),
        }
    }

    async fn websocket(&self, request: &mut Parts, sender: Sender) -> Result<Answer, Refusal> {
        let query = Query::parse(request.uri.query().unwrap_or_default());
        if self.transport(&query)? != TransportKind::WebSocket {
            return Err(RefusedReason::BadRequest.into());
        }
        let Some(sid) = query.sid else {
            let admission = self.admit(request, &query, true).await?;
            return self.open_websocket(request, admission);
        };
        let mailbox = match self.session(sid, sender)? {
            Found::Here(mailbox) => mailbox,
            Found::Elsewhere(way) => return Box::pin(self.pass_upgrade_on(way, request)).await,
        };
        if !self.config().offers_websocket() {
            return Err(RefusedReason::BadRequest.into());
        }
        // Each transport has a query of its own, in which it says whether it can take bytes.
        let wire = Wire::new(mailbox.wire().revision(), query.base64);
        let subprotocol = self.subprotocol(&request.headers);
        let (answer, websocket) = self.accept(request, wire, subprotocol.as_deref())?;
        mailbox.inbox.command(Command::Probe(Box::new(websocket)));
        Ok(answer)
    }

    /// Makes a WebSocket of the connection of a request.
    pub(super) fn accept(
        &self,
        request: &mut Parts,
        wire: Wire,
        subprotocol: Option<&str>,
    ) -> Result<(Answer, WebSocket), Refusal> {
        let may_deflate = self.engine().config().deflate_from().is_some();
        upgrade::accept(request, wire, subprotocol, may_deflate)
    }

    fn transport(&self, query: &Query<'_>) -> Result<TransportKind, RequestError> {
        let known = query.transport.filter(|kind| self.config().allows(*kind));
        known.ok_or(RequestError::TransportUnknown)
    }

    fn session(&self, sid: &str, sender: Sender) -> Result<Found, RequestError> {
        let id = sid.parse::<SessionId>().map_err(|_| RequestError::SessionUnknown)?;
        if let Some(mailbox) = self.engine().shared.sessions.get(&id) {
            return Ok(Found::Here(mailbox));
        }
        // Nothing is passed on twice.
        let elsewhere = self.shared.elsewhere.as_ref().filter(|_| matches!(sender, Sender::Client));
        let way = elsewhere.and_then(|elsewhere| elsewhere.way_to(&id));
        way.map(Found::Elsewhere).ok_or(RequestError::SessionUnknown)
    }

    /// Returns whether another server has passed a request with these headers on.
    pub(super) fn is_from_server(&self, headers: &HeaderMap) -> bool {
        self.shared.elsewhere.as_ref().is_some_and(|elsewhere| elsewhere.is_from_server(headers))
    }

    /// Returns who has sent a request with these headers.
    fn sender_of(&self, headers: &HeaderMap) -> Sender {
        self.shared.elsewhere.as_ref().map_or(Sender::Client, |elsewhere| elsewhere.sender_of(headers))
    }

    /// The subprotocol that is agreed to, if the request asks for any.
    pub(super) fn subprotocol(&self, headers: &HeaderMap) -> Option<Box<str>> {
        let asked = upgrade::subprotocols(headers);
        if asked.is_empty() {
            return None;
        }
        self.config().hooks.subprotocol(&asked).map(Box::from)
    }

    /// Returns the client's address as far as it is known, and whether its connection is encrypted.
    pub(super) fn client(&self, request: &Parts) -> Peer {
        let peer = self.peer.of_request(&request.extensions);
        match &self.config().forwarded {
            Some(forwarded) if !self.is_from_server(&request.headers) => {
                forwarded.client(&request.headers, peer)
            }
            _ => peer,
        }
    }

    /// Judges the origin of a request.
    pub(super) fn judge_origin(&self, request: &Parts) -> Verdict {
        self.config().allowed_origins.judge(&request.headers, || self.target(request))
    }

    /// Refuses a request for another host, or of a page that may not connect.
    pub(super) fn admits(&self, request: &Parts, verdict: &Verdict) -> Result<(), RefusedReason> {
        if !self.admits_host(request) {
            return Err(RefusedReason::ForeignHost);
        }
        let Verdict::Foreign(origin) = verdict else { return Ok(()) };
        let origin = &*short(origin);
        limited!(
            WARN, self.engine().shared.logs, About { other: hash_of(origin), is_made_up: true, ..About::default() },
            target: "sio::engine", { origin, },
            "refused a request from a foreign origin; `allowed_origins` of the builder lists those that may connect"
        );
        Err(RefusedReason::ForeignOrigin)
    }

    /// Returns whether a request is for one of this server's hosts.
    pub(super) fn admits_host(&self, request: &Parts) -> bool {
        let admitted = self.config().allowed_hosts.allow(|| self.authority(request));
        if !admitted {
            let host = request.headers.get(header::HOST).map(HeaderValue::as_bytes).unwrap_or_default();
            let host = String::from_utf8_lossy(host);
            let host = &*short(&host);
            limited!(
                WARN, self.engine().shared.logs, About { other: hash_of(host), is_made_up: true, ..About::default() },
                target: "sio::engine", { host, },
                "refused a request for a foreign host; `allowed_hosts` of the builder lists those of this server"
            );
        }
        admitted
    }

    /// Returns the host and scheme to which the request was sent, as far as they can be known.
    fn target(&self, request: &Parts) -> Option<Target> {
        let authority = self.authority(request)?;
        Some(Target { authority, is_secure: self.client(request).is_secure() })
    }

    fn authority(&self, request: &Parts) -> Option<Authority> {
        let forwarded = self.config().forwarded.as_ref();
        let authority = forwarded.and_then(|forwarded| forwarded.authority(&request.headers));
        authority.or_else(|| {
            // HTTP/2, on which another server may mount this, has it in the URI instead of the header.
            Authority::parse(match request.headers.get(header::HOST) {
                Some(host) => host.to_str().ok()?,
                None => request.uri.authority()?.as_str(),
            })
        })
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Returns the transports that a session on polling is told it may move to.
    pub(super) fn upgrades(&self) -> Vec<TransportKind> {
        let websocket = self.config().offers_websocket().then_some(TransportKind::WebSocket);
        #[cfg(feature = "webtransport")]
        let webtransport = self.offers_webtransport().then_some(TransportKind::WebTransport);
        #[cfg(not(feature = "webtransport"))]
        let webtransport = None;
        websocket.into_iter().chain(webtransport).collect()
    }

    #[cfg(feature = "webtransport")]
    pub(super) fn webtransport(&self) -> &Listeners {
        &self.shared.webtransport
    }

    /// Returns whether new sessions are let in.
    pub(super) fn is_ready(&self) -> bool {
        self.engine().shared.is_running()
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.shared.engine
    }
}

/// An answer on its way.
pub(crate) type AnswerFuture =
    Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

/// Where a session is.
enum Found {
    Here(Arc<Mailbox>),
    Elsewhere(Box<dyn Way>),
}

/// The answer to a preflight (WHATWG Fetch, CORS), or to any other OPTIONS request.
fn preflight(verdict: &Verdict, request: &HeaderMap) -> Answer {
    let mut answer = answer::status(StatusCode::NO_CONTENT);
    verdict.apply(answer.headers_mut());
    verdict.apply_preflight(request, answer.headers_mut());
    answer
}

impl<B> hyper::service::Service<Request<B>> for EngineService
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: std::fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = AnswerFuture;

    fn call(&self, request: Request<B>) -> AnswerFuture {
        let service = self.clone();
        Box::pin(async move { Ok(Self::call(service, request).await) })
    }
}
