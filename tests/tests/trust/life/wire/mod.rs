//! One client, packet by packet: sessions by polling and by WebSocket, of both revisions, and upgrades that end in every
//! state, under a clock that stands still. The client reads when the history says so; in the end it must have got
//! each event and each answer once and in order, and a session ends only where it has to.

mod client;
mod stream;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sio::prelude::*;
use sio::{DisconnectReason, Server};
use tokio::time::{sleep, timeout};

use self::client::{Client, End};
use super::{lived_by, seeds, shortest};
use crate::fuzz::fuzzers::random::Random;

/// How long each history is.
const STEPS: usize = 40;

/// Longer than it takes until a client is missed.
const MISSED: Duration = Duration::from_secs(120);

/// A step. What is not possible is passed over, so that a history stays one when steps are left out of it.
#[derive(Clone, Debug)]
enum Step {
    /// The server sends so many events.
    Emit {
        count: usize,
        bytes: usize,
    },
    /// The client asks, by the transport that it is on.
    Ask,
    /// A GET begins, and is not waited for.
    Poll,
    /// All that has come is read: by the GET, or from the WebSocket.
    Read,
    /// A WebSocket is attached to the session.
    Attach,
    Probe,
    Upgrade,
    /// Something else than a probe or an upgrade is sent by the attached WebSocket.
    Nonsense,
    /// The attached WebSocket is lost.
    CutProbe,
    /// Tasks run for a little while.
    Yield {
        times: usize,
    },
    /// Time passes.
    Wait {
        millis: u64,
    },
    /// The session ends in this way.
    Finish(End),
}

fn history(seed: u64) -> Vec<Step> {
    let mut random = Random::new(seed);
    (0..STEPS).map(|_| step(&mut random)).collect()
}

fn step(random: &mut Random) -> Step {
    match random.below(100) {
        0..=17 => {
            let bytes = if random.below(10) == 0 { 40_000 } else { random.below(300) };
            Step::Emit { count: 1 + random.below(4), bytes }
        }
        18..=29 => Step::Ask,
        30..=44 => Step::Poll,
        45..=56 => Step::Read,
        57..=65 => Step::Attach,
        66..=73 => Step::Probe,
        74..=77 => Step::Upgrade,
        78..=79 => Step::Nonsense,
        80..=82 => Step::CutProbe,
        83..=90 => Step::Yield { times: 1 + random.below(20) },
        91..=97 => Step::Wait { millis: [1, 100, 5_000, 11_000][random.below(4)] },
        _ => Step::Finish([End::Cut, End::AbandonGet, End::Kick, End::Drain][random.below(4)]),
    }
}

#[derive(Debug, Default)]
struct Asked;

#[consumer]
impl Asked {
    async fn event_ask(&mut self, number: u64) -> u64 {
        number
    }

    async fn disconnect(&mut self, ends: State<Ends>, reason: DisconnectReason) {
        ends.0.lock().unwrap_or_else(PoisonError::into_inner).push(reason);
    }
}

/// How clients have ended.
#[derive(Clone, Debug, Default)]
struct Ends(Arc<Mutex<Vec<DisconnectReason>>>);

impl Ends {
    fn get(&self) -> Vec<DisconnectReason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Lives one history.
async fn live(is_old: bool, steps: &[Step]) -> Result<(), String> {
    let ends = Ends::default();
    let builder = Server::builder().collect(false).consumer::<Asked>().state(ends.clone()).allow_eio3(true);
    let server = builder.build().expect("the options are valid");
    let mut client = Client::open(server.clone(), is_old).await?;
    for step in steps {
        client.take(step).await?;
        if client.has_ended() {
            break;
        }
    }
    client.end().await?;
    drop(client);
    let ended = async {
        while server.client_count() > 0 || ends.get().is_empty() {
            sleep(Duration::from_millis(100)).await;
        }
    };
    if timeout(MISSED, ended).await.is_err() {
        return Err(format!("{} sessions are left, and {:?} have ended", server.client_count(), ends.get()));
    }
    let ends = ends.get();
    if ends.len() != 1 || !server.of("/").sockets().is_empty() {
        return Err(format!("one client has ended by {ends:?}"));
    }
    server.close().await;
    drop(server);
    sleep(Duration::from_secs(20)).await;
    match tokio::runtime::Handle::current().metrics().num_alive_tasks() {
        0 => Ok(()),
        tasks => Err(format!("{tasks} tasks are left")),
    }
}

fn live_many(is_old: bool, histories: u64) {
    for seed in seeds(histories) {
        let steps = history(seed);
        let lives = |steps: &[Step]| lived_by(async || live(is_old, steps).await);
        if let Err(reason) = lives(&steps) {
            panic!("LIFE_SEED={seed}: {}", shortest(lives, steps, reason));
        }
    }
}

#[test]
fn whatever_becomes_of_an_upgrade_everything_comes_once_and_in_order() {
    live_many(false, 120);
}

#[test]
fn whatever_becomes_of_the_upgrade_of_an_old_client_everything_comes_once_and_in_order() {
    live_many(true, 60);
}
