//! The service that answers an engine's path: checks a request and hands it to its session.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::body::{Body, Buf};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode};
use sio_core::engine::config::Revision;
use sio_core::engine::handshake::{OpenPacket, Query, RequestError};
use sio_core::id::SessionId;

use super::answer::{self, Answer};
use super::body::ResponseBody;
#[cfg(feature = "compression")]
use super::compression;
use super::config::Config;
use super::long_polling;
use super::origin::Verdict;
use super::refused::{Refusal, Refused, RefusedReason};
use super::site::{Authority, Target};
use super::upgrade;
use crate::engine::mailbox::Mailbox;
use crate::engine::{Command, Engine, TransportKind};
use crate::guarded::{self, Guarded};
use crate::handshake::Handshake;
use crate::log_limiter::{About, hash_of, limited};
use crate::peer::Peer;
use crate::places::Place;
use crate::short::short;
use crate::transport::wire::Wire;

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
}

impl EngineService {
    /// Answers requests as `config` says, with sessions of an engine.
    #[must_use]
    pub fn new(engine: Engine, config: Config) -> Self {
        Self { shared: Arc::new(Shared { engine, config }), peer: Peer::default() }
    }

    /// Returns the service for one connection, so that handlers can learn the peer's address and whether it is
    /// encrypted.
    #[must_use]
    pub fn for_connection(&self, peer: SocketAddr, is_secure: bool) -> Self {
        self.of_peer(Peer::new(peer, is_secure))
    }

    pub(super) fn of_peer(&self, peer: Peer) -> Self {
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
        let verdict = self.config().allowed_origins.judge(&request.headers, || self.target(&request));
        let outcome = match &verdict {
            _ if !self.admits_host(&request) => Err(RefusedReason::ForeignHost.into()),
            Verdict::Foreign(origin) => {
                let origin = &*short(origin);
                limited!(
                    WARN, self.engine().shared.logs, About { other: hash_of(origin), is_made_up: true, ..About::default() },
                    target: "sio::engine", { origin, },
                    "refused a request from a foreign origin; `allowed_origins` of the builder lists those that may connect"
                );
                Err(RefusedReason::ForeignOrigin.into())
            }
            _ if request.method == Method::OPTIONS => return preflight(&verdict, &request.headers),
            _ if upgrade::is_wanted(&request) => self.websocket(&mut request).await,
            _ => self.polling(&request, body).await,
        };
        let mut answer = outcome.unwrap_or_else(|refusal| {
            self.config().hooks.refused(&Refused::new(&refusal, &request));
            answer::refusal(&refusal)
        });
        verdict.apply(answer.headers_mut());
        answer
    }

    async fn polling<B>(&self, request: &Parts, body: B) -> Result<Answer, Refusal>
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
        let Some(sid) = query.sid else {
            let admission = self.admit(request, &query, false).await?;
            return Ok(self.open_polling(request, admission));
        };
        let mailbox = self.session(sid)?;
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

    async fn websocket(&self, request: &mut Parts) -> Result<Answer, Refusal> {
        let query = Query::parse(request.uri.query().unwrap_or_default());
        if self.transport(&query)? != TransportKind::WebSocket {
            return Err(RefusedReason::BadRequest.into());
        }
        let Some(sid) = query.sid else {
            let admission = self.admit(request, &query, true).await?;
            return self.open_websocket(request, admission);
        };
        let mailbox = self.session(sid)?;
        if !self.config().offers_upgrade() {
            return Err(RefusedReason::BadRequest.into());
        }
        // Each transport has a query of its own, in which it says whether it can take bytes.
        let wire = Wire::new(mailbox.wire().revision(), query.base64);
        let subprotocol = self.subprotocol(&request.headers);
        let (answer, websocket) = upgrade::accept(request, wire, subprotocol.as_deref())?;
        mailbox.inbox.command(Command::Probe(Box::new(websocket)));
        Ok(answer)
    }

    fn transport(&self, query: &Query<'_>) -> Result<TransportKind, RequestError> {
        let known = query.transport.filter(|kind| self.config().allows(*kind));
        known.ok_or(RequestError::TransportUnknown)
    }

    fn session(&self, sid: &str) -> Result<Arc<Mailbox>, RequestError> {
        let id = sid.parse::<SessionId>().ok();
        id.and_then(|id| self.engine().shared.sessions.get(&id)).ok_or(RequestError::SessionUnknown)
    }

