//! A proxy that gives each request to the next node, as a balancer without sticky sessions does. A node that does not
//! listen is passed over.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HeaderName, HeaderValue, UPGRADE};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, client, server};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

type Answer = Response<BoxBody<Bytes, hyper::Error>>;

/// Takes connections until the program ends.
pub(crate) async fn run(listener: TcpListener, nodes: Vec<SocketAddr>) {
    let balancer = Arc::new(Balancer { nodes, turn: AtomicUsize::new(0) });
    loop {
        let Ok((stream, peer)) = listener.accept().await else { continue };
        let balancer = Arc::clone(&balancer);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let balancer = Arc::clone(&balancer);
                async move { Ok::<_, Infallible>(balancer.pass_on(request, peer).await) }
            });
            let connection = server::conn::http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service);
            // A browser that closes its connection is no event.
            connection.with_upgrades().await.ok();
        });
    }
}

struct Balancer {
    nodes: Vec<SocketAddr>,
    turn: AtomicUsize,
}

impl Balancer {
    async fn pass_on(&self, mut request: Request<Incoming>, peer: SocketAddr) -> Answer {
        let address = HeaderValue::try_from(peer.ip().to_string())
            .expect("an address is plain text");
        request.headers_mut().insert(X_FORWARDED_FOR, address);
        let Some(node) = self.next_node().await else {
            return refusal(StatusCode::SERVICE_UNAVAILABLE, "no node runs\n");
        };
        exchange(node, request)
            .await
            .unwrap_or_else(|_| refusal(StatusCode::BAD_GATEWAY, "the node has gone\n"))
    }

    /// Connects to the node whose turn it is, or to the first after it that listens.
    async fn next_node(&self) -> Option<TcpStream> {
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        for step in 0..self.nodes.len() {
            let node = self.nodes[(turn.wrapping_add(step)) % self.nodes.len()];
            if let Ok(stream) = TcpStream::connect(node).await {
                return Some(stream);
            }
        }
        None
    }
}

/// Has a node answer a request. If both sides change to another protocol, their bytes are passed on from then on.
async fn exchange(
    node: TcpStream,
    mut request: Request<Incoming>,
) -> hyper::Result<Answer> {
    let (mut sender, connection) =
        client::conn::http1::handshake(TokioIo::new(node)).await?;
    tokio::spawn(connection.with_upgrades());
    let browser =
        request.headers().contains_key(UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let mut response = sender.send_request(request).await?;
    if let Some(browser) =
        browser.filter(|_| response.status() == StatusCode::SWITCHING_PROTOCOLS)
    {
        let node = hyper::upgrade::on(&mut response);
        tokio::spawn(async move {
            if let (Ok(browser), Ok(node)) = tokio::join!(browser, node) {
                // It ends with either side, however that goes.
                copy_bidirectional(&mut TokioIo::new(browser), &mut TokioIo::new(node))
                    .await
                    .ok();
            }
        });
    }
    Ok(response.map(BodyExt::boxed))
}

fn refusal(status: StatusCode, reason: &'static str) -> Answer {
    let body =
        Full::new(Bytes::from_static(reason.as_bytes())).map_err(|never| match never {});
    let mut response = Response::new(BodyExt::boxed(body));
    *response.status_mut() = status;
    response
}
