//! Socket.IO in front of another service, with hyper's or with tower's traits.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Buf, Frame, SizeHint};
use hyper::{Request, Response};
use pin_project_lite::pin_project;

use super::body::ResponseBody;
use super::engine_service::AnswerFuture;
use super::service::Service;

/// Socket.IO in front of another service, which gets every request that is neither for Socket.IO nor for a static
/// file. Made by [`Service::or`], and with the feature `tower` by `Server::layer`.
///
/// It is a service of the same kind as the inner one: hyper's, or tower's.
#[derive(Debug, Clone)]
pub struct Mounted<S> {
    pub(super) service: Service,
    pub(super) inner: S,
}

impl<S> Mounted<S> {
    pub(crate) fn new(service: Service, inner: S) -> Self {
        Self { service, inner }
    }

    /// Returns the inner service.
    #[must_use]
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S, B, R> hyper::service::Service<Request<B>> for Mounted<S>
where
    S: hyper::service::Service<Request<B>, Response = Response<R>>,
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: fmt::Display,
{
    type Response = Response<MountedBody<R>>;
    type Error = S::Error;
    type Future = MountedFuture<S::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        if self.service.answers(request.uri().path()) {
            MountedFuture::ours(self.service.answer(request))
        } else {
            MountedFuture::theirs(self.inner.call(request))
        }
    }
}

pin_project! {
    /// The answer of a [`Mounted`] service, on its way.
    pub struct MountedFuture<F> {
        #[pin]
        kind: FutureKind<F>,
    }
}

pin_project! {
    #[project = FutureProjection]
    enum FutureKind<F> {
        Ours { answer: AnswerFuture },
        Theirs { #[pin] answer: F },
    }
}

impl<F> MountedFuture<F> {
    pub(super) fn ours(answer: AnswerFuture) -> Self {
        Self { kind: FutureKind::Ours { answer } }
    }

    pub(super) fn theirs(answer: F) -> Self {
        Self { kind: FutureKind::Theirs { answer } }
    }
}

impl<F, R, E> Future for MountedFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<MountedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            FutureProjection::Ours { answer } => {
                let Ok::<_, Infallible>(answer) = ready!(answer.as_mut().poll(cx));
                Poll::Ready(Ok(answer.map(|body| MountedBody { kind: BodyKind::Ours { body } })))
            }
            FutureProjection::Theirs { answer } => {
                let answer = ready!(answer.poll(cx))?;
                Poll::Ready(Ok(answer.map(|body| MountedBody { kind: BodyKind::Theirs { body } })))
            }
        }
    }
}

impl<F> fmt::Debug for MountedFuture<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MountedFuture").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of an answer of a [`Mounted`] service: Socket.IO's or the inner service's.
    pub struct MountedBody<B> {
        #[pin]
        kind: BodyKind<B>,
    }
}

pin_project! {
    #[project = BodyProjection]
    enum BodyKind<B> {
        Ours { #[pin] body: ResponseBody },
        Theirs { #[pin] body: B },
    }
}

impl<B> Body for MountedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.project().kind.project() {
            BodyProjection::Ours { body } => body.poll_frame(cx).map_err(Into::into),
            BodyProjection::Theirs { body } => body.poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            BodyKind::Ours { body } => body.is_end_stream(),
            BodyKind::Theirs { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Ours { body } => body.size_hint(),
            BodyKind::Theirs { body } => body.size_hint(),
        }
    }
}

impl<B> fmt::Debug for MountedBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ours = matches!(self.kind, BodyKind::Ours { .. });
        f.debug_struct("MountedBody").field("is_ours", &is_ours).finish_non_exhaustive()
    }
}