    /// Lets a new session in, or says why not.
    async fn admit(
        &self,
        request: &Parts,
        query: &Query<'_>,
        is_websocket: bool,
    ) -> Result<Admission, Refusal> {
        // Over HTTP/2, CONNECT is what GET is over HTTP/1.1.
        let is_get = request.method == Method::GET || upgrade::is_extended_connect(request);
        let revisions = self.config().revisions();
        let (_, revision) = query.check_handshake_of(revisions, is_get, is_websocket)?;
        self.engine().has_room()?;
        let client = self.client(request);
        let place = self.engine().place(client.ip())?;
        let hooks = &self.config().hooks;
        let allowed = hooks.allow(request).await;
        allowed.map_err(|message| Refusal::with_message(RefusedReason::NotAllowed, message))?;
        if hooks.may_wait() {
            self.engine().has_room()?;
        }
        Ok(Admission { client, place, wire: Wire::new(revision, query.base64) })
    }

    /// The subprotocol that is agreed to, if the request asks for any.
    fn subprotocol(&self, headers: &HeaderMap) -> Option<Box<str>> {
        let asked = upgrade::subprotocols(headers);
        if asked.is_empty() {
            return None;
        }
        self.config().hooks.subprotocol(&asked).map(Box::from)
    }

    /// Returns the client's address as far as it is known, and whether its connection is encrypted.
    fn client(&self, request: &Parts) -> Peer {
        let peer = self.peer.of_request(&request.extensions);
        let forwarded = self.config().forwarded.as_ref();
        forwarded.map_or(peer, |forwarded| forwarded.client(&request.headers, peer))
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

    fn open_polling(&self, request: &Parts, admission: Admission) -> Answer {
        let id = self.engine().new_id();
        let upgrades: &[TransportKind] =
            if self.config().offers_upgrade() { &[TransportKind::WebSocket] } else { &[] };
        let open = self.open_packet(&id, upgrades).frame();
        let entries = [Some(&open), self.engine().shared.initial_packet.as_ref()];
        let body = admission.wire.body_of_all(entries.into_iter().flatten());
        let handshake = self.handshake(request, admission.client, admission.wire, None, id);
        let Some(handshake) = handshake else { return failed() };
        self.engine().open(id, handshake, admission.place, admission.wire, None);
        let mut answer = answer::packets(body);
        self.set_headers(&mut answer, request, &id);
        answer
    }

    fn open_websocket(&self, request: &mut Parts, admission: Admission) -> Result<Answer, Refusal> {
        let Admission { client, place, wire } = admission;
        let subprotocol = self.subprotocol(&request.headers);
        let id = self.engine().new_id();
        let Some(handshake) = self.handshake(request, client, wire, subprotocol.clone(), id) else {
            return Ok(failed());
        };
        let (mut answer, websocket) = upgrade::accept(request, wire, subprotocol.as_deref())?;
        let open = self.open_packet(&id, &[]).frame();
        self.engine().open(id, handshake, place, wire, Some((websocket, open)));
        self.set_headers(&mut answer, request, &id);
        Ok(answer)
    }

    fn open_packet(&self, id: &SessionId, upgrades: &[TransportKind]) -> sio_core::engine::packet::Packet {
        let config = self.engine().config();
        let open = OpenPacket {
            sid: id.as_str(),
            upgrades,
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            max_payload: config.max_payload,
        };
        open.to_packet()
    }

    /// `None` if what layers have put into the request panicked when it was cloned.
    fn handshake(
        &self,
        request: &Parts,
        client: Peer,
        wire: Wire,
        subprotocol: Option<Box<str>>,
        id: SessionId,
    ) -> Option<Arc<Handshake>> {
        let of_request = || Handshake::of(request, client, SystemTime::now());
        let handshake = guarded::call("`Clone` of an extension of the request", of_request)?;
        let handshake = handshake.agreed(wire.revision(), subprotocol);
        let is_own = self.config().eio3_client_ids && wire.revision() == Revision::V3;
        Some(Arc::new(if is_own { handshake.of_session(id) } else { handshake }))
    }

    /// Adds the cookie and the application's headers to the answer that opens a session.
    fn set_headers(&self, answer: &mut Answer, request: &Parts, id: &SessionId) {
        let cookie = self.config().cookie.as_ref();
        if let Some(value) = cookie.and_then(|cookie| cookie.header(id)) {
            answer.headers_mut().insert(header::SET_COOKIE, value);
        }
        self.config().hooks.add_headers(request, answer.headers_mut());
    }

    pub(crate) fn config(&self) -> &Config {
        &self.shared.config
    }

    /// Returns whether new sessions are let in.
    pub(super) fn is_ready(&self) -> bool {
        !self.engine().shared.is_closing()
    }

    fn engine(&self) -> &Engine {
        &self.shared.engine
    }
}

/// An answer on its way.
pub(crate) type AnswerFuture =
    Pin<Box<dyn Future<Output = Result<Response<ResponseBody>, Infallible>> + Send>>;

/// A session that may open.
struct Admission {
    client: Peer,
    place: Option<Place>,
    wire: Wire,
}

/// The answer to a request of which the application's part failed.
fn failed() -> Answer {
    answer::status(StatusCode::INTERNAL_SERVER_ERROR)
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
