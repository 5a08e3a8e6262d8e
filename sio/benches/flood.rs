//! The time that an innocent client waits for its answers while four others flood the server with large events, on a
//! runtime with two workers: `cargo bench -p sio-server --bench flood -- [seconds of each measurement] [rounds]`.
//!
//! Each flood is measured between two times of quiet, since machines change their mind about how fast they are. Clients
//! that flood are another process, which `nice` lets run where the server leaves a processor free: on a machine of their
//! own they would not take the server's either. The same is measured with a bare program that reads the floods and does
//! nothing with them, by the same runtime: nobody waits less than beside that.

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use bytes::{Buf, BytesMut};
use sio::Binary;
use sio::Value;
use sio::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

const FLOODS: usize = 4;
const MEGABYTE: usize = 1_000_000;
const MASK: [u8; 4] = [1, 2, 3, 4];

/// How long a client that floods waits for its bytes to be taken before it comes back by another connection.
const PATIENCE: Duration = Duration::from_millis(200);

/// Tell the process that floods which server it floods, and with what.
const AT: &str = "SIO_FLOOD_AT";
const KIND: &str = "SIO_FLOOD_KIND";

static HANDLED: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
struct Target;

#[consumer]
impl Target {
    async fn event_lists(&mut self, value: Value) -> Value {
        HANDLED.fetch_add(1, Ordering::Relaxed);
        value
    }

    async fn event_text(&mut self, _text: String) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }

    async fn event_bytes(&mut self, _bytes: Binary) {
        HANDLED.fetch_add(1, Ordering::Relaxed);
    }

    async fn event_echo(&mut self, text: String) -> String {
        text
    }
}

/// A masked frame with the whole of a message.
fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | opcode];
    match payload.len() {
        len @ ..126 => frame.push(0x80 | len as u8),
        len @ ..65_536 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn text(payload: &str) -> Vec<u8> {
    frame(1, payload.as_bytes())
}

/// An event whose one argument is so many times `piece`, between two ends.
fn event(name: &str, open: &str, piece: &str, close: &str, size: usize) -> Vec<u8> {
    text(&format!("421[\"{name}\",{open}{}{close}]", piece.repeat(size / piece.len())))
}

fn floods() -> Vec<(&'static str, Vec<u8>)> {
    let megabyte = MEGABYTE - 100;
    let mut bytes = text("451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]");
    bytes.extend(frame(2, &vec![7; MEGABYTE]));
    vec![
        ("lists, 1 MB", event("lists", "[", "[],", "[]]", megabyte)),
        ("objects, 1 MB", event("lists", "[", "{\"a\":\"b\"},", "0]", megabyte)),
        ("lists, 60 kB", event("lists", "[", "[],", "[]]", 60_000)),
        ("lists, 15 kB", event("lists", "[", "[],", "[]]", 15_000)),
        ("text, 1 MB", event("text", "\"", "x", "\"", megabyte)),
        ("bytes, 1 MB", bytes),
        ("small events", text("42[\"text\",\"hello\"]").repeat(40_000)),
    ]
}

struct Client(TcpStream);

impl Client {
    fn open(address: SocketAddr) -> io::Result<Self> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        write!(
            stream,
            "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        )?;
        let (mut head, mut byte) = (Vec::new(), [0]);
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let mut client = Self(stream);
        client.read()?;
        client.0.write_all(&text("40"))?;
        client.read()?;
        Ok(client)
    }

    /// The payload of the next frame.
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut head = [0; 2];
        self.0.read_exact(&mut head)?;
        let len = match head[1] & 0x7f {
            126 => {
                let mut len = [0; 2];
                self.0.read_exact(&mut len)?;
                u64::from(u16::from_be_bytes(len))
            }
            127 => {
                let mut len = [0; 8];
                self.0.read_exact(&mut len)?;
                u64::from_be_bytes(len)
            }
            len => u64::from(len),
        };
        let mut payload = vec![0; len as usize];
        self.0.read_exact(&mut payload)?;
        Ok(payload)
    }
}

/// Sends the same over and over, and reads nothing.
fn flood(address: SocketAddr, data: &[u8]) -> ! {
    loop {
        let Ok(mut client) = Client::open(address) else { continue };
        if client.0.set_write_timeout(Some(PATIENCE)).is_err() {
            continue;
        }
        while client.0.write_all(data).is_ok() {}
    }
}

/// The clients of one flood, each a thread of a process of its own.
struct Flood(Child);

impl Flood {
    fn start(address: SocketAddr, name: &str) -> io::Result<Self> {
        let program = std::env::current_exe()?;
        let mut command = Command::new("nice");
        command.args(["-n", "19"]).arg(program).env(AT, address.to_string()).env(KIND, name);
        command.spawn().map(Self)
    }

