//! Attacks, each with a victim beside it: a client of the same server that asks all the time. The table says what the
//! attacker sees; the victim must lose nothing and wait no longer than a bound, and afterwards the server is as before:
//! nobody is there, no task runs, and no memory is kept.

mod cluster;
mod corpus;
mod deflate;
mod floods;
mod http;
mod insiders;
mod msgpack;
mod old_clients;
mod polling;
mod recovery;
mod requests;
mod upgrades;
mod websocket;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use sio::Builder;
use sio_tests::{Endpoint, TestServer, Ws, app::Plain, deadline::soon, ws::Received};
use tokio::runtime::{self, Handle, Runtime};
use tokio::sync::watch;

/// How long an answer to the victim may take: much more than it takes, and much less than a stalled thread would.
const BOUND: Duration = Duration::from_secs(5);

/// How many bytes may be allocated after all attacks of a table beyond what was allocated before: buffers that threads
/// keep, and tables that have grown. A session alone takes more than a part of it, and a table has dozens of attacks.
const KEPT: i64 = 64 << 10;

/// The outcome for the attacker, in a few words: `closed 1002`, `400 {"code":1}`.
type Seen = String;

/// How the victim speaks, and where.
#[derive(Clone, Copy)]
enum Speech {
    /// In this namespace, in which a consumer answers `ask`.
    Json(&'static str),
    /// In `/`, in MessagePack.
    MessagePack,
}

/// The client that must not notice. It asks all the time, in a thread of its own.
struct Victim {
    thread: JoinHandle<()>,
    answered: watch::Receiver<u64>,
    is_over: Arc<AtomicBool>,
}

impl Victim {
    async fn of(server: &TestServer, speech: Speech) -> Self {
        let (endpoint, is_over) = (Endpoint::clone(server), Arc::<AtomicBool>::default());
        let (counted, mut answered) = watch::channel(0);
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            runtime().block_on(async {
                let mut ws = speech.begin(&endpoint).await;
                ask_until(&mut ws, speech, counted, over).await;
                speech.expect_nothing_more(&mut ws).await;
            });
        });
        answered.wait_for(|count| *count > 0).await.expect("the victim is let in");
        Self { thread, answered, is_over }
    }

    /// Waits for the answers to questions that it asks from now on.
    async fn is_answered(&mut self, attack: &impl fmt::Display) {
        let seen = *self.answered.borrow();
        // The first of them may have been under way already.
        let answered = self.answered.wait_for(|count| *count >= seen + 2).await;
        assert!(answered.is_ok(), "{attack}: the victim has ended");
    }

    /// Lets it ask no more, and leave; it has got every answer, and nothing else.
    async fn ends(self) {
        self.is_over.store(true, Ordering::Relaxed);
        let joined = tokio::task::spawn_blocking(|| self.thread.join()).await;
        joined.expect("nothing is in the way").expect("the victim was not harmed");
    }
}

impl Speech {
    async fn begin(self, endpoint: &Endpoint) -> Ws {
        match self {
            Self::Json(namespace) => endpoint.socket(namespace).await,
            Self::MessagePack => msgpack::joined(endpoint).await,
        }
    }

