//! A listener whose connections are served by a service that is put together here.

use std::{convert::Infallible, error::Error, net::SocketAddr};

use hyper::{Request, Response, body::Body, body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use tokio::{
    net::{TcpListener, TcpStream},
    signal::unix::{SignalKind, signal},
};

/// Gives each connection a service of its own, until the process is told to end.
pub(super) async fn serve<S, B>(listener: TcpListener, service: impl Fn(SocketAddr) -> S) -> sio::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible, Future: Send> + Send + 'static,
    B: Body<Data: Send, Error: Error + Send + Sync> + Send + 'static,
{
    let mut terminate = signal(SignalKind::terminate())?;
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, peer) = accepted?;
                tokio::spawn(serve_connection(stream, peer, service(peer)));
            }
            _ = terminate.recv() => return Ok(()),
        }
    }
}

async fn serve_connection<S, B>(stream: TcpStream, peer: SocketAddr, service: S)
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: Body<Data: Send, Error: Error + Send + Sync> + Send + 'static,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%peer, %error, "cannot set TCP_NODELAY");
    }
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}
