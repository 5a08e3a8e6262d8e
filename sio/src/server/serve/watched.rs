//! The server's service on a connection of its own listener: HTTP's own rules, and the connection's progress.

use std::convert::Infallible;
use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{self, Context, Poll};
use std::{fmt, io};

use bytes::Bytes;
use hyper::body::{Body, Buf, Frame, SizeHint};
use hyper::{Request, Response, StatusCode, Version, header};

use crate::http::{AnswerFuture, ResponseBody, Service, is_host, plain};
use crate::transport::timed::{Answering, Progress};

/// Headers of a client's request.
pub(super) const MAX_HEADERS: usize = 100;

/// Tells the connection when a request begins and its answer ends.
#[derive(Debug)]
pub(super) struct Watched {
    pub(super) service: Service,
    pub(super) progress: Arc<Progress>,
}

impl<B> hyper::service::Service<Request<B>> for Watched
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: fmt::Display,
{
    type Response = Response<WatchedBody>;
    type Error = Infallible;
    type Future = WatchedFuture;

    fn call(&self, request: Request<B>) -> WatchedFuture {
        let answering = Some(self.progress.begin());
        let is_from_server = self.service.comes_from_server(request.headers());
        if is_from_server {
            self.progress.mark_as_server();
        }
        // RFC 9112 §3.2: which host is meant must not be a matter of who reads the request.
        let mut hosts = request.headers().get_all(header::HOST).iter();
        let is_good = match (hosts.next(), hosts.next()) {
            (Some(host), None) => is_host(host.as_bytes()),
            (None, _) => request.version() < Version::HTTP_11,
            (Some(_), Some(_)) => false,
        };
        let refuse = |status, sentence| -> AnswerFuture { Box::pin(ready(Ok(plain(status, sentence)))) };
        let answer = if !is_good {
            refuse(StatusCode::BAD_REQUEST, "The request needs exactly one valid `Host` header.\n")
        } else if request.headers().len() > MAX_HEADERS && !is_from_server {
            refuse(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "")
        } else {
            self.service.answer(request)
        };
        WatchedFuture { answer, progress: Arc::clone(&self.progress), answering }
    }
}

/// An answer on its way.
pub(super) struct WatchedFuture {
    answer: AnswerFuture,
    progress: Arc<Progress>,
    answering: Option<Answering>,
}

impl Future for WatchedFuture {
    type Output = Result<Response<WatchedBody>, Infallible>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(answer) = task::ready!(self.answer.as_mut().poll(cx));
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            self.progress.upgraded();
        }
        let answering = self.answering.take();
        Poll::Ready(Ok(answer.map(|body| WatchedBody { body, _answering: answering })))
    }
}

/// The body of an answer. When it is dropped, all of it is on its way.
#[derive(Debug)]
pub(super) struct WatchedBody {
    body: ResponseBody,
    _answering: Option<Answering>,
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
