//! A load balancer that gives each request to the next node, whatever session it is for.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1 as client;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use sio_tests::Endpoint;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Ends with the test.
pub(crate) struct Balancer {
    pub(crate) endpoint: Endpoint,
    task: JoinHandle<()>,
}

impl Balancer {
    /// Listens on a port of its own.
    pub(crate) async fn start(nodes: Vec<SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let endpoint = Endpoint::new(listener.local_addr().expect("it has an address"));
        let nodes: Arc<[SocketAddr]> = nodes.into();
        let next = Arc::new(AtomicUsize::new(0));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (nodes, next) = (Arc::clone(&nodes), Arc::clone(&next));
                let service = service_fn(move |request| {
                    let node = nodes[next.fetch_add(1, Ordering::Relaxed) % nodes.len()];
                    async move { Ok::<_, Infallible>(pass(node, request).await) }
                });
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection.with_upgrades());
            }
        });
        Self { endpoint, task }
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Sends a request to a node, on a connection of its own, and returns the answer.
async fn pass(node: SocketAddr, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let bad = || {
        let mut answer = Response::new(Full::default());
        *answer.status_mut() = StatusCode::BAD_GATEWAY;
        answer
    };
    let Ok(stream) = TcpStream::connect(node).await else { return bad() };
    let Ok((mut sender, connection)) = client::handshake(TokioIo::new(stream)).await else { return bad() };
    tokio::spawn(connection.with_upgrades());
    let own = hyper::upgrade::on(&mut request);
    let Ok(mut answer) = sender.send_request(request).await else { return bad() };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        let other = hyper::upgrade::on(&mut answer);
        tokio::spawn(async move {
            if let (Ok(own), Ok(other)) = tokio::join!(own, other) {
                let _ = copy_bidirectional(&mut TokioIo::new(own), &mut TokioIo::new(other)).await;
            }
        });
    }
    let (head, body) = answer.into_parts();
    match body.collect().await {
        Ok(body) => Response::from_parts(head, Full::new(body.to_bytes())),
        Err(_) => bad(),
    }
}
