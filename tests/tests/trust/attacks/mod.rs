//! Attacks, each with a victim beside it: a client of the same server that asks all the time. The table says what the
//! attacker sees; the victim must lose nothing and wait no longer than a bound, and afterwards the server is as before.

mod floods;
mod http;
mod polling;
mod websocket;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sio_tests::{Endpoint, TestServer, Ws, app::Plain, deadline::soon, ws::Received};
use tokio::sync::watch;

/// How long an answer to the victim may take: much more than it takes, and much less than a stalled thread would.
const BOUND: Duration = Duration::from_secs(5);

/// The outcome for the attacker, in a few words: `closed 1002`, `400 {"code":1}`.
type Seen = String;

/// The client that must not notice. It asks all the time, in a thread of its own.
struct Victim {
    thread: JoinHandle<()>,
    answered: watch::Receiver<u64>,
    is_over: Arc<AtomicBool>,
}

impl Victim {
    async fn of(server: &TestServer) -> Self {
        let (endpoint, is_over) = (Endpoint::clone(server), Arc::<AtomicBool>::default());
        let (counted, mut answered) = watch::channel(0);
        let over = Arc::clone(&is_over);
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let ws = endpoint.socket("/").await;
                ask_until(ws, counted, over).await.expect_nothing_more().await;
            });
        });
        answered.wait_for(|count| *count > 0).await.expect("the victim is let in");
        Self { thread, answered, is_over }
    }

    /// Waits for the answers to questions that it asks from now on.
    async fn is_answered(&mut self, attack: &str) {
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

/// Every question is answered in time, and nothing else comes.
async fn ask_until(mut ws: Ws, counted: watch::Sender<u64>, is_over: Arc<AtomicBool>) -> Ws {
    for asked in 1_u64.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let begun = Instant::now();
        ws.send(&format!(r#"42{asked}["ask",{asked}]"#)).await;
        loop {
            match ws.receive().await {
                Received::Text(ping) if ping == "2" => ws.send("3").await,
                Received::Text(answer) if answer == format!("43{asked}[{asked}]") => break,
                other => panic!("the victim received {other} instead of the answer {asked}"),
            }
        }
        assert!(begun.elapsed() < BOUND, "the victim waited {:?}", begun.elapsed());
        counted.send_replace(asked);
        // One after the other, and not as many as there is time for.
        tokio::task::yield_now().await;
    }
    ws
}

/// A server as it is by default, with all that can be switched on and speaks to strangers.
async fn server() -> TestServer {
    TestServer::start(|builder| {
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/ui");
        builder.consumer::<Plain>().allow_eio3(true).static_files("/files", files)
    })
    .await
}

/// Begins an attack on a server where a victim asks, and compares what the attacker sees.
async fn attack(
    victim: &mut Victim,
    name: impl fmt::Display,
    expected: &str,
    attack: impl Future<Output = Seen>,
) -> Option<String> {
    let name = name.to_string();
    let seen = attack.await;
    victim.is_answered(&name).await;
    (seen != expected).then(|| format!("{name}: expected `{expected}`, seen `{seen}`"))
}

/// After the attacks: the victim has lost nothing, and when it has left nobody is there.
async fn is_as_before(server: &TestServer, victim: Victim, wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    victim.ends().await;
    soon("all sessions to end", async {
        while server.of("/").sockets().len() + server.handle().client_count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}
