//! Requests to a server in the same process, over streams in memory.

use std::net::SocketAddr;
use std::ops::Deref;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::upgrade::Upgraded;
use hyper::{Method, Request, Response, StatusCode};
use hyper::{client, header, server};
use hyper_util::rt::TokioIo;
use tokio::task::JoinHandle;

use super::outcome::Refused;
use crate::engine::TransportKind;
use crate::{Server, Value};

/// The number of bytes that one direction of a stream holds before its writer has to wait, as in the buffers of a
/// real connection.
const STREAM_BYTES: usize = 64 * 1024;

/// The example key of RFC 6455 §1.3. A real client makes one up, against proxies that repeat old answers.
const KEY: HeaderValue = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");

/// How one client reaches its server: the same headers, query and address in every request.
#[derive(Debug, Clone)]
pub(super) struct Http {
    pub(super) server: Server,
    pub(super) peer: SocketAddr,
    pub(super) is_secure: bool,
    pub(super) headers: HeaderMap,
    /// `name=value&` pairs, encoded.
    pub(super) query: String,
}

/// Ends a task with its owner.
#[derive(Debug)]
pub(super) struct Owned(JoinHandle<()>);

impl Owned {
    pub(super) fn spawn(task: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(task))
    }

    /// Ends the task now and waits until it is dropped, with everything that it holds.
    pub(super) async fn end(&mut self) {
        self.0.abort();
        let _ = (&mut self.0).await;
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// An answer whose body has been read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Http {
    /// A GET of a polling session, or of a new one.
    pub(super) async fn get(&self, sid: Option<&str>) -> Result<Answer, String> {
        read(self.send(Method::GET, TransportKind::Polling, sid, Bytes::new()).await?).await
    }

    /// A POST of a polling session.
    pub(super) async fn post(&self, sid: &str, body: Bytes) -> Result<Answer, String> {
        read(self.send(Method::POST, TransportKind::Polling, Some(sid), body).await?).await
    }

    /// The stream of a WebSocket; or the answer of a server that refuses it.
    pub(super) async fn websocket(
        &self,
        sid: Option<&str>,
    ) -> Result<Result<TokioIo<Upgraded>, Answer>, String> {
        let exchange = self.send(Method::GET, TransportKind::WebSocket, sid, Bytes::new()).await?;
        if exchange.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Ok(Err(read(exchange).await?));
        }
        let Exchange { response, connection } = exchange;
        let upgraded = hyper::upgrade::on(response).await.map_err(in_words)?;
        drop(connection);
        Ok(Ok(TokioIo::new(upgraded)))
    }

    async fn send(
        &self,
        method: Method,
        transport: TransportKind,
        sid: Option<&str>,
        body: Bytes,
    ) -> Result<Exchange, String> {
        let sid = sid.map_or(String::new(), |sid| format!("&sid={sid}"));
        let path = self.server.inner.requests.config().path.trim_end_matches('/');
        let target = format!("{path}/?{}EIO=4&transport={transport}{sid}", self.query);
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = method;
        *request.uri_mut() = target.parse().expect("a server's path and an encoded query are valid");
        *request.headers_mut() = self.headers.clone();
        let hosts = &self.server.inner.requests.config().allowed_hosts;
        if let Some(host) = hosts.first().and_then(|host| host.parse().ok()) {
            request.headers_mut().entry(header::HOST).or_insert(host);
        }
        if transport == TransportKind::WebSocket {
            let headers = request.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            headers.insert(header::SEC_WEBSOCKET_KEY, KEY);
        }
        let (mut sender, connection) =
            client::conn::http1::handshake(self.connect()).await.map_err(in_words)?;
        let connection = Owned::spawn(async move {
            // How it ends is seen in the answer.
            let _ = connection.with_upgrades().await;
        });
        let response = sender.send_request(request).await.map_err(in_words)?;
        Ok(Exchange { response, connection })
    }

    /// A stream whose other end the server serves. That end's task ends when this end is dropped.
    fn connect(&self) -> TokioIo<tokio::io::DuplexStream> {
        let (ours, theirs) = tokio::io::duplex(STREAM_BYTES);
        let service = self.server.service().for_connection(self.peer, self.is_secure);
        let connection = server::conn::http1::Builder::new()
            .serve_connection(TokioIo::new(theirs), service)
            .with_upgrades();
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(target: "sio::testing", %error, "connection ended");
            }
        });
        TokioIo::new(ours)
    }
}

/// An answer whose body is still to be read, and the connection that it comes over.
struct Exchange {
    response: Response<Incoming>,
    connection: Owned,
}

impl Deref for Exchange {
    type Target = Response<Incoming>;

    fn deref(&self) -> &Self::Target {
        &self.response
    }
}

async fn read(exchange: Exchange) -> Result<Answer, String> {
    let Exchange { response, connection } = exchange;
    let status = response.status();
    let body = response.into_body().collect().await.map_err(in_words)?.to_bytes();
    drop(connection);
    Ok(Answer { status, body })
}

#[expect(clippy::needless_pass_by_value, reason = "the shape of `map_err`")]
fn in_words(error: hyper::Error) -> String {
    error.to_string()
}

impl Answer {
    /// Engine.IO's errors are JSON: `{"code":4,"message":"Forbidden"}`.
    pub(super) fn into_refusal(self) -> Refused {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let known = body["message"].as_str().or_else(|| self.status.canonical_reason());
        Refused {
            message: known.unwrap_or("refused").to_owned(),
            status: Some(self.status.as_u16()),
            data: body,
        }
    }

    /// The refusal in words, for a transcript.
    pub(super) fn why(self) -> String {
        let refusal = self.into_refusal();
        format!("HTTP {}: {}", refusal.status.unwrap_or_default(), refusal.message)
    }
}

/// The headers that every request has.
pub(super) fn default_headers() -> HeaderMap {
    HeaderMap::from_iter([
        (header::HOST, HeaderValue::from_static("localhost")),
        (header::USER_AGENT, HeaderValue::from_static("sio-testing")),
    ])
}

/// # Panics
///
/// When name or value cannot stand in a request.
#[track_caller]
pub(super) fn parse_header(name: &str, value: &str) -> (HeaderName, HeaderValue) {
    match (name.parse(), value.parse()) {
        (Ok(name), Ok(value)) => (name, value),
        (Err(_), _) => panic!("{name:?} is not the name of a header"),
        (_, Err(_)) => panic!("{value:?} is not the value of a header"),
    }
}
