//! A room full of members who are all told something: whoever is not one of them has a turn in between.

use std::{
    io::{self, Write as _},
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, OnceLock},
    task::{Context, Poll},
    time::Duration,
};

use sio::{http::Listener, prelude::*};
use sio_tests::{Frame, TestServer, Ws};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
};

const HOUR: Duration = Duration::from_secs(3600);

/// So many are in the room.
const MEMBERS: usize = 600;

/// The innocent client asks when so many of them have been written to.
const ASKS_AT: usize = 200;

/// So many tasks may be polled before its turn.
const MOST: usize = 64;

/// What the server writes: each write is the turn of one task.
#[derive(Debug, Default)]
struct Turns {
    /// The client that asks, from its side.
    innocent: OnceLock<(std::net::TcpStream, SocketAddr)>,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    writes: usize,
    answered_at: Option<usize>,
}

impl Turns {
    fn count(&self, peer: Option<SocketAddr>) {
        let Some((stream, innocent)) = self.innocent.get() else { return };
        let mut counts = self.counts.lock().expect("no holder panics");
        if peer == Some(*innocent) {
            counts.answered_at = Some(counts.writes);
            return;
        }
        counts.writes += 1;
        if counts.writes == ASKS_AT {
            // On the loopback network it is there, for the server to read, when this returns.
            let question = Frame::text(r#"42/crowd,7["ask"]"#).encode();
            let mut stream = stream;
            stream.write_all(&question).expect("the server reads");
        }
    }
}

struct Counted {
    stream: TcpStream,
    peer: Option<SocketAddr>,
    turns: Arc<Turns>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.turns.count(self.peer);
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

struct Counting(TcpListener, Arc<Turns>);

impl Listener for Counting {
    type Stream = Counted;

    async fn accept(&mut self) -> io::Result<(Counted, Option<SocketAddr>)> {
        let (stream, peer) = Listener::accept(&mut self.0).await?;
        Ok((Counted { stream, peer, turns: Arc::clone(&self.1) }, peer))
    }

    fn address(&self) -> io::Result<String> {
        Listener::address(&self.0)
    }
}

#[derive(Default)]
struct Crowd;

#[consumer(namespace = "/crowd")]
impl Crowd {
    async fn event_enter(&mut self, socket: &Socket) -> sio::Result<&'static str> {
        socket.join("room").await?;
        Ok("entered")
    }

    async fn event_ask(&mut self) -> &'static str {
        "answer"
    }
}

/// Counts which of the tasks that a broadcast wakes are polled before that of a client whose event comes in the middle
/// of it.
#[tokio::test]
async fn a_broadcast_to_a_crowd_does_not_keep_others_waiting() {
    let turns = Arc::new(Turns::default());
    // No heartbeat comes in between, however long it takes to connect them.
    let builder = Server::builder().collect(false).consumer::<Crowd>().ping_interval(HOUR);
    let app = builder.build().expect("it can be built");
    let (serving, counting) = (app.clone(), Arc::clone(&turns));
    let server =
        TestServer::serve_with(
            |listener| async move { serving.serve_with(Counting(listener, counting)).await },
        )
        .await;
    let mut members: Vec<Ws> = Vec::new();
    for _ in 0..MEMBERS {
        let mut member = server.socket("/crowd").await;
        member.send(r#"42/crowd,1["enter"]"#).await;
        member.expect(r#"43/crowd,1["entered"]"#).await;
        members.push(member);
    }
    let innocent = server.socket("/crowd").await.into_stream();
    let address = innocent.local_addr().expect("it is connected");
    let innocent = innocent.into_std().expect("the runtime gives it back");
    turns.innocent.set((innocent, address)).expect("it is set once");
    app.of("/crowd").to("room").emit("news", &1).await.expect("a broadcast cannot fail");
    for member in &mut members {
        member.expect(r#"42/crowd,["news",1]"#).await;
    }
    let counts = turns.counts.lock().expect("no holder panics");
    assert_eq!(counts.writes, MEMBERS, "each member has one write");
    let waited = counts.answered_at.expect("it has been answered by then") - ASKS_AT;
    assert!(waited <= MOST, "{waited} tasks were polled before it");
}
