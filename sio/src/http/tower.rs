//! The services as tower has them, and the layer that puts Socket.IO in front of one.

use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};

use hyper::body::{Body, Buf};
use hyper::{Request, Response};
use tower_service::Service as TowerService;

use super::body::ResponseBody;
use super::engine_service::{AnswerFuture, EngineService};
use super::mounted::{Mounted, MountedBody, MountedFuture};
use super::service::Service;

/// Puts Socket.IO in front of a tower service: axum's router, or whatever else speaks HTTP through tower. Made by
/// [`Server::layer`](crate::Server::layer).
#[derive(Debug, Clone)]
pub struct Layer {
    service: Service,
}

impl Layer {
    pub(crate) fn new(service: Service) -> Self {
        Self { service }
    }
}

impl<S> tower_layer::Layer<S> for Layer {
    type Service = Mounted<S>;

    fn layer(&self, inner: S) -> Mounted<S> {
        Mounted::new(self.service.clone(), inner)
    }
}

impl<S, B, R> TowerService<Request<B>> for Mounted<S>
where
    S: TowerService<Request<B>, Response = Response<R>>,
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: fmt::Display,
{
    type Response = Response<MountedBody<R>>;
    type Error = S::Error;
    type Future = MountedFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.service.answers(request.uri().path()) {
            MountedFuture::ours(self.service.answer(request))
        } else {
            MountedFuture::theirs(self.inner.call(request))
        }
    }
}

impl<B> TowerService<Request<B>> for Service
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = AnswerFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AnswerFuture {
        self.answer(request)
    }
}

impl<B> TowerService<Request<B>> for EngineService
where
    B: Body + Send + 'static,
    B::Data: Buf + Send,
    B::Error: fmt::Display,
{
    type Response = Response<ResponseBody>;
    type Error = Infallible;
    type Future = AnswerFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> AnswerFuture {
        hyper::service::Service::call(self, request)
    }
}