    /// Asks, and returns the answer that has to come.
    async fn ask(self, ws: &mut Ws, number: u64) -> Received {
        match self {
            Self::Json(namespace) => {
                let prefix = sio_tests::ws::prefix(namespace);
                ws.send(&format!(r#"42{prefix}{number}["ask",{number}]"#)).await;
                Received::Text(format!("43{prefix}{number}[{number}]"))
            }
            Self::MessagePack => {
                ws.send_binary(msgpack::ASK).await;
                Received::Binary(msgpack::ANSWER.to_vec())
            }
        }
    }

    async fn expect_nothing_more(self, ws: &mut Ws) {
        match self {
            Self::Json(_) => ws.expect_nothing_more().await,
            Self::MessagePack => {
                let expected = self.ask(ws, 0).await;
                assert_eq!(ws.receive().await, expected);
            }
        }
    }
}

/// Every question is answered in time, and nothing else comes.
async fn ask_until(ws: &mut Ws, speech: Speech, counted: watch::Sender<u64>, is_over: Arc<AtomicBool>) {
    for asked in 1_u64.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        let expected = speech.ask(ws, asked).await;
        loop {
            match ws.receive().await {
                Received::Text(ping) if ping == "2" => ws.send("3").await,
                answer if answer == expected => break,
                other => panic!("the victim received {other} instead of the answer {asked}"),
            }
        }
        assert!(begun.elapsed() < BOUND, "the victim waited {:?}", begun.elapsed());
        counted.send_replace(asked);
        // One after the other, and not as many as there is time for.
        tokio::task::yield_now().await;
    }
}

/// A server as it is by default, with all that can be switched on and speaks to strangers.
fn everything(builder: Builder) -> Builder {
    let files = concat!(env!("CARGO_MANIFEST_DIR"), "/ui");
    builder.consumer::<Plain>().allow_eio3(true).static_files("/files", files)
}

/// The victim, and what is wrong with the attacks so far.
struct Watch {
    victim: Victim,
    wrong: Vec<String>,
    /// How many tasks run when only the victim is there.
    tasks: usize,
}

impl Watch {
    /// Makes an attack while the victim asks, and compares what the attacker sees.
    async fn attack(&mut self, name: impl fmt::Display, expected: &str, attack: impl Future<Output = Seen>) {
        let seen = attack.await;
        self.victim.is_answered(&name).await;
        if seen != expected {
            self.wrong.push(format!("{name}: expected `{expected}`, seen `{seen}`"));
        }
    }

    /// Waits until nobody is there but the victim, and nothing runs that the attackers have left.
    async fn is_alone(&self, server: &TestServer) {
        soon("what the attackers have left to end", async {
            while server.handle().client_count() > 1 || self.is_busy() {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn is_busy(&self) -> bool {
        Handle::current().metrics().num_alive_tasks() > self.tasks
    }
}

/// Makes attacks on a server, with a victim beside them. Then it makes them once more: what the server keeps of the
/// second time it would keep of each.
fn attacked(configure: impl FnOnce(Builder) -> Builder, attacks: impl AsyncFn(&TestServer, &mut Watch)) {
    attacked_beside(Speech::Json("/"), configure, attacks);
}

/// The same, with a victim that speaks so.
#[expect(clippy::needless_pass_by_value, reason = "tests write their attacks as a closure")]
fn attacked_beside(
    speech: Speech,
    configure: impl FnOnce(Builder) -> Builder,
    attacks: impl AsyncFn(&TestServer, &mut Watch),
) {
    let runtime = runtime();
    let (server, mut watch) = runtime.block_on(async {
        let server = TestServer::start(configure).await;
        server.handle().start().await.expect("the broker is there, if there is one");
        let victim = Victim::of(&server, speech).await;
        let tasks = Handle::current().metrics().num_alive_tasks();
        (server, Watch { victim, wrong: Vec::new(), tasks })
    });
    let mut once = || {
        runtime.block_on(async {
            attacks(&server, &mut watch).await;
            watch.is_alone(&server).await;
        });
    };
    once();
    let kept = measure(once).bytes_current;
    runtime.block_on(async {
        assert!(watch.wrong.is_empty(), "\n{}", watch.wrong.join("\n"));
        assert!(kept <= KEPT, "{kept} bytes are kept of attacks");
        watch.victim.ends().await;
        soon("all sessions to end", async {
            while server.handle().client_count() > 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
}

/// The server, and the attackers: what a thread allocates is counted for it. The victim has a thread of its own.
fn runtime() -> Runtime {
    runtime::Builder::new_current_thread().enable_all().build().expect("a runtime needs no more than a file")
}
