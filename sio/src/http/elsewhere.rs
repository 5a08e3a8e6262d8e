//! Sessions that other servers have, and the requests for them that come here.
//!
//! Several servers that act as one stand behind one address, so that any of them gets a request. The one that gets it
//! judges it, and passes it on to the server that has the session, which answers. The way there is not known here: see
//! [`Elsewhere`].

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Body, Buf};
use hyper::header::{self, HeaderMap, HeaderName};
use hyper::http::request::Parts;
use hyper::upgrade::OnUpgrade;
use hyper::{Method, Response, StatusCode, Uri};
use serde::Deserialize;
use sio_core::engine::handshake::RequestError;
use sio_core::id::SessionId;

use super::answer::{self, Answer};
use super::body::ResponseBody;
use super::engine_service::EngineService;
use super::long_polling;
use super::refused::{Refusal, Refused, RefusedReason};
use super::upgrade;
use crate::engine::TransportKind;
use crate::peer::Peer;

/// How long another server may take to answer a POST, or the opening handshake of a WebSocket.
const PATIENCE: Duration = Duration::from_secs(5);

/// On a request of another server that is no client's: it cannot be the way to a session any more. A GET that waits is
/// answered, so that the client asks again by another way, and a WebSocket is closed.
pub(crate) const RELEASE: HeaderName = HeaderName::from_static("sio-release");

/// The servers with which this one acts as one.
pub(crate) trait Elsewhere: fmt::Debug + Send + Sync {
    /// Returns the way to the server that has a session, if there is one. Asks nobody.
    fn way_to(&self, session: &SessionId) -> Option<Box<dyn Way>>;

    /// Returns who has sent a request with these headers.
    fn sender_of(&self, headers: &HeaderMap) -> Sender;

    /// Returns whether another server has sent a request with these headers, for a client.
    fn is_from_server(&self, headers: &HeaderMap) -> bool;
}

/// The way to another server.
pub(crate) trait Way: Send + Sync {
    /// Passes a request on, and returns the answer.
    fn exchange<'a>(&'a self, asked: Asked<'a>, body: Sent, limit: Duration) -> Passing<'a>;

    /// The same for a request that becomes a WebSocket: it begins when the answer, status 101, has been written.
    fn upgrade<'a>(&'a self, asked: Asked<'a>, connection: OnUpgrade, limit: Duration) -> Passing<'a>;
}

/// A request that is being passed on.
pub(crate) type Passing<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Failed>> + Send + 'a>>;

/// The sender of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    Client,
    /// Another server, for this client. It has judged the request.
    Server(Peer),
    /// Something that is meant for another server and has come here: it is answered as a client is, and not passed on.
    Stray,
}

/// The head of a request, and the client that has sent it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) method: &'a Method,
    pub(crate) uri: &'a Uri,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) client: Peer,
}

/// The body of a request that is passed on.
#[derive(Debug, Clone)]
pub(crate) enum Sent {
    Whole(Bytes),
    /// More than a body may have, which is announced and not sent.
    TooLarge {
        announced: u64,
    },
}

/// Why a request could not be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failed {
    /// The server is not there any more, and the session with it.
    Gone,
    /// The server cannot be reached, or does not answer in time.
    Unreachable,
    /// As many requests are being passed on as may be.
    Full,
}

impl<'a> Asked<'a> {
    fn new(request: &'a Parts, client: Peer) -> Self {
        let Parts { method, uri, headers, .. } = request;
        Self { method, uri, headers, client }
    }
}

impl EngineService {
    /// Passes a polling request on to the server that has its session.
    pub(super) async fn pass_on<B>(
        &self,
        way: Box<dyn Way>,
        request: &Parts,
        transport: TransportKind,
        body: B,
    ) -> Result<Answer, Refusal>
    where
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: fmt::Display,
    {
        if transport != TransportKind::Polling {
            return Err(RefusedReason::BadRequest.into());
        }
        let config = self.engine().config();
        let asked = Asked::new(request, self.client(request));
        let answer = match request.method {
            Method::GET => {
                way.exchange(asked, Sent::Whole(Bytes::new()), long_polling::patience(config)).await
            }
            Method::POST => {
                let announced = config.max_payload as u64 + 1;
                let too_large = async { way.exchange(asked, Sent::TooLarge { announced }, PATIENCE).await };
                // Whole before a connection is taken for it: a slow client keeps none of the other server's.
                match long_polling::take(&request.headers, body, config, too_large).await {
                    Ok(bytes) => way.exchange(asked, Sent::Whole(bytes), PATIENCE).await,
                    // Too large here as well, if the other server does not say so.
                    Err(Some(Err(Failed::Unreachable | Failed::Full))) => {
                        return Ok(answer::status(StatusCode::PAYLOAD_TOO_LARGE));
                    }
                    Err(Some(answer)) => answer,
                    Err(None) => return Err(RefusedReason::BadRequest.into()),
                }
            }
            _ => return Err(RefusedReason::BadRequest.into()),
        };
        self.passed(answer, request)
    }

    /// Passes on a request that moves a session of another server to WebSocket.
    pub(super) async fn pass_upgrade_on(
        &self,
        way: Box<dyn Way>,
        request: &mut Parts,
    ) -> Result<Answer, Refusal> {
        upgrade::refuse_old_http(request)?;
        let connection = upgrade::take(request)?;
        let asked = Asked::new(request, self.client(request));
        let mut answer = way.upgrade(asked, connection, PATIENCE).await;
        if let Ok(answer) = &mut answer
            && answer.status() == StatusCode::SWITCHING_PROTOCOLS
            && upgrade::is_extended_connect(request)
        {
            // Over HTTP/2 the connection stays, and only this stream becomes a WebSocket.
            *answer.status_mut() = StatusCode::OK;
            for name in [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_ACCEPT] {
                answer.headers_mut().remove(name);
            }
        }
        self.passed(answer, request)
    }

    /// The answer of the other server, which has told nobody of a refusal.
    fn passed(&self, answer: Result<Response<Bytes>, Failed>, request: &Parts) -> Result<Answer, Refusal> {
        #[derive(Deserialize)]
        struct Error {
            code: u8,
        }

        let answer = match answer {
            Ok(answer) => answer,
            Err(Failed::Gone) => return Err(RequestError::SessionUnknown.into()),
            Err(Failed::Unreachable) => return Ok(answer::status(StatusCode::BAD_GATEWAY)),
            Err(Failed::Full) => {
                let sentence = "Too many requests are being passed on to other servers.\n";
                return Ok(answer::plain(StatusCode::SERVICE_UNAVAILABLE, sentence));
            }
        };
        if answer.status().is_client_error()
            && let Ok(Error { code }) = serde_json::from_slice(answer.body())
        {
            let is_unknown = code == RequestError::SessionUnknown.code();
            let reason = if is_unknown { RefusedReason::SessionUnknown } else { RefusedReason::BadRequest };
            self.config().hooks.refused(&Refused::new(&reason.into(), request));
        }
        Ok(answer.map(ResponseBody::from))
    }
}
