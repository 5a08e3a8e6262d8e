//! The cost of an event in a running server, without system calls: `cargo bench -p sio-server --bench server`. Clients are
//! connected through memory, and everything runs on one thread. Allocations are counted beside the time.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use sio::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream};
use tokio::runtime::{self, Runtime};

#[global_allocator]
static ALLOCATOR: AllocProfiler = AllocProfiler::system();

/// Large enough for what a client has in flight.
const PIPE: usize = 256 * 1024;

fn main() {
    divan::main();
}

#[derive(Serialize, Deserialize)]
struct Chat {
    text: String,
    n: u64,
}

#[derive(Default)]
struct Bench;

#[consumer]
impl Bench {
    async fn event_echo(&mut self, chat: Chat) -> Chat {
        chat
    }

    async fn event_nothing(&mut self) {}

    async fn event_join(&mut self, socket: &Socket) -> sio::Result<u8> {
        socket.join("room").await?;
        Ok(1)
    }
}

/// Events without an argument or an answer, and one answer at the end to wait for.
#[divan::bench]
fn dispatch(bencher: Bencher<'_, '_>) {
    const EVENTS: usize = 64;
    let mut bench = Peer::connect();
    let mut events = frame(r#"42["nothing"]"#).repeat(EVENTS - 1);
    events.extend(frame(r#"427["nothing"]"#));
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| bench.exchange(&events, "437[]".len() + 2));
}

/// A typed echo with 128 bytes of text, so many at a time.
#[divan::bench(args = [1, 16])]
fn echo(bencher: Bencher<'_, '_>, window: usize) {
    let mut bench = Peer::connect();
    let text = "x".repeat(128);
    let events = frame(&format!(r#"427["echo",{{"text":"{text}","n":1}}]"#)).repeat(window);
    // Two bytes of length behind the first two.
    let answers = window * (4 + format!(r#"437[{{"text":"{text}","n":1}}]"#).len());
    bencher.counter(ItemsCount::new(window)).bench_local(|| bench.exchange(&events, answers));
}

/// An event to a room with so many members, until every one of them has it.
#[divan::bench(args = [1, 10, 100, 1000])]
fn broadcast(bencher: Bencher<'_, '_>, members: usize) {
    let bench = Peer::connect();
    let mut streams: Vec<_> = (0..members).map(|_| bench.member()).collect();
    let room = bench.server.of("/").to("room");
    let chat = Chat { text: "x".repeat(128), n: 1 };
    let length = 4 + format!(r#"42["news",{{"text":"{}","n":1}}]"#, chat.text).len();
    let mut buffer = vec![0; length];
    bencher.counter(ItemsCount::new(members)).bench_local(|| {
        bench.runtime.block_on(async {
            room.emit("news", &chat).await.expect("the event can be sent");
            for stream in &mut streams {
                stream.read_exact(&mut buffer).await.expect("the member is connected");
            }
        });
    });
}

/// A server, and a client of it.
struct Peer {
    runtime: Runtime,
    server: Server,
    stream: DuplexStream,
    buffer: Vec<u8>,
}

impl Peer {
    fn connect() -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime needs no more than a file");
        let server = Server::builder().collect(false).consumer::<Bench>().build();
        let server = server.expect("the server can be built");
        let stream = runtime.block_on(connect(&server));
        Self { runtime, server, stream, buffer: Vec::new() }
    }

    /// Connects another client, which joins the room.
    fn member(&self) -> DuplexStream {
        self.runtime.block_on(async {
            let mut stream = connect(&self.server).await;
            stream.write_all(&frame(r#"420["join"]"#)).await.expect("the server reads");
            let mut answer = [0; 8];
            stream.read_exact(&mut answer).await.expect("the server answers");
            assert_eq!(&answer[2..], b"430[1]");
            stream
        })
    }

    /// Writes frames and waits for so many bytes of answers.
    fn exchange(&mut self, frames: &[u8], answers: usize) {
        self.buffer.resize(answers, 0);
        self.runtime.block_on(async {
            self.stream.write_all(frames).await.expect("the server reads");
            self.stream.read_exact(&mut self.buffer).await.expect("the server answers");
        });
    }
}

/// A WebSocket client that has joined the main namespace.
async fn connect(server: &Server) -> DuplexStream {
    let (mut stream, far) = tokio::io::duplex(PIPE);
    let connection = http1::Builder::new().serve_connection(TokioIo::new(far), server.service());
    tokio::spawn(connection.with_upgrades());
    let request = "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\n\
                   Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.expect("the server reads");
    // The open packet's closing brace, then that of the answer to the CONNECT.
    read_until(&mut stream, b'}').await;
    stream.write_all(&frame("40")).await.expect("the server reads");
    read_until(&mut stream, b'}').await;
    stream
}

async fn read_until(stream: &mut DuplexStream, end: u8) {
    while stream.read_u8().await.expect("the server answers") != end {}
}

/// A text frame, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match u8::try_from(text.len()) {
        Ok(short @ ..126) => frame.push(0x80 | short),
        _ => {
            let medium = u16::try_from(text.len()).expect("no longer text is sent here");
            frame.push(0x80 | 126);
            frame.extend(medium.to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}
