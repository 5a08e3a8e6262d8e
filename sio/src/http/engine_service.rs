//! The service that answers an engine's path: checks a request and hands it to its session.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use hyper::body::{Body, Buf};
use hyper::header::HeaderMap;
use hyper::{Method, Request, Response, StatusCode};
use sio_core::engine::handshake::{OpenPacket, Query, RequestError};
use sio_core::id::SessionId;

use super::answer::{self, Answer};
use super::body::ResponseBody;
use super::long_polling;
use super::origin::Verdict;
use super::upgrade;
use crate::engine::mailbox::Mailbox;
use crate::engine::polling::body_of;
use crate::engine::{Command, Engine, TransportKind};
use crate::handshake::Handshake;
use crate::random;

/// Answers the requests for an engine's path as a hyper service; everything else is answered `404`.
///
/// Cheap to clone: one for each connection.
#[derive(Debug, Clone)]
pub struct EngineService {
    engine: Engine,
    peer: Option<SocketAddr>,
    is_secure: bool,
}

impl EngineService {
    pub(crate) fn new(engine: Engine) -> Self {
        Self { engine, peer: None, is_secure: false }
    }

    /// The service for one connection, of which handlers can then learn the peer's address and whether it
    /// is encrypted.
    #[must_use]
    pub fn for_connection(&self, peer: SocketAddr, is_secure: bool) -> Self {
        Self { engine: self.engine.clone(), peer: Some(peer), is_secure }
    }

    /// True when the path is the engine's.
    #[must_use]
    pub fn is_ours(&self, path: &str) -> bool {
        let own = self.engine.shared.config.path.trim_end_matches('/');
        path.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest == "/")
    }

    /// Answers one request.
    pub async fn call<B>(self, mut request: Request<B>) -> Response<ResponseBody>
    where
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: std::fmt::Display,
    {
        if !self.is_ours(request.uri().path()) {
            return answer::status(StatusCode::NOT_FOUND);
        }
        let verdict = self.engine.shared.config.allowed_origins.judge(request.headers());
        if let Verdict::Foreign(origin) = &verdict {
            tracing::warn!(
                target: "sio::engine",
                origin,
                "refused a request from a foreign origin; `allowed_origins` of the builder lists those that may connect"
            );
            let mut refusal = answer::refusal(RequestError::Forbidden);
            verdict.apply(refusal.headers_mut());
            return refusal;
        }
        if request.method() == Method::OPTIONS {
            return preflight(&verdict, request.headers());
        }
        let is_upgrade = upgrade::is_wanted(request.headers());
        let outcome = if is_upgrade { self.websocket(&mut request) } else { self.polling(request).await };
        let mut answer = outcome.unwrap_or_else(answer::refusal);
        verdict.apply(answer.headers_mut());
        answer
    }

    async fn polling<B>(self, request: Request<B>) -> Result<Answer, RequestError>
    where
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: std::fmt::Display,
    {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        let transport = self.transport(&query)?;
        let Some(sid) = query.sid else {
            query.check_handshake(request.method() == Method::GET, false)?;
            self.check_capacity()?;
            return Ok(self.open_polling(&request));
        };
        let mailbox = self.session(sid)?;
        if transport != TransportKind::Polling || mailbox.transport() != TransportKind::Polling {
            return Err(RequestError::BadRequest);
        }
        match *request.method() {
            Method::GET => long_polling::get(&mailbox).await,
            Method::POST => {
                long_polling::post(&mailbox, request.into_body(), &self.engine.shared.config).await
            }
            _ => Err(RequestError::BadRequest),
        }
    }

    fn websocket<B>(&self, request: &mut Request<B>) -> Result<Answer, RequestError> {
        let query = Query::parse(request.uri().query().unwrap_or_default());
        if self.transport(&query)? != TransportKind::WebSocket {
            return Err(RequestError::BadRequest);
        }
        let Some(sid) = query.sid else {
            query.check_handshake(request.method() == Method::GET, true)?;
            self.check_capacity()?;
            return Ok(self.open_websocket(request));
        };
        let mailbox = self.session(sid)?;
        if !self.engine.shared.config.offers_upgrade() {
            return Err(RequestError::BadRequest);
        }
        Ok(match upgrade::accept(request) {
            Ok((answer, websocket)) => {
                mailbox.command(Command::Probe(Box::new(websocket)));
                answer
            }
            Err(status) => upgrade::refuse(status),
        })
    }

    fn transport(&self, query: &Query<'_>) -> Result<TransportKind, RequestError> {
        let known = query.transport.filter(|kind| self.engine.shared.config.allows(*kind));
        known.ok_or(RequestError::TransportUnknown)
    }

    fn session(&self, sid: &str) -> Result<Arc<Mailbox>, RequestError> {
        let id = sid.parse::<SessionId>().ok();
        id.and_then(|id| self.engine.shared.sessions.get(&id)).ok_or(RequestError::SessionUnknown)
    }

    fn check_capacity(&self) -> Result<(), RequestError> {
        let limit = self.engine.shared.config.max_connections;
        if self.engine.session_count() < limit && !self.engine.shared.is_closing() {
            return Ok(());
        }
        tracing::warn!(target: "sio::engine", limit, "refused a session: `max_connections` are open, or the server closes");
        Err(RequestError::Forbidden)
    }

    fn open_polling<B>(&self, request: &Request<B>) -> Answer {
        let id = random::session_id();
        let upgrades: &[TransportKind] =
            if self.engine.shared.config.offers_upgrade() { &[TransportKind::WebSocket] } else { &[] };
        let body = body_of(&self.open_packet(&id, upgrades));
        self.engine.open(id, self.handshake(request), None);
        let mut answer = answer::text(body);
        self.set_cookie(&mut answer, &id);
        answer
    }

    fn open_websocket<B>(&self, request: &mut Request<B>) -> Answer {
        let (mut answer, websocket) = match upgrade::accept(request) {
            Ok(accepted) => accepted,
            Err(status) => return upgrade::refuse(status),
        };
        let id = random::session_id();
        let open = self.open_packet(&id, &[]).frame();
        self.engine.open(id, self.handshake(request), Some((websocket, open)));
        self.set_cookie(&mut answer, &id);
        answer
    }

    fn handshake<B>(&self, request: &Request<B>) -> Arc<Handshake> {
        Arc::new(Handshake::of(request, self.peer, self.is_secure, SystemTime::now()))
    }

    fn open_packet(&self, id: &SessionId, upgrades: &[TransportKind]) -> sio_core::engine::packet::Packet {
        let config = &self.engine.shared.config;
        let open = OpenPacket {
            sid: id.as_str(),
            upgrades,
            ping_interval: config.ping_interval,
            ping_timeout: config.ping_timeout,
            max_payload: config.max_payload,
        };
        open.to_packet()
    }

    fn set_cookie(&self, answer: &mut Answer, id: &SessionId) {
        let cookie = self.engine.shared.config.cookie.as_ref();
        if let Some(value) = cookie.and_then(|cookie| cookie.header(id)) {
            answer.headers_mut().insert(hyper::header::SET_COOKIE, value);
        }
    }
}

/// The answer to a preflight (WHATWG Fetch, CORS), or to anybody else's question what is allowed.
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
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move { Ok(Self::call(service, request).await) })
    }
}
