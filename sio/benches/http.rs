//! The cost of HTTP, without system calls: opening a session, one round of polling, and connecting by WebSocket:
//! `cargo bench -p sio-server --bench http`. Everything runs on one thread. Allocations are counted beside the time.

use bytes::Bytes;
use divan::{AllocProfiler, Bencher};
use http_body_util::{BodyExt, Full};
use hyper::server::conn::http1;
use hyper::{Method, Request};
use hyper_util::rt::TokioIo;
use sio::engine::{CloseReason, Config, Engine, Handler, Message, Sender};
use sio::http::EngineService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::runtime::{self, Runtime};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";

fn main() {
    divan::main();
}

struct Echo(Sender);

impl Handler for Echo {
    fn on_message(&mut self, message: Message) -> Result<(), CloseReason> {
        self.0.try_send(&message).map_err(|_| CloseReason::SlowClient)
    }
}

fn start() -> (Runtime, EngineService) {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let engine = Engine::new(Config::default(), |sender, _| Box::new(Echo(sender)));
    (
        runtime.expect("a runtime needs no more than a file"),
        EngineService::new(engine, sio::http::Config::default()),
    )
}

/// The first request of a session.
#[divan::bench]
fn open(bencher: Bencher<'_, '_>) {
    let (runtime, service) = start();
    bencher.bench_local(|| runtime.block_on(request(&service, Method::GET, POLLING, "")));
}

/// A POST with a message and the GET that brings its echo.
#[divan::bench]
fn round(bencher: Bencher<'_, '_>) {
    let (runtime, service) = start();
    let open = runtime.block_on(request(&service, Method::GET, POLLING, ""));
    let open = std::str::from_utf8(&open).expect("the open packet is text");
    let id = open.split('"').nth(3).expect("the open packet begins with the id");
    let target = format!("{POLLING}&sid={id}");
    bencher.bench_local(|| {
        runtime.block_on(async {
            request(&service, Method::POST, &target, "4hello").await;
            assert_eq!(request(&service, Method::GET, &target, "").await, "4hello");
        });
    });
}

/// The opening handshake of a WebSocket, until the open packet is there.
#[divan::bench]
fn websocket(bencher: Bencher<'_, '_>) {
    const REQUEST: &[u8] = b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n\
        Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let (runtime, service) = start();
    bencher.bench_local(|| {
        runtime.block_on(async {
            let (mut stream, far) = tokio::io::duplex(4096);
            let connection = http1::Builder::new().serve_connection(TokioIo::new(far), service.clone());
            tokio::spawn(connection.with_upgrades());
            stream.write_all(REQUEST).await.expect("the server reads");
            let mut seen = Vec::with_capacity(1024);
            while !seen.ends_with(b"}") {
                let count = stream.read_buf(&mut seen).await.expect("the server answers");
                assert_ne!(count, 0, "the server closed");
            }
        });
    });
}

async fn request(service: &EngineService, method: Method, target: &str, body: &'static str) -> Bytes {
    let request = Request::builder()
        .method(method)
        .uri(target)
        .header("host", "localhost:3000")
        .header("origin", "http://localhost:3000")
        .header("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")
        .header("accept", "*/*")
        .header("accept-encoding", "gzip, deflate, br")
        .body(Full::new(Bytes::from_static(body.as_bytes())))
        .expect("the request is valid");
    let Ok(answer) = hyper::service::Service::call(service, request).await;
    answer.into_body().collect().await.expect("the body is whole").to_bytes()
}
