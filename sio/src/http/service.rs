//! The service of a whole server.

use std::any::Any;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

#[cfg(any(feature = "contract", feature = "static-files"))]
use hyper::StatusCode;
use hyper::body::{Body, Buf};
use hyper::header::HeaderMap;
use hyper::{Request, Response};

#[cfg(any(feature = "contract", feature = "static-files"))]
use super::answer;
use super::body::ResponseBody;
use super::engine_service::{AnswerFuture, EngineService};
#[cfg(feature = "contract")]
use super::fixed::Fixed;
use super::health::{Health, MetricsPage};
use super::mounted::Mounted;
#[cfg(feature = "static-files")]
use super::static_files::StaticFiles;
use crate::peer::Peer;

#[cfg(any(feature = "contract", feature = "static-files"))]
const FOREIGN_HOST: &str = "This host is not served here.\n";

/// Everything that a server answers besides the requests for its engine.
#[derive(Debug)]
pub(crate) struct Beside {
    pub(crate) health: Option<Health>,
    pub(crate) metrics: Option<MetricsPage>,
    #[cfg(feature = "static-files")]
    pub(crate) files: StaticFiles,
    #[cfg(feature = "contract")]
    pub(crate) page: Fixed,
}

impl Beside {
    /// Returns whether this answers requests for a path.
    fn has(&self, path: &str) -> bool {
        #[cfg(feature = "static-files")]
        if self.files.has(path) {
            return true;
        }
        #[cfg(feature = "contract")]
        if self.page.has(path) {
            return true;
        }
        self.health.as_ref().is_some_and(|health| health.has(path))
            || self.metrics.as_ref().is_some_and(|metrics| metrics.path == path)
    }
}

/// A [`Server`](crate::Server) as a hyper service, and with the feature `tower` as a tower service. Requests that are
/// neither for Socket.IO nor for a static file are answered `404`, unless [another service](Service::or) answers
/// them.
///
/// Cheap to clone: one for each connection. It looks at the whole path of a request, so a router must not strip
/// what stands before it.
///
/// # Examples
///
/// ```no_run
/// use hyper::server::conn::http1;
/// use hyper_util::rt::TokioIo;
/// use sio::prelude::*;
///
/// # async fn example(listener: tokio::net::TcpListener) -> sio::Result {
/// let server = Server::builder().build()?;
/// loop {
///     let (stream, peer) = listener.accept().await?;
///     let service = server.service().for_connection(peer, false);
///     tokio::spawn(async move {
///         let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
///         connection.with_upgrades().await
///     });
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Service {
    engine: EngineService,
    beside: Arc<Beside>,
    /// The server, only to be kept alive: the engine does not do that, and its sessions need it.
    _server: Arc<dyn Any + Send + Sync>,
}

impl Service {
    pub(crate) fn new(
        engine: EngineService,
        beside: Arc<Beside>,
        server: Arc<dyn Any + Send + Sync>,
    ) -> Self {
        Self { engine, beside, _server: server }
    }

    /// Returns the service for one connection, so that handlers can learn the peer's address and whether it is
    /// encrypted.
    #[must_use]
    pub fn for_connection(mut self, peer: SocketAddr, is_secure: bool) -> Self {
        self.engine = self.engine.for_connection(peer, is_secure);
        self
    }

    pub(crate) fn of_peer(mut self, peer: Peer) -> Self {
        self.engine = self.engine.of_peer(peer);
        self
    }

    /// Returns whether the path is Socket.IO's.
    #[must_use]
    pub fn is_ours(&self, path: &str) -> bool {
        self.engine.is_ours(path)
    }

    /// Puts this service in front of another, which gets every request that is neither for Socket.IO nor for a
    /// static file. A directory that is served at `/` leaves nothing for it.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use hyper::body::Incoming;
    /// use hyper::{Request, Response};
    /// use sio::Server;
    ///
    /// async fn pages(request: Request<Incoming>) -> Result<Response<String>, Infallible> {
    ///     Ok(Response::new(format!("this is {}", request.uri().path())))
    /// }
    ///
    /// # fn example() -> sio::Result {
    /// let server = Server::builder().build()?;
    /// let service = server.service().or(hyper::service::service_fn(pages));
    /// # let _ = service;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn or<S>(self, inner: S) -> Mounted<S> {
        Mounted::new(self, inner)
    }

    /// Returns whether requests for a path are answered here, by Socket.IO or with a file.
    pub(super) fn answers(&self, path: &str) -> bool {
        self.beside.has(path) || self.is_ours(path)
    }

    /// Returns whether another server has passed this request on.
    pub(crate) fn comes_from_server(&self, headers: &HeaderMap) -> bool {
        self.engine.is_from_server(headers)
    }

    pub(crate) fn answer<B>(&self, request: Request<B>) -> AnswerFuture
    where
        B: Body + Send + 'static,
        B::Data: Buf + Send,
        B::Error: std::fmt::Display,
    {
        let path = request.uri().path();
        // Asked by the address of the server, whatever hosts are allowed.
        if let Some(health) = self.beside.health.as_ref().filter(|health| health.has(path)) {
            let answer = health.answer(path, self.engine.is_ready());
            return Box::pin(std::future::ready(Ok(answer)));
        }
        if let Some(metrics) = self.beside.metrics.as_ref().filter(|metrics| metrics.path == path) {
            return Box::pin(std::future::ready(Ok(metrics.answer())));
        }
        #[cfg(feature = "contract")]
        if !self.engine.is_ours(path) && self.beside.page.has(path) {
            let (head, _) = request.into_parts();
            let answer = if self.engine.admits_host(&head) {
                self.beside.page.answer(&head.method, head.uri.path())
            } else {
                answer::plain(StatusCode::FORBIDDEN, FOREIGN_HOST)
            };
            return Box::pin(std::future::ready(Ok(answer)));
        }
        #[cfg(feature = "static-files")]
        if !self.engine.is_ours(path) && self.beside.files.has(path) {
            let beside = Arc::clone(&self.beside);
            let (head, _) = request.into_parts();
            if !self.engine.admits_host(&head) {
                let answer = answer::plain(StatusCode::FORBIDDEN, FOREIGN_HOST);
                return Box::pin(std::future::ready(Ok(answer)));
            }
            return Box::pin(
                async move { Ok(beside.files.serve(&head.method, &head.uri, &head.headers).await) },
            );
        }
        hyper::service::Service::call(&self.engine, request)
    }
}

impl<B> hyper::service::Service<Request<B>> for Service
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: std::fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = AnswerFuture;

    fn call(&self, request: Request<B>) -> AnswerFuture {
        self.answer(request)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::Empty;
    use hyper::service::Service as _;

    use super::*;
    use crate::Server;

    #[tokio::test]
    async fn a_service_outlives_the_handles_of_its_server() {
        let service = Server::builder().collect(false).build().expect("the defaults are valid").service();
        let request = Request::get("/socket.io/?EIO=4&transport=polling").body(Empty::<Bytes>::new());
        let answer = service.call(request.expect("the request is valid")).await;
        assert_eq!(answer.expect("a service never fails").status(), 200);
    }
}
