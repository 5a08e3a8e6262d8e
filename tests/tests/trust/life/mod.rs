//! Whole servers under random life: thousands of random steps (clients come, join, say, upgrade, are cut off and come
//! back; nodes drain and die) under a clock that stands still, against a model that knows who must have received what.
//!
//! A failure prints its seed and the shortest history that was found for it. `LIFE_SEED=7` in the environment repeats
//! one history, `LIFE_HISTORIES=1000` runs more of them.

mod history;
mod model;
mod wire;
mod world;

use std::env;
use std::fmt::Debug;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use history::{Step, history};
use world::World;

/// The longest time that is spent on finding a shorter history.
const SHRINKING: Duration = Duration::from_secs(60);

/// A kind of world.
#[derive(Clone, Copy, Debug)]
struct Kind {
    nodes: usize,
    recovers: bool,
    /// Its clients speak MessagePack.
    packs: bool,
    /// How long its histories are.
    steps: usize,
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().expect("a number"))
}

/// The seeds of so many histories, or those that the environment names.
fn seeds(histories: u64) -> Range<u64> {
    match number("LIFE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LIFE_HISTORIES").unwrap_or(histories),
    }
}

/// Lives many histories of a kind.
fn live(kind: Kind, histories: u64) {
    for seed in seeds(histories) {
        let steps = history(seed, kind.steps, kind.nodes);
        let lives = |steps: &[Step]| lived(kind, steps);
        if let Err(reason) = lives(&steps) {
            panic!("LIFE_SEED={seed} of {kind:?}: {}", shortest(lives, steps, reason));
        }
    }
}

/// Lives one history.
fn lived(kind: Kind, steps: &[Step]) -> Result<(), String> {
    lived_by(async || {
        let mut world = World::begin(kind).await;
        for step in steps {
            world.take(step).await?;
        }
        world.end().await
    })
}

/// Lives in a runtime of its own, whose clock stands still.
fn lived_by(life: impl AsyncFn() -> Result<(), String>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
    let runtime = runtime.expect("a runtime");
    let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(life())));
    outcome.unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    })
}

/// Leaves steps out for as long as the history still fails, and returns why it does, with the steps that are left.
fn shortest<S: Clone + Debug>(
    lives: impl Fn(&[S]) -> Result<(), String>,
    mut steps: Vec<S>,
    mut reason: String,
) -> String {
    let begun = Instant::now();
    let mut portion = steps.len();
    while portion > 0 {
        let mut at = 0;
        while at < steps.len() && begun.elapsed() < SHRINKING {
            let mut shorter = steps.clone();
            shorter.drain(at..(at + portion).min(steps.len()));
            match lives(&shorter) {
                Err(why) => (steps, reason) = (shorter, why),
                Ok(()) => at += portion,
            }
        }
        portion /= 2;
    }
    let steps: Vec<_> = steps.iter().map(|step| format!("    {step:?},\n")).collect();
    format!("{reason}\n\nthe shortest history:\n{}", steps.concat())
}

#[test]
fn clients_of_one_server_get_what_they_must_and_nothing_else() {
    live(Kind { nodes: 1, recovers: false, packs: false, steps: 150 }, 25);
}

#[test]
fn clients_that_come_back_get_all_that_they_have_missed_and_nothing_else() {
    live(Kind { nodes: 1, recovers: true, packs: false, steps: 150 }, 25);
}

#[test]
fn clients_of_three_nodes_get_what_they_must_and_nothing_else() {
    live(Kind { nodes: 3, recovers: false, packs: false, steps: 100 }, 8);
}

#[test]
fn clients_that_move_between_nodes_get_all_that_they_have_missed_and_nothing_else() {
    live(Kind { nodes: 3, recovers: true, packs: false, steps: 100 }, 8);
}

#[test]
fn clients_that_speak_messagepack_get_what_they_must_and_nothing_else() {
    live(Kind { nodes: 1, recovers: false, packs: true, steps: 150 }, 8);
    live(Kind { nodes: 3, recovers: true, packs: true, steps: 100 }, 3);
}

/// A client's connection has WebSocket's own pings, too: where they came beside a burst they were not answered.
#[test]
fn an_upgrade_beside_a_burst_is_completed() {
    let burst =
        Step::Emit { node: 0, room: None, except: None, is_volatile: false, count: 36, bytes: 70_000 };
    let connect = Step::Connect { client: 0, node: 0, polling: true };
    let steps = [connect, Step::Upgrade { client: 0 }, burst];
    lived(Kind { nodes: 1, recovers: false, packs: false, steps: 3 }, &steps).unwrap();
}