    /// Runs in the process that floods.
    fn run(address: SocketAddr, name: &str) -> io::Result<()> {
        let mut floods = floods().into_iter();
        let (_, data) = floods.find(|(kind, _)| *kind == name).ok_or(io::ErrorKind::InvalidInput)?;
        thread::scope(|threads| {
            for _ in 0..FLOODS {
                threads.spawn(|| flood(address, &data));
            }
        });
        Ok(())
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        let _ = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Asks one question after the other, and tells how long each answer took.
fn innocent(address: SocketAddr, time: Duration) -> io::Result<Vec<Duration>> {
    let mut client = Client::open(address)?;
    let question = text("421[\"echo\",\"hello\"]");
    let (begin, mut waits) = (Instant::now(), Vec::new());
    while begin.elapsed() < time {
        let asked = Instant::now();
        client.0.write_all(&question)?;
        while !client.read()?.starts_with(b"43") {}
        waits.push(asked.elapsed());
        thread::sleep(Duration::from_millis(1));
    }
    waits.sort();
    Ok(waits)
}

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted.get(sorted.len().saturating_sub(1) * percent / 100).copied().unwrap_or_default()
}

fn shown(sorted: &[Duration]) -> String {
    let of = |percent| percentile(sorted, percent).as_micros();
    format!("p50 {:6} p90 {:6} p99 {:6} max {:6} µs", of(50), of(90), of(99), of(100))
}

fn beside_flood(address: SocketAddr, name: &str, time: Duration) -> io::Result<(Vec<Duration>, u64)> {
    let flood = Flood::start(address, name)?;
    thread::sleep(Duration::from_millis(300));
    let before = HANDLED.load(Ordering::Relaxed);
    let waits = innocent(address, time);
    let handled = HANDLED.load(Ordering::Relaxed) - before;
    drop(flood);
    // The part of it that the server still has.
    thread::sleep(Duration::from_millis(500));
    Ok((waits?, handled))
}

fn serve(runtime: &Runtime) -> io::Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async move {
        let server = Server::builder().collect(false).consumer::<Target>().handle_signals(false).build();
        let server = server.expect("the server can be built");
        server.serve_with(listener).await.expect("it serves until the end");
    });
    Ok(address)
}

/// Serves what the clients here need of the protocol, and throws the floods away.
async fn bare(mut stream: tokio::net::TcpStream) -> io::Result<()> {
    let answer = |text: &str| [&[0x81, text.len() as u8], text.as_bytes()].concat();
    let mut input = BytesMut::with_capacity(64 * 1024);
    while !input.ends_with(b"\r\n\r\n") {
        stream.read_buf(&mut input).await?;
    }
    input.clear();
    stream.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await?;
    stream.write_all(&answer("0{}")).await?;
    let mut buffer = vec![0; 64 * 1024];
    // How much of the last frame has not come.
    let mut rest = 0;
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        let skipped = read.min(rest);
        rest -= skipped;
        input.extend_from_slice(&buffer[skipped..read]);
        while let Some((head, len)) = head(&input) {
            if len < 126 {
                if input.len() < head + len {
                    break;
                }
                let payload: Vec<u8> = input[head..head + len]
                    .iter()
                    .zip(MASK.iter().cycle())
                    .map(|(byte, mask)| byte ^ mask)
                    .collect();
                if payload.starts_with(b"421") {
                    stream.write_all(&answer("431[]")).await?;
                } else if payload == b"40" {
                    stream.write_all(&answer("40{}")).await?;
                }
            }
            let taken = input.len().min(head + len);
            rest = head + len - taken;
            input.advance(taken);
        }
    }
}

/// The lengths of the head and the payload of a client's frame.
fn head(frame: &[u8]) -> Option<(usize, usize)> {
    let (head, len) = match (frame.get(1)? & 0x7f, frame) {
        (126, [_, _, a, b, ..]) => (8, usize::from(u16::from_be_bytes([*a, *b]))),
        (127, _) => (14, u64::from_be_bytes(frame.get(2..10)?.try_into().ok()?) as usize),
        (len, _) => (6, usize::from(len)),
    };
    (frame.len() >= head).then_some((head, len))
}

fn serve_bare(runtime: &Runtime) -> io::Result<SocketAddr> {
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    runtime.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let _ = stream.set_nodelay(true);
            tokio::spawn(bare(stream));
        }
    });
    Ok(address)
}

fn load() -> String {
    std::fs::read_to_string("/proc/loadavg")
        .unwrap_or_default()
        .split(' ')
        .take(2)
        .collect::<Vec<_>>()
        .join(" ")
}

fn main() -> io::Result<()> {
    if let (Ok(address), Ok(name)) = (std::env::var(AT), std::env::var(KIND)) {
        return Flood::run(address.parse().map_err(io::Error::other)?, &name);
    }
    let numbers: Vec<u64> = std::env::args().filter_map(|argument| argument.parse().ok()).collect();
    let time = Duration::from_secs(numbers.first().copied().unwrap_or(3));
    let rounds = numbers.get(1).copied().unwrap_or(1);
    let wanted: Vec<String> =
        std::env::args().skip(1).filter(|argument| argument.starts_with(char::is_alphabetic)).collect();
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (address, bare) = (serve(&runtime)?, serve_bare(&runtime)?);
    innocent(address, Duration::from_millis(300))?;
    let mut ratios: HashMap<&str, Vec<f64>> = HashMap::new();
    for round in 1..=rounds {
        for (name, _) in floods() {
            if !wanted.is_empty() && !wanted.iter().any(|wanted| name.contains(&**wanted)) {
                continue;
            }
            let mut idle = innocent(address, time / 2)?;
            let (limit, _) = beside_flood(bare, name, time)?;
            let (waits, handled) = beside_flood(address, name, time)?;
            idle.extend(innocent(address, time / 2)?);
            idle.sort();
            let ratio = percentile(&waits, 99).as_secs_f64() / percentile(&idle, 99).as_secs_f64();
            let rate = handled as f64 / time.as_secs_f64();
            println!(
                "round {round} {name:14} {} | idle {} | {ratio:5.1} x | bare {} | {rate:8.1} events/s | load {}",
                shown(&waits),
                shown(&idle),
                shown(&limit),
                load()
            );
            ratios.entry(name).or_default().push(ratio);
        }
    }
    for (name, ratios) in &ratios {
        println!("{name:14} p99 beside the flood / p99 idle: {ratios:.1?}");
    }
    runtime.shutdown_background();
    Ok(())
}
